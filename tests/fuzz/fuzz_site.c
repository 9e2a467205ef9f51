/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages of a site from a mirror that somebody else wrote (tests/fuzz/sections.h: site, index, run, patch, failures, covenant). Whatever
 * a text holds, it makes no element, no attribute and no link of its own: every tag is well-formed, and of a name that pages use.
 */
#include "cli/site.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "tests/fuzz/sections.h"

#include <ctype.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- The judge of a page ---- */

static void check_link(const char *value, size_t len)
{
        static const char *const schemes[] = {"javascript", "data:", "vbscript", "//"};

        for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
                must(len < strlen(schemes[i]) || strncasecmp(value, schemes[i], strlen(schemes[i])) != 0);
}

/* name="value"; what comes after it */
static const char *check_attribute(const char *at, const char *end)
{
        const char *name = at, *value;

        while (at < end && (islower((unsigned char)*at) || isdigit((unsigned char)*at) || strchr("-:AB", *at)))
                at++;
        must(at > name && strncmp(name, "on", 2) != 0 && name[0] != 'z');
        if (at == end || *at != '=')
                return at;
        must(at + 1 < end && at[1] == '"');
        value = at + 2;
        at = memchr(value, '"', (size_t)(end - value));
        must(at != NULL);
        must(!memchr(value, '<', (size_t)(at - value)));
        if (strncmp(name, "href", 4) == 0 || strncmp(name, "src", 3) == 0)
                check_link(value, (size_t)(at - value));
        return at + 1;
}

static const char *check_tag(const char *at, const char *end)
{
        const char *name;

        at += *at == '/';
        name = at;
        while (at < end && isalnum((unsigned char)*at))
                at++;
        must(at > name && islower((unsigned char)*name) && *name != 'z' && strncmp(name, "script", 6) != 0);
        for (;;) {
                while (at < end && (*at == ' ' || *at == '\n' || *at == '/'))
                        at++;
                must(at < end);
                if (*at == '>')
                        return at + 1;
                at = check_attribute(at, end);
        }
}

static const char *check_raw(const char *at, const char *end, const char *begin, const char *close)
{
        const char *found;

        if ((size_t)(end - at) < strlen(begin) || strncmp(at, begin, strlen(begin)) != 0)
                return NULL;
        found = memmem(at, (size_t)(end - at), close, strlen(close));
        must(found != NULL);
        return found + strlen(close);
}

static void check_page(const struct str *page)
{
        const char *at = str_text(page), *end = at + page->len, *next;

        while (at < end) {
                must(*at != '\033' && *at != '\0');
                if (*at != '<') {
                        at++;
                        continue;
                }
                if ((next = check_raw(at, end, "<!", ">")) || (next = check_raw(at, end, "<style>", "</style>")))
                        at = next;
                else
                        at = check_tag(at + 1, end);
        }
}

/* ---- Its pages ---- */

static json_t *part(const struct sections *sections, const char *name)
{
        const struct section *found = sections_find(sections, name);
        struct err err = ERR_INIT;
        json_t *value = found ? json_parse(found->data, found->len, name, &err) : NULL;

        return value ? value : json_object();
}

static void render(const struct sections *sections, const json_t *site)
{
        static void (*const pages[])(const json_t *, const json_t *, struct str *) = {page_index, page_failures,
                                                                                      page_covenant};
        static const char *const names[] = {"index", "failures", "covenant"};
        const struct section *patch = sections_find(sections, "patch");
        _cleanup_str_ struct str bytes = {0}, page = {0};
        _cleanup_json_ json_t *run = part(sections, "run");

        for (size_t i = 0; i < 3; i++) {
                _cleanup_json_ json_t *data = part(sections, names[i]);
                _cleanup_str_ struct str out = {0};

                pages[i](site, data, &out);
                check_page(&out);
        }
        if (patch)
                str_append(&bytes, patch->data, patch->len);
        page_run(site, run, &bytes, &page);
        check_page(&page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct sections sections;
        json_t *site;

        sections_read(&sections, data, size);
        site = part(&sections, "site");
        render(&sections, site);
        json_decref(site);
        sections_release(&sections);
        return 0;
}
