/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_IDS_H
#define CUPEL_BASE_IDS_H

/*
 * How long ids are as text. Digests of ours are lib/base/hash.h's. A run's id and an item's are [A-Za-z0-9._-], and are names of
 * folders and parts of a commit's trailers: each bound holds wherever such an id is taken from anybody.
 */

#define GIT_HEX 41     /* id of a git object: 40 hex digits and the NUL */
#define RUN_ID_MAX 200 /* bytes, without the NUL */
#define ITEM_ID_MAX 64 /* bytes, without the NUL */
#define SLUG_MAX 40    /* bytes of an item's id, or of its title, in the id of its run; without the NUL */

#endif
