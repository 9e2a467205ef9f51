/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_TIDY_H
#define CUPEL_DIRECTOR_TIDY_H

/*
 * Clean-up beside the work: folders of a run that nobody needs any more are removed while the commit is signed, synced and
 * written about.
 *
 *         tidy_start(&tidy, run_fd, cage_pid, names);    reaps the cage (0: none), then removes the folders
 *         tidy_wait(&tidy);                              before they are touched again; safe on one never started
 *
 * Nothing is reported: who ends the run removes the same folders once more and sees what could not be removed.
 */

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

struct tidy {
        pthread_t thread;
        bool running;
        int run_fd; /* borrowed until tidy_wait() */
        pid_t cage;
        const char *const *folders; /* ends with NULL; static */
};

void tidy_start(struct tidy *tidy, int run_fd, pid_t cage, const char *const *folders);
void tidy_wait(struct tidy *tidy);

#endif
