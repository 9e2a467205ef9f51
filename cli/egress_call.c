/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/egress_call.h"

#include "lib/base/channel.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/spawn.h"
#include "policy/network.h"
#include "sandbox/cage.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

struct json_t *egress_config_take(const struct launch *launch)
{
        const struct rlimit none = {0, 0};
        _cleanup_strv_ struct strv secrets = {0};
        json_t *config = launch_egress_config(launch);

        plan_route_variables(&launch->plan, &secrets);
        for (size_t i = 0; i < secrets.len; i++)
                unsetenv(secrets.items[i]);
        setrlimit(RLIMIT_CORE, &none);
        return config;
}

/* Nothing of the caller's environment: proxies of the machine, resolver options and loader settings are not its to follow. */
static int spawn_caged(int control_fd, int peer_fd, int output, pid_t *ret_pid, struct err *err)
{
        const struct cage_plan plan = {.network = true, .peer = true};
        _cleanup_free_ char *program = sibling_path("cupel-egress", err);
        char *argv[] = {program, NULL};
        char *envp[] = {(char *)"PATH=/usr/bin:/bin", NULL};

        if (!program)
                return -1;
        return cage_spawn(&(struct cage_start){&plan, argv, envp, control_fd, peer_fd, output, NULL}, ret_pid, err);
}

int egress_start(const struct json_t *config, const struct egress_places *places, int *ret_fd, pid_t *ret_pid,
                 struct err *err)
{
        struct channel channel;
        int pair[2], status;

        if (channel_pair(pair, err) < 0)
                return -1;
        channel_init(&channel, pair[0]);
        /* sent before it is there: the socket keeps it; what is larger than the socket waits for the reader */
        status = spawn_caged(pair[1], places->peer, places->output, ret_pid, err);
        close(pair[1]);
        if (status == 0)
                status = channel_send(&channel, config, NULL, 0, err);
        if (status < 0) {
                channel_release(&channel);
                return err_wrap(err, "the egress proxy");
        }
        *ret_fd = pair[0];
        return 0;
}
