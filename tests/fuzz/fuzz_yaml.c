/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any YAML. What is taken stands as JSON again, which is read as the same tree; what is refused is refused with its place, on one
 * harmless line.
 */
#include "lib/base/cleanup.h"
#include "lib/base/str.h"
#include "lib/base/yaml.h"
#include "tests/fuzz/sections.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define KEY_LONGEST 900 /* libyaml ends a key at 1024 characters */

/* The code point at `*at`, which is good UTF-8; moves on. */
static uint32_t code_point(const unsigned char **at)
{
        const unsigned char first = *(*at)++;
        uint32_t code = first < 0x80 ? first : first < 0xe0 ? first & 0x1f : first < 0xf0 ? first & 0x0f : first & 0x07;

        while ((**at & 0xc0) == 0x80)
                code = code << 6 | (*(*at)++ & 0x3f);
        return code;
}

static void put_text(const char *text, struct str *out)
{
        const unsigned char *at = (const unsigned char *)text;

        str_putc(out, '"');
        while (*at) {
                const uint32_t code = code_point(&at);

                if (code >= 0x20 && code < 0x7f && code != '"' && code != '\\')
                        str_putc(out, (char)code);
                else
                        str_printf(out, code > 0xffff ? "\\U%08x" : "\\u%04x", code);
        }
        str_putc(out, '"');
}

static bool put(const struct yaml_node *node, struct str *out)
{
        const bool map = node->type == YAML_MAP;

        if (node->type == YAML_NULL || node->type == YAML_SCALAR) {
                if (node->type == YAML_NULL)
                        str_puts(out, "null");
                else
                        put_text(node->text, out);
                return true;
        }
        str_putc(out, map ? '{' : '[');
        for (size_t i = 0; i < node->len; i++) {
                if (i)
                        str_puts(out, ", ");
                if (map && strlen(node->entries[i].key) > KEY_LONGEST / 10)
                        return false;
                if (map) {
                        put_text(node->entries[i].key, out);
                        str_puts(out, ": ");
                }
                if (!put(node->entries[i].value, out))
                        return false;
        }
        str_putc(out, map ? '}' : ']');
        return true;
}

static bool same(const struct yaml_node *a, const struct yaml_node *b)
{
        if (a->type != b->type || (a->type == YAML_SCALAR && strcmp(a->text, b->text) != 0))
                return false;
        if (a->type != YAML_LIST && a->type != YAML_MAP)
                return true;
        if (a->len != b->len)
                return false;
        for (size_t i = 0; i < a->len; i++) {
                if (a->type == YAML_MAP && (strcmp(a->entries[i].key, b->entries[i].key) != 0 ||
                                            yaml_get(a, a->entries[i].key) != a->entries[i].value))
                        return false;
                if (!same(a->entries[i].value, b->entries[i].value))
                        return false;
        }
        return true;
}

static void again(const struct yaml *doc)
{
        _cleanup_str_ struct str out = {0};
        _cleanup_yaml_ struct yaml *copy = NULL;
        struct err err = ERR_INIT;

        if (!put(yaml_root(doc), &out) || out.len > (1 << 20) - 1)
                return;
        copy = yaml_parse(str_text(&out), out.len, "again", &err);
        must(copy && same(yaml_root(doc), yaml_root(copy)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *text = xmemdup(data, size);
        _cleanup_yaml_ struct yaml *doc = NULL;
        struct err err = ERR_INIT;

        doc = yaml_parse(text, size, "a.yaml", &err);
        if (doc) {
                again(doc);
                return 0;
        }
        must(err.code == ERR_INPUT && strncmp(err.message, "a.yaml", 6) == 0);
        for (const char *at = err.message; *at; at++)
                must((unsigned char)*at >= 0x20 && *at != 0x7f);
        return 0;
}
