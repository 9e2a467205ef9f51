/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/publication.h"
#include "policy/schema.h"

#include <criterion/criterion.h>

static enum publication of(const char *website, const char *external)
{
        struct pairs pairs = {0};
        enum publication got;

        if (website)
                pairs_set(&pairs, "website", website);
        if (external)
                pairs_set(&pairs, "external", external);
        got = publication_boundary(&pairs);
        pairs_release(&pairs);
        return got;
}

Test(publication, nothing_is_shown_that_nobody_allowed)
{
        cr_assert_eq(of(NULL, NULL), PUBLICATION_SILENT);
        cr_assert_eq(of(NULL, "allowed"), PUBLICATION_SILENT);
        cr_assert_eq(of("allowed", NULL), PUBLICATION_PERSON, "letting it out is a person's decision");
        cr_assert_eq(of("allowed", "person"), PUBLICATION_PERSON);
        cr_assert_eq(of("allowed", "allowed"), PUBLICATION_ALLOWED);
        cr_assert_eq(of("person", "allowed"), PUBLICATION_PERSON);
        cr_assert_eq(of("never", "allowed"), PUBLICATION_NEVER);
        cr_assert_eq(of("allowed", "never"), PUBLICATION_NEVER);
        cr_assert_eq(of("public", "allowed"), PUBLICATION_NEVER, "a word that nobody knows");
        cr_assert_eq(of("silent", "allowed"), PUBLICATION_NEVER);
}
