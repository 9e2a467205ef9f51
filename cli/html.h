/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_HTML_H
#define CUPEL_CLI_HTML_H

/*
 * The one way in which a value gets into a page. Nearly all of them were written by an agent, so there is no way to put one in raw:
 * a template of ours names the context of each value, and every context escapes for itself.
 *
 *         html_put(&out, "<a href=\"runs/%u.html\" title=\"%a\">%t</a>", id, title, title);
 *
 *   %t  text between tags       %a  within a quoted attribute       %u  a part of a relative URL, in a quoted attribute
 *   %d  a whole number (long long)                                  %%  a per cent sign
 *
 * Texts are const char *, of NULL nothing is put. What a screen does not show or shows elsewhere (control characters, bidirectional
 * overrides, zero-width and tag characters, bytes that are no UTF-8) is put as cupel shows it everywhere: \033, \342\200\256. A URL
 * has no scheme, no host and no query whatever the value is: all bytes but letters, digits and -._~/ are percent-encoded.
 *
 * The template is a literal of ours, never made from values.
 */

#include "lib/base/str.h"

void html_put(struct str *out, const char *template, ...);

/* The same for bytes with a length. */
void html_text(struct str *out, const char *bytes, size_t len);

#endif
