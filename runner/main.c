/* SPDX-License-Identifier: Apache-2.0 */
/* A file of its own, so that tests link the program without its main(). */
#include "runner/runner.h"

#include "lib/base/memory.h"
#include "lib/base/turns.h"

int main(int argc, char **argv, char **envp)
{
        memory_keep();
        turns_short(); /* who sends a note waits for the answer */
        return runner_main(argc, argv, envp);
}
