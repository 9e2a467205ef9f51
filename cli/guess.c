/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table of rules, in order of how much they say: build files first; a rule of that group that holds ends the search. Of
 * the languages one rule per family holds, the first one. A file that cannot be understood says nothing.
 */
#include "cli/guess.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <string.h>

struct rule {
        const char *family; /* the first rule of a family that holds is the guess; "build" ends the search */
        const char *path;   /* NULL: any Python test file */
        bool (*holds)(const struct guess_file *file, const struct guess_input *input, const char *word);
        const char *word;
        struct guess guess;
};

static const struct guess_file *find(const struct guess_input *input, const char *path)
{
        for (size_t i = 0; i < input->len; i++)
                if (strcmp(input->files[i].path, path) == 0)
                        return &input->files[i];
        return NULL;
}

static bool contains(const struct guess_file *file, const char *word)
{
        return memmem(file->bytes, file->len, word, strlen(word)) != NULL;
}

static bool is_there(const struct guess_file *file, const struct guess_input *input, const char *word)
{
        (void)file;
        (void)input;
        (void)word;
        return true;
}

static bool has_word(const struct guess_file *file, const struct guess_input *input, const char *word)
{
        (void)input;
        return contains(file, word);
}

static bool word_char(char c)
{
        return c == '_' || c == '-' || c == '.' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

/* A rule line "… test …:" of make or just: words before a colon that is no assignment; recipes and comments do not count. */
static bool line_has_target(const char *line, size_t len, const char *word)
{
        const char *colon = memchr(line, ':', len);
        const size_t word_len = strlen(word);

        if (!colon || len == 0 || line[0] == '\t' || line[0] == ' ' || line[0] == '#' || line[0] == '.')
                return false;
        if (colon + 1 < line + len &&
            (colon[1] == '=' || (colon[1] == ':' && colon + 2 < line + len && colon[2] == '=')))
                return false;
        for (const char *at = line; at + word_len <= colon; at++)
                if (memcmp(at, word, word_len) == 0 && (at == line || !word_char(at[-1])) && !word_char(at[word_len]))
                        return memchr(line, '=', (size_t)(colon - line)) == NULL;
        return false;
}

static bool has_target(const struct guess_file *file, const struct guess_input *input, const char *word)
{
        const char *at = file->bytes, *end = file->bytes + file->len;

        (void)input;
        while (at < end) {
                const char *newline = memchr(at, '\n', (size_t)(end - at));
                const char *stop = newline ? newline : end;

                if (line_has_target(at, (size_t)(stop - at), word))
                        return true;
                at = stop + 1;
        }
        return false;
}

/* `word` is the lock file of the package manager, or NULL. What `npm init` writes as a test is none. */
static bool has_npm_test(const struct guess_file *file, const struct guess_input *input, const char *word)
{
        struct err err = ERR_INIT;
        _cleanup_json_ json_t *package = json_parse(file->bytes, file->len, file->path, &err);
        const char *test = json_string_value(json_object_get(json_object_get(package, "scripts"), "test"));

        if (!test || !test[0] || strstr(test, "no test specified"))
                return false;
        return !word || find(input, word);
}

static bool starts_with(const char *text, const char *start)
{
        return strncmp(text, start, strlen(start)) == 0;
}

static bool is_python_test(const char *path)
{
        const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
        const size_t len = strlen(name);

        if (len < 4 || strcmp(name + len - 3, ".py") != 0)
                return false;
        return starts_with(name, "test_") || (len > 8 && strcmp(name + len - 8, "_test.py") == 0) ||
               strcmp(name, "conftest.py") == 0;
}

/* Is there a test file directly in `folder` ("" is the root) that holds `word`? */
static bool python_test_in(const struct guess_input *input, const char *folder, const char *word)
{
        for (size_t i = 0; i < input->len; i++) {
                const struct guess_file *file = &input->files[i];

                if (is_python_test(file->path) && contains(file, word) &&
                    (folder[0] ? starts_with(file->path, folder) : strchr(file->path, '/') == NULL))
                        return true;
        }
        return false;
}

static bool unittest_below(const struct guess_file *file, const struct guess_input *input, const char *word)
{
        (void)file;
        return python_test_in(input, word, "unittest");
}

static bool pytest_anywhere(const struct guess_file *file, const struct guess_input *input, const char *word)
{
        (void)file;
        return python_test_in(input, "", word) || python_test_in(input, "tests/", word) ||
               python_test_in(input, "test/", word);
}

#define PYTEST "python3 -m pytest -q -p no:cacheprovider"
#define NODE_HINT "its packages, installed in your checkout, since there is no network"
#define CARGO_HINT "the toolchain and its registry: sandbox.read [~/.cargo, ~/.rustup] (needs `cupel admit`)"
#define GO_HINT "the module cache: sandbox.read [~/go/pkg/mod] (needs `cupel admit`), or a vendor folder"
#define JVM_HINT                                                                                                       \
        "the dependency cache, which it locks: sandbox.write [~/.m2] or [~/.gradle] (needs `cupel admit`; nothing is " \
        "kept)"
#define CMAKE_RUN                                                                                                      \
        "cmake -S . -B /tmp/build && cmake --build /tmp/build -j && ctest --test-dir /tmp/build --output-on-failure"

static const struct rule rules[] = {
        {"build", "GNUmakefile", has_target, "test", {"unit", "make test", "GNUmakefile has the target test", 0, 0}},
        {"build", "makefile", has_target, "test", {"unit", "make test", "makefile has the target test", 0, 0}},
        {"build", "Makefile", has_target, "test", {"unit", "make test", "Makefile has the target test", 0, 0}},
        {"build", "Makefile", has_target, "check", {"unit", "make check", "Makefile has the target check", 0, 0}},
        {"build", "justfile", has_target, "test", {"unit", "just test", "justfile has the recipe test", 0, 0}},
        {"node",
         "package.json",
         has_npm_test,
         "pnpm-lock.yaml",
         {"pnpm-test", "pnpm test", "package.json has scripts.test, pnpm-lock.yaml is there", "node_modules",
          NODE_HINT}},
        {"node",
         "package.json",
         has_npm_test,
         "yarn.lock",
         {"yarn-test", "yarn test", "package.json has scripts.test, yarn.lock is there", "node_modules", NODE_HINT}},
        {"node",
         "package.json",
         has_npm_test,
         NULL,
         {"npm-test", "npm test", "package.json has scripts.test", "node_modules", NODE_HINT}},
        {"python", "pytest.ini", is_there, NULL, {"pytest", PYTEST, "pytest.ini is there", 0, 0}},
        {"python", "pyproject.toml", has_word, "pytest", {"pytest", PYTEST, "pyproject.toml names pytest", 0, 0}},
        {"python", "setup.cfg", has_word, "[tool:pytest]", {"pytest", PYTEST, "setup.cfg configures pytest", 0, 0}},
        {"python", "tox.ini", has_word, "[pytest]", {"pytest", PYTEST, "tox.ini configures pytest", 0, 0}},
        {"python",
         NULL,
         unittest_below,
         "tests/",
         {"unittest", "python3 -m unittest discover -s tests", "tests/ holds unittest files", 0, 0}},
        {"python",
         NULL,
         unittest_below,
         "test/",
         {"unittest", "python3 -m unittest discover -s test", "test/ holds unittest files", 0, 0}},
        {"python",
         NULL,
         unittest_below,
         "",
         {"unittest", "python3 -m unittest discover", "there are unittest files at the root", 0, 0}},
        {"python", NULL, pytest_anywhere, "def test", {"pytest", PYTEST, "there are files with test functions", 0, 0}},
        {"rust",
         "Cargo.toml",
         is_there,
         NULL,
         {"cargo-test", "cargo test --offline", "Cargo.toml is there", 0, CARGO_HINT}},
        {"go", "go.mod", is_there, NULL, {"go-test", "go test ./...", "go.mod is there", 0, GO_HINT}},
        {"cmake",
         "CMakeLists.txt",
         has_word,
         "enable_testing",
         {"ctest", CMAKE_RUN, "CMakeLists.txt enables testing", 0, 0}},
        {"cmake",
         "CMakeLists.txt",
         has_word,
         "include(CTest)",
         {"ctest", CMAKE_RUN, "CMakeLists.txt includes CTest", 0, 0}},
        {"meson",
         "meson.build",
         has_word,
         "test(",
         {"meson-test", "meson setup /tmp/build && meson test -C /tmp/build", "meson.build declares tests", 0, 0}},
        {"java",
         "gradlew",
         is_there,
         NULL,
         {"gradle-test", "./gradlew --offline test", "gradlew is there", 0, JVM_HINT}},
        {"java", "pom.xml", is_there, NULL, {"maven-test", "mvn -o -q test", "pom.xml is there", 0, JVM_HINT}},
        {"ruby", ".rspec", is_there, NULL, {"rspec", "bundle exec rspec", ".rspec is there", 0, 0}},
        {"elixir", "mix.exs", is_there, NULL, {"mix-test", "mix test", "mix.exs is there", "deps", 0}},
};

#define RULES_LEN (sizeof(rules) / sizeof(rules[0]))

static const char *const more_paths[] = {"pnpm-lock.yaml", "yarn.lock"};

bool guess_wants(const char *path)
{
        if (is_python_test(path))
                return true;
        for (const char *const *known = guess_known_paths(); *known; known++)
                if (strcmp(*known, path) == 0)
                        return true;
        return false;
}

const char *const *guess_known_paths(void)
{
        static const char *known[RULES_LEN + 3];
        size_t len = 0;

        if (known[0])
                return known;
        for (size_t i = 0; i < RULES_LEN; i++)
                if (rules[i].path && (len == 0 || strcmp(known[len - 1], rules[i].path) != 0))
                        known[len++] = rules[i].path;
        for (size_t i = 0; i < 2; i++)
                known[len++] = more_paths[i];
        return known;
}

static bool rule_holds(const struct rule *rule, const struct guess_input *input)
{
        const struct guess_file *file = rule->path ? find(input, rule->path) : NULL;

        return (file || !rule->path) && rule->holds(file, input, rule->word);
}

void guess_verifiers(const struct guess_input *input, struct guesses *ret)
{
        const char *family = "";

        *ret = (struct guesses){0};
        for (size_t i = 0; i < RULES_LEN && ret->len < GUESSES_MAX; i++) {
                if (strcmp(rules[i].family, family) == 0 || !rule_holds(&rules[i], input))
                        continue;
                family = rules[i].family;
                ret->items[ret->len++] = rules[i].guess;
                if (strcmp(family, "build") == 0)
                        break;
        }
        if (ret->len == 1)
                ret->items[0].name = "unit";
}
