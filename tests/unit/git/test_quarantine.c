/* SPDX-License-Identifier: Apache-2.0 */
/* What a taken-over runner could put into the quarantine, made with git's own plumbing (which hashes anything). */
#include "tests/unit/git/scratch.h"

static const char base[] = "mkdir d; echo a > a; echo b > d/b; git add -A; git commit -qm one";

/* Runs `script` with git writing loose objects into the quarantine; it prints the candidate tree. */
static char *plant(struct scratch *s, const char *script)
{
        _cleanup_free_ char *whole = xasprintf("export GIT_DIR=$PWD/repo/.git GIT_OBJECT_DIRECTORY=$PWD/q "
                                               "GIT_ALTERNATE_OBJECT_DIRECTORIES=$PWD/repo/.git/objects\n"
                                               "blob=$(echo evil | git hash-object -w --stdin); bin() { printf "
                                               "\"$(echo $1 | sed 's/../\\\\x&/g')\"; }\n"
                                               "entry() { printf \"$1 $2\\0\"; bin $3; }\n"
                                               "tree() { git hash-object -w -t tree --literally --stdin; }\n%s",
                                               script);

        return scratch_out(s, whole);
}

static int check(struct scratch *s, const char *tree, struct quarantine_counts *counts)
{
        const struct quarantine_limits limits = {
                .max_objects = 1000, .max_blob_bytes = 1 << 20, .max_total_bytes = 1 << 24, .max_depth = 20};

        scratch_open(s);
        s->err = ERR_INIT;
        return quarantine_check(s->q, s->base_tree, tree, &limits, counts, &s->err);
}

Test(quarantine, an_honest_candidate_passes_and_is_counted)
{
        struct scratch s;
        struct quarantine_counts counts = {0};
        char tree[GIT_HEX];

        scratch_init(&s, base);
        scratch_candidate(&s, "echo 1 > d/new; mkdir e; cp a e/copy; chmod +x a; ln -s a l", tree);
        cr_assert_eq(check(&s, tree, &counts), 0, "%s", s.err.message);
        cr_assert_eq(counts.trees, 3);
        cr_assert_eq(counts.blobs, 4);
        cr_assert_eq(check(&s, s.base_tree, &counts), 0);
        cr_assert_eq(counts.trees, 0);
        scratch_release(&s);
}

Test(quarantine, malformed_trees_are_refused)
{
        static const struct {
                const char *script, *why;
        } attempts[] = {
                {"entry 100644 .. $blob | tree", "\"..\""},
                {"entry 100644 a/b $blob | tree", "slash"},
                {"entry 100644 '' $blob | tree", "empty"},
                {"entry 100644 .GIT $blob | tree", "disguise"},
                {"entry 100644 git~1 $blob | tree", "disguise"},
                {"entry 100664 x $blob | tree", "forbidden mode"},
                {"entry 0100644 x $blob | tree", "forbidden mode"},
                {"entry 160000 sub $blob | tree", "submodule"},
                {"(entry 100644 b $blob; entry 100644 a $blob) | tree", "not sorted"},
                {"(entry 100644 a $blob; entry 100644 a $blob) | tree", "names it twice"},
                {"t=$(entry 100644 x $blob | tree); (entry 100644 a $blob; entry 100644 a.b $blob; entry 40000 a $t) | "
                 "tree",
                 "the same"},
                {"entry 100644 x 1111111111111111111111111111111111111111 | tree", "missing"},
                {"entry 40000 x $blob | tree", "header"},
                {"entry 40000 x $(printf '' | tree) | tree", "empty"},
                {"l=$(printf 'a\\0b' | git hash-object -w --stdin); entry 120000 x $l | tree",
                 "symbolic link to nothing"},
                {"l=$(: | git hash-object -w --stdin); entry 120000 x $l | tree", "symbolic link to nothing"},
                {"(entry 100644 x $blob; printf 100644) | tree", "cut off"},
                {"big=$(head -c 2000000 /dev/zero | git hash-object -w --stdin); entry 100644 big $big | tree",
                 "larger than the limit"},
                {"t=$(entry 100644 x $blob | tree); for i in $(seq 25); do t=$(entry 40000 d $t | tree); done; echo $t",
                 "deeper"},
                {"t=$(entry 100644 x $blob | tree); for i in 1 2 3 4; do t=$(for n in 0 1 2 3 4 5 6 7 8 9; do entry "
                 "40000 $n $t; done | tree); done; echo $t",
                 "more new objects"},
        };
        struct scratch s;

        scratch_init(&s, base);
        for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
                _cleanup_free_ char *tree = plant(&s, attempts[i].script);

                cr_expect_eq(check(&s, tree, NULL), -1, "%s", attempts[i].script);
                cr_expect_eq(s.err.code, ERR_REFUSED, "%s: %s", attempts[i].script, s.err.message);
                cr_expect_not_null(strstr(s.err.message, attempts[i].why), "%s: %s", attempts[i].script, s.err.message);
        }
        scratch_release(&s);
}

Test(quarantine, files_that_are_not_what_they_are_called_are_refused)
{
        static const char *const spoil[] = {
                "rm -f $f; mkfifo $f",
                "rm -f $f; ln -s /etc/passwd $f",
                "chmod 644 $f; echo garbage > $f",
                "chmod 644 $f; echo garbage >> $f",
                "chmod 644 $f; truncate -s -3 $f",
                "other=$(echo other | git hash-object -w --stdin); cp -f q/${other:0:2}/${other:2} $f",
                "mv q/${blob:0:2} elsewhere; ln -s ../elsewhere q/${blob:0:2}",
        };
        struct scratch s;

        for (size_t i = 0; i < sizeof(spoil) / sizeof(spoil[0]); i++) {
                _cleanup_free_ char *script =
                        xasprintf("t=$(entry 100644 x $blob | tree); f=q/${blob:0:2}/${blob:2}; %s; echo $t", spoil[i]);

                scratch_init(&s, base);
                _cleanup_free_ char *tree = plant(&s, script);

                cr_expect_eq(check(&s, tree, NULL), -1, "%s", spoil[i]);
                cr_expect_eq(s.err.code, ERR_REFUSED, "%s: %s", spoil[i], s.err.message);
                scratch_release(&s);
        }
}

Test(quarantine, a_planted_file_never_stands_in_for_a_real_object)
{
        struct scratch s;
        struct quarantine_counts counts;

        scratch_init(&s, base);
        _cleanup_free_ char *tree =
                plant(&s, "t=$(entry 100644 x $(git rev-parse HEAD:a) | tree); a=$(git rev-parse HEAD:a)\n"
                          "mkdir -p q/${a:0:2}; mkfifo q/${a:0:2}/${a:2}; echo $t");

        cr_assert_eq(check(&s, tree, &counts), 0, "%s", s.err.message);
        cr_assert_eq(counts.blobs, 1);
        scratch_release(&s);
}
