/* SPDX-License-Identifier: Apache-2.0 */
/* One table of options; each value is checked where it could become a path. */
#include "director/options.h"

#include "lib/base/hash.h"
#include "lib/base/ids.h"
#include "lib/base/str.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(number) TEXT_OF(number)
#define TEXT_OF(number) #number

static const char *const mode_words[] = {
#define X(mode, word, text) word,
        DIRECTOR_MODES(X)
#undef X
};

static int check_absolute(const char *value)
{
        return value[0] == '/';
}

static int check_run(const char *value)
{
        size_t len = strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

        return len > 0 && len <= 200 && value[len] == '\0' && value[0] != '.';
}

static int check_digest(const char *value)
{
        return hex_is(value, HASH_HEX);
}

static int check_object(const char *value)
{
        return hex_is(value, GIT_HEX);
}

static const char *const judge_words[] = {
#define X(judge, word) word,
        REPLAY_JUDGE(X)
#undef X
};

static int find_judge(const char *value)
{
        for (int i = 0; value && i < REPLAY_JUDGE_COUNT; i++)
                if (strcmp(judge_words[i], value) == 0)
                        return i;
        return -1;
}

static int check_judge(const char *value)
{
        return find_judge(value) >= 0;
}

static int check_jobs(const char *value)
{
        const size_t len = strspn(value, "0123456789");
        const unsigned long jobs = strtoul(value, NULL, 10);

        return len > 0 && len <= 2 && value[len] == '\0' && jobs >= 1 && jobs <= DIRECTOR_JOBS_MAX;
}

static int check_answer(const char *value)
{
        return strcmp(value, "yes") == 0 || strcmp(value, "no") == 0;
}

static int check_text(const char *value)
{
        return value[0] != '\0';
}

enum slot {
        SLOT_STATE,
        SLOT_CACHE,
        SLOT_REPOSITORY,
        SLOT_RUN,
        SLOT_SNAPSHOT,
        SLOT_OUTCOME,
        SLOT_REASON,
        SLOT_WHO,
        SLOT_TIMEOUT,
        SLOT_JOBS,
        SLOT_REUSE,
        SLOT_AHEAD,
        SLOT_LANDING_ONLY,
        SLOT_BASE,
        SLOT_TREE,
        SLOT_JUDGE,
        SLOT_HOST,
        SLOT_CARRY,
        SLOTS
};

static const struct {
        const char *name;
        int (*check)(const char *value);
        const char *expected;
        bool required;
} slots[SLOTS] = {
        [SLOT_STATE] = {"--state", check_absolute, "an absolute path", true},
        [SLOT_CACHE] = {"--cache", check_absolute, "an absolute path", true},
        [SLOT_REPOSITORY] = {"--repository", check_absolute, "an absolute path", true},
        [SLOT_RUN] = {"--run", check_run, "a run id", true},
        [SLOT_SNAPSHOT] = {"--snapshot", check_digest, "a SHA-256 in hex", false},
        [SLOT_OUTCOME] = {"--outcome", check_text, "the name of an outcome", false},
        [SLOT_REASON] = {"--reason", check_text, "a sentence", false},
        [SLOT_WHO] = {"--who", check_text, "a name", false},
        [SLOT_TIMEOUT] = {"--timeout", check_text, "a sentence", false},
        [SLOT_JOBS] = {"--jobs", check_jobs, "a number from 1 to " TEXT(DIRECTOR_JOBS_MAX), false},
        [SLOT_REUSE] = {"--reuse", check_answer, "yes or no", false},
        [SLOT_AHEAD] = {"--ahead", check_answer, "yes or no", false},
        [SLOT_LANDING_ONLY] = {"--landing-only", check_answer, "yes or no", false},
        [SLOT_BASE] = {"--base", check_object, "a commit's id", false},
        [SLOT_TREE] = {"--tree", check_object, "a tree's id", false},
        [SLOT_JUDGE] = {"--judge", check_judge, "director, self or marked", false},
        [SLOT_HOST] = {"--host", check_answer, "yes or no", false},
        [SLOT_CARRY] = {"--carry", check_answer, "yes or no", false},
};

static int find_slot(const char *word, enum slot *ret)
{
        for (enum slot slot = 0; slot < SLOTS; slot++)
                if (strcmp(slots[slot].name, word) == 0) {
                        *ret = slot;
                        return 0;
                }
        return -1;
}

static int parse_mode(const char *word, enum director_mode *ret, struct err *err)
{
        _cleanup_str_ struct str modes = {0};

        for (unsigned i = 0; word && i < DIRECTOR_MODE_COUNT; i++)
                if (strcmp(mode_words[i], word) == 0) {
                        *ret = (enum director_mode)i;
                        return 0;
                }
        for (unsigned i = 0; i < DIRECTOR_MODE_COUNT; i++)
                str_printf(&modes, "%s%s", i ? ", " : "", mode_words[i]);
        return err_set(err, ERR_INPUT, "expected a mode (%s) as the first argument", str_text(&modes));
}

static int parse_slots(int argc, char **argv, const char *values[SLOTS], struct err *err)
{
        enum slot slot;

        for (int i = 2; i < argc; i += 2) {
                if (find_slot(argv[i], &slot) < 0)
                        return err_set(err, ERR_INPUT, "unknown option %s", argv[i]);
                if (!argv[i + 1] || !slots[slot].check(argv[i + 1]))
                        return err_set(err, ERR_INPUT, "%s: expected %s", argv[i], slots[slot].expected);
                values[slot] = argv[i + 1];
        }
        for (slot = 0; slot < SLOTS; slot++)
                if (slots[slot].required && !values[slot])
                        return err_set(err, ERR_INPUT, "%s is missing", slots[slot].name);
        return 0;
}

static bool says_yes(const char *answer)
{
        return answer && strcmp(answer, "yes") == 0;
}

static int take_replay(struct director_options *options, const char *const values[SLOTS], struct director_options *ret,
                       struct err *err)
{
        static const enum slot needed[] = {SLOT_SNAPSHOT, SLOT_BASE, SLOT_TREE, SLOT_JUDGE};

        for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
                if (!values[needed[i]])
                        return err_set(err, ERR_INPUT, "replay: %s is missing", slots[needed[i]].name);
        options->base = values[SLOT_BASE];
        options->tree = values[SLOT_TREE];
        options->judge = (enum replay_judge)find_judge(values[SLOT_JUDGE]);
        options->closed = !says_yes(values[SLOT_HOST]);
        options->carries = says_yes(values[SLOT_CARRY]);
        options->no_reuse = true;
        *ret = *options;
        return 0;
}

int director_options_parse(int argc, char **argv, struct director_options *ret, struct err *err)
{
        const char *values[SLOTS] = {NULL};
        struct director_options options = {.outcome = OUTCOME_COUNT};

        if (parse_mode(argc > 1 ? argv[1] : NULL, &options.mode, err) < 0 || parse_slots(argc, argv, values, err) < 0)
                return -1;
        if (values[SLOT_OUTCOME] && outcome_from_name(values[SLOT_OUTCOME], &options.outcome) < 0)
                return err_set(err, ERR_INPUT, "--outcome: no such outcome: %s", values[SLOT_OUTCOME]);
        if (options.mode == DIRECTOR_DISCARD && options.outcome == OUTCOME_COUNT)
                return err_set(err, ERR_INPUT, "discard: --outcome is missing");
        if (options.outcome == OUTCOME_COMMITTED || options.outcome == OUTCOME_HELD)
                return err_set(err, ERR_INPUT, "discard: %s is no way to discard a run", values[SLOT_OUTCOME]);
        options.ahead = says_yes(values[SLOT_AHEAD]);
        if (options.ahead && options.mode != DIRECTOR_RUN)
                return err_set(err, ERR_INPUT, "--ahead is for the mode run");
        options.landing_only = says_yes(values[SLOT_LANDING_ONLY]);
        if (options.landing_only && options.mode != DIRECTOR_RECOVER)
                return err_set(err, ERR_INPUT, "--landing-only is for the mode recover");
        options.state = values[SLOT_STATE];
        options.cache = values[SLOT_CACHE];
        options.repository = values[SLOT_REPOSITORY];
        options.run = values[SLOT_RUN];
        options.snapshot = values[SLOT_SNAPSHOT];
        options.reason = values[SLOT_REASON];
        options.who = values[SLOT_WHO];
        options.timeout = values[SLOT_TIMEOUT];
        options.jobs = values[SLOT_JOBS] ? (unsigned)strtoul(values[SLOT_JOBS], NULL, 10) : 0;
        options.no_reuse = values[SLOT_REUSE] && strcmp(values[SLOT_REUSE], "no") == 0;
        if (options.mode == DIRECTOR_REPLAY)
                return take_replay(&options, values, ret, err);
        *ret = options;
        return 0;
}
