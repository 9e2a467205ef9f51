/* SPDX-License-Identifier: Apache-2.0 */
/* The report for people, from a report for programs. */
#include "director/report.h"

#include "lib/base/json.h"

#include <criterion/criterion.h>
#include <string.h>

static const char refused[] =
        "{\"outcome\":\"director_refused\",\"exit\":23,\"meaning\":\"the director's verification refused it\","
        "\"title\":\"Fix `rm -rf`\",\"objective\":\"Line one\\n# not a heading\",\"item\":\"ITEM-1\",\"mood\":\"calm\","
        "\"risk\":{\"level\":\"high\",\"reasons\":[\"protected (high): "
        "`x`\"]},\"base\":\"b\",\"target\":\"refs/heads/main\",\"commit\":null,\"tree\":\"t\",\"run\":\"r\","
        "\"identity\":\"sha256:i\",\"plan_id\":\"sha256:p\",\"reasons\":[\"verifier unit: FAIL\"],"
        "\"gates\":[{\"gate\":\"paths\",\"level\":\"warn\",\"path\":null,\"reason\":\"outside\"}],"
        "\"verifiers\":{\"self\":[{\"name\":\"unit\",\"result\":\"PASS\",\"exit\":0,\"ms\":5,\"command\":\"make\"}],"
        "\"director\":[{\"name\":\"unit\",\"result\":\"FAIL\",\"exit\":1,\"ms\":7,\"command\":\"make\"}]},"
        "\"changes\":{\"files\":1,\"lines_added\":2,\"lines_removed\":1,\"left_out\":0,\"items\":[{\"path\":\"a|`b\","
        "\"kind\":\"modified\",\"old_mode\":\"100644\",\"new_mode\":\"100755\",\"lines_added\":2,\"lines_removed\":1,"
        "\"binary\":false}]},\"declared_not_enforced\":[\"forbid deploy\",\"gate x: declared, not "
        "enforced\"],\"left\":[],\"sandbox\":{\"run\":null,"
        "\"director\":{\"tier\":\"A\"}}}";

static char *render(const char *json)
{
        struct err err = ERR_INIT;
        struct str text = {0};
        struct json_t *report = json_parse(json, strlen(json), "report", &err);

        cr_assert_not_null(report, "%s", err.message);
        report_markdown(report, &text);
        json_decref(report);
        return str_steal(&text);
}

Test(report, says_what_was_asked_changed_judged_and_not_covered)
{
        char *text = render(refused);

        cr_assert_not_null(strstr(text, "# director_refused"));
        cr_assert_not_null(strstr(text, "verifier unit: FAIL"));
        cr_assert_not_null(strstr(text, "1 file, +2 −1 lines"));
        cr_assert_not_null(strstr(text, "| director | `unit` | FAIL | 1 |"));
        cr_assert_not_null(strstr(text, "| self | `unit` | PASS | 0 |"));
        cr_assert_not_null(strstr(text, "mode 100644 → 100755"));
        cr_assert_not_null(strstr(text, "declared, not enforced: `forbid deploy`"));
        cr_assert_not_null(strstr(text, "- `gate x: declared, not enforced`"));
        cr_assert_not_null(strstr(text, "tier A"));
        free(text);
}

Test(report, what_others_wrote_cannot_pose_as_our_headings)
{
        char *text = render(refused);

        cr_assert_null(strstr(text, "\n# not a heading"));
        cr_assert_not_null(strstr(text, "\n> # not a heading"));
        cr_assert_not_null(strstr(text, "`Fix 'rm -rf'`"));
        free(text);
}

/* A browser or a forge that renders it reads HTML, links and pictures in a quote, too. */
/* A bar of a path or of a command would begin the next cell, in code, too. */
Test(report, what_others_wrote_makes_no_cells)
{
        char *text = render(
                "{\"outcome\":\"committed\",\"changes\":{\"files\":1,\"items\":[{\"path\":\"a|b\\\\|c\",\"kind\":"
                "\"added\"}]},"
                "\"verifiers\":{\"self\":[{\"name\":\"unit\",\"command\":\"make | tee log\",\"result\":\"PASS\"}]}}");

        cr_assert_not_null(strstr(text, "| `a\\|b\\¦c` | added"), "%s", text);
        cr_assert_not_null(strstr(text, "| `make \\| tee log` |"), "%s", text);
        free(text);
}

Test(report, what_others_wrote_is_neither_html_nor_a_link)
{
        char *text =
                render("{\"title\":\"a\",\"objective\":\"</blockquote><h1>committed</h1>\\n![x](http://a.example/y) "
                       "[z](javascript:1)\"}");

        cr_assert_not_null(strstr(text, "> \\</blockquote>\\<h1>committed\\</h1>\n> !\\[x](http://a.example/y) \\[z]("),
                           "%s", text);
        free(text);
}

Test(report, what_others_wrote_steers_no_terminal)
{
        char *text =
                render("{\"title\":\"a\\u001b]0;x\\u0007\\u009b2J\\u202eb\",\"objective\":\"c\\u009b2J\\u202ed\\ne\"}");

        cr_assert_null(strpbrk(text, "\033\a"));
        cr_assert_null(strstr(text, "\xc2\x9b"));
        cr_assert_null(strstr(text, "\xe2\x80\xae"));
        cr_assert_not_null(strstr(text, "> c\\302\\2332J\\342\\200\\256d\n> e"));
        free(text);
}

Test(report, an_almost_empty_report_still_renders)
{
        char *text = render("{\"outcome\":\"interrupted\"}");

        cr_assert_not_null(strstr(text, "Nothing reached a candidate."));
        cr_assert_not_null(strstr(text, "No verifier ran."));
        free(text);
}
