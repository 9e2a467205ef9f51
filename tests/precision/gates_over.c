/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks the gates of commits that exist, each against its parent, as a run would: for scripts/gate-precision.
 *
 *         gates-over REPOSITORY [POLICY.yaml] <IDS       "COMMIT<tab>GATE<tab>RULE<tab>LEVEL<tab>PATH<tab>LINE<tab>REASON", a line
 *                                                        for each finding; ids of commits from standard input
 */
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/git/diff.h"
#include "lib/git/repo.h"
#include "policy/plan.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compile(const char *policy_file, struct plan *plan, struct err *err)
{
        static const char item_text[] = "title: x\nverify: [{name: v, run: 'true'}]\nagent: {command: [a]}\n";
        const struct plan_options options = {.mood = KEY_UNSET};
        _cleanup_item_ struct work_item item;
        _cleanup_policy_ struct policy user, own, effective;
        _cleanup_str_ struct str text = {0};

        work_item_init(&item);
        policy_init(&user);
        policy_init(&own);
        policy_init(&effective);
        if (policy_file && fs_read_at(AT_FDCWD, policy_file, POLICY_BYTES_MAX, &text, err) < 0)
                return -1;
        if (text.len && policy_parse(text.data, text.len, policy_file, POLICY_FROM_OPTION, NULL, &own, err) < 0)
                return -1;
        if (work_item_parse(item_text, sizeof(item_text) - 1, "item", &item, err) < 0 ||
            policy_merge(NULL, &user, &own, &effective, err) < 0)
                return -1;
        return plan_compile(&item, &effective, &options, plan, err);
}

static void tell(const char *commit, const struct gate_report *report)
{
        for (size_t i = 0; i < report->len; i++) {
                const struct gate_finding *finding = &report->items[i];

                printf("%s\t%s\t%s\t%s\t%s\t%u\t%s\n", commit, gate_names[finding->gate],
                       finding->rule ? finding->rule : "-", gate_level_names[finding->level],
                       finding->path ? finding->path : "-", finding->line, finding->reason);
        }
        if (report->left_out)
                printf("%s\t-\tleft-out\twarn\t-\t0\t%zu more\n", commit, report->left_out);
}

static int judge(struct repo *repo, const struct plan *plan, const char *commit, struct err *err)
{
        _cleanup_free_ char *parent = xasprintf("%s^", commit);
        char base[GIT_HEX], old_tree[GIT_HEX], new_tree[GIT_HEX];
        _cleanup_changes_ struct change_list changes = {0};
        _cleanup_gates_ struct gate_report report = {0};
        struct change_trees trees = {.repo = repo, .old_tree = old_tree, .new_tree = new_tree};
        const struct change_reader reader = {.read = change_trees_read, .list = change_trees_list, .data = &trees};

        if (repo_resolve_commit(repo, parent, base, err) < 0 || repo_commit_tree(repo, base, old_tree, err) < 0 ||
            repo_commit_tree(repo, commit, new_tree, err) < 0 ||
            tree_changes_text(repo, old_tree, new_tree, &changes, err) < 0)
                return -1;
        gates_judge(plan, &changes, &reader, &report);
        change_trees_release(&trees);
        tell(commit, &report);
        return 0;
}

static int run(char **argv, struct err *err)
{
        _cleanup_repo_ struct repo *repo = NULL;
        _cleanup_free_ char *gitdir = NULL;
        _cleanup_plan_ struct plan plan;
        char line[256];

        plan_init(&plan);
        if (compile(argv[2], &plan, err) < 0 || git_start(err) < 0 || repo_discover(argv[1], &gitdir, err) < 0 ||
            repo_open(gitdir, &repo, err) < 0)
                return -1;
        while (fgets(line, sizeof(line), stdin)) {
                line[strcspn(line, "\n")] = '\0';
                if (*line && judge(repo, &plan, line, err) < 0)
                        return err_wrap(err, "commit %s", line);
        }
        return 0;
}

int main(int argc, char **argv)
{
        struct err err = ERR_INIT;

        if (argc != 2 && argc != 3) {
                fprintf(stderr, "usage: gates-over REPOSITORY [POLICY.yaml] <IDS\n");
                return 2;
        }
        if (run(argv, &err) == 0)
                return 0;
        fprintf(stderr, "gates-over: %s\n", err.message);
        return 1;
}
