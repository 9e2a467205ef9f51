/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_FUZZ_SECTIONS_H
#define CUPEL_FUZZ_SECTIONS_H

/*
 * A folder of files as one input: each begins with a line "==> PATH <==" and ends before the next one. Paths that lead elsewhere, and
 * files that stand where another one does, are left out. tests/fuzz/pack makes such an input of a folder.
 */

#include "tests/fuzz/must.h"

#include <stddef.h>
#include <stdint.h>

struct section {
        char *path;
        const char *data;
        size_t len;
};

struct sections {
        struct section *items;
        size_t len;
};

void sections_read(struct sections *ret, const uint8_t *data, size_t size); /* borrows from `data` */
void sections_release(struct sections *sections);
struct section *sections_find(const struct sections *sections, const char *path);

/* Below `folder`, which is a descriptor. */
void sections_put(int folder, const char *path, const char *data, size_t len);
void sections_write(const struct sections *sections, int folder);

/* A private folder in memory where there is one, else in /tmp; sections_remove() takes it away. */
int sections_folder(char ret_path[64]);
void sections_remove(int folder, const char *path);

#endif
