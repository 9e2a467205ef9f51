/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/questions.h"

#include "lib/base/json.h"
#include "policy/plan.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define DROP_IT "no, drop it"
#define TRY_IT "yes, try it"
#define OPTIONS_MAX 3

struct question {
        struct str text, fallback; /* fallback: the default */
        const char *options[OPTIONS_MAX];
};

#define QUOTE_BYTES 300

/* One line of what others wrote, cut: an event has a bound, and a person reads a line. */
static void put_cut(struct str *out, const char *text)
{
        const size_t len = strcspn(text, "\n");
        size_t cut = len < QUOTE_BYTES ? len : QUOTE_BYTES;

        while (cut < len && cut && ((unsigned char)text[cut] & 0xc0) == 0x80)
                cut--;
        str_put_harmless(out, text, cut);
        if (cut < strlen(text))
                str_puts(out, " …");
}

static void put_title(struct str *out, const struct questions_input *input)
{
        str_putc(out, '"');
        put_cut(out, input->plan->title);
        str_putc(out, '"');
}

static bool after_failures(const struct questions_input *input, struct question *ret)
{
        if (!input->failures)
                return false;
        put_title(&ret->text, input);
        str_printf(&ret->text, " failed %lld time%s in a row", (long long)input->failures,
                   input->failures == 1 ? "" : "s");
        if (input->last < OUTCOME_COUNT)
                str_printf(&ret->text, ", the last as %s", outcome_name(input->last));
        if (input->last_reason) {
                str_puts(&ret->text, " (");
                put_cut(&ret->text, input->last_reason);
                str_putc(&ret->text, ')');
        }
        if (input->split) {
                str_puts(&ret->text, "; to split it was proposed: ");
                put_cut(&ret->text, input->split);
        }
        str_puts(&ret->text, ". Should it be tried again with your answers?");
        str_puts(&ret->fallback, DROP_IT);
        ret->options[0] = TRY_IT;
        ret->options[1] = DROP_IT;
        return true;
}

static bool about_verifier(const struct questions_input *input, struct question *ret)
{
        for (size_t i = 0; i < input->plan->verifiers.len; i++)
                if (input->plan->verifiers.items[i].always)
                        return false;
        str_puts(&ret->text, "Which command shows that this is done: ");
        put_title(&ret->text, input);
        str_puts(&ret->fallback, "none: look only, in the mood curious");
        return true;
}

static bool about_acceptance(const struct questions_input *input, struct question *ret)
{
        if (!input->item || input->item->acceptance.len)
                return false;
        str_puts(&ret->text, "What must be true when this is done: ");
        put_title(&ret->text, input);
        str_puts(&ret->fallback, input->plan->verifiers.len ? "these verifiers pass:" : "what the title says");
        for (size_t i = 0; i < input->plan->verifiers.len && ret->fallback.len < QUOTE_BYTES; i++)
                str_printf(&ret->fallback, "%s %s", i ? "," : "", input->plan->verifiers.items[i].name);
        return true;
}

static bool about_risk(const struct questions_input *input, struct question *ret)
{
        if (input->plan->risk < (int)RISK_HIGH)
                return false;
        str_printf(&ret->text, "The risk is %s%s%s. Is that meant?", risk_names[input->plan->risk],
                   input->plan->risk_why.len ? ": " : "",
                   input->plan->risk_why.len ? input->plan->risk_why.items[0] : "");
        str_puts(&ret->fallback, "no: leave everything alone that makes it so");
        ret->options[0] = "yes: a person looks at the result";
        ret->options[1] = "no: leave everything alone that makes it so";
        return true;
}

static bool about_paths(const struct questions_input *input, struct question *ret)
{
        if (input->plan->paths.allow.len)
                return false;
        str_puts(&ret->text, "Which paths may this change: ");
        put_title(&ret->text, input);
        str_puts(&ret->fallback, "any that are not protected, as few as it takes");
        return true;
}

static bool about_trying(const struct questions_input *input, struct question *ret)
{
        str_puts(&ret->text, "Should a run try this as it is written: ");
        put_title(&ret->text, input);
        str_puts(&ret->fallback, DROP_IT);
        ret->options[0] = TRY_IT;
        ret->options[1] = DROP_IT;
        return true;
}

/* In the order of their weight; the last is asked where nothing before it decides. */
static const struct {
        const char *about;
        bool (*ask)(const struct questions_input *input, struct question *ret);
        bool last_resort;
} table[] = {
        {QUESTIONS_ABOUT_DECISION, after_failures, false},
        {"verifier", about_verifier, false},
        {"acceptance", about_acceptance, false},
        {"risk", about_risk, false},
        {"paths", about_paths, false},
        {QUESTIONS_ABOUT_DECISION, about_trying, true},
};

static struct json_t *question_json(const struct question *question, const char *about)
{
        json_t *options = json_array();
        json_t *data = json_pack("{s:o, s:o, s:s}", "question", json_quoted(str_text(&question->text)), "default",
                                 json_quoted(str_text(&question->fallback)), "about", about);

        for (size_t i = 0; i < OPTIONS_MAX && question->options[i]; i++)
                json_array_append_new(options, json_string(question->options[i]));
        if (json_array_size(options))
                json_object_set(data, "options", options);
        json_decref(options);
        return data;
}

struct json_t *questions_make(const struct questions_input *input)
{
        json_t *list = json_array();

        for (size_t i = 0; i < sizeof(table) / sizeof(table[0]) && json_array_size(list) < MOOD_QUESTIONS_MAX; i++) {
                struct question question = {0};

                if ((!table[i].last_resort || !json_array_size(list)) && table[i].ask(input, &question))
                        json_array_append_new(list, question_json(&question, table[i].about));
                str_release(&question.text);
                str_release(&question.fallback);
        }
        return list;
}

static bool begins_with(const char *text, const char *word)
{
        const size_t len = strlen(word);

        return !strncasecmp(text, word, len) && !isalnum((unsigned char)text[len]);
}

enum questions_step questions_step(const char *answer)
{
        const char *at = answer + strspn(answer, " \t");

        return begins_with(at, "no") || begins_with(at, "drop") ? QUESTIONS_DROP : QUESTIONS_GO_ON;
}
