/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_VERIFY_H
#define CUPEL_DIRECTOR_VERIFY_H

/*
 * The director's verifiers: every verifier of the plan whose gate is director or both and that applies to the changes, in clean
 * rooms, as many at once as `--jobs` allows (director/lanes.h); their verdicts are in the plan's order.
 *
 *         struct verdicts verdicts = {0};
 *         verify_all(d, &verdicts, err);             needs a checked candidate; runs nothing where nothing applies
 *         verdicts_record(d, &verdicts, refs, id, err); receipts (director/verdict.h)
 *         verdicts_release(&verdicts);
 *
 * What one verifier goes through is director/job.h: retries, the base, changed tests on the base's code. A verdict of an earlier
 * director counts in place of a run where director/verifier_key.h says that nothing could be different.
 *
 * It may be called again for another candidate tree of the same run. An interruption ends verify_all() early with 0: ask
 * uplink_interrupted().
 */

#include "director/verdict.h"

struct director;

/*
 * The carried folders as they are now (lib/base/carry.h), where the plan has such: once before the verifiers, while the
 * agent works. verify_all() looks again: changed between, no verdict says anything, each becomes INCONCLUSIVE.
 */
int verify_note_carried(struct director *d, struct err *err);

int verify_all(struct director *d, struct verdicts *ret, struct err *err);

#endif
