/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/outside.h"

#include <stdlib.h>
#include <unistd.h>

#define INSIDE "/cupel/bin" /* where a step has the program itself: read-only there, and nothing that a host has */

int outside_check(const char *command, struct err *err)
{
        if (!getenv("CUPEL_NOTES") && access(INSIDE, F_OK) < 0)
                return 0;
        return err_set(
                err, ERR_INPUT,
                "`cupel %s` decides nothing inside a run: what it would change is kept outside of the sandbox, for a "
                "person there; ask with: cupel note request.help question=\"…\"",
                command);
}
