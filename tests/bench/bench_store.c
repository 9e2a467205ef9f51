/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many notes per second reach the committed log: bench-store [TOTAL [PER_BATCH]] in a folder of its own, below $TMPDIR.
 * Prints one line of JSON. Exits 1 where the chain of what it wrote is broken.
 */
#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/store/store.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct bench {
        char folder[256], path[300];
        struct store *store;
        long total, per_batch;
};

static int write_batch(struct bench *bench, json_t *data, long count, struct err *err)
{
        const struct store_event event = {
                .run = "bench", .type = "note.status", .actor = EVENT_ACTOR_AGENT, .data = data};

        if (store_batch_begin(bench->store, err) < 0)
                return -1;
        for (long i = 0; i < count; i++)
                if (store_event_append(bench->store, &event, NULL, err) < 0)
                        return -1;
        return store_batch_commit(bench->store, err);
}

static int measure(struct bench *bench, struct err *err)
{
        _cleanup_json_ json_t *data = json_pack("{s:s, s:f, s:i}", "text", "looked at src/strings.py and its tests",
                                                "progress", 0.25, "tick", 7);
        const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";
        struct store_run_spec spec = {
                .id = "bench", .item = "BENCH", .item_sha256 = zeros, .title = "bench", .mood = "calm"};
        struct store_chain_report report;
        uint64_t begin, wrote, opened = clock_us();

        if (store_open(bench->path, "bench", STORE_CREATE, &bench->store, err) < 0 ||
            store_run_create(bench->store, &spec, err) < 0)
                return -1;
        begin = clock_us();
        for (long done = 0; done < bench->total; done += bench->per_batch)
                if (write_batch(bench, data, bench->per_batch, err) < 0)
                        return -1;
        wrote = clock_us();
        if (store_chain_verify(bench->store, NULL, &report, err) < 0)
                return -1;
        printf("{\"notes\":%ld,\"per_batch\":%ld,\"notes_per_second\":%.0f,\"create_ms\":%.2f,\"verify_ms\":%.0f,"
               "\"ok\":%s}\n",
               bench->total, bench->per_batch, 1e6 * (double)bench->total / (double)(wrote - begin),
               (double)(begin - opened) / 1e3, (double)(clock_us() - wrote) / 1e3, report.ok ? "true" : "false");
        return report.ok ? 0 : err_set(err, ERR_STORE, "%s", report.what);
}

static void remove_files(struct bench *bench)
{
        static const char *const names[] = {"", "-wal", "-shm"};
        char path[320];

        for (size_t i = 0; i < 3; i++) {
                snprintf(path, sizeof(path), "%s%s", bench->path, names[i]);
                unlink(path);
        }
        rmdir(bench->folder);
}

int main(int argc, char **argv)
{
        const char *tmp = getenv("TMPDIR");
        struct bench bench = {.total = argc > 1 ? atol(argv[1]) : 200000, .per_batch = argc > 2 ? atol(argv[2]) : 500};
        struct err err = ERR_INIT;
        int result;

        snprintf(bench.folder, sizeof(bench.folder), "%s/cupel-bench-XXXXXX", tmp ? tmp : "/tmp");
        if (bench.total < 1 || bench.per_batch < 1 || !mkdtemp(bench.folder)) {
                fputs("usage: bench-store [TOTAL [PER_BATCH]]\n", stderr);
                return 2;
        }
        snprintf(bench.path, sizeof(bench.path), "%s/store.db", bench.folder);
        result = measure(&bench, &err);
        if (result < 0)
                err_report(stderr, "bench-store", &err);
        store_close(bench.store);
        remove_files(&bench);
        return result < 0;
}
