/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/err.h"

#include "lib/base/str.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

static const struct {
        int exit_status;
        const char *text;
} codes[] = {
#define X(name, status, text) [ERR_##name] = {status, text},
        ERR_CODES(X)
#undef X
};

static void __attribute__((format(printf, 2, 0))) set_message(struct err *err, const char *format, va_list args)
{
        vsnprintf(err->message, sizeof(err->message), format, args);
}

int err_set(struct err *err, enum err_code code, const char *format, ...)
{
        va_list args;

        *err = (struct err){.code = code};
        va_start(args, format);
        set_message(err, format, args);
        va_end(args);
        return -1;
}

int err_errno(struct err *err, const char *format, ...)
{
        int errnum = errno;
        va_list args;

        *err = (struct err){.code = ERR_SYSTEM, .errnum = errnum};
        va_start(args, format);
        set_message(err, format, args);
        va_end(args);
        return -1;
}

int err_wrap(struct err *err, const char *format, ...)
{
        char cause[sizeof(err->message)];
        size_t used;
        va_list args;

        memcpy(cause, err->message, sizeof(cause));
        va_start(args, format);
        set_message(err, format, args);
        va_end(args);
        used = strlen(err->message);
        snprintf(err->message + used, sizeof(err->message) - used, ": %s", cause);
        return -1;
}

int err_place(struct err *err)
{
        static const int theirs[] = {ENOENT, ENOTDIR, EISDIR, EACCES, EPERM, EROFS, ENAMETOOLONG, ELOOP};

        for (size_t i = 0; i < sizeof(theirs) / sizeof(theirs[0]); i++)
                if (err->code == ERR_SYSTEM && err->errnum == theirs[i])
                        err->code = ERR_INPUT;
        return -1;
}

int err_exit_status(const struct err *err)
{
        return codes[err->code].exit_status;
}

void err_text(const struct err *err, char *buffer, size_t size)
{
        const char *what = err->message[0] ? err->message : codes[err->code].text;

        if (err->errnum)
                snprintf(buffer, size, "%s: %s", what, strerror(err->errnum));
        else
                snprintf(buffer, size, "%s", what);
}

void err_report(FILE *out, const char *program, const struct err *err)
{
        char text[sizeof(err->message) + 128];
        _cleanup_str_ struct str shown = {0};

        err_text(err, text, sizeof(text));
        str_put_harmless(&shown, text, strlen(text)); /* it may quote whatever it is about */
        fprintf(out, "%s: %s\n", program, str_text(&shown));
}
