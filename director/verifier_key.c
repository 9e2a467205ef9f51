/* SPDX-License-Identifier: Apache-2.0 */
#include "director/verifier_key.h"

#include "director/director.h"
#include "lib/base/cleanup.h"
#include "lib/base/spawn.h"
#include "lib/base/user.h"
#include "sandbox/furnish.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#define DOMAIN "cupel.verifier.v1"

static void put_text(struct hash *hash, const char *text)
{
        hash_field(hash, text ? text : "", text ? strlen(text) : 0);
}

static void put_number(struct hash *hash, int64_t number)
{
        char text[32];

        snprintf(text, sizeof(text), "%lld", (long long)number);
        put_text(hash, text);
}

static void put_texts(struct hash *hash, const struct strv *list)
{
        put_number(hash, (int64_t)list->len);
        for (size_t i = 0; i < list->len; i++)
                put_text(hash, list->items[i]);
}

/* What replaces a file or changes a folder's list changes these. */
static void put_status(struct hash *hash, const char *path)
{
        struct stat status = {0};

        put_text(hash, path);
        if (stat(path, &status) < 0)
                status = (struct stat){0};
        put_number(hash, (int64_t)status.st_dev);
        put_number(hash, (int64_t)status.st_ino);
        put_number(hash, S_ISDIR(status.st_mode) ? 0 : (int64_t)status.st_size);
        put_number(hash, status.st_mtim.tv_sec);
        put_number(hash, status.st_mtim.tv_nsec);
}

static void put_verifier(struct hash *hash, const struct plan_verifier *verifier)
{
        put_text(hash, verifier->run);
        put_number(hash, verifier->timeout_ms);
        put_text(hash, verifier->junit);
        put_text(hash, verifier->tap);
}

static void put_budget(struct hash *hash, const struct budget *budget)
{
        const int64_t limits[] = {budget->cpu_ms, budget->pids, budget->memory, budget->disk, budget->output};

        for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
                put_number(hash, limits[i]);
}

static void put_shown(struct hash *hash, const struct strv *paths, const char *home)
{
        put_texts(hash, paths);
        for (size_t i = 0; i < paths->len; i++) {
                _cleanup_free_ char *host = user_path(home, paths->items[i]);

                put_status(hash, host);
        }
}

static void put_sandbox(struct hash *hash, const struct director *d)
{
        const struct room *room = &d->room;
        const char *home = furnish_home(getenv("HOME"));

        put_text(hash, sandbox_tier_name(room->tier));
        put_number(hash, (int64_t)room->upper);
        put_text(hash, room->worktree);
        put_number(hash, room->landlock_abi);
        put_number(hash, (int64_t)getuid());
        put_number(hash, (int64_t)getgid());
        put_text(hash, home);
        put_text(hash, repo_path(d->repo));
        put_texts(hash, &d->plan.sandbox.env);
        for (size_t i = 0; i < d->plan.sandbox.env.len; i++)
                put_text(hash, getenv(d->plan.sandbox.env.items[i]));
        put_texts(hash, &d->plan.sandbox.carry);
        put_text(hash, d->carried);
        put_shown(hash, &d->plan.sandbox.read, home);
        put_shown(hash, &d->plan.sandbox.write, home);
}

static void put_tools(struct hash *hash)
{
        static const char *const programs[] = {"cupel-director", "cupel-sandbox"};
        static const char *const system[] = {"/usr",
                                             "/usr/bin",
                                             "/usr/lib",
                                             "/usr/local",
                                             "/usr/local/bin",
                                             "/usr/local/lib",
                                             "/opt",
                                             "/etc",
                                             "/etc/alternatives",
                                             "/etc/ld.so.cache",
                                             "/var/lib/dpkg/status",
                                             "/var/lib/rpm",
                                             "/nix/var/nix/profiles"};
        struct utsname kernel = {0};

        put_text(hash, CUPEL_VERSION);
        for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
                struct err ignored = ERR_INIT;
                _cleanup_free_ char *path = sibling_path(programs[i], &ignored);

                put_status(hash, path ? path : programs[i]);
        }
        uname(&kernel);
        put_text(hash, kernel.release);
        put_text(hash, kernel.machine);
        for (size_t i = 0; i < sizeof(system) / sizeof(system[0]); i++)
                put_status(hash, system[i]);
}

void verifier_key(const struct director *d, const struct plan_verifier *verifier, char ret_hex[HASH_HEX])
{
        struct hash hash;

        hash_init(&hash);
        put_text(&hash, DOMAIN);
        put_verifier(&hash, verifier);
        put_budget(&hash, &d->plan.budget);
        put_sandbox(&hash, d);
        put_tools(&hash);
        hash_final(&hash, ret_hex);
}

void verifier_context(const struct director *d, char ret_hex[HASH_HEX])
{
        struct hash hash;

        ret_hex[0] = '\0';
        if (d->plan.sandbox.read.len || d->plan.sandbox.write.len)
                return;
        hash_init(&hash);
        put_text(&hash, DOMAIN);
        put_text(&hash, d->plan_id);
        put_text(&hash, d->row.base);
        put_text(&hash, d->parent.tree);
        hash_final(&hash, ret_hex);
}
