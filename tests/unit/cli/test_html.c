/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/html.h"

#include <criterion/criterion.h>
#include <string.h>

#define IS(out, expected)                                                                                              \
        do {                                                                                                           \
                cr_assert_str_eq(str_text(&(out)), expected);                                                          \
                str_release(&(out));                                                                                   \
        } while (0)

Test(html, nothing_gets_out_of_its_context)
{
        struct str out = {0};

        html_put(&out, "<p>%t</p>", "</p><script>alert('1')</script> & \"x\"");
        IS(out, "<p>&lt;/p&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;x&quot;</p>");
        html_put(&out, "<a title=\"%a\">", "\" onclick=\"x\"\n\t'");
        IS(out, "<a title=\"&quot; onclick=&quot;x&quot;&#10;&#9;&#39;\">");
        html_put(&out, "%t%a%u|%d%%", NULL, NULL, NULL, 12LL);
        IS(out, "|12%");
}

Test(html, a_url_never_leaves_the_site)
{
        static const char *const bad[] = {"javascript:alert(1)",
                                          "//evil.example",
                                          "/etc",
                                          "data:text/html,x",
                                          "a?b#c",
                                          "http://x",
                                          "a//b",
                                          "\\\\x"};

        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                struct str out = {0};

                html_put(&out, "%u", bad[i]);
                cr_assert_null(strpbrk(str_text(&out), ":?#\\\"' "), "%s", str_text(&out));
                cr_assert_null(strstr(str_text(&out), "//"), "%s", str_text(&out));
                cr_assert_neq(str_text(&out)[0], '/');
                str_release(&out);
        }
}

Test(html, what_no_screen_shows_is_shown)
{
        struct str out = {0};

        html_put(&out, "%t",
                 "a\033[31m\xe2\x80\xae"
                 "b\xff\xe2\x80\x8b\xf3\xa0\x81\x81\r");
        IS(out, "a\\033[31m\\342\\200\\256b\\377\\342\\200\\213\\363\\240\\201\\201\\r");
        html_text(&out, "gr\xc3\xbc\xc3\x9f\x65\0<", 9);
        IS(out, "gr\xc3\xbc\xc3\x9f\x65\\000&lt;");
}
