/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standing still. Where the step has a group of cgroup v2 its freezer does it, unseen by the step. Else SIGSTOP: sent by the
 * step's own PID 1 with kill(-1), for which the kernel holds the list of processes, so that who forks at that moment either
 * does so before, and its child gets the signal too, or is stopped and forks no more. Tier D has no such PID 1: there what
 * descends from the keeper is stopped one by one until two looks in a row find nobody who runs.
 *
 * A signal is on its way until each thread has taken it: the pause is complete only when the last one has stopped. Who waits
 * for a disk, or for a child that has not executed yet (vfork), stops a little later; then it is tried again.
 *
 * From SIGSTOP a process can be woken by what it arranged before: a timer, a descriptor or the death of a parent that sends
 * SIGCONT. That cannot be held off from outside, but it is seen: whoever ran was switched to and away from (step_still.c). So a
 * pause of that kind is looked at again before it ends, and what was read meanwhile counts only where nobody has run.
 */
#include "sandbox/step.h"

#include "lib/base/clock.h"
#include "sandbox/weak.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TRIES 5
#define TRY_MS 200
#define BETWEEN_MS 5

#define PAUSE_SIGNAL SIGUSR1
#define CONTINUE_SIGNAL SIGUSR2

/* ---- In PID 1 ---- */

/* Senders inside the namespace have a number there; the helper has none. Only what sigqueue(3) sends may lie about it. */
static void obey(int number, siginfo_t *info, void *context)
{
        const int before = errno;

        (void)context;
        if (info->si_code == SI_USER && info->si_pid == 0)
                kill(-1, number == PAUSE_SIGNAL ? SIGSTOP : SIGCONT);
        errno = before;
}

void step_obey_pauses(void)
{
        struct sigaction action = {.sa_sigaction = obey, .sa_flags = SA_SIGINFO | SA_RESTART};

        sigemptyset(&action.sa_mask);
        sigaddset(&action.sa_mask, PAUSE_SIGNAL);
        sigaddset(&action.sa_mask, CONTINUE_SIGNAL);
        sigaction(PAUSE_SIGNAL, &action, NULL);
        sigaction(CONTINUE_SIGNAL, &action, NULL);
}

/* ---- In the helper ---- */

static void tell(const struct step_process *process, bool pause)
{
        if (process->weak)
                weak_tree_signal(process->pid, pause ? SIGSTOP : SIGCONT);
        else
                syscall(SYS_pidfd_send_signal, process->pidfd, pause ? PAUSE_SIGNAL : CONTINUE_SIGNAL, NULL, 0);
}

/* In tier D who was not seen in one look is seen in the next. */
static bool stop_all(const struct step_process *process)
{
        const uint64_t until = clock_ms() + TRY_MS;
        const unsigned wanted = process->weak ? 2 : 1;

        tell(process, true);
        for (unsigned clean = 0; clean < wanted;) {
                if (step_all_stand(process)) {
                        clean++;
                        continue;
                }
                clean = 0;
                if (clock_ms() >= until)
                        return false;
                if (process->weak)
                        tell(process, true);
                poll(NULL, 0, 1);
        }
        return true;
}

static bool is_same(const struct str *a, const struct str *b)
{
        return a->len == b->len && memcmp(str_text(a), str_text(b), a->len) == 0;
}

/* Who was seen to be stopped may be about to be switched away from; two looks that agree have everybody behind that. */
static bool settle(const struct step_process *process, struct str *ret)
{
        const uint64_t until = clock_ms() + TRY_MS;
        _cleanup_str_ struct str next = {0};

        if (!step_look(process, ret))
                return false;
        do {
                if (!step_look(process, &next))
                        return false;
                if (is_same(ret, &next))
                        return true;
                str_clear(ret);
                str_append(ret, next.data, next.len);
                poll(NULL, 0, 1);
        } while (clock_ms() < until);
        return false;
}

int step_pause(const struct step_process *process, const struct cgroups *groups, struct step_pause *ret,
               struct err *err)
{
        *ret = (struct step_pause){.how = STEP_RUNS};
        if (cgroups_step_freeze(groups, TRY_MS)) {
                ret->how = STEP_FROZEN;
                return 0;
        }
        for (unsigned i = 0; i < TRIES; i++) {
                if (stop_all(process) && settle(process, &ret->seen)) {
                        ret->how = STEP_STOPPED;
                        return 0;
                }
                tell(process, false);
                poll(NULL, 0, BETWEEN_MS);
        }
        step_pause_release(ret);
        return err_set(err, ERR_SYSTEM, "the step's processes could not be brought to a stop");
}

bool step_stood(const struct step_process *process, const struct step_pause *pause)
{
        _cleanup_str_ struct str now = {0};

        if (pause->how != STEP_STOPPED)
                return pause->how == STEP_FROZEN;
        /* who runs since it woke up has not been switched away from yet: no count tells of it */
        return step_all_stand(process) && settle(process, &now) && is_same(&now, &pause->seen);
}

void step_continue(const struct step_process *process, const struct cgroups *groups, const struct step_pause *pause)
{
        if (pause->how == STEP_FROZEN)
                cgroups_step_thaw(groups);
        else if (pause->how == STEP_STOPPED)
                tell(process, false);
}

void step_pause_release(struct step_pause *pause)
{
        str_release(&pause->seen);
        *pause = (struct step_pause){.how = STEP_RUNS};
}
