/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `cupel verify` found, for scripts and for people: every check is named, also those that there was nothing to
 * do for.
 */
#include "cli/verify.h"

#include "cli/render.h"
#include "lib/base/json.h"

#include <string.h>

#define CHECK_CELLS 12
#define PROMISE_AT (10 + CHECK_CELLS)
#define FINDING_AT 12
#define FINDINGS_SHOWN 50

static const char *const by_names[] = {
        [VERIFIED_BY_PACKET] = "packet",
        [VERIFIED_BY_NOTE] = "note",
        [VERIFIED_BY_NOTHING] = NULL,
};

static const char *result_of(const struct packet_verdict *verdict, enum packet_check check)
{
        if (packet_verdict_failed(verdict, check))
                return "failed";
        return verdict->done[check] ? "ok" : "not looked at";
}

/* Only the store that they are of tells whether anybody said that, or their seal. */
static const struct strv *unsigned_of(const struct packet_verdict *verdict)
{
        static const struct strv none = {0};

        return verdict->done[PACKET_CHECK_STORE] || verdict->sealed_time[0] ? &none : &verdict->later;
}

/* What was said after the end, as it was sealed (lib/packet/later.h). */
static struct json_t *later_json(const struct packet_verdict *verdict)
{
        if (!verdict->sealed_time[0])
                return json_null();
        return json_pack("{s:I,s:s}", "lines", (json_int_t)verdict->sealed_lines, "time", verdict->sealed_time);
}

struct json_t *verified_json(const struct verified *verified)
{
        const struct packet_verdict *verdict = &verified->verdict;
        json_t *checks = json_object(), *findings = json_array();

        for (int i = 0; i < PACKET_CHECK_COUNT; i++)
                json_object_set_new(checks, packet_check_name((enum packet_check)i),
                                    json_string(result_of(verdict, (enum packet_check)i)));
        for (size_t i = 0; i < verdict->len; i++)
                json_array_append_new(findings,
                                      json_pack("{s:s,s:o,s:o}", "check", packet_check_name(verdict->items[i].check),
                                                "file", json_quoted(verdict->items[i].file), "what",
                                                json_quoted(verdict->items[i].what)));
        return json_pack("{s:o,s:o,s:s?,s:b,s:o,s:I,s:I,s:o,s:o,s:o,s:o,s:o}", "run",
                         json_quoted_or_null(verified->run), "commit", json_quoted_or_null(verified->commit), "by",
                         by_names[verified->by], "verified", verdict->len == 0, "outcome",
                         json_quoted_or_null(verdict->told.outcome), "files", (json_int_t)verdict->files, "events",
                         (json_int_t)verdict->told.events, "signers", json_from_strv(&verdict->signers), "unsigned",
                         json_from_strv(unsigned_of(verdict)), "checks", checks, "findings", findings, "later",
                         later_json(verdict));
}

/* ---- For people ---- */

static void put_head(const struct verified *verified, bool colour, struct str *out)
{
        const struct packet_verdict *verdict = &verified->verdict;
        const bool good = verdict->len == 0;

        render_tint(out, colour, good ? TINT_GOOD : TINT_BAD, good ? "verified" : "NOT VERIFIED");
        str_puts(out, "  ");
        render_line(out, verified->run ? verified->run : verified->commit);
        if (verified->commit[0] && verified->run)
                str_printf(out, "  commit %.12s", verified->commit);
        else if (verdict->told.outcome[0]) {
                str_puts(out, "  ");
                render_line(out, verdict->told.outcome);
        }
        if (verified->by == VERIFIED_BY_NOTE)
                str_puts(out, "  (by its note; the packet is not here)");
        str_putc(out, '\n');
}

static void put_numbers(const struct verified *verified, enum packet_check check, struct str *out)
{
        const struct packet_verdict *verdict = &verified->verdict;

        if (check == PACKET_CHECK_FILES)
                str_printf(out, " (%zu files)", verdict->files);
        else if (check == PACKET_CHECK_LOG)
                str_printf(out, " (%lld events)", (long long)verdict->told.events);
        else if (check == PACKET_CHECK_ATTESTATION && verdict->signers.len)
                str_printf(out, " (key %.16s…)", verdict->signers.items[0]);
        if (check == PACKET_CHECK_ATTESTATION && verdict->sealed_time[0])
                str_printf(out, "; %lld line%s of what was said later, as of %s", (long long)verdict->sealed_lines,
                           verdict->sealed_lines == 1 ? "" : "s", verdict->sealed_time);
}

static void put_check(const struct verified *verified, enum packet_check check, bool colour, struct str *out)
{
        const struct packet_verdict *verdict = &verified->verdict;
        const bool failed = packet_verdict_failed(verdict, check);
        _cleanup_str_ struct str text = {0}, lines = {0};

        str_puts(out, "  ");
        render_tint(out, colour,
                    failed                 ? TINT_BAD
                    : verdict->done[check] ? TINT_GOOD
                                           : TINT_DIM,
                    failed                 ? "failed"
                    : verdict->done[check] ? "ok    "
                                           : "-     ");
        str_printf(out, "  %-*s", CHECK_CELLS, packet_check_name(check));
        if (failed) {
                str_putc(out, '\n');
                return;
        }
        str_puts(&text, verdict->done[check] ? packet_check_promise(check) : "nothing of it to look at here");
        put_numbers(verified, check, &text);
        render_wrapped(&lines, str_text(&text), PROMISE_AT, PROMISE_AT);
        render_tint(out, colour, TINT_DIM, str_text(&lines));
        str_putc(out, '\n');
}

/* The path by itself where both do not fit; a script finds them on one line. */
static void put_finding(const struct packet_finding *finding, bool colour, size_t columns, struct str *out)
{
        _cleanup_str_ struct str file = {0}, what = {0};

        render_line(&file, finding->file);
        render_line(&what, finding->what);
        str_printf(out, "%*s", FINDING_AT, "");
        render_tint(out, colour, TINT_STRONG, str_text(&file));
        str_putc(out, ':');
        if (!columns || FINDING_AT + file.len + 2 + what.len <= columns) {
                str_printf(out, " %s\n", str_text(&what));
                return;
        }
        str_printf(out, "\n%*s", FINDING_AT + 2, "");
        render_wrapped(out, str_text(&what), FINDING_AT + 2, FINDING_AT + 2);
        str_putc(out, '\n');
}

static void put_findings(const struct packet_verdict *verdict, enum packet_check check, bool colour, size_t columns,
                         struct str *out)
{
        size_t shown = 0;

        for (size_t i = 0; i < verdict->len; i++) {
                if (verdict->items[i].check != check || shown++ >= FINDINGS_SHOWN)
                        continue;
                put_finding(&verdict->items[i], colour, columns, out);
        }
        if (shown > FINDINGS_SHOWN)
                str_printf(out, "            and %zu more (--json)\n", shown - FINDINGS_SHOWN);
}

static void put_unsigned(const struct strv *files, bool colour, struct str *out)
{
        if (!files->len)
                return;
        str_puts(out, "  -       unsigned    ");
        for (size_t i = 0; i < files->len; i++)
                str_printf(out, "%s%s", i ? ", " : "", files->items[i]);
        render_tint(out, colour, TINT_DIM, ": said after the end, which only the machine of the run can vouch for\n");
}

void verified_put(const struct verified *verified, bool colour, size_t columns, struct str *out)
{
        put_head(verified, colour, out);
        for (int i = 0; i < PACKET_CHECK_COUNT; i++) {
                const enum packet_check check = (enum packet_check)i;

                if (verified->by != VERIFIED_BY_PACKET && !verified->verdict.done[check] &&
                    !packet_verdict_failed(&verified->verdict, check))
                        continue;
                put_check(verified, check, colour, out);
                put_findings(&verified->verdict, check, colour, columns, out);
        }
        put_unsigned(unsigned_of(&verified->verdict), colour, out);
}

void verified_put_line(const struct verified *verified, bool colour, struct str *out)
{
        const bool good = verified->verdict.len == 0;

        render_tint(out, colour, good ? TINT_GOOD : TINT_BAD, good ? "vouched for" : "NOT        ");
        str_printf(out, "  %.12s  ", verified->commit);
        render_line(out, good && verified->run ? verified->run : verified->subject);
        if (verified->by == VERIFIED_BY_NOTE)
                str_puts(out, "  (by its note)");
        if (!good) {
                str_puts(out, "\n             ");
                render_line(out, verified->verdict.items[0].file);
                str_puts(out, ": ");
                render_line(out, verified->verdict.items[0].what);
                if (verified->verdict.len > 1)
                        str_printf(out, " (and %zu more)", verified->verdict.len - 1);
        }
        str_putc(out, '\n');
}
