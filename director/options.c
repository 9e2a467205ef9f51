/* SPDX-License-Identifier: Apache-2.0 */
/* One table of options; each value is checked where it could become a path. */
#include "director/options.h"

#include "lib/base/hash.h"

#include <stdbool.h>
#include <string.h>

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
        return strlen(value) == HASH_HEX - 1 && strspn(value, "0123456789abcdef") == HASH_HEX - 1;
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
        for (unsigned i = 0; word && i < DIRECTOR_MODE_COUNT; i++)
                if (strcmp(mode_words[i], word) == 0) {
                        *ret = (enum director_mode)i;
                        return 0;
                }
        return err_set(err, ERR_INPUT, "expected a mode (run, land, discard, recover) as the first argument");
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
        options.state = values[SLOT_STATE];
        options.cache = values[SLOT_CACHE];
        options.repository = values[SLOT_REPOSITORY];
        options.run = values[SLOT_RUN];
        options.snapshot = values[SLOT_SNAPSHOT];
        options.reason = values[SLOT_REASON];
        options.who = values[SLOT_WHO];
        *ret = options;
        return 0;
}
