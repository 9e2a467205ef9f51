/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/candidate.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/git/diff.h"
#include "lib/git/quarantine.h"
#include "policy/plan.h"
#include "runner/outputs.h"

#include <string.h>
#include <sys/mman.h>

int candidate_open(struct candidate *candidate, const char *gitdir, struct err *err)
{
        if (git_start(err) < 0)
                return -1;
        return repo_open(gitdir, &candidate->repo, err);
}

int candidate_prepare(struct candidate *candidate, const char *base, const char *folder, struct err *err)
{
        if (repo_commit_tree(candidate->repo, base, candidate->base_tree, err) < 0)
                return err_wrap(err, "base %s", base);
        return quarantine_open(candidate->repo, folder, QUARANTINE_CREATE, &candidate->quarantine, err);
}

/* The digest of the patch as the packet will show it, without keeping the patch. */
static int digest_patch(struct candidate *candidate, struct err *err)
{
        _cleanup_fd_ int fd = memfd_create("patch", MFD_CLOEXEC);

        if (fd < 0)
                return err_errno(err, "memfd_create");
        if (tree_patch(quarantine_repo(candidate->quarantine), &candidate->changes, fd, CANDIDATE_PATCH_MAX,
                       &candidate->patch_complete, err) < 0)
                return -1;
        if (lseek(fd, 0, SEEK_SET) < 0)
                return err_errno(err, "lseek");
        return hash_fd(fd, candidate->patch_sha256, err);
}

static int judge(struct candidate *candidate, const struct plan *plan, struct err *err)
{
        struct change_trees trees = {.repo = quarantine_repo(candidate->quarantine),
                                     .old_tree = candidate->base_tree,
                                     .new_tree = candidate->readback.tree};
        const struct change_reader reader = {.read = change_trees_read, .list = change_trees_list, .data = &trees};

        if ((gates_need_text(plan) ? tree_changes_text : tree_changes)(trees.repo, trees.old_tree, trees.new_tree,
                                                                       &candidate->changes, err) < 0)
                return err_wrap(err, "comparing the candidate with its base");
        gates_judge(plan, &candidate->changes, &reader, &candidate->gates);
        change_trees_release(&trees);
        gate_report_hide(&candidate->gates, &candidate->changes);
        return 0;
}

int candidate_read(struct candidate *candidate, const struct plan *plan, const struct candidate_upper *upper,
                   struct err *err)
{
        const struct inside_options inside = {.base = upper->base, .lowers = upper->lowers};
        const struct readback_options options = {.base_tree = candidate->base_tree,
                                                 .outputs = plan->outputs.len ? &candidate->outputs : NULL,
                                                 .skip = plan->checkpoint.state};

        outputs_rules(plan, &candidate->outputs);
        inside_look(candidate->repo, upper->fd, &inside, &candidate->inside);
        if (readback_run(candidate->quarantine, upper->fd, &options, &candidate->readback, err) < 0)
                return err_wrap(err, "reading the worktree back");
        if (plan->outputs.len && outputs_copy(&candidate->outputs, &plan->budget, upper->fd, upper->folder, err) < 0)
                return err_wrap(err, "copying the outputs");
        if (candidate_is_refused(candidate) || candidate_is_empty(candidate))
                return 0;
        return judge(candidate, plan, err) < 0 ? -1 : digest_patch(candidate, err);
}

void candidate_release(struct candidate *candidate)
{
        gate_report_release(&candidate->gates);
        change_list_release(&candidate->changes);
        readback_release(&candidate->readback);
        inside_release(&candidate->inside);
        ignore_release(&candidate->outputs);
        quarantine_close(candidate->quarantine);
        repo_free(candidate->repo);
        *candidate = (struct candidate){0};
}

bool candidate_is_refused(const struct candidate *candidate)
{
        return candidate->readback.refusals.len > 0;
}

bool candidate_is_empty(const struct candidate *candidate)
{
        return strcmp(candidate->readback.tree, candidate->base_tree) == 0;
}

struct json_t *candidate_patch_receipt(const struct candidate *candidate)
{
        json_t *data = change_list_receipt(&candidate->changes, candidate->patch_sha256, candidate->readback.tree);

        json_object_update_new(data, json_pack("{s:s, s:b}", "base_tree", candidate->base_tree, "complete",
                                               candidate->patch_complete));
        return data;
}

struct json_t *candidate_gates_receipt(const struct candidate *candidate)
{
        _cleanup_strv_ struct strv reasons = {0};

        gate_report_reasons(&candidate->gates, &reasons);
        return json_pack("{s:s, s:o, s:o, s:s}", "decision", gate_report_blocks(&candidate->gates) ? "refuse" : "pass",
                         "reasons", json_from_strv(&reasons), "gates", gate_report_json(&candidate->gates), "by",
                         "self");
}
