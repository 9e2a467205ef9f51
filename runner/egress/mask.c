/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aho and Corasick's automaton over all forms of all credentials: one step per byte, whatever their number. A state is the
 * longest tail of the input that begins a credential, so its depth is exactly how much must be held back, and a match can
 * only lie inside of what is held. Masking writes into the held copy; the automaton goes on by the true bytes, so that
 * overlapping matches are found too.
 */
#include "runner/egress/mask.h"

#include "runner/egress/mask_forms.h"

#include <stdlib.h>
#include <string.h>

struct node {
        uint32_t child, sibling; /* 0: none */
        uint32_t fail;           /* the longest proper tail that is a node too */
        uint32_t depth;
        uint32_t match; /* length of the longest credential that ends here, 0: none */
        unsigned char byte;
};

struct mask {
        struct node *nodes; /* [0] is the root */
        size_t len, cap;
        uint32_t first[256]; /* children of the root */
};

static uint32_t child_of(const struct mask *mask, uint32_t node, unsigned char byte)
{
        uint32_t child;

        if (node == 0)
                return mask->first[byte];
        for (child = mask->nodes[node].child; child; child = mask->nodes[child].sibling)
                if (mask->nodes[child].byte == byte)
                        break;
        return child;
}

static uint32_t add_child(struct mask *mask, uint32_t parent, unsigned char byte)
{
        uint32_t node = (uint32_t)mask->len;

        if (mask->len == mask->cap) {
                /* not realloc(3): it would leave the credentials behind in what it frees */
                size_t cap = mask->cap * 2;
                struct node *nodes = xcalloc(cap, sizeof(*nodes));

                memcpy(nodes, mask->nodes, mask->len * sizeof(*nodes));
                explicit_bzero(mask->nodes, mask->len * sizeof(*nodes));
                free(mask->nodes);
                mask->nodes = nodes;
                mask->cap = cap;
        }
        mask->len++;
        mask->nodes[node] = (struct node){
                .sibling = mask->nodes[parent].child, .depth = mask->nodes[parent].depth + 1, .byte = byte};
        mask->nodes[parent].child = node;
        if (parent == 0)
                mask->first[byte] = node;
        return node;
}

static void add_form(void *target, const char *bytes, size_t len)
{
        struct mask *mask = target;
        uint32_t node = 0;

        for (size_t i = 0; i < len; i++) {
                uint32_t next = child_of(mask, node, (unsigned char)bytes[i]);

                node = next ? next : add_child(mask, node, (unsigned char)bytes[i]);
        }
        mask->nodes[node].match = (uint32_t)len;
}

static uint32_t step(const struct mask *mask, uint32_t node, unsigned char byte)
{
        for (;;) {
                uint32_t next = child_of(mask, node, byte);

                if (next || node == 0)
                        return next;
                node = mask->nodes[node].fail;
        }
}

/* Breadth first: a node's tail is shorter than the node. */
static void link_tails(struct mask *mask)
{
        uint32_t *queue = xcalloc(mask->len, sizeof(*queue));
        size_t head = 0, tail = 0;

        queue[tail++] = 0;
        while (head < tail) {
                uint32_t parent = queue[head++];

                for (uint32_t node = mask->nodes[parent].child; node; node = mask->nodes[node].sibling) {
                        struct node *at = &mask->nodes[node];

                        at->fail = parent ? step(mask, mask->nodes[parent].fail, at->byte) : 0;
                        if (!at->match)
                                at->match = mask->nodes[at->fail].match;
                        queue[tail++] = node;
                }
        }
        free(queue);
}

struct mask *mask_new(const struct egress_config *config)
{
        struct mask *mask = xcalloc(1, sizeof(*mask));

        mask->cap = 1024;
        mask->len = 1;
        mask->nodes = xcalloc(mask->cap, sizeof(*mask->nodes));
        for (size_t i = 0; i < config->routes_len; i++)
                for (size_t k = 0; k < config->routes[i].headers_len; k++)
                        mask_forms(&config->routes[i].headers[k], add_form, mask);
        link_tails(mask);
        return mask;
}

void mask_free(struct mask *mask)
{
        if (!mask)
                return;
        explicit_bzero(mask->nodes, mask->len * sizeof(*mask->nodes));
        free(mask->nodes);
        free(mask);
}

/* Where nothing is begun, bytes that begin nothing are passed on as a piece. */
static size_t skip(const struct mask *mask, const char *bytes, size_t len)
{
        size_t n = 0;

        while (n < len && !mask->first[(unsigned char)bytes[n]])
                n++;
        return n;
}

static void release_all_but(struct str *held, size_t keep, struct str *out)
{
        size_t ready = held->len - keep;

        if (!ready)
                return;
        str_append(out, held->data, ready);
        memmove(held->data, held->data + ready, keep);
        held->len = keep;
        held->data[keep] = '\0';
}

void mask_feed(const struct mask *mask, struct mask_stream *stream, const char *bytes, size_t len, struct str *out)
{
        for (size_t i = 0; i < len;) {
                const struct node *at;

                if (stream->state == 0) {
                        size_t plain = skip(mask, bytes + i, len - i);

                        release_all_but(&stream->held, 0, out);
                        str_append(out, bytes + i, plain);
                        i += plain;
                        if (i == len)
                                break;
                }
                str_putc(&stream->held, bytes[i]);
                stream->state = step(mask, stream->state, (unsigned char)bytes[i++]);
                at = &mask->nodes[stream->state];
                if (at->match)
                        memset(stream->held.data + stream->held.len - at->match, '*', at->match);
                release_all_but(&stream->held, at->depth, out);
        }
}

void mask_end(struct mask_stream *stream, struct str *out)
{
        release_all_but(&stream->held, 0, out);
        stream->state = 0;
}

void mask_stream_release(struct mask_stream *stream)
{
        if (stream->held.data)
                explicit_bzero(stream->held.data, stream->held.cap);
        str_release(&stream->held);
        stream->state = 0;
}

void mask_text(const struct mask *mask, char *text, size_t len)
{
        uint32_t state = 0;

        for (size_t i = 0; i < len; i++) {
                size_t match;

                state = step(mask, state, (unsigned char)text[i]);
                match = mask->nodes[state].match;
                if (match)
                        memset(text + i + 1 - match, '*', match);
        }
}
