/* SPDX-License-Identifier: Apache-2.0 */
/* Judges: `git diff --numstat` for the counts, `git apply` both ways for the patch. */
#include "lib/git/diff.h"
#include "tests/unit/git/scratch.h"

static const char base[] =
        "seq 100 > a; echo b > b; mkdir d; printf 'x\\0y' > d/bin; ln -s a link; : > empty; echo s > 'with blank'\n"
        "printf 'no newline' > nonl; echo n > $'new\\nline'; git add -A; git commit -qm one";
static const char edit[] =
        "sed -i 5d a; echo end >> a; chmod +x b; rm d/bin; printf 'z\\0\\377w' > bin2; rm link; echo l > link\n"
        "printf 'more\\nno newline' > nonl; rm empty; mkdir empty; echo 1 > empty/1; echo 2 >> 'with blank'; "
        "echo m >> $'new\\nline'; : > empty2; echo u > $'\\303\\274'; echo i > $'\\377'";

static const struct change *find(const struct change_list *list, const char *path)
{
        for (size_t i = 0; i < list->len; i++) {
                if (strcmp(list->items[i].path, path) == 0)
                        return &list->items[i];
        }
        cr_assert_fail("no change of %s", path);
        return NULL;
}

static void write_patch(struct scratch *s, const struct change_list *list, uint64_t max, bool *complete)
{
        _cleanup_free_ char *path = xasprintf("%s/patch", s->folder);
        _cleanup_fd_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        cr_assert_eq(tree_patch(quarantine_repo(s->q), list, fd, max, complete, &s->err), 0, "%s", s->err.message);
}

Test(diff, counts_are_those_of_git_and_the_patch_applies_both_ways)
{
        struct scratch s;
        _cleanup_changes_ struct change_list list = {0};
        char tree[GIT_HEX];
        bool complete = false;

        scratch_init(&s, base);
        scratch_candidate(&s, edit, tree);
        cr_assert_eq(tree_changes(quarantine_repo(s.q), s.base_tree, tree, &list, &s.err), 0, "%s", s.err.message);
        _cleanup_free_ char *numbers = scratch_out(&s, "cd judge; git diff --cached --no-renames --numstat HEAD | "
                                                       "awk '{a+=$1; d+=$2} END {print NR, a, d}'");
        _cleanup_free_ char *ours = xasprintf("%zu %lu %lu", list.len, list.lines_added, list.lines_removed);

        cr_assert_str_eq(ours, numbers);
        cr_assert_eq(find(&list, "b")->kind, CHANGE_MODIFIED);
        cr_assert_eq(find(&list, "link")->kind, CHANGE_TYPE);
        cr_assert_eq(find(&list, "empty")->kind, CHANGE_DELETED);
        cr_assert(find(&list, "bin2")->binary);
        write_patch(&s, &list, UINT64_MAX, &complete);
        cr_assert(complete);
        scratch_sh(&s, "cd judge; git reset -q --hard; git clean -qfdx; git apply --index ../patch");
        _cleanup_free_ char *applied = scratch_out(&s, "git -C judge write-tree");

        cr_assert_str_eq(applied, tree);
        scratch_sh(&s, "cd judge; git apply -R --index ../patch; git diff --cached --quiet HEAD");
        scratch_release(&s);
}

Test(diff, a_patch_stops_before_its_limit)
{
        struct scratch s;
        _cleanup_changes_ struct change_list list = {0};
        char tree[GIT_HEX];
        bool complete = true;

        scratch_init(&s, base);
        scratch_candidate(&s, "echo 1 > a; seq 10000 > z", tree);
        cr_assert_eq(tree_changes(quarantine_repo(s.q), s.base_tree, tree, &list, &s.err), 0);
        write_patch(&s, &list, 2000, &complete);
        cr_assert_not(complete);
        scratch_sh(&s, "test $(stat -c %s patch) -le 2000; cd judge; git reset -q --hard; git apply ../patch; test "
                       "$(cat a) = 1");
        scratch_release(&s);
}

Test(diff, conflict_markers_count_where_they_were_added)
{
        struct scratch s;
        _cleanup_changes_ struct change_list list = {0};
        char tree[GIT_HEX];

        scratch_init(&s, "printf '<<<<<<< old\\n' > had; echo x > x; git add -A; git commit -qm one");
        scratch_candidate(
                &s,
                "echo more >> had; printf 'a\\n=======\\nb\\n>>>>>>> x\\n' > bad; printf 'Title\\n=======\\n' > doc",
                tree);
        cr_assert_eq(tree_changes(quarantine_repo(s.q), s.base_tree, tree, &list, &s.err), 0);
        cr_assert_eq(find(&list, "had")->conflict_marker, 0);
        cr_assert_eq(find(&list, "doc")->conflict_marker, 0);
        cr_assert_eq(find(&list, "bad")->conflict_marker, 2);
        scratch_release(&s);
}
