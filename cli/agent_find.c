/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From names of programs to files, folders and links: PATH, links, interpreter lines, layouts. Programs are a list that grows
 * while it is worked off: each that a file's first line names is added, so that chains are bounded and cycles end.
 */
#include "cli/agent_find.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "sandbox/plan.h"

#include <stdlib.h>
#include <string.h>

#define PROGRAMS_MAX 16

void agent_programs_release(struct agent_programs *find)
{
        for (size_t i = 0; i < find->programs.len; i++) {
                free(find->programs.items[i].name);
                free(find->programs.items[i].found);
                free(find->programs.items[i].file);
                free(find->programs.items[i].of);
                free(find->programs.items[i].interpreter);
        }
        free(find->programs.items);
        strv_release(&find->read);
        pairs_release(&find->links);
        strv_release(&find->missing);
        *find = (struct agent_programs){0};
}

const struct agent_program *agent_programs_get(const struct agent_programs *find, const char *name)
{
        for (size_t i = 0; i < find->programs.len; i++)
                if (strcmp(find->programs.items[i].name, name) == 0)
                        return &find->programs.items[i];
        return NULL;
}

static bool is_in_any(const char *path, const struct strv *folders)
{
        for (size_t i = 0; folders && i < folders->len; i++)
                if (path_is_in(path, folders->items[i]))
                        return true;
        return false;
}

/* Inside, a shown folder's bin is on the PATH too, and a shown folder that is one (sandbox/leader.c). */
static char *look_up_shown(const struct strv *shown, const char *name)
{
        for (size_t i = 0; shown && i < shown->len; i++) {
                _cleanup_free_ char *path = xasprintf("%s:%s/bin", shown->items[i], shown->items[i]);
                char *found = agent_look_up(path, name);

                if (found)
                        return found;
        }
        return NULL;
}

/* ---- What is shown ---- */

static int refuse(const struct agent_place *place, const char *path, struct str *ret_why, struct err *err)
{
        if (agent_layout_is_shared(place, path)) {
                str_puts(ret_why, "other programs keep their files in it too");
                return 1;
        }
        return place->refuse ? place->refuse(place->arg, path, ret_why, err) : 0;
}

/* 1: steps see it, maybe because it is added now; 0: it cannot be shown, `ret_why`. */
static int show(struct agent_programs *find, const struct agent_place *place, const char *path, struct str *ret_why,
                struct err *err)
{
        int refused;

        if (sandbox_is_system(path) || is_in_any(path, place->shown) || is_in_any(path, &find->read))
                return 1;
        refused = refuse(place, path, ret_why, err);
        if (refused != 0)
                return refused < 0 ? -1 : 0;
        strv_add(&find->read, path);
        return 1;
}

/* The file, with the folder that it needs where that can be shown: else it alone may still do. */
static int show_file(struct agent_programs *find, const struct agent_place *place, const struct agent_program *program,
                     const char *interpreter, struct err *err)
{
        _cleanup_strv_ struct strv wanted = {0};
        _cleanup_str_ struct str why = {0};
        int shown;

        if (sandbox_is_system(program->file) && sandbox_is_system(program->found))
                return 0;
        agent_layout(place, program->file, program->found, interpreter, &wanted);
        for (size_t i = 0; i < wanted.len; i++)
                if (show(find, place, wanted.items[i], &why, err) < 0)
                        return -1;
        str_clear(&why);
        shown = show(find, place, program->file, &why, err);
        if (shown == 0)
                strv_add_printf(&find->missing, "%s is %s, which cannot be shown in the sandbox: %s", program->name,
                                program->file, str_text(&why));
        return shown < 0 ? -1 : 0;
}

/* A name that is used inside as it is spelled: the links in it are seen there too. */
static int show_named(struct agent_programs *find, const struct agent_place *place, const struct agent_program *program,
                      struct err *err)
{
        _cleanup_strv_ struct strv links = {0};

        if (agent_walk_links(program->found, &links) < 0)
                return err_set(err, ERR_INPUT, "%s: too many links", program->found);
        for (size_t i = 0; i < links.len; i++) {
                _cleanup_free_ char *folder = agent_folder_of(links.items[i]);
                _cleanup_str_ struct str why = {0};
                int shown = sandbox_is_system(links.items[i]) ? 1 : show(find, place, folder, &why, err);

                if (shown < 0)
                        return -1;
                if (!shown)
                        strv_add_printf(&find->missing,
                                        "%s names its interpreter %s through the link %s, which cannot be shown in the "
                                        "sandbox: %s; install it where no link leads",
                                        program->of, program->found, links.items[i], str_text(&why));
        }
        return 0;
}

/* ---- Programs ---- */

static struct agent_program *add_program(struct agent_programs *find, const char *name, const char *of)
{
        if (agent_programs_get(find, name) || find->programs.len == PROGRAMS_MAX)
                return NULL;
        find->programs.items = xrealloc(find->programs.items, (find->programs.len + 1) * sizeof(struct agent_program));
        find->programs.items[find->programs.len] = (struct agent_program){.name = xstrdup(name), .of = xstrdup(of)};
        return &find->programs.items[find->programs.len++];
}

static void say_absent(struct agent_programs *find, const struct agent_place *place,
                       const struct agent_program *program)
{
        _cleanup_str_ struct str text = {0};
        bool absolute = program->name[0] == '/', first = program == find->programs.items;

        if (program->of)
                str_printf(&text, "%s needs %s, which is not ", program->of, program->name);
        else
                str_printf(&text, "the command %s is not ", program->name);
        str_puts(&text, absolute ? "there" : "on your PATH");
        if (!absolute)
                str_printf(&text, " (%s)", place->path);
        if (!absolute && place->passed_over)
                str_puts(&text, " outside of the repository, whose own programs are not taken");
        str_printf(&text, "; install it%s%s", first && place->install ? ": " : " and run again",
                   first && place->install ? place->install : "");
        strv_add(&find->missing, str_text(&text));
}

static void say_led(struct agent_programs *find, struct agent_program *program)
{
        strv_add_printf(&find->missing,
                        "%s is %s, which leads to %s through a link in the repository; what the repository chooses of "
                        "this machine is not shown: name the program's own path",
                        program->name, program->found, program->file);
        free(program->file);
        program->file = NULL;
}

static void say_shim(struct agent_programs *find, const struct agent_program *program)
{
        _cleanup_free_ char *folder = agent_folder_of(program->found), *manager = agent_folder_of(folder);

        strv_add_printf(
                &find->missing,
                "%s is %s, which only asks a version manager for the program, and that has none in the sandbox; "
                "name the program's own path in the agent's command or programs, or show the manager's folder: "
                "sandbox: {read: [%s]}",
                program->name, program->found, manager);
}

/* A link in /cupel/bin, unless the system's own PATH leads to the same file. */
static void add_link(struct agent_programs *find, const struct agent_place *place, const struct agent_program *program)
{
        _cleanup_free_ char *usual = NULL, *usual_file = NULL;
        bool seen = is_in_any(program->found, &find->read) || is_in_any(program->found, place->shown);

        if (strchr(program->name, '/') || strcmp(program->name, "cupel") == 0)
                return;
        usual = agent_look_up(SANDBOX_SYSTEM_PATH, program->name);
        usual_file = usual ? realpath(usual, NULL) : NULL;
        if (!usual_file || strcmp(usual_file, program->file) != 0)
                pairs_set(&find->links, program->name, seen ? program->found : program->file);
}

char *agent_locate(const struct agent_place *place, const char *name)
{
        char *found;

        if (name[0] == '/')
                return agent_is_program(name) ? xstrdup(name) : NULL;
        found = agent_look_up(place->path, name);
        if (!found)
                found = look_up_shown(place->shown, name);
        return found ? found : agent_look_up(SANDBOX_SYSTEM_PATH, name);
}

/* Shell scripts look for their files beside their own name; a path that steps do not see leads nowhere. */
static bool wants_own_path(const struct agent_programs *find, const struct agent_place *place,
                           const struct agent_program *program)
{
        bool seen = sandbox_is_system(program->found) || is_in_any(program->found, &find->read) ||
                    is_in_any(program->found, place->shown);

        if (program->name[0] == '/')
                return !seen && !program->of;
        return program->interpreter && agent_is_shell(program->interpreter) && !sandbox_is_system(program->file);
}

/* None in another; those that turned out to lie in a later one go. */
static void tidy(struct strv *read)
{
        _cleanup_strv_ struct strv kept = {0};

        strv_sort_unique(read);
        for (size_t i = 0; i < read->len; i++) {
                bool within = false;

                for (size_t j = 0; j < read->len; j++)
                        within |= i != j && path_is_in(read->items[i], read->items[j]);
                if (!within)
                        strv_add(&kept, read->items[i]);
        }
        strv_release(read);
        *read = kept;
        kept = (struct strv){0};
}

/* Once everything that is shown is known. */
static void settle(struct agent_programs *find, const struct agent_place *place)
{
        tidy(&find->read);
        for (size_t i = 0; i < find->programs.len; i++) {
                struct agent_program *program = &find->programs.items[i];

                if (!program->file)
                        continue;
                program->by_file = wants_own_path(find, place, program);
                add_link(find, place, program);
        }
}

static int take_file(struct agent_programs *find, const struct agent_place *place, struct agent_program *program,
                     struct err *err)
{
        char *interpreter = program->interpreter = agent_read_interpreter(program->file);
        _cleanup_free_ char *loader = NULL;
        _cleanup_strv_ struct strv ignored = {0};

        if (show_file(find, place, program, interpreter ? agent_base_name(interpreter) : "", err) < 0)
                return -1;
        if (program->name[0] == '/' && program->of && show_named(find, place, program, err) < 0)
                return -1;
        if (!sandbox_is_system(program->file))
                agent_elf(program->file, &ignored, &loader);
        if (loader)
                strv_add_printf(&find->missing, "%s (%s) is made for another system: its loader %s is not there",
                                program->name, program->file, loader);
        if (interpreter) {
                _cleanup_free_ char *of = xstrdup(program->name);

                add_program(find, interpreter, of); /* `program` may have moved */
        }
        return 0;
}

static int take_program(struct agent_programs *find, const struct agent_place *place, size_t index, struct err *err)
{
        struct agent_program *program = &find->programs.items[index];

        program->found = agent_locate(place, program->name);
        program->file = program->found ? realpath(program->found, NULL) : NULL;
        if (!program->file)
                say_absent(find, place, program);
        else if (agent_leads_through(program->found, place->repository))
                say_led(find, program);
        else if (agent_is_shim(program->found) && !is_in_any(program->found, place->shown))
                say_shim(find, program);
        else
                return take_file(find, place, program, err);
        return 0;
}

int agent_programs_find(struct agent_programs *find, const struct agent_place *wanted, const struct strv *names,
                        struct err *err)
{
        _cleanup_free_ char *path = agent_path_outside(wanted->path, wanted->repository);
        struct agent_place outside = *wanted, *place = &outside;

        outside.path = path;
        outside.passed_over = strcmp(path, wanted->path) != 0;
        for (size_t i = 0; i < names->len; i++) {
                const char *name = names->items[i];

                /* a relative path lies in the worktree; cupel itself is inside */
                if (name[0] && (name[0] == '/' || !strchr(name, '/')) && strcmp(name, "cupel") != 0)
                        add_program(find, name, NULL);
        }
        for (size_t i = 0; i < find->programs.len; i++)
                if (take_program(find, place, i, err) < 0)
                        return -1;
        settle(find, place);
        return 0;
}
