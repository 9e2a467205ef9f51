/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/egress/egress.h"

int main(int argc, char **argv)
{
        return egress_main(argc, argv);
}
