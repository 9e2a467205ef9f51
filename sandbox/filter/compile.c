/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Build-time compiler of the system call table: prints a header with one BPF program per profile, for the ABI that it runs
 * on. libseccomp says which calls exist and what their numbers are; the program is ours, since calls with the same answer
 * lie side by side: a search tree over ranges of numbers is a fifth of the size of a rule for each, and a program is
 * checked and translated by the kernel anew for every step.
 *
 *         wrong ABI → kill;  x32 → kill;  tree over numbers → answer, or a test of one argument's low 32 bits
 */
#include "sandbox/seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define NUMBERS_END 600
#define VALUES_MAX 8
#define JUMP_MAX 255
#define X32_BIT 0x40000000u
#define SKIPPED_CALL 0xffffffffu /* what a tracer makes of a call that is not to happen */
#define REFUSE(error) (SECCOMP_RET_ERRNO | (uint32_t)(error))

#if defined(__x86_64__)
#define NATIVE_ABI AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ABI AUDIT_ARCH_AARCH64
#else
#error "no table for this architecture"
#endif

static void __attribute__((noreturn)) die(const char *what)
{
        fprintf(stderr, "seccomp compiler: %s\n", what);
        exit(1);
}

/* ---- What happens to a call ---- */

struct answer {
        uint32_t plain;                  /* SECCOMP_RET_…, where there is no argument to look at */
        const struct seccomp_rule *rule; /* else NULL */
};

static bool in_profile(const struct seccomp_rule *rule, enum seccomp_profile profile)
{
        return rule->profiles & (1u << profile);
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

static bool is_known(int number, uint32_t arch)
{
        char *name = seccomp_syscall_resolve_num_arch(arch, number);
        bool known = name != NULL;

        free(name);
        for (const struct seccomp_rule *rule = seccomp_table; rule->name && !known; rule++)
                known = rule->number == number;
        return known;
}

static struct answer answer_of(int number, uint32_t arch, enum seccomp_profile profile)
{
        const struct seccomp_rule *rule = rule_of(number, arch, profile);

        if (!is_known(number, arch))
                return (struct answer){REFUSE(ENOSYS), NULL};
        switch (rule ? rule->action : SECCOMP_ALLOW) {
        case SECCOMP_ALLOW:
                return (struct answer){SECCOMP_RET_ALLOW, NULL};
        case SECCOMP_EPERM:
                return (struct answer){REFUSE(EPERM), NULL};
        case SECCOMP_ENOSYS:
                return (struct answer){REFUSE(ENOSYS), NULL};
        case SECCOMP_REFUSE_BITS:
        case SECCOMP_REFUSE_VALUE:
        case SECCOMP_ONLY_VALUE:
        case SECCOMP_NEED_BITS:
                break;
        }
        return (struct answer){0, rule};
}

/* ---- The program ---- */

struct program {
        enum seccomp_profile profile;
        uint32_t arch;
        struct sock_filter ops[BPF_MAXINSNS];
        unsigned len;
        struct {
                int first; /* number from which on the answer holds */
                struct answer answer;
        } ranges[NUMBERS_END + 1];
        unsigned ranges_len;
};

static unsigned put(struct program *program, unsigned code, unsigned if_true, unsigned if_false, uint32_t value)
{
        if (program->len == BPF_MAXINSNS || if_true > JUMP_MAX || if_false > JUMP_MAX)
                die("the program is too long");
        program->ops[program->len] = (struct sock_filter){(uint16_t)code, (uint8_t)if_true, (uint8_t)if_false, value};
        return program->len++;
}

static void put_return(struct program *program, uint32_t action)
{
        put(program, BPF_RET | BPF_K, 0, 0, action);
}

static void load_argument(struct program *program, unsigned index)
{
        /* both ABIs are little-endian: the low half comes first */
        put(program, BPF_LD | BPF_W | BPF_ABS, 0, 0,
            (uint32_t)(offsetof(struct seccomp_data, args) + index * sizeof(uint64_t)));
}

/* One rule for each value: equal → `hit`, none → `miss`. */
static void put_values(struct program *program, int number, uint32_t hit, uint32_t miss)
{
        uint32_t values[VALUES_MAX];
        unsigned len = 0;

        for (const struct seccomp_rule *rule = seccomp_table; rule->name; rule++) {
                if (!in_profile(rule, program->profile) || number_of(rule, program->arch) != number)
                        continue;
                if (len == VALUES_MAX)
                        die("too many values for one call");
                values[len++] = rule->value;
        }
        for (unsigned i = 0; i < len; i++)
                put(program, BPF_JMP | BPF_JEQ | BPF_K, len - i, 0, values[i]);
        put_return(program, miss);
        put_return(program, hit);
}

static void put_answer(struct program *program, int number, const struct answer *answer)
{
        const struct seccomp_rule *rule = answer->rule;

        if (!rule) {
                put_return(program, answer->plain);
                return;
        }
        load_argument(program, rule->argument);
        if (rule->action == SECCOMP_REFUSE_BITS) {
                put(program, BPF_JMP | BPF_JSET | BPF_K, 1, 0, rule->value);
                put_return(program, SECCOMP_RET_ALLOW);
                put_return(program, REFUSE(EPERM));
        } else if (rule->action == SECCOMP_NEED_BITS) {
                put(program, BPF_ALU | BPF_AND | BPF_K, 0, 0, rule->value);
                put(program, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, rule->value);
                put_return(program, REFUSE(EPERM));
                put_return(program, SECCOMP_RET_ALLOW);
        } else if (rule->action == SECCOMP_REFUSE_VALUE) {
                put_values(program, number, REFUSE(EPERM), SECCOMP_RET_ALLOW);
        } else {
                put_values(program, number, SECCOMP_RET_ALLOW, REFUSE(EAFNOSUPPORT));
        }
}

static void put_tree(struct program *program, unsigned from, unsigned end)
{
        unsigned middle = from + (end - from) / 2, jump, size;

        if (end - from == 1) {
                put_answer(program, program->ranges[from].first, &program->ranges[from].answer);
                return;
        }
        jump = put(program, BPF_JMP | BPF_JGE | BPF_K, 0, 0, (uint32_t)program->ranges[middle].first);
        put_tree(program, from, middle);
        size = program->len - jump - 1;
        if (size > JUMP_MAX)
                die("a jump is too long");
        program->ops[jump].jt = (uint8_t)size;
        put_tree(program, middle, end);
}

static void find_ranges(struct program *program)
{
        for (int number = 0; number <= NUMBERS_END; number++) {
                struct answer answer = answer_of(number, program->arch, program->profile);
                const struct answer *last =
                        program->ranges_len ? &program->ranges[program->ranges_len - 1].answer : NULL;

                /* a call whose argument is looked at stands alone */
                if (last && !last->rule && !answer.rule && last->plain == answer.plain)
                        continue;
                program->ranges[program->ranges_len].first = number;
                program->ranges[program->ranges_len++].answer = answer;
        }
}

static void compile(struct program *program)
{
        find_ranges(program);
        put(program, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, arch));
        put(program, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, NATIVE_ABI);
        put_return(program, SECCOMP_RET_KILL_PROCESS);
        put(program, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
        put(program, BPF_JMP | BPF_JGE | BPF_K, 0, 2, X32_BIT);
        put(program, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, SKIPPED_CALL);
        put_return(program, SECCOMP_RET_KILL_PROCESS);
        put_tree(program, 0, program->ranges_len);
}

static void print_program(const struct program *program, const char *name)
{
        printf("static const struct sock_filter %s[] = {\n", name);
        for (unsigned i = 0; i < program->len; i++)
                printf("        {0x%x, %u, %u, 0x%x},\n", program->ops[i].code, program->ops[i].jt, program->ops[i].jf,
                       program->ops[i].k);
        printf("};\n");
}

int main(void)
{
        static const char *const names[SECCOMP_PROFILES] = {"filter_step", "filter_program", "filter_loading",
                                                            "filter_egress"};
        static struct program programs[SECCOMP_PROFILES];

        printf("/* made from sandbox/seccomp_table.c by sandbox/filter/compile.c */\n");
        for (int profile = 0; profile < SECCOMP_PROFILES; profile++) {
                programs[profile].profile = (enum seccomp_profile)profile;
                programs[profile].arch = seccomp_arch_native();
                compile(&programs[profile]);
                print_program(&programs[profile], names[profile]);
        }
        return 0;
}
