/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_AGENT_FIND_H
#define CUPEL_CLI_AGENT_FIND_H

/*
 * An agent's programs on this machine: found on the user's PATH, followed through links and interpreter lines, and what a step
 * must be shown so that they run: of an npm package the outermost node_modules, of a Python tool its environment and what
 * that is based on, of a program with a prefix of its own (nvm's node, conda) that prefix, else the file and its libraries.
 * Nothing that steps see anyway (sandbox_is_system()), and never a folder that others share (the home, ~/.local, …).
 * Nothing is started, and nothing of the sandbox is asked.
 *
 *         struct agent_programs find = {0};
 *         struct agent_place place = {.path = agent_path_of(&env), .home = …, .shown = …, .refuse = …};
 *         agent_programs_find(&find, &place, &names, err);      command[0], then `programs`
 *         find.read, find.links                        → plan.agent; find.missing: sentences, why it cannot run
 *         agent_programs_release(&find);
 */

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "policy/schema.h"

struct agent_program {
        char *name;
        char *found;       /* where it was found: the entry of the PATH */
        char *file;        /* the file itself, without links */
        char *of;          /* the program whose interpreter line names it; NULL: it was asked for */
        char *interpreter; /* of its first line; NULL: no script */
        bool by_file;      /* called by `file`: a shell script, which looks for its files beside its own name */
};

struct agent_place {
        const char *path; /* agent_path_of() */
        const char *home; /* NULL: none */
        /* NULL: none. Its folders may be on the PATH (node_modules/.bin, .venv), but what lies in it, or is reached through a link
         * in it, is not taken: whoever writes the repository would choose what of the host is shown. */
        const char *repository;
        bool passed_over;         /* set by agent_programs_find(): `path` had folders in it */
        const struct strv *shown; /* absolute: what steps see besides the system's folders (sandbox.read, write) */
        const char *install;      /* how one gets the agent; NULL: unknown */
        /* 1: the folder or file cannot be shown, with the reason ("it would open …"); 0: it can. NULL: everything can. */
        int (*refuse)(void *arg, const char *path, struct str *ret_why, struct err *err);
        void *arg;
};

struct agent_programs {
        LIST_OF(struct agent_program) programs; /* those that were asked for first */
        struct strv read;                       /* real paths, sorted, none in another */
        struct pairs links;                     /* name: where it leads; not for what the system's own PATH finds */
        struct strv missing;
};

int agent_programs_find(struct agent_programs *find, const struct agent_place *place, const struct strv *names,
                        struct err *err);
void agent_programs_release(struct agent_programs *find);

/* Where a launch finds a program: on the user's PATH, else below what is shown, else where steps look anyway. Owned; NULL:
 * nowhere. */
char *agent_locate(const struct agent_place *place, const char *name);
/* The PATH on which that is: the agent's own, else the caller's, else the usual one. Borrowed. */
const char *agent_path_of(const struct pairs *env);

/* NULL where it was not found. Borrowed. */
const struct agent_program *agent_programs_get(const struct agent_programs *find, const char *name);

/* ---- The parts, each in its file ---- */

/* agent_path.c */
const char *agent_base_name(const char *path);
char *agent_folder_of(const char *path);
bool agent_is_program(const char *path);
bool agent_is_shim(const char *found);
char *agent_look_up(const char *path, const char *name);  /* NULL: nowhere; a shim only where there is nothing else */
int agent_walk_links(const char *path, struct strv *ret); /* each link that it goes through; -1: too many */
char *agent_read_interpreter(const char *file);           /* "node" of env's, "/bin/sh"; NULL: no script */
bool agent_is_shell(const char *interpreter);
char *agent_path_outside(const char *path, const char *folder); /* without the entries that lie in it */
bool agent_leads_through(const char *path, const char *folder); /* a link on the way lies in it */

/* agent_layout.c: adds what `file` (real) needs to be shown with; `named` is how it is called, of which a Python environment
 * is known. `interpreter`: the last part of its interpreter's name, "" for none. Folders that others
 * share may be among them: whoever shows them asks agent_layout_is_shared(). */
void agent_layout(const struct agent_place *place, const char *file, const char *named, const char *interpreter,
                  struct strv *ret);
bool agent_layout_is_shared(const struct agent_place *place, const char *folder);

/* agent_elf.c: adds folders outside the system in which a binary's libraries lie, by its RUNPATH; `ret_loader`: what starts
 * it where that is not on this machine, else NULL. Files that are no ELF add nothing. */
void agent_elf(const char *file, struct strv *ret_folders, char **ret_loader);

#define _cleanup_agent_programs_ __attribute__((cleanup(agent_programs_release)))

#endif
