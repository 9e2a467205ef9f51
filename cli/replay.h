/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_REPLAY_H
#define CUPEL_CLI_REPLAY_H

/*
 * A past run judged again: what there is to judge, the judging itself, and how the two verdicts compare. What each ending of
 * a run leaves to judge is a table in docs/replay.md, made of the one in cli/replay_subject.c.
 *
 *         struct replay_subject subject = REPLAY_SUBJECT_INIT;
 *         replay_subject_read(&subject, context, &ref, err);         ERR_INPUT, or subject.fork where it is another design
 *         replay_place_find(&place, context, &subject, err);         where its base is: 1 found, 0 nowhere
 *         while (times--) replay_judge(&place, &subject, …, &now, err);
 *         comparison = replay_compare(&subject, now);
 *
 * A packet is believed in nothing: it was checked against itself (lib/packet/verify.h) before anything of it is used, and what
 * its policy shows of a host is not shown of this one unless the run was this store's own, or a person says so.
 */

#include "cli/scratch.h"
#include "director/replay.h"
#include "lib/base/err.h"
#include "lib/base/hash.h"
#include "lib/base/outcome.h"
#include "lib/base/str.h"
#include "lib/git/repo.h"

#include <stdbool.h>

struct context;
struct json_t;
struct packet_ref;
struct terminal;

/* What a replay comes to, the exit status that says so, its name in JSON. */
#define REPLAY_ENDS(X)                                                                                                 \
        X(SAME, 0, "same")                                                                                             \
        X(OTHER, 1, "other")                                                                                           \
        X(FORK, 4, "fork") /* not the run's design */

enum replay_end {
#define X(end, status, name) REPLAY_END_##end,
        REPLAY_ENDS(X)
#undef X
};
int replay_end_status(enum replay_end end);

struct replay_subject {
        struct json_t *report;
        int packet; /* borrowed */
        const char *run;
        enum outcome outcome;
        char identity[HASH_HEX], snapshot[HASH_HEX];
        char base[GIT_HEX], tree[GIT_HEX], commit[GIT_HEX]; /* "": there is none */
        bool own;                                           /* a run of this store, as it was launched here */
        char *fork;                                         /* why it is one; NULL: it is none */
        char *nothing;                                      /* why there is nothing to judge; NULL: there is */
        enum replay_judge judge;
        bool accepted; /* what the record says */
        bool pre_existing_blocks;
        bool patch_is_whole;  /* else the tree must come from a commit */
        struct strv openings; /* what the plan shows of a host */
        struct strv carried;  /* and of a checkout: folders that git ignores */
};

#define REPLAY_SUBJECT_INIT ((struct replay_subject){.packet = -1, .outcome = OUTCOME_COUNT})

int replay_subject_read(struct replay_subject *ret, struct context *context, const struct packet_ref *ref,
                        struct err *err);
void replay_subject_release(struct replay_subject *subject);

/* The repository that has the base: the one that the command stands in, or one made of the packet's bundle. */
struct replay_place {
        struct context *context; /* paths and repository for the director; borrowed, or `own` */
        struct context *own;
        struct context *outer;  /* whose cache the scratch folders are in */
        struct scratch scratch; /* of the bundle */
        bool from_bundle, tree_from_commit;
};

#define REPLAY_PLACE_INIT ((struct replay_place){.scratch = SCRATCH_INIT})

/* ERR_NOT_FOUND: the base is nowhere; says what to do. */
int replay_place_find(struct replay_place *ret, struct context *context, struct replay_subject *subject,
                      struct err *err);
void replay_place_release(struct replay_place *place);

struct replay_how {
        bool host;  /* show what the plan names of this host, though the packet is somebody else's */
        bool carry; /* and the folders of the clone that it carries */
        const char *jobs;
        struct terminal *terminal;
};

/* One judgement; *ret as in director/replay.h, owned by the caller. ERR_LOST: it was asked to stop. */
int replay_judge(const struct replay_place *place, const struct replay_subject *subject, const struct replay_how *how,
                 struct json_t **ret, struct err *err);

/*
 * {verdict: {then, now}, same, gates: [{gate, path, line, rule, level, reason, then, now, recorded}], verifiers: [{name, then, now,
 * why, blocks: {then, now}, cases: [{name, then, now}]}]}; owned by the caller. `now` NULL: nothing was judged.
 */
struct json_t *replay_compare(const struct replay_subject *subject, const struct json_t *now);

/* Whether any recorded verifier of the gate that judged speaks against the candidate. */
bool replay_any_blocks(const struct replay_subject *subject);

/* All of it, for scripts: what follows, and {run, outcome, judged, …}. `judgements` is the list of comparisons. */
struct json_t *replay_json(const struct replay_subject *subject, const struct replay_place *place,
                           const struct json_t *judgements, enum replay_end end);

/* ---- What is printed, all made of replay_json() ---- */
void replay_view(const struct json_t *replay, bool colour, struct str *out);
void replay_annotations(const struct json_t *replay, struct str *out); /* GitHub's workflow commands */
void replay_junit(const struct json_t *replay, struct str *out);
char *replay_sarif(const struct json_t *replay); /* owned by the caller */

#endif
