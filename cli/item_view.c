/* SPDX-License-Identifier: Apache-2.0 */
/* The approval packet on one page. All of it may be somebody else's text: none reaches a terminal raw. */
#include "cli/item_packet.h"

#include "cli/acceptance_view.h"
#include "cli/render.h"
#include "cli/run_json.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "policy/words.h"

#include <string.h>

#define CELLS 12
#define WORD_CELLS 16
#define WIDTH 79

/* Words of a paragraph from the column `indent` on; the sentence to copy does not come this way. */
static void put_wrapped(const char *text, size_t indent, struct str *out)
{
        size_t used = indent;

        for (const char *at = text; *at;) {
                const size_t len = strcspn(at, " ");

                if (used > indent && used + 1 + len > WIDTH) {
                        str_printf(out, "\n%*s", (int)indent, "");
                        used = indent;
                }
                str_printf(out, "%s%.*s", used > indent ? " " : "", (int)len, at);
                used += len + (used > indent);
                at += len + (at[len] == ' ');
        }
        str_putc(out, '\n');
}

static void put_exact(const char *label, const char *text, struct str *out)
{
        str_printf(out, "  %-*s", CELLS, label);
        render_line(out, text);
        str_putc(out, '\n');
}

static void put_row(const char *label, const char *text, struct str *out)
{
        _cleanup_str_ struct str safe = {0};

        if (!text[0])
                return;
        render_line(&safe, text);
        str_printf(out, "  %-*s", CELLS, label);
        put_wrapped(str_text(&safe), CELLS + 2, out);
}

/* Of several lines each is indented by itself. */
static void put_block(const char *label, const char *text, struct str *out)
{
        _cleanup_str_ struct str safe = {0};

        render_safe(&safe, text, strlen(text));
        for (const char *at = str_text(&safe); *at; label = "") {
                const size_t len = strcspn(at, "\n");

                str_printf(out, "  %-*s%.*s\n", CELLS, label, (int)len, at);
                at += len + (at[len] == '\n');
        }
}

static void put_all(const char *label, const json_t *list, struct str *out)
{
        json_t *item;
        size_t i;

        json_array_foreach(list, i, item)
                put_row(i ? "" : label, json_string_value(item) ? json_string_value(item) : "", out);
}

static void put_bullets(const json_t *list, struct str *out)
{
        json_t *item;
        size_t i;

        json_array_foreach(list, i, item)
        {
                _cleanup_str_ struct str safe = {0};

                render_line(&safe, json_string_value(item) ? json_string_value(item) : "");
                str_puts(out, "  - ");
                put_wrapped(str_text(&safe), 4, out);
        }
}

static void put_line_of(const char *label, const json_t *list, struct str *out)
{
        _cleanup_str_ struct str line = {0};
        json_t *item;
        size_t i;

        json_array_foreach(list, i, item)
                str_printf(&line, "%s%s", i ? ", " : "", json_string_value(item) ? json_string_value(item) : "");
        put_row(label, str_text(&line), out);
}

static void put_repository(const json_t *packet, struct str *out)
{
        const json_t *repository = json_object_get(packet, "repository");
        const json_t *admission = json_object_get(repository, "admission");
        _cleanup_str_ struct str base = {0}, admitted = {0};

        put_row("path", json_text_of(repository, "path"), out);
        str_printf(&base, "%.12s, for %s", json_text_of(repository, "base"),
                   short_ref(json_text_of(repository, "target")));
        put_row("base", str_text(&base), out);
        if (!json_is_object(admission)) {
                put_row("admitted", "no: cupel init", out);
                return;
        }
        str_printf(&admitted, "by %s at %s, risk %s", json_text_of(admission, "owner"), json_text_of(admission, "time"),
                   json_text_of(admission, "risk"));
        put_row("admitted", str_text(&admitted), out);
        put_row("", json_text_of(admission, "evidence"), out);
}

/* "wall 10 m 00 s, memory 2.0 GiB, 50 files, 2000 lines, $1" */
static void put_budget(const json_t *budget, struct str *out)
{
        _cleanup_str_ struct str line = {0};
        char wall[CLOCK_RFC3339];

        clock_human((uint64_t)json_integer_value(json_object_get(budget, "wall_ms")), wall);
        str_printf(&line, "%s, ", wall);
        str_put_size(&line, (uint64_t)json_integer_value(json_object_get(budget, "memory_bytes")));
        str_printf(&line, " memory, %lld files, %lld lines, $%.15g",
                   (long long)json_integer_value(json_object_get(budget, "diff_files")),
                   (long long)json_integer_value(json_object_get(budget, "diff_lines")),
                   json_number_value(json_object_get(budget, "cost_usd")));
        put_row("budget", str_text(&line), out);
}

static void put_network(const json_t *network, struct str *out)
{
        const json_t *hosts = json_object_get(network, "hosts"), *routes = json_object_get(network, "routes");
        _cleanup_str_ struct str line = {0};
        json_t *route;
        size_t i;

        json_array_foreach(routes, i, route)
                str_printf(&line, "%s%s", i ? ", " : "its own API only: ", json_text_of(route, "upstream"));
        if (json_array_size(hosts))
                put_line_of("network", hosts, out);
        if (line.len || !json_array_size(hosts))
                put_row("network", line.len ? str_text(&line) : "none", out);
}

static void put_contract(const json_t *packet, struct str *out)
{
        const json_t *contract = json_object_get(packet, "contract"), *paths = json_object_get(contract, "paths");
        _cleanup_str_ struct str mood = {0}, agent = {0};

        put_block("objective", json_text_of(contract, "objective"), out);
        str_printf(&mood, "%s, risk %s", json_text_of(contract, "mood"), json_text_of(contract, "risk"));
        put_row("mood", str_text(&mood), out);
        put_all("", json_object_get(contract, "risk_why"), out);
        str_printf(&agent, "%s%s%s", json_text_of(contract, "agent"),
                   json_text_of(contract, "model")[0] ? ", model " : "", json_text_of(contract, "model"));
        put_row("agent", str_text(&agent), out);
        put_network(json_object_get(contract, "network"), out);
        put_row("worktree", json_text_of(contract, "worktree"), out);
        put_line_of("may change", json_object_get(paths, "allow"), out);
        put_line_of("may not", json_object_get(paths, "deny"), out);
        put_line_of("protected", json_object_get(paths, "protected"), out);
        put_budget(json_object_get(contract, "budget"), out);
}

static void put_forbidden(const json_t *packet, bool colour, struct str *out)
{
        json_t *entry;
        size_t i;

        if (!json_array_size(json_object_get(packet, "forbidden")))
                return;
        render_heading(out, colour, "forbidden actions, and what enforces each");
        json_array_foreach(json_object_get(packet, "forbidden"), i, entry)
        {
                const bool enforced = json_is_true(json_object_get(entry, "enforced"));

                str_puts(out, "  ");
                render_cell(out, json_text_of(entry, "word"), WORD_CELLS, false);
                if (enforced)
                        put_wrapped(json_text_of(entry, "mechanism"), WORD_CELLS + 2, out);
                else
                        render_tint(out, colour, TINT_WAIT, FORBID_UNENFORCED "\n");
        }
}

static void put_validation(const json_t *packet, bool colour, struct str *out)
{
        json_t *verifier;
        size_t i;

        render_heading(out, colour, "validation");
        if (!json_array_size(json_object_get(packet, "validation")))
                str_puts(out, "  nothing: this mood commits nothing\n");
        json_array_foreach(json_object_get(packet, "validation"), i, verifier)
        {
                str_puts(out, "  ");
                render_cell(out, json_text_of(verifier, "name"), WORD_CELLS, false);
                render_line(out, json_text_of(verifier, "run"));
                str_puts(out,
                         json_is_array(json_object_get(verifier, "scope")) ? "  (if what it covers changes)\n" : "\n");
        }
}

static void put_standing(const json_t *approval, struct str *out)
{
        _cleanup_str_ struct str line = {0};

        if (!json_is_true(json_object_get(approval, "needed")) &&
            strcmp(json_text_of(approval, "state"), "none") == 0) {
                put_row("before", "none needed: it may start", out);
                return;
        }
        str_puts(&line, strcmp(json_text_of(approval, "state"), "none") == 0 ? "not asked for yet"
                                                                             : json_text_of(approval, "state"));
        if (json_text_of(approval, "who")[0])
                str_printf(&line, " by %s", json_text_of(approval, "who"));
        if (json_text_of(approval, "time")[0])
                str_printf(&line, " at %s", json_text_of(approval, "time"));
        if (json_text_of(approval, "reason")[0])
                str_printf(&line, ": %s", json_text_of(approval, "reason"));
        put_row("before", str_text(&line), out);
        if (json_is_true(json_object_get(approval, "void")))
                put_row("", "a grant that is there is void: item or policy changed since", out);
}

static void put_approval(const json_t *packet, struct str *out)
{
        const json_t *approval = json_object_get(packet, "approval");
        const bool granted = strcmp(json_text_of(approval, "state"), "granted") == 0;
        _cleanup_str_ struct str deadline = {0};

        put_standing(approval, out);
        put_all("after", json_object_get(approval, "after"), out);
        put_span(&deadline, (int64_t)json_integer_value(json_object_get(approval, "deadline_ms")));
        str_puts(&deadline, " after it is asked; then the answer is no");
        put_row("deadline", str_text(&deadline), out);
        if (!json_is_true(json_object_get(approval, "needed")) || granted)
                return;
        put_exact("sentence", json_text_of(approval, "sentence"), out);
        put_exact("to approve", json_text_of(approval, "command"), out);
}

void item_packet_put(const json_t *packet, bool colour, struct str *out)
{
        _cleanup_str_ struct str title = {0};

        render_line(&title, json_text_of(packet, "title"));
        render_tint(out, colour, TINT_STRONG, str_text(&title));
        str_puts(out, "\nitem ");
        render_line(out, json_text_of(packet, "item"));
        str_puts(out, "\n");
        render_heading(out, colour, "repository");
        put_repository(packet, out);
        render_heading(out, colour, "contract");
        put_contract(packet, out);
        put_forbidden(packet, colour, out);
        if (json_array_size(json_object_get(packet, "success")))
                render_heading(out, colour, "success criteria");
        put_bullets(json_object_get(packet, "success"), out);
        put_validation(packet, colour, out);
        render_heading(out, colour, "rollback");
        put_block("", json_text_of(packet, "rollback"), out);
        render_heading(out, colour, "evidence to come");
        put_bullets(json_object_get(packet, "evidence"), out);
        if (json_array_size(json_object_get(packet, "missing")))
                render_heading(out, colour, "keeps it from starting now");
        put_bullets(json_object_get(packet, "missing"), out);
        render_heading(out, colour, "approval");
        put_approval(packet, out);
}
