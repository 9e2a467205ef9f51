/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_REPORT_APPROVAL_H
#define CUPEL_DIRECTOR_REPORT_APPROVAL_H

/* What people were asked and said of a run: its part of report.json and report.md. */

struct facts;
struct json_t;
struct str;

/* `approval` and `acceptance`, null where there is none. */
void report_approval(const struct facts *facts, struct json_t *report);
void report_approval_markdown(const struct json_t *report, struct str *out);

#endif
