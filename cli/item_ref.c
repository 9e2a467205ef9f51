/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/item_ref.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/store/approval.h"
#include "policy/item.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void item_ref_release(struct item_ref *ref)
{
        store_run_release(&ref->run);
        free(ref->name);
        store_queued_release(&ref->row);
        str_release(&ref->bytes);
        *ref = (struct item_ref){0};
}

static bool looks_like_file(const char *typed)
{
        static const char *const endings[] = {".yaml", ".yml", ".json"};
        const size_t len = strlen(typed);

        for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
                if (len > strlen(endings[i]) && strcmp(typed + len - strlen(endings[i]), endings[i]) == 0)
                        return true;
        return strchr(typed, '/') || strcmp(typed, "-") == 0;
}

static bool is_file(const char *typed)
{
        struct stat st;

        return stat(typed, &st) == 0 && S_ISREG(st.st_mode);
}

/* What the last run of it was started with: its snapshot, as long as the packet is there. */
static void read_snapshot(struct context *context, const char *run, struct str *ret)
{
        _cleanup_free_ char *folder = context_run_folder(context, run);
        _cleanup_free_ char *path = xasprintf("%s/config_snapshot", folder);
        struct err gone = ERR_INIT;
        _cleanup_fd_ int fd = fs_open_dir(path, &gone);

        if (fd >= 0)
                (void)fs_read_at(fd, "work_item.yaml", WORK_ITEM_BYTES_MAX, ret, &gone);
}

static bool waits(const struct store_approval *approval)
{
        return approval->state == STORE_APPROVAL_REQUESTED || approval->state == STORE_APPROVAL_GRANTED;
}

static void take_item(const char *typed, struct item_ref *ret)
{
        ret->kind = ITEM_REF_ITEM;
        ret->name = xstrdup(typed);
}

/* 1 the queue has it and is not done with it, 0, -1 */
static int find_queued(struct context *context, const char *typed, struct item_ref *ret, struct err *err)
{
        struct err none = ERR_INIT;

        if (store_queue_get(context->store, typed, &ret->row, &none) < 0)
                return none.code == ERR_NOT_FOUND ? 0 : (*err = none, -1);
        if (store_item_state_is_terminal(ret->row.state))
                return 0;
        if (store_queue_bytes(context->store, typed, &ret->bytes, err) < 0)
                return -1;
        ret->queued = true;
        take_item(typed, ret);
        return 1;
}

/* 1 it is an item's id, 0 it is none, -1. `waiting`: only of one whose start waits for a person, or has their word. */
static int find_item(struct context *context, const char *typed, bool waiting, struct item_ref *ret, struct err *err)
{
        _cleanup_store_approval_ struct store_approval asked = {0};
        struct store_item item;
        struct err none = ERR_INIT, unasked = ERR_INIT;
        const bool ran = store_item_get(context->store, typed, &item, &none) == 0;
        const bool known = store_approval_of_item(context->store, typed, &asked, &unasked) == 0;

        if (!ran && none.code != ERR_NOT_FOUND)
                return *err = none, -1;
        if (!known && unasked.code != ERR_NOT_FOUND)
                return *err = unasked, -1;
        if ((!ran && !known) || (waiting && !(known && waits(&asked))))
                return 0;
        if (ran)
                read_snapshot(context, item.last_run, &ret->bytes);
        take_item(typed, ret);
        return 1;
}

static int no_such(const char *typed, struct err *err)
{
        return err_set(
                err, ERR_NOT_FOUND,
                "\"%.64s\" is no run, no item and no file: give a run's id, its beginning or @last, an item's id, "
                "or the file of an item",
                typed);
}

static int find_stored(struct context *context, const char *typed, struct item_ref *ret, struct err *err)
{
        struct err none = ERR_INIT;
        const bool run = store_run_get(context->store, typed, &ret->run, &none) == 0;
        int got;

        ret->kind = ITEM_REF_RUN;
        if (run && (strcmp(ret->run.id, typed) == 0 || typed[0] == '@'))
                return 0;
        if (!run && none.code != ERR_NOT_FOUND && none.code != ERR_INPUT)
                return *err = none, -1;
        if ((got = find_queued(context, typed, ret, err)) != 0 || (got = find_item(context, typed, run, ret, err)) != 0)
                return got < 0 ? -1 : 0;
        if (run)
                return 0;
        if (none.code == ERR_INPUT) /* the beginning of several */
                return *err = none, -1;
        return typed[0] == '@' ? (*err = none, -1) : no_such(typed, err);
}

static void take_file(const char *typed, struct item_ref *ret)
{
        ret->kind = ITEM_REF_FILE;
        ret->name = xstrdup(typed);
}

int item_ref_find(struct context *context, const char *typed, struct item_ref *ret, struct err *err)
{
        if (looks_like_file(typed)) {
                take_file(typed, ret);
                return 0;
        }
        if (context->store && find_stored(context, typed, ret, err) == 0)
                return 0;
        if (context->store && err->code != ERR_NOT_FOUND)
                return -1;
        if (is_file(typed)) {
                *err = ERR_INIT;
                take_file(typed, ret);
                return 0;
        }
        if (context->store)
                return -1;
        return err_set(err, ERR_NOT_FOUND, "no run yet in this repository; `cupel run` makes the first");
}
