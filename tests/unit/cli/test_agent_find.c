/* SPDX-License-Identifier: Apache-2.0 */
/* Where an agent's programs lie and what is shown of it: layouts of package managers, made by hand in a temporary home. */
#include "cli/agent_find.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"

#include <criterion/criterion.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char home[64], path[1024];
static struct strv shown;
static struct agent_programs find;
static struct err err;
static char *repository; /* NULL: none */

static void setup(void)
{
        strcpy(home, "/tmp/cupel-find-XXXXXX");
        cr_assert(mkdtemp(home));
        snprintf(path, sizeof(path), "%s/bin", home);
        shown = (struct strv){0};
        find = (struct agent_programs){0};
        err = ERR_INIT;
        repository = NULL;
}

static void teardown(void)
{
        agent_programs_release(&find);
        strv_release(&shown);
        fs_remove_tree_at(AT_FDCWD, home, &err);
}

TestSuite(agent_find, .init = setup, .fini = teardown, .timeout = 60);

static char *at(const char *name)
{
        return xasprintf("%s/%s", home, name);
}

static void make_parent(const char *file)
{
        _cleanup_free_ char *folder = agent_folder_of(file);

        cr_assert(fs_mkdir_p(folder, 0755, &err) == 0, "%s", err.message);
}

static void put(const char *name, const char *text)
{
        _cleanup_free_ char *file = at(name);

        make_parent(file);
        cr_assert(fs_write_at(AT_FDCWD, file, text, strlen(text), 0755, &err) == 0, "%s", err.message);
}

static void put_script(const char *name, const char *interpreter)
{
        _cleanup_free_ char *text = xasprintf("#!%s\n", interpreter);

        put(name, text);
}

static void put_link(const char *name, const char *target)
{
        _cleanup_free_ char *file = at(name);

        make_parent(file);
        cr_assert(symlink(target, file) == 0);
}

static void look(const char *name)
{
        struct agent_place place = {
                .path = path, .home = home, .repository = repository, .shown = &shown, .install = "npm install it"};
        _cleanup_strv_ struct strv names = {0};

        strv_add(&names, name);
        agent_programs_release(&find);
        cr_assert(agent_programs_find(&find, &place, &names, &err) == 0, "%s", err.message);
}

/* What is shown, below the home, separated by blanks. */
static void shows(const char *expected)
{
        _cleanup_str_ struct str text = {0};

        for (size_t i = 0; i < find.read.len; i++)
                str_printf(&text, "%s%s", i ? " " : "", find.read.items[i] + strlen(home) + 1);
        cr_expect_str_eq(str_text(&text), expected);
        cr_expect(find.missing.len == 0, "%s", find.missing.len ? find.missing.items[0] : "");
}

static void leads(const char *name, const char *expected)
{
        _cleanup_free_ char *file = expected ? at(expected) : NULL;
        const char *target = pairs_get(&find.links, name);

        cr_expect(file ? target && strcmp(target, file) == 0 : !target, "%s leads to %s", name,
                  target ? target : "nothing");
}

static void lacks(const char *text)
{
        cr_assert(find.missing.len >= 1, "nothing is missing; expected: %s", text);
        cr_expect(strstr(find.missing.items[0], text), "%s: %s", text, find.missing.items[0]);
}

Test(agent_find, a_binary_is_shown_alone)
{
        put("bin/tool", "binary");
        put("bin/other", "binary");
        look("tool");
        shows("bin/tool");
        leads("tool", "bin/tool");
}

Test(agent_find, what_the_system_has_is_not_shown)
{
        snprintf(path, sizeof(path), "/usr/bin:/bin");
        look("env");
        shows("");
        cr_expect(find.links.len == 0);
        cr_expect_str_eq(agent_programs_get(&find, "env")->file, "/usr/bin/env");
}

Test(agent_find, a_system_program_of_another_name_gets_a_link)
{
        put_link("bin/tool", "/usr/bin/env");
        look("tool");
        shows("");
        cr_expect_str_eq(pairs_get(&find.links, "tool"), "/usr/bin/env");
}

Test(agent_find, of_packages_in_each_other_the_outermost_folder_is_shown)
{
        put_script("lib/node_modules/.pnpm/a@1/node_modules/a/cli.js", "/usr/bin/env tool-runner");
        put("bin/tool-runner", "binary");
        put_link("bin/tool", "../lib/node_modules/.pnpm/a@1/node_modules/a/cli.js");
        look("tool");
        shows("bin/tool-runner lib/node_modules");
        leads("tool-runner", "bin/tool-runner");
}

Test(agent_find, a_prefix_of_its_own_is_shown_whole_and_called_by_its_own_name)
{
        put("versions/v22/bin/node", "binary");
        put("versions/v22/lib/node_modules/agent/cli.js", "#!/usr/bin/env node\n");
        put_link("versions/v22/bin/agent", "../lib/node_modules/agent/cli.js");
        snprintf(path, sizeof(path), "%s/versions/v22/bin", home);
        look("agent");
        shows("versions/v22");
        leads("agent", "versions/v22/bin/agent");
        leads("node", "versions/v22/bin/node");
}

Test(agent_find, folders_that_others_share_are_never_shown)
{
        static const char *const shared[] = {"",         ".local", ".config",      ".cache",
                                             "projects", "bin",    ".local/share", ".local/lib"};
        struct agent_place place = {.path = path, .home = home};

        put(".local/bin/tool", "binary");
        put(".local/lib/mine", "x");
        put("lib/mine", "x");
        put("package.json", "{}");
        put("bin/script", "#!/usr/bin/env node\n");
        put("bin/node", "binary");
        snprintf(path, sizeof(path), "%s/.local/bin:%s/bin", home, home);
        look("tool");
        shows(".local/bin/tool");
        look("script");
        shows("bin/node bin/script");
        for (size_t i = 0; i < sizeof(shared) / sizeof(*shared); i++) {
                _cleanup_free_ char *folder = shared[i][0] ? at(shared[i]) : xstrdup(home);

                cr_expect(agent_layout_is_shared(&place, folder), "%s", folder);
        }
        cr_expect(agent_layout_is_shared(&place, "/tmp") && agent_layout_is_shared(&place, "/"));
        cr_expect(!agent_layout_is_shared(&place, "/srv/tools"));
}

Test(agent_find, a_checkout_that_npm_links_to_is_shown_as_it_is)
{
        put("work/tool/package.json", "{}");
        put("work/tool/src/bin/cli.js", "#!/usr/bin/env node\n");
        put("bin/node", "binary");
        put_link("bin/tool", "../work/tool/src/bin/cli.js");
        look("tool");
        shows("bin/node work/tool");
}

Test(agent_find, homebrew_is_shown_as_a_whole)
{
        put("brew/Cellar/tool/1.0/bin/tool", "binary");
        put("brew/lib/libx.so", "x");
        put_link("brew/bin/tool", "../Cellar/tool/1.0/bin/tool");
        snprintf(path, sizeof(path), "%s/brew/bin", home);
        look("tool");
        shows("brew");
        leads("tool", "brew/bin/tool");
}

Test(agent_find, packages_installed_for_the_user_come_along)
{
        put(".local/bin/aider", "#!/usr/bin/env python3\n");
        put(".local/bin/python3", "binary");
        put(".local/lib/python3.12/site-packages/aider/__init__.py", "");
        put(".local/share/keyrings/x", "");
        snprintf(path, sizeof(path), "%s/.local/bin", home);
        look("aider");
        shows(".local/bin/aider .local/bin/python3 .local/lib/python3.12/site-packages");
}

Test(agent_find, an_environment_is_shown_with_what_it_is_based_on)
{
        _cleanup_free_ char *python = at("uv/python/cpython-3.12/bin/python3"), *script = at("venvs/aider/bin/python");
        _cleanup_free_ char *settings = xasprintf("home=%s/uv/python/cpython-3.12/bin\r\n", home);

        put("uv/python/cpython-3.12.9/bin/python3", "binary");
        put("uv/python/cpython-3.12.9/lib/x", "");
        put_link("uv/python/cpython-3.12", "cpython-3.12.9");
        put("venvs/aider/pyvenv.cfg", settings);
        put_link("venvs/aider/bin/python", python);
        put_script("venvs/aider/bin/aider", script);
        put_link("bin/aider", "../venvs/aider/bin/aider");
        look("aider");
        shows("uv/python venvs/aider");
        leads("aider", "venvs/aider/bin/aider");
}

Test(agent_find, an_environment_chooses_no_folder_without_a_python)
{
        _cleanup_free_ char *settings = xasprintf("home = %s/project/bin\n", home);

        put("project/bin/run", "binary");
        put("project/lib/x", "");
        put("venv/pyvenv.cfg", settings);
        put("venv/bin/tool", "binary");
        put_link("bin/tool", "../venv/bin/tool");
        look("tool");
        shows("venv");
}

/* node_modules/.bin and .venv/bin of the repository are on many a PATH. */
Test(agent_find, what_the_repository_holds_is_not_taken)
{
        _cleanup_free_ char *checkout = at("repo"), *rest = xstrdup(path);

        repository = checkout;
        put("project/bin/run", "binary");
        put("project/lib/x", "");
        put_link("repo/node_modules/.bin/tool", "../../../project/bin/run");
        snprintf(path, sizeof(path), "%s/repo/node_modules/.bin:%s", home, rest);
        look("tool");
        lacks("outside of the repository, whose own programs are not taken");
        cr_expect_eq(find.read.len, 0);
        put("bin/tool", "binary");
        look("tool");
        shows("bin/tool");
        unlink(find.read.items[0]);
        put_link("bin/tool", "../repo/node_modules/.bin/tool");
        look("tool");
        lacks("through a link in the repository");
        cr_expect_eq(find.read.len, 0);
        cr_expect_eq(find.links.len, 0);
        put_link("links", "repo/node_modules/.bin");
        snprintf(path, sizeof(path), "%s/links", home);
        look("tool");
        lacks("outside of the repository");
}

/* A Python that is activated: called by the name in the environment, which is how it knows of it. */
Test(agent_find, the_python_of_an_environment_keeps_its_name)
{
        put("venv/pyvenv.cfg", "home = /usr/bin\n");
        put_link("venv/bin/python", "/usr/bin/env");
        snprintf(path, sizeof(path), "%s/venv/bin", home);
        look("python");
        shows("venv");
        leads("python", "venv/bin/python");
}

Test(agent_find, a_shell_script_is_called_where_it_lies)
{
        put("pnpm/tool", "#!/bin/sh\nexec node \"$basedir/global/5/node_modules/tool/cli.js\" \"$@\"\n");
        put("pnpm/global/5/node_modules/tool/cli.js", "x");
        snprintf(path, sizeof(path), "%s/pnpm", home);
        look("tool");
        shows("pnpm/global/5/node_modules pnpm/tool");
        cr_expect(agent_programs_get(&find, "tool")->by_file);
}

Test(agent_find, interpreters_that_name_each_other_come_to_an_end)
{
        put_script("bin/a", "/usr/bin/env b");
        put_script("bin/b", "/usr/bin/env -S a --x");
        look("a");
        shows("bin/a bin/b");
        for (char name[] = "x0"; name[1] < '0' + 40; name[1]++) {
                _cleanup_free_ char *file = xasprintf("bin/%s", name),
                                    *line = xasprintf("/usr/bin/env x%c", name[1] + 1);

                put_script(file, line);
        }
        look("x0");
        cr_expect(find.programs.len <= 16);
}

Test(agent_find, links_in_a_circle_are_not_followed)
{
        put_link("bin/tool", "other");
        put_link("bin/other", "tool");
        look("tool");
        lacks("the command tool is not on your PATH");
}

Test(agent_find, what_is_missing_is_said_with_its_remedy)
{
        look("tool");
        lacks("the command tool is not on your PATH (");
        lacks("npm install it");
        put_script("bin/tool", "/usr/bin/env no-such-node");
        look("tool");
        lacks("tool needs no-such-node, which is not on your PATH");
        put_script("bin/tool", "/no/such/interpreter");
        look("tool");
        lacks("tool needs /no/such/interpreter, which is not there");
}

Test(agent_find, relative_folders_and_programs_of_the_worktree_are_not_looked_up)
{
        snprintf(path, sizeof(path), ":.:bin:");
        put("bin/tool", "binary");
        cr_assert(chdir(home) == 0);
        look("tool");
        lacks("not on your PATH");
        look("./bin/tool");
        shows("");
        cr_expect(find.programs.len == 0);
        cr_assert(chdir("/") == 0);
}

Test(agent_find, a_shim_is_passed_over_and_told_where_there_is_nothing_else)
{
        put_script(".asdf/shims/tool", "/bin/sh");
        put("volta/volta-shim", "binary");
        put_link("volta/tool", "volta-shim");
        snprintf(path, sizeof(path), "%s/.asdf/shims:%s/volta:%s/bin", home, home, home);
        look("tool");
        lacks("only asks a version manager");
        strv_take(&shown, at(".asdf"));
        look("tool");
        shows("");
        put("bin/tool", "binary");
        look("tool");
        shows("bin/tool");
}

Test(agent_find, what_the_policy_shows_is_not_shown_again)
{
        put("tools/bin/tool", "binary");
        put("tools/lib/x", "");
        strv_take(&shown, at("tools"));
        look("tool"); /* not on the PATH, but on the one inside */
        shows("");
        leads("tool", "tools/bin/tool");
}

static void locates(const char *name, const char *expected)
{
        const struct agent_place place = {.path = path, .shown = &shown};
        _cleanup_free_ char *file = expected[0] == '/' ? xstrdup(expected) : at(expected);
        _cleanup_free_ char *found = agent_locate(&place, name);

        cr_expect(*expected ? found && strcmp(found, file) == 0 : !found, "%s is %s", name, found ? found : "nowhere");
}

Test(agent_find, one_look_serves_all_who_ask_where_a_program_is)
{
        _cleanup_free_ char *folder = at("bin/folder");
        struct pairs env = {0};

        put("bin/here", "binary");
        put("tools/bin/shown", "binary");
        strv_take(&shown, at("tools"));
        cr_assert(fs_mkdir_p(folder, 0755, &err) == 0);
        locates("here", "bin/here");
        locates("shown", "tools/bin/shown");
        locates("sh", "/usr/bin/sh"); /* steps find it, whatever the user's PATH says */
        locates("folder", "");
        locates("no-such-program", "");

        setenv("PATH", "", 1);
        cr_expect_str_eq(agent_path_of(&env), "/usr/local/bin:/usr/bin:/bin");
        setenv("PATH", "/of/the/user", 1);
        cr_expect_str_eq(agent_path_of(&env), "/of/the/user");
        pairs_set(&env, "PATH", "/of/the/agent");
        cr_expect_str_eq(agent_path_of(&env), "/of/the/agent");
        pairs_release(&env);
}

static int refuse_all(void *arg, const char *what, struct str *ret_why, struct err *unused)
{
        (void)arg;
        (void)unused;
        str_printf(ret_why, "it would open %s", what);
        return 1;
}

Test(agent_find, what_cannot_be_shown_is_missing)
{
        struct agent_place place = {.path = path, .home = home, .refuse = refuse_all};
        _cleanup_strv_ struct strv names = {0};

        put("bin/tool", "binary");
        strv_add(&names, "tool");
        cr_assert(agent_programs_find(&find, &place, &names, &err) == 0);
        lacks("cannot be shown in the sandbox: it would open ");
        cr_expect(find.read.len == 0);
}

Test(agent_find, a_program_that_is_named_by_a_path_behind_a_link_is_called_by_its_file)
{
        _cleanup_free_ char *link = at("bin/tool"), *file = at("apps/tool-1.0");

        put("apps/tool-1.0", "binary");
        put_link("bin/tool", "../apps/tool-1.0");
        look(link);
        shows("apps/tool-1.0");
        cr_expect(agent_programs_get(&find, link)->by_file);
        cr_expect_str_eq(agent_programs_get(&find, link)->file, file);
}

/* ---- ELF files ---- */

struct small_elf {
        Elf64_Ehdr header;
        Elf64_Phdr segments[3];
        Elf64_Dyn dynamic[4];
        char strings[64], loader[32];
};

static void make_elf(struct small_elf *elf)
{
        const uint16_t one = 1;

        *elf = (struct small_elf){.header = {.e_phoff = offsetof(struct small_elf, segments),
                                             .e_phentsize = sizeof(Elf64_Phdr),
                                             .e_phnum = 3}};
        memcpy(elf->header.e_ident, ELFMAG, SELFMAG);
        elf->header.e_ident[EI_CLASS] = ELFCLASS64;
        elf->header.e_ident[EI_DATA] = *(const unsigned char *)&one ? ELFDATA2LSB : ELFDATA2MSB;
        elf->segments[0] = (Elf64_Phdr){.p_type = PT_LOAD, .p_vaddr = 0x1000, .p_filesz = sizeof(*elf)};
        elf->segments[1] = (Elf64_Phdr){.p_type = PT_DYNAMIC,
                                        .p_offset = offsetof(struct small_elf, dynamic),
                                        .p_filesz = sizeof(elf->dynamic)};
        elf->segments[2] = (Elf64_Phdr){.p_type = PT_INTERP, .p_offset = offsetof(struct small_elf, loader)};
        elf->dynamic[0] = (Elf64_Dyn){DT_STRTAB, {.d_val = 0x1000 + offsetof(struct small_elf, strings)}};
        elf->dynamic[1] = (Elf64_Dyn){DT_NEEDED, {.d_val = 1}};
        elf->dynamic[2] = (Elf64_Dyn){DT_RUNPATH, {.d_val = 10}};
        strcpy(elf->strings + 1, "libx.so");
        strcpy(elf->strings + 10, "/none:$ORIGIN/parts:$ORIGIN/others");
        strcpy(elf->loader, "/no/such/loader.so");
}

static void put_elf(const struct small_elf *elf, size_t len)
{
        _cleanup_free_ char *file = at("tool/run");

        make_parent(file);
        cr_assert(fs_write_at(AT_FDCWD, file, elf, len, 0755, &err) == 0);
}

Test(agent_find, folders_of_a_binarys_own_libraries_and_its_loader)
{
        _cleanup_free_ char *file = at("tool/run"), *parts = at("tool/parts"), *loader = NULL;
        _cleanup_strv_ struct strv folders = {0};
        struct small_elf elf;

        make_elf(&elf);
        put_elf(&elf, sizeof(elf));
        put("tool/parts/libx.so", ELFMAG);
        put("tool/others/liby.so", ELFMAG);
        agent_elf(file, &folders, &loader);
        cr_assert_eq(folders.len, 1);
        cr_expect_str_eq(folders.items[0], parts);
        cr_assert_str_eq(loader, "/no/such/loader.so");
}

/* What is installed names a folder of its user's with a file that is no library, or a path in it. */
Test(agent_find, a_binary_chooses_no_folder_that_has_no_library_of_it)
{
        _cleanup_free_ char *file = at("tool/run"), *loader = NULL;
        _cleanup_strv_ struct strv folders = {0};
        struct small_elf elf;

        make_elf(&elf);
        put_elf(&elf, sizeof(elf));
        put("tool/parts/libx.so", "a secret");
        agent_elf(file, &folders, &loader);
        cr_expect_eq(folders.len, 0);
        free(loader);
        strcpy(elf.strings + 1, "../parts"); /* the folder itself */
        strcpy(elf.strings + 10, "$ORIGIN/others");
        put("tool/others/x", "");
        put_elf(&elf, sizeof(elf));
        agent_elf(file, &folders, &loader);
        cr_expect_eq(folders.len, 0);
}

/* Whatever is in the file: no byte outside of it is read (run under ASan, which sees a mapping's end). */
Test(agent_find, a_broken_binary_is_only_a_file)
{
        _cleanup_free_ char *file = at("tool/run");
        unsigned seed = 7;

        put("tool/parts/libx.so", ELFMAG);
        for (int i = 0; i < 3000; i++) {
                _cleanup_strv_ struct strv folders = {0};
                _cleanup_free_ char *loader = NULL;
                struct small_elf elf;
                size_t len = sizeof(elf);

                make_elf(&elf);
                for (int j = 0; j < 1 + i % 4; j++) {
                        seed = seed * 1103515245 + 12345;
                        ((unsigned char *)&elf)[(seed >> 8) % sizeof(elf)] = (unsigned char)(i % 3 ? seed >> 16 : 0xff);
                }
                if (i % 5 == 0)
                        len = (seed >> 4) % sizeof(elf);
                put_elf(&elf, len);
                agent_elf(file, &folders, &loader);
                cr_assert(folders.len <= 2);
        }
}
