/* SPDX-License-Identifier: Apache-2.0 */
/* Who took user namespaces away: an administrator's limit, a distribution's default, or a container's filter. */
#include "sandbox/probe_layers.h"

#include "lib/base/fs.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
        const char *file, *value; /* the setting and what it says where it is the reason; NULL: any */
        const char *remedy;
} settings[] = {
        {"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1",
         "as root: cp scripts/apparmor/cupel /etc/apparmor.d/cupel && apparmor_parser -r /etc/apparmor.d/cupel "
         "(Ubuntu 23.10 and newer; an installation has the file as PREFIX/share/cupel/apparmor/cupel; its first lines "
         "say how to set the path), or sysctl kernel.apparmor_restrict_unprivileged_userns=0"},
        {"/proc/sys/kernel/unprivileged_userns_clone", "0",
         "as root: sysctl kernel.unprivileged_userns_clone=1 (to keep it: a file in /etc/sysctl.d)"},
        {"/proc/sys/user/max_user_namespaces", "0",
         "as root: sysctl user.max_user_namespaces=100000 (to keep it: a file in /etc/sysctl.d)"},
        {"/.dockerenv", NULL,
         "docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt "
         "systempaths=unconfined"},
        {"/run/.containerenv", NULL,
         "podman run --security-opt seccomp=unconfined --security-opt unmask=ALL --security-opt label=disable"},
};

static const char *const filtered =
        "a system call filter refuses it, as containers do: docker run --security-opt seccomp=unconfined "
        "--security-opt "
        "apparmor=unconfined --security-opt systempaths=unconfined; podman run --security-opt seccomp=unconfined "
        "--security-opt unmask=ALL; systemd: RestrictNamespaces=no";
static const char *const otherwise = "a kernel with CONFIG_USER_NS, and a security module that lets you use it";

static bool says(const char *file, const char *value)
{
        struct str text = {0};
        struct err ignored = ERR_INIT;
        bool same;

        if (!value)
                return access(file, F_OK) == 0;
        same = fs_read_at(AT_FDCWD, file, 4096, &text, &ignored) == 0 &&
               strtol(str_text(&text), NULL, 10) == strtol(value, NULL, 10);
        str_release(&text);
        return same;
}

static bool is_filtered(void)
{
        struct str text = {0};
        struct err ignored = ERR_INIT;
        bool filter = fs_read_at(AT_FDCWD, "/proc/self/status", 65536, &text, &ignored) == 0 &&
                      strstr(str_text(&text), "\nSeccomp:\t2");

        str_release(&text);
        return filter;
}

const char *probe_remedy(void)
{
        for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++)
                if (says(settings[i].file, settings[i].value))
                        return settings[i].remedy;
        return is_filtered() ? filtered : otherwise;
}
