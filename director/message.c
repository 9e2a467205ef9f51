/* SPDX-License-Identifier: Apache-2.0 */
#include "director/message.h"

#include "lib/base/str.h"
#include "lib/git/repo.h"
#include "policy/plan.h"
#include "policy/scrub.h"

#include <stdlib.h>
#include <string.h>

char *commit_message(const struct plan *plan)
{
        struct str text = {0};

        str_puts(&text, plan->title);
        if (plan->objective && strcmp(plan->objective, plan->title) != 0)
                str_printf(&text, "\n\n%s", plan->objective);
        if (plan->rollback)
                str_printf(&text, "\n\nRollback: %s", plan->rollback);
        scrub_text(text.data, text.len); /* a repository is read by more people than a work item */
        return str_steal(&text);
}

int author_parse(const char *text, struct author *ret)
{
        const char *open = strchr(text, '<'), *close = open ? strchr(open, '>') : NULL;
        size_t name_len = open ? (size_t)(open - text) : 0;

        while (name_len > 0 && text[name_len - 1] == ' ')
                name_len--;
        if (!close || close[1] || name_len == 0 || close == open + 1)
                return -1;
        ret->name = xmemdup(text, name_len);
        ret->mail = xmemdup(open + 1, (size_t)(close - open) - 1);
        return 0;
}

int author_find(struct author *ret, const char *configured, struct repo *repo, struct err *err)
{
        if (configured && author_parse(configured, ret) == 0)
                return 0;
        if (repo_user_identity(repo, &ret->name, &ret->mail, err) < 0)
                return -1;
        if (ret->name && ret->name[0] && ret->mail && ret->mail[0])
                return 0;
        author_release(ret);
        *ret = (struct author){.name = xstrdup("cupel"), .mail = xstrdup("cupel@cupel.invalid")};
        return 0;
}

void author_release(struct author *author)
{
        free(author->name);
        free(author->mail);
        *author = (struct author){0};
}

char *digest_label(const char *digest)
{
        if (!digest)
                digest = "";
        return strncmp(digest, "sha256:", 7) == 0 ? xstrdup(digest) : xasprintf("sha256:%s", digest);
}
