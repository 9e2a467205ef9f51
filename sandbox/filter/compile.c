/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Build-time compiler of the system call table: prints a header with the numbers of its rows and one BPF program per profile,
 * both for each architecture of ours, whichever it runs on. libseccomp says which calls exist and what their numbers are; the
 * program is ours, since calls with the same answer lie side by side: a search tree over ranges of numbers is a fifth of the
 * size of a rule for each, and a program is checked and translated by the kernel anew for every step.
 *
 *         wrong ABI → kill;  x32 → kill;  tree over numbers → answer, or tests of arguments' low 32 bits
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
#define JUMP_MAX 255
#define X32_BIT 0x40000000u
#define SKIPPED_CALL 0xffffffffu /* what a tracer makes of a call that is not to happen */
#define REFUSE(error) (SECCOMP_RET_ERRNO | (uint32_t)(error))

/* libseccomp's header defines its words for these architectures as the kernel's (linux/audit.h) */
static const struct {
        const char *name;
        uint32_t abi;
} arches[SECCOMP_ARCHES] = {
        [SECCOMP_X86_64] = {"x86_64", SCMP_ARCH_X86_64}, [SECCOMP_AARCH64] = {"aarch64", SCMP_ARCH_AARCH64}};

static void __attribute__((noreturn)) die(const char *what)
{
        fprintf(stderr, "seccomp compiler: %s\n", what);
        exit(1);
}

/* ---- What happens to a call ---- */

struct answer {
        uint32_t plain;                  /* SECCOMP_RET_…, where there is no argument to look at */
        const struct seccomp_rule *rule; /* else the first of its rules */
};

static int number_of(const struct seccomp_rule *rule, uint32_t abi)
{
        int number = rule->number >= 0 ? rule->number : seccomp_syscall_resolve_name_arch(abi, rule->name);

        /* a call of x86 alone is named by a number that means nothing elsewhere */
        if (rule->number >= 0 && rule->number < 400 && abi != SCMP_ARCH_X86_64)
                return -1;
        return number < 0 ? -1 : number;
}

static bool applies(const struct seccomp_rule *rule, int number, uint32_t abi, enum seccomp_profile profile)
{
        return (rule->profiles & SECCOMP_IN(profile)) && number_of(rule, abi) == number;
}

static const struct seccomp_rule *rule_of(int number, uint32_t abi, enum seccomp_profile profile)
{
        const struct seccomp_rule *found = NULL;

        for (const struct seccomp_rule *rule = seccomp_table; rule->name; rule++)
                if (applies(rule, number, abi, profile) && (!found || SECCOMP_IS_PLAIN(rule->action)))
                        found = rule;
        return found;
}

static bool is_known(int number, uint32_t abi)
{
        char *name = seccomp_syscall_resolve_num_arch(abi, number);
        bool known = name != NULL;

        free(name);
        for (const struct seccomp_rule *rule = seccomp_table; rule->name && !known; rule++)
                known = rule->number >= 0 && number_of(rule, abi) == number;
        return known;
}

static struct answer answer_of(int number, uint32_t abi, enum seccomp_profile profile)
{
        const struct seccomp_rule *rule = rule_of(number, abi, profile);

        if (!is_known(number, abi))
                return (struct answer){REFUSE(ENOSYS), NULL};
        if (!rule || rule->action == SECCOMP_ALLOW)
                return (struct answer){SECCOMP_RET_ALLOW, NULL};
        if (rule->action == SECCOMP_REFUSE)
                return (struct answer){REFUSE(rule->error), NULL};
        if (rule->action == SECCOMP_ASK)
                return (struct answer){SECCOMP_RET_USER_NOTIF, NULL};
        return (struct answer){0, rule};
}

/* ---- The program ---- */

struct program {
        enum seccomp_profile profile;
        uint32_t abi;
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

/* The allowed values of one argument: none → the error, one → what follows. */
static void put_only(struct program *program, const struct seccomp_rule *first, int number)
{
        unsigned left = 0;

        for (const struct seccomp_rule *rule = first; rule->name; rule++)
                left += applies(rule, number, program->abi, program->profile) && rule->action == SECCOMP_ONLY_VALUE &&
                        rule->argument == first->argument;
        load_argument(program, first->argument);
        for (const struct seccomp_rule *rule = first; rule->name; rule++)
                if (applies(rule, number, program->abi, program->profile) && rule->action == SECCOMP_ONLY_VALUE &&
                    rule->argument == first->argument)
                        put(program, BPF_JMP | BPF_JEQ | BPF_K, left--, 0, rule->value);
        put_return(program, REFUSE(first->error));
}

static bool is_first_only(const struct program *program, const struct seccomp_rule *rule, int number)
{
        for (const struct seccomp_rule *earlier = seccomp_table; earlier < rule; earlier++)
                if (applies(earlier, number, program->abi, program->profile) && earlier->action == SECCOMP_ONLY_VALUE &&
                    earlier->argument == rule->argument)
                        return false;
        return true;
}

static void put_answer(struct program *program, int number, const struct answer *answer)
{
        if (!answer->rule) {
                put_return(program, answer->plain);
                return;
        }
        for (const struct seccomp_rule *rule = seccomp_table; rule->name; rule++) {
                bool bits = rule->action == SECCOMP_REFUSE_BITS;

                if (!applies(rule, number, program->abi, program->profile))
                        continue;
                if (rule->action == SECCOMP_ONLY_VALUE) {
                        if (is_first_only(program, rule, number))
                                put_only(program, rule, number);
                        continue;
                }
                load_argument(program, rule->argument);
                if (rule->action == SECCOMP_NEED_BITS) {
                        put(program, BPF_ALU | BPF_AND | BPF_K, 0, 0, rule->value);
                        put(program, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, rule->value);
                } else {
                        put(program, BPF_JMP | (bits ? BPF_JSET : BPF_JEQ) | BPF_K, 0, 1, rule->value);
                }
                put_return(program, REFUSE(rule->error));
        }
        put_return(program, SECCOMP_RET_ALLOW);
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
                struct answer answer = answer_of(number, program->abi, program->profile);
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
        put(program, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, program->abi);
        put_return(program, SECCOMP_RET_KILL_PROCESS);
        put(program, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
        put(program, BPF_JMP | BPF_JGE | BPF_K, 0, 2, X32_BIT);
        put(program, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, SKIPPED_CALL);
        put_return(program, SECCOMP_RET_KILL_PROCESS);
        put_tree(program, 0, program->ranges_len);
}

/* ---- The header ---- */

static void print_program(const struct program *program, const char *arch)
{
        printf("static const struct sock_filter filter_%s_%d[] = {\n", arch, (int)program->profile);
        for (unsigned i = 0; i < program->len; i++)
                printf("        {0x%x, %u, %u, 0x%x},\n", program->ops[i].code, program->ops[i].jt, program->ops[i].jf,
                       program->ops[i].k);
        printf("};\n");
}

static void print_arch(enum seccomp_arch arch)
{
        for (int profile = 0; profile < SECCOMP_PROFILES; profile++) {
                struct program *program = calloc(1, sizeof(*program));

                if (!program)
                        die("out of memory");
                program->profile = (enum seccomp_profile)profile;
                program->abi = arches[arch].abi;
                compile(program);
                print_program(program, arches[arch].name);
                free(program);
        }
        printf("static const short numbers_%s[] = {", arches[arch].name);
        for (const struct seccomp_rule *rule = seccomp_table; rule->name; rule++)
                printf("%d, ", number_of(rule, arches[arch].abi));
        printf("};\n");
}

int main(void)
{
        printf("/* made from sandbox/seccomp_table.c by sandbox/filter/compile.c */\n");
        for (int arch = 0; arch < SECCOMP_ARCHES; arch++)
                print_arch((enum seccomp_arch)arch);
        return 0;
}
