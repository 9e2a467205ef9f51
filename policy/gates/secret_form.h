/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_GATES_SECRET_FORM_H
#define CUPEL_POLICY_GATES_SECRET_FORM_H

/*
 * A text in another form, in which a secret stands as its format knows it: pieces of a literal put together, base64 decoded, text of
 * two bytes per letter as text of one. Any bytes are taken; what a form makes of a text is never longer than the text.
 *
 *         _cleanup_secret_form_ struct secret_form form = {0};
 *         secret_form_joined(&form, text, len);         form.text is empty where the form has nothing that the text has not
 *         secret_form_origin(&form, offset);            where a byte of form.text comes from
 */

#include "lib/base/str.h"

#include <stddef.h>

struct secret_form {
        struct str text;
        struct secret_piece {
                size_t at, from; /* in the form, in the text */
        } * pieces;
        size_t len;
};

/* "abc" + "def", also on two lines, is "abcdef". */
void secret_form_joined(struct secret_form *form, const char *text, size_t len);

/* What runs of base64 say, a line each, where that is text. */
void secret_form_decoded(struct secret_form *form, const char *text, size_t len);

/* Without zero bytes: UTF-16 and UTF-32 of what is ASCII. */
void secret_form_narrow(struct secret_form *form, const char *text, size_t len);

size_t secret_form_origin(const struct secret_form *form, size_t offset);
void secret_form_release(struct secret_form *form);

#define _cleanup_secret_form_ __attribute__((cleanup(secret_form_release)))

#endif
