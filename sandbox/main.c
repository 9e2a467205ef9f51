/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cupel-sandbox: one program, several roles. `cage` and `helper` are started by our own programs with descriptors in their
 * place (sandbox/cage.h, sandbox/helper.h); `probe` and `seccomp` are for people.
 */
#include "lib/base/json.h"
#include "sandbox/attach.h"
#include "sandbox/cage.h"
#include "sandbox/helper.h"
#include "sandbox/probe.h"
#include "sandbox/seccomp.h"

#include <stdio.h>
#include <string.h>

static int run_helper(int argc, char **argv)
{
        struct helper_options options = {.parent_pidfd = -1};

        if (argc != 1) {
                fprintf(stderr, "cupel-sandbox %s takes no arguments; its socket is descriptor 3\n", argv[0]);
                return 2;
        }
        return helper_main(3, &options);
}

static int run_seccomp(int argc, char **argv)
{
        if (argc > 1 && strcmp(argv[1], "--json") == 0) {
                _cleanup_json_ json_t *table = seccomp_to_json();

                json_dumpf(table, stdout, JSON_INDENT(2));
                putchar('\n');
        } else {
                seccomp_print(stdout);
        }
        return fflush(stdout) ? 70 : 0;
}

static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
        const char *help;
} roles[] = {
        {"cage", cage_main,
         "make the cage of a run, as the message on descriptor 3 says, and execute its program in it"},
        {"helper", run_helper, "run steps for the client on descriptor 3"},
        {"attach", attach_main, "stand between the terminal and a run's agent (descriptors: sandbox/attach.h)"},
        {"probe", probe_main, "try every layer of the sandbox; --json"},
        {"seccomp", run_seccomp, "print the table of system calls; --json"},
};

int main(int argc, char **argv)
{
        for (size_t i = 0; argc > 1 && i < sizeof(roles) / sizeof(*roles); i++)
                if (strcmp(roles[i].name, argv[1]) == 0)
                        return roles[i].run(argc - 1, argv + 1);
        fprintf(stderr, "usage: cupel-sandbox ROLE …\n");
        for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++)
                fprintf(stderr, "  %-8s %s\n", roles[i].name, roles[i].help);
        return 2;
}
