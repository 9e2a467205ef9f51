/* SPDX-License-Identifier: Apache-2.0 */
#include "director/tidy.h"

#include "director/room.h"
#include "lib/base/fs.h"

static void *work(void *arg)
{
        const struct tidy *tidy = arg;

        room_reap(tidy->cage);
        for (const char *const *folder = tidy->folders; *folder; folder++) {
                struct err ignored = ERR_INIT;

                (void)fs_remove_tree_at(tidy->run_fd, *folder, &ignored);
        }
        return NULL;
}

void tidy_start(struct tidy *tidy, int run_fd, pid_t cage, const char *const *folders)
{
        tidy_wait(tidy);
        *tidy = (struct tidy){.run_fd = run_fd, .cage = cage, .folders = folders};
        tidy->running = pthread_create(&tidy->thread, NULL, work, tidy) == 0;
        if (!tidy->running)
                work(tidy);
}

void tidy_wait(struct tidy *tidy)
{
        if (tidy->running)
                pthread_join(tidy->thread, NULL);
        tidy->running = false;
}
