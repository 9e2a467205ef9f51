/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes as a patch in git's format. Headers are made here, since the modes and full ids matter; hunks come from
 * libgit2's line diff; binary content is a pair of deflated literals in git's base 85, so that it applies in both
 * directions. A path that changed its type is a deletion and an addition.
 */
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/git/diff.h"
#include "lib/git/diff_text.h"

#include <string.h>
#include <zlib.h>

#define ZERO_ID "0000000000000000000000000000000000000000"
#define BASE85_ROW 52 /* bytes per line, told by its first letter */

/* One file of the patch: the whole change, or one half of a change of type. */
struct half {
        const char *path;
        uint32_t old_mode, new_mode;
        const char *old_id, *new_id;
        bool hidden;
};

struct hunks {
        struct str text;
        bool hidden;
};

static void put_path(struct str *out, const char *prefix, const char *path, bool tab)
{
        _cleanup_str_ struct str whole = {0};

        str_puts(&whole, prefix);
        str_puts(&whole, path);
        str_put_quoted(out, str_text(&whole), whole.len);
        if (tab && strchr(path, ' '))
                str_putc(out, '\t'); /* where the name ends, for readers of unified diffs */
}

static void put_header(struct str *out, const struct half *half)
{
        str_puts(out, "diff --git ");
        put_path(out, "a/", half->path, false);
        str_putc(out, ' ');
        put_path(out, "b/", half->path, false);
        str_putc(out, '\n');
        if (!half->old_mode)
                str_printf(out, "new file mode %06o\n", half->new_mode);
        else if (!half->new_mode)
                str_printf(out, "deleted file mode %06o\n", half->old_mode);
        else if (half->old_mode != half->new_mode)
                str_printf(out, "old mode %06o\nnew mode %06o\n", half->old_mode, half->new_mode);
        if (strcmp(half->old_id, half->new_id) == 0)
                return;
        str_printf(out, "index %s..%s", half->old_mode ? half->old_id : ZERO_ID,
                   half->new_mode ? half->new_id : ZERO_ID);
        if (half->old_mode == half->new_mode)
                str_printf(out, " %06o", half->old_mode);
        str_putc(out, '\n');
}

static int put_hunk(const git_diff_delta *delta, const git_diff_hunk *hunk, void *data)
{
        (void)delta;
        str_append(&((struct hunks *)data)->text, hunk->header, hunk->header_len);
        return 0;
}

static int put_line(const git_diff_delta *delta, const git_diff_hunk *hunk, const git_diff_line *line, void *data)
{
        struct hunks *hunks = data;

        (void)delta;
        (void)hunk;
        if (strchr("+- ", line->origin))
                str_putc(&hunks->text, line->origin);
        if (!hunks->hidden || line->origin != GIT_DIFF_LINE_ADDITION) {
                str_append(&hunks->text, line->content, line->content_len);
                return 0;
        }
        for (size_t i = 0; i < line->content_len; i++)
                str_putc(&hunks->text, line->content[i] == '\n' ? '\n' : '*');
        return 0;
}

static int put_text(struct str *out, const struct half *half, const struct side *old_side, const struct side *new_side,
                    struct err *err)
{
        git_diff_options options;
        struct hunks hunks = {.hidden = half->hidden};
        _cleanup_str_ struct str text = {0};

        git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
        options.flags = GIT_DIFF_FORCE_TEXT;
        if (git_diff_buffers(old_side->data, old_side->len, NULL, new_side->data, new_side->len, NULL, &options, NULL,
                             NULL, put_hunk, put_line, &hunks) < 0) {
                str_release(&hunks.text);
                return git_fail(err, "cannot compare \"%.200s\"", half->path);
        }
        text = hunks.text;
        if (text.len == 0)
                return 0;
        str_puts(out, "--- ");
        if (half->old_mode)
                put_path(out, "a/", half->path, true);
        else
                str_puts(out, "/dev/null");
        str_puts(out, "\n+++ ");
        if (half->new_mode)
                put_path(out, "b/", half->path, true);
        else
                str_puts(out, "/dev/null");
        str_putc(out, '\n');
        str_append(out, text.data, text.len);
        return 0;
}

static void put_base85(struct str *out, const unsigned char *bytes, size_t len)
{
        static const char digits[] =
                "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";

        for (size_t at = 0; at < len; at += 4) {
                uint32_t word = 0;
                char text[5];

                for (size_t i = 0; i < 4; i++)
                        word = word << 8 | (at + i < len ? bytes[at + i] : 0);
                for (int i = 4; i >= 0; i--, word /= 85)
                        text[i] = digits[word % 85];
                str_append(out, text, sizeof(text));
        }
}

static int put_literal(struct str *out, const struct side *side, struct err *err)
{
        uLongf packed_len = compressBound((uLong)side->len);
        _cleanup_free_ unsigned char *packed = xcalloc(1, packed_len);

        if (compress(packed, &packed_len, (const Bytef *)side->data, (uLong)side->len) != Z_OK)
                return err_set(err, ERR_INTERNAL, "cannot compress for a patch");
        str_printf(out, "literal %zu\n", side->len);
        for (size_t at = 0; at < packed_len; at += BASE85_ROW) {
                size_t row = packed_len - at < BASE85_ROW ? packed_len - at : BASE85_ROW;

                str_putc(out, (char)(row <= 26 ? 'A' + row - 1 : 'a' + row - 27));
                put_base85(out, packed + at, row);
                str_putc(out, '\n');
        }
        str_putc(out, '\n');
        return 0;
}

static int put_content(struct str *out, git_odb *odb, const struct half *half, struct err *err)
{
        struct side old_side = {0}, new_side = {0};
        int result = side_load(&old_side, odb, half->old_id, half->old_mode, err);

        if (result == 0)
                result = side_load(&new_side, odb, half->new_id, half->new_mode, err);
        if (result == 0 && (side_is_binary(&old_side) || side_is_binary(&new_side))) {
                str_puts(out, half->hidden ? "Binary files differ\n" : "GIT binary patch\n");
                if (!half->hidden)
                        result = put_literal(out, &new_side, err);
                if (result == 0 && !half->hidden)
                        result = put_literal(out, &old_side, err);
        } else if (result == 0) {
                result = put_text(out, half, &old_side, &new_side, err);
        }
        side_release(&old_side);
        side_release(&new_side);
        return result;
}

static int put_half(struct str *out, git_odb *odb, const struct half *half, struct err *err)
{
        put_header(out, half);
        if (strcmp(half->old_id, half->new_id) == 0)
                return 0; /* only the mode */
        return put_content(out, odb, half, err);
}

static int put_change(struct str *out, git_odb *odb, const struct change *change, struct err *err)
{
        const struct half whole = {change->path,   change->old_mode, change->new_mode,
                                   change->old_id, change->new_id,   change->hidden};
        const struct half gone = {change->path, change->old_mode, 0, change->old_id, "", change->hidden};
        const struct half come = {change->path, 0, change->new_mode, "", change->new_id, change->hidden};

        if (change->kind != CHANGE_TYPE)
                return put_half(out, odb, &whole, err);
        return put_half(out, odb, &gone, err) < 0 ? -1 : put_half(out, odb, &come, err);
}

int tree_patch(struct repo *repo, const struct change_list *changes, int fd, uint64_t max_bytes, bool *ret_complete,
               struct err *err)
{
        uint64_t written = 0;

        for (size_t i = 0; i < changes->len; i++) {
                const struct change *change = &changes->items[i];
                _cleanup_str_ struct str out = {0};

                /* Far over the rest of the room even when it shrinks: not worth reading. */
                if (change->new_size / 1100 > max_bytes || change->old_size / 1100 > max_bytes) {
                        *ret_complete = false;
                        return 0;
                }
                if (put_change(&out, repo->odb, change, err) < 0)
                        return -1;
                if (out.len > max_bytes - written) {
                        *ret_complete = false;
                        return 0;
                }
                if (fs_write_all(fd, out.data, out.len) < 0)
                        return err_errno(err, "cannot write the patch");
                written += out.len;
        }
        *ret_complete = true;
        return 0;
}
