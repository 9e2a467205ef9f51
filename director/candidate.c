/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The claim comes from the event log, not from the supervisor's message: the log is what the record of the run will show.
 * Of note.request.verify and receipt.patch the newest that names a tree wins, in that order of preference.
 */
#include "director/candidate.h"

#include "director/attack_report.h"
#include "director/director.h"

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/hash.h"
#include "lib/base/json.h"
#include "lib/git/diff.h"

#include <string.h>

struct claim {
        char tree[GIT_HEX];
        struct json_t *results;
};

static int read_claim(const struct store_event_row *row, void *arg, struct err *err)
{
        struct claim *claim = arg;
        _cleanup_json_ struct json_t *data = store_event_data(row->json, err);
        const char *tree = json_string_value(json_object_get(data, "tree"));

        if (!data)
                return -1;
        /* what the director decided on is no claim: after a merge it is another tree than the run's own */
        if (!tree || !hex_is(tree, GIT_HEX) || json_object_get(data, "parent"))
                return 0;
        memcpy(claim->tree, tree, GIT_HEX);
        json_decref(claim->results);
        claim->results = json_incref(json_object_get(data, "results"));
        return 0;
}

int candidate_find(struct director *d, struct err *err)
{
        static const char *const types[] = {"note.request.verify", "receipt.patch"};
        struct claim claim = {.tree = ""};

        for (size_t i = 0; i < sizeof(types) / sizeof(types[0]) && !claim.tree[0]; i++) {
                const struct store_events_filter filter = {.type_prefix = types[i]};

                if (store_events_each(d->store, d->row.id, &filter, read_claim, &claim, err) < 0) {
                        json_decref(claim.results);
                        return -1;
                }
        }
        memcpy(d->candidate.tree, claim.tree, GIT_HEX);
        memcpy(d->candidate.own, claim.tree, GIT_HEX);
        json_decref(d->candidate.claims);
        d->candidate.claims = claim.results;
        return 0;
}

bool candidate_named(const struct candidate *candidate)
{
        return candidate->tree[0] != '\0';
}

const char *candidate_claim(const struct candidate *candidate, const char *verifier)
{
        struct json_t *entry;
        size_t i;

        json_array_foreach(candidate->claims, i, entry)
        {
                const char *name = json_string_value(json_object_get(entry, "name"));

                if (name && strcmp(name, verifier) == 0)
                        return json_string_value(json_object_get(entry, "result"));
        }
        return NULL;
}

char *candidate_store(const struct director *d, const char *run, const char *name)
{
        return xasprintf("%s/runs/%s/%s", d->state_folder, run, name);
}

int candidate_open(struct director *d, struct err *err)
{
        _cleanup_free_ char *folder = candidate_store(d, d->row.id, CANDIDATE_QUARANTINE);
        _cleanup_free_ char *kept = candidate_store(d, d->row.id, CANDIDATE_KEPT);

        if (!d->candidate.quarantine && quarantine_open(d->repo, folder, 0, &d->candidate.quarantine, err) < 0)
                return -1;
        return quarantine_keep_in(d->candidate.quarantine, kept, err);
}

static void judge(struct director *d)
{
        struct change_trees trees = {.repo = quarantine_repo(d->candidate.quarantine),
                                     .old_tree = d->parent.tree,
                                     .new_tree = d->candidate.tree};
        const struct change_reader reader = {
                .read = change_trees_read, .list = change_trees_list, .known = packet_secrets(d), .data = &trees};

        gate_report_release(&d->candidate.gates);
        d->candidate.gates = (struct gate_report){0};
        if (d->has_plan)
                gates_judge(&d->plan, &d->candidate.changes, &reader, &d->candidate.gates);
        change_trees_release(&trees);
        gate_report_hide(&d->candidate.gates, &d->candidate.changes);
}

int candidate_objects(struct director *d, struct err *err)
{
        struct candidate *candidate = &d->candidate;
        const struct quarantine_limits limits = {0};

        if (candidate->sound)
                return 0;
        if (!candidate_named(candidate))
                return err_set(err, ERR_REFUSED, "the run named no candidate");
        if (director_find_base(d, err) < 0 || candidate_open(d, err) < 0)
                return -1;
        if (quarantine_check(candidate->quarantine, d->base_tree, candidate->own, &limits, &candidate->counts, err) <
            0) {
                if (err->code == ERR_REFUSED)
                        attack_notice(d, "objects", err);
                return err_wrap(err, "the candidate's objects");
        }
        candidate->sound = true;
        return 0;
}

/* What lands is exactly what is new against the parent: after a merge that is looked at anew. */
static int check_objects(struct director *d, struct err *err)
{
        struct candidate *candidate = &d->candidate;

        if (candidate_objects(d, err) < 0)
                return -1;
        candidate->merged = candidate->merged || strcmp(candidate->tree, candidate->own) != 0;
        if (candidate->merged && quarantine_check_anew(candidate->quarantine, d->parent.tree, candidate->tree, err) < 0)
                return err_wrap(err, "the merged candidate's objects");
        return 0;
}

int candidate_check(struct director *d, struct err *err)
{
        struct candidate *candidate = &d->candidate;
        uint64_t started = clock_ms();

        if (candidate->checked)
                return 0;
        if (check_objects(d, err) < 0)
                return -1;
        change_list_release(&candidate->changes);
        candidate->changes = (struct change_list){0};
        if ((d->has_plan && gates_need_text(&d->plan) ? tree_changes_text : tree_changes)(
                    quarantine_repo(candidate->quarantine), d->parent.tree, candidate->tree, &candidate->changes, err) <
            0)
                return err_wrap(err, "the candidate's changes");
        judge(d);
        candidate->checked = true;
        d->times.check = clock_ms() - started;
        return 0;
}

void candidate_release(struct candidate *candidate)
{
        json_decref(candidate->claims);
        quarantine_close(candidate->quarantine);
        change_list_release(&candidate->changes);
        gate_report_release(&candidate->gates);
        *candidate = (struct candidate){.tree = ""};
}
