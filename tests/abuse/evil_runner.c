/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A runner that has been taken over: it is started in cupel-runner's place, in the cage, with the same descriptors, and tries
 * what the code of an attacker would try there. The plan's title chooses the attempt:
 *
 *         "evil write"      open for writing whatever the run must not be able to write; reports to logs/evil.txt
 *         "evil tree KIND"  have a malformed or incomplete tree landed: KIND names what is wrong with it
 *         "evil linger"     leave a process behind that goes on writing to the quarantine
 *         "evil endless"    send one line that never ends
 *         "evil forge"      send events that only others may send
 *         "evil terminal"   steer the user's terminal, or type into it
 *         "evil flood"      send more notes than the run may have
 *         "evil stream WHAT" send without end: results, steps or counts of what was dropped
 *         "evil checkpoint PATH"  stage a checkpoint, keep its folder open, and have its state laid where a link to PATH leads
 *         "evil checkpoint huge"  stage one with an object of 8 TiB
 *         "evil outputs"    leave a pipe that nobody writes to where the list of outputs is
 *         "evil net KIND"   spoil cupel-egress, or what the supervisor hears of it (evil_network.c)
 */
#include "lib/base/channel.h"
#include "lib/base/json.h"

#include "evil_network.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

static struct {
        char run[2048], repo[2048], base[41], title[256];
        char objects[2200]; /* where put_object() puts them */
        struct channel up;
        FILE *report;
} me;

/* ---- Attempts to write ---- */

static void attempt(const char *what, bool worked)
{
        fprintf(me.report, "%s %s %s\n", worked ? "WORKED" : "refused", what, worked ? "" : strerror(errno));
        fflush(me.report);
}

static void attempt_file(const char *folder, const char *name)
{
        char path[8300];
        int fd;

        snprintf(path, sizeof(path), "%s/%s", folder, name);
        fd = open(path, O_WRONLY | O_APPEND);
        attempt(path, fd >= 0);
        snprintf(path, sizeof(path), "%s/%s.evil", folder, name);
        fd = open(path, O_WRONLY | O_CREAT, 0644);
        attempt(path, fd >= 0);
        snprintf(path, sizeof(path), "%s/%s", folder, name);
        if (access(path, F_OK) == 0)
                attempt("unlink", unlink(path) == 0);
        attempt("rename", rename(path, "/tmp/x") == 0);
        attempt("chmod", chmod(path, 0777) == 0);
}

static void attempt_mounts(void)
{
        attempt("remount", mount(NULL, me.repo, NULL, MS_REMOUNT | MS_BIND, NULL) == 0);
        attempt("umount", umount2(me.repo, MNT_DETACH) == 0);
        attempt("bind", mount("/", me.run, NULL, MS_BIND | MS_REC, NULL) == 0);
        attempt("tmpfs", mount("none", "/tmp", "tmpfs", 0, NULL) == 0);
}

static void attempt_outside(void)
{
        struct sockaddr_un docker = {.sun_family = AF_UNIX, .sun_path = "/run/docker.sock"};
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);

        attempt("make a socket", fd >= 0);
        attempt("connect docker", fd >= 0 && connect(fd, (struct sockaddr *)&docker, sizeof(docker)) == 0);
        fd = socket(AF_INET, SOCK_STREAM, 0);
        attempt("inet",
                fd >= 0 && connect(fd, (struct sockaddr *)&(struct sockaddr_storage){.ss_family = AF_INET}, 16) == 0);
        attempt("ptrace", ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0);
}

/* In a child, whose status says how it went. */
static void attempt_program(const char *what, const char *path)
{
        char *argv[] = {(char *)path, NULL};
        int status = 0;
        pid_t pid = fork();

        if (pid == 0) {
                execve(path, argv, argv + 1);
                _exit(errno == ENOEXEC ? 0 : 1);
        }
        if (pid < 0 || waitpid(pid, &status, 0) != pid)
                status = 1;
        errno = EACCES;
        attempt(what, status == 0);
}

static void attempt_landlock(void)
{
        char path[8300];
        int fd;

        snprintf(path, sizeof(path), "%s/logs/program", me.run);
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
        if (fd >= 0 && write(fd, "#!/bin/true\n", 12) == 12)
                close(fd);
        attempt_program("run a program that it has written", path);
        attempt("list /var", open("/var", O_RDONLY | O_DIRECTORY) >= 0);
}

/* Not an attempt: the script compares them with its own. */
static void tell_namespaces(void)
{
        static const char *const names[] = {"user", "mnt", "pid", "net", "ipc", "uts"};

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                char path[64], target[64] = {0};

                snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
                if (readlink(path, target, sizeof(target) - 1) > 0)
                        fprintf(me.report, "namespace %s\n", target);
        }
}

static void evil_write(void)
{
        char parent[4096], state[4096], path[8300];
        const char *const in_repo[] = {"HEAD",
                                       "config",
                                       "index",
                                       "refs/heads/main",
                                       "hooks/post-commit",
                                       "packed-refs",
                                       "objects/info/alternates"};

        for (size_t i = 0; i < sizeof(in_repo) / sizeof(in_repo[0]); i++)
                attempt_file(me.repo, in_repo[i]);
        snprintf(path, sizeof(path), "%s/config_snapshot", me.run);
        attempt_file(path, "plan.json");
        attempt_file(path, "work_item.yaml");
        attempt_file(me.run, "identity.txt");
        snprintf(path, sizeof(path), "%s/head/.git", me.run);
        attempt_file(path, "HEAD");
        snprintf(path, sizeof(path), "%s/evidence", me.run);
        attempt("replace evidence/", rename(path, "/tmp/y") == 0 || (rmdir(path) == 0 && symlink(me.repo, path) == 0));
        snprintf(parent, sizeof(parent), "%s/..", me.run);
        attempt_file(parent, "other-run");
        snprintf(state, sizeof(state), "%s/../..", me.run);
        attempt_file(state, "store.db");
        snprintf(state, sizeof(state), "%s/../../../../keys", me.run);
        attempt_file(state, "director_ed25519");
        snprintf(path, sizeof(path), "%s/director_ed25519", state);
        attempt("read the key", open(path, O_RDONLY) >= 0);
        if (getenv("HOME"))
                attempt_file(getenv("HOME"), ".bashrc");
        attempt_mounts();
        attempt_outside();
        attempt_landlock();
        tell_namespaces();
}

/* ---- Objects ---- */

struct raw {
        unsigned char bytes[4096];
        size_t len;
};

/* Writes a loose object into the folder of objects; its id is what the bytes say, or `claim` where the object should lie. */
static void put_object(const char *type, const void *body, size_t len, char ret_id[41])
{
        unsigned char whole[8192], packed[8192], digest[20];
        uLongf packed_len = sizeof(packed);
        char path[8400];
        size_t head = (size_t)snprintf((char *)whole, sizeof(whole), "%s %zu", type, len) + 1;
        int fd;

        memcpy(whole + head, body, len);
        SHA1(whole, head + len, digest);
        for (int i = 0; i < 20; i++)
                snprintf(ret_id + 2 * i, 3, "%02x", digest[i]);
        compress(packed, &packed_len, whole, head + len);
        snprintf(path, sizeof(path), "%s/%.2s", me.objects, ret_id);
        mkdir(path, 0755);
        snprintf(path, sizeof(path), "%s/%.2s/%s", me.objects, ret_id, ret_id + 2);
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
        if (fd < 0 || write(fd, packed, packed_len) != (ssize_t)packed_len)
                attempt(path, false);
        close(fd);
}

static void add_entry(struct raw *tree, const char *mode, const char *name, const char *id)
{
        tree->len += (size_t)snprintf((char *)tree->bytes + tree->len, sizeof(tree->bytes) - tree->len, "%s %s", mode,
                                      name) +
                     1;
        for (int i = 0; i < 20; i++) {
                unsigned byte;

                sscanf(id + 2 * i, "%2x", &byte);
                tree->bytes[tree->len++] = (unsigned char)byte;
        }
}

struct bad {
        const char *kind;
        const char *entries[2][2]; /* mode, name */
        bool missing;
};

static const struct bad bad_trees[] = {
        {"dotdot", {{"100644", ".."}}, false},
        {"slash", {{"100644", "a/b"}}, false},
        {"empty-name", {{"100644", ""}}, false},
        {"dotgit", {{"100644", ".git"}}, false},
        {"dotGIT", {{"100644", ".GIT"}}, false},
        {"git~1", {{"100644", "git~1"}}, false},
        {"zwnj", {{"100644", ".g\xe2\x80\x8cit"}}, false},
        {"duplicate", {{"100644", "a"}, {"100644", "a"}}, false},
        {"unsorted", {{"100644", "b"}, {"100644", "a"}}, false},
        {"gitlink", {{"160000", "sub"}}, false},
        {"badmode", {{"100666", "a"}}, false},
        {"setuid", {{"104755", "a"}}, false},
        {"missing", {{"100644", "a"}}, true},
        {"missing-tree", {{"40000", "a"}}, true},
        {"good", {{"100644", "a"}}, false},
};

static void make_tree(const char *kind, char ret_id[41])
{
        struct raw tree = {.len = 0};
        char blob[41];

        put_object("blob", "evil\n", 5, blob);
        for (size_t i = 0; i < sizeof(bad_trees) / sizeof(bad_trees[0]); i++) {
                const struct bad *bad = &bad_trees[i];

                if (strcmp(bad->kind, kind) != 0)
                        continue;
                for (size_t k = 0; k < 2 && bad->entries[k][0]; k++)
                        add_entry(&tree, bad->entries[k][0], bad->entries[k][1],
                                  bad->missing ? "1234567890123456789012345678901234567890" : blob);
        }
        put_object("tree", tree.bytes, tree.len, ret_id);
}

/* ---- Talking ---- */

static void say(json_t *message)
{
        struct err err = ERR_INIT;

        channel_send(&me.up, message, NULL, 0, &err);
        json_decref(message);
}

static void say_phase(const char *to)
{
        say(json_pack("{s:s,s:s}", "event", "phase", "to", to));
}

static void ask_for(const char *tree)
{
        say_phase("running");
        say_phase("frozen");
        say_phase("self_verifying");
        say(json_pack("{s:s,s:s,s:s,s:{s:s,s:[]}}", "event", "record", "type", "note.request.verify", "actor", "runner",
                      "data", "tree", tree, "results"));
        say(json_pack("{s:s,s:s,s:[],s:s}", "event", "result", "outcome", "verify", "reasons", "tier", "A"));
}

static void await_start(void)
{
        struct err err = ERR_INIT;
        json_t *message = NULL;

        if (channel_recv(&me.up, &message, &err) != 1)
                _exit(9);
        json_decref(message);
}

static void linger(const char *tree)
{
        char path[8300];

        if (fork() > 0)
                return;
        setsid();
        signal(SIGTERM, SIG_IGN);
        signal(SIGHUP, SIG_IGN);
        if (fork() > 0)
                _exit(0);
        snprintf(path, sizeof(path), "%s/quarantine/%.2s/%s", me.run, tree, tree + 2);
        for (;;) {
                int fd = open(path, O_WRONLY | O_TRUNC);

                if (fd >= 0 && write(fd, "x", 1) < 0)
                        _exit(1);
                close(fd);
        }
}

/* ---- Checkpoints ---- */

/* One whose tree has a link where the state's parent would be. */
static void stage_tree(const char *target, char ret_tree[41], char ret_state[41])
{
        struct raw tree = {.len = 0}, state = {.len = 0};
        char blob[41], link[41];

        put_object("blob", "evil\n", 5, blob);
        put_object("blob", target, strlen(target), link);
        add_entry(&tree, "120000", "model", link);
        add_entry(&state, "100644", "weights", blob);
        put_object("tree", tree.bytes, tree.len, ret_tree);
        put_object("tree", state.bytes, state.len, ret_state);
}

static void stage_huge(void)
{
        char path[2300];
        int fd;

        snprintf(path, sizeof(path), "%s/00", me.objects);
        mkdir(path, 0755);
        snprintf(path, sizeof(path), "%s/00/%038d", me.objects, 0);
        fd = open(path, O_WRONLY | O_CREAT, 0644);
        attempt("a small file system", fd < 0 || ftruncate(fd, (off_t)8 << 40) < 0);
        close(fd);
}

static void await_kept(void)
{
        struct err err = ERR_INIT;
        json_t *message = NULL;
        bool kept = false;

        while (!kept && channel_recv(&me.up, &message, &err) == 1) {
                const char *error = json_string_value(json_object_get(message, "error"));

                kept = strcmp(json_string_value(json_object_get(message, "op")), "kept") == 0;
                if (kept)
                        fprintf(me.report, "kept: %s\n", error ? error : "whole");
                json_decref(message);
        }
}

static void attempt_below(int folder, const char *path)
{
        attempt(path, fchmodat(folder, path, 0666, 0) == 0);
        attempt(path, openat(folder, path, O_WRONLY | O_APPEND) >= 0);
        attempt(path, unlinkat(folder, path, 0) == 0);
}

static void evil_checkpoint(const char *how)
{
        char step[2100], tree[41], state[41];
        int folder;

        snprintf(step, sizeof(step), "%s/staging/step_000001", me.run);
        snprintf(me.objects, sizeof(me.objects), "%s/objects", step);
        if (mkdir(step, 0700) < 0 || mkdir(me.objects, 0700) < 0)
                attempt(step, false);
        folder = open(step, O_RDONLY | O_DIRECTORY);
        stage_tree(how, tree, state);
        if (strcmp(how, "huge") == 0)
                stage_huge();
        say_phase("running");
        say(json_pack("{s:s,s:s,s:i,s:s,s:s,s:i,s:i,s:i}", "event", "checkpoint", "by", "agent", "step", 1, "tree",
                      tree, "state", state, "files", 1, "bytes", 5, "paused_ms", 1));
        await_kept();
        attempt_below(folder, "config_snapshot/plan.json");
        attempt_below(folder, "config_snapshot/work_item.yaml");
        attempt_below(folder, "identity.txt");
        attempt_below(folder, "checkpoint.json");
        attempt_below(folder, "SHA256SUMS");
        snprintf(me.objects, sizeof(me.objects), "%s/quarantine", me.run);
}

static void evil_outputs(void)
{
        char folder[2300], path[2400];

        snprintf(folder, sizeof(folder), "%s/outputs", me.objects);
        snprintf(path, sizeof(path), "%s/list.json", folder);
        if (mkdir(folder, 0755) == 0 && mkfifo(path, 0644) == 0)
                fprintf(me.report, "laid\n");
}

static void evil_forge(void)
{
        say_phase("running");
        say(json_pack("{s:s,s:s,s:s,s:{s:s,s:s,s:s,s:s}}", "event", "record", "type", "receipt.commit", "actor",
                      "director", "data", "commit", me.base, "tree", me.base, "base", me.base, "ref",
                      "refs/heads/main"));
        ask_for(me.base);
}

static void evil_flood(void)
{
        say_phase("running");
        for (int i = 0; i < 10; i++)
                say(json_pack("{s:s,s:s,s:s,s:{s:s}}", "event", "record", "type", "note.observation", "actor", "agent",
                              "data", "text", "flood"));
}

static void evil_stream(const char *what)
{
        static char lines[65536];
        const char *line = strcmp(what, "dropped") == 0
                                   ? "{\"event\":\"dropped\",\"what\":\"notes\",\"count\":1}\n"
                                   : "{\"event\":\"result\",\"outcome\":\"work_failed\",\"reasons\":[]}\n";
        size_t len = 0;

        for (; len + strlen(line) <= sizeof(lines); len += strlen(line))
                memcpy(lines + len, line, strlen(line));
        while (send(3, lines, len, MSG_NOSIGNAL) == (ssize_t)len)
                continue;
        for (;;)
                pause();
}

static void evil_endless(void)
{
        char line[65536];

        memset(line, 'x', sizeof(line));
        while (write(3, line, sizeof(line)) > 0)
                continue;
        for (;;)
                pause();
}

static void evil_terminal(void)
{
        static const char title[] = "\033]0;evil\a\n";
        char path[32];

        for (int fd = 0; fd < 3; fd++) {
                attempt("isatty", isatty(fd));
                attempt("TIOCSTI", ioctl(fd, TIOCSTI, "x") == 0);
        }
        for (int fd = 1; fd < 3; fd++)
                attempt("write", write(fd, title, sizeof(title) - 1) < 0);
        attempt("/dev/tty", open("/dev/tty", O_RDWR) >= 0);
        for (int i = 0; i < 64; i++) {
                snprintf(path, sizeof(path), "/dev/pts/%d", i);
                attempt(path, open(path, O_RDWR | O_NOCTTY) >= 0);
        }
        attempt("session", getsid(0) == 0); /* 0: its leader is outside of the cage */
}

static void read_title(void)
{
        char path[8300];
        json_error_t error;
        json_t *plan;

        snprintf(path, sizeof(path), "%s/config_snapshot/plan.json", me.run);
        plan = json_load_file(path, 0, &error);
        snprintf(me.title, sizeof(me.title), "%s", plan ? json_string_value(json_object_get(plan, "title")) : "");
        json_decref(plan);
}

int main(int argc, char **argv)
{
        char path[8300], tree[41];

        for (int i = 1; i + 1 < argc; i += 2) {
                char *into = strcmp(argv[i], "--run-folder") == 0   ? me.run
                             : strcmp(argv[i], "--repository") == 0 ? me.repo
                                                                    : NULL;

                if (into)
                        snprintf(into, sizeof(me.run), "%s", argv[i + 1]);
                else if (strcmp(argv[i], "--base") == 0)
                        snprintf(me.base, sizeof(me.base), "%s", argv[i + 1]);
        }
        snprintf(path, sizeof(path), "%s/logs/evil.txt", me.run);
        me.report = fopen(path, "w");
        if (!me.report)
                return 8;
        snprintf(me.objects, sizeof(me.objects), "%s/quarantine", me.run);
        read_title();
        channel_init(&me.up, 3);
        await_start();
        if (strcmp(me.title, "evil write") == 0)
                evil_write();
        if (strcmp(me.title, "evil terminal") == 0)
                evil_terminal();
        if (strcmp(me.title, "evil endless") == 0)
                evil_endless();
        if (strcmp(me.title, "evil forge") == 0)
                evil_forge();
        if (strcmp(me.title, "evil flood") == 0)
                evil_flood();
        if (strncmp(me.title, "evil stream ", 12) == 0)
                evil_stream(me.title + 12);
        if (strncmp(me.title, "evil checkpoint ", 16) == 0)
                evil_checkpoint(me.title + 16);
        if (strcmp(me.title, "evil outputs") == 0)
                evil_outputs();
        if (strncmp(me.title, "evil net ", 9) == 0)
                evil_network(me.title + 9, attempt);
        make_tree(strncmp(me.title, "evil tree ", 10) == 0 ? me.title + 10 : "good", tree);
        if (strcmp(me.title, "evil linger") == 0)
                linger(tree);
        ask_for(tree);
        fclose(me.report);
        return 0;
}
