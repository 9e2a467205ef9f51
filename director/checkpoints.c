/* SPDX-License-Identifier: Apache-2.0 */
#include "director/checkpoints.h"

#include "director/director.h"
#include "director/facts.h"
#include "director/packet.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/fs_list.h"
#include "lib/base/json.h"
#include "lib/packet/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static bool is_vouched_for(const struct facts *facts, const char *name)
{
        const struct json_t *event;
        size_t i;

        json_array_foreach(facts->checkpoints, i, event)
        {
                char step[CHECKPOINT_NAME];

                packet_checkpoint_name(json_integer_value(json_object_get(event, "step")), step);
                if (strcmp(step, name) == 0)
                        return true;
        }
        return false;
}

static int list(int folder, struct strv *ret, struct err *err)
{
        _cleanup_dir_ DIR *dir = fs_list(openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        const struct dirent *entry;

        while ((entry = fs_list_next(dir)))
                strv_add(ret, entry->d_name);
        return !dir || errno ? err_errno(err, "list " CHECKPOINT_FOLDER) : 0;
}

int checkpoints_conclude(struct director *d, const struct facts *facts, struct strv *sums, struct err *err)
{
        const bool kept = d->outcome != OUTCOME_COMMITTED || (d->has_plan && d->plan.checkpoint.committed);
        _cleanup_fd_ int folder =
                kept ? openat(d->run_fd, CHECKPOINT_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
        _cleanup_strv_ struct strv names = {0};

        if (!kept)
                return fs_remove_tree_at(d->run_fd, CHECKPOINT_FOLDER, err);
        if (folder < 0)
                return errno == ENOENT ? 0 : err_errno(err, CHECKPOINT_FOLDER);
        if (list(folder, &names, err) < 0)
                return -1;
        for (size_t i = 0; i < names.len; i++) {
                _cleanup_free_ char *path = xasprintf(CHECKPOINT_FOLDER "/%s/SHA256SUMS", names.items[i]);

                if ((is_vouched_for(facts, names.items[i]) ? packet_sum_file(d->run_fd, path, sums, err)
                                                           : fs_remove_tree_at(folder, names.items[i], err)) < 0)
                        return -1;
        }
        return 0;
}
