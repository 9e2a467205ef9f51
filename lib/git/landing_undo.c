/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A landing taken back, at once or by whoever recovers it. Nobody comes after this one: what it does not remove stays in the repository
 * for ever. So an error that says nothing of the file itself is no answer, and is asked again.
 */
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/git/landing_internal.h"

#include <unistd.h>

void undo_file(const char *path)
{
        for (int tries = 0; unlink(path) < 0 && fs_again(&tries);)
                ;
}

void undo_folder(const char *path)
{
        for (int tries = 0; rmdir(path) < 0 && fs_again(&tries);)
                ;
}

int undo_look(const char *path, struct stat *ret)
{
        int result;

        for (int tries = 0; (result = lstat(path, ret)) < 0 && fs_again(&tries);)
                ;
        return result;
}

/* Only what was missing before, and only while nobody put something in. */
void made_remove(struct repo *repo, const struct landing_plan *plan)
{
        _cleanup_free_ char *named = lock_named_path(repo, plan);

        undo_file(named);
        for (size_t i = plan->made.len; i-- > 0;) {
                const char *path = plan->made.items[i];
                struct stat st;

                if (undo_look(path, &st) < 0)
                        continue;
                if (S_ISDIR(st.st_mode))
                        undo_folder(path);
                else if (S_ISREG(st.st_mode) && st.st_size == 0)
                        undo_file(path);
        }
}

void landing_undo(struct repo *repo, const struct landing_plan *plan)
{
        _cleanup_free_ char *ref_lock = ref_lock_path(repo, plan), *ref_text = ref_lock_content(plan);
        _cleanup_free_ char *index_lock = index_lock_path(repo), *index_text = index_lock_content(plan);

        if (lock_is_ours(ref_lock, ref_text)) {
                reflog_undo(repo, plan);
                if (plan->pack)
                        pack_remove(repo, plan);
                else
                        loose_remove(repo, plan);
        }
        lock_drop(index_lock, index_text);
        landing_step("index unlocked");
        lock_drop(ref_lock, ref_text);
        landing_step("ref unlocked");
        made_remove(repo, plan);
        if (plan->pack)
                pack_forget(plan);
}
