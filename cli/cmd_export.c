/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cupel export RUN | PACKET: the packet as one file that another machine can read, check and replay. Written beside its name first,
 * so that nobody ever sees half of one. What the packet hides stays hidden: nothing is added but, when asked for, the history of
 * the commit that the run was judged on.
 */
#include "cli/command.h"
#include "cli/context.h"
#include "cli/options.h"
#include "cli/packet.h"
#include "cli/packet_base.h"
#include "cli/run_json.h"
#include "cli/told_later.h"
#include "cli/trace_export.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/hash.h"
#include "lib/base/json.h"
#include "lib/git/bundle.h"
#include "lib/packet/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct export_options {
        const char *file, *format;
        bool with_base, force, json, trace;
};

/* ---- Where it goes ---- */

struct destination {
        char *path, *temporary; /* NULL: standard output */
        int fd;
};

static void destination_release(struct destination *to)
{
        if (to->temporary)
                unlink(to->temporary);
        free(to->temporary);
        free(to->path);
        if (to->fd != STDOUT_FILENO)
                cleanup_fd(&to->fd);
}

#define _cleanup_destination_ __attribute__((cleanup(destination_release)))

static int refuse_existing(const char *path, struct err *err)
{
        return err_set(err, ERR_INPUT, "%s is there already; --force replaces it, -o FILE names another", path);
}

static int open_destination(const struct export_options *options, const char *run, struct destination *ret,
                            struct err *err)
{
        char random[9];
        struct stat st;

        if (options->file ? strcmp(options->file, "-") == 0 : options->trace) {
                ret->fd = STDOUT_FILENO;
                return 0;
        }
        ret->path = options->file ? xstrdup(options->file)
                                  : xasprintf("%s%s", run, options->trace ? ".trace.json" : ARCHIVE_SUFFIX);
        if (lstat(ret->path, &st) == 0 && S_ISDIR(st.st_mode))
                return err_set(err, ERR_INPUT, "%s is a folder; -o wants the name of a file", ret->path);
        if (!options->force && lstat(ret->path, &st) == 0)
                return refuse_existing(ret->path, err);
        if (random_hex(random, 8) < 0)
                return err_errno(err, "getrandom");
        ret->temporary = xasprintf("%s.%s.part", ret->path, random);
        ret->fd = open(ret->temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (ret->fd >= 0)
                return 0;
        err_errno(err, "write %s (-o names another place)", ret->path);
        free(steal_ptr(&ret->temporary));
        return err_place(err);
}

/* Without --force a file that somebody made meanwhile stays. */
static int finish(struct destination *to, bool force, struct err *err)
{
        if (!to->path)
                return 0;
        if (fsync(to->fd) < 0)
                return err_errno(err, "write %s", to->path);
        if (renameat2(AT_FDCWD, to->temporary, AT_FDCWD, to->path, force ? 0 : RENAME_NOREPLACE) < 0)
                return errno == EEXIST ? refuse_existing(to->path, err) : err_errno(err, "write %s", to->path);
        free(steal_ptr(&to->temporary));
        return 0;
}

/* ---- What goes in ---- */

static int expect_whole(const struct packet_ref *ref, struct err *err)
{
        if (faccessat(ref->fd, "evidence/SHA256SUMS", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
                return 0;
        return err_set(err, ERR_INPUT,
                       "the packet of %s is not whole: the run is at work, or was interrupted and any "
                       "command that writes (`cupel run`) finishes it",
                       ref->name);
}

/* An unlinked file: it may be larger than memory. */
static int make_bundle(struct context *context, const struct packet_ref *ref, struct err *err)
{
        _cleanup_json_ json_t *report = packet_report(ref->fd);
        _cleanup_fd_ int fd = -1;
        struct packet_base base;

        if (packet_base_read(report, &base, err) < 0)
                return -1;
        fd = open("/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (fd < 0)
                fd = memfd_create(ARCHIVE_BUNDLE, MFD_CLOEXEC);
        if (fd < 0)
                return err_errno(err, "make a file for the bundle");
        if (bundle_write(context->repo, base.commit, fd, err) < 0)
                return err_wrap(err, "--with-base");
        return steal_fd(&fd);
}

static int put_archive(const struct packet_ref *ref, int bundle, int fd, struct err *err)
{
        const struct archive_extra extra = {.path = ARCHIVE_BUNDLE, .fd = bundle};

        return archive_pack(ref->fd, ref->name, &extra, bundle >= 0 ? 1 : 0, fd, err);
}

static int tell(const struct destination *to, const struct packet_ref *ref, bool json, struct err *err)
{
        _cleanup_json_ json_t *told = NULL;
        char hex[HASH_HEX];
        struct stat st;

        if (!to->path)
                return 0;
        if (!json)
                return printf("%s\n", to->path) < 0 ? err_errno(err, "print") : 0;
        if (lseek(to->fd, 0, SEEK_SET) < 0 || fstat(to->fd, &st) < 0 || hash_fd(to->fd, hex, err) < 0)
                return err_errno(err, "read %s", to->path);
        told = json_pack("{s:s,s:o,s:I,s:s}", "run", ref->name, "file", json_quoted(to->path), "bytes",
                         (json_int_t)st.st_size, "sha256", hex);
        json_print(stdout, told);
        return 0;
}

/* From here on the packet says how much of what was said later it has. One that cannot be written to is exported as it is. */
static void seal_later(struct context *context, const struct packet_ref *ref)
{
        struct err err = ERR_INIT;

        if (ref->stored && told_later_seal(context, ref->name, ref->fd, &err) < 0)
                err_report(stderr, "cupel", &err);
}

static int export(struct context *context, const struct packet_ref *ref, const struct export_options *options,
                  struct err *err)
{
        _cleanup_destination_ struct destination to = {.fd = -1};
        _cleanup_fd_ int bundle = options->with_base ? make_bundle(context, ref, err) : -1;

        if (options->with_base && bundle < 0)
                return -1;
        seal_later(context, ref);
        if (open_destination(options, ref->name, &to, err) < 0 || put_archive(ref, bundle, to.fd, err) < 0 ||
            finish(&to, options->force, err) < 0)
                return -1;
        return tell(&to, ref, options->json, err);
}

/* What a viewer of traces loads, instead of the packet itself. */
static int export_trace(const struct packet_ref *ref, const struct export_options *options, struct err *err)
{
        _cleanup_destination_ struct destination to = {.fd = -1};
        _cleanup_json_ json_t *trace =
                trace_export(ref->fd, options->format ? options->format : TRACE_FORMAT_DEFAULT, err);
        _cleanup_free_ char *text = trace ? json_dumps(trace, JSON_INDENT(1) | JSON_REALS | JSON_ENSURE_ASCII) : NULL;
        _cleanup_free_ char *line = text ? xasprintf("%s\n", text) : NULL;

        if (!line || open_destination(options, ref->name, &to, err) < 0)
                return -1;
        if (fs_write_all(to.fd, line, strlen(line)) < 0)
                return err_errno(err, "write the trace");
        return finish(&to, options->force, err);
}

/* A packet from elsewhere needs no repository, but for its base. */
static int find(struct context *context, const char *which, const struct export_options *options,
                struct packet_ref *ret, struct err *err)
{
        if (options->with_base && packet_is_path(which) && context_open_repository(context, ".", err) < 0)
                return err_wrap(err, "--with-base");
        return packet_find(context, which, ret, err);
}

static int check_options(const struct export_options *options, struct err *err)
{
        const bool to_stdout = options->file && strcmp(options->file, "-") == 0;

        if (options->format && !options->trace)
                return err_set(err, ERR_INPUT, "--format is for --trace: cupel export RUN --trace --format %.32s",
                               options->format);
        if (options->trace && (options->with_base || options->json))
                return err_set(err, ERR_INPUT, "--trace is JSON by itself, and no archive: leave %s away",
                               options->with_base ? "--with-base" : "--json");
        if (options->file && !options->file[0])
                return err_set(err, ERR_INPUT, "-o: expected the name of a file, or - for standard output");
        if (to_stdout && !options->trace && isatty(STDOUT_FILENO))
                return err_set(err, ERR_INPUT, "an archive is no text for a terminal: -o FILE, or send it on");
        if (to_stdout && options->json)
                return err_set(err, ERR_INPUT, "--json would go where the file goes: name a file with -o");
        return 0;
}

int cmd_export(struct context *context, int argc, char **argv, struct err *err)
{
        struct export_options options = {0};
        struct option_rest rest = {.least = 1, .most = 1};
        _cleanup_packet_ref_ struct packet_ref ref = PACKET_REF_INIT;
        const struct option_spec table[] = {
                {"output", 'o', OPTION_TEXT, &options.file, "FILE",
                 "where to; - is standard output (default RUN" ARCHIVE_SUFFIX ")"},
                {"with-base", 0, OPTION_FLAG, &options.with_base, NULL,
                 "with the history of the commit that it was judged on: replays without a clone"},
                {"trace", 0, OPTION_FLAG, &options.trace, NULL,
                 "not the packet but its spans, as a viewer of traces loads them (default: to standard output)"},
                {"format", 0, OPTION_TEXT, &options.format, "FORMAT", "of --trace: chrome (default), or otlp"},
                {"force", 'f', OPTION_FLAG, &options.force, NULL, "replace a file that is there"},
                {"json", 0, OPTION_FLAG, &options.json, NULL, "file, size and digest, as one JSON line"},
                {0}};
        const int got = options_take(argc, argv, table, &rest, err);

        if (got <= 0)
                return got;
        if (check_options(&options, err) < 0 || find(context, rest.items[0], &options, &ref, err) < 0 ||
            expect_whole(&ref, err) < 0)
                return -1;
        return options.trace ? export_trace(&ref, &options, err) : export(context, &ref, &options, err);
}
