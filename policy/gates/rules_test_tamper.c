/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules of the gate test_tamper. A mark that turns a test off whatever happens blocks; one that depends on the machine warns. Rows without
 * a pattern are found by policy/gates/test_tamper.c and test_registers.c.
 */
#include "policy/gates/rules.h"

#define TAMPER .gate = GATE_TEST_TAMPER, .place = IN_TESTS
#define ANYWHERE .gate = GATE_TEST_TAMPER, .place = EVERYWHERE

#define TEST_COMMAND                                                                                                   \
        "\\b(?:pytest|py\\.test|unittest|nose2?|tox|jest|vitest|mocha|ava|karma|playwright|ctest|rspec|phpunit|"       \
        "(?:npm|yarn|pnpm|bun)(?:[ ]run)?[ ]test|go[ ]test|cargo[ ](?:next)?test|mvn[ ][\\w -]{0,40}(?:test|verify)|"  \
        "gradlew?[ ][\\w -]{0,40}(?:test|check)|make[ ](?:[\\w=-]{1,30}[ ]){0,4}(?:check|tests?))\\b"

static const struct gate_rule rules[] = {
        {TAMPER, .id = "test-skip-python", .level = GATE_BLOCK, .languages = IN(PYTHON), .view = VIEW_CODE,
         .hint = "skip|xfail|expectedFailure|__test__",
         .pattern = "^[ \\t]*@(?:pytest\\.mark|unittest|mark)\\.(?:skip|xfail|expectedFailure)\\b|^pytestmark[ ]?=[ "
                    "]?[^\\n]{0,60}"
                    "\\.(?:skip|xfail)\\b(?!if)|^[ \\t]*__test__[ ]?=[ ]?False\\b|^pytest\\.skip\\(",
         .path = "tests/test_a.py",
         .must_match = "import pytest\n\n@pytest.mark.skip(reason=\"flaky\")\ndef test_a():\n    assert f() == 1\n",
         .must_not = "@pytest.mark.skipif(windows, reason=\"no fork\")\ndef test_skip():\n    assert skip(1) == "
                     "\"@pytest.mark.skip\"\n",
         .text = "turns a test off"},
        {TAMPER, .id = "test-skip-js", .level = GATE_BLOCK, .languages = IN(JS), .view = VIEW_CODE,
         .hint = "skip|todo|only|fixme|xit|xtest|xdescribe|fit|fdescribe",
         .pattern = "(?<![\\w.$])(?:(?:it|test|describe|context|suite|bench)(?:\\.(?:concurrent|serial))?\\.(?:skip|"
                    "todo|only|fixme)\\b(?=[ ]?"
                    "[(.`])|(?:xit|xtest|xdescribe|xcontext|fit|fdescribe|fcontext)[ ]?\\()",
         .path = "test/a.test.js", .must_match = "it.only(\"adds\", () => {\n        expect(add(1, 2)).toBe(3);\n});\n",
         .must_not = "it(\"skips\", () => {\n        expect(skip(\"it.skip(\")).toBe(3);\n        model.fit(3);\n});\n",
         .text = "turns tests off"},
        {TAMPER, .id = "test-skip-go", .level = GATE_BLOCK, .languages = IN(GO), .view = VIEW_CODE, .hint = "Skip",
         .pattern = "^func[ ](?:Test|Fuzz|Benchmark)\\w{0,200}\\([^)\\n]{0,60}\\)[ "
                    "]\\{\\s{0,200}(?<at>[a-z]{1,3}\\.Skip(?:f|Now)?\\()",
         .path = "a_test.go",
         .must_match = "package a\n\nfunc TestAdd(t *testing.T) {\n\tt.Skip(\"flaky\")\n\tif Add(1, 2) != 3 "
                       "{\n\t\tt.Fatal(\"add\")\n\t}\n}\n",
         .must_not =
                 "package a\n\nfunc TestAdd(t *testing.T) {\n\tif testing.Short() {\n\t\tt.Skip(\"slow\")\n\t}\n}\n",
         .text = "turns a test off"},
        {ANYWHERE, .id = "test-skip-rust", .level = GATE_BLOCK, .languages = IN(RUST), .view = VIEW_CODE,
         .hint = "ignore", .pattern = "#\\[ignore\\b", .path = "src/lib.rs",
         .must_match = "#[test]\n#[ignore]\nfn adds() {\n    assert_eq!(add(1, 2), 3);\n}\n",
         .must_not = "#[test]\nfn ignores() {\n    assert!(ignore(\"#[ignore]\"));\n}\n", .text = "turns a test off"},
        {TAMPER, .id = "test-skip-java", .level = GATE_BLOCK, .languages = IN(JAVA), .view = VIEW_CODE,
         .hint = "@Disabled|@Ignore|assume",
         .pattern = "@(?:Disabled|Ignore)\\b(?!\\w)|\\bassume(?:True\\([ ]?false|False\\([ ]?true)\\b",
         .path = "test/ATest.java",
         .must_match = "class ATest {\n    @Disabled(\"flaky\")\n    @Test\n    void adds() {\n        assertEquals(3, "
                       "add(1, "
                       "2));\n    }\n}\n",
         .must_not = "class ATest {\n    @DisabledOnOs(WINDOWS)\n    @Test\n    void adds() {\n    }\n}\n",
         .text = "turns a test off"},
        {TAMPER, .id = "test-skip-c", .level = GATE_BLOCK, .languages = IN(C) | IN(CPP), .view = VIEW_CODE,
         .hint = "DISABLED_|disabled",
         .pattern = "\\bTEST(?:_F|_P)?[ ]?\\([^)\\n]{0,100}\\bDISABLED_|^Test\\([^)\\n]{0,200}\\.disabled[ ]?=[ "
                    "]?(?:true|1)\\b",
         .path = "tests/a.cc", .must_match = "TEST(Cart, DISABLED_Adds) {\n        EXPECT_EQ(add(1, 2), 3);\n}\n",
         .must_not = "TEST(Cart, Disabled) {\n        EXPECT_EQ(state(\"DISABLED_x\"), 3);\n}\n",
         .text = "turns a test off"},
        {TAMPER, .id = "test-skip-when", .level = GATE_WARN, .languages = IN_CODE, .view = VIEW_CODE,
         .hint = "kip|Disabled|Enabled|assume|exit 77",
         .pattern =
                 "@(?:pytest\\.mark|unittest)\\.skip(?:if|If|Unless)\\b|\\.add_marker\\([ "
                 "]?(?:pytest\\.)?mark\\.(?:skip|xfail)\\b|\\bpytest\\.(?:skip|xfail|importorskip)\\(|"
                 "\\bself\\.skipTest\\(|"
                 "\\b(?:this|t|ctx)\\.skip\\(|\\b[tb]\\.Skip(?:f|Now)?\\(|@(?:Disabled|Enabled)(?:On|If|For)\\w{1,40}|"
                 "\\bassume(?:True|"
                 "False|That)\\(|\\b(?:GTEST_SKIP|QSKIP|SKIP|cr_skip)[ ]?\\(|^[ \\t]*(?:skip\\b(?![ ]?=)|exit[ ]77\\b)",
         .path = "tests/test_a.py",
         .must_match = "@pytest.mark.skipif(windows, reason=\"no fork\")\ndef test_a():\n    assert f() == 1\n",
         .must_not = "def test_a():\n    skipped = f()\n    assert skipped == 1\n",
         .text = "turns a test off under a condition"},
        {TAMPER, .id = "test-says-nothing", .level = GATE_BLOCK, .languages = IN_CODE, .view = VIEW_CODE,
         .hint = "rue|1|==|expect|assert",
         .pattern = "^[ \\t]*assert[ ](?:True|1|not False)[ \\t]*(?:,|$)|^[ \\t]*assert[ ][^\\n]{1,200}[ ]or[ "
                    "](?:True|1)[ \\t]*$|^[ \\t]*assert[ ](?<same>\\d{1,9}|\\w{1,40})[ ]==[ ]\\k<same>[ "
                    "\\t]*(?:,|$)|\\bexpect\\([ ]?(?<like>[\\w.]{1,60})[ ]?\\)\\.(?:toBe|toEqual)\\([ ]?\\k<like>[ "
                    "]?\\)|\\bassertEquals?\\([ ]?(?<alike>\\d{1,9}),[ ]?\\k<alike>[ "
                    "]?\\)|\\b(?:self\\.)?assertTrue\\([ ]?[Tt]rue[ ]?[,)]|"
                    "\\bexpect\\([ ]?(?:true|1)[ "
                    "]?\\)\\.(?:toBe\\((?:true|1)\\)|toBeTruthy\\(\\)|to\\.be\\.true\\b)|\\b(?:EXPECT|ASSERT)_TRUE"
                    "\\([ ]?(?:true|1)[ ]?\\)|\\bassert!\\([ ]?true[ ]?[,)]|\\bcr_assert\\([ ]?(?:true|1)[ ]?\\)",
         .path = "tests/test_a.py", .must_match = "def test_a():\n    assert True\n",
         .must_not = "def test_a():\n    assert TrueColor(1)\n    assert 1 == f()\n",
         .text = "asserts what is always so"},
        {ANYWHERE, .id = "test-failure-ignored", .level = GATE_BLOCK, .languages = IN_ANY, .view = VIEW_RAW,
         .hint = "true| :|exit 0|\t-|\t@-",
         .pattern = "^\\t@?-@?[ ]?" TEST_COMMAND "|" TEST_COMMAND
                    "[^\\n|#]{0,200}(?:\\|\\|[ ]?(?:true|:|exit[ ]0)(?![\\w/])|;[ ]?true\\b)",
         .path = "Makefile", .must_match = "check:\n\tpytest -q tests || true\n",
         .must_not = "check:\n\tpytest -q tests || exit 1\nclean:\n\trm -r out || true\n",
         .text = "ignores that a test fails"},
        {ANYWHERE, .id = "test-none-passes", .level = GATE_BLOCK, .languages = IN_ANY, .view = VIEW_RAW,
         .hint = "assWithNoTests|allow-no-tests|skipTests|maven.test.skip|testFailureIgnore|ignoreFailures|"
                 "failOnNoMatchingTests",
         .pattern = "--passWithNoTests\\b|\\bpassWithNoTests[\"']?[ ]?[:=][ "
                    "]?true|--allow-no-tests\\b|-DskipTests\\b(?!=false)|<skipTests>"
                    "true|maven\\.test\\.skip(?:=true|>true)|<?testFailureIgnore>?[ ]?=?[ ]?true|\\bignoreFailures[ "
                    "]?=[ ]?true",
         .path = "package.json", .must_match = "{\n  \"scripts\": {\"test\": \"jest --passWithNoTests\"}\n}\n",
         .must_not = "{\n  \"scripts\": {\"test\": \"jest --bail\"}\n}\n",
         .text = "lets no test at all pass as tested"},
        {ANYWHERE, .id = "test-excluded", .level = GATE_WARN, .languages = IN_ANY, .view = VIEW_RAW,
         .hint = "testPathIgnorePatterns|--deselect|--ignore|collect_ignore|norecursedirs|-k |--exclude|-skip",
         .pattern = "\\btestPathIgnorePatterns\\b|--deselect[ "
                    "=]|--ignore(?:-glob)?=[^\\s]{0,100}test|\\bcollect_ignore(?:_glob)?[ ]?\\+?=|"
                    "\\bnorecursedirs[ ]?=|\\bpytest\\b[^\\n]{0,100}[ ]-k[ ][\"']?not[ ]|\\bctest\\b[^\\n]{0,100}[ "
                    "](?:-E|--exclude-regex|-LE)[ ]|"
                    "\\bgo[ ]test\\b[^\\n]{0,100}[ ]-skip[ =]",
         .path = "pytest.ini", .must_match = "[pytest]\naddopts = --deselect tests/test_cart.py::test_total\n",
         .must_not = "[pytest]\naddopts = --strict-markers\n", .text = "leaves tests out"},
        {TAMPER, .id = "test-commented-out", .level = GATE_BLOCK, .languages = IN_CODE, .view = VIEW_COMMENT,
         .hint = "assert|expect|EXPECT|ASSERT|def test|@Test|#[test]|it(|test(|func Test",
         .pattern = "^[ \\t]*(?://|#|/\\*|\\*)[ \\t]*(?:self\\.assert\\w{0,40}\\(|assert(?:_eq|_ne)?!?[ "
                    "]?\\([^\\n]{0,200}\\);|assert[ ][\\w.]{1,60}"
                    "(?:\\([^)\\n]{0,60}\\))?[ ](?:==|!=|is|in|not)[ "
                    "]|expect\\([^\\n]{1,200}\\)\\.\\w|(?:EXPECT|ASSERT)_\\w{1,20}\\(|(?:async[ ])?def[ ]"
                    "test\\w{0,100}\\([^\\n]{0,60}:|@Test\\b[ "
                    "\\t]*$|#\\[test\\]|(?:it|test)\\([\"'`][^\\n]{1,200}=>|func[ ]Test\\w{1,100}\\(t[ ])",
         .path = "tests/test_a.py",
         .must_match =
                 "--- tests/test_a.py\ndef test_a():\n    assert f() == 1\n    assert g() == 2\n+++ tests/test_a.py\n"
                 "def test_a():\n    assert f() == 1\n    # assert g() == 2\n",
         .must_not = "def test_a():\n    # assert that both are the same\n    assert f() == g()\n",
         .text = "keeps a test as a comment"},
        {TAMPER, .id = "test-returns-early", .level = GATE_BLOCK, .languages = IN_CODE, .view = VIEW_CODE,
         .hint = "return",
         .pattern =
                 "^[ \\t]*(?:async[ ])?def[ ]test\\w{0,200}[ ]?\\([^)\\n]{0,300}\\)[^:\\n]{0,60}:[ "
                 "\\t]*\\n(?:[ \\t]*\\n){0,5}[ \\t]+(?<at>return)[ \\t]*$(?=\\n(?:[ \\t]*\\n){0,5}[ "
                 "\\t]+\\S)|^func[ ]Test\\w{1,200}\\([^)\\n]{1,60}\\)[ "
                 "]\\{\\s{1,200}(?<at>return)\\n\\s{0,200}[^\\s}]|^Test\\([^)\\n]{1,200}\\)\\s{0,40}\\{\\s{1,200}(?<at>"
                 "return;)\\s{0,200}[^\\s}]|(?<![\\w.$])(?:it|test)[ "
                 "]?\\([^\\n]{1,200}\\{\\n\\s{0,200}(?<at>return;)\\s{0,200}[^\\s}]",
         .path = "tests/test_a.py", .must_match = "def test_a():\n    return\n    assert f() == 1\n",
         .must_not = "def test_a():\n    if not f:\n        return\n    assert f() == 1\n\n\ndef test_b():\n    "
                     "return g()\n",
         .text = "ends a test before it asserts anything"},
        {TAMPER, .id = "test-swallows", .level = GATE_BLOCK, .languages = IN(PYTHON) | IN(JAVA), .view = VIEW_CODE,
         .hint = "AssertionError",
         .pattern = "^[ \\t]*except[ ](?:AssertionError|\\([^)\\n]{0,80}AssertionError[^)\\n]{0,80}\\))[^:\\n]{0,40}:"
                    "[ \\t]*(?:\\n[ \\t]+)?(?:pass|return|continue|\\.\\.\\.)[ "
                    "\\t]*$|\\bcatch[ ]?\\([ ]?AssertionError[ ]\\w{1,40}[ ]?\\)[ ]?\\{\\s{0,200}\\}",
         .path = "tests/test_a.py",
         .must_match = "def test_a():\n    try:\n        assert f() == 1\n    except AssertionError:\n        pass\n",
         .must_not = "def test_a():\n    try:\n        check(0)\n    except AssertionError:\n        return_code = 1\n "
                     "   assert return_code\n",
         .text = "takes no notice of an assertion that fails"},
        {TAMPER, .id = "test-compiled-out", .level = GATE_BLOCK, .languages = IN(C) | IN(CPP), .view = VIEW_CODE,
         .hint = "if", .pattern = "^[ \\t]*#[ \\t]*if[ \\t]+(?:0|false)[ \\t]*$", .path = "tests/a.c",
         .must_match = "#if 0\nTest(a, b)\n{\n        cr_assert(f());\n}\n#endif\n",
         .must_not = "#if 01\n#ifdef ZERO\nTest(a, b)\n{\n        cr_assert(f());\n}\n#endif\n#endif\n",
         .text = "takes a part of the tests out of what is compiled"},
        {TAMPER, .id = "test-not-built", .level = GATE_BLOCK, .languages = IN(GO), .view = VIEW_COMMENT,
         .hint = "build",
         .pattern = "^//go:build[ ](?:ignore|never|skip|disabled?|broken)\\b|^//[ ]?\\+build[ "
                    "](?:ignore|never|skip|disabled?|broken)\\b",
         .path = "a_test.go", .must_match = "//go:build ignore\n\npackage a\n",
         .must_not = "//go:build linux\n\npackage a\n\n// go:build ignore is for programs\n",
         .text = "takes a file of tests out of what is built"},
        {ANYWHERE, .id = "test-replaced", .level = GATE_BLOCK, .languages = IN_ANY, .view = VIEW_RAW, .hint = "\"test",
         .pattern = "\"test(?::[\\w:-]{1,30})?\"\\s{0,4}:\\s{0,4}\"(?:true|:|exit 0|echo(?:[ "
                    "][^\"\\\\&|;\\n]{0,80}|[ ]\\\\\"[^\"\\\\\\n]{0,80}\\\\\")?(?:[ ]?&&[ ]?exit[ ]0)?)\"",
         .path = "package.json", .must_match = "{\n  \"scripts\": {\"test\": \"echo ok\"}\n}\n",
         .must_not = "{\n  \"scripts\": {\"test\": \"echo \\\"Error: no test specified\\\" && exit 1\", \"test:unit\": "
                     "\"echo a && jest\"}\n}\n",
         .text = "runs nothing where tests ran"},
        {ANYWHERE, .id = "test-failure-allowed", .level = GATE_WARN, .languages = IN_ANY, .view = VIEW_RAW,
         .hint = "continue-on-error|allow_failure|WILL_FAIL|DISABLED|continueOnError|if_failed",
         .pattern = "^[ \\t-]{0,60}(?:continue-on-error|allow_failure|continueOnError)[ ]?:[ "
                    "]?true\\b|\\bset_(?:tests_properties|property)\\([^)\\n]{1,200}\\b(?:WILL_FAIL|DISABLED)[ "
                    "](?:TRUE|ON|1)\\b",
         .path = "ci.yml", .must_match = "steps:\n  - run: npm test\n    continue-on-error: true\n",
         .must_not = "# continue-on-error: true\nsteps:\n  - run: npm test\n    continue-on-error: false\n",
         .text = "lets what fails pass"},
        {ANYWHERE, .id = "test-status-dropped", .level = GATE_WARN, .languages = IN(SHELL), .view = VIEW_SOURCE,
         .hint = "exit 0",
         .pattern = "^[ \\t]*" TEST_COMMAND "[^\\n|#]{0,200}\\n(?:[ \\t]*\\n){0,3}[ \\t]*(?<at>exit[ ]0)[ \\t]*$",
         .path = "run.sh", .must_match = "#!/bin/sh\npytest -q tests\nexit 0\n",
         .must_not = "#!/bin/sh\npytest -q tests\nexit $?\n", .text = "ends well whatever the tests say"},
        {ANYWHERE, .id = "test-selection", .level = GATE_WARN, .languages = IN_ANY, .view = VIEW_RAW, .by_value = true,
         .hint = "testpaths|python_f|python_c|testMatch|testRegex",
         .pattern = "^[ \\t]*(?:testpaths|python_files|python_functions|python_classes)[ ]?=[^\\n]{0,200}$|"
                    "\\b(?:testMatch|testRegex)[\"']?[ ]?:[^\\n]{0,200}$",
         .path = "pytest.ini",
         .must_match = "--- pytest.ini\n[pytest]\ntestpaths = tests\n+++ pytest.ini\n[pytest]\n"
                       "testpaths = tests/quick\n",
         .must_not = "--- pytest.ini\n[pytest]\ntestpaths = tests\n+++ pytest.ini\n[pytest]\naddopts = -q\n",
         .text = "says anew where tests are"},
        {ANYWHERE, .id = "test-deleted", .level = GATE_BLOCK, .path = "tests/test_a.py",
         .must_match = "--- tests/test_a.py\ndef test_a():\n    assert f() == 1\n--- src/a.py\ndef f():\n    return "
                       "g()\n+++ src/a.py\ndef f():\n    return h()\n",
         .must_not = "--- tests/test_a.py\ndef test_a():\n    assert f() == 1\n+++ tests/unit/test_a.py\ndef "
                     "test_a():\n    assert f() == 1\n    assert f() != 2\n",
         .text = "is a file of tests that is deleted"},
        {ANYWHERE, .id = "test-data-deleted", .level = GATE_WARN, .path = "tests/data.json",
         .must_match = "--- tests/data.json\n{}\n", .must_not = "--- data.json\n{}\n",
         .text = "belongs to the tests and is deleted"},
        {ANYWHERE, .id = "test-moved-away", .level = GATE_BLOCK, .path = "tests/test_a.py",
         .must_match = "--- tests/test_a.py\ndef test_a():\n    assert f() == 1\n+++ attic/a.py\ndef test_a():\n    "
                       "assert f() == 1\n",
         .must_not = "--- tests/test_a.py\ndef test_a():\n    assert f() == 1\n+++ tests/test_b.py\ndef test_a():\n    "
                     "assert f() == 1\n",
         .text = "is a test that went where no test is looked for"},
        {ANYWHERE, .id = "test-removed", .level = GATE_BLOCK, .path = "tests/test_a.py",
         .must_match =
                 "--- tests/test_a.py\ndef test_a():\n    assert f() == 1\n\ndef test_b():\n    assert g() == 1\n+++ "
                 "tests/test_a.py\ndef test_a():\n    assert f() == 1\n",
         .must_not =
                 "--- tests/test_a.py\ndef test_a():\n    assert f() == 1\n\ndef test_b():\n    assert g() == 1\n+++ "
                 "tests/test_a.py\ndef test_first():\n    assert f() == 1\n\ndef test_b():\n    assert g() == 1\n",
         .text = "has a test less than before"},
        {ANYWHERE, .id = "test-uncollected", .level = GATE_BLOCK, .path = "tests/test_a.py",
         .must_match = "--- tests/test_a.py\ndef test_total():\n    assert f() == 1\n+++ tests/test_a.py\ndef "
                       "no_test_total():\n    assert f() == 1\n",
         .must_not = "--- tests/test_a.py\ndef test_total():\n    assert f() == 1\n+++ tests/test_a.py\ndef "
                     "test_total_of_cart():\n    assert f() == 1\n",
         .text = "renames a test so that nobody runs it"},
        {ANYWHERE, .id = "test-fewer-asserts", .level = GATE_BLOCK, .path = "tests/test_a.py",
         .must_match = "--- tests/test_a.py\ndef test_a():\n    assert f() == 1\n    assert g() == 2\n+++ "
                       "tests/test_a.py\ndef test_a():\n    assert f() == 1\n",
         .must_not = "--- tests/test_a.py\ndef test_a():\n    assert f() == 1\n+++ tests/test_a.py\ndef test_a():\n    "
                     "assert f() == 2\n",
         .text = "asserts less than before"},
        {ANYWHERE, .id = "test-no-asserts", .level = GATE_BLOCK, .path = "tests/test_a.py",
         .must_match = "--- tests/test_a.py\ndef test_a():\n    assert f() == 1\n+++ tests/test_a.py\ndef test_a():\n  "
                       "  f()\n",
         .must_not = "--- tests/test_a.py\ndef test_a():\n    f()\n+++ tests/test_a.py\ndef test_a():\n    g()\n",
         .text = "asserts nothing any more"},
        {ANYWHERE, .id = "test-expected-changed", .level = GATE_WARN, .path = "tests/expected/a.out",
         .must_match = "--- tests/expected/a.out\n1\n+++ tests/expected/a.out\n2\n",
         .must_not = "+++ tests/expected/b.out\n2\n", .text = "is what tests compare with, and changes"},
        {ANYWHERE, .id = "test-unregistered", .level = GATE_BLOCK, .path = "CMakeLists.txt",
         .must_match =
                 "--- CMakeLists.txt\nadd_test(NAME a COMMAND a)\nadd_test(NAME b COMMAND b)\n+++ CMakeLists.txt\n"
                 "add_test(NAME a COMMAND a)\n",
         .must_not =
                 "--- CMakeLists.txt\nadd_test(NAME a COMMAND a)\n+++ CMakeLists.txt\nadd_test(NAME all COMMAND a)\n",
         .text = "no longer runs a test that it ran"},
        {ANYWHERE, .id = "test-went-with-code", .level = GATE_WARN, .path = "tests/test_a.py",
         .must_match =
                 "--- tests/test_a.py\ndef test_a():\n    assert f() == 1\n--- src/a.py\ndef f():\n    return 1\n",
         .must_not =
                 "--- tests/test_a.py\ndef test_a():\n    assert f() == 1\n--- src/a.py\ndef f():\n    return 1\n+++ "
                 "src/a.py\ndef f():\n    return g()\n",
         .text = "is a test that goes while code goes"},
};

const struct gate_rules rules_test_tamper = {rules, sizeof(rules) / sizeof(rules[0])};
