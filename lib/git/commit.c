/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A commit object put together by hand, since its bytes are what gets signed: headers, blank line, message, trailers. The
 * signature covers everything but itself and goes in as the header gpgsig, each further line of it behind a blank.
 */
#include "lib/git/commit.h"
#include "lib/base/cleanup.h"
#include "lib/base/sshsig.h"
#include "lib/git/quarantine_internal.h"

#include <inttypes.h>
#include <string.h>

static bool fits_person(char c)
{
        return (unsigned char)c >= ' ' && c != 127 && c != '<' && c != '>';
}

/* The text without what would break the header line, outer blanks cut. */
static void put_person_part(struct str *out, const char *text)
{
        size_t start = out->len;

        for (; text && *text; text++) {
                if (fits_person(*text) && (*text != ' ' || out->len > start))
                        str_putc(out, *text);
        }
        while (out->len > start && out->data[out->len - 1] == ' ')
                out->data[--out->len] = '\0';
}

static int put_person(struct str *out, const char *role, const struct commit_person *person, int64_t time,
                      struct err *err)
{
        size_t start;

        str_printf(out, "%s ", role);
        start = out->len;
        put_person_part(out, person->name);
        if (out->len == start)
                return err_set(err, ERR_INPUT, "the %s of a commit needs a name", role);
        str_puts(out, " <");
        start = out->len;
        put_person_part(out, person->mail);
        if (out->len == start)
                return err_set(err, ERR_INPUT, "the %s of a commit needs a mail address", role);
        str_printf(out, "> %" PRId64 " +0000\n", time < 0 ? 0 : time);
        return 0;
}

static int put_id(struct str *out, const char *role, const char *hex, struct err *err)
{
        git_oid id;

        if (oid_parse(hex, &id, err) < 0)
                return err_wrap(err, "%s of the commit", role);
        str_printf(out, "%s %s\n", role, hex);
        return 0;
}

static void put_message(struct str *out, const char *message)
{
        size_t start = out->len;

        for (; message && *message; message++) {
                if (*message == '\r' || (*message == '\n' && out->len == start))
                        continue;
                str_putc(out, *message);
        }
        while (out->len > start && strchr(" \t\n", out->data[out->len - 1]))
                out->data[--out->len] = '\0';
        str_putc(out, '\n');
}

static void put_trailers(struct str *out, const struct commit_trailer *trailers)
{
        if (trailers && trailers->key)
                str_putc(out, '\n');
        for (; trailers && trailers->key; trailers++) {
                str_printf(out, "%s: ", trailers->key);
                for (const char *c = trailers->value ? trailers->value : ""; *c; c++)
                        str_putc(out, (unsigned char)*c < ' ' ? ' ' : *c);
                str_putc(out, '\n');
        }
}

static void put_signature(struct str *out, const char *armored)
{
        str_puts(out, "gpgsig ");
        for (; *armored; armored++) {
                str_putc(out, *armored);
                if (*armored == '\n' && armored[1])
                        str_putc(out, ' ');
        }
}

static int put_headers(struct str *out, const struct commit_spec *spec, struct err *err)
{
        if (put_id(out, "tree", spec->tree, err) < 0 || (spec->parent && put_id(out, "parent", spec->parent, err) < 0))
                return -1;
        if (put_person(out, "author", &spec->author, spec->time, err) < 0)
                return -1;
        return put_person(out, "committer", &spec->committer, spec->time, err);
}

int commit_make(struct quarantine *q, const struct commit_spec *spec, const struct sshkey *key, char ret_id[GIT_HEX],
                struct err *err)
{
        _cleanup_str_ struct str headers = {0}, body = {0}, whole = {0};
        git_oid id;

        if (put_headers(&headers, spec, err) < 0)
                return -1;
        str_putc(&body, '\n');
        put_message(&body, spec->message);
        put_trailers(&body, spec->trailers);
        str_append(&whole, headers.data, headers.len);
        if (key) {
                _cleanup_str_ struct str plain = {0};
                _cleanup_free_ char *armored = NULL;

                str_append(&plain, headers.data, headers.len);
                str_append(&plain, body.data, body.len);
                armored = sshsig_sign(key, "git", plain.data, plain.len, err);
                if (!armored)
                        return err_wrap(err, "cannot sign the commit");
                put_signature(&whole, armored);
        }
        str_append(&whole, body.data, body.len);
        if (quarantine_keep(q, whole.data, whole.len, GIT_OBJECT_COMMIT, &id, err) < 0)
                return -1;
        oid_hex(&id, ret_id);
        return 0;
}
