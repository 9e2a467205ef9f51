/* SPDX-License-Identifier: Apache-2.0 */
/* Remotes and upstreams as the repository's own configuration and refs have them: nothing is asked over a network. */
#include "lib/base/cleanup.h"
#include "lib/git/internal.h"

#include <stdlib.h>
#include <string.h>

/* What stands for a person or a key in an address is no part of where it leads. */
static char *harmless_url(const char *url)
{
        const char *scheme = strstr(url, "://");
        const char *host = scheme ? scheme + 3 : NULL;
        size_t authority = host ? strcspn(host, "/?#") : 0, len = 0;
        const char *colon;

        for (size_t i = 0; i < authority; i++)
                if (host[i] == '@')
                        len = i + 1;
        if (!len)
                return xstrdup(url);
        if (strncmp(url, "http", 4) == 0)
                return xasprintf("%.*s%s", (int)(host - url), url, host + len);
        colon = memchr(host, ':', len);
        return colon ? xasprintf("%.*s%s", (int)(colon - url), url, host + len - 1) : xstrdup(url);
}

static int add_remote(const git_config_entry *entry, void *arg)
{
        struct strv *remotes = arg;
        size_t len = strlen(entry->name) - strlen("remote.") - strlen(".url");
        _cleanup_free_ char *url = harmless_url(entry->value);

        strv_add_printf(remotes, "%.*s %s", (int)len, entry->name + strlen("remote."), url);
        return 0;
}

int repo_remotes(struct repo *repo, struct strv *ret, struct err *err)
{
        _cleanup_config_ git_config *config = NULL;
        _cleanup_strv_ struct strv found = {0};

        if (git_repository_config_snapshot(&config, repo->git) < 0 ||
            git_config_foreach_match(config, "^remote\\..*\\.url$", add_remote, &found) < 0)
                return git_fail(err, "cannot read the remotes of %s", repo->gitdir);
        strv_sort_unique(&found);
        strv_release(ret);
        *ret = found;
        found = (struct strv){0};
        return 0;
}

bool repo_upstream(struct repo *repo, const char *ref, char **ret_ref, char ret_commit[GIT_HEX])
{
        git_buf name = {0};
        git_oid id;
        int code = git_branch_upstream_name(&name, repo->git, ref);

        if (code == 0)
                code = git_reference_name_to_id(&id, repo->git, name.ptr);
        if (code == 0) {
                *ret_ref = xstrdup(name.ptr);
                git_oid_tostr(ret_commit, GIT_HEX, &id);
        }
        git_buf_dispose(&name);
        return code == 0; /* not configured, configured halfway, never fetched: nothing is known of it */
}
