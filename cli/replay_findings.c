/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What gates found in a replay, for whoever shows it beside the code: SARIF 2.1.0, and GitHub's workflow commands. The latter are
 * lines of the job's log, so that every value is escaped as the runner unescapes it: nothing a path or a reason holds begins a
 * command of its own.
 */
#include "cli/replay.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <string.h>

static const struct json_t *findings_of(const struct json_t *replay)
{
        return json_object_get(json_array_get(json_object_get(replay, "judgements"), 0), "gates");
}

/* The rule, or the gate where it has none. */
static char *rule_of(const struct json_t *finding)
{
        const char *rule = json_text_of(finding, "rule");

        return rule[0] ? xasprintf("%s/%s", json_text_of(finding, "gate"), rule)
                       : xstrdup(json_text_of(finding, "gate"));
}

static bool is_error(const struct json_t *finding)
{
        return strcmp(json_text_of(finding, "level"), "block") == 0;
}

/* ---- SARIF ---- */

/* A relative reference of RFC 3986. */
static void put_uri(struct str *out, const char *path)
{
        for (; *path; path++)
                if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/", *path))
                        str_putc(out, *path);
                else
                        str_printf(out, "%%%02X", (unsigned char)*path);
}

static struct json_t *location(const struct json_t *finding)
{
        const json_int_t line = json_integer_value(json_object_get(finding, "line"));
        _cleanup_str_ struct str uri = {0};
        struct json_t *physical;

        put_uri(&uri, json_text_of(finding, "path"));
        physical = json_pack("{s:{s:s,s:s}}", "artifactLocation", "uri", str_text(&uri), "uriBaseId", "SRCROOT");
        if (line > 0)
                json_object_set_new(physical, "region", json_pack("{s:I}", "startLine", line));
        return json_pack("{s:o}", "physicalLocation", physical);
}

static struct json_t *result(const struct json_t *finding)
{
        _cleanup_free_ char *rule = rule_of(finding);
        struct json_t *found =
                json_pack("{s:s,s:s,s:{s:s},s:s}", "ruleId", rule, "level", is_error(finding) ? "error" : "warning",
                          "message", "text", json_text_of(finding, "reason"), "baselineState",
                          json_is_true(json_object_get(finding, "then")) ? "unchanged" : "new");

        if (json_text_of(finding, "path")[0])
                json_object_set_new(found, "locations", json_pack("[o]", location(finding)));
        return found;
}

char *replay_sarif(const struct json_t *replay)
{
        const struct json_t *findings = findings_of(replay);
        _cleanup_strv_ struct strv names = {0};
        struct json_t *results = json_array(), *rules = json_array();
        _cleanup_json_ json_t *sarif = NULL;

        for (size_t i = 0; i < json_array_size(findings); i++) {
                const struct json_t *finding = json_array_get(findings, i);

                if (!json_is_true(json_object_get(finding, "now")))
                        continue;
                strv_take(&names, rule_of(finding));
                json_array_append_new(results, result(finding));
        }
        strv_sort_unique(&names);
        for (size_t i = 0; i < names.len; i++)
                json_array_append_new(rules, json_pack("{s:s}", "id", names.items[i]));
        sarif = json_pack("{s:s,s:s,s:[{s:{s:{s:s,s:s,s:o}},s:{s:s},s:o}]}", "$schema",
                          "https://json.schemastore.org/sarif-2.1.0.json", "version", "2.1.0", "runs", "tool", "driver",
                          "name", "cupel", "version", CUPEL_VERSION, "rules", rules, "automationDetails", "id",
                          json_text_of(replay, "run"), "results", results);
        return json_dumps(sarif, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
}

/* ---- GitHub ---- */

/* "##[", the older form of a command, has no escape there: written as JSON does, it is none. */
static void put_escaped(struct str *out, const char *bytes, bool property)
{
        _cleanup_str_ struct str safe = {0};
        const char *text, *from;

        str_put_harmless(&safe, bytes, strlen(bytes));
        for (text = from = str_text(&safe); *text; text++)
                if (*text == '[' && text - from >= 2 && text[-1] == '#' && text[-2] == '#')
                        str_puts(out, "\\u005b");
                else if (*text == '%' || *text == '\r' || *text == '\n' || (property && (*text == ':' || *text == ',')))
                        str_printf(out, "%%%02X", (unsigned char)*text);
                else
                        str_putc(out, *text);
}

static void annotate_finding(struct str *out, const struct json_t *finding)
{
        const json_int_t line = json_integer_value(json_object_get(finding, "line"));
        _cleanup_free_ char *rule = rule_of(finding);

        str_puts(out, is_error(finding) ? "::error title=" : "::warning title=");
        put_escaped(out, rule, true);
        if (json_text_of(finding, "path")[0]) {
                str_puts(out, ",file=");
                put_escaped(out, json_text_of(finding, "path"), true);
                if (line > 0)
                        str_printf(out, ",line=%lld", (long long)line);
        }
        str_puts(out, "::");
        put_escaped(out, json_text_of(finding, "reason"), false);
        str_putc(out, '\n');
}

static void annotate_verifier(struct str *out, const struct json_t *replay, const struct json_t *verifier)
{
        const char *now = json_text_of(verifier, "now");
        _cleanup_free_ char *text =
                xasprintf("%s: %s in the record, now %s. %s", json_text_of(verifier, "name"),
                          json_text_of(verifier, "then"), now[0] ? now : "not run", json_text_of(verifier, "why"));

        str_puts(out, "::error title=");
        put_escaped(out, json_text_of(replay, "run"), true);
        str_puts(out, "::");
        put_escaped(out, text, false);
        str_putc(out, '\n');
}

void replay_annotations(const struct json_t *replay, struct str *out)
{
        const struct json_t *judgements = json_object_get(replay, "judgements"), *findings = findings_of(replay);

        for (size_t i = 0; i < json_array_size(findings); i++)
                if (json_is_true(json_object_get(json_array_get(findings, i), "now")))
                        annotate_finding(out, json_array_get(findings, i));
        for (size_t i = 0; i < json_array_size(judgements); i++) {
                const struct json_t *list = json_object_get(json_array_get(judgements, i), "verifiers");

                for (size_t k = 0; k < json_array_size(list); k++)
                        if (!json_is_true(json_object_get(json_array_get(list, k), "same")))
                                annotate_verifier(out, replay, json_array_get(list, k));
        }
        if (json_text_of(replay, "fork")[0]) {
                str_puts(out, "::error title=");
                put_escaped(out, json_text_of(replay, "run"), true);
                str_puts(out, "::");
                put_escaped(out, json_text_of(replay, "fork"), false);
                str_putc(out, '\n');
        }
}
