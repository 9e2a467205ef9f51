/* SPDX-License-Identifier: Apache-2.0 */
/* Which folders hold secrets, judged by their names alone: what is a symlink to them the sandbox refuses when it opens it. */
#include "policy/policy.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/user.h"

#include <string.h>

const char *const policy_secrets[] = {
        /* keys */
        ".ssh",
        ".gnupg",
        ".pki",
        ".password-store",
        ".local/share/keyrings",
        ".local/share/kwalletd",
        ".local/share/pass",
        ".config/sops",
        ".config/age",
        ".config/1Password",
        ".config/op",
        ".config/Bitwarden",
        ".config/keepassxc",
        ".vault-token",
        ".krb5",
        /* clouds and clusters */
        ".aws",
        ".azure",
        ".kube",
        ".docker",
        ".config/gcloud",
        ".config/doctl",
        ".config/containers",
        ".config/helm",
        ".config/hcloud",
        ".config/rclone",
        ".oci",
        ".s3cfg",
        ".boto",
        ".terraform.d",
        ".terraformrc",
        ".fly",
        ".config/heroku",
        /* code hosts and package registries */
        ".netrc",
        ".git-credentials",
        ".config/gh",
        ".config/glab-cli",
        ".config/hub",
        ".npmrc",
        ".yarnrc.yml",
        ".pypirc",
        ".config/pypoetry",
        /* data bases, mail, shells */
        ".pgpass",
        ".my.cnf",
        ".msmtprc",
        ".mbsyncrc",
        ".bash_history",
        ".zsh_history",
        ".python_history",
        ".psql_history",
        ".mysql_history",
        ".node_repl_history",
        /* browsers and what is built on them */
        ".mozilla",
        ".thunderbird",
        ".config/BraveSoftware",
        ".config/chromium",
        ".config/google-chrome",
        ".config/microsoft-edge",
        ".config/opera",
        ".config/vivaldi",
        ".config/Signal",
        ".config/Slack",
        "snap/chromium",
        "snap/firefox",
        /* wallets */
        ".bitcoin",
        ".ethereum",
        ".electrum",
        ".config/solana",
        ".local/share/multibit",
        /* ours */
        ".config/cupel",
        ".local/state/cupel",
        NULL,
};

static const char *const policy_hidden[] = {
        ".cargo/credentials",
        ".cargo/credentials.toml",
        ".gem/credentials",
        ".composer/auth.json",
        ".config/composer/auth.json",
        ".config/git/credentials",
        ".m2/settings-security.xml",
        ".gradle/gradle.properties",
        ".bundle/config",
        ".local/share/composer/auth.json",
        NULL,
};

/* The part of `path` below a home folder; "" for the home itself and what contains it; NULL elsewhere. */
static const char *below_home(const char *path, const char *home)
{
        const char *rest;

        if (*path == '~')
                return path[1] ? path + 2 : "";
        if (!strcmp(path, "/") || !*path || !strcmp(path, "/home"))
                return "";
        if (home && path_is_in(home, path))
                return "";
        if (home && path_is_in(path, home))
                return path + strlen(home) + (home[1] ? 1 : 0); /* root's home may be "/" */
        if (path_is_in(path, "/root"))
                return path[5] ? path + 6 : "";
        if (!path_is_in(path, "/home"))
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
        for (const char *const *secret = policy_secrets; *secret; secret++) {
                bool exact = names_secret(trimmed, *secret);

                if (!exact && !(below && path_is_in(*secret, below)))
                        continue;
                *ret_exact = exact;
                return *secret;
        }
        return NULL;
}

static bool lies_in(const char *file, const struct strv *shown, const char *home)
{
        bool found = false;

        for (size_t i = 0; i < shown->len; i++) {
                _cleanup_free_ char *path = user_path(home, shown->items[i]);

                if (!strcmp(path, file))
                        return false;
                found |= path_is_in(file, path);
        }
        return found;
}

void policy_hidden_in(const struct strv *shown, const char *home, struct strv *ret)
{
        for (const char *const *name = policy_hidden; home && *name; name++) {
                _cleanup_free_ char *file = xasprintf("%s/%s", home, *name);

                if (lies_in(file, shown, home) && !strv_has(ret, file))
                        strv_add(ret, file);
        }
}
