/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/packet/amendment.h"

#include "lib/base/json.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/cupel-amend-XXXXXX";
static int packet = -1;

static struct json_t *report(void)
{
        return json_pack("{s:s, s:{s:{s:s}}, s:{s:f}, s:{s:[{s:s, s:s}]}}", "title", "old title", "publication",
                         "places", "website", "never", "accounting", "actual_usd", 0.5, "artifacts", "items", "path",
                         "out/a", "status", "held");
}

static void setup(void)
{
        cr_assert_not_null(mkdtemp(folder));
        packet = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void teardown(void)
{
        unlinkat(packet, AMENDMENTS_FILE, 0);
        close(packet);
        rmdir(folder);
}

TestSuite(amendment, .init = setup, .fini = teardown);

/* Appends as the log would. */
static void append(const char *data)
{
        const int fd = openat(packet, AMENDMENTS_FILE, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

        dprintf(fd, "{\"type\":\"dev.cupel.amendment\",\"time\":\"t\",\"data\":%s}\n", data);
        close(fd);
}

static int amend(const char *field, const char *artifact, const char *value, struct json_t **ret)
{
        _cleanup_json_ struct json_t *told = report();
        struct packet_amend what = {.field = field, .artifact = artifact, .value = value, .reason = "why"};
        struct err err = ERR_INIT;

        return packet_amend_check(packet, told, &what, ret, &err);
}

Test(amendment, tells_what_was_there)
{
        struct json_t *data = NULL;

        cr_assert_eq(amend("title", NULL, "new", &data), 0);
        cr_assert_str_eq(json_text_of(data, "old"), "old title");
        cr_assert_str_eq(json_text_of(data, "new"), "new");
        json_decref(data);
        append("{\"field\":\"title\",\"old\":\"old title\",\"new\":\"new\",\"reason\":\"r\"}");
        cr_assert_eq(amend("title", NULL, "newest", &data), 0);
        cr_assert_str_eq(json_text_of(data, "old"), "new", "the latest amendment, not the report");
        json_decref(data);
        cr_assert_eq(amend("note", NULL, "a note", &data), 0);
        cr_assert(json_is_null(json_object_get(data, "old")));
        json_decref(data);
        cr_assert_eq(amend(NULL, "out/a", "rejected", &data), 0);
        cr_assert_str_eq(json_text_of(data, "old"), "held");
        cr_assert_str_eq(json_text_of(data, "artifact"), "out/a");
        json_decref(data);
}

Test(amendment, takes_only_what_the_table_has)
{
        static const struct {
                const char *field, *artifact, *value;
        } bad[] = {{"outcome", NULL, "committed"},
                   {"commit", NULL, "x"},
                   {"title", NULL, ""},
                   {"publication.website", NULL, "maybe"},
                   {"accounting.actual_usd", NULL, "-1"},
                   {"accounting.actual_usd", NULL, "nan"},
                   {"accounting.actual_usd", NULL, "1e999"},
                   {"accounting.actual_usd", NULL, "1 dollar"},
                   {AMEND_ARTIFACT, NULL, "held"},
                   {NULL, "out/none", "held"},
                   {NULL, "out/a", "gone"}};

        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                struct json_t *data = NULL;

                cr_expect_eq(amend(bad[i].field, bad[i].artifact, bad[i].value, &data), -1, "row %zu", i);
                cr_expect_null(data);
        }
}

static size_t faults(void)
{
        _cleanup_json_ struct json_t *told = report();
        struct strv list = {0};
        size_t len;

        packet_amendments_check(packet, told, &list);
        len = list.len;
        strv_release(&list);
        return len;
}

Test(amendment, a_list_must_be_one_that_could_have_grown_so)
{
        cr_assert_eq(faults(), 0, "none at all");
        append("{\"field\":\"title\",\"old\":\"old title\",\"new\":\"b\",\"reason\":\"r\"}");
        append("{\"field\":\"accounting.actual_usd\",\"old\":0.5,\"new\":2.0,\"reason\":\"r\"}");
        append("{\"field\":\"title\",\"old\":\"b\",\"new\":\"c\",\"reason\":\"r\"}");
        cr_assert_eq(faults(), 0);
        append("{\"field\":\"title\",\"old\":\"b\",\"new\":\"d\",\"reason\":\"r\"}");
        cr_assert_eq(faults(), 1, "one in between is gone");
        append("{\"field\":\"outcome\",\"old\":\"held\",\"new\":\"committed\",\"reason\":\"r\"}");
        cr_assert_eq(faults(), 2, "a field that nobody may amend");
        append("{\"field\":\"title\",\"old\":\"d\",\"new\":\"e\",\"reason\":\"\"}");
        cr_assert_eq(faults(), 3, "without a reason");
        append("garbage");
        cr_assert_eq(faults(), 4);
}
