/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/launch_keys.h"

#include "cli/context.h"
#include "cli/launch.h"
#include "lib/base/cleanup.h"
#include "lib/base/key_file.h"
#include "lib/base/sshsig.h"
#include "lib/packet/attest_key.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int keys_check(const struct context *context, bool commits, struct err *err)
{
        _cleanup_free_ char *folder = xasprintf("%s/keys", context->state_root);
        _cleanup_fd_ int keys = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (keys < 0)
                return errno == ENOENT ? 0 : err_errno(err, "open %s", folder);
        if ((commits && key_file_check(keys, COMMIT_KEY, "signing key", err) < 0) ||
            key_file_check(keys, ATTEST_KEY, "attestation key", err) < 0)
                return err_wrap(err, "%s", folder);
        return 0;
}

int launch_check_keys(struct launch *launch, const struct context *context, struct err *err)
{
        const bool commits = launch->plan.may_commit && launch->plan.commit.sign;
        char text[640];

        if (keys_check(context, commits, err) == 0)
                return 0;
        if (err->code != ERR_BLOCKED)
                return -1;
        err_text(err, text, sizeof(text));
        strv_add_printf(&launch->missing, "%s; then run again", text);
        launch_wait_for(launch, "keys %s", commits ? "commit" : "attest");
        *err = ERR_INIT;
        return 0;
}
