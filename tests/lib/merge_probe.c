/* SPDX-License-Identifier: Apache-2.0 */
/*
 * merge-probe GITDIR FOLDER: for each line "BASE OURS THEIRS" (trees) of stdin one line: "clean TREE", or "conflict" and the
 * reasons. What it writes goes to FOLDER, an object store of its own.
 */
#include "lib/base/cleanup.h"
#include "lib/git/merge.h"
#include "lib/git/quarantine.h"

#include <stdio.h>
#include <stdlib.h>

static int merge_line(struct quarantine *q, const char *line, struct err *err)
{
        _cleanup_merge_ struct merge_result merged = {0};
        _cleanup_strv_ struct strv reasons = {0};
        char base[GIT_HEX], ours[GIT_HEX], theirs[GIT_HEX];

        if (sscanf(line, "%40s %40s %40s", base, ours, theirs) != 3)
                return err_set(err, ERR_INPUT, "not three trees: %s", line);
        if (tree_merge(q, base, ours, theirs, &merged, err) < 0)
                return -1;
        merge_reasons(&merged, &reasons);
        printf("%s%s", merged.len ? "conflict" : "clean ", merged.tree);
        for (size_t i = 0; i < reasons.len; i++)
                printf("\t%s", reasons.items[i]);
        putchar('\n');
        return 0;
}

int main(int argc, char **argv)
{
        _cleanup_repo_ struct repo *repo = NULL;
        _cleanup_quarantine_ struct quarantine *q = NULL;
        struct err err = ERR_INIT;
        char line[256];

        if (argc != 3 || git_start(&err) < 0 || repo_open(argv[1], &repo, &err) < 0 ||
            quarantine_open(repo, argv[2], QUARANTINE_CREATE, &q, &err) < 0) {
                fprintf(stderr, "merge-probe GITDIR FOLDER: %s\n", err.message);
                return 2;
        }
        while (fgets(line, sizeof(line), stdin)) {
                if (merge_line(q, line, &err) == 0)
                        continue;
                fprintf(stderr, "merge-probe: %s\n", err.message);
                return 1;
        }
        return 0;
}
