/* SPDX-License-Identifier: Apache-2.0 */
/* Which folders hold secrets, judged by their names alone: what is a symlink to them the sandbox refuses when it opens it. */
#include "policy/policy.h"

#include "lib/base/cleanup.h"

#include <string.h>

/* Relative to the home folder. */
static const char *const secrets[] = {
        ".ssh",
        ".gnupg",
        ".aws",
        ".azure",
        ".kube",
        ".docker",
        ".netrc",
        ".git-credentials",
        ".password-store",
        ".pki",
        ".mozilla",
        ".thunderbird",
        ".config/BraveSoftware",
        ".config/chromium",
        ".config/cupel",
        ".config/gcloud",
        ".config/gh",
        ".config/google-chrome",
        ".config/microsoft-edge",
        ".config/opera",
        ".config/vivaldi",
        ".local/share/keyrings",
        ".local/share/kwalletd",
        ".local/state/cupel",
        "snap/chromium",
        "snap/firefox",
};

/* `path` is `folder` or below it; both without '/' at the end. */
static bool is_below(const char *path, const char *folder)
{
        size_t len = strlen(folder);

        return !strncmp(path, folder, len) && (!path[len] || path[len] == '/' || !len);
}

/* The part of `path` below a home folder; "" for the home itself and what contains it; NULL elsewhere. */
static const char *below_home(const char *path, const char *home)
{
        const char *rest;

        if (*path == '~')
                return path[1] ? path + 2 : "";
        if (!strcmp(path, "/") || !*path || !strcmp(path, "/home"))
                return "";
        if (home && is_below(home, path))
                return "";
        if (home && is_below(path, home))
                return path + strlen(home) + 1;
        if (is_below(path, "/root"))
                return path[5] ? path + 6 : "";
        if (!is_below(path, "/home"))
                return NULL;
        rest = strchr(path + 6, '/');
        return rest ? rest + 1 : "";
}

/* Whether `secret` stands somewhere in `path` as whole components. */
static bool names_secret(const char *path, const char *secret)
{
        size_t len = strlen(secret);

        for (const char *at = strstr(path, secret); at; at = strstr(at + 1, secret))
                if ((at == path || at[-1] == '/') && (!at[len] || at[len] == '/'))
                        return true;
        return false;
}

const char *policy_secret(const char *path, const char *home, bool *ret_exact)
{
        _cleanup_free_ char *trimmed = xstrdup(path);
        size_t len = strlen(trimmed);
        const char *below;

        while (len > 1 && trimmed[len - 1] == '/')
                trimmed[--len] = 0;
        below = below_home(trimmed, home);
        for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
                bool exact = names_secret(trimmed, secrets[i]);

                if (!exact && !(below && is_below(secrets[i], below)))
                        continue;
                *ret_exact = exact;
                return secrets[i];
        }
        return NULL;
}
