/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What git inside says of itself on the notes socket: /etc/gitconfig of a step and a variable lead git's own trace there
 * (trace2, "event" target, api-trace2(7)), one JSON object per line. Of these lines "start" has the arguments and "cmd_name"
 * the command that they come to, aliases resolved; the rest is passed over unread. A command that would carry something out is
 * recorded, one that would fetch is noted; what a program does without git, or with its trace turned off, is not seen here.
 *
 * Lines are not answered: git does not read. Once it has told its command it is hung up on, so that it does not go on
 * writing; it then goes on without a trace. Lines are no notes, use nothing of the notes' budget, and are bounded by themselves.
 */
#include "runner/notes.h"

#include "lib/base/json.h"

#include <string.h>

#define TEXT_MAX 200
#define LINES_MAX 200000 /* that are taken apart; about a hundred thousand git processes */

static const char prefix[] = "{\"event\":\"";

static const struct {
        const char *name;
        bool carries_out;
} commands[] = {
        {"push", true},   {"send-pack", true}, {"http-push", true}, {"send-email", true}, {"imap-send", true},
        {"fetch", false}, {"pull", false},     {"clone", false},    {"ls-remote", false},
};

static int find_command(const char *name, size_t len)
{
        for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
                if (strlen(commands[i].name) == len && memcmp(commands[i].name, name, len) == 0)
                        return (int)i;
        return -1;
}

bool notes_is_git(const char *line, size_t len)
{
        return len >= sizeof(prefix) && memcmp(line, prefix, sizeof(prefix) - 1) == 0;
}

static bool is_event(const char *line, size_t len, const char *name)
{
        size_t at = sizeof(prefix) - 1, name_len = strlen(name);

        return len > at + name_len && memcmp(line + at, name, name_len) == 0 && line[at + name_len] == '"';
}

/* An address may carry a password: what stands before its @ is not kept. */
static void put_word(struct str *out, const char *word)
{
        const char *scheme = strstr(word, "://"), *host = scheme ? scheme + 3 : NULL;
        const char *at = host ? memrchr(host, '@', strcspn(host, "/?#")) : NULL;

        if (!at) {
                str_puts(out, word);
                return;
        }
        str_append(out, word, (size_t)(host - word));
        str_puts(out, "***");
        str_puts(out, at);
}

/* "git push origin main", of the arguments; its first word names the program by whatever path. */
static char *describe(const json_t *argv)
{
        _cleanup_str_ struct str text = {0};
        struct str quoted = {0};

        str_puts(&text, "git");
        for (size_t i = 1; i < json_array_size(argv) && text.len <= TEXT_MAX; i++) {
                const char *word = json_string_value(json_array_get(argv, i));

                str_putc(&text, ' ');
                put_word(&text, word ? word : "?");
        }
        str_put_harmless(&quoted, text.data, text.len > TEXT_MAX ? TEXT_MAX : text.len);
        if (text.len > TEXT_MAX)
                str_puts(&quoted, "…");
        return str_steal(&quoted);
}

/* Index of the first argument that is no option of git itself. */
static const char *command_word(const json_t *argv)
{
        static const char *const valued[] = {"-c", "-C", "--git-dir", "--work-tree", "--namespace", "--config-env"};

        for (size_t i = 1; i < json_array_size(argv); i++) {
                const char *word = json_string_value(json_array_get(argv, i));

                if (!word || word[0] != '-')
                        return word;
                for (size_t k = 0; k < sizeof(valued) / sizeof(valued[0]); k++)
                        i += strcmp(word, valued[k]) == 0;
        }
        return NULL;
}

static void take_start(struct notes_client *client, const json_t *message)
{
        const json_t *argv = json_object_get(message, "argv");
        const char *word = command_word(argv);

        free(client->git);
        free(client->git_word);
        client->git = describe(argv);
        client->git_word = xstrdup(word);
}

static void tell(struct notes *notes, const char *what, bool carries_out)
{
        _cleanup_json_ json_t *data = NULL;

        if (notes->git_told++ >= NOTES_VETOES_MAX)
                return;
        if (carries_out && !notes->has_hosts)
                data = json_pack("{s:s, s:s, s:s}", "candidate_action", what, "final_action",
                                 "nothing left the sandbox", "veto_reason",
                                 "git inside has no remote and no way to a host; only the director commits");
        else
                data = json_pack("{s:o}", "text", json_sprintf("%s was run inside", what));
        if (data)
                uplink_put_record(notes->up, json_object_get(data, "text") ? "note.status" : "action.vetoed",
                                  EVENT_ACTOR_RUNNER, data);
}

/* "pull/fetch" is told already, as the pull; "_run_git_alias_/push" is the push. */
static void take_command(struct notes *notes, const struct notes_client *client, const json_t *message)
{
        const char *name = json_string_value(json_object_get(message, "name"));
        const char *hierarchy = json_string_value(json_object_get(message, "hierarchy"));
        int command;

        if (name && strcmp(name, "_run_dashed_") == 0)
                name = client->git_word;
        command = name ? find_command(name, strlen(name)) : -1;
        if (command < 0 || !client->git)
                return;
        for (const char *at = hierarchy ? hierarchy : ""; strchr(at, '/'); at = strchr(at, '/') + 1)
                if (find_command(at, strcspn(at, "/")) >= 0)
                        return;
        tell(notes, client->git, commands[command].carries_out);
}

void notes_git_line(struct notes *notes, struct notes_client *client, const char *line, size_t len)
{
        bool start = is_event(line, len, "start");
        struct err ignored = ERR_INIT;
        _cleanup_json_ json_t *message = NULL;

        if ((!start && !is_event(line, len, "cmd_name")) || len > NOTES_LINE_MAX || notes->git_lines >= LINES_MAX)
                return;
        notes->git_lines++;
        message = json_parse(line, len, "git", &ignored);
        if (start)
                take_start(client, message);
        else
                take_command(notes, client, message);
        client->told |= !start;
}

void notes_git_release(struct notes_client *client)
{
        free(client->git);
        free(client->git_word);
        client->git = client->git_word = NULL;
}
