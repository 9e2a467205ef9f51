/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_GATES_MOVED_H
#define CUPEL_POLICY_GATES_MOVED_H

/*
 * The lines that a whole change takes away, whatever the file: what appears among the added ones only moved. Compared without the
 * blanks around them. Made when it is asked for the first time; the changes must stay as long.
 *
 *         struct moved moved = {.changes = changes};
 *         if (moved_has(&moved, text, len)) …
 *         moved_release(&moved);
 */

#include "lib/base/change.h"

#include <stdbool.h>

struct moved {
        const struct change_list *changes;
        const struct change_line **lines; /* sorted */
        size_t len;
        bool made;
};

bool moved_has(struct moved *moved, const char *text, size_t len); /* an empty line always is */
void moved_release(struct moved *moved);

#endif
