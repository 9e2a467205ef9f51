/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a resumed run is made with beside the snapshot: its name, what it is to the run that it goes on from, and resumed/ in its
 * folder, from which the director makes the worktree's beginning (director/resumed.h). Objects are linked: they are read-only,
 * and the director checks every one of them again.
 */
#include "cli/launch_resume.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OBJECT_BYTES_MAX ((size_t)1 << 31)

/* The six digits at the end of a run's own name. */
static const char *digits_of(const char *run, char ret[7])
{
        const char *end = strstr(run, "_resume_");
        const size_t len = end ? (size_t)(end - run) : strlen(run);

        snprintf(ret, 7, "%.6s", len > 6 ? run + len - 6 : run);
        return ret;
}

void launch_resume_name(struct launch *launch)
{
        char digits[7];
        char *name = xasprintf("%s_resume_%s.%" PRId64, launch->run_id, digits_of(launch->resume->run, digits),
                               launch->resume->step);

        free(launch->run_id);
        launch->run_id = name;
}

void launch_resume_judge(struct launch *launch)
{
        struct launch_resume *resume = launch->resume;
        const bool same = strcmp(launch->identity, resume->parent_identity) == 0;

        resume->relation = same ? "continuation" : "fork";
        /* nobody gave it anything else: the machine has changed */
        if (!same && !resume->changed.len)
                strv_add(&resume->changed, "tools");
}

static int put_object(int from, int to, const char *path, struct err *err)
{
        _cleanup_str_ struct str bytes = {0};
        char fan[3];

        snprintf(fan, sizeof(fan), "%.2s", path);
        if (mkdirat(to, fan, 0700) < 0 && errno != EEXIST)
                return err_errno(err, "%s", fan);
        if (linkat(from, path, to, path, 0) == 0)
                return 0;
        if (fs_read_at(from, path, OBJECT_BYTES_MAX, &bytes, err) < 0)
                return -1;
        return fs_write_at(to, path, str_text(&bytes), bytes.len, 0444, err);
}

static int put_objects(const struct launch_resume *resume, int resumed, struct err *err)
{
        _cleanup_free_ char *path = xasprintf("%s/objects", resume->folder);
        _cleanup_fd_ int from = fs_open_dir(path, err);
        _cleanup_fd_ int to = from < 0 ? -1 : fs_mkdir_open_at(resumed, "objects", 0700, err);

        if (to < 0)
                return -1;
        for (size_t i = 0; i < resume->objects.len; i++)
                if (put_object(from, to, resume->objects.items[i], err) < 0)
                        return -1;
        return 0;
}

int launch_resume_furnish(const struct launch *launch, int run, struct err *err)
{
        const struct launch_resume *resume = launch->resume;
        _cleanup_fd_ int resumed = fs_mkdir_open_at(run, "resumed", 0700, err);
        _cleanup_json_ json_t *record =
                json_pack("{s:s, s:I, s:s, s:s*}", "run", resume->run, "step", (json_int_t)resume->step, "tree",
                          resume->tree, "state", resume->state[0] ? resume->state : NULL);
        _cleanup_free_ char *text = json_canonical(record);

        if (resumed < 0 || put_objects(resume, resumed, err) < 0)
                return -1;
        return fs_write_at(resumed, "resumed.json", text, strlen(text), 0444, err);
}

int launch_resume_record(const struct launch *launch, struct context *context, struct err *err)
{
        const struct launch_resume *resume = launch->resume;
        _cleanup_json_ json_t *data =
                json_pack("{s:s, s:I, s:s, s:s, s:s, s:s, s:o}", "run", resume->run, "step", (json_int_t)resume->step,
                          "tree", resume->tree, "relation", resume->relation, "identity", launch->identity,
                          "parent_identity", resume->parent_identity, "changed", json_from_strv(&resume->changed));

        return store_event_append(
                context->store,
                &(struct store_event){
                        .run = launch->run_id, .type = "receipt.resume", .actor = EVENT_ACTOR_SYSTEM, .data = data},
                NULL, err);
}

/*
 * Of a run that committed its item is done: who resumes that wants more than the item did, and no worker is in the way. The same
 * name may stand for other work by now.
 */
int launch_resume_take_item(struct launch *launch, struct context *context, const struct store_run *run,
                            struct err *err)
{
        _cleanup_store_queued_ struct store_queued row = {0};
        struct err none = ERR_INIT;

        if (!run->claim_epoch || run->phase == PHASE_COMMITTED)
                return 0;
        if (store_queue_get(context->store, run->item, &row, &none) < 0) {
                if (none.code == ERR_NOT_FOUND)
                        return 0;
                *err = none;
                return -1;
        }
        if (strcmp(row.sha256, run->item_sha256) != 0)
                return 0;
        if (store_queue_may_take(&row, err) < 0) {
                err->code = ERR_INPUT;
                return -1;
        }
        launch->resume->from_queue = true;
        return 0;
}
