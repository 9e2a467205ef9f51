/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/guess.h"

#include "policy/policy.h"

#include <criterion/criterion.h>
#include <string.h>

static struct guesses guess(const char *path, const char *bytes, const char *path2, const char *bytes2)
{
        const struct guess_file files[] = {{path, bytes, strlen(bytes)}, {path2, bytes2, strlen(bytes2)}};
        const struct guess_input input = {files, path2[0] ? 2 : 1};
        struct guesses guesses;

        guess_verifiers(&input, &guesses);
        return guesses;
}

#define GUESS1(path, bytes) guess(path, bytes, "", "")

static void expect_run(struct guesses guesses, const char *run)
{
        cr_assert_eq(guesses.len, run ? 1 : 0, "%zu guesses, first: %s", guesses.len,
                     guesses.len ? guesses.items[0].run : "-");
        if (run)
                cr_assert_str_eq(guesses.items[0].run, run);
}

Test(guess, a_make_target_counts_only_as_a_target)
{
        expect_run(GUESS1("Makefile", "all:\n\ttrue\ntest: all\n\t./t\n"), "make test");
        expect_run(GUESS1("Makefile", "check test::\n"), "make test");
        expect_run(GUESS1("Makefile", "check:\n\t./t"), "make check");
        expect_run(GUESS1("Makefile", ".PHONY: test\n# test:\nlatest: x\ntest-all:\nall:\n\ttest: no\n"), NULL);
        expect_run(GUESS1("Makefile", "test := 1\ntest ::= 2\nA = test: b\n"), NULL);
        expect_run(GUESS1("Makefile", ""), NULL);
        expect_run(GUESS1("Makefile", "test"), NULL);
}

Test(guess, node_needs_a_real_test_script)
{
        struct guesses guesses = guess("package.json", "{\"scripts\":{\"test\":\"vitest\"}}", "pnpm-lock.yaml", "");

        expect_run(guesses, "pnpm test");
        cr_assert_str_eq(guesses.items[0].carry, "node_modules");
        cr_assert_str_eq(guesses.items[0].name, "unit");
        expect_run(GUESS1("package.json", "{\"scripts\":{\"test\":\"jest\"}}"), "npm test");
        expect_run(
                GUESS1("package.json", "{\"scripts\":{\"test\":\"echo \\\"Error: no test specified\\\" && exit 1\"}}"),
                NULL);
        expect_run(GUESS1("package.json", "{\"scripts\":[1]}"), NULL);
        expect_run(GUESS1("package.json", "[[[[ not json"), NULL);
}

Test(guess, python_says_pytest_or_unittest)
{
        expect_run(GUESS1("pyproject.toml", "[tool.pytest.ini_options]\n"), "python3 -m pytest -q -p no:cacheprovider");
        expect_run(GUESS1("pyproject.toml", "[project]\n"), NULL);
        expect_run(GUESS1("tests/test_a.py", "import unittest\n"), "python3 -m unittest discover -s tests");
        expect_run(GUESS1("test_a.py", "import unittest\n"), "python3 -m unittest discover");
        expect_run(GUESS1("test_a.py", "def test_a():\n  pass\n"), "python3 -m pytest -q -p no:cacheprovider");
        expect_run(GUESS1("contest_a.py", "import unittest\n"), NULL);
}

Test(guess, the_build_file_wins_over_the_languages)
{
        expect_run(guess("Cargo.toml", "", "Makefile", "test:\n"), "make test");
        expect_run(GUESS1("Cargo.toml", ""), "cargo test --offline");
        expect_run(GUESS1("go.mod", ""), "go test ./...");
        cr_assert_eq(GUESS1("CMakeLists.txt", "project(x)\nenable_testing()\n").len, 1);
        cr_assert_eq(GUESS1("CMakeLists.txt", "project(x)\n").len, 0);
}

Test(guess, several_languages_keep_their_names)
{
        struct guesses guesses = guess("Cargo.toml", "", "package.json", "{\"scripts\":{\"test\":\"jest\"}}");

        cr_assert_eq(guesses.len, 2);
        cr_assert_str_eq(guesses.items[0].name, "npm-test");
        cr_assert_str_eq(guesses.items[1].name, "cargo-test");
}

Test(guess, wanted_paths_are_those_of_the_rules)
{
        cr_assert(guess_wants("Makefile"));
        cr_assert(guess_wants("yarn.lock"));
        cr_assert(guess_wants("tests/test_x.py"));
        cr_assert_not(guess_wants("README.md"));
        cr_assert_not(guess_wants(""));
}

static void expect_valid(const struct guesses *guesses, size_t verifiers, size_t carried)
{
        _cleanup_str_ struct str text = {0};
        _cleanup_policy_ struct policy policy;
        struct err err = ERR_INIT;

        policy_init(&policy);
        guess_policy(guesses, &text);
        cr_assert_eq(
                policy_parse(str_text(&text), text.len, "policy.yaml", POLICY_FROM_WORKTREE, "/home/u", &policy, &err),
                0, "%s\n%s", err.message, str_text(&text));
        cr_assert_eq(policy.verifiers.len, verifiers);
        cr_assert_eq(policy.sandbox.carry.len, carried);
}

Test(guess, the_written_policy_is_valid_whatever_was_guessed)
{
        const struct guess_file files[] = {{"package.json", "{\"scripts\":{\"test\":\"x\"}}", 24},
                                           {"mix.exs", "", 0},
                                           {"go.mod", "", 0},
                                           {"pom.xml", "", 0},
                                           {"CMakeLists.txt", "include(CTest)", 14},
                                           {"meson.build", "test(", 5}};
        const struct guess_input input = {files, 6};
        struct guesses guesses;

        guess_verifiers(&input, &guesses);
        cr_assert_eq(guesses.len, 6);
        expect_valid(&guesses, 6, 2);
        expect_valid(&(struct guesses){0}, 0, 0);
}

Test(guess, a_policy_with_openings_opens_nothing_by_itself)
{
        const struct guesses none = {0};
        _cleanup_str_ struct str text = {0};
        _cleanup_policy_ struct policy user, own;
        struct policy_openings openings = {0};
        struct err err = ERR_INIT;

        guess_policy(&none, &text);
        policy_default(&user);
        policy_init(&own);
        cr_assert_eq(policy_parse(str_text(&text), text.len, "p", POLICY_FROM_COMMIT, "/home/u", &own, &err), 0);
        policy_openings(NULL, &user, &own, &openings);
        cr_assert_null(openings.json);
        policy_openings_release(&openings);
}
