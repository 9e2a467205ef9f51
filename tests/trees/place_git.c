/* SPDX-License-Identifier: Apache-2.0 */
/* git, started as cheaply as it can be, with nothing of the user's configuration. */
#include "lib/base/cleanup.h"
#include "lib/base/str.h"
#include "tests/trees/place.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void environment(const struct place *place, const struct git_call *call, struct strv *env)
{
        static const char *const names[] = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"};
        const char *const values[] = {call->git_dir, call->work_tree, call->index, call->objects};

        strv_add_printf(env, "PATH=%s", getenv("PATH"));
        strv_add_printf(env, "HOME=%s/home", place->folder);
        strv_add(env, "GIT_CONFIG_NOSYSTEM=1");
        strv_add(env, "LC_ALL=C");
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (values[i])
                        strv_add_printf(env, "%s=%s/%s", names[i], place->folder, values[i]);
        if (call->objects)
                strv_add_printf(env, "GIT_ALTERNATE_OBJECT_DIRECTORIES=%s/repo/.git/objects", place->folder);
}

/* The first line into `ret`; what git could not look at is told among the rest. */
static bool read_output(int fd, char *ret, size_t size)
{
        _cleanup_str_ struct str text = {0};
        char piece[4096];
        ssize_t got;

        while ((got = read(fd, piece, sizeof(piece))) > 0)
                str_append(&text, piece, (size_t)got);
        if (ret)
                snprintf(ret, size, "%.*s", (int)strcspn(str_text(&text), "\n"), str_text(&text));
        return strstr(str_text(&text), strerror(ELOOP)) == NULL;
}

int place_git(const struct place *place, const struct git_call *call, const char *const *arguments, char *ret,
              size_t size)
{
        _cleanup_strv_ struct strv env = {0}, argv = {0};
        posix_spawn_file_actions_t actions;
        int out[2], status = 0, failed, seen = 1;
        pid_t pid;

        environment(place, call, &env);
        strv_add(&argv, "git");
        for (; *arguments; arguments++)
                strv_add(&argv, *arguments);
        if (pipe2(out, O_CLOEXEC) < 0)
                return -1;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, out[1], 1);
        if (ret)
                posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
        else
                posix_spawn_file_actions_adddup2(&actions, out[1], 2);
        failed = posix_spawnp(&pid, "git", &actions, NULL, argv.items, env.items);
        posix_spawn_file_actions_destroy(&actions);
        close(out[1]);
        if (!failed)
                seen = read_output(out[0], ret, size);
        close(out[0]);
        if (failed || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
                return -1;
        return seen ? 0 : 1;
}
