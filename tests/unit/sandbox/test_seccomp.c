/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compiled filters, executed here for both architectures: what the kernel would answer to each row of the table, to what
 * is in no row, and to calls of another ABI. The answers that are expected are written down a second time, from the table's
 * own words, and for some calls by hand.
 */
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "sandbox/seccomp.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/socket.h>

#define ERRNO(error) (SECCOMP_RET_ERRNO | (unsigned)(error))
#define REST 0x7fff0001u /* a value that no rule names */

static const uint32_t abis[SECCOMP_ARCHES] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64};

/* The kernel's interpreter, as far as the compiler uses it. */
static uint32_t simulate(const struct sock_filter *ops, size_t len, const struct seccomp_data *data)
{
        uint32_t accumulator = 0;

        for (size_t at = 0; at < len; at++) {
                const struct sock_filter *op = &ops[at];

                switch (op->code) {
                case BPF_LD | BPF_W | BPF_ABS:
                        cr_assert_leq(op->k + 4, sizeof(*data));
                        memcpy(&accumulator, (const char *)data + op->k, 4);
                        break;
                case BPF_JMP | BPF_JEQ | BPF_K:
                        at += accumulator == op->k ? op->jt : op->jf;
                        break;
                case BPF_JMP | BPF_JGE | BPF_K:
                        at += accumulator >= op->k ? op->jt : op->jf;
                        break;
                case BPF_JMP | BPF_JSET | BPF_K:
                        at += accumulator & op->k ? op->jt : op->jf;
                        break;
                case BPF_ALU | BPF_AND | BPF_K:
                        accumulator &= op->k;
                        break;
                case BPF_RET | BPF_K:
                        return op->k;
                default:
                        cr_assert_fail("an operation that the compiler does not use: 0x%x", op->code);
                }
        }
        cr_assert_fail("the program ends without an answer");
        return 0;
}

static uint32_t ask(enum seccomp_arch arch, enum seccomp_profile profile, int number, unsigned argument, uint64_t value)
{
        struct seccomp_data data = {.nr = number, .arch = abis[arch]};
        const struct sock_filter *ops;
        size_t len;

        for (unsigned i = 0; i < 6; i++)
                data.args[i] = i == argument ? value : 0;
        ops = seccomp_program(arch, profile, &len);
        return simulate(ops, len, &data);
}

/* socketpair(AF_UNIX, type) on x86-64 */
static uint32_t ask_pair(enum seccomp_profile profile, int type)
{
        struct seccomp_data data = {.nr = 53, .arch = AUDIT_ARCH_X86_64, .args = {AF_UNIX, (uint64_t)type}};
        const struct sock_filter *ops;
        size_t len;

        ops = seccomp_program(SECCOMP_X86_64, profile, &len);
        return simulate(ops, len, &data);
}

static bool holds(size_t row, size_t for_row, enum seccomp_arch arch, enum seccomp_profile profile)
{
        return (seccomp_table[row].profiles & SECCOMP_IN(profile)) &&
               seccomp_number(arch, row) == seccomp_number(arch, for_row);
}

/* What the table says of a call whose argument is that, the others being 0. */
static uint32_t expected(enum seccomp_arch arch, enum seccomp_profile profile, size_t of, unsigned argument,
                         uint32_t value)
{
        const struct seccomp_rule *plain = NULL;

        for (size_t row = 0; seccomp_table[row].name; row++)
                if (holds(row, of, arch, profile) && SECCOMP_IS_PLAIN(seccomp_table[row].action))
                        plain = &seccomp_table[row];
        if (plain)
                return plain->action == SECCOMP_ALLOW ? SECCOMP_RET_ALLOW
                       : plain->action == SECCOMP_ASK ? SECCOMP_RET_USER_NOTIF
                                                      : ERRNO(plain->error);
        for (size_t row = 0; seccomp_table[row].name; row++) {
                const struct seccomp_rule *rule = &seccomp_table[row];
                uint32_t given = rule->argument == argument ? value : 0;
                bool named = false;

                if (!holds(row, of, arch, profile))
                        continue;
                if (rule->action == SECCOMP_REFUSE_BITS && (given & rule->value))
                        return ERRNO(rule->error);
                if (rule->action == SECCOMP_NEED_BITS && (given & rule->value) != rule->value)
                        return ERRNO(rule->error);
                if (rule->action == SECCOMP_REFUSE_VALUE && given == rule->value)
                        return ERRNO(rule->error);
                for (size_t other = 0; rule->action == SECCOMP_ONLY_VALUE && seccomp_table[other].name; other++)
                        named |= holds(other, of, arch, profile) && seccomp_table[other].argument == rule->argument &&
                                 seccomp_table[other].action == SECCOMP_ONLY_VALUE &&
                                 seccomp_table[other].value == given;
                if (rule->action == SECCOMP_ONLY_VALUE && !named)
                        return ERRNO(rule->error);
        }
        return SECCOMP_RET_ALLOW;
}

static void check_row(enum seccomp_arch arch, enum seccomp_profile profile, size_t row)
{
        const struct seccomp_rule *rule = &seccomp_table[row];
        const uint64_t values[] = {0, rule->value, rule->value | 0xdeadbeef00000000, REST, rule->value ^ 1u};
        int number = seccomp_number(arch, row);

        if (number < 0)
                return;
        for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
                for (unsigned argument = 0; argument < 6; argument++) {
                        uint32_t got = ask(arch, profile, number, argument, values[i]);

                        cr_expect_eq(got, expected(arch, profile, row, argument, (uint32_t)values[i]),
                                     "%s, arch %d, profile %d, argument %u = 0x%llx: 0x%x", rule->name, (int)arch,
                                     (int)profile, argument, (unsigned long long)values[i], got);
                }
}

Test(seccomp, each_row_is_what_the_program_answers)
{
        size_t rows = 0;

        for (int arch = 0; arch < SECCOMP_ARCHES; arch++)
                for (int profile = 0; profile < SECCOMP_PROFILES; profile++)
                        for (size_t row = 0; seccomp_table[row].name; row++, rows++)
                                check_row((enum seccomp_arch)arch, (enum seccomp_profile)profile, row);
        cr_assert_gt(rows, 1000);
}

Test(seccomp, what_nobody_knows_does_not_exist)
{
        for (int arch = 0; arch < SECCOMP_ARCHES; arch++)
                for (int profile = 0; profile < SECCOMP_PROFILES; profile++) {
                        /* 470 and up have rows of their own or none; 0x3fffffff is the last that is no x32 call */
                        for (int number = 472; number < 2000; number++)
                                cr_expect_eq(ask((enum seccomp_arch)arch, (enum seccomp_profile)profile, number, 0, 0),
                                             ERRNO(ENOSYS));
                        cr_expect_eq(ask((enum seccomp_arch)arch, (enum seccomp_profile)profile, 0x3fffffff, 0, 0),
                                     ERRNO(ENOSYS));
                }
        /* a number of the other architecture alone */
        cr_expect_eq(ask(SECCOMP_AARCH64, SECCOMP_STEP, 335, 0, 0), ERRNO(ENOSYS));
        cr_expect_eq(ask(SECCOMP_X86_64, SECCOMP_STEP, 335, 0, 0), ERRNO(ENOSYS));
}

Test(seccomp, other_abis_are_killed)
{
        const uint32_t others[] = {AUDIT_ARCH_I386, AUDIT_ARCH_ARM, AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64, 0};

        for (int arch = 0; arch < SECCOMP_ARCHES; arch++)
                for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
                        struct seccomp_data data = {.nr = 0, .arch = others[i]};
                        size_t len;
                        const struct sock_filter *ops = seccomp_program((enum seccomp_arch)arch, SECCOMP_STEP, &len);

                        if (others[i] != abis[arch])
                                cr_expect_eq(simulate(ops, len, &data), SECCOMP_RET_KILL_PROCESS);
                }
        cr_expect_eq(ask(SECCOMP_X86_64, SECCOMP_STEP, 0x40000000, 0, 0), SECCOMP_RET_KILL_PROCESS);
        cr_expect_eq(ask(SECCOMP_X86_64, SECCOMP_STEP, 0x40000000 | 520, 0, 0), SECCOMP_RET_KILL_PROCESS);
        /* what a tracer makes of a call that is not to happen */
        cr_expect_eq(ask(SECCOMP_X86_64, SECCOMP_STEP, -1, 0, 0), ERRNO(ENOSYS));
}

/* By hand, from the kernel's tables: unistd_64.h and asm-generic/unistd.h. */
static const struct {
        const char *what;
        int x86_64, aarch64;
        unsigned argument;
        uint64_t value;
        uint32_t step;
} known[] = {
        {"read", 0, 63, 0, 0, SECCOMP_RET_ALLOW},
        {"write", 1, 64, 0, 0, SECCOMP_RET_ALLOW},
        {"execve", 59, 221, 0, 0, SECCOMP_RET_ALLOW},
        {"clone thread", 56, 220, 0, 0x3d0f00, SECCOMP_RET_ALLOW},
        {"clone newuser", 56, 220, 0, 0x10000000, ERRNO(EPERM)},
        {"clone newcgroup, high bits", 56, 220, 0, 0xffffffff02000000, ERRNO(EPERM)},
        {"clone3", 435, 435, 0, 0, ERRNO(ENOSYS)},
        {"unshare", 272, 97, 0, 0, ERRNO(EPERM)},
        {"ptrace", 101, 117, 0, 0, ERRNO(EPERM)},
        {"mount", 165, 40, 0, 0, ERRNO(EPERM)},
        {"fchmod setuid", 91, 52, 1, 04755, ERRNO(EPERM)},
        {"fchmod", 91, 52, 1, 0755, SECCOMP_RET_ALLOW},
        {"fchmodat setgid", 268, 53, 2, 02755, ERRNO(EPERM)},
        {"fchmodat2 setuid", 452, 452, 2, 04755, ERRNO(EPERM)},
        {"fchmodat2", 452, 452, 2, 0755, SECCOMP_RET_ALLOW},
        {"ioctl TIOCSTI, high bits", 16, 29, 1, 0x100005412, ERRNO(EPERM)},
        {"ioctl TCGETS", 16, 29, 1, 0x5401, SECCOMP_RET_ALLOW},
        {"socket AF_INET", 41, 198, 0, 2, SECCOMP_RET_ALLOW},
        {"socket AF_ALG", 41, 198, 0, 38, ERRNO(EAFNOSUPPORT)},
        {"socketpair AF_TIPC", 53, 199, 0, 30, ERRNO(EAFNOSUPPORT)},
        {"fcntl F_SETLEASE", 72, 25, 1, 1024, ERRNO(EPERM)},
        {"fcntl F_SETDELEG", 72, 25, 1, 1040, ERRNO(EINVAL)},
        {"fcntl F_DUPFD_CLOEXEC", 72, 25, 1, 1030, SECCOMP_RET_ALLOW},
        {"personality READ_IMPLIES_EXEC", 135, 92, 0, 0x400000, ERRNO(EPERM)},
        {"personality query", 135, 92, 0, 0xffffffff, SECCOMP_RET_ALLOW},
        {"io_uring_setup", 425, 425, 0, 0, ERRNO(ENOSYS)},
        {"keyctl", 250, 219, 0, 0, ERRNO(EPERM)},
        {"statmount", 457, 457, 0, 0, ERRNO(ENOSYS)},
        {"mseal", 462, 462, 0, 0, SECCOMP_RET_ALLOW},
        {"setxattrat", 463, 463, 0, 0, SECCOMP_RET_ALLOW},
        {"file_setattr", 469, 469, 0, 0, ERRNO(ENOSYS)},
        {"listns", 470, 470, 0, 0, ERRNO(ENOSYS)},
};

Test(seccomp, calls_have_the_kernels_numbers)
{
        for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
                cr_expect_eq(ask(SECCOMP_X86_64, SECCOMP_STEP, known[i].x86_64, known[i].argument, known[i].value),
                             known[i].step, "%s on x86-64", known[i].what);
                cr_expect_eq(ask(SECCOMP_AARCH64, SECCOMP_STEP, known[i].aarch64, known[i].argument, known[i].value),
                             known[i].step, "%s on arm64", known[i].what);
        }
        /* SCTP over an allowed family: both arguments count */
        cr_expect_eq(ask(SECCOMP_X86_64, SECCOMP_PROGRAM, 41, 0, 1), ERRNO(EPERM));
        cr_expect_eq(ask(SECCOMP_X86_64, SECCOMP_WEAK_STEP, 41, 0, 1), ERRNO(EACCES));
        cr_expect_eq(ask(SECCOMP_X86_64, SECCOMP_WEAK_STEP, 53, 0, 1), SECCOMP_RET_ALLOW);
        /* datagrams go to whom they name: pairs of them only where no socket of the host can be named */
        cr_expect_eq(ask(SECCOMP_X86_64, SECCOMP_STEP, 53, 1, 0), ERRNO(EAFNOSUPPORT));
        cr_expect_eq(ask_pair(SECCOMP_STEP, SOCK_DGRAM), SECCOMP_RET_ALLOW);
        for (int profile = SECCOMP_PROGRAM; profile < SECCOMP_PROFILES; profile++) {
                cr_expect_eq(ask_pair((enum seccomp_profile)profile, SOCK_STREAM | SOCK_CLOEXEC), SECCOMP_RET_ALLOW);
                cr_expect_eq(ask_pair((enum seccomp_profile)profile, SOCK_SEQPACKET), SECCOMP_RET_ALLOW);
                cr_expect_eq(ask_pair((enum seccomp_profile)profile, SOCK_DGRAM | SOCK_NONBLOCK), ERRNO(EPROTOTYPE));
                cr_expect_eq(ask_pair((enum seccomp_profile)profile, SOCK_RAW), ERRNO(EPROTOTYPE));
        }
        /* a listener beside the keeper's */
        cr_expect_eq(ask(SECCOMP_X86_64, SECCOMP_STEP, 317, 1, 8), SECCOMP_RET_ALLOW);
        cr_expect_eq(ask(SECCOMP_X86_64, SECCOMP_WEAK_STEP, 317, 1, 0), SECCOMP_RET_ALLOW);
        cr_expect_eq(ask(SECCOMP_X86_64, SECCOMP_WEAK_STEP, 317, 1, 8 | 1), ERRNO(EPERM));
        cr_expect_eq(ask(SECCOMP_X86_64, SECCOMP_WEAK_STEP, 90, 1, 0755), SECCOMP_RET_USER_NOTIF);
        cr_expect_eq(ask(SECCOMP_X86_64, SECCOMP_WEAK_PROGRAM, 90, 1, 0755), ERRNO(EPERM));
}

Test(seccomp, a_protocol_is_refused_in_an_allowed_family)
{
        struct seccomp_data data = {.nr = 41, .arch = AUDIT_ARCH_X86_64, .args = {2, 5, 132}};
        size_t len;
        const struct sock_filter *ops = seccomp_program(SECCOMP_X86_64, SECCOMP_STEP, &len);

        cr_expect_eq(simulate(ops, len, &data), ERRNO(EPROTONOSUPPORT));
        data.args[2] = 6;
        cr_expect_eq(simulate(ops, len, &data), SECCOMP_RET_ALLOW);
}

Test(seccomp, the_table_tells_both_numbers)
{
        _cleanup_json_ json_t *table = seccomp_to_json();
        json_t *rules = json_object_get(table, "rules");
        json_t *first = json_array_get(rules, 0);

        cr_expect_str_eq(json_string_value(json_object_get(first, "name")), "clone");
        cr_expect_eq(json_integer_value(json_object_get(first, "x86_64")), 56);
        cr_expect_eq(json_integer_value(json_object_get(first, "aarch64")), 220);
        cr_expect_gt(json_array_size(rules), 100u);
}
