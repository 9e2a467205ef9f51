/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_CONTEXT_H
#define CUPEL_CLI_CONTEXT_H

/*
 * Where cupel keeps things, and what a command works on. context_init() reads the environment once; the rest is opened by
 * what the command's row says it needs:
 *
 *         struct context context;
 *         context_init(&context, err);
 *         context_open_repository(&context, ".", err);     repo, repo_state
 *         context_open_store(&context, err);               store
 *         context_leave(&context);                         all that others could see of it
 *         context_release(&context);
 *
 * Paths are absolute. The state root is $CUPEL_STATE, else $XDG_STATE_HOME/cupel, else ~/.local/state/cupel, mode 0700;
 * the cache root $CUPEL_CACHE, else $XDG_CACHE_HOME/cupel, else ~/.cache/cupel; the user's configuration
 * $XDG_CONFIG_HOME/cupel/config.yaml, else ~/.config/cupel/config.yaml.
 */

#include "lib/base/err.h"
#include "lib/base/spawn.h"
#include "lib/base/str.h"
#include "lib/git/repo.h"
#include "lib/store/store.h"

#include <stdbool.h>

struct context {
        char *state_root, *cache_root, *config_file;
        char *home;                  /* NULL where the caller has none */
        bool colour_out, colour_err; /* a terminal, and NO_COLOR unset */
        bool terminal_err;           /* stderr is a terminal: live progress */

        struct repo *repo;
        char *repo_state;        /* <state>/repos/<repo-id> */
        struct store *store;     /* NULL after context_open_history() where nothing ever ran */
        struct spawn_ahead cage; /* of the run's runner; none: one is started with the run */
        struct strv kept;        /* runs that could not be given back (cli/recover.h) */
};

int context_init(struct context *context, struct err *err);
void context_leave(struct context *context);
void context_release(struct context *context); /* leaves first, where that was not done */

/* `start`: where to look, "." for a command; $GIT_DIR is not followed. */
int context_open_repository(struct context *context, const char *start, struct err *err);
/* Makes the state folder and the store where they are missing. */
int context_open_store(struct context *context, struct err *err);
/* For reading; succeeds with store NULL where there is none. */
int context_open_history(struct context *context, struct err *err);

/* <repo_state>/runs/<run>; owned by the caller. */
char *context_run_folder(const struct context *context, const char *run);

/* The run a person named; ERR_NOT_FOUND where there is no store. */
int context_find_run(struct context *context, const char *which, struct store_run *ret, struct err *err);

#endif
