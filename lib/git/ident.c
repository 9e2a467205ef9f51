/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attribute `ident` as git applies it (gitattributes(5)), in the place of libgit2's filter, which looks at the first $Id$ of a file
 * alone and across line ends: a tree would not be the one that git makes.
 *
 *   into the store   "$Id: anything on the line$" becomes "$Id$"
 *   into a worktree  "$Id$" and "$Id: word $" become "$Id: <the blob's id> $"; of another system's, with more words, nothing changes
 */
#include "lib/base/str.h"
#include "lib/git/internal.h"

#include <git2/sys/filter.h>
#include <string.h>

/* What stands between this "$" and the one that ends the keyword. */
struct keyword {
        const char *text; /* behind "Id" */
        size_t len;       /* 0: "$Id$" */
};

/* The keyword whose "$" ends right before `at`; false: there is none. */
static bool keyword_at(const char *at, const char *end, struct keyword *ret)
{
        const char *close;

        if (end - at < 3 || memcmp(at, "Id", 2) != 0 || (at[2] != '$' && at[2] != ':'))
                return false;
        close = memchr(at + 2, '$', (size_t)(end - at - 2));
        if (!close || memchr(at + 2, '\n', (size_t)(close - at - 2)))
                return false;
        *ret = (struct keyword){.text = at + 2, .len = (size_t)(close - at - 2)};
        return true;
}

/* ": words of another version control system $": a space that is not the last character, nor right behind the colon. */
static bool is_foreign(const struct keyword *keyword)
{
        const char *space = keyword->len > 2 ? memchr(keyword->text + 2, ' ', keyword->len - 2) : NULL;

        return space && space < keyword->text + keyword->len - 1;
}

/* Nothing is replaced: false. */
static bool replace(const char *text, size_t len, const char *blob, struct str *out)
{
        const char *at = text, *end = text + len, *done = text;
        bool any = false;

        while (at < end && (at = memchr(at, '$', (size_t)(end - at)))) {
                struct keyword keyword;

                at++;
                if (!keyword_at(at, end, &keyword) || (!blob && !keyword.len) || (blob && is_foreign(&keyword)))
                        continue;
                str_append(out, done, (size_t)(at - done));
                if (blob)
                        str_printf(out, "Id: %s $", blob);
                else
                        str_puts(out, "Id$");
                at = done = keyword.text + keyword.len + 1;
                any = true;
        }
        if (any)
                str_append(out, done, (size_t)(end - done));
        return any;
}

static int apply(git_filter *self, void **payload, git_buf *to, const git_buf *from, const git_filter_source *source)
{
        const git_oid *id = git_filter_source_id(source);
        _cleanup_str_ struct str out = {0};
        const bool outwards = git_filter_source_mode(source) == GIT_FILTER_TO_WORKTREE;
        char hex[GIT_HEX] = "";

        (void)self;
        (void)payload;
        if (!from->size || (outwards && !id))
                return GIT_PASSTHROUGH;
        if (outwards)
                oid_hex(id, hex);
        if (!replace(from->ptr, from->size, outwards ? hex : NULL, &out))
                return GIT_PASSTHROUGH;
        return git_buf_set(to, str_text(&out), out.len);
}

int ident_replace(struct err *err)
{
        git_filter *filter = git_filter_lookup(GIT_FILTER_IDENT); /* of libgit2's own nothing else can be taken out */

        if (!filter)
                return git_fail(err, "libgit2 has no filter \"%s\"", GIT_FILTER_IDENT);
        filter->apply = apply;
        filter->stream = NULL;
        return 0;
}
