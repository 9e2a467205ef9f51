/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include <stddef.h>
#include <string.h>

static const struct command commands[] = {
#define X(name, needs, arguments, summary) {#name, cmd_##name, needs, arguments, summary},
        COMMANDS(X)
#undef X
};

const struct command *command_at(size_t index)
{
        return index < sizeof(commands) / sizeof(commands[0]) ? &commands[index] : NULL;
}

const struct command *command_find(const char *name)
{
        for (size_t i = 0; command_at(i); i++)
                if (strcmp(commands[i].name, name) == 0)
                        return &commands[i];
        return NULL;
}
