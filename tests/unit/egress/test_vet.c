/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/egress/vet.h"

#include <criterion/criterion.h>
#include <string.h>

static const char *vet(const char *text, bool named)
{
        struct host host;
        struct err err = ERR_INIT;

        cr_assert(host_parse(text, strlen(text), &host, &err) == 0 && host.is_address, "%s", text);
        return vet_address(&host.address, named);
}

Test(vet, public_addresses_may_be_dialled)
{
        static const char *const good[] = {"93.184.216.34",   "8.8.8.8",         "1.1.1.1",          "9.255.255.255",
                                           "11.0.0.0",        "172.15.0.1",      "172.32.0.1",       "100.63.255.255",
                                           "100.128.0.1",     "198.17.0.1",      "198.20.0.1",       "223.255.255.1",
                                           "2606:4700::1111", "2a00:1450::200e", "64:ff9b::808:808", "2001:4860::1",
                                           "2003::1"};

        for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
                cr_assert_null(vet(good[i], false), "%s is %s", good[i], vet(good[i], false));
}

Test(vet, special_addresses_may_not)
{
        static const struct {
                const char *address;
                bool may_be_named;
        } bad[] = {
                {"127.0.0.1", true},
                {"127.255.255.255", true},
                {"10.0.0.0", true},
                {"10.255.255.255", true},
                {"172.16.0.1", true},
                {"172.31.255.255", true},
                {"192.168.0.1", true},
                {"100.64.0.1", true},
                {"100.127.255.255", true},
                {"192.0.2.1", true},
                {"198.51.100.1", true},
                {"203.0.113.1", true},
                {"198.18.0.1", true},
                {"198.19.255.255", true},
                {"192.0.0.1", true},
                {"192.88.99.1", true},
                {"240.0.0.1", true},
                {"::1", true},
                {"fc00::1", true},
                {"fdff::1", true},
                {"fec0::1", true},
                {"2001:db8::1", true},
                {"3fff::1", true},
                {"0.0.0.0", false},
                {"0.1.2.3", false},
                {"169.254.0.1", false},
                {"169.254.169.254", false},
                {"168.63.129.16", false},
                {"100.100.100.200", false},
                {"192.0.0.192", false},
                {"224.0.0.1", false},
                {"239.255.255.255", false},
                {"255.255.255.255", false},
                {"::", false},
                {"fe80::1", false},
                {"febf::1", false},
                {"ff02::1", false},
                {"fd00:ec2::254", false},
                {"fd20:ce::254", false},
                {"2002:7f00:1::", false},
                {"2002:808:808::", false},
                {"2001::1", false},
                {"2001:1ff::1", false},
                {"::127.0.0.1", false},
                {"64:ff9b::7f00:1", false},
                {"64:ff9b::a9fe:a9fe", false},
                {"64:ff9b:1::808:808", false},
                {"100::1", false},
                {"4000::1", false},
                {"5f00::1", false},
                {"::ffff:0:1.2.3.4", false},
        };

        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                cr_assert_not_null(vet(bad[i].address, false), "%s", bad[i].address);
                cr_assert_eq(vet(bad[i].address, true) == NULL, bad[i].may_be_named, "%s", bad[i].address);
        }
        cr_assert_not_null(vet("::ffff:10.0.0.1", false), "an IPv4 address inside IPv6 is that address");
}
