/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/launch_keys.h"

#include "cli/context.h"
#include "cli/launch.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/key_file.h"
#include "lib/base/p256.h"
#include "lib/base/sshsig.h"
#include "lib/packet/attest_key.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static const struct {
        const char *name;
        bool commits; /* it signs commits alone */
        int (*look)(int dirfd, const char *name, enum key_look look, struct err *err);
} keys[] = {{COMMIT_KEY, true, sshkey_look}, {ATTEST_KEY, false, p256_look}};

#define KEYS (sizeof(keys) / sizeof(keys[0]))

/* 1; 0: there are none yet. */
static int open_keys(const struct context *context, int *ret_dirfd, char **ret_folder, struct err *err)
{
        *ret_folder = xasprintf("%s/keys", context->state_root);
        *ret_dirfd = open(*ret_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (*ret_dirfd >= 0 || errno == ENOENT)
                return *ret_dirfd >= 0;
        err_errno(err, "the keys in %s cannot be looked at; it must be a folder of yours alone (mode 700)",
                  *ret_folder);
        err->code = ERR_BLOCKED;
        return -1;
}

int keys_check(const struct context *context, bool commits, struct err *err)
{
        _cleanup_free_ char *folder = NULL;
        _cleanup_fd_ int dirfd = -1;
        const int got = open_keys(context, &dirfd, &folder, err);

        if (got <= 0)
                return got;
        for (size_t i = 0; i < KEYS; i++)
                if ((commits || !keys[i].commits) && keys[i].look(dirfd, keys[i].name, KEY_FORM, err) < 0)
                        return err_wrap(err, "%s", folder);
        return 0;
}

static void add_fault(json_t *faults, const char *key, const struct err *err)
{
        char text[640];

        err_text(err, text, sizeof(text));
        json_array_append_new(faults, json_pack("{s:s, s:o}", "key", key, "fault", json_quoted(text)));
}

json_t *keys_faults(const struct context *context)
{
        _cleanup_free_ char *folder = NULL;
        struct err err = ERR_INIT;
        _cleanup_fd_ int dirfd = -1;
        const int got = open_keys(context, &dirfd, &folder, &err);
        json_t *faults = json_array();

        if (got < 0)
                add_fault(faults, "keys", &err);
        for (size_t i = 0; got > 0 && i < KEYS; i++) {
                err = ERR_INIT;
                if (keys[i].look(dirfd, keys[i].name, KEY_HALVES, &err) < 0) {
                        err_wrap(&err, "%s", folder);
                        add_fault(faults, keys[i].name, &err);
                }
        }
        return faults;
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
