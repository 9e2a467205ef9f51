/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/candidate.h"

#include "lib/base/cleanup.h"
#include "lib/base/event.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "policy/plan.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A repository with one file, and a plain folder in place of an overlay's upper. */
static char folder[] = "/tmp/cupel-candidate-XXXXXX";
static char gitdir[128], quarantine[128], base[GIT_HEX];
static int upper = -1;
static struct candidate candidate;
static struct plan plan;

static void sh(const char *command)
{
        _cleanup_free_ char *text = xasprintf("cd %s/repo && { %s; } >/dev/null", folder, command);

        cr_assert(system(text) == 0, "%s", command);
}

static void line_of(const char *command, char *ret, size_t size)
{
        _cleanup_free_ char *text = xasprintf("cd %s/repo && %s", folder, command);
        FILE *pipe = popen(text, "r");

        cr_assert(fgets(ret, (int)size, pipe) != NULL);
        pclose(pipe);
        ret[strcspn(ret, "\n")] = '\0';
}

static void setup(void)
{
        struct err err = ERR_INIT;
        _cleanup_free_ char *path = NULL;

        cr_assert(mkdtemp(folder) != NULL);
        path = xasprintf("%s/repo", folder);
        cr_assert(mkdir(path, 0700) == 0);
        setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
        sh("git init -q -b main . && echo one >a.txt && printf '*.o\\n' >.gitignore && git add -A && "
           "git -c user.name=t -c user.email=t@t commit -qm base");
        line_of("git rev-parse HEAD", base, sizeof(base));
        snprintf(gitdir, sizeof(gitdir), "%s/repo/.git", folder);
        snprintf(quarantine, sizeof(quarantine), "%s/quarantine", folder);
        free(steal_ptr(&path));
        path = xasprintf("%s/upper", folder);
        upper = fs_mkdir_open_at(AT_FDCWD, path, 0700, &err);
        plan_init(&plan);
        plan.worktree = WORKTREE_WRITE;
        plan.may_commit = 1;
        plan.budget.diff_files = 10;
        plan.budget.diff_lines = 100;
        for (int gate = 0; gate < GATE_COUNT; gate++)
                plan.gates[gate] = gate_default((enum gate)gate);
        cr_assert(candidate_open(&candidate, gitdir, &err) == 0, "%s", err.message);
        cr_assert(candidate_prepare(&candidate, base, quarantine, &err) == 0, "%s", err.message);
}

static void teardown(void)
{
        struct err err = ERR_INIT;

        candidate_release(&candidate);
        plan_release(&plan);
        close(upper);
        fs_remove_tree_at(AT_FDCWD, folder, &err);
}

static void put(const char *name, const char *text)
{
        struct err err = ERR_INIT;

        cr_assert(fs_write_at(upper, name, text, strlen(text), 0644, &err) == 0);
}

static void read_it(void)
{
        struct err err = ERR_INIT;

        cr_assert(candidate_read(&candidate, &plan, &(struct candidate_upper){.fd = upper, .base = base}, &err) == 0,
                  "%s", err.message);
}

Test(candidate, is_the_tree_that_git_would_write, .init = setup, .fini = teardown)
{
        char tree[GIT_HEX];

        put("a.txt", "two\n");
        put("b.txt", "new\n");
        put("junk.o", "ignored\n");
        read_it();
        sh("echo two >a.txt; echo new >b.txt; git add -A");
        line_of("git write-tree", tree, sizeof(tree));
        cr_assert(strcmp(candidate.readback.tree, tree) == 0);
        cr_assert(candidate.changes.len == 2);
        cr_assert(!candidate_is_empty(&candidate) && !candidate_is_refused(&candidate));
        cr_assert(!gate_report_blocks(&candidate.gates));
}

Test(candidate, its_receipts_fit_the_table_of_events, .init = setup, .fini = teardown)
{
        static const char *const types[] = {"receipt.patch", "receipt.policy.decision"};

        put("a.txt", "two\n");
        read_it();
        for (int i = 0; i < 2; i++) {
                _cleanup_json_ json_t *data =
                        i ? candidate_gates_receipt(&candidate) : candidate_patch_receipt(&candidate);
                struct err err = ERR_INIT;

                cr_assert(event_validate(event_type_find(types[i]), EVENT_ACTOR_RUNNER, data, &err) == 0, "%s",
                          err.message);
        }
}

Test(candidate, nothing_or_the_same_content_is_empty, .init = setup, .fini = teardown)
{
        put("a.txt", "one\n");
        put("junk.o", "ignored\n");
        read_it();
        cr_assert(candidate_is_empty(&candidate));
}

Test(candidate, a_nested_repository_is_refused, .init = setup, .fini = teardown)
{
        struct err err = ERR_INIT;
        int sub = fs_mkdir_open_at(upper, "sub", 0700, &err);

        cr_assert(mkdirat(sub, ".GIT", 0700) == 0);
        close(sub);
        read_it();
        cr_assert(candidate_is_refused(&candidate));
}

Test(candidate, a_denied_path_blocks, .init = setup, .fini = teardown)
{
        _cleanup_strv_ struct strv reasons = {0};

        strv_add(&plan.paths.deny, "a.txt");
        put("a.txt", "two\n");
        read_it();
        cr_assert(gate_report_blocks(&candidate.gates));
        gate_report_reasons(&candidate.gates, &reasons);
        cr_assert(reasons.len && strstr(reasons.items[0], "a.txt"));
}
