/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/verifier_result.h"

#include <string.h>

enum when {
        NEVER,
        ALWAYS,
        BY_PLAN,
};

static const struct {
        const char *name;
        enum when blocks;
} results[] = {
#define X(result, word, blocks) [VERIFIER_##result] = {word, blocks},
        VERIFIER_RESULTS(X)
#undef X
};

const char *verifier_result_name(enum verifier_result result)
{
        return results[result].name;
}

bool verifier_result_blocks(enum verifier_result result, bool pre_existing_blocks)
{
        return results[result].blocks == ALWAYS || (results[result].blocks == BY_PLAN && pre_existing_blocks);
}

bool verifier_word_blocks(const char *word, bool pre_existing_blocks)
{
        for (unsigned i = 0; i < VERIFIER_RESULT_COUNT; i++)
                if (strcmp(results[i].name, word) == 0)
                        return verifier_result_blocks((enum verifier_result)i, pre_existing_blocks);
        return false;
}
