/* SPDX-License-Identifier: Apache-2.0 */
/* The table of terms; that each is noticed when it is broken, tests/e2e/test_packet.sh shows on real packets. */
#include "lib/packet/terms.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

Test(terms, each_has_a_name_of_its_own_a_group_and_a_place)
{
        static const char groups[] = " declare withhold amend reconcile refuse complete ";

        for (enum packet_term term = 0; term < PACKET_TERM_COUNT; term++) {
                _cleanup_free_ char *group = xasprintf(" %s ", packet_term_group(term));

                cr_expect_not_null(strstr(groups, group), "%s", packet_term_name(term));
                cr_expect(packet_term_where(term)[0] && packet_term_promise(term)[0]);
                for (enum packet_term other = 0; other < term; other++)
                        cr_expect_str_neq(packet_term_name(term), packet_term_name(other));
        }
}

Test(terms, an_empty_folder_keeps_only_what_need_not_be_there)
{
        char folder[] = "/tmp/cupel-terms-XXXXXX";
        struct packet_terms terms;
        int packet;

        cr_assert_not_null(mkdtemp(folder));
        packet = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        packet_terms_check(packet, &terms);
        for (enum packet_term term = 0; term < PACKET_TERM_COUNT; term++) {
                const bool optional =
                        term == PACKET_TERM_AGENT || term == PACKET_TERM_EVIDENCE || term == PACKET_TERM_AMENDMENTS;

                cr_expect_eq(terms.faults[term].len == 0, optional, "%s", packet_term_name(term));
        }
        cr_assert_eq(terms.broken, PACKET_TERM_COUNT - 3);
        packet_terms_release(&terms);
        close(packet);
        rmdir(folder);
}
