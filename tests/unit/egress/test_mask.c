/* SPDX-License-Identifier: Apache-2.0 */
/* What looks like a credential becomes stars, wherever a stream is cut; nothing else changes, and nothing waits for nothing. */
#include "runner/egress/mask.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct egress_header headers[] = {
        {"x-api-key", "sk-ab/c+Zyx9"}, {"authorization", "Bearer aaaabaaaac"}, {"x-short", "seven77"}};
static const struct egress_config config = {.routes = {{.headers = headers, .headers_len = 3}}, .routes_len = 1};

/* Every text is fed in two pieces, cut at each place, and byte by byte: always with the same result. */
static void becomes(const char *text, const char *expected)
{
        struct mask *mask = mask_new(&config);
        size_t len = strlen(text);
        char copy[512];

        for (size_t cut = 0; cut <= len + 1; cut++) {
                struct mask_stream stream = {0};
                _cleanup_str_ struct str out = {0};

                if (cut <= len) {
                        mask_feed(mask, &stream, text, cut, &out);
                        mask_feed(mask, &stream, text + cut, len - cut, &out);
                } else {
                        for (size_t i = 0; i < len; i++)
                                mask_feed(mask, &stream, text + i, 1, &out);
                }
                mask_end(&stream, &out);
                cr_assert_str_eq(str_text(&out), expected, "cut at %zu", cut);
                mask_stream_release(&stream);
        }
        cr_assert(len < sizeof(copy));
        memcpy(copy, text, len + 1);
        mask_text(mask, copy, len);
        cr_assert_str_eq(copy, expected, "as a whole");
        mask_free(mask);
}

Test(mask, credentials_become_stars_of_their_length)
{
        becomes("key sk-ab/c+Zyx9!", "key ************!");
        becomes("sk-ab/c+Zyx9sk-ab/c+Zyx9", "************************");
        becomes("Bearer aaaabaaaac", "Bearer **********");
}

Test(mask, beginnings_and_other_texts_stay)
{
        becomes("", "");
        becomes("sk-ab/c+Zyx", "sk-ab/c+Zyx");
        becomes("sk-sk-ab/c+Zyx8", "sk-sk-ab/c+Zyx8");
        becomes("seven77 is too short to be looked for", "seven77 is too short to be looked for");
        becomes("Bearer", "Bearer");
}

Test(mask, one_that_begins_inside_of_another_is_found)
{
        becomes("aaaabaaaabaaaac", "aaaab**********");
        becomes("sk-ab/c+Zysk-ab/c+Zyx9", "sk-ab/c+Zy************");
        becomes("aaaabaaaacaaaabaaaac", "********************");
}

Test(mask, other_spellings_are_found)
{
        becomes("q=sk-ab%2Fc%2BZyx9&", "q=****************&");
        becomes("q=sk-ab%2fc%2bZyx9&", "q=****************&");
        becomes("\"sk-ab\\/c+Zyx9\"", "\"*************\"");
        becomes("736b2d61622f632b5a797839", "************************");
        becomes("736B2D61622F632B5A797839", "************************");
}

/* base64 of 0, 1 and 2 bytes before the value, by coreutils' base64(1) */
Test(mask, base64_is_found_wherever_the_value_stands)
{
        becomes("c2stYWIvYytaeXg5", "****************");
        becomes("c2stYWIvYytaeXg5IQ==", "****************IQ==");
        becomes("dXNrLWFiL2MrWnl4OSEh", "dX***************SEh");
        becomes("dTpzay1hYi9jK1p5eDk=", "dTp***************k=");
        becomes("dXM6c2stYWIvYytaeXg5", "dXM6****************");
}

Test(mask, nothing_is_held_back_that_cannot_become_one)
{
        struct mask *mask = mask_new(&config);
        struct mask_stream stream = {0};
        _cleanup_str_ struct str out = {0};

        mask_feed(mask, &stream, "data: {\"x\": 1}\n\n", 16, &out);
        cr_assert_eq(out.len, 16);
        mask_feed(mask, &stream, "sk-ab", 5, &out);
        cr_assert_eq(out.len, 16, "the beginning of a credential waits");
        mask_feed(mask, &stream, "\n", 1, &out);
        cr_assert_str_eq(str_text(&out), "data: {\"x\": 1}\n\nsk-ab\n");
        mask_stream_release(&stream);
        mask_free(mask);
}
