/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_EGRESS_MASK_FORMS_H
#define CUPEL_EGRESS_MASK_FORMS_H

/* The forms in which a header's credential is looked for (mask.h says which). Each is handed over once and then overwritten. */

#include "runner/egress/egress.h"

typedef void mask_form_fn(void *target, const char *bytes, size_t len);

void mask_forms(const struct egress_header *header, mask_form_fn *add, void *target);

#endif
