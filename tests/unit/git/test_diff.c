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

static const struct change_line *line_at(const struct change *change, size_t index, char sign, uint32_t number)
{
        cr_assert_lt(index, change->lines_len);
        cr_assert_eq(change->lines[index].sign, sign);
        cr_assert_eq(change->lines[index].number, number);
        return &change->lines[index];
}

Test(diff, the_text_of_lines_has_numbers_places_and_hunks)
{
        struct scratch s;
        _cleanup_changes_ struct change_list list = {0}, plain = {0};
        char tree[GIT_HEX];
        const struct change_line *line;
        const struct change *a;

        scratch_init(&s, "seq 20 > a; printf 'x\\r\\ny' > crlf; git add -A; git commit -qm one");
        scratch_candidate(&s, "sed -i '3d; 10s/.*/ten/; 15a new' a; printf 'z\\r\\ny\\377' > crlf; printf 'q\\0' > bin",
                          tree);
        cr_assert_eq(tree_changes_text(quarantine_repo(s.q), s.base_tree, tree, &list, &s.err), 0, "%s", s.err.message);
        a = find(&list, "a");
        cr_assert_eq(a->lines_len, 4);
        cr_assert_eq(line_at(a, 0, '-', 3)->place, 2, "gone behind line 2");
        line = line_at(a, 1, '-', 10);
        cr_assert(line->len == 2 && !memcmp(line->text, "10", 2));
        cr_assert_eq(line->place, 8);
        line = line_at(a, 2, '+', 9);
        cr_assert(line->len == 3 && !memcmp(line->text, "ten", 3));
        cr_assert_eq(line->place, 10, "it came behind the old line 10");
        cr_assert_eq(line->hunk, a->lines[1].hunk);
        cr_assert_neq(line->hunk, a->lines[0].hunk);
        cr_assert_eq(line_at(a, 3, '+', 15)->place, 15);
        cr_assert_eq(find(&list, "crlf")->lines[1].len, 1, "ends of lines are no text");
        cr_assert_eq(find(&list, "bin")->lines_len, 0);
        cr_assert_not(a->text_left_out);
        cr_assert_eq(tree_changes(quarantine_repo(s.q), s.base_tree, tree, &plain, &s.err), 0);
        cr_assert_eq(find(&plain, "a")->lines_len, 0, "nobody asked for it");
        scratch_release(&s);
}

Test(diff, text_beyond_the_room_is_left_out_and_said)
{
        struct scratch s;
        _cleanup_changes_ struct change_list list = {0};
        char tree[GIT_HEX];
        size_t whole = 0;

        scratch_init(&s, base);
        scratch_candidate(&s, "for i in $(seq 30); do yes | head -c 4000000 > big$i; done", tree);
        cr_assert_eq(tree_changes_text(quarantine_repo(s.q), s.base_tree, tree, &list, &s.err), 0, "%s", s.err.message);
        for (size_t i = 0; i < list.len; i++)
                whole += !list.items[i].text_left_out;
        cr_assert_gt(list.len, whole);
        cr_assert_leq(list.kept_bytes, DIFF_LINES_MAX);
        cr_assert_eq(find(&list, "big1")->lines_added, 2000000, "they are counted all the same");
        scratch_release(&s);
}

Test(diff, files_of_both_trees_are_read_within_bounds)
{
        struct scratch s;
        _cleanup_str_ struct str text = {0};
        char tree[GIT_HEX];

        scratch_init(&s, base);
        scratch_candidate(&s, "echo new > b; head -c 5000000 /dev/zero > huge; ln -sf nowhere link", tree);
        struct change_trees trees = {.repo = quarantine_repo(s.q), .old_tree = s.base_tree, .new_tree = tree};

        cr_assert_eq(change_trees_read(&trees, "b", false, &text, &s.err), 0);
        cr_assert_str_eq(str_text(&text), "b\n");
        cr_assert_eq(change_trees_read(&trees, "b", true, &text, &s.err), 0);
        cr_assert_str_eq(str_text(&text), "new\n");
        cr_assert_eq(change_trees_read(&trees, "link", true, &text, &s.err), 0);
        cr_assert_str_eq(str_text(&text), "nowhere");
        cr_assert_eq(change_trees_read(&trees, "huge", true, &text, &s.err), -1);
        cr_assert_eq(s.err.code, ERR_INPUT);
        cr_assert_eq(change_trees_read(&trees, "huge", false, &text, &s.err), -1);
        cr_assert_eq(s.err.code, ERR_NOT_FOUND);
        cr_assert_eq(change_trees_read(&trees, "d", true, &text, &s.err), -1);
        change_trees_release(&trees);
        scratch_release(&s);
}
