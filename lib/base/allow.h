/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_ALLOW_H
#define CUPEL_BASE_ALLOW_H

/*
 * The entries of `network.allow`, the same for who validates a policy and who enforces it.
 *
 *         example.com           that host, ports 80 and 443
 *         example.com:8443      that host, that port alone
 *         *.example.com         every name below it, at any depth; not example.com itself
 *         127.0.0.1:8080        that address and port, be it private: whoever names an address means it
 *         192.0.2.7             that address, ports 80 and 443; public addresses only
 *         localhost:8080        the machine's own loopback (RFC 6761, 6.3), that port: as good as its address
 *
 * Names and addresses are compared in their canonical form (lib/base/host.h).
 */

#include "lib/base/host.h"
#include "lib/base/str.h"

#define ALLOW_ENTRIES_MAX 1024

struct allow_entry {
        struct host host;
        bool below;    /* *.host */
        uint16_t port; /* 0: 80 and 443 */
};

struct allow_list {
        struct allow_entry *entries;
        size_t len;
};

enum allow_match { /* ordered */
                   ALLOW_NOT,
                   ALLOW_PUBLIC, /* where it leads to a public address */
                   ALLOW_EXACT,  /* an address, or localhost, that was named with its port: private ones too */
};

/* Whether one entry is well-formed; the error says what is expected. */
int allow_entry_parse(const char *text, struct allow_entry *ret_entry, struct err *err);

int allow_list_parse(const struct strv *entries, struct allow_list *ret_list, struct err *err);
void allow_list_release(struct allow_list *list);

/* What an entry says of the hosts that it matches. */
enum allow_match allow_entry_match(const struct allow_entry *entry);

enum allow_match allow_list_match(const struct allow_list *list, const struct host *host, uint16_t port);

#endif
