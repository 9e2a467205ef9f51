/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_REFUSED_H
#define CUPEL_CLI_REFUSED_H

/*
 * Credentials that a provider refused (401, 403), so that no run tries one again before it was changed: per user, whichever
 * repository met it. One small file each, <state>/refused/<digest>, mode 0600, replaced as a whole; the digest is a keyed
 * fingerprint (cli/fingerprint.h) of the upstream and the headers as they would be sent. The value itself is never written.
 *
 *         char id[HASH_HEX];
 *         refused_id(state_root, route, id);                                    while its variables are in the environment
 *         if (refused_find(state_root, id, &refusal) == 1) …             before a run: refusal tells since when
 *         refused_remember(state_root, id, &refusal, err);               an upstream refused it
 *         refused_clear(state_root, id);                                 it was accepted
 *         refused_each(state_root, visit, arg, err);                     all of them: `cupel agents forget`, `cupel gc`
 *         refusal_release(&refusal);
 *
 * A route that sends no credential has the id "" and is never remembered. What cannot be read or is no such file counts as
 * none: the next answer writes it anew.
 */

#include "lib/base/err.h"
#include "lib/base/hash.h"
#include "policy/policy.h"

#include <time.h>

#define REFUSED_FORBIDDEN_S 3600 /* for so long a 403 is believed, which may be about a request; a 401 stays */

struct refusal {
        char *agent, *route, *upstream;
        char *variable; /* as route_variables() names them */
        char *time;     /* RFC 3339 */
        char *run;
        int64_t status;
};

void refusal_release(struct refusal *refusal);

void refused_id(const char *state_root, const struct route *route, char ret_id[HASH_HEX]);
int refused_remember(const char *state_root, const char *id, const struct refusal *refusal, struct err *err);
int refused_find(const char *state_root, const char *id, struct refusal *ret); /* 1, or 0: it is not */
void refused_clear(const char *state_root, const char *id);

/* `file` is its name below <state>/refused, for refused_remove(). A damaged file is visited with all texts "". */
typedef int refused_visit(void *arg, const char *file, const struct refusal *refusal, time_t written, struct err *err);
int refused_each(const char *state_root, refused_visit *visit, void *arg, struct err *err);
int refused_remove(const char *state_root, const char *file, struct err *err);

/* Of headers of which one is enough, the first whose variable is set stays; all do where none is. */
void route_choose_header(struct route *route);

/* "A", "A and B": the variables whose values a route sends. Owned by the caller; "" where there are none. */
char *route_variables(const struct route *route);

#define _cleanup_refusal_ __attribute__((cleanup(refusal_release)))

#endif
