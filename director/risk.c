/* SPDX-License-Identifier: Apache-2.0 */
#include "director/risk.h"

#include "director/director.h"
#include "lib/base/json.h"
#include "policy/risk.h"

static void judge(const struct director *d, struct risk_report *ret)
{
        const bool known = d->candidate.checked;

        risk_judge(&(struct risk_input){.plan = &d->plan,
                                        .changes = known ? &d->candidate.changes : NULL,
                                        .gates = known ? &d->candidate.gates : NULL},
                   ret);
}

struct json_t *director_risk_json(const struct director *d)
{
        _cleanup_risk_ struct risk_report risk = {0};

        if (!d->has_plan)
                return json_null();
        judge(d, &risk);
        return risk_json(&risk);
}
