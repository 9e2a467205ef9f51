/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program's door: what it makes of itself before the first byte arrives. Not dumpable and without core files, since it
 * will hold credentials; as many descriptors as the machine lets it have, since each tunnel needs six.
 */
#include "runner/egress/egress.h"

#include "lib/base/signals.h"
#include "runner/egress/loop.h"
#include "sandbox/cage.h"
#include "sandbox/seccomp.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static const char usage[] =
        "usage: cupel-egress [--hurry N]\n"
        "Started by cupel, with a socket to the supervisor on descriptor 3 and one to the runner on 4.\n"
        "--hurry N divides every time limit by N; tests use it.\n";

static int harden(struct err *err)
{
        struct rlimit files;

        if (prctl(PR_SET_DUMPABLE, 0) < 0 || setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}) < 0)
                return err_errno(err, "no core files");
        if (getrlimit(RLIMIT_NOFILE, &files) < 0)
                return err_errno(err, "getrlimit");
        files.rlim_cur = files.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &files) < 0)
                return err_errno(err, "setrlimit");
        signals_spare_writers();
        return 0;
}

/* Everything is loaded: from here on no program and no process comes of this one (sandbox/seccomp.h). */
static int confine(struct err *err)
{
#ifdef __SANITIZE_ADDRESS__
        (void)err; /* its leak checker is a process of its own */
        return 0;
#else
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return err_errno(err, "no_new_privs");
        return seccomp_apply(SECCOMP_EGRESS, err);
#endif
}

static int take_descriptor(int fd, struct err *err)
{
        int flags = fcntl(fd, F_GETFL);

        if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
                return err_errno(err, "descriptor %d; this program is started by cupel", fd);
        return 0;
}

static int run(unsigned hurry, bool *ret_busy, struct err *err)
{
        if (harden(err) < 0 || confine(err) < 0 || take_descriptor(CAGED_CONTROL_FD, err) < 0 ||
            take_descriptor(CAGED_NETWORK_PEER_FD, err) < 0)
                return -1;
        return egress_loop(CAGED_CONTROL_FD, CAGED_NETWORK_PEER_FD, hurry, ret_busy, err);
}

/* 1 without arguments; 0: not understood. */
static unsigned read_hurry(int argc, char **argv)
{
        char *end;
        unsigned long value;

        if (argc != 3 || strcmp(argv[1], "--hurry") != 0)
                return argc == 1;
        value = strtoul(argv[2], &end, 10);
        return *end || value > 1000000 ? 0 : (unsigned)value;
}

int egress_main(int argc, char **argv)
{
        struct err err = ERR_INIT;
        bool busy = false, failed;
        int status;
        unsigned hurry = read_hurry(argc, argv);

        if (!hurry) {
                fputs(usage, stderr);
                return 2;
        }
        failed = run(hurry, &busy, &err) < 0;
        if (failed)
                err_report(stderr, "cupel-egress", &err);
        status = failed ? err_exit_status(&err) : 0;
        if (busy)
                _exit(status);
        return status;
}
