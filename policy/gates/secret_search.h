/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_GATES_SECRET_SEARCH_H
#define CUPEL_POLICY_GATES_SECRET_SEARCH_H

/*
 * Secrets where no line of the change shows them: in the bytes of what is no text, in pieces, in base64 (secret_form.h), in the name of
 * a file. Looked for are formats that are known by themselves, not what stands beside a name. Each is told once.
 */

#include "policy/gates/rules.h"

void secret_search(const struct judgement *judgement, const struct change *change);

/* secret_known.c: values that `read` knows (policy/gate.h), as they are, wherever the change brings them. */
void secret_known(const struct judgement *judgement, const struct change *change);

/* secrets.c: whether the match is one, and nothing that somebody made up. */
bool secret_is_meant(const struct gate_match *match);

#endif
