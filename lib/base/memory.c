/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An object that is deflated takes and frees a quarter of a megabyte. glibc gives that back to the kernel, which hands it out again
 * zeroed, page by page, for the next object: more time than the compression of a small one.
 */
#include "lib/base/memory.h"

#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

void memory_keep(void)
{
        mallopt(M_TRIM_THRESHOLD, 16 << 20);
        mallopt(M_MMAP_THRESHOLD, 4 << 20);
        mallopt(M_TOP_PAD, 256 << 10);
}

void memory_leave(int status)
{
#ifdef CUPEL_GIVES_BACK
        (void)status;
#else
        fflush(NULL);
        _exit(status);
#endif
}
