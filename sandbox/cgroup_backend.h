/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_SANDBOX_CGROUP_BACKEND_H
#define CUPEL_SANDBOX_CGROUP_BACKEND_H

/* One row per hierarchy, in the order of preference: what a later one gives is only used where no earlier one does. */

#include "sandbox/cgroup.h"

struct cgroup_backend {
        int version;
        const char *controller; /* of version 1, as in /proc/self/cgroup; "" for version 2 */
        const char *mounts[2];  /* where it is mounted below CGROUP_ROOT, the first that fits */
        const char *mark;       /* a file that is in every folder of such a hierarchy */
        unsigned gives;         /* at best */
        void (*limit)(int step, unsigned gives, const struct cgroup_bounds *bounds);
        void (*read)(int step, unsigned gives, struct cgroup_usage *ret);
};

extern const struct cgroup_backend cgroup_backends[CGROUP_BACKENDS];

/* Version 2: hands the controllers on to the groups below `folder`; returns what those will give. */
unsigned cgroup_delegate(int folder);

bool cgroup_write(int folder, const char *file, const char *text);
/* The number after `key` in a file of `key number` lines; 0 where there is none. */
uint64_t cgroup_keyed(int folder, const char *file, const char *key);

#endif
