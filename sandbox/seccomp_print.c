/* SPDX-License-Identifier: Apache-2.0 */
/* The table for people and for scripts: the same rows, with the numbers that the compiled programs use. */
#include "sandbox/seccomp.h"

#include "lib/base/json.h"

#include <errno.h>
#include <string.h>

static const char *const default_rule =
        "Allowed: what libseccomp 2.5.4 knows, minus this table. Unknown: ENOSYS. 32-bit and "
        "x32 calls: killed.";

static const char *error_name(int error)
{
        static const struct {
                int error;
                const char *name;
        } names[] = {{EPERM, "EPERM"},
                     {ENOSYS, "ENOSYS"},
                     {EACCES, "EACCES"},
                     {EAFNOSUPPORT, "EAFNOSUPPORT"},
                     {EPROTONOSUPPORT, "EPROTONOSUPPORT"},
                     {EOPNOTSUPP, "EOPNOTSUPP"}};

        for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
                if (names[i].error == error)
                        return names[i].name;
        return "refused";
}

static void action_text(const struct seccomp_rule *rule, char *ret, size_t size)
{
        const char *error = error_name(rule->error);

        switch (rule->action) {
        case SECCOMP_ALLOW:
                snprintf(ret, size, "allowed");
                break;
        case SECCOMP_REFUSE:
                snprintf(ret, size, "%s", error);
                break;
        case SECCOMP_ASK:
                snprintf(ret, size, "done for it");
                break;
        case SECCOMP_REFUSE_BITS:
                snprintf(ret, size, "%s if arg%u & 0x%x", error, rule->argument, rule->value);
                break;
        case SECCOMP_NEED_BITS:
                snprintf(ret, size, "%s unless arg%u & 0x%x", error, rule->argument, rule->value);
                break;
        case SECCOMP_REFUSE_VALUE:
                snprintf(ret, size, "%s if arg%u = 0x%x", error, rule->argument, rule->value);
                break;
        case SECCOMP_ONLY_VALUE:
                snprintf(ret, size, "%s unless arg%u = 0x%x", error, rule->argument, rule->value);
                break;
        }
}

static const char *where(const struct seccomp_rule *rule)
{
        static const struct {
                unsigned profiles;
                const char *text;
        } places[] = {{SECCOMP_IN_ALL, "everywhere"},
                      {SECCOMP_IN_PROGRAMS, "caged program"},
                      {SECCOMP_IN_WEAK, "tier D"},
                      {SECCOMP_IN(SECCOMP_EGRESS), "cupel-egress"},
                      {SECCOMP_IN_ALL & ~SECCOMP_IN_NETWORK, "not cupel-egress"},
                      {SECCOMP_IN(SECCOMP_WEAK_STEP), "tier D, steps"},
                      {SECCOMP_IN(SECCOMP_WEAK_PROGRAM), "tier D, caged program"}};

        for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
                if (places[i].profiles == rule->profiles)
                        return places[i].text;
        return "some";
}

static void print_number(FILE *out, int number)
{
        if (number < 0)
                fprintf(out, "%7s ", "-");
        else
                fprintf(out, "%7d ", number);
}

void seccomp_print(FILE *out)
{
        fprintf(out, "%s\n\n%-20s %7s %7s %-36s %-22s %s\n", default_rule, "call", "x86-64", "arm64", "action", "where",
                "reason");
        for (size_t row = 0; seccomp_table[row].name; row++) {
                const struct seccomp_rule *rule = &seccomp_table[row];
                char action[64];

                action_text(rule, action, sizeof(action));
                fprintf(out, "%-20s ", rule->name);
                print_number(out, seccomp_number(SECCOMP_X86_64, row));
                print_number(out, seccomp_number(SECCOMP_AARCH64, row));
                fprintf(out, "%-36s %-22s %s\n", action, where(rule), rule->reason);
        }
}

static json_t *json_number(enum seccomp_arch arch, size_t row)
{
        int number = seccomp_number(arch, row);

        return number < 0 ? json_null() : json_integer(number);
}

struct json_t *seccomp_to_json(void)
{
        json_t *rules = json_array();

        for (size_t row = 0; seccomp_table[row].name; row++) {
                const struct seccomp_rule *rule = &seccomp_table[row];
                char action[64];

                action_text(rule, action, sizeof(action));
                json_array_append_new(rules, json_pack("{s:s, s:o, s:o, s:s, s:s, s:s}", "name", rule->name, "x86_64",
                                                       json_number(SECCOMP_X86_64, row), "aarch64",
                                                       json_number(SECCOMP_AARCH64, row), "action", action, "where",
                                                       where(rule), "reason", rule->reason));
        }
        return json_pack("{s:s, s:o}", "default", default_rule, "rules", rules);
}
