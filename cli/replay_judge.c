/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One judgement: a scratch state with the run's folder as the packet has it, the director in its mode replay, its result. The
 * folder goes with the judgement; what a killed one leaves goes with the next command (cli/scratch.h).
 */
#include "cli/context.h"
#include "cli/director_call.h"
#include "cli/replay.h"
#include "lib/base/bundle_list.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/fs_list.h"
#include "lib/base/json.h"
#include "lib/base/snapshot.h"
#include "lib/packet/folder.h"
#include "sandbox/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define RESULT_MOST ((size_t)64 << 20)
#define FILE_MOST ((size_t)65 << 20)
#define DEPTH_MOST 40

static const char *const judges[] = {
#define X(judge, word) word,
        REPLAY_JUDGE(X)
#undef X
};

/* ---- The folder of the run ---- */

static int copy_file(int packet, const char *path, int to, const char *name, struct err *err)
{
        _cleanup_str_ struct str bytes = {0};

        return packet_read(packet, path, FILE_MOST, &bytes, err) < 0
                       ? -1
                       : fs_write_at(to, name, str_text(&bytes), bytes.len, 0444, err);
}

static int copy_folder(int packet, const char *path, int to, unsigned depth, struct err *err);

static int copy_entry(int packet, const char *path, int from, const char *name, int to, unsigned depth, struct err *err)
{
        _cleanup_free_ char *child = xasprintf("%s/%s", path, name);
        _cleanup_fd_ int folder = -1;
        struct stat st;

        if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return err_errno(err, "look at %s of the packet", child);
        if (S_ISREG(st.st_mode))
                return copy_file(packet, child, to, name, err);
        if (!S_ISDIR(st.st_mode) || depth > DEPTH_MOST)
                return err_set(err, ERR_INPUT, "%s of the packet is neither file nor folder", child);
        folder = fs_mkdir_open_at(to, name, 0700, err);
        return folder < 0 ? -1 : copy_folder(packet, child, folder, depth + 1, err);
}

static int copy_folder(int packet, const char *path, int to, unsigned depth, struct err *err)
{
        _cleanup_dir_ DIR *folder = fs_list(fs_open_beneath(packet, path, O_RDONLY | O_DIRECTORY, 0));
        const struct dirent *entry;

        if (!folder)
                return err_errno(err, "list %s of the packet", path);
        while ((entry = fs_list_next(folder)))
                if (copy_entry(packet, path, dirfd(folder), entry->d_name, to, depth, err) < 0)
                        return -1;
        return errno ? err_errno(err, "list %s of the packet", path) : 0;
}

/* What the run's own verifiers were recorded with: what passed there and fails here is told apart by it. */
static int write_claims(const struct replay_subject *subject, int run, struct err *err)
{
        const struct json_t *self = json_object_get(json_object_get(subject->report, "verifiers"), "self");
        _cleanup_json_ json_t *claims = json_array();
        _cleanup_free_ char *text = NULL;
        struct json_t *receipt;
        size_t i;

        json_array_foreach(self, i, receipt)
        {
                json_array_append_new(claims, json_pack("{s:s,s:s}", "name", json_text_of(receipt, "name"), "result",
                                                        json_text_of(receipt, "result")));
        }
        text = json_canonical(claims);
        return fs_write_at(run, REPLAY_CLAIMS, text, strlen(text), 0600, err);
}

/* What an archive does not carry: which files of the bundle can be started. */
static int start_bundle(const struct replay_subject *subject, int snapshot, struct err *err)
{
        _cleanup_str_ struct str bytes = {0};
        _cleanup_json_ json_t *list = NULL;
        _cleanup_strv_ struct strv files = {0};
        struct err none = ERR_INIT;

        if (packet_read(subject->packet, "config_snapshot/" BUNDLE_LIST_FILE, FILE_MOST, &bytes, &none) < 0)
                return 0; /* there is no bundle */
        list = bundle_list_read(str_text(&bytes), bytes.len);
        if (snapshot_list(snapshot, &files, err) < 0)
                return -1;
        for (size_t i = 0; i < files.len; i++) {
                const mode_t mode = bundle_list_mode(list, files.items[i]);
                _cleanup_fd_ int fd =
                        mode == 0444 ? -1 : fs_open_beneath(snapshot, files.items[i], O_RDONLY | O_NOFOLLOW, 0);

                if (mode != 0444 && (fd < 0 || fchmod(fd, mode) < 0))
                        return err_errno(err, "the mode of %s", files.items[i]);
        }
        return 0;
}

static int furnish(const struct replay_place *place, const struct replay_subject *subject, int run, struct err *err)
{
        _cleanup_fd_ int snapshot = fs_mkdir_open_at(run, "config_snapshot", 0700, err);

        if (snapshot < 0 || copy_folder(subject->packet, "config_snapshot", snapshot, 0, err) < 0 ||
            start_bundle(subject, snapshot, err) < 0 || write_claims(subject, run, err) < 0)
                return -1;
        if (mkdirat(run, "logs", 0700) < 0)
                return err_errno(err, "make the run's folder");
        return place->tree_from_commit ? 0 : copy_file(subject->packet, "evidence/patch.diff", run, REPLAY_PATCH, err);
}

/* ---- The director ---- */

static int failed(const struct json_t *result, struct err *err)
{
        static const struct {
                int status;
                enum err_code code;
        } codes[] = {{2, ERR_INPUT}, {22, ERR_INPUT}, {31, ERR_SANDBOX}};
        const json_int_t status = json_integer_value(json_object_get(result, "exit"));

        for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
                if (codes[i].status == status)
                        return err_set(err, codes[i].code, "%s", json_text_of(result, "failed"));
        return err_set(err, ERR_INTERNAL, "%s", json_text_of(result, "failed"));
}

static int read_result(int run, struct json_t **ret, struct err *err)
{
        _cleanup_str_ struct str text = {0};
        _cleanup_json_ json_t *result = NULL;

        if (fs_read_at(run, REPLAY_RESULT, RESULT_MOST, &text, err) < 0)
                return -1;
        result = json_parse(str_text(&text), text.len, REPLAY_RESULT, err);
        if (!result)
                return -1;
        if (json_object_get(result, "failed"))
                return failed(result, err);
        *ret = steal_ptr(&result);
        return 0;
}

static int call(const struct replay_place *place, const struct replay_subject *subject, const struct replay_how *how,
                char *state, struct err *err)
{
        struct context here = *place->context; /* borrowed but for the state */
        const bool open = subject->own || how->host;
        struct director_call director = {.context = &here,
                                         .mode = "replay",
                                         .run = subject->run,
                                         .snapshot = subject->snapshot,
                                         .base = subject->base,
                                         .tree = subject->tree,
                                         .judge = judges[subject->judge],
                                         .host = open ? "yes" : "no",
                                         .carry = subject->own || how->carry ? "yes" : "no",
                                         .jobs = how->jobs,
                                         .terminal = how->terminal};
        _cleanup_director_answer_ struct director_answer answer = {0};

        here.state_root = state;
        here.store = NULL;
        if (director_call(&director, &answer, err) < 0) {
                cgroups_sweep(true);
                return -1;
        }
        return answer.outcome == OUTCOME_CANCELLED ? err_set(err, ERR_LOST, "the replay was asked to stop") : 0;
}

int replay_judge(const struct replay_place *place, const struct replay_subject *subject, const struct replay_how *how,
                 struct json_t **ret, struct err *err)
{
        _cleanup_scratch_ struct scratch scratch = SCRATCH_INIT;
        _cleanup_free_ char *folder = NULL;
        _cleanup_fd_ int run = -1;

        if (scratch_make(place->outer, &scratch, err) < 0)
                return -1;
        folder = xasprintf("%s/repos/%s/runs/%s", scratch.path, repo_identity(place->context->repo), subject->run);
        if (fs_mkdir_p(folder, 0700, err) < 0)
                return -1;
        run = fs_open_dir(folder, err);
        if (run < 0 || furnish(place, subject, run, err) < 0 || call(place, subject, how, scratch.path, err) < 0)
                return -1;
        return read_result(run, ret, err);
}
