/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/overlay.h"

#include <sys/sysmacros.h>
#include <sys/xattr.h>

bool overlay_is_whiteout(const struct stat *status)
{
        return S_ISCHR(status->st_mode) && status->st_rdev == makedev(0, 0);
}

bool overlay_is_opaque(int dirfd)
{
        char value[4];

        return fgetxattr(dirfd, "user.overlay.opaque", value, sizeof(value)) == 1 && value[0] == 'y';
}
