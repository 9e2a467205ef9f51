/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_SITE_H
#define CUPEL_CLI_SITE_H

/*
 * The site that `cupel publish DIR` writes, in two steps that share nothing but files: site_gather() writes DIR/data from the log and
 * the packets, site_render() makes every page from DIR/data alone. So each fact on a page can be found in the mirror, and a site can be
 * made again from its mirror without the machine that the runs were on (`cupel publish --from`).
 *
 *   data/site.json        {schema, repository, title, generator, preview}
 *   data/index.json       {runs: [row], withheld: [{run, reason}], head}     newest first; a withheld run shows neither its item nor
 *                         what it did: `run` is the part of its id that is no title. `head` is that of the store's chain of runs
 *   data/failures.json    {groups: [{signature, blocker, name, detail, outcome, runs: [{run, title, ended}],
 *                         doubts: [{name, meaning}]}]}
 *   data/covenant.json    {words: [{word, promise}], runs: [{run, title, kept: [{word, kept: true|false|null, because}]}]}
 *   data/runs/ID.json     one run: site_run.h
 *   data/runs/ID/…        files of its packet, as they are
 *   data/keys/…           public keys: attest.pub (of attestations), allowed_signers (of commits)
 *
 * No time of writing is in it, and no path of this machine but those in a report: the same runs make the same bytes.
 */

#include "cli/site_dir.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

#include <stdbool.h>

struct context;
struct json_t;

struct site_options {
        const char *title; /* NULL: the repository's name */
        bool preview;      /* runs that only wait for their approval are shown, and every page says so */
};

struct site_told {
        size_t shown, never, waits, silent;
        struct json_t *waiting; /* array of ids of runs here that wait for a person; owned by the caller */
};

int site_gather(struct context *context, const struct site_options *options, struct site_dir *dir,
                struct site_told *ret, struct err *err);
/* The mirror of another site in place of site_gather(); and its site.json, owned by the caller. */
int site_take(int from, struct site_dir *dir, struct err *err);
struct json_t *site_of(int from, struct err *err);

int site_render(struct site_dir *dir, struct err *err);

/* Parts of data/ in files of their own; owned by the caller. `shown`: ids of the runs that may be told of. */
struct json_t *site_failures(struct context *context, const struct strv *shown, struct err *err);
struct json_t *covenant_words(void);
struct json_t *covenant_of(const struct json_t *run); /* pure: [{word, kept: true|false|null, because}] */

/* ---- pages; pure ---- */

struct site_page {
        const struct json_t *site; /* data/site.json */
        const char *title;
        const char *up;      /* "", or "../" on pages of runs */
        const char *current; /* "index.html", "failures.html", "covenant.html": which of the links is this page */
        const char *mirror;  /* the file below data/ that it was made from */
};

void page_begin(const struct site_page *page, struct str *out);
void page_end(const struct site_page *page, struct str *out);
const char *site_style(void);

void page_index(const struct json_t *site, const struct json_t *index, struct str *out);
void page_failures(const struct json_t *site, const struct json_t *failures, struct str *out);
void page_covenant(const struct json_t *site, const struct json_t *covenant, struct str *out);
void page_run(const struct json_t *site, const struct json_t *run, const struct str *patch, struct str *out);

/* Its parts, each with its heading, and nothing where there is nothing: site_part_*.c. */
void part_plot(const struct json_t *run, struct str *out);
void part_diff(const struct json_t *run, const struct str *patch, struct str *out);
void part_gates(const struct json_t *run, struct str *out);
void part_verifiers(const struct json_t *run, struct str *out);
void part_notes(const struct json_t *run, struct str *out);
void part_network(const struct json_t *run, struct str *out);
void part_cost(const struct json_t *run, struct str *out);
void part_amendments(const struct json_t *run, struct str *out);
void part_people(const struct json_t *run, struct str *out);
void part_artifacts(const struct json_t *run, struct str *out);
void part_checks(const struct json_t *run, struct str *out);

/* ---- what pages share; pure ---- */

void put_outcome(struct str *out, const char *outcome);             /* its badge */
void put_result(struct str *out, const char *result);               /* of a verifier */
void put_time(struct str *out, const char *time);                   /* <time>, to the second, UTC */
void put_duration(struct str *out, int64_t ms);                     /* "1.2 s" */
void put_size(struct str *out, int64_t bytes);                      /* "12.3 KiB" */
void put_fact(struct str *out, const char *name, const char *text); /* a row of a <dl>; none for "" */
void put_fact_code(struct str *out, const char *name, const char *text);
int64_t run_duration(const struct json_t *timeline);

#endif
