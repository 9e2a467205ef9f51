/* SPDX-License-Identifier: Apache-2.0 */
/* A file of its own, so that tests link the program without its main(). */
#include "runner/egress/egress.h"

int main(int argc, char **argv)
{
        return egress_main(argc, argv);
}
