/* SPDX-License-Identifier: Apache-2.0 */
/* A small packet is made by hand, as the director would; then each byte of each of its files is changed, one at a time. */
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/hash.h"
#include "lib/base/p256.h"
#include "lib/packet/attest_key.h"
#include "lib/packet/attestation.h"
#include "lib/packet/dsse.h"
#include "lib/packet/folder.h"
#include "lib/packet/identity.h"
#include "lib/packet/later.h"
#include "lib/packet/verify.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define RUN "fix-it__2026-01-02-03-04-05-abcdef"
#define BASE "1111111111111111111111111111111111111111"
#define TREE "2222222222222222222222222222222222222222"
#define COMMIT "3333333333333333333333333333333333333333"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define TIME "2026-01-02T03:04:05.000Z"

static char folder[64];
static int packet = -1;
static struct packet_identity is; /* what the snapshot comes to */

static void put(const char *path, const char *bytes, size_t len)
{
        int fd = openat(packet, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        cr_assert(fd >= 0 && fs_write_all(fd, bytes, len) == 0, "%s", path);
        close(fd);
}

static void put_text(const char *path, const char *text)
{
        put(path, text, strlen(text));
}

/* ---- The log ---- */

struct log {
        struct str text;
        int events;
        char head[HASH_HEX];
};

static void event(struct log *log, const char *actor, const char *type, const char *data)
{
        _cleanup_str_ struct str body = {0}, hashed = {0};
        char hash[HASH_HEX];

        log->events++;
        str_printf(&body,
                   "{\"actor\":\"%s\",\"data\":%s,\"datacontenttype\":\"application/json\",\"id\":\"" RUN
                   ":%010d\",\"identity\":\"%s\",\"itemid\":\"fix-it\",\"mood\":\"calm\",\"runid\":\"" RUN
                   "\",\"sequence\":\"%010d\",\"source\":\"/repos/r/runs/" RUN
                   "\",\"specversion\":\"1.0\",\"subject\":\"fix-it\",\"time\":\"" TIME "\",\"type\":\"dev.cupel.%s\"}",
                   actor, data, log->events, is.identity, log->events, type);
        str_printf(&hashed, "%s%s", log->head, str_text(&body));
        hash_bytes(hashed.data, hashed.len, hash);
        str_append(&log->text, body.data, body.len - 1);
        str_printf(&log->text, ",\"hash\":\"%s\",\"prevhash\":\"%s\"}\n", hash, log->head);
        memcpy(log->head, hash, sizeof(hash));
}

static void move(struct log *log, const char *from, const char *to, const char *more)
{
        _cleanup_free_ char *data = xasprintf("{\"from\":\"%s\",\"reasons\":[],\"to\":\"%s\"%s}", from, to, more);

        event(log, "director", "run.state", data);
}

static void put_log(void)
{
        struct log log = {.head = ZEROS};
        _cleanup_free_ char *birth = xasprintf(",\"base\":\"" BASE "\",\"snapshot_sha256\":\"%s\","
                                               "\"target_ref\":\"refs/heads/main\"",
                                               is.snapshot);
        _cleanup_str_ struct str set = {0};
        char digest[HASH_HEX];

        move(&log, "none", "created", birth);
        move(&log, "created", "preparing", "");
        move(&log, "preparing", "running", "");
        event(&log, "agent", "note.observation", "{\"text\":\"hello\"}");
        move(&log, "running", "frozen", "");
        move(&log, "frozen", "self_verifying", "");
        move(&log, "self_verifying", "awaiting_director", "");
        move(&log, "awaiting_director", "director_verifying", "");
        event(&log, "director", "receipt.policy.decision", "{\"decision\":\"approve\",\"gates\":[],\"reasons\":[]}");
        str_printf(&set, RUN ":0000000009 %s\nstore-chain " ZEROS "\n", log.head);
        hash_bytes(set.data, set.len, digest);
        put_text("evidence/evidence-set.txt", str_text(&set));
        str_clear(&set);
        str_printf(&set, "{\"sha256\":\"%s\",\"store_chain\":\"" ZEROS "\"}", digest);
        event(&log, "director", "receipt.evidence.set.hash", str_text(&set));
        move(&log, "director_verifying", "landing", ",\"commit\":\"" COMMIT "\",\"tree\":\"" TREE "\"");
        event(&log, "director", "receipt.commit",
              "{\"base\":\"" BASE "\",\"commit\":\"" COMMIT "\",\"parent\":\"" BASE
              "\",\"ref\":\"refs/heads/main\",\"tree\":\"" TREE "\"}");
        move(&log, "landing", "committed", ",\"outcome\":\"committed\"");
        put("telemetry/events.normalized.jsonl", log.text.data, log.text.len);
        str_clear(&log.text);
        event(&log, "user", "operator.outcome", "{\"outcome\":\"accepted\",\"reason\":\"\",\"who\":\"me\"}");
        put("operator.jsonl", log.text.data, log.text.len);
        str_release(&log.text);
}

static void put_report(void)
{
        static const char *const phases[] = {
                "created",           "preparing",          "running", "frozen",   "self_verifying",
                "awaiting_director", "director_verifying", "landing", "committed"};
        _cleanup_str_ struct str text = {0};

        str_printf(&text,
                   "{\"run\":\"" RUN "\",\"item\":\"fix-it\",\"base\":\"" BASE "\",\"target\":\"refs/heads/main\","
                   "\"outcome\":\"committed\",\"identity\":\"sha256:%s\",\"snapshot_sha256\":\"sha256:%s\","
                   "\"commit\":\"" COMMIT "\",\"tree\":\"" TREE "\",\"landing\":{\"parent\":{\"commit\":\"" BASE
                   "\"}},\"notes\":{\"note.observation\":1},\"verifiers\":{\"self\":[],\"director\":[]},"
                   "\"reasons\":[],\"timeline\":[",
                   is.identity, is.snapshot);
        for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++)
                str_printf(&text, "%s{\"phase\":\"%s\",\"time\":\"" TIME "\"}", i ? "," : "", phases[i]);
        str_puts(&text, "]}\n");
        put_text("evidence/report.json", str_text(&text));
}

/* ---- The sums, by another's hand ---- */

static void put_sums(void)
{
        _cleanup_free_ char *command = xasprintf(
                "cd %s/evidence && LC_ALL=C sha256sum $(cd .. && find config_snapshot evidence logs telemetry "
                "identity.txt "
                "-type f ! -name SHA256SUMS | LC_ALL=C sort | sed -e 's,^evidence/,,;t' -e 's,^,../,') >SHA256SUMS",
                folder);

        cr_assert(system(command) == 0);
}

/* ---- The attestation ---- */

static struct p256_key *key;
static struct attest_keys trusted;

static void digest_of(const char *path, char ret[HASH_HEX])
{
        _cleanup_fd_ int fd = openat(packet, path, O_RDONLY | O_CLOEXEC);
        struct err err = ERR_INIT;

        cr_assert(fd >= 0 && hash_fd(fd, ret, &err) == 0, "%s", path);
}

static void put_statement(struct str *lines, enum attest_predicate which, const char *predicate)
{
        _cleanup_free_ char *payload =
                xasprintf("{\"_type\":\"" ATTEST_STATEMENT_TYPE "\",\"predicate\":%s,\"predicateType\":\"%s\","
                          "\"subject\":[{\"digest\":{\"gitCommit\":\"" COMMIT "\",\"gitTree\":\"" TREE "\"}}]}",
                          predicate, attest_predicate_uri(which));
        struct err err = ERR_INIT;

        cr_assert(dsse_sign(key, payload, strlen(payload), lines, &err) == 0);
        str_putc(lines, '\n');
}

/* Of the three lines those from `from` to `to`; the summary is about the two before it. */
static void put_lines(size_t from, size_t to)
{
        char sums[HASH_HEX], patch[HASH_HEX], tests[HASH_HEX], made[HASH_HEX];
        _cleanup_free_ char *provenance = NULL, *summary = NULL;
        _cleanup_str_ struct str kept = {0};
        struct str line[3] = {{0}, {0}, {0}};

        digest_of("evidence/SHA256SUMS", sums);
        digest_of("evidence/patch.diff", patch);
        provenance = xasprintf(
                "{\"runDetails\":{\"byproducts\":[{\"digest\":{\"sha256\":\"%s\"},\"name\":\"" ATTEST_SUMS_NAME
                "\"},{\"digest\":{\"sha256\":\"%s\"},\"name\":\"evidence/patch.diff\"}]}}",
                sums, patch);
        put_statement(&line[0], ATTEST_TEST_RESULT, "{\"passedTests\":[\"unit\"],\"result\":\"PASSED\"}");
        put_statement(&line[1], ATTEST_PROVENANCE, provenance);
        hash_bytes(line[0].data, line[0].len - 1, tests);
        hash_bytes(line[1].data, line[1].len - 1, made);
        summary =
                xasprintf("{\"inputAttestations\":[{\"digest\":{\"sha256\":\"%s\"}},{\"digest\":{\"sha256\":\"%s\"}}],"
                          "\"verificationResult\":\"PASSED\"}",
                          tests, made);
        put_statement(&line[2], ATTEST_SUMMARY, summary);
        for (size_t i = from; i < to; i++)
                str_append(&kept, line[i].data, line[i].len);
        put("evidence/" COMMIT ".intoto.jsonl", kept.data, kept.len);
        for (size_t i = 0; i < 3; i++)
                str_release(&line[i]);
        put_sums();
        cr_assert(later_seal(packet, key, &(struct later_log){RUN, 14, ZEROS}, &(struct err){.code = ERR_OK}) == 0);
}

static void put_attestation(void)
{
        put_lines(0, 3);
}

static void make_key(void)
{
        struct err err = ERR_INIT;
        _cleanup_str_ struct str pem = {0};

        cr_assert(mkdirat(packet, "quarantine", 0700) == 0);
        _cleanup_fd_ int fd = openat(packet, "quarantine", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        cr_assert(p256_ensure(fd, "attest", &key, &err) == 0, "%s", err.message);
        p256_public_pem(p256_public_of(key), &pem);
        cr_assert(attest_keys_read(&trusted, str_text(&pem), "attest.pub", &err) == 0);
}

static void make(void)
{
        struct err err = ERR_INIT;
        int fd;

        strcpy(folder, "/tmp/unit-packet-XXXXXX");
        cr_assert(mkdtemp(folder) != NULL);
        packet = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        for (const char *const *name = (const char *const[]){"config_snapshot", "evidence", "logs", "telemetry", NULL};
             *name; name++)
                cr_assert(mkdirat(packet, *name, 0700) == 0);
        put_text("config_snapshot/work_item.yaml", "title: fix it\n");
        put_text("config_snapshot/plan.json", "{}");
        put_text("config_snapshot/tools.json", "{\"cupel\":\"1\"}");
        put_text("config_snapshot/origins.json",
                 "{\"plan.json\":\"compiled\",\"tools.json\":\"compiled\",\"work_item.yaml\":\"command line\"}");
        fd = openat(packet, "config_snapshot", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        cr_assert(packet_snapshot_identity(fd, &is, &err) == 0, "%s", err.message);
        close(fd);
        {
                _cleanup_free_ char *label = xasprintf("sha256:%s\n", is.identity);

                put_text("identity.txt", label);
        }
        put_text("logs/agent.log", "at work\n");
        put_text("evidence/patch.diff", "diff\n");
        put_log();
        put_report();
        put_sums();
        make_key();
        put_attestation();
}

static void unmake(void)
{
        struct err err = ERR_INIT;
        int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        p256_free(key);
        attest_keys_release(&trusted);
        close(packet);
        fs_remove_tree_at(tmp, folder + 5, &err);
        close(tmp);
}

TestSuite(verify, .init = make, .fini = unmake);

static struct packet_verdict look(void)
{
        struct packet_verdict verdict = {0};
        struct err err = ERR_INIT;

        cr_assert(packet_verify(packet, &(struct packet_verify_options){.keys = &trusted}, &verdict, &err) == 0, "%s",
                  err.message);
        return verdict;
}

static bool names(const struct packet_verdict *verdict, const char *file)
{
        for (size_t i = 0; i < verdict->len; i++)
                if (strcmp(verdict->items[i].file, file) == 0)
                        return true;
        return false;
}

static bool says(const struct packet_verdict *verdict, enum packet_check check, const char *file, const char *what)
{
        for (size_t i = 0; i < verdict->len; i++)
                if (verdict->items[i].check == check && strcmp(verdict->items[i].file, file) == 0 &&
                    strstr(verdict->items[i].what, what))
                        return true;
        return false;
}

Test(verify, a_packet_as_it_was_written_has_nothing_wrong)
{
        _cleanup_packet_verdict_ struct packet_verdict verdict = look();

        cr_assert(verdict.len == 0, "%s: %s", verdict.items[0].file, verdict.items[0].what);
        for (int check = 0; check < PACKET_CHECK_STORE; check++)
                cr_expect(verdict.done[check], "%s", packet_check_name(check));
        cr_expect(verdict.files == 11);
        cr_expect(verdict.signers.len == 1 && strcmp(verdict.signers.items[0], p256_public_of(key)->id) == 0);
        cr_expect_str_eq(verdict.told.run, RUN);
        cr_expect_str_eq(verdict.told.commit, COMMIT);
        cr_expect(verdict.told.events == 13);
}

/* Every byte of every file; of SHA256SUMS too, where the file that a line is about may be named in its place. */
Test(verify, any_one_byte_is_noticed, .timeout = 120)
{
        static const char *const files[] = {"config_snapshot/work_item.yaml",
                                            "identity.txt",
                                            "logs/agent.log",
                                            "evidence/patch.diff",
                                            "evidence/report.json",
                                            "evidence/evidence-set.txt",
                                            "evidence/SHA256SUMS",
                                            "telemetry/events.normalized.jsonl",
                                            "operator.jsonl",
                                            LATER_SEAL,
                                            "evidence/" COMMIT ".intoto.jsonl"};

        for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
                _cleanup_fd_ int fd = openat(packet, files[i], O_RDWR | O_CLOEXEC);
                _cleanup_str_ struct str bytes = {0};
                struct err err = ERR_INIT;
                const size_t step = 1 + (strstr(files[i], "events") ? 6 : 0);

                cr_assert(fs_read_fd(fd, 1 << 20, &bytes, &err) == 0);
                for (size_t at = 0; at < bytes.len; at += step) {
                        const char flipped = (char)(bytes.data[at] ^ 1);

                        cr_assert(pwrite(fd, &flipped, 1, (off_t)at) == 1);
                        {
                                _cleanup_packet_verdict_ struct packet_verdict verdict = look();

                                cr_assert(verdict.len > 0, "%s, byte %zu: unnoticed", files[i], at);
                                cr_assert(names(&verdict, files[i]) || strcmp(files[i], "evidence/SHA256SUMS") == 0,
                                          "%s, byte %zu: %s is named", files[i], at, verdict.items[0].file);
                        }
                        cr_assert(pwrite(fd, bytes.data + at, 1, (off_t)at) == 1);
                }
        }
}

/* What was said later: lines that are gone, files that are gone, the seal that is gone; and the same again is not signed anew. */
Test(verify, what_was_said_later_is_sealed)
{
        static const char *const gone[] = {"operator.jsonl", LATER_SEAL};
        _cleanup_str_ struct str said = {0}, seal = {0}, again = {0};
        struct err err = ERR_INIT;

        cr_assert(packet_read(packet, "operator.jsonl", 1 << 20, &said, &err) == 0);
        cr_assert(packet_read(packet, LATER_SEAL, 1 << 20, &seal, &err) == 0);
        cr_assert(later_seal(packet, key, &(struct later_log){RUN, 14, ZEROS}, &err) == 0);
        cr_assert(packet_read(packet, LATER_SEAL, 1 << 20, &again, &err) == 0);
        cr_expect_str_eq(str_text(&seal), str_text(&again));
        for (size_t i = 0; i < 2; i++) {
                cr_assert(unlinkat(packet, gone[i], 0) == 0);
                {
                        _cleanup_packet_verdict_ struct packet_verdict verdict = look();

                        cr_expect(says(&verdict, PACKET_CHECK_ATTESTATION, "operator.jsonl", LATER_SEAL), "%s",
                                  gone[i]);
                }
                put_text("operator.jsonl", str_text(&said));
        }
        cr_assert(unlinkat(packet, "operator.jsonl", 0) == 0);
        {
                _cleanup_packet_verdict_ struct packet_verdict verdict = look();

                cr_expect(verdict.len == 0, "nobody said anything: %s", verdict.len ? verdict.items[0].what : "");
        }
        cr_assert(later_seal(packet, key, &(struct later_log){RUN, 3, ZEROS}, &err) == 0);
        {
                _cleanup_packet_verdict_ struct packet_verdict verdict = look();

                cr_expect(says(&verdict, PACKET_CHECK_ATTESTATION, LATER_SEAL, "older"));
        }
}

/* Whoever takes a line out, and sums what is left, leaves a packet that says less than the director signed. */
Test(verify, lines_of_the_attestation_are_gone)
{
        static const struct {
                size_t from, to;
        } left[] = {{1, 2}, {0, 2}, {0, 1}};

        for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++) {
                cr_assert(unlinkat(packet, "evidence/" COMMIT ".intoto.jsonl", 0) == 0);
                put_sums(); /* what the provenance names is the list without it */
                put_lines(left[i].from, left[i].to);
                {
                        _cleanup_packet_verdict_ struct packet_verdict verdict = look();

                        cr_expect(says(&verdict, PACKET_CHECK_ATTESTATION, "evidence/" COMMIT ".intoto.jsonl", ""),
                                  "lines %zu to %zu", left[i].from, left[i].to);
                }
        }
}

/* What an agent calls an output is neither an attestation nor outside of what is signed. */
Test(verify, files_that_are_named_like_attestations)
{
        cr_assert(unlinkat(packet, "evidence/" COMMIT ".intoto.jsonl", 0) == 0);
        cr_assert(mkdirat(packet, "evidence/outputs", 0700) == 0);
        put_text("evidence/outputs/x.intoto.jsonl", "one\n");
        put_text("logs/y.intoto.jsonl", "two\n");
        put_sums();
        put_attestation();
        {
                _cleanup_packet_verdict_ struct packet_verdict verdict = look();

                cr_expect(verdict.len == 0, "%s: %s", verdict.items[0].file, verdict.items[0].what);
        }
        put_text("evidence/outputs/x.intoto.jsonl", "other\n");
        put_sums();
        {
                _cleanup_packet_verdict_ struct packet_verdict verdict = look();

                cr_expect(says(&verdict, PACKET_CHECK_ATTESTATION, "evidence/SHA256SUMS", "signed"));
        }
}

/* As many seals as somebody likes to put into a log: each is not the work of all before it. */
Test(verify, a_log_of_many_seals, .timeout = 40)
{
        struct log log = {.head = ZEROS};

        move(&log, "none", "created", "");
        for (int i = 0; i < 30000; i++)
                event(&log, "director", "receipt.evidence.set.hash",
                      "{\"sha256\":\"" ZEROS "\",\"store_chain\":\"" ZEROS "\"}");
        put("telemetry/events.normalized.jsonl", log.text.data, log.text.len);
        str_release(&log.text);
        {
                _cleanup_packet_verdict_ struct packet_verdict verdict = look();

                cr_expect(verdict.told.events == 30001);
        }
}

Test(verify, a_file_is_missing_or_was_added)
{
        cr_assert(unlinkat(packet, "logs/agent.log", 0) == 0);
        put_text("evidence/more.txt", "x");
        put_text("surprise", "x");
        put_text("logs/.hidden", "no part of a packet");
        put_text("quarantine/object", "neither is this");
        {
                _cleanup_packet_verdict_ struct packet_verdict verdict = look();

                cr_expect(says(&verdict, PACKET_CHECK_FILES, "logs/agent.log", "missing"));
                cr_expect(says(&verdict, PACKET_CHECK_FILES, "evidence/more.txt", "added"));
                cr_expect(says(&verdict, PACKET_CHECK_FILES, "surprise", "added"));
                cr_expect(verdict.len == 3);
        }
}

/* A terabyte that nobody has stored would take hours to digest. */
Test(verify, a_file_that_is_all_hole_is_not_read, .timeout = 40)
{
        _cleanup_fd_ int fd = openat(packet, "evidence/patch.diff", O_WRONLY | O_CLOEXEC);

        cr_assert(fd >= 0 && ftruncate(fd, (off_t)1 << 40) == 0);
        {
                _cleanup_packet_verdict_ struct packet_verdict verdict = look();

                cr_expect(says(&verdict, PACKET_CHECK_FILES, "evidence/patch.diff", "hole"));
        }
}

Test(verify, nothing_but_files_and_nothing_through_a_link)
{
        cr_assert(unlinkat(packet, "evidence/patch.diff", 0) == 0);
        cr_assert(symlinkat("/etc/passwd", packet, "evidence/patch.diff") == 0);
        cr_assert(mkfifoat(packet, "telemetry/pipe", 0600) == 0);
        {
                _cleanup_packet_verdict_ struct packet_verdict verdict = look();

                cr_expect(names(&verdict, "evidence/patch.diff"));
                cr_expect(says(&verdict, PACKET_CHECK_FILES, "telemetry/pipe", "neither a file nor a folder"));
        }
}

/* The sums are made anew after each of these, as somebody who edits a packet would: what is behind them must notice. */
static struct packet_verdict edited(const char *path, const char *from, const char *to)
{
        _cleanup_free_ char *command = xasprintf("sed -i 's/%s/%s/' %s/%s", from, to, folder, path);

        cr_assert(system(command) == 0);
        put_sums();
        return look();
}

Test(verify, an_edit_together_with_its_sum_contradicts_the_log)
{
        static const struct {
                const char *path, *from, *to;
                enum packet_check check;
                const char *what;
        } rows[] = {
                {"config_snapshot/work_item.yaml", "fix", "mix", PACKET_CHECK_SNAPSHOT, "not what the run began with"},
                {"identity.txt", "^sha256:...", "sha256:000", PACKET_CHECK_SNAPSHOT, "not the identity"},
                {"evidence/evidence-set.txt", "store-chain 0", "store-chain 1", PACKET_CHECK_EVIDENCE, "sealed"},
                {"evidence/report.json", "\"outcome\":\"committed\"", "\"outcome\":\"no_change\"", PACKET_CHECK_REPORT,
                 "outcome"},
                {"evidence/report.json", "observation\":1", "observation\":2", PACKET_CHECK_REPORT, "notes"},
                {"evidence/report.json", "03:04:05", "03:04:06", PACKET_CHECK_REPORT, "timeline"},
                {"telemetry/events.normalized.jsonl", "hello", "hullo", PACKET_CHECK_LOG, "event 4"},
                {"telemetry/events.normalized.jsonl", "$d", "", PACKET_CHECK_LOG, ""},
        };

        for (size_t i = 0; i + 1 < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_packet_verdict_ struct packet_verdict verdict = edited(rows[i].path, rows[i].from, rows[i].to);
                const char *file = rows[i].check == PACKET_CHECK_SNAPSHOT && rows[i].path[0] == 'c' ? "config_snapshot"
                                                                                                    : rows[i].path;

                cr_expect(says(&verdict, rows[i].check, file, rows[i].what), "%s: %s", rows[i].path, rows[i].to);
                cr_expect(!packet_verdict_failed(&verdict, PACKET_CHECK_FILES), "%s: the sums fit", rows[i].path);
                unmake();
                make();
        }
}

Test(verify, a_log_that_was_cut_shows)
{
        _cleanup_free_ char *command = xasprintf("sed -i '$d' %s/telemetry/events.normalized.jsonl", folder);

        cr_assert(system(command) == 0);
        put_sums();
        {
                _cleanup_packet_verdict_ struct packet_verdict verdict = look();

                cr_expect(says(&verdict, PACKET_CHECK_LOG, "telemetry/events.normalized.jsonl", "cut off"));
        }
}

Test(verify, lines_of_sums_in_another_form_are_refused)
{
        static const char *const lines[] = {"../evidence/patch.diff", "../../etc/passwd", "/etc/passwd", "./patch.diff",
                                            ""};

        for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
                _cleanup_free_ char *command =
                        xasprintf("printf '%%s  %s\\n' " ZEROS " >>%s/evidence/SHA256SUMS", lines[i], folder);

                put_sums();
                cr_assert(system(command) == 0);
                {
                        _cleanup_packet_verdict_ struct packet_verdict verdict = look();

                        cr_expect(says(&verdict, PACKET_CHECK_FILES, "evidence/SHA256SUMS", "line 12"), "%s", lines[i]);
                }
        }
}

/* What nothing else covers: a log, the patch, a log of the agent. With its sum made anew only the signature tells. */
Test(verify, an_edit_together_with_its_sum_is_not_what_was_signed)
{
        static const struct {
                const char *path, *from, *to, *named;
        } rows[] = {
                {"logs/agent.log", "work", "rest", "evidence/SHA256SUMS"},
                {"evidence/patch.diff", "diff", "doff", "evidence/patch.diff"},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_packet_verdict_ struct packet_verdict verdict = edited(rows[i].path, rows[i].from, rows[i].to);

                cr_expect(says(&verdict, PACKET_CHECK_ATTESTATION, rows[i].named, "signed"), "%s", rows[i].path);
                cr_expect(!packet_verdict_failed(&verdict, PACKET_CHECK_FILES), "%s: the sums fit", rows[i].path);
                unmake();
                make();
        }
}

Test(verify, an_attestation_of_another_key_or_none_at_all)
{
        struct p256_key *own = key;
        struct err err = ERR_INIT;
        _cleanup_fd_ int fd = openat(packet, "quarantine", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        key = NULL;
        cr_assert(p256_ensure(fd, "forged", &key, &err) == 0);
        put_sums();
        cr_assert(unlinkat(packet, "evidence/" COMMIT ".intoto.jsonl", 0) == 0);
        put_sums();
        {
                _cleanup_packet_verdict_ struct packet_verdict verdict = look();

                cr_expect(
                        says(&verdict, PACKET_CHECK_ATTESTATION, "evidence/" COMMIT ".intoto.jsonl", "nothing signs"));
        }
        put_attestation();
        {
                _cleanup_packet_verdict_ struct packet_verdict verdict = look();

                cr_expect(says(&verdict, PACKET_CHECK_ATTESTATION, "evidence/" COMMIT ".intoto.jsonl",
                               "none of those that are trusted"));
        }
        p256_free(own);
}

/* A line is not read before it is known to be one: of a file of zeros no more than a line's bound is ever in memory. */
Test(verify, a_log_that_is_one_line_of_a_quarter_of_a_gigabyte)
{
        struct rusage before, after;
        int fd = openat(packet, "telemetry/events.normalized.jsonl", O_WRONLY | O_TRUNC | O_CLOEXEC);

        cr_assert(fd >= 0 && ftruncate(fd, 256 << 20) == 0);
        close(fd);
        put_text("evidence/SHA256SUMS", "");
        getrusage(RUSAGE_SELF, &before);
        {
                _cleanup_packet_verdict_ struct packet_verdict verdict = look();

                cr_expect(says(&verdict, PACKET_CHECK_LOG, "telemetry/events.normalized.jsonl", "line 1 has no end"));
        }
        getrusage(RUSAGE_SELF, &after);
        cr_expect_lt(after.ru_maxrss - before.ru_maxrss, 150 << 10, "%ld KiB", after.ru_maxrss - before.ru_maxrss);
}

/* What a log may tell is bounded by what a report can hold: lists without end are neither kept nor compared. */
Test(verify, a_log_that_tells_more_than_any_report, .timeout = 120)
{
        struct log log = {.head = ZEROS};
        _cleanup_str_ struct str data = {0};

        str_puts(&data, "{\"name\":[0");
        for (int i = 0; i < 200000; i++)
                str_puts(&data, ",0");
        str_puts(&data, "]}");
        move(&log, "none", "created", "");
        for (int i = 0; i < 12; i++)
                event(&log, "director", "receipt.verifier", str_text(&data));
        put("telemetry/events.normalized.jsonl", log.text.data, log.text.len);
        str_release(&log.text);
        {
                _cleanup_packet_verdict_ struct packet_verdict verdict = look();

                cr_expect(says(&verdict, PACKET_CHECK_LOG, "telemetry/events.normalized.jsonl",
                               "it tells more than any report holds"));
        }
}
