/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_GATES_ATTRIBUTES_H
#define CUPEL_POLICY_GATES_ATTRIBUTES_H

/*
 * What the .gitattributes files of the base say of a path (gitattributes(5)): the file of each folder on the way to it, the
 * deepest last, the last line that matches and names the attribute wins. Each file is read once. Without a reader, nothing is
 * said of anything. Macros ([attr]…) are not expanded; `binary` is what git has built in, and says nothing of what is asked here.
 *
 *         struct attributes attributes = {.read = judgement->read};
 *         const char *value = attributes_of(&attributes, "src/a.c", "whitespace");
 *         attributes_release(&attributes);
 */

#include "lib/base/str.h"

#include <stddef.h>

struct change_reader;
struct attribute_file;

struct attributes {
        const struct change_reader *read;
        struct attribute_file *files;
        size_t len;
        struct str value; /* of the answer */
};

/* "" where it is set, NULL where it is not named or unspecified (!name), "-" where it is unset, else its value. Until the next call. */
const char *attributes_of(struct attributes *attributes, const char *path, const char *name);
void attributes_release(struct attributes *attributes);

#define _cleanup_attributes_ __attribute__((cleanup(attributes_release)))

#endif
