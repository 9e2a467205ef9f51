/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cupel note: leave a typed event. Inside a sandbox it goes to the run's notes socket, and nothing else is opened: agents
 * call this often. Outside, --run appends to the log as the user. Exit 2 where the note was refused, with the reason.
 */
#include "cli/command.h"
#include "cli/context.h"
#include "cli/note_data.h"
#include "cli/note_send.h"
#include "cli/note_types.h"
#include "cli/options.h"
#include "lib/base/cleanup.h"
#include "lib/base/event.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/base/nearest.h"

#include <string.h>

struct note {
        const char *run, *data_text;
        bool types, json, markdown;
        struct option_rest rest;
        const struct event_type *type;
        enum event_actor actor;
};

static int find_type(struct note *note, struct err *err)
{
        const char *names[64] = {0};
        const char *typed = note->rest.items[0], *near;
        _cleanup_str_ struct str quoted = {0};
        _cleanup_free_ char *full = xasprintf("note.%s", typed);

        note->type = event_type_find(typed);
        if (!note->type)
                note->type = event_type_find(full); /* `cupel note status` means note.status */
        if (note->type)
                return 0;
        for (size_t i = 0, count = 0; event_type_at(i) && count < 62; i++) {
                const char *name = event_type_name(event_type_at(i));

                names[count++] = name;
                if (strncmp(name, "note.", 5) == 0)
                        names[count++] = name + 5; /* as it may be typed */
        }
        near = nearest_word(typed, names);
        str_put_quoted(&quoted, typed, strlen(typed));
        return err_set(err, ERR_INPUT, "no event type %.80s%s%s%s; `cupel note types` lists them", str_text(&quoted),
                       near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

/* "-" is standard input, so that long data needs no quoting. */
static json_t *read_data(const struct note *note, struct err *err)
{
        _cleanup_str_ struct str text = {0};

        if (!note->data_text)
                return note_data_from_words(note->type, note->actor, note->rest.items + 1, note->rest.len - 1, err);
        if (note->rest.len > 1) {
                err_set(err, ERR_INPUT, "either --data or KEY=VALUE, not both");
                return NULL;
        }
        if (strcmp(note->data_text, "-") != 0)
                return note_data_parse(note->data_text, strlen(note->data_text), err);
        if (fs_read_fd(STDIN_FILENO, 2 * EVENT_DATA_MAX, &text, err) < 0)
                return NULL;
        return note_data_parse(str_text(&text), text.len, err);
}

/* What is wrong with it the run itself says: it counts and records forged events too. */
static int send_inside(const struct note *note, json_t *data, struct err *err)
{
        return note_send(getenv("CUPEL_NOTES"), event_type_name(note->type), data, err);
}

/* A store that is not there is not made by a note: the run is looked up before anything is opened for writing. */
static int append_outside(struct context *context, const struct note *note, json_t *data, struct err *err)
{
        _cleanup_store_run_ struct store_run run = {0};

        if (strncmp(event_type_name(note->type), "approval.", 9) == 0 ||
            strcmp(event_type_name(note->type), "operator.outcome") == 0)
                return err_set(err, ERR_INPUT,
                               "a note decides nothing: cupel approve, cupel reject, cupel outcome RUN accept|reject");
        if (context_open_repository(context, ".", err) < 0 || context_open_history(context, err) < 0 ||
            context_find_run(context, note->run, &run, err) < 0)
                return -1;
        store_close(context->store);
        context->store = NULL;
        if (context_open_store(context, err) < 0)
                return -1;
        return store_event_append(
                context->store,
                &(struct store_event){
                        .run = run.id, .type = event_type_name(note->type), .actor = EVENT_ACTOR_USER, .data = data},
                NULL, err);
}

static int emit(struct context *context, struct note *note, struct err *err)
{
        _cleanup_json_ json_t *data = NULL;

        if (!note->run && !getenv("CUPEL_NOTES"))
                return err_set(
                        err, ERR_INPUT,
                        "not inside a run ($CUPEL_NOTES is not set); outside, name one: cupel note --run @last …");
        if (find_type(note, err) < 0)
                return -1;
        data = read_data(note, err);
        if (!data)
                return -1;
        if ((note->run ? append_outside(context, note, data, err) : send_inside(note, data, err)) == 0)
                return 0;
        if (err->code == ERR_REFUSED)
                err->code = ERR_INPUT; /* a refused note is the caller's mistake, not a refused run */
        return -1;
}

static void print_types(const struct note *note)
{
        const enum event_actor whose = note->types ? note->actor : EVENT_ACTOR_COUNT;

        if (note->markdown)
                note_types_print_markdown();
        else if (note->json)
                note_types_print_json(whose);
        else
                note_types_print(whose);
}

int cmd_note(struct context *context, int argc, char **argv, struct err *err)
{
        struct note note = {0};
        const struct option_spec options[] = {
                {"run", 'r', OPTION_TEXT, &note.run, "RUN", "outside a run: append to this run's log, as you"},
                {"data", 'd', OPTION_TEXT, &note.data_text, "JSON", "the data as one object; - reads standard input"},
                {"types", 0, OPTION_FLAG, &note.types, NULL, "types: those that you may emit, here or with --run"},
                {"json", 0, OPTION_FLAG, &note.json, NULL, "types: as JSON Schemas"},
                {"markdown", 0, OPTION_FLAG, &note.markdown, NULL, "types: as docs/events.md"},
                {0}};
        const int got = options_parse(argc, argv, options, &note.rest, err);

        if (got != 0)
                return got < 0 ? -1 : 0;
        note.actor = note.run ? EVENT_ACTOR_USER : EVENT_ACTOR_AGENT;
        if (note.types || (note.rest.len == 1 && strcmp(note.rest.items[0], "types") == 0)) {
                print_types(&note);
                return 0;
        }
        if (options_expect(&note.rest, argv[0], 1, SIZE_MAX, err) < 0)
                return -1;
        return emit(context, &note, err);
}
