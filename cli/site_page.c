/* SPDX-License-Identifier: Apache-2.0 */
/* What every page has, and the small things that pages say in the same way. */
#include "cli/site.h"

#include "cli/html.h"
#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/hash.h"
#include "lib/base/json.h"

#include <stdlib.h>
#include <string.h>

/* ---- head and foot ---- */

static void digest_of_style(struct str *ret)
{
        unsigned char digest[(HASH_HEX - 1) / 2];
        char hex[HASH_HEX];

        hash_bytes(site_style(), strlen(site_style()), hex);
        for (size_t i = 0; i < sizeof(digest); i++) {
                const char pair[] = {hex[2 * i], hex[2 * i + 1], '\0'};

                digest[i] = (unsigned char)strtoul(pair, NULL, 16);
        }
        base64_encode(digest, sizeof(digest), ret);
}

/* Nothing is loaded and nothing is run: the stylesheet below is let in by its digest. */
static void put_policy(struct str *out)
{
        _cleanup_str_ struct str digest = {0};

        digest_of_style(&digest);
        html_put(out,
                 "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-%a'; "
                 "base-uri 'none'; form-action 'none'\">\n",
                 str_text(&digest));
}

static void put_link(const struct site_page *page, const char *href, const char *text, struct str *out)
{
        const bool here = page->current && strcmp(page->current, href) == 0;

        html_put(out, "<li><a href=\"%a%u\"", page->up, href);
        html_put(out, here ? " aria-current=\"page\">%t</a></li>\n" : ">%t</a></li>\n", text);
}

static void put_nav(const struct site_page *page, struct str *out)
{
        static const struct {
                const char *href, *text;
        } links[] = {{"index.html", "Runs"}, {"failures.html", "Failures"}, {"covenant.html", "Covenant"}};

        str_puts(out, "<nav aria-label=\"Pages\">\n<ul>\n");
        for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
                put_link(page, links[i].href, links[i].text, out);
        str_puts(out, "</ul>\n</nav>\n");
}

void page_begin(const struct site_page *page, struct str *out)
{
        const char *project = json_text_of(page->site, "title");

        str_puts(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        put_policy(out);
        str_puts(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                      "<meta name=\"color-scheme\" content=\"light dark\">\n"
                      "<meta name=\"referrer\" content=\"no-referrer\">\n");
        html_put(out, "<title>%t · %t</title>\n<style>", page->title, project);
        str_puts(out, site_style());
        html_put(out,
                 "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the content</a>\n"
                 "<header>\n<p>%t</p>\n",
                 project);
        put_nav(page, out);
        str_puts(out, "</header>\n<main id=\"main\">\n");
        if (json_is_true(json_object_get(page->site, "preview")))
                str_puts(out,
                         "<p class=\"notice\">Preview: it shows runs that nobody approved for publication yet. Do not "
                         "publish it.</p>\n");
}

void page_end(const struct site_page *page, struct str *out)
{
        html_put(out,
                 "</main>\n<footer>\n<p>Made by %t from its log. Every fact of this page is in "
                 "<a href=\"%adata/%u\">data/%t</a>; <a href=\"%aSHA256SUMS\">SHA256SUMS</a> has the digest of every "
                 "file. Times are UTC.</p>\n</footer>\n</body>\n</html>\n",
                 json_text_of(page->site, "generator"), page->up, page->mirror, page->mirror, page->up);
}

/* ---- small things ---- */

/* outcome or result, its class; what is not here is neither good nor bad */
static const struct {
        const char *word, *class;
} badges[] = {
        {"committed", "badge good"},    {"observed", "badge good"}, {"PASS", "badge good"},
        {"accepted", "badge good"},     {"kept", "badge good"},     {"held", "badge wait"},
        {"no_change", "badge wait"},    {"FLAKY", "badge wait"},    {"PRE_EXISTING", "badge wait"},
        {"INCONCLUSIVE", "badge wait"}, {"withheld", "badge wait"}, {"warn", "badge wait"},
        {"not judged", "badge wait"},   {"cancelled", "badge"},     {"blocked", "badge wait"},
        {"rejected", "badge bad"},      {"FAIL", "badge bad"},      {"block", "badge bad"},
        {"broken", "badge bad"},
};

void put_result(struct str *out, const char *word)
{
        const char *class = "badge";

        for (size_t i = 0; i < sizeof(badges) / sizeof(badges[0]); i++)
                if (strcmp(badges[i].word, word) == 0)
                        class = badges[i].class;
        html_put(out, "<span class=\"%a\">%t</span>", class, word);
}

/* An outcome that is not in the table is a failure. */
void put_outcome(struct str *out, const char *outcome)
{
        _cleanup_str_ struct str words = {0};
        const char *class = "badge bad";

        for (size_t i = 0; i < sizeof(badges) / sizeof(badges[0]); i++)
                if (strcmp(badges[i].word, outcome) == 0)
                        class = badges[i].class;
        for (const char *at = outcome; *at; at++)
                str_putc(&words, *at == '_' ? ' ' : *at);
        html_put(out, "<span class=\"%a\">%t</span>", class, str_text(&words));
}

void put_time(struct str *out, const char *time)
{
        _cleanup_free_ char *text = xasprintf("%.10s %.8s", time, strlen(time) > 19 ? time + 11 : "");

        if (clock_from_rfc3339(time))
                html_put(out, "<time datetime=\"%a\">%t</time>", time, text);
        else
                html_put(out, "%t", time);
}

void put_duration(struct str *out, int64_t ms)
{
        char text[CLOCK_RFC3339];

        clock_human((uint64_t)(ms > 0 ? ms : 0), text);
        if (ms >= 0 && ms < 1000)
                html_put(out, "%d ms", (long long)ms);
        else
                html_put(out, "%t", text);
}

void put_size(struct str *out, int64_t bytes)
{
        str_put_size(out, (uint64_t)(bytes > 0 ? bytes : 0));
}

void put_fact(struct str *out, const char *name, const char *text)
{
        if (text && text[0])
                html_put(out, "<dt>%t</dt><dd>%t</dd>\n", name, text);
}

void put_fact_code(struct str *out, const char *name, const char *text)
{
        if (text && text[0])
                html_put(out, "<dt>%t</dt><dd><code>%t</code></dd>\n", name, text);
}

int64_t run_duration(const struct json_t *timeline)
{
        const size_t len = json_array_size(timeline);
        const int64_t from = clock_from_rfc3339(json_text_of(json_array_get(timeline, 0), "time"));
        const int64_t to = len ? clock_from_rfc3339(json_text_of(json_array_get(timeline, len - 1), "time")) : 0;

        return to > from ? to - from : 0;
}
