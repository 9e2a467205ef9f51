/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_PACKET_SCHEMA_H
#define CUPEL_PACKET_SCHEMA_H

/*
 * The form of report.json: docs/report.schema.json, built into the program, and whether a report has it. The keywords that the file
 * uses are understood (type, properties, required, additionalProperties, items, minItems, enum, const, minimum, $ref to $defs),
 * `pattern` aside: what a digest is the terms check by making it again. An unknown keyword is a bug of ours, and a test's failure.
 *
 *         struct strv faults = {0};
 *         packet_schema_check(report, &faults);       "scope.network: \"hosts\" is missing"
 */

struct json_t;
struct strv;

/* JSON Schema, draft 2020-12, as text. */
extern const char packet_report_schema[];

/* At most PACKET_FAULTS_MAX are told. */
#define PACKET_FAULTS_MAX 50
void packet_schema_check(const struct json_t *report, struct strv *ret_faults);

/* The same by another schema; for tests. */
void packet_schema_check_by(const struct json_t *schema, const struct json_t *value, struct strv *ret_faults);

#endif
