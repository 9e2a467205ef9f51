/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/gates/moved.h"

#include "lib/base/str.h"

#include <stdlib.h>
#include <string.h>

static bool is_blank(char c)
{
        return c == ' ' || c == '\t' || c == '\r' || c == '\f';
}

static const char *trim(const char *text, size_t *len)
{
        while (*len && is_blank(text[*len - 1]))
                --*len;
        while (*len && is_blank(*text)) {
                text++;
                --*len;
        }
        return text;
}

static int compare_text(const char *a, size_t a_len, const char *b, size_t b_len)
{
        a = trim(a, &a_len);
        b = trim(b, &b_len);
        if (a_len != b_len)
                return a_len < b_len ? -1 : 1;
        return memcmp(a, b, a_len);
}

static int compare(const void *a, const void *b)
{
        const struct change_line *left = *(const struct change_line *const *)a;
        const struct change_line *right = *(const struct change_line *const *)b;

        return compare_text(left->text, left->len, right->text, right->len);
}

static void make(struct moved *moved)
{
        size_t removed = 0;

        for (size_t i = 0; i < moved->changes->len; i++)
                removed += moved->changes->items[i].lines_len;
        moved->lines = xcalloc(removed + 1, sizeof(struct change_line *));
        for (size_t i = 0; i < moved->changes->len; i++)
                for (size_t k = 0; k < moved->changes->items[i].lines_len; k++)
                        if (moved->changes->items[i].lines[k].sign == '-')
                                moved->lines[moved->len++] = &moved->changes->items[i].lines[k];
        qsort(moved->lines, moved->len, sizeof(struct change_line *), compare);
        moved->made = true;
}

bool moved_has(struct moved *moved, const char *text, size_t len)
{
        const struct change_line wanted = {.text = text, .len = len};
        const struct change_line *key = &wanted;

        trim(text, &len);
        if (!len)
                return true;
        if (!moved->made)
                make(moved);
        return bsearch(&key, moved->lines, moved->len, sizeof(struct change_line *), compare);
}

void moved_release(struct moved *moved)
{
        free(moved->lines);
        *moved = (struct moved){0};
}
