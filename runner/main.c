/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/runner.h"

int main(int argc, char **argv, char **envp)
{
        return runner_main(argc, argv, envp);
}
