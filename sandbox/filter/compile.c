/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Build-time compiler of the system call table: prints a header with one BPF program per profile, for the ABI that it
 * runs on (libseccomp translates numbers from the native ABI, so calls without a name cannot be cross-compiled). It has no "else" for argument rules, so the complement of a set of refused values is spelled as masked prefixes.
 */
#include "sandbox/seccomp.h"

#include <errno.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NUMBERS_END 600
#define FAMILIES_END 64
#define LOW_32 0xffffffffu

static void must(int failed, const char *what)
{
        if (failed >= 0)
                return;
        fprintf(stderr, "seccomp compiler: %s: %s\n", what, strerror(-failed));
        exit(1);
}

static bool in_profile(const struct seccomp_rule *rule, enum seccomp_profile profile)
{
        return rule->from == SECCOMP_STEP || rule->from == profile;
}

static int number_of(const struct seccomp_rule *rule, uint32_t arch)
{
        return rule->number >= 0 ? rule->number : seccomp_syscall_resolve_name_arch(arch, rule->name);
}

/* Plain refusals win over argument rules: the caged program's table refuses whole calls that steps may use in part. */
static const struct seccomp_rule *rule_of(int number, uint32_t arch, enum seccomp_profile profile)
{
        const struct seccomp_rule *found = NULL;

        for (const struct seccomp_rule *rule = seccomp_table; rule->name; rule++) {
                if (!in_profile(rule, profile) || number_of(rule, arch) != number)
                        continue;
                if (!found || rule->action == SECCOMP_EPERM || rule->action == SECCOMP_ENOSYS)
                        found = rule;
        }
        return found;
}

static void add(scmp_filter_ctx ctx, uint32_t action, int number, unsigned argument, uint32_t mask, uint32_t value)
{
        struct scmp_arg_cmp compare = {argument, SCMP_CMP_MASKED_EQ, mask, value};
        int failed = seccomp_rule_add_array(ctx, action, number, 1, &compare);

        must(failed == -EEXIST ? 0 : failed, "argument rule");
}

static bool any_below(const uint32_t *values, size_t len, uint32_t mask, uint32_t prefix)
{
        for (size_t i = 0; i < len; i++)
                if ((values[i] & mask) == prefix)
                        return true;
        return false;
}

/* Allows every prefix that leads to none of the values; the walk is a binary trie from the highest bit. */
static void allow_except(scmp_filter_ctx ctx, int number, unsigned argument, const uint32_t *values, size_t len,
                         uint32_t mask, uint32_t prefix)
{
        uint32_t bit = mask ? (mask & -mask) >> 1 : 0x80000000u;

        if (!any_below(values, len, mask, prefix)) {
                add(ctx, SCMP_ACT_ALLOW, number, argument, mask, prefix);
                return;
        }
        if (!bit) {
                add(ctx, SCMP_ACT_ERRNO(EPERM), number, argument, LOW_32, prefix);
                return;
        }
        allow_except(ctx, number, argument, values, len, mask | bit, prefix);
        allow_except(ctx, number, argument, values, len, mask | bit, prefix | bit);
}

#define VALUES_MAX 8

static size_t collect(int number, uint32_t arch, enum seccomp_profile profile, uint32_t *values)
{
        size_t len = 0;

        for (const struct seccomp_rule *rule = seccomp_table; rule->name; rule++)
                if (in_profile(rule, profile) && number_of(rule, arch) == number && len < VALUES_MAX)
                        values[len++] = rule->value;
        return len;
}

static void refuse_bits(scmp_filter_ctx ctx, int number, const struct seccomp_rule *rule)
{
        add(ctx, SCMP_ACT_ALLOW, number, rule->argument, rule->value, 0);
        for (uint32_t bit = 1; bit; bit <<= 1)
                if (rule->value & bit)
                        add(ctx, SCMP_ACT_ERRNO(EPERM), number, rule->argument, bit, bit);
}

static void only_values(scmp_filter_ctx ctx, int number, const struct seccomp_rule *rule, const uint32_t *values,
                        size_t len)
{
        for (uint32_t family = 0; family < FAMILIES_END; family++) {
                bool allowed = any_below(values, len, LOW_32, family);

                add(ctx, allowed ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EAFNOSUPPORT), number, rule->argument, LOW_32,
                    family);
        }
}

static void add_rule(scmp_filter_ctx ctx, int number, uint32_t arch, enum seccomp_profile profile)
{
        const struct seccomp_rule *rule = rule_of(number, arch, profile);
        uint32_t values[VALUES_MAX];
        size_t len = collect(number, arch, profile, values);

        switch (rule ? rule->action : SECCOMP_ALLOW) {
        case SECCOMP_ALLOW:
                must(seccomp_rule_add(ctx, SCMP_ACT_ALLOW, number, 0), "allow");
                break;
        case SECCOMP_EPERM:
                must(seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), number, 0), rule->name);
                break;
        case SECCOMP_ENOSYS:
                break; /* as what is unknown */
        case SECCOMP_REFUSE_BITS:
                refuse_bits(ctx, number, rule);
                break;
        case SECCOMP_REFUSE_VALUE:
                allow_except(ctx, number, rule->argument, values, len, 0, 0);
                break;
        case SECCOMP_ONLY_VALUE:
                only_values(ctx, number, rule, values, len);
                break;
        }
}

static bool is_known(int number, uint32_t arch)
{
        char *name = seccomp_syscall_resolve_num_arch(arch, number);
        bool known = name != NULL;

        free(name);
        for (const struct seccomp_rule *rule = seccomp_table; rule->name && !known; rule++)
                known = rule->number == number;
        return known;
}

static scmp_filter_ctx compile(uint32_t arch, enum seccomp_profile profile)
{
        scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));

        if (!ctx)
                must(-ENOMEM, "init");
        must(seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS), "bad architecture");
        must(seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2), "optimise");
        for (int number = 0; number < NUMBERS_END; number++)
                if (is_known(number, arch))
                        add_rule(ctx, number, arch, profile);
        return ctx;
}

static void print_program(scmp_filter_ctx ctx, const char *name)
{
        FILE *file = tmpfile();
        struct sock_filter op;
        size_t count = 0;

        if (!file)
                must(-errno, "temporary file");
        must(seccomp_export_bpf(ctx, fileno(file)), "export");
        rewind(file);
        printf("static const struct sock_filter %s[] = {\n", name);
        for (; fread(&op, sizeof(op), 1, file) == 1; count++)
                printf("        {0x%x, %u, %u, 0x%x},\n", op.code, op.jt, op.jf, op.k);
        printf("};\n");
        fclose(file);
        if (count == 0 || count > BPF_MAXINSNS)
                must(-E2BIG, name);
}

int main(void)
{
        static const char *const names[SECCOMP_PROFILES] = {"filter_step", "filter_program"};

        printf("/* made from sandbox/seccomp_table.c by sandbox/filter/compile.c */\n");
        for (int profile = 0; profile < SECCOMP_PROFILES; profile++) {
                scmp_filter_ctx ctx = compile(seccomp_arch_native(), (enum seccomp_profile)profile);

                print_program(ctx, names[profile]);
                seccomp_release(ctx);
        }
        return 0;
}
