/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_STR_H
#define CUPEL_BASE_STR_H

/*
 * Growable bytes and string lists. Both start as `= {0}`, are released by their cleanup macro, and abort when memory is
 * out (recovery has to survive SIGKILL anyway, so there is no half-way to handle).
 *
 *         _cleanup_str_ struct str text = {0};
 *         str_printf(&text, "%s/%s", folder, name);
 *         return str_steal(&text);
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
        char *data; /* NUL after `len` bytes; NULL while nothing was ever added */
        size_t len;
        size_t cap;
};

void str_release(struct str *str);
void str_clear(struct str *str);
void str_cut(struct str *str, size_t len); /* to what it was when it had `len` bytes */
void str_append(struct str *str, const void *bytes, size_t len);
void str_puts(struct str *str, const char *text);
void str_putc(struct str *str, char c);
void str_printf(struct str *str, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The bytes as a C string, never NULL; owned by `str`. */
const char *str_text(const struct str *str);

/* Hands over the bytes (never NULL) and leaves `str` empty. */
char *str_steal(struct str *str);

/*
 * A path or any hostile bytes made fit for one line of a terminal, a log or JSON: plain UTF-8 stays as it is, control
 * characters, quotes, backslashes and invalid UTF-8 are shown as git shows them ("a\nb", "\377"), in double quotes then.
 */
void str_put_quoted(struct str *str, const char *bytes, size_t len);

/* Running text of several sources: as above, but quotes, backslashes, tabs and line ends stay, and nothing is put around it. */
void str_put_harmless(struct str *str, const char *bytes, size_t len);

/*
 * Text in at most `most` bytes (20 or more), whole UTF-8 characters: of what is longer the middle gives way to " … ". For what begins
 * with a path of any length and ends with what is wrong with it.
 */
void str_put_ends(struct str *str, const char *text, size_t most);

/* Bytes for people, "12.3 MiB"; what a policy would take for a size is something else. */
void str_put_size(struct str *str, uint64_t bytes);

/* NULL-terminated list of owned strings. */
struct strv {
        char **items; /* NULL while empty */
        size_t len;
};

void strv_release(struct strv *list);
void strv_add(struct strv *list, const char *text);
void strv_add_printf(struct strv *list, const char *format, ...) __attribute__((format(printf, 2, 3)));
void strv_take(struct strv *list, char *owned);
bool strv_has(const struct strv *list, const char *text);
void strv_copy(struct strv *list, const struct strv *from);
void strv_add_missing(struct strv *list, const struct strv *from); /* what is not among them yet, in its order */
void strv_sort_unique(struct strv *list);

void *xcalloc(size_t count, size_t size);
void *xrealloc(void *pointer, size_t size);
/* Room for one item after `len`; whoever grows only so needs no capacity: it doubles at powers of two. */
void *xgrow(void *items, size_t len, size_t size);
void *xmemdup(const void *bytes, size_t len); /* a NUL is added after the copy */
char *xstrdup(const char *text);              /* NULL stays NULL */
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *xvasprintf(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

#define _cleanup_str_ __attribute__((cleanup(str_release)))
#define _cleanup_strv_ __attribute__((cleanup(strv_release)))

#endif
