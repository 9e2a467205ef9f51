/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_PUBLICATION_H
#define CUPEL_POLICY_PUBLICATION_H

/*
 * The publication boundary of a work item (`publication: {website: …, external: …}`), as a site of its runs goes by it. Each word is
 * allowed, person (a person approves each run) or never; the stricter one of the two holds, since nobody can tell where a folder of
 * pages is shown. Where `website` is missing nothing is shown, not even that there was a run; where `external` is missing it is person.
 */

struct pairs;

enum publication {                     /* the stricter, the lower */
                   PUBLICATION_SILENT, /* the item does not speak of a website */
                   PUBLICATION_NEVER,
                   PUBLICATION_PERSON,
                   PUBLICATION_ALLOWED,
};

/* Pure. Any other word is never. */
enum publication publication_boundary(const struct pairs *said);
const char *publication_name(enum publication publication); /* "silent", "never", … */

#endif
