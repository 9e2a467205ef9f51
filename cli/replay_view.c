/* SPDX-License-Identifier: Apache-2.0 */
/* A replay for people and as JSON. Names and reasons come out of a sandbox, maybe somebody else's: each is one harmless line. */
#include "cli/replay.h"

#include "cli/render.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <string.h>

static const struct {
        int status;
        const char *name;
} ends[] = {
#define X(end, status, name) [REPLAY_END_##end] = {status, name},
        REPLAY_ENDS(X)
#undef X
};

int replay_end_status(enum replay_end end)
{
        return ends[end].status;
}

struct json_t *replay_json(const struct replay_subject *subject, const struct replay_place *place,
                           const struct json_t *judgements, enum replay_end end)
{
        const bool judged = json_array_size(judgements) > 0;
        const char *gate = !judged ? NULL : subject->judge == REPLAY_SELF ? "self" : "director";
        _cleanup_free_ char *identity = xasprintf("sha256:%s", subject->identity);
        struct json_t *replay =
                json_pack("{s:s,s:s,s:s,s:i,s:s,s:b,s:s?,s:s?,s:o,s:s,s:s,s:o,s:b,s:b,s:b,s:o,s:o,s:O}", "schema",
                          "cupel.replay.v1", "run", subject->run, "verdict", ends[end].name, "exit",
                          replay_end_status(end), "outcome", json_text_of(subject->report, "outcome"), "judged", judged,
                          "gate", gate, "nothing", subject->nothing, "fork", json_quoted_or_null(subject->fork),
                          "identity", identity, "base", subject->base, "tree", json_quoted_or_null(subject->tree),
                          "own", subject->own, "from_bundle", place->from_bundle, "hidden_bytes",
                          judged && subject->judge == REPLAY_MARKED, "openings", json_from_strv(&subject->openings),
                          "carried", json_from_strv(&subject->carried), "judgements", judgements);

        return replay;
}

/* ---- For people ---- */

struct page {
        struct str *out;
        bool colour;
};

static void put_mark(const struct page *page, bool same)
{
        render_tint(page->out, page->colour, same ? TINT_GOOD : TINT_BAD, same ? "  same" : "  differs");
}

static const char *or_dash(const struct json_t *object, const char *key)
{
        const char *text = json_text_of(object, key);

        return text[0] ? text : "-";
}

static void put_result(const struct page *page, const struct json_t *verifier)
{
        const char *now = or_dash(verifier, "now");

        str_puts(page->out, "  ");
        render_cell(page->out, json_text_of(verifier, "name"), 24, false);
        str_puts(page->out, "  ");
        render_cell(page->out, or_dash(verifier, "then"), 12, false);
        str_puts(page->out, " → ");
        render_cell(page->out, now, 12, false);
        put_mark(page, json_is_true(json_object_get(verifier, "same")));
        str_putc(page->out, '\n');
        if (json_text_of(verifier, "why")[0] && !json_is_true(json_object_get(verifier, "same"))) {
                str_puts(page->out, "      ");
                render_line(page->out, json_text_of(verifier, "why"));
                str_putc(page->out, '\n');
        }
}

/* Tests of which both sides say the same are not listed. */
static void put_cases(const struct page *page, const struct json_t *verifier)
{
        const struct json_t *cases = json_object_get(verifier, "cases");

        for (size_t i = 0; i < json_array_size(cases); i++) {
                const struct json_t *test = json_array_get(cases, i);
                const char *then = json_text_of(test, "then"), *now = json_text_of(test, "now");

                if (strcmp(then, now) == 0)
                        continue;
                str_puts(page->out, "      test ");
                render_line(page->out, json_text_of(test, "name"));
                str_printf(page->out, ": %s → %s\n", then[0] ? then : "nothing to say",
                           now[0] ? now : "nothing to say");
        }
}

static void put_finding(const struct page *page, const struct json_t *finding)
{
        const bool then = json_is_true(json_object_get(finding, "then"));
        const bool now = json_is_true(json_object_get(finding, "now"));
        const json_int_t line = json_integer_value(json_object_get(finding, "line"));

        str_puts(page->out, "  gate ");
        render_line(page->out, json_text_of(finding, "gate"));
        str_puts(page->out, ", ");
        render_line(page->out, json_text_of(finding, "level"));
        if (json_text_of(finding, "path")[0]) {
                str_puts(page->out, ", ");
                render_line(page->out, json_text_of(finding, "path"));
                if (line)
                        str_printf(page->out, ":%lld", (long long)line);
        }
        str_printf(page->out, "  %s", then ? now ? "again" : "no more" : "new");
        if (json_is_true(json_object_get(finding, "recorded")))
                str_puts(page->out, " (from the record: the packet hides its bytes)");
        put_mark(page, then == now);
        str_putc(page->out, '\n');
}

static void put_judgement(const struct page *page, const struct json_t *judgement)
{
        const struct json_t *gates = json_object_get(judgement, "gates");
        const struct json_t *verifiers = json_object_get(judgement, "verifiers");
        const struct json_t *verdict = json_object_get(judgement, "verdict");

        for (size_t i = 0; i < json_array_size(gates); i++)
                put_finding(page, json_array_get(gates, i));
        for (size_t i = 0; i < json_array_size(verifiers); i++) {
                put_result(page, json_array_get(verifiers, i));
                put_cases(page, json_array_get(verifiers, i));
        }
        str_printf(page->out, "  verdict: %s → %s", json_text_of(verdict, "then"), json_text_of(verdict, "now"));
        put_mark(page, json_is_true(json_object_get(judgement, "same")));
        str_putc(page->out, '\n');
}

/* ---- Several judgements: who is flaky ---- */

static size_t count_results(const struct json_t *judgements, const char *name, const char *result)
{
        size_t count = 0;

        for (size_t i = 0; i < json_array_size(judgements); i++) {
                const struct json_t *list = json_object_get(json_array_get(judgements, i), "verifiers");

                for (size_t k = 0; k < json_array_size(list); k++)
                        count += strcmp(json_text_of(json_array_get(list, k), "name"), name) == 0 &&
                                 strcmp(or_dash(json_array_get(list, k), "now"), result) == 0;
        }
        return count;
}

static void put_row(const struct page *page, const struct json_t *judgements, const struct json_t *verifier)
{
        static const char *const results[] = {"PASS", "FAIL", "FLAKY", "PRE_EXISTING", "INCONCLUSIVE", "-"};
        const char *name = json_text_of(verifier, "name");
        size_t kinds = 0;

        str_puts(page->out, "  ");
        render_cell(page->out, name, 24, false);
        str_puts(page->out, "  ");
        render_cell(page->out, or_dash(verifier, "then"), 12, false);
        str_puts(page->out, " →");
        for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
                const size_t count = count_results(judgements, name, results[i]);

                if (!count)
                        continue;
                kinds++;
                str_printf(page->out, " %zu × %s", count, results[i]);
        }
        if (kinds > 1)
                render_tint(page->out, page->colour, TINT_BAD, "  flaky");
        str_putc(page->out, '\n');
}

static void put_table(const struct page *page, const struct json_t *judgements)
{
        const struct json_t *verifiers = json_object_get(json_array_get(judgements, 0), "verifiers");
        size_t same = 0;

        for (size_t i = 0; i < json_array_size(verifiers); i++)
                put_row(page, judgements, json_array_get(verifiers, i));
        for (size_t i = 0; i < json_array_size(judgements); i++)
                same += json_is_true(json_object_get(json_array_get(judgements, i), "same"));
        str_printf(page->out, "  %zu of %zu replays came to the same verdict\n", same, json_array_size(judgements));
}

/* ---- All of it ---- */

static void put_head(const struct page *page, const struct json_t *replay)
{
        const char *gate = json_text_of(replay, "gate");

        render_tint(page->out, page->colour, TINT_STRONG, json_text_of(replay, "run"));
        str_puts(page->out, "  ");
        render_line(page->out, json_text_of(replay, "outcome"));
        str_putc(page->out, '\n');
        if (json_is_true(json_object_get(replay, "judged")))
                str_printf(page->out, "  on %.12s%s, %s\n", json_text_of(replay, "base"),
                           json_is_true(json_object_get(replay, "from_bundle")) ? " from the packet's bundle" : "",
                           strcmp(gate, "self") == 0 ? "by the verifiers of the run's own gate, in a clean room"
                                                     : "by the director's gate");
}

static void put_end(const struct page *page, const struct json_t *replay)
{
        const char *verdict = json_text_of(replay, "verdict"), *fork = json_text_of(replay, "fork");
        const bool same = strcmp(verdict, "same") == 0;

        if (fork[0]) {
                str_puts(page->out, "  ");
                render_line(page->out, fork);
                str_puts(page->out,
                         "\n  this is a fork of the run, not the run: its verdict says nothing of the other's\n");
                return;
        }
        if (json_text_of(replay, "nothing")[0]) {
                str_puts(page->out, "  nothing to judge: ");
                render_line(page->out, json_text_of(replay, "nothing"));
                str_puts(page->out, "\n  identity, digests and log of the packet hold\n");
                return;
        }
        render_tint(page->out, page->colour, same ? TINT_GOOD : TINT_BAD,
                    same ? "the same verdict\n" : "another verdict\n");
}

void replay_view(const struct json_t *replay, bool colour, struct str *out)
{
        const struct page page = {.out = out, .colour = colour};
        const struct json_t *judgements = json_object_get(replay, "judgements");

        put_head(&page, replay);
        if (json_array_size(judgements) == 1)
                put_judgement(&page, json_array_get(judgements, 0));
        else if (json_array_size(judgements) > 1)
                put_table(&page, judgements);
        put_end(&page, replay);
}
