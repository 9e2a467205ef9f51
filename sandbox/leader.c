/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last steps before foreign code runs: descriptors, working directory, environment, Landlock, and the system call
 * filter last, since it forbids what the others need. An error here is the step's own (ERR_INPUT: no such command, no
 * such folder) or a layer's.
 */
#include "lib/base/cleanup.h"
#include "lib/base/signals.h"
#include "sandbox/landlock.h"
#include "sandbox/seccomp.h"
#include "sandbox/step.h"
#include "sandbox/weak.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define OWN_PATH "/cupel/bin"
#define OPEN_FILES 1024

static int set_limit(int resource, uint64_t soft, uint64_t hard, struct err *err)
{
        struct rlimit now, limit;

        if (getrlimit((__rlimit_resource_t)resource, &now) < 0)
                return err_errno(err, "resource limit %d", resource);
        limit.rlim_max = hard < now.rlim_max ? hard : now.rlim_max;
        limit.rlim_cur = soft < limit.rlim_max ? soft : limit.rlim_max;
        if (setrlimit((__rlimit_resource_t)resource, &limit) < 0)
                return err_errno(err, "resource limit %d", resource);
        return 0;
}

/*
 * Memory is polled, not limited here: RLIMIT_AS and RLIMIT_DATA refuse address space that nobody uses, so sanitizers and
 * managed runtimes would not start.
 */
int leader_set_limits(const struct sandbox_limits *limits, struct err *err)
{
        uint64_t cpu_s = limits->cpu_ms / 1000 + 2;

        if (set_limit(RLIMIT_CORE, 0, 0, err) < 0)
                return -1;
        if (limits->cpu_ms && set_limit(RLIMIT_CPU, cpu_s, cpu_s + 1, err) < 0)
                return -1;
        if (limits->file_bytes && set_limit(RLIMIT_FSIZE, limits->file_bytes, limits->file_bytes, err) < 0)
                return -1;
        /* counted in the helper's user namespace: the step's processes, its PID 1 and the helper; and one, to be seen */
        if (limits->processes && set_limit(RLIMIT_NPROC, limits->processes + 3, limits->processes + 3, err) < 0)
                return -1;
        if (limits->open_files)
                return set_limit(RLIMIT_NOFILE, limits->open_files, limits->open_files, err);
        return set_limit(RLIMIT_NOFILE, OPEN_FILES, RLIM_INFINITY, err);
}

static void put_env(struct strv *env, const char *entry)
{
        size_t name = strcspn(entry, "=") + 1;

        for (size_t i = 0; i < env->len; i++)
                if (strncmp(env->items[i], entry, name) == 0) {
                        free(env->items[i]);
                        env->items[i] = xstrdup(entry);
                        return;
                }
        strv_add(env, entry);
}

static const char *get_env(const struct strv *env, const char *name)
{
        size_t len = strlen(name);

        for (size_t i = 0; i < env->len; i++)
                if (strncmp(env->items[i], name, len) == 0 && env->items[i][len] == '=')
                        return env->items[i] + len + 1;
        return "";
}

/* ~/.cargo is shown for its bin/ too; ~/.local/bin and ~/.pyenv/shims are one. */
static void add_programs(const struct sandbox_shows *shows, struct str *path)
{
        for (size_t i = 0; i < shows->len; i++) {
                const char *inside = shows->items[i].inside, *name = strrchr(inside, '/') + 1;
                _cleanup_free_ char *bin = xasprintf("%s/bin", inside);
                struct stat status;

                if (strcmp(name, "bin") == 0 || strcmp(name, "shims") == 0)
                        str_printf(path, ":%s", inside);
                else if (stat(bin, &status) == 0 && S_ISDIR(status.st_mode))
                        str_printf(path, ":%s", bin);
        }
}

/* Ours first, so that `cupel note` is found whatever the policy says. */
static void put_path(const struct site *site, struct strv *env)
{
        const char *asked = get_env(env, "PATH");
        _cleanup_str_ struct str path = {0};

        str_puts(&path, "PATH=" OWN_PATH);
        if (!asked[0]) {
                add_programs(&site->plan->write, &path);
                add_programs(&site->plan->read, &path);
        }
        str_printf(&path, ":%s", asked[0] ? asked : SANDBOX_SYSTEM_PATH);
        put_env(env, str_text(&path));
}

/*
 * Defaults, then the plan's, then the step's: nothing of the helper's own environment. Leaks are not looked for, since
 * LeakSanitizer traces its process, which the system call filter refuses: every program built with AddressSanitizer would
 * fail at its end.
 */
static void build_env(const struct site *site, const struct sandbox_step *step, const char *cwd, struct strv *env)
{
        _cleanup_free_ char *home = xasprintf("HOME=%s", site->home);
        _cleanup_free_ char *pwd = xasprintf("PWD=%s", cwd);
        const char *const defaults[] = {home,
                                        pwd,
                                        "USER=cupel",
                                        "LOGNAME=cupel",
                                        "SHELL=/bin/sh",
                                        "TMPDIR=/tmp",
                                        "LANG=C.UTF-8",
                                        "LSAN_OPTIONS=detect_leaks=0"};

        for (size_t i = 0; i < sizeof(defaults) / sizeof(*defaults); i++)
                strv_add(env, defaults[i]);
        if (step->tty)
                strv_add(env, "TERM=xterm-256color");
        for (size_t i = 0; i < site->plan->env.len; i++)
                put_env(env, site->plan->env.items[i]);
        for (size_t i = 0; i < step->env.len; i++)
                put_env(env, step->env.items[i]);
        if (step->notes)
                put_env(env, "CUPEL_NOTES=/cupel/notes.sock");
        put_path(site, env);
}

/* Tier D has no places of its own: the names are the host's, and there is no socket for notes. */
static void translate_env(const struct site *site, const struct sandbox_step *step, struct strv *env)
{
        _cleanup_free_ char *tmp = xasprintf("TMPDIR=%s/tmp", site->plan->scratch);
        _cleanup_free_ char *git = xasprintf("GIT_CONFIG_SYSTEM=%s/bin/gitconfig", site->plan->scratch);
        _cleanup_free_ char *path =
                xasprintf("PATH=%s/bin%s", site->plan->scratch, get_env(env, "PATH") + strlen(OWN_PATH));
        size_t kept = 0;

        put_env(env, tmp);
        put_env(env, path);
        put_env(env, git); /* /etc/gitconfig may be there and cannot be read, which git takes as fatal */
        for (size_t i = 0; i < env->len; i++) {
                char *entry = env->items[i], *equals = strchr(entry, '=');
                _cleanup_free_ char *value = weak_translate(site, step, equals + 1);

                if (strncmp(entry, "CUPEL_NOTES=", 12) != 0)
                        env->items[kept++] = xasprintf("%.*s=%s", (int)(equals - entry), entry, value);
                free(entry);
        }
        env->len = kept;
        put_env(env, "CUPEL_TIER=D");
}

/* The terminal becomes the session's own: /dev/tty means it, its keys interrupt. */
static int set_terminal(int terminal, struct err *err)
{
        if (ioctl(terminal, TIOCSCTTY, 0) < 0 || dup2(terminal, STDIN_FILENO) < 0 ||
            dup2(terminal, STDOUT_FILENO) < 0 || dup2(terminal, STDERR_FILENO) < 0)
                return err_errno(err, "controlling terminal");
        return 0;
}

static int set_descriptors(int output, struct err *err)
{
        _cleanup_fd_ int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

        if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
            dup2(output, STDERR_FILENO) < 0)
                return err_errno(err, "descriptors");
        return 0;
}

/*
 * As a program expects them. Handlers are at their defaults since the clone, but what the helper ignores (under nohup SIGHUP, too) would
 * stay ignored, here and beyond the exec: `yes | head` would never end.
 */
static void reset_signals(void)
{
        sigset_t none;

        signals_end_writers();
        signal(SIGHUP, SIG_DFL);
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
}

static int lock_files(const struct site *site, const struct sandbox_step *step, struct err *err)
{
        static const char *const writable[] = {"/var/tmp", "/tmp", "/dev/shm"};
        static const char *const devices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"};
        _cleanup_landlock_ struct landlock lock = {.fd = -1};
        const unsigned everything = LANDLOCK_READ | LANDLOCK_RUN | LANDLOCK_WRITE;

        if (landlock_begin(&lock, LANDLOCK_NO_ABSTRACT_SOCKETS | LANDLOCK_NO_SIGNALS, err) < 0 ||
            landlock_allow(&lock, "/", LANDLOCK_READ | LANDLOCK_RUN, err) < 0)
                return -1;
        for (size_t i = site->own_var_tmp ? 0 : 1; i < sizeof(writable) / sizeof(*writable); i++)
                if (landlock_allow(&lock, writable[i], everything, err) < 0)
                        return -1;
        for (size_t i = 0; i < sizeof(devices) / sizeof(*devices); i++)
                if (landlock_allow(&lock, devices[i], LANDLOCK_FILE, err) < 0)
                        return -1;
        if (step->tty && (landlock_allow(&lock, "/dev/tty", LANDLOCK_FILE, err) < 0 ||
                          landlock_allow(&lock, "/dev/pts", LANDLOCK_FILE, err) < 0))
                return -1;
        /* the notes socket is the helper's; in an own network namespace TCP reaches nobody and is left alone */
        if (landlock_allow(&lock, "/cupel", LANDLOCK_SOCKET, err) < 0 ||
            landlock_allow(&lock, site->home, everything, err) < 0 ||
            landlock_allow(&lock, site->plan->worktree, everything, err) < 0)
                return -1;
        for (size_t i = 0; i < site->plan->write.len; i++)
                if (landlock_allow(&lock, site->plan->write.items[i].inside, everything, err) < 0)
                        return -1;
        return landlock_enter(&lock, err);
}

/* As the shell finds it; then execvpe(3) with a path, which still runs scripts that have no first line. */
static int execute(const struct strv *argv, const struct strv *env)
{
        const char *name = argv->items[0], *path = get_env(env, "PATH");
        int failure = ENOENT;

        if (strchr(name, '/'))
                return execvpe(name, argv->items, env->items);
        for (; *path && *name; path += *path == ':') {
                int len = (int)strcspn(path, ":");
                _cleanup_free_ char *file = xasprintf("%.*s/%s", len ? len : 1, len ? path : ".", name);

                if (faccessat(AT_FDCWD, file, X_OK, 0) == 0)
                        execvpe(file, argv->items, env->items);
                if (errno != ENOENT && errno != ENOTDIR)
                        failure = errno;
                path += len;
        }
        errno = failure;
        return -1;
}

static int restrict_leader(const struct leader *leader, struct err *err)
{
        if (!leader->site->weak && lock_files(leader->site, leader->step, err) < 0)
                return -1;
        /* CLOEXEC, not closed: a failure below still has to be told */
        if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
                return err_errno(err, "close_range");
        return leader->site->weak ? weak_restrict(leader->site, leader->step, leader->keeper, err)
                                  : seccomp_apply(SECCOMP_STEP, err);
}

/* A PID 1 that failed says so itself, and takes this process with it. */
static int wait_for_go(const struct leader *leader, struct err *err)
{
        uint64_t go;
        ssize_t got;

        if (leader->go < 0)
                return 0;
        do
                got = read(leader->go, &go, sizeof(go));
        while (got < 0 && errno == EINTR);
        if (got == (ssize_t)sizeof(go))
                return 0;
        err_errno(err, "wait for PID 1 of the step");
        err->code = ERR_SANDBOX;
        return -1;
}

int leader_restrict_and_exec(const struct leader *leader, struct err *err)
{
        const struct site *site = leader->site;
        const struct sandbox_step *step = leader->step;
        const char *place = step->cwd ? step->cwd : site->plan->worktree;
        _cleanup_free_ char *cwd = site->weak ? weak_translate(site, step, place) : xstrdup(place);
        _cleanup_strv_ struct strv env = {0};

        setsid();
        reset_signals();
        umask(022);
        build_env(site, step, cwd, &env);
        if (site->weak)
                translate_env(site, step, &env);
        if ((step->tty ? set_terminal(leader->output, err) : set_descriptors(leader->output, err)) < 0)
                return -1;
        if (home_files_write(site, step, err) < 0)
                return -1;
        if (restrict_leader(leader, err) < 0 || wait_for_go(leader, err) < 0)
                return -1;
        /* now: while the host's tree lies over the root, a link in the worktree to "/.." leads there */
        if (chdir(cwd) < 0) {
                err_errno(err, "working directory %s", cwd);
                err->code = ERR_INPUT;
                return -1;
        }
        execute(&step->argv, &env);
        if (errno == ENOENT)
                err_set(err, ERR_INPUT, "cannot run %s: it is not inside (%s)", step->argv.items[0],
                        strchr(step->argv.items[0], ' ')
                                ? "program and arguments are items of their own: [sh, -c, true]"
                                : "of the repository only committed files are there: commit it; your home is "
                                  "not shown: sandbox.read shows a folder");
        else
                err_errno(err, "cannot run %s", step->argv.items[0]);
        err->code = ERR_INPUT;
        return -1;
}
