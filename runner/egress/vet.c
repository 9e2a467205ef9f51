/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/egress/vet.h"

#include <string.h>

struct range {
        uint8_t prefix[16];
        unsigned bits;
        bool never; /* not even where it is named */
        const char *what;
};

/* The first that matches decides. */
static const struct range v4_ranges[] = {
        {{169, 254}, 16, true, "a link-local or metadata address, 169.254.0.0/16"},
        {{168, 63, 129, 16}, 32, true, "a cloud's metadata address"},
        {{100, 100, 100, 200}, 32, true, "a cloud's metadata address"},
        {{192, 0, 0, 192}, 32, true, "a cloud's metadata address"},
        {{0}, 8, true, "an unspecified address, 0.0.0.0/8"},
        {{224}, 4, true, "a multicast address, 224.0.0.0/4"},
        {{255, 255, 255, 255}, 32, true, "the broadcast address"},
        {{127}, 8, false, "a loopback address, 127.0.0.0/8"},
        {{10}, 8, false, "a private address, 10.0.0.0/8"},
        {{172, 16}, 12, false, "a private address, 172.16.0.0/12"},
        {{192, 168}, 16, false, "a private address, 192.168.0.0/16"},
        {{100, 64}, 10, false, "a carrier's private address, 100.64.0.0/10"},
        {{192, 0, 0}, 24, false, "a reserved address, 192.0.0.0/24"},
        {{192, 0, 2}, 24, false, "a documentation address, 192.0.2.0/24"},
        {{198, 51, 100}, 24, false, "a documentation address, 198.51.100.0/24"},
        {{203, 0, 113}, 24, false, "a documentation address, 203.0.113.0/24"},
        {{192, 88, 99}, 24, false, "a reserved address, 192.88.99.0/24"},
        {{198, 18}, 15, false, "a benchmarking address, 198.18.0.0/15"},
        {{240}, 4, false, "a reserved address, 240.0.0.0/4"},
};

static const struct range v6_ranges[] = {
        {{0xfe, 0x80}, 10, true, "a link-local address, fe80::/10"},
        {{0xff}, 8, true, "a multicast address, ff00::/8"},
        {{0xfd, 0x00, 0x0e, 0xc2}, 32, true, "a cloud's metadata address, fd00:ec2::/32"},
        {{0xfd, 0x20, 0x00, 0xce}, 32, true, "a cloud's metadata address, fd20:ce::/32"},
        {{0}, 128, true, "the unspecified address"},
        {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, false, "the loopback address"},
        {{0}, 8, true, "a reserved address, ::/8"},
        {{0xfc}, 7, false, "a private address, fc00::/7"},
        {{0xfe, 0xc0}, 10, false, "a site-local address, fec0::/10"},
        {{0x20, 0x01}, 23, true, "a reserved or tunnelled address, 2001::/23"},
        {{0x20, 0x01, 0x0d, 0xb8}, 32, false, "a documentation address, 2001:db8::/32"},
        {{0x3f, 0xff}, 20, false, "a documentation address, 3fff::/20"},
        {{0x20, 0x02}, 16, true, "a tunnelled address, 2002::/16"},
        {{0x20}, 3, false, NULL}, /* global unicast */
        {{0}, 0, true, "a reserved address, outside 2000::/3"},
};

static bool in_range(const struct address *address, const struct range *range)
{
        unsigned whole = range->bits / 8, rest = range->bits % 8;

        if (memcmp(address->bytes, range->prefix, whole) != 0)
                return false;
        return !rest || !((address->bytes[whole] ^ range->prefix[whole]) >> (8 - rest));
}

static const char *find(const struct range *ranges, size_t count, const struct address *address, bool named)
{
        for (size_t i = 0; i < count; i++)
                if (in_range(address, &ranges[i]))
                        return named && !ranges[i].never ? NULL : ranges[i].what;
        return NULL;
}

const char *vet_address(const struct address *address, bool named)
{
        static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};
        struct address inner;

        if (!address->is_v6)
                return find(v4_ranges, sizeof(v4_ranges) / sizeof(v4_ranges[0]), address, named);
        if (memcmp(address->bytes, nat64, sizeof(nat64)) != 0)
                return find(v6_ranges, sizeof(v6_ranges) / sizeof(v6_ranges[0]), address, named);
        inner = address_from(address->bytes + 12, false);
        return find(v4_ranges, sizeof(v4_ranges) / sizeof(v4_ranges[0]), &inner, false);
}
