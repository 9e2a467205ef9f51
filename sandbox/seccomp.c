/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/seccomp.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include "seccomp_filter.h"

int seccomp_apply(enum seccomp_profile profile, struct err *err)
{
        static const struct sock_fprog programs[SECCOMP_PROFILES] = {
                [SECCOMP_STEP] = {sizeof(filter_step) / sizeof(*filter_step), (struct sock_filter *)filter_step},
                [SECCOMP_PROGRAM] = {sizeof(filter_program) / sizeof(*filter_program),
                                     (struct sock_filter *)filter_program},
                [SECCOMP_LOADING] = {sizeof(filter_loading) / sizeof(*filter_loading),
                                     (struct sock_filter *)filter_loading},
                [SECCOMP_EGRESS] = {sizeof(filter_egress) / sizeof(*filter_egress),
                                    (struct sock_filter *)filter_egress},
        };

        if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &programs[profile], 0, 0) < 0)
                return err_errno(err, "seccomp filter; the kernel needs CONFIG_SECCOMP_FILTER");
        return 0;
}

void seccomp_print(FILE *out)
{
        static const char *const actions[] = {
                "allowed", "EPERM", "ENOSYS", "EPERM with bits", "EPERM with", "only with", "EPERM without bits"};
        static const char *const whose[1u << SECCOMP_PROFILES] = {
                [1u << SECCOMP_PROGRAM] = " (caged program)",
                [1u << SECCOMP_EGRESS] = " (egress proxy)",
                [1u << SECCOMP_STEP | 1u << SECCOMP_PROGRAM] = " (step, caged program)",
                [(1u << SECCOMP_PROFILES) - 1 - (1u << SECCOMP_EGRESS)] = " (all but egress proxy)",
        };

        fprintf(out, "Allowed: what libseccomp 2.5 knows, minus this table. Unknown: ENOSYS. 32-bit and x32 calls: "
                     "killed.\n");
        for (const struct seccomp_rule *rule = seccomp_table; rule->name; rule++) {
                fprintf(out, "%-20s %s", rule->name, actions[rule->action]);
                if (rule->action >= SECCOMP_REFUSE_BITS)
                        fprintf(out, " 0x%x in argument %u", rule->value, rule->argument);
                fprintf(out, ": %s%s\n", rule->reason, whose[rule->profiles] ? whose[rule->profiles] : "");
        }
}
