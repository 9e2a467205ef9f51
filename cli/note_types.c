/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/note_types.h"

#include "cli/render.h"
#include "cli/run_json.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <stdio.h>

#define TYPE_CELLS ((size_t)23)
#define FIELD_AT 35 /* where the meaning of a field begins */

static bool concerns(const struct event_type *type, enum event_actor actor)
{
        return actor == EVENT_ACTOR_COUNT || event_may_emit(type, actor);
}

static void put_actors(const struct event_type *type, struct str *out)
{
        const size_t begin = out->len;

        for (unsigned i = 0; i < EVENT_ACTOR_COUNT; i++)
                if (event_may_emit(type, (enum event_actor)i))
                        str_printf(out, "%s%s", out->len > begin ? ", " : "", event_actor_name((enum event_actor)i));
}

static const char *need_of(const struct event_field_told *field)
{
        return field->required ? "required" : field->either ? "one of these" : "optional";
}

/* ---- For people ---- */

/* And empties it. */
static void print_wrapped(struct str *line, size_t indent)
{
        _cleanup_str_ struct str out = {0};

        render_wrapped(&out, str_text(line), indent, 0);
        puts(str_text(&out));
        str_clear(line);
}

static void print_type(const struct event_type *type)
{
        struct event_field_told field;
        _cleanup_str_ struct str actors = {0}, line = {0};

        put_actors(type, &actors);
        str_printf(&line, "%s: %s", event_type_name(type), event_type_about(type));
        print_wrapped(&line, 2);
        printf("  by %s\n", str_text(&actors));
        if (event_type_refs(type)) {
                str_printf(&line, "  refs: %s", event_type_refs(type));
                print_wrapped(&line, 8);
        }
        for (size_t i = 0;; i++) {
                _cleanup_str_ struct str expected = {0};

                if (!event_field_at(type, i, &field, &expected))
                        return;
                str_printf(&line, "  %-18s %-12s  %s; %s", field.name, need_of(&field), field.about,
                           str_text(&expected));
                print_wrapped(&line, FIELD_AT);
        }
}

void note_types_print(enum event_actor actor)
{
        bool first = true;

        for (size_t i = 0; event_type_at(i); i++) {
                if (!concerns(event_type_at(i), actor))
                        continue;
                if (!first)
                        putchar('\n');
                first = false;
                print_type(event_type_at(i));
        }
}

void note_types_list(struct str *out)
{
        str_puts(out, "\nTypes, and what each needs (`cupel note types` tells all of them):\n");
        for (size_t i = 0; event_type_at(i); i++) {
                const struct event_type *type = event_type_at(i);
                _cleanup_str_ struct str needs = {0};
                struct event_field_told field;
                bool first = true;

                if (!event_may_emit(type, EVENT_ACTOR_AGENT))
                        continue;
                str_printf(out, "  %-*s ", (int)TYPE_CELLS, event_type_name(type));
                for (size_t j = 0;; j++) {
                        _cleanup_str_ struct str expected = {0};

                        if (!event_field_at(type, j, &field, &expected))
                                break;
                        if (!field.required && !field.either)
                                continue;
                        str_printf(&needs, "%s%s", first ? "" : field.either ? " | " : ", ", field.name);
                        first = false;
                }
                render_wrapped(out, str_text(&needs), TYPE_CELLS + 3, TYPE_CELLS + 3);
                str_putc(out, '\n');
        }
}

/* ---- For programs ---- */

static json_t *type_json(const struct event_type *type)
{
        json_t *actors = json_array(), *properties = json_object(), *required = json_array();
        struct event_field_told field;

        for (unsigned i = 0; i < EVENT_ACTOR_COUNT; i++)
                if (event_may_emit(type, (enum event_actor)i))
                        json_array_append_new(actors, json_string(event_actor_name((enum event_actor)i)));
        for (size_t i = 0;; i++) {
                _cleanup_str_ struct str expected = {0};
                json_t *schema;

                if (!event_field_at(type, i, &field, &expected))
                        break;
                schema = event_field_schema(type, field.name, NULL);
                json_object_set_new(schema, "description", json_string(field.about));
                json_object_set_new(properties, field.name, schema);
                if (field.required)
                        json_array_append_new(required, json_string(field.name));
        }
        return json_pack("{s:s, s:s+, s:s, s:o, s:{s:s, s:o, s:o}}", "name", event_type_name(type), "type",
                         EVENT_TYPE_PREFIX, event_type_name(type), "about", event_type_about(type), "actors", actors,
                         "data", "type", "object", "properties", properties, "required", required);
}

void note_types_print_json(enum event_actor actor)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t i = 0; event_type_at(i); i++)
                if (concerns(event_type_at(i), actor))
                        json_array_append_new(list, type_json(event_type_at(i)));
        json_print(stdout, list);
}

/* ---- docs/events.md ---- */

static const char preface[] =
        "# Events\n\n"
        "The types are made by `cupel note types --markdown` from the table that every event is checked against\n"
        "(`lib/base/event_table.c`): when it is written, when it comes out of the sandbox, and once more when the "
        "supervisor takes it.\n\n"
        "## Form\n\n"
        "Every event is a [CloudEvents 1.0](https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md) event "
        "in its JSON\n"
        "format; `cupel events --json` prints them as they are kept, one per line, with nothing added or left out.\n\n"
        "| attribute | |\n|---|---|\n"
        "| `specversion` | `1.0` |\n"
        "| `id` | `<run>:<sequence>`; what `refs` name |\n"
        "| `source` | `/repos/<repository>/runs/<run>` |\n"
        "| `type` | `dev.cupel.` and a name of the table below |\n"
        "| `time` | RFC 3339, UTC |\n"
        "| `subject` | what it is about; where nobody said, the item |\n"
        "| `datacontenttype`, `data` | `application/json`, an object of the fields below; at most 64 KiB |\n"
        "| `runid`, `itemid`, `mood`, `identity` | of the run; [identity.md](identity.md) |\n"
        "| `actor` | `agent`, `runner`, `director`, `user`, `system`: who said it |\n"
        "| `sequence` | 1, 2, … within the run, as ten digits |\n"
        "| `refs` | ids of events and digests that it rests on, separated by spaces |\n"
        "| `prevhash`, `hash` | the chain, see below |\n\n"
        "Notes are checked where they arrive, in the cage, and again by the supervisor, which believes the runner "
        "nothing. What is in canonical form\n"
        "already (see below) is checked as it stands and written as it is, without being taken apart "
        "(`lib/base/canonical.h`); what comes within\n"
        "ten milliseconds is written in one transaction. What an answer to a note means: "
        "[notes.md](notes.md#the-socket).\n\n"
        "A field that a type does not name passes too: a domain has telemetry of its own. Input names are accepted in "
        "upper case with\n"
        "slashes as well (`NOTE/HYPOTHESIS`). Who may not emit a type is refused and recorded as `action.vetoed`.\n\n"
        "## The chains\n\n"
        "`hash` is SHA-256, in hexadecimal, over the text of `prevhash` followed by the event in canonical form: its "
        "JSON without `hash` and\n"
        "`prevhash`, keys sorted by their bytes at every level, no spaces, UTF-8. `prevhash` is the `hash` of the "
        "run's event before, 64\n"
        "zeros for the first. The event that ends a run is linked into one chain of the whole store: link = SHA-256 "
        "over the texts of the\n"
        "link before (64 zeros for the first), the run's id and that event's hash, one after the other. Its head is "
        "part of the evidence of the commits\n"
        "that come later, so that rewriting history shows.\n\n"
        "    cupel events --verify            # every run's chain, and the store's; names the first broken link; exit "
        "status 1\n"
        "    cupel events RUN --verify        # this run's, and that the store's chain holds and has its end\n\n"
        "## Reading\n\n"
        "    cupel events RUN                 # one run\n"
        "    cupel events                     # all runs, in the order of time\n"
        "    cupel events --follow            # what is written from now on, by whichever process, in old runs and new "
        "ones\n"
        "    cupel events --type receipt. --item ITEM-7 --since 2h --actor director --json\n"
        "    cupel events --ref RUN:12        # that event, and those that rest on it\n\n"
        "On a terminal no line is longer than it is wide: what an event says goes on below; a pipe gets one line per "
        "event.\n\n"
        "`--follow` of one run begins with its first event and ends with the run. It waits for writes to the store "
        "(inotify), and looks by itself\n"
        "only every few seconds.\n\n"
        "## Types\n";

static void print_cell(const char *text)
{
        for (; *text; text++)
                printf(*text == '|' ? "\\%c" : "%c", *text);
}

static void print_section(const struct event_type *type)
{
        struct event_field_told field;
        _cleanup_str_ struct str actors = {0};

        put_actors(type, &actors);
        printf("\n### %s\n\n%s By %s.\n\n", event_type_name(type), event_type_about(type), str_text(&actors));
        if (event_type_refs(type))
                printf("`refs`: %s.\n\n", event_type_refs(type));
        fputs("| field | | takes | meaning |\n|---|---|---|---|\n", stdout);
        for (size_t i = 0;; i++) {
                _cleanup_str_ struct str expected = {0};

                if (!event_field_at(type, i, &field, &expected))
                        return;
                printf("| `%s` | %s | ", field.name, need_of(&field));
                print_cell(str_text(&expected));
                fputs(" | ", stdout);
                print_cell(field.about);
                puts(" |");
        }
}

void note_types_print_markdown(void)
{
        fputs(preface, stdout);
        for (size_t i = 0; event_type_at(i); i++)
                print_section(event_type_at(i));
}
