/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A push from an attacker at `cupel hook pre-receive`. The input is a folder (tests/fuzz/sections.h): "stdin" is what git gives to the
 * hook; "commit.NAME", "tree.NAME", "blob.NAME" and "tag.NAME" are objects that were pushed with it, in that order, and "note.NAME" is
 * a text that becomes the note about `next`, in a commit on the notes that are there. "@NAME" is the id of such an object, or of one
 * that the server has (REFS, below); anything else is taken as it is.
 *
 * Only `next` is vouched for. Whatever comes: what is taken leaves protected branches on commits that were there, or on that one;
 * nothing is removed, replaced or set back; and what is refused says why.
 */
#include "cli/hook.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/hash.h"
#include "lib/base/p256.h"
#include "lib/git/history.h"
#include "lib/git/repo.h"
#include "lib/packet/attestation.h"
#include "lib/packet/dsse.h"
#include "tests/fuzz/sections.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libgit2 leaves blocks behind where a commit on its way to a common ancestor cannot be read. The hook ends then. */
const char *__lsan_default_suppressions(void)
{
        return "leak:stdalloc__\n";
}

/* name, what `git rev-parse` calls it */
#define REFS(X)                                                                                                        \
        X(before, "main~1")                                                                                            \
        X(main, "main")                                                                                                \
        X(maintree, "main^{tree}")                                                                                     \
        X(next, "next~1")                                                                                              \
        X(nexttree, "next~1^{tree}")                                                                                   \
        X(behind, "next")                                                                                              \
        X(merge, "merge")                                                                                              \
        X(side, "side")                                                                                                \
        X(root, "root")                                                                                                \
        X(tag, "annotated")                                                                                            \
        X(blob, "main:a")                                                                                              \
        X(notes, NOTES_REF)                                                                                            \
        X(oldnotes, NOTES_REF "~1")

#define WHO " Fuzz <fuzz@example.org> 1700000000 +0000\n"
#define COMMIT(ref, mark, more) "commit " ref "\nmark :" mark "\ncommitter" WHO "data 1\n" mark "\n" more
#define FILE_A "M 100644 inline a\ndata 1\n"

/* Dates and contents are fixed, so that ids are the same everywhere. */
static const char stream[] = COMMIT("refs/heads/main", "1", FILE_A "1\n") COMMIT(
        "refs/heads/main", "2", "from :1\n" FILE_A "2\n") COMMIT("refs/heads/next", "3", "from :2\n" FILE_A "3\n")
        COMMIT("refs/heads/next", "4", "from :3\n" FILE_A "4\n") COMMIT("refs/heads/merge", "5", "from :2\nmerge :3\n")
                COMMIT("refs/heads/side", "6", "from :1\n" FILE_A "6\n")
                        COMMIT("refs/heads/root", "7", FILE_A "7\n") "tag annotated\nfrom :3\ntagger" WHO "data 1\nt\n"
                                                                     "reset refs/heads/release/1\nfrom :1\n\n";

struct named {
        char name[32], id[GIT_HEX];
};

static struct {
        int folder;
        char path[64];
        char *server, *incoming;
        struct named *names;
        size_t known, len; /* the server's; with this push's */
} world = {.folder = -1};

static const char *id_of(const char *name, size_t len)
{
        for (size_t i = world.len; i-- > 0;)
                if (strlen(world.names[i].name) == len && strncmp(world.names[i].name, name, len) == 0)
                        return world.names[i].id;
        return NULL;
}

static void add_name(const char *name, const char *id)
{
        struct named named = {.name = ""};

        snprintf(named.name, sizeof(named.name), "%s", name);
        snprintf(named.id, sizeof(named.id), "%s", id);
        world.names = xgrow(world.names, world.len, sizeof(named));
        world.names[world.len++] = named;
}

/* ---- The server ---- */

static void shell(const char *format, const char *argument)
{
        _cleanup_free_ char *words = xasprintf(format, world.server, argument);
        _cleanup_free_ char *command = xasprintf("GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null git -C %s", words);

        must(system(command) == 0);
}

static void learn(const char *name, const char *revision)
{
        _cleanup_free_ char *command = xasprintf("git -C %s rev-parse --verify '%s'", world.server, revision);
        char id[64] = "";
        FILE *out = popen(command, "re");

        must(out && fgets(id, sizeof(id), out) && pclose(out) == 0);
        id[strcspn(id, "\n")] = '\0';
        add_name(name, id);
}

static void import_history(void)
{
        _cleanup_free_ char *command = xasprintf("git -C %s fast-import --quiet", world.server);
        FILE *in;

        must(mkdir(world.server, 0700) == 0);
        shell("%s init -q --bare -b main%s", "");
        in = popen(command, "we");
        must(in && fwrite(stream, 1, sizeof(stream) - 1, in) == sizeof(stream) - 1 && pclose(in) == 0);
}

static void put_line(const struct p256_key *key, enum attest_predicate which, const char *predicate, struct str *out,
                     char ret[HASH_HEX])
{
        _cleanup_free_ char *payload =
                xasprintf("{\"_type\":\"" ATTEST_STATEMENT_TYPE
                          "\",\"predicate\":%s,\"predicateType\":\"%s\",\"subject\":[{\"digest\":{"
                          "\"gitCommit\":\"%s\",\"gitTree\":\"%s\"}}]}",
                          predicate, attest_predicate_uri(which), id_of("next", 4), id_of("nexttree", 8));
        const size_t from = out->len;
        struct err err = ERR_INIT;

        must(dsse_sign(key, payload, strlen(payload), out, &err) == 0);
        hash_bytes(out->data + from, out->len - from, ret);
        str_putc(out, '\n');
}

static void attest(struct str *out)
{
        struct p256_key *key = NULL;
        struct err err = ERR_INIT;
        char tests[HASH_HEX], made[HASH_HEX], own[HASH_HEX];
        _cleanup_free_ char *summary = NULL;

        must(p256_ensure(world.folder, "attest", &key, &err) == 0);
        put_line(key, ATTEST_TEST_RESULT, "{\"passedTests\":[\"unit\"],\"result\":\"PASSED\"}", out, tests);
        put_line(key, ATTEST_PROVENANCE, "{}", out, made);
        summary =
                xasprintf("{\"inputAttestations\":[{\"digest\":{\"sha256\":\"%s\"}},{\"digest\":{\"sha256\":\"%s\"}}],"
                          "\"verificationResult\":\"PASSED\"}",
                          tests, made);
        put_line(key, ATTEST_SUMMARY, summary, out, own);
        p256_free(key);
}

/* Two commits of notes: one about `next`, and before it one about something else. */
static void write_notes(void)
{
        _cleanup_str_ struct str lines = {0}, other = {0};
        _cleanup_repo_ struct repo *repo = NULL;
        struct err err = ERR_INIT;
        char first[GIT_HEX], second[GIT_HEX];

        attest(&lines);
        str_puts(&other, "about the branch\n");
        must(git_start(&err) == 0 && repo_open(world.server, &repo, &err) == 0);
        must(note_write(repo, "", id_of("main", 4), &other, first, &err) == 0 &&
             note_write(repo, first, id_of("next", 4), &lines, second, &err) == 0);
        shell("%s update-ref " NOTES_REF " %s", second);
}

static void unmake(void)
{
        sections_remove(world.folder, world.path);
        free(world.server);
        free(world.incoming);
        free(world.names);
}

static void make(void)
{
        world.folder = sections_folder(world.path);
        world.server = xasprintf("%s/server.git", world.path);
        world.incoming = xasprintf("%s/incoming", world.path);
        import_history();
#define X(id, revision)                                                                                                \
        if (strncmp(revision, NOTES_REF, strlen(NOTES_REF)) != 0)                                                      \
                learn(#id, revision);
        REFS(X)
#undef X
        write_notes();
        learn("notes", NOTES_REF);
        learn("oldnotes", NOTES_REF "~1");
        add_name("zero", "0000000000000000000000000000000000000000");
        world.known = world.len;
        shell("%s config cupel.attestKeys ../attest.pub%s", "");
        shell("%s config cupel.requireTest unit%s", "");
        shell("%s config cupel.protect main%s", "");
        shell("%s config --add cupel.protect 'release/*'%s", "");
        shell("%s symbolic-ref refs/heads/alias refs/heads/main%s", "");
        setenv("GIT_OBJECT_DIRECTORY", world.incoming, 1);
        atexit(unmake);
}

/* ---- What is pushed ---- */

static void put_named(const char *data, size_t len, struct str *out)
{
        for (size_t i = 0; i < len;) {
                size_t word = 0;
                const char *id = NULL;

                while (data[i] == '@' && i + 1 + word < len && data[i + 1 + word] >= 'a' && data[i + 1 + word] <= 'z')
                        word++;
                id = word ? id_of(data + i + 1, word) : NULL;
                if (id)
                        str_puts(out, id);
                else
                        str_append(out, data + i, 1 + word);
                i += 1 + word;
        }
}

/* A loose object, as git unpacks a small push. */
static void put_object(const char *type, const struct str *bytes, char ret_id[GIT_HEX])
{
        _cleanup_str_ struct str whole = {0};
        _cleanup_free_ char *path = NULL, *packed = NULL;
        unsigned char digest[20];
        uLongf len;

        str_printf(&whole, "%s %zu", type, bytes->len);
        str_putc(&whole, '\0');
        str_append(&whole, str_text(bytes), bytes->len);
        must(EVP_Digest(whole.data, whole.len, digest, NULL, EVP_sha1(), NULL) == 1);
        for (size_t i = 0; i < sizeof(digest); i++)
                snprintf(ret_id + 2 * i, 3, "%02x", digest[i]);
        len = compressBound(whole.len);
        packed = xcalloc(1, len);
        must(compress2((Bytef *)packed, &len, (const Bytef *)whole.data, whole.len, 1) == Z_OK);
        path = xasprintf("incoming/%.2s/%s", ret_id, ret_id + 2);
        sections_put(world.folder, path, packed, len);
}

static void put_note(const struct str *text, char ret_id[GIT_HEX])
{
        _cleanup_str_ struct str tree = {0}, commit = {0};
        const char *about = id_of("next", 4);
        char blob[GIT_HEX], root[GIT_HEX];

        put_object("blob", text, blob);
        str_printf(&tree, "100644 %s", about);
        str_putc(&tree, '\0');
        for (size_t i = 0; i < 20; i++) {
                const char pair[] = {blob[2 * i], blob[2 * i + 1], '\0'};

                str_putc(&tree, (char)strtoul(pair, NULL, 16));
        }
        put_object("tree", &tree, root);
        str_printf(&commit, "tree %s\nparent %s\nauthor" WHO "committer" WHO "\nnotes\n", root, id_of("notes", 5));
        put_object("commit", &commit, ret_id);
}

static void put_pushed(const struct section *section)
{
        static const char *const kinds[] = {"commit", "tree", "blob", "tag", "note"};
        _cleanup_str_ struct str bytes = {0};
        char id[GIT_HEX];

        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
                const size_t len = strlen(kinds[i]);

                if (strncmp(section->path, kinds[i], len) != 0 || section->path[len] != '.')
                        continue;
                put_named(section->data, section->len, &bytes);
                if (strcmp(kinds[i], "note") == 0)
                        put_note(&bytes, id);
                else
                        put_object(kinds[i], &bytes, id);
                add_name(section->path + len + 1, id);
        }
}

/* ---- The judge ---- */

static bool begins(const char *text, const char *with)
{
        return strncmp(text, with, strlen(with)) == 0;
}

/* One line that was taken: "OLD NEW REF". */
static void must_be_harmless(const char *new, const char *ref)
{
        static const char *const fine[] = {"before", "main", "next"};
        bool known = false;

        for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
                known = known || strcmp(new, id_of(fine[i], strlen(fine[i]))) == 0;
        if (strcmp(ref, "refs/heads/main") == 0 || strcmp(ref, "refs/heads/alias") == 0)
                must(strcmp(new, id_of("main", 4)) == 0 || strcmp(new, id_of("next", 4)) == 0);
        if (begins(ref, "refs/heads/release/"))
                must(known);
        for (size_t i = 0; i < world.known && strcmp(ref, NOTES_REF) == 0; i++)
                must(strcmp(world.names[i].name, "notes") == 0 || strcmp(new, world.names[i].id) != 0);
        if (begins(ref, "refs/replace/"))
                must(begins(new, "00000000"));
}

static void judge(const struct str *in, int got, const struct strv *problems, const struct err *err)
{
        _cleanup_free_ char *text = xmemdup(str_text(in), in->len);

        if (got < 0) {
                must(err->code != ERR_OK && err->message[0]);
                return;
        }
        for (size_t i = 0; i < problems->len; i++)
                must(problems->items[i][0]);
        if (problems->len)
                return;
        for (char *line = text, *end; *line; line = end + 1) {
                end = strchr(line, '\n');
                must(end != NULL && end - line > 2 * GIT_HEX);
                *end = '\0';
                line[2 * GIT_HEX - 1] = '\0';
                must_be_harmless(line + GIT_HEX, line + 2 * GIT_HEX);
        }
}

static void push(const struct sections *sections)
{
        const struct section *given = sections_find(sections, "stdin");
        _cleanup_strv_ struct strv problems = {0};
        _cleanup_str_ struct str in = {0};
        struct err err = ERR_INIT;
        FILE *file;
        int got;

        for (size_t i = 0; i < sections->len; i++)
                put_pushed(&sections->items[i]);
        if (given)
                put_named(given->data, given->len, &in);
        file = fmemopen(in.len ? in.data : (void *)"", in.len ? in.len : 1, "r");
        must(file != NULL);
        if (!in.len)
                (void)fgetc(file);
        got = hook_receive(world.server, file, &problems, &err);
        judge(&in, got, &problems, &err);
        fclose(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct sections sections;
        struct err err = ERR_INIT;

        if (world.folder < 0)
                make();
        must(mkdir(world.incoming, 0700) == 0);
        sections_read(&sections, data, size);
        push(&sections);
        sections_release(&sections);
        must(fs_remove_tree_at(world.folder, "incoming", &err) == 0);
        world.len = world.known;
        return 0;
}
