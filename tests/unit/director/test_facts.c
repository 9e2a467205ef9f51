/* SPDX-License-Identifier: Apache-2.0 */
/* What a runner that was taken over puts into its numbers makes no report that is none. */
#include "director/facts.h"

#include "lib/store/store.h"

#include <criterion/criterion.h>
#include <string.h>

static void see(struct facts *facts, const char *json)
{
        const struct store_event_row row = {
                .run = "r", .sequence = 1, .type = "note.status", .json = json, .len = strlen(json), .hash = ""};
        struct err err = ERR_INIT;

        cr_assert_eq(facts_see(facts, &row, &err), 0, "%s", err.message);
}

#define STATUS(redacted)                                                                                               \
        "{\"actor\":\"runner\",\"data\":{\"extra\":{\"redacted\":" redacted "},\"text\":\"t\"},"                       \
        "\"datacontenttype\":\"application/json\",\"id\":\"r:1\"}"

Test(facts, what_was_hidden_only_grows_and_never_beyond_a_number)
{
        struct facts facts;

        facts_init(&facts);
        see(&facts, STATUS("3"));
        cr_expect_eq(facts.hidden, 3);
        see(&facts, STATUS("-9223372036854775808"));
        cr_expect_eq(facts.hidden, 3);
        see(&facts, STATUS("9223372036854775807"));
        see(&facts, STATUS("9223372036854775807"));
        cr_expect_eq(facts.hidden, INT64_MAX);
        facts_release(&facts);
}
