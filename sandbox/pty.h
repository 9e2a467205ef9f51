/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_SANDBOX_PTY_H
#define CUPEL_SANDBOX_PTY_H

/*
 * A step's private terminal, for steps with `tty`: an instance of devpts of its own (Documentation/filesystems/devpts.rst),
 * from which nobody outside can open a terminal and in which nobody else's is. The command may open more of them
 * (script, expect, tmux), up to a small number.
 *
 *         pty_place(&site, err);                   helper, before the step: the place of /dev/tty in the shared root
 *                 in the child, before the pivot:  pty_mount(&site, err);
 *                 … after it:                      pty_open(&step, &master, &slave, err);
 *         pty_unplace(&site);                      helper, after the step: a step without terminal has no /dev/tty
 *
 * PID 1 of the step keeps a descriptor of the slave until it ends: so the master reads EIO exactly when everything of the
 * step is dead, and output that a background process prints late is not lost. Closing the slave loses nothing that is
 * still to be read (measured).
 */

#include "lib/base/err.h"
#include "sandbox/plan.h"
#include "sandbox/site.h"

#define PTY_COLUMNS 80
#define PTY_ROWS 24

int pty_place(const struct site *site, struct err *err);
void pty_unplace(const struct site *site);
int pty_mount(const struct site *site, struct err *err);
int pty_open(const struct sandbox_step *step, int *ret_master, int *ret_slave, struct err *err); /* both CLOEXEC */
int pty_resize(int master, uint32_t columns, uint32_t rows); /* sizes that are none are ignored; 0, or -1 */

#endif
