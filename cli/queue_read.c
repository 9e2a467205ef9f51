/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work items for the queue, from files, folders (their *.yaml, *.yml and *.json, sorted), standard input, lists of one JSON item per
 * line (*.jsonl, or --lines), or options alone. Each is taken apart at once, so that a fault is told with file, line and column
 * before anything is queued.
 */
#include "cli/queue_cli.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/fs_list.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIST_BYTES_MAX ((size_t)256 << 20)
#define PADDED_LINES 20000 /* up to here an error in a list of items has its line from the parser itself */

void queue_sources_release(struct queue_sources *sources)
{
        for (size_t i = 0; i < sources->len; i++) {
                free(sources->items[i].name);
                str_release(&sources->items[i].bytes);
                work_item_release(&sources->items[i].item);
        }
        free(sources->items);
        *sources = (struct queue_sources){0};
}

static struct queue_source *add_source(struct queue_sources *sources, const char *name)
{
        struct queue_source *source;

        sources->items = xgrow(sources->items, sources->len, sizeof(*sources->items));
        source = &sources->items[sources->len++];
        *source = (struct queue_source){.name = xstrdup(name)};
        work_item_init(&source->item);
        return source;
}

/* What is kept: the file's own bytes where no option changed the item, else its canonical form. */
static int finish(struct queue_source *source, const struct queue_options *options, struct err *err)
{
        struct work_item *item = &source->item;
        const int applied = work_item_apply(item, &options->item_options, err);
        const size_t before = item->depends.len;

        if (applied < 0)
                return err_wrap(err, "%s", source->name);
        for (size_t i = 0; i < options->depends.len; i++)
                if (!strv_has(&item->depends, options->depends.items[i]))
                        strv_add(&item->depends, options->depends.items[i]);
        if (work_item_check(item, err) < 0)
                return err_wrap(err, "%s", source->name);
        if (!applied && item->depends.len == before && source->bytes.len)
                return 0;
        {
                _cleanup_free_ char *canonical = work_item_canonical(item);

                str_clear(&source->bytes);
                str_puts(&source->bytes, canonical);
        }
        return 0;
}

static int take(struct queue_sources *sources, const char *name, const char *bytes, size_t len,
                const struct queue_options *options, struct err *err)
{
        struct queue_source *source = add_source(sources, name);

        str_append(&source->bytes, bytes, len);
        if (work_item_parse(bytes, len, name, &source->item, err) < 0)
                return -1;
        return finish(source, options, err);
}

/* The parser counts lines: those before are blank to it. What is kept is the line alone. */
static int take_line(struct queue_sources *sources, const char *name, size_t number, const char *line, size_t len,
                     const struct queue_options *options, struct err *err)
{
        _cleanup_free_ char *numbered = xasprintf("%s:%zu", name, number);
        _cleanup_str_ struct str padded = {0};
        struct queue_source *source;

        if (number > PADDED_LINES)
                return take(sources, numbered, line, len, options, err);
        source = add_source(sources, numbered);
        str_append(&source->bytes, line, len);
        for (size_t i = 1; i < number; i++)
                str_putc(&padded, '\n');
        str_append(&padded, line, len);
        if (work_item_parse(padded.data, padded.len, name, &source->item, err) < 0)
                return -1;
        return finish(source, options, err);
}

static int take_lines(struct queue_sources *sources, const char *name, const struct str *list,
                      const struct queue_options *options, struct err *err)
{
        const char *at = list->data, *end = list->data + list->len;

        for (size_t number = 1; at < end; number++) {
                const char *stop = memchr(at, '\n', (size_t)(end - at));
                const size_t len = (size_t)((stop ? stop : end) - at);

                if (strspn(at, " \t\r") < len && take_line(sources, name, number, at, len, options, err) < 0)
                        return -1;
                at += len + 1;
        }
        return 0;
}

static bool ends_with(const char *text, const char *end)
{
        const size_t len = strlen(text), most = strlen(end);

        return len > most && strcmp(text + len - most, end) == 0;
}

static int input_errno(struct err *err, const char *name)
{
        err_errno(err, "work item %s", name);
        err->code = ERR_INPUT;
        return -1;
}

static int read_stream(struct queue_sources *sources, int fd, const char *name, const struct queue_options *options,
                       struct err *err)
{
        const bool lines = options->lines || ends_with(name, ".jsonl");
        _cleanup_str_ struct str bytes = {0};

        if (fs_read_fd(fd, lines ? LIST_BYTES_MAX : WORK_ITEM_BYTES_MAX, &bytes, err) < 0) {
                err->code = ERR_INPUT;
                return err_wrap(err, "work item %s", name);
        }
        return lines ? take_lines(sources, name, &bytes, options, err)
                     : take(sources, name, bytes.data, bytes.len, options, err);
}

static int read_file(struct queue_sources *sources, const char *name, const struct queue_options *options,
                     struct err *err)
{
        _cleanup_fd_ int fd = fs_open_named(name, err);

        if (fd >= 0)
                return read_stream(sources, fd, name, options, err);
        err->code = ERR_INPUT;
        return err_wrap(err, "work item %s", name);
}

static int read_folder(struct queue_sources *sources, const char *name, const struct queue_options *options,
                       struct err *err)
{
        _cleanup_strv_ struct strv files = {0};
        _cleanup_dir_ DIR *folder = fs_list(open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        const struct dirent *entry;

        while ((entry = fs_list_next(folder)))
                if (entry->d_name[0] != '.' && (ends_with(entry->d_name, ".yaml") || ends_with(entry->d_name, ".yml") ||
                                                ends_with(entry->d_name, ".json")))
                        strv_add_printf(&files, "%s%s%s", name, ends_with(name, "/") ? "" : "/", entry->d_name);
        if (!folder || errno)
                return input_errno(err, name);
        strv_sort_unique(&files);
        if (!files.len)
                return err_set(err, ERR_INPUT, "folder %s: no work item (*.yaml, *.yml, *.json) is in it", name);
        for (size_t i = 0; i < files.len; i++)
                if (read_file(sources, files.items[i], options, err) < 0)
                        return -1;
        return 0;
}

static int read_named(struct queue_sources *sources, const char *name, const struct queue_options *options,
                      struct err *err)
{
        if (strcmp(name, "-") == 0)
                return read_stream(sources, STDIN_FILENO, "standard input", options, err);
        return fs_is_folder(name) ? read_folder(sources, name, options, err) : read_file(sources, name, options, err);
}

/* As `cupel run` without a file. */
static int from_options(struct queue_sources *sources, const struct queue_options *options, struct err *err)
{
        if (!options->item_options.title && !options->item_options.command_len)
                return err_set(err, ERR_INPUT,
                               "nothing to add: name files or a folder with work items, - for standard input, or give "
                               "--title");
        return finish(add_source(sources, "command line"), options, err);
}

int queue_read_sources(const struct queue_options *options, struct queue_sources *ret, struct err *err)
{
        if (options->rest.len < 2)
                return from_options(ret, options, err);
        if (options->item_options.title)
                return err_set(err, ERR_INPUT, "--title is for an item without a file");
        for (size_t i = 1; i < options->rest.len; i++)
                if (read_named(ret, options->rest.items[i], options, err) < 0)
                        return -1;
        return ret->len ? 0 : err_set(err, ERR_INPUT, "%s holds no work item", options->rest.items[1]);
}
