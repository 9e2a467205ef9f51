/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/profiles.h"

#include "cli/options.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/nearest.h"
#include "policy/profile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENDING ".yaml"

/* Relative to the executable's folder first, as its sibling programs are found (lib/base/spawn.h). */
static char *find_folder(void)
{
        static const char *const beside[] = {"/agents", "/../share/cupel/agents", "/../../share/cupel/agents"};
        char self[PATH_MAX];
        ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

        if (len > 0) {
                self[len] = '\0';
                *strrchr(self, '/') = '\0';
        }
        for (size_t i = 0; len > 0 && i < sizeof(beside) / sizeof(beside[0]); i++) {
                _cleanup_free_ char *path = xasprintf("%s%s", self, beside[i]);
                char *plain = realpath(path, NULL);

                if (plain)
                        return plain;
        }
        return xstrdup(CUPEL_DATADIR "/agents");
}

int profiles_read(const char *name, struct str *ret_bytes, char **ret_path, struct err *err)
{
        _cleanup_free_ char *folder = NULL, *path = NULL;

        if (check_verifier_name(name)) /* no name of a file of ours */
                return 0;
        folder = find_folder();
        path = xasprintf("%s/%s" ENDING, folder, name);
        if (fs_read_at(AT_FDCWD, path, POLICY_BYTES_MAX, ret_bytes, err) < 0) {
                if (err->errnum != ENOENT && err->errnum != ENOTDIR)
                        return -1;
                *err = ERR_INIT;
                return 0;
        }
        *ret_path = steal_ptr(&path);
        return 1;
}

int profiles_load(const char *name, struct policy *ret, struct err *err)
{
        _cleanup_free_ char *path = NULL;
        _cleanup_str_ struct str bytes = {0};
        int found = profiles_read(name, &bytes, &path, err);

        if (found <= 0)
                return found;
        return profile_parse(str_text(&bytes), bytes.len, path, name, ret, err) < 0 ? -1 : 1;
}

int profiles_load_prices(struct policy *ret, struct err *err)
{
        _cleanup_free_ char *folder = find_folder(), *path = xasprintf("%s/../prices" ENDING, folder);
        _cleanup_str_ struct str bytes = {0};
        _cleanup_policy_ struct policy table;

        policy_init(&table);
        if (fs_read_at(AT_FDCWD, path, POLICY_BYTES_MAX, &bytes, err) < 0) {
                if (err->errnum != ENOENT && err->errnum != ENOTDIR)
                        return -1;
                *err = ERR_INIT;
                return 0;
        }
        if (policy_parse(bytes.data, bytes.len, path, POLICY_FROM_USER, NULL, &table, err) < 0)
                return -1;
        for (size_t i = 0; i < table.prices.len; i++)
                schema_copy(&price_schema, schema_list_add(&price_schema, (struct list *)&ret->prices),
                            &table.prices.items[i]);
        return 1;
}

static void close_folder(DIR **folder)
{
        if (*folder)
                closedir(*folder);
}

int profiles_names(struct strv *ret, struct err *err)
{
        _cleanup_free_ char *path = find_folder();
        __attribute__((cleanup(close_folder))) DIR *folder = opendir(path);

        if (!folder)
                return errno == ENOENT ? 0 : err_errno(err, "open %s", path);
        for (const struct dirent *entry; (entry = readdir(folder));) {
                size_t len = strlen(entry->d_name), ending = strlen(ENDING);

                if (len <= ending || strcmp(entry->d_name + len - ending, ENDING) != 0)
                        continue;
                strv_take(ret, xmemdup(entry->d_name, len - ending));
        }
        strv_sort_unique(ret);
        return 0;
}

int profiles_unknown(const char *name, const struct policy *effective, struct err *err)
{
        _cleanup_strv_ struct strv names = {0};
        _cleanup_str_ struct str known = {0};
        struct err ignored = ERR_INIT;
        const char *near;

        profiles_names(&names, &ignored);
        for (size_t i = 0; i < effective->agents.len; i++)
                strv_add(&names, effective->agents.items[i].name);
        strv_sort_unique(&names);
        for (size_t i = 0; i < names.len; i++)
                if (strcmp(names.items[i], PROFILE_COMMAND) != 0)
                        str_printf(&known, "%s%s", known.len ? ", " : "", names.items[i]);
        strv_take(&names, NULL); /* ends the list for the search */
        near = nearest_word(name, (const char *const *)names.items);
        return err_set(err, ERR_INPUT,
                       "no agent \"%.64s\"; %s%s%sexpected one of %s (`cupel agents` says more), or a "
                       "command after --",
                       name, near ? "did you mean " : "", near ? near : "", near ? "? " : "", str_text(&known));
}
