/* SPDX-License-Identifier: Apache-2.0 */
/* What lies beside that which a step is shown of the host. */
#include "attack.h"

#include <dirent.h>
#include <stddef.h>
#include <string.h>
#include <sys/vfs.h>

#define OVERLAY 0x794c7630

static int names_but(const char *folder, const char *const *known)
{
        DIR *dir = opendir(folder);
        struct dirent *entry;
        int others = 0;

        while (dir && (entry = readdir(dir))) {
                const char *const *at = known;

                while (*at && strcmp(*at, entry->d_name) != 0)
                        at++;
                if (!*at && entry->d_name[0] != '.') {
                        explain("%s/%s", folder, entry->d_name);
                        others++;
                }
        }
        if (dir)
                closedir(dir);
        return others;
}

ATTEMPT(server_keys)
{
        static const char *const ssl[] = {"certs", "openssl.cnf", "cert.pem", "ca-bundle.pem", NULL};
        static const char *const pki[] = {"ca-trust", "java", "tls", NULL};
        static const char *const tls[] = {"certs", "cert.pem", "openssl.cnf", NULL};

        return names_but("/etc/ssl", ssl) + names_but("/etc/pki", pki) + names_but("/etc/pki/tls", tls) ? GAINED : HELD;
}

ATTEMPT(system_sockets)
{
        static const char *const folders[] = {"/opt", "/nix", "/usr/local"};
        struct statfs status;
        int others = 0;

        for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
                if (statfs(folders[i], &status) == 0 && status.f_type != OVERLAY) {
                        explain("%s is no overlay", folders[i]);
                        others++;
                }
        return others ? GAINED : HELD;
}
