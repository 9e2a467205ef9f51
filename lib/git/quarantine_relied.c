/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Known is what stands in the base's folders that differ, in those that are gone, and below what was moved or copied as a whole: the
 * work is bounded by the change, whatever the repository's size. What else the base has, and a change names anew from
 * afar, is copied for nothing.
 */
#include "lib/git/quarantine_relied.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/git/tree_base.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- The store ---- */

static int open_kept(struct quarantine *q, struct err *err)
{
        git_odb_backend *kept = NULL;

        q->kept_fd = fs_open_dir(q->keep_folder, err);
        if (q->kept_fd < 0)
                return -1;
        if (git_odb_backend_loose(&kept, q->keep_folder, QUARANTINE_COMPRESSION, 0, 0700, 0444) < 0 ||
            git_odb_add_alternate(q->odb, kept, QUARANTINE_STORE) < 0)
                return git_fail(err, "cannot open %s", q->keep_folder);
        q->kept = kept;
        return 0;
}

int quarantine_keep_in(struct quarantine *q, const char *folder, struct err *err)
{
        if (q->keep_folder)
                return 0;
        q->keep_folder = xstrdup(folder);
        if (access(folder, F_OK) == 0)
                return open_kept(q, err);
        return errno == ENOENT ? 0 : err_errno(err, "cannot open %s", folder);
}

/* Made with the first object that it is to hold. NULL: see err. */
static git_odb_backend *kept_store(struct quarantine *q, struct err *err)
{
        if (!q->kept && mkdir(q->keep_folder, 0700) < 0 && errno != EEXIST) {
                err_errno(err, "cannot make %s", q->keep_folder);
                return NULL;
        }
        if (!q->kept && open_kept(q, err) < 0)
                return NULL;
        return q->kept;
}

static int keep_one(struct quarantine *q, const git_oid *id, struct err *err)
{
        _cleanup_odb_object_ git_odb_object *object = NULL;
        git_odb_backend *kept = kept_store(q, err);

        if (!kept)
                return -1;
        oid_set_add(&q->fresh, id);
        if (kept->exists(kept, id) == 1)
                return 0;
        if (git_odb_read(&object, q->real, id) < 0)
                return git_fail(err, "an object of the candidate cannot be read");
        if (kept->write(kept, id, git_odb_object_data(object), git_odb_object_size(object),
                        git_odb_object_type(object)) < 0)
                return git_fail(err, "cannot keep an object of the candidate");
        return 0;
}

/* ---- What the base holds fast ---- */

struct known {
        struct oid_set all, folders;
};

static int note_folder(struct quarantine *q, const git_oid *id, struct known *known, struct oid_set *below,
                       struct err *err)
{
        struct tree_base folder = {0};
        const int result = tree_base_load(&folder, q->odb, id, err);

        for (size_t i = 0; result == 0 && i < folder.len; i++) {
                const git_oid *entry = &folder.items[i].id;

                oid_set_add(&known->all, entry);
                if (!tree_entry_is_tree(&folder.items[i]))
                        continue;
                oid_set_add(&known->folders, entry);
                if (below)
                        oid_set_add(below, entry);
        }
        tree_base_release(&folder);
        return result;
}

static int note_base(struct quarantine *q, const struct relied *relied, struct known *known, struct err *err)
{
        struct oid_set gone = {0};
        struct err ignored = ERR_INIT;
        int result = 0;

        for (size_t i = 0; i < relied->old.len && result == 0; i++)
                result = note_folder(q, &relied->old.ids[i], known, NULL, err);
        for (size_t i = 0; i < relied->gone.len; i++)
                oid_set_add(&gone, &relied->gone.ids[i]);
        for (size_t i = 0; i < gone.len && result == 0; i++) { /* which grows */
                const git_oid id = gone.ids[i];

                /* old trees are not all strict: what cannot be read is not known, and no worse than that */
                (void)note_folder(q, &id, known, &gone, &ignored);
        }
        oid_set_release(&gone);
        return result;
}

static int keep_or_know(struct quarantine *q, const git_oid *id, struct known *known, struct err *err)
{
        if (!oid_set_has(&known->all, id))
                return keep_one(q, id, err);
        return oid_set_has(&known->folders, id) ? note_folder(q, id, known, NULL, err) : 0;
}

int relied_keep(struct quarantine *q, const struct relied *relied, struct err *err)
{
        struct known known = {0};
        int result = 0;

        if (!q->keep_folder || !relied->needed.len)
                return 0;
        result = note_base(q, relied, &known, err);
        for (size_t i = 0; i < relied->needed.len && result == 0; i++)
                result = keep_or_know(q, &relied->needed.ids[i], &known, err);
        oid_set_release(&known.all);
        oid_set_release(&known.folders);
        return result;
}

void relied_release(struct relied *relied)
{
        oid_set_release(&relied->needed);
        oid_set_release(&relied->old);
        oid_set_release(&relied->gone);
}
