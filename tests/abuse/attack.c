/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What hostile code tries inside, against the table of what must happen (attempts.def):
 *
 *         attack                         every attempt that needs no preparation
 *         attack NAME|NUMBER [ARGUMENT]  one of them; a NUMBER like "7." means all of that line
 *         attack except NAME…            every attempt but those
 *         attack raw NAME [ARGUMENT]     one, in this process: for those that do not end by themselves
 *         attack with-key NAME COMMAND…  runs it in a new session keyring that holds that key
 *         attack rows | table            the table, for scripts and for people
 *         attack cannot-write PATH… | network-cage PORT    in a cage (attack_cage.h)
 *
 * One line per attempt, "ok - …" or "not ok - …"; exit status 0 where all ended as expected.
 */
#include "attack.h"
#include "attack_cage.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define DEADLINE_S 30
#define EXPECTED_MAX 4

enum kind { OF_INSIDE, OF_NAMED, OF_OUTSIDE };

#define ANY(...)                                                                                                       \
        {                                                                                                              \
                __VA_ARGS__, -1                                                                                        \
        }
#define INSIDE(number, name, expected, layers, text)                                                                   \
        {number, #name, attempt_##name, expected, NULL, layers, text, OF_INSIDE},
#define NAMED(number, name, expected, layers, text)                                                                    \
        {number, #name, attempt_##name, expected, NULL, layers, text, OF_NAMED},
#define OUTSIDE(number, expected, layers, text) {number, "", NULL, ANY(BROKEN), expected, layers, text, OF_OUTSIDE},

static const struct row {
        const char *number, *name;
        int (*attempt)(void);
        int expected[EXPECTED_MAX + 1];
        const char *ends; /* of those that a script makes */
        const char *layers, *text;
        enum kind kind;
} rows[] = {
#include "attempts.def"
};

#define ROWS (sizeof(rows) / sizeof(*rows))

const char *attack_argument = "";

/* ---- For the attempts ---- */

/* Shared with the process that makes the attempt. */
static struct account {
        bool ended;
        int result;
        char why[512];
} * account;

void explain(const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(account->why, sizeof(account->why), format, arguments);
        va_end(arguments);
}

int open_for_writing(const char *path)
{
        return answer(open(path, O_WRONLY | O_CLOEXEC));
}

const char *proc_status(const char *pid, const char *name)
{
        static char value[64];
        char path[64], line[256];
        FILE *file;

        value[0] = '\0';
        snprintf(path, sizeof(path), "/proc/%s/status", pid);
        file = fopen(path, "re");
        while (file && fgets(line, sizeof(line), file))
                if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
                        sscanf(line + strlen(name) + 1, " %63s", value);
        if (file)
                fclose(file);
        return value;
}

int run_program(const char *const argv[], char *ret_output, unsigned long size)
{
        int pipes[2], status;
        unsigned long len = 0;
        ssize_t got;
        pid_t pid;

        if (pipe(pipes) < 0 || (pid = fork()) < 0)
                return -1;
        if (pid == 0) {
                dup2(pipes[1], 1);
                dup2(pipes[1], 2);
                execvp(argv[0], (char *const *)(unsigned long)argv);
                _exit(127);
        }
        close(pipes[1]);
        while (len + 1 < size && (got = read(pipes[0], ret_output + len, size - 1 - len)) > 0)
                len += (unsigned long)got;
        ret_output[len] = '\0';
        close(pipes[0]);
        return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- Making one ---- */

static const char *result_name(int result, char buffer[32])
{
        static const char *const ends[] = {"held", "GAINED", "BROKEN"};

        if (result == WORKED)
                return "works";
        if (result >= HELD && result <= BROKEN)
                return ends[result - HELD];
        if (result > KILLED && result < HELD) {
                snprintf(buffer, 32, "SIG%s", sigabbrev_np(result - KILLED));
                return buffer;
        }
        return strerrorname_np(result) ? strerrorname_np(result) : "unknown";
}

static bool is_expected(const struct row *row, int result)
{
        for (size_t i = 0; i < EXPECTED_MAX && row->expected[i] >= 0; i++)
                if (row->expected[i] == result)
                        return true;
        return false;
}

static void __attribute__((noreturn)) make_attempt(const struct row *row, const char *folder)
{
        alarm(DEADLINE_S);
        umask(022);
        mkdir(folder, 0755);
        if (chdir(folder) < 0)
                account->result = BROKEN;
        else
                account->result = row->attempt();
        account->ended = true;
        _exit(0);
}

static int result_of(const struct row *row, const char *folder)
{
        int status = 0;
        pid_t pid;

        *account = (struct account){0};
        fflush(NULL);
        pid = fork();
        if (pid == 0)
                make_attempt(row, folder);
        if (pid < 0 || waitpid(pid, &status, 0) != pid)
                return BROKEN;
        if (account->ended)
                return account->result;
        return WIFSIGNALED(status) ? KILLED_BY(WTERMSIG(status)) : BROKEN;
}

static const char *expected_text(const struct row *row, char buffer[256])
{
        char name[32];
        size_t len = 0;

        if (row->kind == OF_OUTSIDE)
                return row->ends;
        for (size_t i = 0; i < EXPECTED_MAX && row->expected[i] >= 0; i++)
                len += (size_t)snprintf(buffer + len, 256 - len, "%s%s", i ? " or " : "",
                                        result_name(row->expected[i], name));
        return buffer;
}

/* The layers stand last, in brackets: scripts look for them. */
static bool check(const struct row *row)
{
        char folder[64], name[32], expected[256];
        int result;
        bool as_expected;

        snprintf(folder, sizeof(folder), "attempt-%s", row->number);
        result = result_of(row, folder);
        as_expected = is_expected(row, result);
        printf("%s - %s %s: %s: %s", as_expected ? "ok" : "not ok", row->number, row->name, row->text,
               result_name(result, name));
        if (!as_expected)
                printf(", expected %s %s", expected_text(row, expected), account->why);
        printf(" [%s]\n", row->layers);
        return as_expected;
}

/* ---- Choosing ---- */

static bool is_named(const struct row *row, const char *word)
{
        size_t len = strlen(word);

        if (!row->attempt)
                return false;
        return strcmp(row->name, word) == 0 || strcmp(row->number, word) == 0 ||
               (len && word[len - 1] == '.' && strncmp(row->number, word, len) == 0);
}

static bool is_among(const struct row *row, char **words)
{
        for (; *words; words++)
                if (is_named(row, *words))
                        return true;
        return false;
}

static int run_all(char **except)
{
        size_t failed = 0;

        for (size_t i = 0; i < ROWS; i++)
                if (rows[i].kind == OF_INSIDE && !is_among(&rows[i], except))
                        failed += !check(&rows[i]);
        return failed ? 1 : 0;
}

static int run_named(const char *word)
{
        size_t failed = 0, found = 0;

        for (size_t i = 0; i < ROWS; i++)
                if (is_named(&rows[i], word) &&
                    (rows[i].kind == OF_INSIDE || !strchr(word, '.') || strcmp(rows[i].number, word) == 0)) {
                        found++;
                        failed += !check(&rows[i]);
                }
        if (!found)
                fprintf(stderr, "attack: no attempt %s\n", word);
        return found && !failed ? 0 : found ? 1 : 99;
}

static int run_raw(const char *word)
{
        for (size_t i = 0; i < ROWS; i++)
                if (is_named(&rows[i], word))
                        return is_expected(&rows[i], rows[i].attempt()) ? 0 : 1;
        return 99;
}

/* ---- For people and scripts ---- */

static int print_rows(const char *format)
{
        for (size_t i = 0; i < ROWS; i++) {
                char expected[256];

                printf(format, rows[i].number, rows[i].kind == OF_OUTSIDE ? "(script)" : rows[i].name, rows[i].text,
                       expected_text(&rows[i], expected), rows[i].layers);
        }
        return 0;
}

static int print_table(void)
{
        printf("# Attempts\n\n"
               "What hostile code tries, and what must happen. Made from `tests/abuse/attempts.def` by `attack table`; "
               "the\n"
               "suite fails where this file differs. How to run them: docs/testing.md.\n\n"
               "| number | name | attempt | expected | held by |\n|---|---|---|---|---|\n");
        return print_rows("| %s | %s | %s | %s | %s |\n");
}

/* The session that starts a run, with a secret in its keyring. */
static int run_with_key(char **argv)
{
        if (syscall(SYS_keyctl, 1 /* JOIN_SESSION_KEYRING */, "cupel-abuse") < 0 ||
            syscall(SYS_add_key, "user", argv[0], "secret", 6, -3 /* SESSION */) < 0) {
                perror("attack: session keyring");
                return 99;
        }
        execvp(argv[1], argv + 1);
        perror(argv[1]);
        return 99;
}

int main(int argc, char **argv)
{
        account = mmap(NULL, sizeof(*account), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (account == MAP_FAILED)
                return 99;
        if (argc < 2 || strcmp(argv[1], "except") == 0)
                return run_all(argc < 2 ? argv + 1 : argv + 2);
        if (strcmp(argv[1], "cannot-write") == 0)
                return cage_cannot_write(argv + 2);
        if (strcmp(argv[1], "network-cage") == 0 && argc > 2)
                return cage_with_network(argv[2]);
        if (strcmp(argv[1], "with-key") == 0 && argc > 3)
                return run_with_key(argv + 2);
        if (strcmp(argv[1], "rows") == 0)
                return print_rows("%s\t%s\t%s\t%s\t%s\n");
        if (strcmp(argv[1], "table") == 0)
                return print_table();
        if (strcmp(argv[1], "raw") == 0 && argc > 2) {
                attack_argument = argc > 3 ? argv[3] : "";
                return run_raw(argv[2]);
        }
        attack_argument = argc > 2 ? argv[2] : "";
        return run_named(argv[1]);
}
