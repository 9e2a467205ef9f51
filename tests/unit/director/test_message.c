/* SPDX-License-Identifier: Apache-2.0 */
#include "director/message.h"

#include "policy/plan.h"

#include <criterion/criterion.h>
#include <stdlib.h>

Test(message, a_title_alone_is_not_repeated)
{
        const struct plan plan = {.title = (char *)"Fix slugify", .objective = (char *)"Fix slugify"};
        char *text = commit_message(&plan);

        cr_assert_str_eq(text, "Fix slugify");
        free(text);
}

Test(message, objective_and_rollback_follow_the_title)
{
        const struct plan plan = {.title = (char *)"Fix slugify",
                                  .objective = (char *)"Make it lower-case.",
                                  .rollback = (char *)"Revert."};
        char *text = commit_message(&plan);

        cr_assert_str_eq(text, "Fix slugify\n\nMake it lower-case.\n\nRollback: Revert.");
        free(text);
}

Test(message, a_token_in_it_does_not_get_into_the_repository)
{
        const struct plan plan = {.title = (char *)"Use gh"
                                                   "p_5u5O5JjOVSURRI6WhVrPcHmxznIGTt0EOl85 there",
                                  .objective = (char *)"Log in."};
        char *text = commit_message(&plan);

        cr_assert_str_eq(text, "Use **************************************** there\n\nLog in.");
        free(text);
}

Test(message, an_author_is_a_name_and_a_mail)
{
        struct author author = {0};

        cr_assert_eq(author_parse("Ada Lovelace <ada@example.org>", &author), 0);
        cr_assert_str_eq(author.name, "Ada Lovelace");
        cr_assert_str_eq(author.mail, "ada@example.org");
        author_release(&author);
        cr_assert_eq(author_parse("ada@example.org", &author), -1);
        cr_assert_eq(author_parse("Ada <>", &author), -1);
        cr_assert_eq(author_parse("Ada <a@b> more", &author), -1);
        cr_assert_eq(author_parse("<a@b>", &author), -1);
}

Test(message, a_digest_has_its_label_once)
{
        char *plain = digest_label("ab"), *labelled = digest_label("sha256:ab");

        cr_assert_str_eq(plain, "sha256:ab");
        cr_assert_str_eq(labelled, "sha256:ab");
        free(plain);
        free(labelled);
}
