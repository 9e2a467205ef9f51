/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The covenant: six words that every packet gives, and for each run whether they are kept. Judged from the mirror's data of a run
 * alone, so that who doubts it can judge again. Not judged (null) is what there was nothing to judge by.
 */
#include "cli/site.h"

#include "lib/base/json.h"

#include <string.h>

enum kept { KEPT_NOT, KEPT, KEPT_UNKNOWN };

struct judgement {
        enum kept kept;
        const char *because;
};

#define YES(why) ((struct judgement){KEPT, (why)})
#define NO(why) ((struct judgement){KEPT_NOT, (why)})
#define UNKNOWN(why) ((struct judgement){KEPT_UNKNOWN, (why)})

static const struct json_t *part(const struct json_t *run, const char *name)
{
        return json_object_get(json_object_get(run, "report"), name);
}

static const struct json_t *check_of(const struct json_t *run, const char *name)
{
        struct json_t *check;
        size_t i;

        json_array_foreach(json_object_get(json_object_get(run, "checks"), "list"), i,
                           check) if (strcmp(json_text_of(check, "name"), name) == 0) return json_object_get(check,
                                                                                                             "ok");
        return NULL;
}

static struct judgement declare(const struct json_t *run)
{
        static const char *const parts[] = {"plan_id", "snapshot_sha256", "budget", "risk"};

        for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
                if (!part(run, parts[i]))
                        return NO("its report does not say what it began with");
        if (!json_text_of(run, "identity")[0])
                return NO("it has no identity");
        if (json_is_false(check_of(run, "snapshot")))
                return NO("its snapshot is not the one that it began with");
        return json_is_true(check_of(run, "snapshot"))
                       ? YES("item, policy, plan and budget are those that it began with")
                       : UNKNOWN("its snapshot could not be checked");
}

static struct judgement withhold(const struct json_t *run)
{
        struct json_t *one;
        size_t i;

        json_array_foreach(json_object_get(run, "artifacts"), i, one)
        {
                if (!json_text_of(one, "status")[0] || !json_text_of(one, "path")[0])
                        return NO("an artifact has no status");
                if (strcmp(json_text_of(one, "status"), "accepted") != 0 && json_text_of(one, "href")[0])
                        return NO("an artifact is shown that is not accepted");
        }
        json_array_foreach(part(run, "withheld"), i,
                           one) if (!json_text_of(one, "what")[0] ||
                                    !json_text_of(one, "why")[0]) return NO("something is withheld without a reason");
        return YES("what is not shown is named, with its status and why");
}

static struct judgement amend(const struct json_t *run)
{
        struct json_t *one;
        size_t i;

        json_array_foreach(
                json_object_get(run, "amendments"), i,
                one) if (!json_text_of(one, "field")[0] || !json_text_of(one, "reason")[0] ||
                         !json_object_get(one, "old")) return NO("an amendment does not say what it replaces, and why");
        if (json_is_false(check_of(run, "files")))
                return NO("a file of the packet was changed after it was sealed");
        return json_array_size(json_object_get(run, "amendments"))
                       ? YES("what was corrected stands beside what was said first")
                       : YES("nothing was corrected, and nothing rewritten");
}

static struct judgement reconcile(const struct json_t *run)
{
        const struct json_t *ok = json_object_get(json_object_get(run, "checks"), "ok");

        if (!ok)
                return UNKNOWN("the packet could not be checked");
        return json_is_true(ok) ? YES("log, report, patch, sums and signatures agree")
                                : NO("the packet contradicts itself: the checks below say where");
}

/* Of what a run refused nothing may be left, and of what refused a run there must be a word. */
static struct judgement refuse(const struct json_t *run)
{
        const bool committed = strcmp(json_text_of(run, "outcome"), "committed") == 0;

        if (committed)
                return json_text_of(run, "commit")[0] ? YES("it was not refused; what it tried in vain is listed")
                                                      : NO("it says that it committed, and names no commit");
        if (json_text_of(run, "commit")[0])
                return NO("it did not commit, and names a commit");
        return json_array_size(json_object_get(run, "reasons")) || strcmp(json_text_of(run, "outcome"), "observed") == 0
                       ? YES("why it left nothing is on record")
                       : NO("it left nothing, and does not say why");
}

static struct judgement complete(const struct json_t *run)
{
        return json_array_size(json_object_get(run, "terms")) ? YES("no term of a packet is missing or stale")
                                                              : UNKNOWN("its terms could not be checked");
}

/* The terms of a packet (lib/packet/terms.h) belong to the words: one with a fault breaks its word. */
static const char *fault_of(const struct json_t *run, const char *word)
{
        struct json_t *term;
        size_t i;

        json_array_foreach(json_object_get(run, "terms"), i, term)
        {
                const char *fault = json_string_value(json_array_get(json_object_get(term, "faults"), 0));

                if (fault && strcmp(json_text_of(term, "word"), word) == 0)
                        return fault;
        }
        return NULL;
}

static const struct {
        const char *word, *promise;
        struct judgement (*judge)(const struct json_t *run);
} words[] = {
        {"declare",
         "Before it starts, a run says what it may do, under which rules and at what cost, and is held to that.",
         declare},
        {"withhold", "What is not shown is named, with the reason; nothing is left out in silence.", withhold},
        {"amend", "What turns out wrong is corrected beside what was said first; nothing is rewritten.", amend},
        {"reconcile", "Log, report, patch, sums and signatures say the same.", reconcile},
        {"refuse", "What was refused left nothing in the repository, and the reason is on record.", refuse},
        {"complete", "Every term that a packet must have is there and is not stale.", complete},
};

#define WORDS (sizeof(words) / sizeof(words[0]))

struct json_t *covenant_words(void)
{
        struct json_t *list = json_array();

        for (size_t i = 0; i < WORDS; i++)
                json_array_append_new(list, json_pack("{s:s,s:s}", "word", words[i].word, "promise", words[i].promise));
        return list;
}

struct json_t *covenant_of(const struct json_t *run)
{
        struct json_t *list = json_array();

        for (size_t i = 0; i < WORDS; i++) {
                const char *fault = fault_of(run, words[i].word);
                const struct judgement judgement = fault ? NO(fault) : words[i].judge(run);

                json_array_append_new(
                        list,
                        json_pack("{s:s,s:o,s:s}", "word", words[i].word, "kept",
                                  judgement.kept == KEPT_UNKNOWN ? json_null() : json_boolean(judgement.kept == KEPT),
                                  "because", judgement.because));
        }
        return list;
}
