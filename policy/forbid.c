/* SPDX-License-Identifier: Apache-2.0 */
/* The table of forbidden words. What makes an attempt visible is in docs/sandbox.md, "What is tried, and told". */
#include "policy/forbid.h"

#include "lib/base/cleanup.h"
#include "lib/base/ignore.h"
#include "policy/plan.h"
#include "policy/risk.h"

#include <string.h>

/* ---- what a mechanism depends on ---- */

static bool no_network(const struct plan *plan)
{
        return !plan_has_network(plan);
}

static bool only_routes(const struct plan *plan)
{
        return plan->sandbox.network.allow.len == 0;
}

static bool secrets_block(const struct plan *plan)
{
        return plan->gates[GATE_SECRETS] == (int)GATE_BLOCK;
}

static bool tests_block(const struct plan *plan)
{
        return plan->gates[GATE_TEST_TAMPER] == (int)GATE_BLOCK;
}

/* ---- what the gate looks for ---- */

static bool is_deleted(const struct forbid_look *look, const struct change *change)
{
        (void)look;
        return change->kind == CHANGE_DELETED;
}

static bool is_added(const struct forbid_look *look, const struct change *change)
{
        (void)look;
        return change->kind == CHANGE_ADDED;
}

/* With its content unchanged: a file that moves and changes is a deletion and a new file. */
static bool is_moved(const struct forbid_look *look, const struct change *change)
{
        if (change->kind != CHANGE_DELETED)
                return false;
        for (size_t i = 0; i < look->changes->len; i++)
                if (look->changes->items[i].kind == CHANGE_ADDED &&
                    strcmp(look->changes->items[i].new_id, change->old_id) == 0)
                        return true;
        return false;
}

static bool is_binary(const struct forbid_look *look, const struct change *change)
{
        (void)look;
        return change->binary && change->kind != CHANGE_DELETED;
}

static bool is_link(const struct forbid_look *look, const struct change *change)
{
        (void)look;
        return change->new_mode == 0120000;
}

static bool is_submodule(const struct forbid_look *look, const struct change *change)
{
        (void)look;
        return change->old_mode == 0160000 || change->new_mode == 0160000 || strcmp(change->path, ".gitmodules") == 0;
}

/* A new file that can be executed counts too. */
static bool sets_mode(const struct forbid_look *look, const struct change *change)
{
        (void)look;
        return change->new_mode && change->old_mode != change->new_mode &&
               (change->old_mode || change->new_mode == 0100755);
}

static bool is_dependency(const struct forbid_look *look, const struct change *change)
{
        (void)look;
        return risk_dependencies(change) != NULL;
}

static bool is_under(const struct change *change, const char *const *globs)
{
        _cleanup_ignore_ struct ignore rules = {0};

        for (; *globs; globs++)
                ignore_add(&rules, "", *globs);
        return ignore_covers(&rules, change->path, false);
}

static bool is_test(const struct forbid_look *look, const struct change *change)
{
        _cleanup_ignore_ struct ignore rules = {0};

        for (size_t i = 0; i < look->plan->paths.tests.len; i++)
                ignore_add(&rules, "", look->plan->paths.tests.items[i]);
        return ignore_covers(&rules, change->path, false);
}

static bool is_ci(const struct forbid_look *look, const struct change *change)
{
        static const char *const globs[] = {"/.github/workflows/",  "/.github/actions/",
                                            "/.gitlab-ci.yml",      "/.gitlab/ci/",
                                            "/.circleci/",          "/.travis.yml",
                                            "/.drone.yml",          "/.woodpecker.yml",
                                            "/.woodpecker/",        "/.buildkite/",
                                            "/.forgejo/workflows/", "/.gitea/workflows/",
                                            "/azure-pipelines.yml", "/bitbucket-pipelines.yml",
                                            "/appveyor.yml",        "/cloudbuild.yaml",
                                            "Jenkinsfile",          NULL};

        (void)look;
        return is_under(change, globs);
}

static bool is_migration(const struct forbid_look *look, const struct change *change)
{
        static const char *const globs[] = {"migrations/", "migrate/", "alembic/versions/", NULL};

        (void)look;
        return is_under(change, globs);
}

static bool is_document(const struct forbid_look *look, const struct change *change)
{
        static const char *const globs[] = {"docs/",    "doc/",       "*.md",     "*.rst",    "*.adoc",   "README*",
                                            "CHANGES*", "CHANGELOG*", "COPYING*", "LICENSE*", "LICENCE*", NULL};

        (void)look;
        return is_under(change, globs);
}

static bool is_license(const struct forbid_look *look, const struct change *change)
{
        static const char *const globs[] = {"COPYING*", "LICENSE*", "LICENCE*", "LICENSES/", "NOTICE*", NULL};

        (void)look;
        return is_under(change, globs);
}

static bool is_anything(const struct forbid_look *look, const struct change *change)
{
        (void)look;
        (void)change;
        return true;
}

/* ---- the table ---- */

#define TOLD "an attempt is on record"
#define OUT_OF_REACH                                                                                                   \
        "the repository's refs and objects are out of the sandbox's reach; only the director commits; " TOLD
#define CANNOT "the sandbox has no network"
#define ROUTES_ONLY "the sandbox reaches nothing but what the agent's credential routes allow; " TOLD
#define BY_GATE "the gate forbid refuses a result that does it"

#define BY_CAGE(word_, mechanism_)                                                                                     \
        {                                                                                                              \
                .word = (word_), .mechanism = (mechanism_)                                                             \
        }
#define BY_NETWORK(word_, mechanism_)                                                                                  \
        {                                                                                                              \
                .word = (word_), .mechanism = (mechanism_), .holds = no_network, .otherwise = ROUTES_ONLY,             \
                .holds_otherwise = only_routes                                                                         \
        }
#define GATE_WORD(word_, hits_, finding_, tell_)                                                                       \
        {                                                                                                              \
                .word = (word_), .mechanism = BY_GATE, .hits = (hits_), .finding = (finding_), .tell = (tell_)         \
        }

#define NO_REMOTE CANNOT ", its repository no remote; " TOLD

static const struct forbid_word words[] = {
        BY_CAGE("commit", OUT_OF_REACH),
        BY_CAGE("amend", OUT_OF_REACH),
        BY_CAGE("merge", OUT_OF_REACH),
        BY_CAGE("rebase", OUT_OF_REACH),
        BY_CAGE("cherry_pick", OUT_OF_REACH),
        BY_CAGE("reset", OUT_OF_REACH),
        BY_CAGE("stash", OUT_OF_REACH),
        BY_CAGE("tag", OUT_OF_REACH),
        BY_CAGE("branch", OUT_OF_REACH),
        BY_CAGE("rewrite_history", OUT_OF_REACH),
        BY_CAGE("git_config", "the repository's configuration is out of the sandbox's reach; " TOLD),
        BY_CAGE("hooks", "no hook of the repository ever runs outside the sandbox; " TOLD),
        BY_NETWORK("push", NO_REMOTE),
        BY_NETWORK("force_push", NO_REMOTE),
        BY_NETWORK("fetch", NO_REMOTE),
        BY_NETWORK("pull", NO_REMOTE),
        BY_NETWORK("clone", CANNOT),
        BY_NETWORK("pr_open", CANNOT),
        BY_NETWORK("pr_merge", CANNOT),
        BY_NETWORK("pr_comment", CANNOT),
        BY_NETWORK("issue", CANNOT),
        BY_NETWORK("comment", CANNOT),
        BY_NETWORK("email", CANNOT),
        BY_NETWORK("deploy", CANNOT),
        BY_NETWORK("publish", CANNOT),
        BY_NETWORK("release", CANNOT),
        BY_NETWORK("upload", CANNOT),
        BY_NETWORK("download", CANNOT),
        /* the routes are network too */
        {.word = "network", .mechanism = CANNOT, .holds = no_network},
        BY_CAGE("install", "what a run installs is thrown away with it: the host's folders are read-only or not there"),
        BY_CAGE("host_files",
                "outside of the worktree everything is read-only, not there, or thrown away with the run"),
        BY_CAGE("home", "the home folder inside is an empty one of the run's own"),
        BY_CAGE("credentials", "secret folders are not shown, and of the environment only what the policy lists"),
        BY_CAGE("ssh", "no ~/.ssh and no agent's socket is shown inside"),
        BY_CAGE("containers", "no socket of the host and no /run is shown inside, and no new namespaces can be made"),
        BY_CAGE("docker", "no socket of the host and no /run is shown inside, and no new namespaces can be made"),
        BY_CAGE("kill", "the sandbox sees no process but its own"),
        BY_CAGE("background", "everything that a run started ends with it"),
        BY_CAGE("services", "everything that a run started ends with it; no socket of the host's manager is shown"),
        BY_CAGE("cron", "everything that a run started ends with it; the host's folders are read-only or not there"),
        BY_CAGE("sudo", "no capabilities, no_new_privs"),
        BY_CAGE("mount", "no capabilities, and the filter of system calls refuses it"),
        BY_CAGE("approve", "the store of approvals is out of the sandbox's reach; events that claim one are refused"),
        {.word = "secrets", .mechanism = "the gate secrets refuses credentials in the result", .holds = secrets_block},
        {.word = "weaken_tests", .mechanism = "the gate test_tamper refuses weakened tests", .holds = tests_block},
        GATE_WORD("delete", is_deleted, "is deleted", "no file may go away"),
        GATE_WORD("rename", is_moved, "is moved away", "no file may be moved"),
        GATE_WORD("new_files", is_added, "is new", "no file may be added"),
        GATE_WORD("binary", is_binary, "is no text", "no file that is not text may be added or changed"),
        GATE_WORD("symlinks", is_link, "is a symbolic link", "no symbolic link may be added or changed"),
        GATE_WORD("submodules", is_submodule, "is about a submodule", "no submodule may change"),
        GATE_WORD("chmod", sets_mode, "changes its mode", "no file may become executable, or cease to be"),
        GATE_WORD("dependencies", is_dependency, "adds or replaces dependencies",
                  "no dependency may be added or replaced"),
        GATE_WORD("tests", is_test, "is a test", "no test may change"),
        GATE_WORD("ci", is_ci, "is part of the continuous integration", "no file of the CI may change"),
        GATE_WORD("migrations", is_migration, "is a migration", "no migration may be added or changed"),
        GATE_WORD("docs", is_document, "is a document", "no document may change"),
        GATE_WORD("license", is_license, "is about the license", "no file about the license may change"),
        GATE_WORD("write", is_anything, "changes", "nothing may change"),
};

const struct forbid_word *forbid_at(size_t index)
{
        return index < sizeof(words) / sizeof(words[0]) ? &words[index] : NULL;
}

const struct forbid_word *forbid_find(const char *word)
{
        for (size_t i = 0; forbid_at(i); i++)
                if (strcmp(words[i].word, word) == 0)
                        return &words[i];
        return NULL;
}

const char *forbid_mechanism(const char *text, const struct plan *plan)
{
        const struct forbid_word *word = forbid_find(text);

        if (!word)
                return FORBID_UNENFORCED;
        if (!word->holds || word->holds(plan))
                return word->mechanism;
        return word->holds_otherwise && word->holds_otherwise(plan) ? word->otherwise : FORBID_UNENFORCED;
}
