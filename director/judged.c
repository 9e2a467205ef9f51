/* SPDX-License-Identifier: Apache-2.0 */
#include "director/judged.h"

#include "director/candidate.h"
#include "director/director.h"
#include "director/merge.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <string.h>

struct judged {
        bool decided;
        struct parent parent;
        char tree[GIT_HEX];
        unsigned round;
        char ahead[RUN_ID_MAX + 1];
        struct report_recorded patch;
};

/* ---- From the log ---- */

static void take_id(const struct json_t *object, const char *key, char id[GIT_HEX])
{
        const char *text = json_text_of(object, key);

        if (hex_is(text, GIT_HEX))
                memcpy(id, text, GIT_HEX);
}

static void take_patch(struct judged *judged, const struct json_t *data)
{
        struct report_recorded *patch = &judged->patch;

        *patch = (struct report_recorded){.complete = json_is_true(json_object_get(data, "complete")),
                                          .masked = json_is_true(json_object_get(data, "masked")),
                                          .files = json_integer_value(json_object_get(data, "files")),
                                          .lines_added = json_integer_value(json_object_get(data, "lines_added")),
                                          .lines_removed = json_integer_value(json_object_get(data, "lines_removed"))};
        snprintf(patch->sha256, sizeof(patch->sha256), "%s", json_text_of(data, "sha256"));
}

static void take_decision(struct judged *judged, const struct json_t *data)
{
        if (!parent_from_json(json_object_get(data, "parent"), &judged->parent))
                return; /* who decides before anything is judged names none */
        judged->decided = true;
        take_id(data, "tree", judged->tree);
        judged->round = (unsigned)json_integer_value(json_object_get(data, "round"));
        snprintf(judged->ahead, sizeof(judged->ahead), "%s", json_text_of(data, "speculated_on"));
}

/* The commit that it landed on may be another one, with the tree that was decided on. */
static void take_commit(struct judged *judged, const struct json_t *data)
{
        take_id(data, "parent", judged->parent.commit);
}

/* Types of events that are looked at, and by whom: the store is asked for these types, each row is given to its function. */
#define SIGHTS(X)                                                                                                      \
        X("receipt.patch", take_patch)                                                                                 \
        X("receipt.policy.decision", take_decision)                                                                    \
        X("receipt.commit", take_commit)

static const struct {
        const char *type;
        void (*take)(struct judged *judged, const struct json_t *data);
} sights[] = {
#define X(name, take) {name, take},
        SIGHTS(X)
#undef X
};

static int see(const struct store_event_row *row, void *arg, struct err *err)
{
        _cleanup_json_ struct json_t *event = json_parse(row->json, row->len, "event", err);

        if (!event)
                return -1;
        if (strcmp(json_text_of(event, "actor"), "director") != 0)
                return 0;
        for (size_t i = 0; i < sizeof(sights) / sizeof(sights[0]); i++)
                if (strcmp(sights[i].type, row->type) == 0)
                        sights[i].take(arg, json_object_get(event, "data"));
        return 0;
}

static int read_log(struct director *d, struct judged *ret, struct err *err)
{
        static const char *const types[] = {
#define X(name, take) name,
                SIGHTS(X)
#undef X
                        NULL};
        const struct store_events_filter filter = {.type_prefixes = types};

        *ret = (struct judged){.decided = false};
        return store_events_each(d->store, d->row.id, &filter, see, ret, err);
}

/* ---- Again ---- */

static void undecided(const struct director *d, struct judged *judged)
{
        *judged = (struct judged){.decided = false};
        snprintf(judged->parent.commit, sizeof(judged->parent.commit), "%s", d->row.base ? d->row.base : "");
        memcpy(judged->parent.tree, d->base_tree, GIT_HEX);
        memcpy(judged->tree, d->candidate.own, GIT_HEX);
}

static bool is_the_same(const struct director *d, const struct judged *judged)
{
        return strcmp(d->parent.tree, judged->parent.tree) == 0 && strcmp(d->candidate.tree, judged->tree) == 0;
}

/* What landed is in the repository, where nothing needs to be checked any more; the quarantine may be gone. */
static void open_landed(struct director *d)
{
        _cleanup_free_ char *folder = candidate_store(d, d->row.id, CANDIDATE_QUARANTINE);
        struct err ignored = ERR_INIT;

        if (!d->candidate.quarantine)
                (void)quarantine_open(d->repo, folder, QUARANTINE_CREATE, &d->candidate.quarantine, &ignored);
        d->candidate.sound = d->candidate.quarantine != NULL;
}

static bool is_merged(const struct director *d, const struct judged *judged)
{
        return d->row.phase != PHASE_COMMITTED && strcmp(judged->parent.tree, d->base_tree) != 0;
}

static void make_again(struct director *d, const struct judged *judged)
{
        _cleanup_strv_ struct strv ignored = {0};
        enum merge_end merged = MERGE_CLASHES;
        struct err gone = ERR_INIT;

        d->candidate.checked = false;
        d->packet.has_patch = false;
        if (d->row.phase == PHASE_COMMITTED)
                open_landed(d);
        if (is_merged(d, judged))
                (void)merge_onto(d, &judged->parent, &merged, &ignored, &gone);
        if (is_the_same(d, judged))
                return;
        d->candidate.checked = false;
        d->parent = judged->parent;
        memcpy(d->candidate.tree, judged->tree, GIT_HEX);
}

int judged_recall(struct director *d, struct err *err)
{
        struct judged judged;

        if (!candidate_named(&d->candidate) && candidate_find(d, err) < 0)
                return -1;
        if (read_log(d, &judged, err) < 0)
                return -1;
        if (!judged.decided)
                undecided(d, &judged);
        if (!is_the_same(d, &judged) || !d->candidate.checked)
                make_again(d, &judged);
        memcpy(d->parent.commit, judged.parent.commit, GIT_HEX);
        d->rounds.made = judged.round;
        memcpy(d->rounds.ahead, judged.ahead, sizeof(d->rounds.ahead));
        d->packet.recorded = judged.patch;
        return 0;
}
