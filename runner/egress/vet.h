/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_EGRESS_VET_H
#define CUPEL_EGRESS_VET_H

/*
 * Whether an address may be dialled: public unicast only, by the registries of special-purpose addresses (RFC 6890 and the
 * IANA tables it points to), beside the metadata services of clouds. Addresses that carry an IPv4 address (NAT64) are
 * judged by that one; tunnels (6to4, Teredo) are refused.
 */

#include "lib/base/host.h"

/*
 * NULL: it may be dialled; else what it is, as a phrase ("a private address, 10.0.0.0/8"). `named`: the policy names exactly
 * this address and port, which opens private and loopback addresses, and nothing of link-local, metadata or multicast.
 */
const char *vet_address(const struct address *address, bool named);

#endif
