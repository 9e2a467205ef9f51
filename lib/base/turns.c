/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/turns.h"

#include <linux/sched.h>
#include <linux/sched/types.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LONG_NS 20000000
#define SHORT_NS 300000
#define USUAL_NS 0 /* the scheduler's own */

static void ask_for(uint64_t ns)
{
        struct sched_attr attr = {.size = sizeof(attr)};

        if (syscall(SYS_sched_getattr, 0, &attr, sizeof(attr), 0) < 0 || attr.sched_policy != SCHED_NORMAL)
                return; /* whoever chose another policy knows better */
        attr.sched_flags |= SCHED_FLAG_RESET_ON_FORK;
        attr.sched_runtime = ns;
        (void)syscall(SYS_sched_setattr, 0, &attr, 0);
}

void turns_long(void)
{
        ask_for(LONG_NS);
}

void turns_short(void)
{
        ask_for(SHORT_NS);
}

void turns_usual(void)
{
        ask_for(USUAL_NS);
}
