/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_GATES_LEXIS_H
#define CUPEL_POLICY_GATES_LEXIS_H

/*
 * What of a language's texts and comments fits no table. Each function looks at one place of the scan: what begins there is marked,
 * and the place behind it returned; where nothing of its kind begins, the place itself.
 */

#include "policy/gates/language.h"

#include <stdbool.h>

struct scan {
        const char *text;
        size_t len, at;
        unsigned char *classes;
        unsigned *never_closed; /* here documents that were looked for in vain */
};

bool scan_has(const struct scan *scan, size_t at, const char *wanted);
size_t scan_mark(const struct scan *scan, size_t from, size_t to, enum byte_class class); /* returns `to` */

size_t lexis_cpp(const struct scan *scan);   /* R"x(…)x", 1'000 */
size_t lexis_rust(const struct scan *scan);  /* r#"…"#, lifetimes */
size_t lexis_js(const struct scan *scan);    /* regular expressions */
size_t lexis_shell(const struct scan *scan); /* comments, escapes, here documents */

#endif
