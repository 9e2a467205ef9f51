/* SPDX-License-Identifier: Apache-2.0 */
/* Refused credentials: remembered by upstream and value, never with the value; forgotten one by one. */
#include "cli/refused.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char state[] = "/tmp/cupel-refused-XXXXXX";
static struct pair headers[] = {{"x-api-key", "env REFUSED_KEY"}, {"authorization", "Bearer env REFUSED_TOKEN"}};
static struct route route = {.name = "api", .upstream = "https://api.example", .header = {headers, 1}};
static struct refusal refusal = {.agent = "claude-code",
                                 .route = "api",
                                 .upstream = "https://api.example",
                                 .variable = "REFUSED_KEY",
                                 .time = "2026-01-02T03:04:05.678Z",
                                 .run = "x__1",
                                 .status = 401};

static void setup(void)
{
        cr_assert(mkdtemp(state));
        setenv("REFUSED_KEY", "sk-one-123456", 1);
        setenv("REFUSED_TOKEN", "token-1", 1);
}

static void teardown(void)
{
        struct err err = ERR_INIT;

        fs_remove_tree_at(AT_FDCWD, state, &err);
}

TestSuite(refused, .init = setup, .fini = teardown, .timeout = 30);

static void remember(void)
{
        struct err err = ERR_INIT;
        char id[HASH_HEX];

        refused_id(state, &route, id);
        cr_assert(refused_remember(state, id, &refusal, &err) == 0, "%s", err.message);
}

static int find(const struct route *which, struct refusal *ret)
{
        char id[HASH_HEX];

        refused_id(state, which, id);
        return refused_find(state, id, ret);
}

static bool is_known(void)
{
        _cleanup_refusal_ struct refusal found = {0};

        return find(&route, &found) == 1;
}

Test(refused, the_same_value_is_known_and_another_is_not)
{
        _cleanup_refusal_ struct refusal found = {0};
        char id[HASH_HEX];

        cr_assert(!is_known());
        remember();
        cr_assert_eq(find(&route, &found), 1);
        cr_assert_str_eq(found.agent, "claude-code");
        cr_assert_str_eq(found.variable, "REFUSED_KEY");
        cr_assert_str_eq(found.time, "2026-01-02T03:04:05.678Z");
        cr_assert_eq(found.status, 401);
        setenv("REFUSED_KEY", "sk-two-123456", 1);
        cr_assert(!is_known());
        setenv("REFUSED_KEY", "sk-one-123456", 1);
        cr_assert(is_known());
        refused_id(state, &route, id);
        refused_clear(state, id);
        cr_assert(!is_known());
}

Test(refused, a_403_may_have_been_about_the_request_and_is_forgotten_after_an_hour)
{
        struct timespec times[2] = {{.tv_sec = time(NULL) - 2 * REFUSED_FORBIDDEN_S}, {.tv_nsec = UTIME_OMIT}};
        _cleanup_free_ char *path = NULL;
        char id[HASH_HEX];

        times[1] = times[0];
        refused_id(state, &route, id);
        path = xasprintf("%s/refused/%s", state, id);
        remember();
        cr_assert_eq(utimensat(AT_FDCWD, path, times, 0), 0);
        cr_assert(is_known(), "a 401 stays");
        refusal.status = 403;
        remember();
        cr_assert(is_known());
        cr_assert_eq(utimensat(AT_FDCWD, path, times, 0), 0);
        cr_assert(!is_known());
}

Test(refused, another_upstream_or_another_header_is_another_credential)
{
        struct route other = route;
        _cleanup_refusal_ struct refusal found = {0};

        remember();
        other.upstream = "https://eu.api.example";
        cr_assert_eq(find(&other, &found), 0);
        other = route;
        other.header.len = 2;
        cr_assert_eq(find(&other, &found), 0);
        other.name = "renamed";
        other.header.len = 1;
        cr_assert_eq(find(&other, &found), 1);
}

struct seen {
        size_t files, damaged;
        char file[256];
};

static int see(void *arg, const char *file, const struct refusal *one, time_t written, struct err *err)
{
        struct seen *seen = arg;

        (void)err;
        cr_assert(written > 0);
        seen->files++;
        seen->damaged += !one->agent[0];
        snprintf(seen->file, sizeof(seen->file), "%s", file);
        return 0;
}

Test(refused, the_value_is_in_no_file_and_others_may_not_read)
{
        _cleanup_str_ struct str text = {0};
        struct err err = ERR_INIT;
        struct seen seen = {0};
        char path[512];
        struct stat st;

        remember();
        remember();
        cr_assert(refused_each(state, see, &seen, &err) == 0);
        cr_assert_eq(seen.files, 1);
        snprintf(path, sizeof(path), "%s/refused/%s", state, seen.file);
        cr_assert(stat(path, &st) == 0);
        cr_assert_eq(st.st_mode & 07777, 0600);
        cr_assert(fs_read_at(AT_FDCWD, path, 65536, &text, &err) == 0);
        cr_assert(!strstr(str_text(&text), "sk-one"), "%s", str_text(&text));
        cr_assert(!strstr(seen.file, "sk-one"));
        cr_assert(refused_remove(state, seen.file, &err) == 0);
        cr_assert(!is_known());
        cr_assert(refused_remove(state, seen.file, &err) == 0, "twice");
}

Test(refused, what_is_damaged_counts_as_none_and_is_still_listed)
{
        static const char *const bad[] = {"", "{", "[]", "{\"version\":1}", "\xff"};
        struct err err = ERR_INIT;
        struct seen seen = {0};
        char path[512];

        remember();
        refused_each(state, see, &seen, &err);
        snprintf(path, sizeof(path), "%s/refused/%s", state, seen.file);
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                cr_assert(fs_write_at(AT_FDCWD, path, bad[i], strlen(bad[i]), 0600, &err) == 0);
                cr_assert(!is_known(), "%zu", i);
                seen = (struct seen){0};
                cr_assert(refused_each(state, see, &seen, &err) == 0);
                cr_assert_eq(seen.damaged, 1);
        }
        remember();
        cr_assert(is_known(), "it is written anew");
}

Test(refused, a_link_in_its_place_is_not_followed)
{
        struct err err = ERR_INIT;
        struct seen seen = {0};
        char path[512], other[512];

        remember();
        refused_each(state, see, &seen, &err);
        snprintf(path, sizeof(path), "%s/refused/%s", state, seen.file);
        snprintf(other, sizeof(other), "%s/other", state);
        cr_assert(rename(path, other) == 0 && symlink(other, path) == 0);
        cr_assert(!is_known());
}

Test(refused, a_route_without_a_credential_is_never_remembered)
{
        struct route open = {.name = "local", .upstream = "http://127.0.0.1:11434"};
        _cleanup_free_ char *variables = route_variables(&open);
        _cleanup_refusal_ struct refusal found = {0};
        struct err err = ERR_INIT;
        struct seen seen = {0};

        char id[HASH_HEX];

        refused_id(state, &open, id);
        cr_assert_str_eq(id, "");
        cr_assert_str_eq(variables, "");
        cr_assert(refused_remember(state, "", &refusal, &err) == 0);
        cr_assert_eq(find(&open, &found), 0);
        cr_assert(refused_each(state, see, &seen, &err) == 0);
        cr_assert_eq(seen.files, 0);
}
