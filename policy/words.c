/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/words.h"

#include "lib/base/fs.h"
#include "lib/base/glob.h"
#include "lib/base/ids.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *const risk_names[] = {"low", "medium", "high", "critical", NULL};
const char *const verifier_gate_names[] = {"self", "director", "both", NULL};
const char *const verifier_kind_names[] = {"test", "demo", NULL};
const char *const tier_names[] = {"A", "B", "C", "D", NULL};
const char *const meter_names[] = {"none", "anthropic", "openai", "gemini", NULL};
const char *const approval_before_names[] = {"none", "sentence", NULL};
const char *const approval_after_names[] = {"policy", "person", NULL};
const char *const failure_then_names[] = {"split", "ask", "drop", NULL};
const char *const checkout_dirty_names[] = {"allow", "refuse", NULL};
const char *const weekday_names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun", NULL};

int word_find(const char *const *words, const char *word)
{
        for (int i = 0; words[i]; i++)
                if (!strcmp(words[i], word))
                        return i;
        return -1;
}

static bool all_of(const char *text, const char *more)
{
        for (; *text; text++)
                if (!isalnum((unsigned char)*text) && !strchr(more, *text))
                        return false;
        return true;
}

const char *check_item_id(const char *text)
{
        size_t len = strlen(text);

        return len >= 1 && len <= ITEM_ID_MAX && all_of(text, "._-") ? NULL : "1 to 64 of A-Z a-z 0-9 . _ -";
}

const char *check_verifier_name(const char *text)
{
        return !check_item_id(text) && *text != '.' && *text != '-'
                       ? NULL
                       : "1 to 64 of A-Z a-z 0-9 . _ -, first a letter or digit";
}

const char *check_env_name(const char *text)
{
        size_t len = strlen(text);

        return len >= 1 && len <= 128 && all_of(text, "_") && !isdigit((unsigned char)*text)
                       ? NULL
                       : "the name of an environment variable";
}

const char *check_passed_env(const char *text)
{
        return strncmp(text, "CUPEL_", 6) == 0
                       ? "a variable other than cupel's own (CUPEL_…), which are never passed in"
                       : check_env_name(text);
}

const char *check_one_line(const char *text)
{
        return strpbrk(text, "\n\t") ? "one line of text" : NULL;
}

const char *check_command(const char *text)
{
        return text[strspn(text, " \t\n:")] ? NULL : "a shell command";
}

const char *check_glob(const char *text)
{
        size_t len = strlen(text);

        if (*text == '!')
                return "a glob without \"!\" (use deny for exceptions)";
        return len <= 1024 && !check_one_line(text) ? NULL : "a gitignore-style glob of one line";
}

/* "." or ".." between slashes, or nothing at all: git has no such path. */
static bool has_odd_component(const char *glob)
{
        for (const char *at = glob + (*glob == '/'); *at;) {
                const size_t len = strcspn(at, "/");

                if (len == 0 || (len <= 2 && strspn(at, ".") == len))
                        return true;
                at += len + (at[len] == '/');
        }
        return false;
}

static bool is_well_formed(const char *text)
{
        struct glob glob;
        bool valid;

        glob_compile(&glob, text);
        valid = glob.valid;
        glob_release(&glob);
        return valid;
}

const char *check_path_glob(const char *text)
{
        if (!*text || strcmp(text, "/") == 0)
                return "a glob like src/ or *.c (** is everything)";
        if (strncmp(text, "./", 2) == 0)
                return "a path from the top of the repository without \"./\": src/, not ./src/";
        if (strncmp(text, "~/", 2) == 0)
                return "a path from the top of the repository like src/: nothing else may change";
        if (has_odd_component(text))
                return "a path from the top of the repository like src/, without \".\", \"..\" or nothing between two "
                       "\"/\"";
        if (!is_well_formed(text))
                return "a glob whose \"[\" has its \"]\" ([a-c]*); the character itself is written \\[";
        return check_glob(text);
}

const char *check_publication(const char *text)
{
        static const char *const words[] = {"allowed", "person", "never"};

        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
                if (strcmp(text, words[i]) == 0)
                        return NULL;
        return "allowed, person or never";
}

const char *check_ref(const char *text)
{
        static const char expected[] = "the name of a branch";
        size_t len = strlen(text);

        if (!len || len > 200 || strpbrk(text, " ~^:?*[\\\n\t") || strstr(text, "..") || strstr(text, "@{") ||
            strstr(text, "//") || strstr(text, "/.") || strstr(text, ".lock/"))
                return expected;
        if (*text == '-' || *text == '/' || *text == '.' || text[len - 1] == '/' || text[len - 1] == '.' ||
            !strcmp(text, "@") || (len >= 5 && !strcmp(text + len - 5, ".lock")))
                return expected;
        return NULL;
}

/* As path_is_normal(), but people write a folder with a slash at its end, too. */
static bool plain_components(const char *text)
{
        const size_t len = strlen(text);

        return path_is_normal(text, len > 1 && text[len - 1] == '/' ? len - 1 : len);
}

const char *check_host_path(const char *text)
{
        static const char expected[] = "an absolute path or ~/…, without \".\", \"..\" and empty parts";

        if (check_one_line(text) || strlen(text) > 1024)
                return expected;
        if (!strcmp(text, "~") || !strcmp(text, "/"))
                return NULL; /* refused elsewhere, with the better reason */
        if (!strncmp(text, "~/", 2))
                return text[2] && plain_components(text + 2) ? NULL : expected;
        return *text == '/' && plain_components(text + 1) ? NULL : expected;
}

const char *check_file_path(const char *text)
{
        return *text && *text != '/' && strlen(text) <= 1024 && !check_one_line(text) && plain_components(text)
                       ? NULL
                       : "a path inside the repository, without \".\" and \"..\"";
}

const char *check_carry(const char *text)
{
        for (const char *at = text; *at; at += strcspn(at, "/") + (strchr(at, '/') != NULL))
                if (strcspn(at, "/") == 4 && !strncasecmp(at, ".git", 4))
                        return "a folder other than .git";
        if (strpbrk(text, ":,\\"))
                return "a folder without : , \\ in its name";
        return check_file_path(text);
}

const char *check_author(const char *text)
{
        static const char expected[] = "an author like \"Name <mail@example.org>\"";
        const char *open = strchr(text, '<'), *close = strchr(text, '>');

        if (!open || !close || open - text < 2 || open[-1] != ' ' || close <= open + 1 || close[1] ||
            check_one_line(text))
                return expected;
        return strchr(open + 1, '<') || memchr(open, ' ', (size_t)(close - open)) || strlen(text) > 200 ? expected
                                                                                                        : NULL;
}

static bool is_model(const char *text, const char *more)
{
        size_t len = strlen(text);

        for (const char *at = text; *at; at++)
                if (!isalnum((unsigned char)*at) && !strchr("._:/@+-", *at) && !strchr(more, *at))
                        return false;
        return len > 0 && len <= 200 && text[0] != '-'; /* in a command it would be an option */
}

const char *check_agent_choice(const char *text)
{
        size_t len = strcspn(text, ":");
        char name[65];

        if (len < sizeof(name)) {
                memcpy(name, text, len);
                name[len] = '\0';
                if (!check_verifier_name(name) && (!text[len] || is_model(text + len + 1, "")))
                        return NULL;
        }
        return "an agent's name, or NAME:MODEL";
}

const char *check_model(const char *text)
{
        return is_model(text, "") ? NULL : "a model's name of letters, digits and ._:/@+-, not - first";
}

const char *check_model_glob(const char *text)
{
        return is_model(text, "*") ? NULL : "a model's name of letters, digits and ._:/@+-, with * for any characters";
}

const char *check_exit_code(const char *text)
{
        char *end;
        long code = isdigit((unsigned char)*text) ? strtol(text, &end, 10) : 0;

        return code >= 1 && code <= 255 && !*end ? NULL : "an exit status from 1 to 255";
}
