/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree-judge [OPTIONS]: random sequences of edits in overlays; the read-back's tree of each must be git's. scripts/fuzz-trees starts
 * it in a mount namespace and says what the options are.
 */
#include "lib/base/cleanup.h"
#include "tests/trees/place.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define PER_BASE 40
#define TOGETHER 24 /* bases that wait for the clock together */
#define TOLD_MOST 20

static volatile sig_atomic_t ended;

struct round {
        uint64_t seed, base_number;
        struct place_config config;
        struct edits base;
};

struct totals {
        uint64_t sequences, bases, differ, unseen, changed, edits, kinds[EDIT_KIND_COUNT];
};

struct wishes {
        uint64_t sequences, seed;
        int64_t base, number; /* one sequence alone; -1: all */
        const char *folder, *report, *commit;
        bool keep;
};

static struct rng rng_of(uint64_t seed, uint64_t base, uint64_t number)
{
        struct rng rng = {.state = seed * 0x2545f4914f6cdd1dull + base * 0x9e3779b97f4a7c15ull + number};

        (void)rng_below(&rng, 2);
        rng.state ^= rng.state >> 29;
        return rng;
}

static void begin(struct round *round, struct place *place, uint64_t seed, uint64_t number)
{
        static const char *const autocrlf[] = {NULL, NULL, NULL, NULL, NULL, NULL, "input", "true"};
        struct rng rng = rng_of(seed, number, 0);

        *round = (struct round){.seed = seed, .base_number = number};
        round->config = (struct place_config){.autocrlf = autocrlf[rng_below(&rng, 8)],
                                              .distrust_mode = rng_below(&rng, 12) == 0,
                                              .as_is = rng_below(&rng, 4) == 0,
                                              .exclude = rng_below(&rng, 4) ? 0 : 1 + rng_below(&rng, 1000)};
        edits_base(&rng, &round->base);
        place_base(place, &round->config, &round->base);
}

static bool same(const struct place_result *result)
{
        return !result->why[0] && result->git[0] && strcmp(result->git, result->ours) == 0 &&
               strcmp(result->git, result->late) == 0;
}

static bool agree(const struct place_result *result)
{
        return same(result) || result->unseen;
}

/* Leaves out what is not needed for them to differ. */
static void minimise(struct place *place, const struct round *round, struct edits *edits, struct place_result *result)
{
        for (size_t i = 0; edits->len > 1 && i < edits->len;) {
                const struct edit left_out = edits->items[i];
                struct place_result now;

                memmove(&edits->items[i], &edits->items[i + 1], (edits->len - i - 1) * sizeof(*edits->items));
                edits->len--;
                place_judge(place, &round->base, edits, &now);
                if (!agree(&now)) {
                        *result = now;
                        free(left_out.path);
                        free(left_out.other);
                        continue;
                }
                memmove(&edits->items[i + 1], &edits->items[i], (edits->len - i) * sizeof(*edits->items));
                edits->items[i++] = left_out;
                edits->len++;
        }
}

static void tell(struct place *place, const struct round *round, uint64_t number, struct edits *edits,
                 struct place_result *result, struct totals *totals)
{
        const struct place_config *config = &round->config;

        if (!totals->differ++)
                edits_print_head(stdout);
        if (totals->differ > TOLD_MOST)
                return;
        minimise(place, round, edits, result);
        printf("\n# --seed %llu --base %llu --number %llu\n# git: %s\n# ours: %s, in two parts: %s\n%s%s%s",
               (unsigned long long)round->seed, (unsigned long long)round->base_number, (unsigned long long)number,
               result->git, result->ours, result->late, result->why[0] ? "# " : "", result->why,
               result->why[0] ? "\n" : "");
        printf("# core.autocrlf %s, core.filemode %s, the base's blobs %s, info/exclude: %s\n# the base:\n(\n",
               config->autocrlf ? config->autocrlf : "not set", config->distrust_mode ? "false" : "true",
               config->as_is ? "as they are" : "by git add", config->exclude ? edit_ignore_line(config->exclude) : "");
        edits_print(stdout, &round->base);
        puts(")\n# the sequence:\n(");
        edits_print(stdout, edits);
        puts(")");
        fflush(stdout);
}

static void try(struct place *place, const struct round *round, uint64_t number, struct totals *totals)
{
        struct rng rng = rng_of(round->seed, round->base_number, number);
        struct edits edits = {0};
        struct place_result result;

        edits_make(&rng, &round->base, &edits);
        place_judge(place, &round->base, &edits, &result);
        totals->sequences++;
        totals->unseen += result.unseen && !same(&result);
        totals->edits += edits.len;
        totals->changed += strcmp(result.git, place->tree) != 0;
        for (size_t i = 0; i < edits.len; i++)
                totals->kinds[edits.items[i].kind]++;
        if (!agree(&result))
                tell(place, round, number, &edits, &result, totals);
        edits_release(&edits);
}

/* Of a later second than everything that is there. */
static void wait_for_the_clock(void)
{
        const time_t now = time(NULL);
        struct timespec at;

        do {
                clock_gettime(CLOCK_REALTIME_COARSE, &at);
                usleep((useconds_t)(1000000 - at.tv_nsec / 1000) % 1000000 + 1000);
        } while (time(NULL) <= now);
}

static void run_bases(struct place *places, const struct wishes *wishes, uint64_t first, struct totals *totals)
{
        struct round rounds[TOGETHER];
        const uint64_t left = (wishes->sequences - totals->sequences + PER_BASE - 1) / PER_BASE;
        const size_t count = left < TOGETHER ? (size_t)left : TOGETHER;

        for (size_t i = 0; i < count; i++)
                begin(&rounds[i], &places[i], wishes->seed, wishes->base < 0 ? first + i : (uint64_t)wishes->base);
        wait_for_the_clock();
        for (size_t i = 0; i < count; i++) {
                for (uint64_t number = 1; number <= PER_BASE && totals->sequences < wishes->sequences && !ended;
                     number++)
                        try(&places[i], &rounds[i], wishes->number < 0 ? number : (uint64_t)wishes->number, totals);
                edits_release(&rounds[i].base);
                totals->bases++;
        }
        printf("%llu sequences, %llu differ\n", (unsigned long long)totals->sequences,
               (unsigned long long)totals->differ);
        fflush(stdout);
}

static void run(const struct wishes *wishes, struct totals *totals)
{
        struct place places[TOGETHER];

        for (size_t i = 0; i < TOGETHER; i++)
                place_open(&places[i], wishes->folder);
        for (uint64_t base = 0; totals->sequences < wishes->sequences && !ended; base += TOGETHER)
                run_bases(places, wishes, base, totals);
        if (wishes->keep)
                printf("kept: %s\n", places[0].folder);
        for (size_t i = wishes->keep; i < TOGETHER; i++)
                place_close(&places[i]);
}

/* What was done until then is reported. */
static void end(int signal)
{
        (void)signal;
        ended = 1;
}

static double cpu_seconds(void)
{
        struct rusage mine, theirs;

        getrusage(RUSAGE_SELF, &mine);
        getrusage(RUSAGE_CHILDREN, &theirs);
        return (double)(mine.ru_utime.tv_sec + mine.ru_stime.tv_sec + theirs.ru_utime.tv_sec + theirs.ru_stime.tv_sec) +
               (double)(mine.ru_utime.tv_usec + mine.ru_stime.tv_usec + theirs.ru_utime.tv_usec +
                        theirs.ru_stime.tv_usec) /
                       1e6;
}

static void report(const struct wishes *wishes, const struct totals *totals)
{
        FILE *file = wishes->report ? fopen(wishes->report, "a") : NULL;

        printf("%llu sequences of %llu edits over %llu bases, %llu changed the tree, %llu git cannot read, %llu "
               "differ\n",
               (unsigned long long)totals->sequences, (unsigned long long)totals->edits,
               (unsigned long long)totals->bases, (unsigned long long)totals->changed,
               (unsigned long long)totals->unseen, (unsigned long long)totals->differ);
        if (!file)
                return;
        fprintf(file,
                "{\"target\":\"trees\",\"commit\":\"%s\",\"seed\":%llu,\"cpu_seconds\":%.0f,\"executions\":%llu,"
                "\"edits\":%llu,\"bases\":%llu,\"changed\":%llu,\"unjudged\":%llu,\"findings\":%llu,\"kinds\":{",
                wishes->commit, (unsigned long long)wishes->seed, cpu_seconds(), (unsigned long long)totals->sequences,
                (unsigned long long)totals->edits, (unsigned long long)totals->bases,
                (unsigned long long)totals->changed, (unsigned long long)totals->unseen,
                (unsigned long long)totals->differ);
        for (size_t i = 0; i < EDIT_KIND_COUNT; i++)
                fprintf(file, "%s\"%s\":%llu", i ? "," : "", edit_kind_names[i], (unsigned long long)totals->kinds[i]);
        fputs("}}\n", file);
        fclose(file);
}

/* The value of a numeric option; -1, and it is told, where that is no whole number from `least` on. */
static int64_t number_of(const char *option, const char *text, int64_t least)
{
        char *end;
        long long value;

        errno = 0;
        value = strtoll(text, &end, 10);
        if (!errno && end != text && !*end && value >= least)
                return value;
        fprintf(stderr, "tree-judge: --%s takes a whole number from %d on, not \"%s\"\n", option, (int)least, text);
        return -1;
}

static bool wish(struct wishes *wishes, int got, const char *option)
{
        const int64_t least = got == 'n' || got == 'i'; /* seeds and bases begin with 0 */
        const int64_t value = strchr("nsbi", got) ? number_of(option, optarg, least) : 0;

        if (got == 'n' || got == 's')
                *(got == 'n' ? &wishes->sequences : &wishes->seed) = (uint64_t)value;
        else if (got == 'b' || got == 'i')
                *(got == 'b' ? &wishes->base : &wishes->number) = value;
        else if (got == 'f' || got == 'r')
                *(got == 'f' ? &wishes->folder : &wishes->report) = optarg;
        else if (got == 'c')
                wishes->commit = optarg;
        else if (got == 'k')
                wishes->keep = true;
        return value >= 0 && got != '?';
}

int main(int argc, char **argv)
{
        static const struct option options[] = {{"sequences", required_argument, NULL, 'n'},
                                                {"seed", required_argument, NULL, 's'},
                                                {"base", required_argument, NULL, 'b'},
                                                {"number", required_argument, NULL, 'i'},
                                                {"folder", required_argument, NULL, 'f'},
                                                {"report", required_argument, NULL, 'r'},
                                                {"commit", required_argument, NULL, 'c'},
                                                {"keep", no_argument, NULL, 'k'},
                                                {0}};
        struct wishes wishes = {
                .sequences = 10000, .seed = 1, .base = -1, .number = -1, .folder = "/dev/shm", .commit = ""};
        struct totals totals = {0};

        for (int got, at = 0; (got = getopt_long(argc, argv, "", options, &at)) != -1;)
                if (!wish(&wishes, got, options[at].name))
                        return 2;
        signal(SIGTERM, end);
        signal(SIGINT, end);
        if (wishes.number >= 0)
                wishes.sequences = 1;
        run(&wishes, &totals);
        report(&wishes, &totals);
        return totals.differ ? 1 : 0;
}
