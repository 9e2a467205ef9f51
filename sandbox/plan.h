/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_SANDBOX_PLAN_H
#define CUPEL_SANDBOX_PLAN_H

/*
 * What a sandbox is made of. `struct sandbox_plan` is fixed for a whole run, `struct sandbox_step` is one program in it.
 * Both cross a process border as JSON: versioned, strict (an unknown field, a wrong type, a missing field or a value out
 * of bounds is ERR_INPUT), at most CHANNEL_LINE_MAX bytes. The helper that receives them never resolves a relative path and
 * refuses `.` and `..` in one.
 *
 *         struct sandbox_plan plan = SANDBOX_PLAN_INIT;
 *         plan.worktree = xstrdup("/home/me/project");
 *         strv_add(&plan.lower, head); strv_add(&plan.lower, delta); strv_add(&plan.lower, base);
 *         plan.scratch = xasprintf("%s/work", run_folder);
 *         …
 *         sandbox_plan_release(&plan);
 *
 * All strings are owned by the struct (malloc). Sizes are bytes, times milliseconds.
 */

#include "lib/base/err.h"
#include "lib/base/str.h"

#include <stdint.h>

struct json_t;

#define SANDBOX_VERSION 1

/* The PATH of a step that asks for none, behind /cupel/bin. */
#define SANDBOX_SYSTEM_PATH "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"

/* The strength that results, strongest first (docs/sandbox.md). Letters in JSON: "A" … "E". */
enum sandbox_tier {
        SANDBOX_TIER_A, /* everything */
        SANDBOX_TIER_B, /* no overlay: the worktree is a copy */
        SANDBOX_TIER_C, /* and no fresh /proc: none is shown */
        SANDBOX_TIER_D, /* no user namespaces: Landlock and seccomp on a copy; weaker (weak.h) */
        SANDBOX_TIER_E, /* nothing: refused */
};

enum sandbox_upper {
        SANDBOX_UPPER_AUTO, /* tmpfs where it stores user xattrs and the budget is at most half the free memory, else disk */
        SANDBOX_UPPER_TMPFS,
        SANDBOX_UPPER_DISK, /* a folder in `scratch`, its size polled */
};

extern const char *const sandbox_upper_names[]; /* "auto", "tmpfs", "disk"; NULL ends */

/* A host folder or file and where a step sees it. */
struct sandbox_show {
        char *host;
        char *inside;
};

struct sandbox_shows {
        struct sandbox_show *items;
        size_t len;
};

void sandbox_shows_add(struct sandbox_shows *shows, const char *host, const char *inside); /* copies both */

/* A file that a step finds in its fresh home: mode 0600, a text that begins with "#!" 0700; folders on the way 0700. */
struct sandbox_home_file {
        char *path; /* below the home, relative */
        char *text;
};

#define SANDBOX_HOME_MAX 60
#define SANDBOX_HOME_BYTES ((size_t)512 << 10) /* of all texts of a step together */

struct sandbox_home {
        struct sandbox_home_file *items;
        size_t len;
};

void sandbox_home_add(struct sandbox_home *home, const char *path, const char *text); /* copies both */

struct sandbox_plan {
        char *worktree;    /* where steps see the worktree: the repository's own absolute path */
        struct strv lower; /* host folders of the overlay, topmost first: head, delta…, base; at least one */
        char *scratch; /* host folder for this helper alone (made when absent, emptied at the end); in the cage it lies
                               in the run's folder */
        enum sandbox_upper upper;
        uint64_t upper_bytes; /* disk budget of WORK and, for each, of a VERIFY step */
        uint64_t upper_inodes;
        uint64_t tmp_bytes;        /* /tmp; home has the same */
        uint64_t shm_bytes;        /* /dev/shm */
        char *home;                /* the caller's home: an empty tmpfs at this path */
        uint32_t uid, gid;         /* ids that steps see: the caller's own, 1000 where the caller is root */
        struct sandbox_shows read; /* shown read-only, folders (through an overlay) and regular files; absolute paths */
        struct sandbox_shows
                write;    /* as `read`, but writable inside: what is written goes with the step; files below home */
        struct strv hide; /* files in what is shown, absolute, as seen inside: there, but empty */
        struct sandbox_shows carry; /* host folder → path inside the worktree, relative; fresh upper per step */
        struct sandbox_shows files; /* host file or folder → path below /cupel, relative: bin/cupel, prompt, bundle… */
        char *seed; /* host folder in the language of an overlay: what the run's upper begins with; NULL: empty */
        struct strv objects; /* real object folders → /cupel/objects/0, 1, … read-only */
        struct strv env;     /* KEY=value: the whole base environment; HOME, PATH, USER… are set where absent */
        struct strv
                redact; /* names of variables, here or of a step, whose values are hidden in logs (lib/base/redact.h) */
        enum sandbox_tier minimum; /* weaker than this is refused (ERR_SANDBOX) */
        bool no_work;              /* no WORK step comes: the first VERIFY step may have the run's upper */
        bool force_copy;           /* tests: behave as if the kernel had no overlay (tier B) */
};

#define SANDBOX_PLAN_INIT                                                                                              \
        ((struct sandbox_plan){.upper_bytes = (uint64_t)2 << 30,                                                       \
                               .upper_inodes = 1 << 20,                                                                \
                               .tmp_bytes = (uint64_t)512 << 20,                                                       \
                               .shm_bytes = (uint64_t)256 << 20,                                                       \
                               .uid = 1000,                                                                            \
                               .gid = 1000,                                                                            \
                               .minimum = SANDBOX_TIER_C})

/* Where steps have their home (owned by the caller): at its own path, unless that is part of the system or of the worktree. */
char *sandbox_home_path(const char *home, const char *worktree);

/* Whether every step sees that absolute path anyway, because it lies in the system's folders (/usr, /opt, …). */
bool sandbox_is_system(const char *path);

void sandbox_plan_release(struct sandbox_plan *plan);
struct json_t *sandbox_plan_to_json(const struct sandbox_plan *plan);                       /* owned by the caller */
int sandbox_plan_from_json(struct json_t *json, struct sandbox_plan *ret, struct err *err); /* also validates */
int sandbox_plan_check(const struct sandbox_plan *plan, struct err *err);

/* The ids of the calling process as steps should see them (root → 1000:1000). */
void sandbox_plan_set_ids(struct sandbox_plan *plan);

enum sandbox_worktree {
        SANDBOX_WORK, /* "work": the run's own upper; refused once frozen */
        SANDBOX_VERIFY, /* "verify": lower = frozen upper (where there is one) + plan's lowers; a fresh upper, thrown away */
        SANDBOX_READONLY, /* "readonly": the same lowers, nothing can be written there */
};

struct sandbox_limits {
        uint64_t wall_ms;      /* 0: none */
        uint64_t cpu_ms;       /* of all processes of the step; 0: none */
        uint64_t processes;    /* at once; 0: none */
        uint64_t memory_bytes; /* of all processes (polled), and of one address space (RLIMIT_DATA); 0: none */
        uint64_t file_bytes;   /* largest file; 0: none */
        uint64_t open_files;   /* per process; 0: 1024 soft, hard as inherited */
        uint64_t output_bytes; /* printed in all; more ends the step with reason "output", and is not read; 0: none */
        uint64_t log_bytes;    /* kept of the output, never above output_bytes: first half, last half; 0: everything */
};

/* Loopback ports on which a step's net namespace listens, for somebody outside (cupel-egress) to accept. */
#define SANDBOX_PORTS_MAX 24

#define SANDBOX_REPORTS_MAX 4

struct sandbox_ports {
        uint16_t items[SANDBOX_PORTS_MAX];
        size_t len;
};

struct sandbox_step {
        char *name;       /* for messages: "agent", "verify.unit" */
        struct strv argv; /* argv[0] is looked up in the step's PATH */
        char *cwd;        /* absolute; NULL: the worktree */
        struct strv env;  /* KEY=value, over the plan's */
        enum sandbox_worktree worktree;
        uint32_t lower_skip; /* leaves out that many of the plan's topmost lowers (and the frozen upper, if not 0) */
        bool on_base;        /* VERIFY: the plan's lowers alone, without the frozen upper */
        struct strv
                reports; /* VERIFY: files below the worktree that the client wants to read once the step has ended */
        bool notes;      /* wants /cupel/notes.sock; the listening descriptor comes with "started" */
        struct sandbox_ports listen; /* on 127.0.0.1; the listening sockets come with "started", connections queue */
        bool tty; /* standard streams are a private terminal, not /dev/null and a pipe; TERM is set where nobody did */
        bool attached; /* somebody sits at it: a second descriptor came with the request (sandbox/attachment.h) */
        uint32_t columns, rows;    /* of the terminal; 0: 80 and 24 */
        struct sandbox_shows read; /* as the plan's, for this step alone */
        struct sandbox_shows
                links; /* `inside`: a name in /cupel/bin; `host`: the absolute path that it leads to, inside */
        struct sandbox_home home; /* written before it starts; the result tells which it changed */
        struct sandbox_limits limits;
};

#define SANDBOX_STEP_INIT ((struct sandbox_step){.worktree = SANDBOX_WORK})

void sandbox_step_release(struct sandbox_step *step);
struct json_t *sandbox_step_to_json(const struct sandbox_step *step);
int sandbox_step_from_json(struct json_t *json, struct sandbox_step *ret, struct err *err);

extern const char *const sandbox_tier_names[];         /* "A" …, NULL ends */
const char *sandbox_tier_name(enum sandbox_tier tier); /* "A" */
int sandbox_tier_from_name(const char *name, enum sandbox_tier *ret);
const char *sandbox_tier_meaning(enum sandbox_tier tier);

#define _cleanup_sandbox_plan_ __attribute__((cleanup(sandbox_plan_release)))
#define _cleanup_step_ __attribute__((cleanup(sandbox_step_release)))

#endif
