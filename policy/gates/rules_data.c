/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules that their gate's own code finds: file_types, whitespace, no_copy. In examples a mode stands behind the path after a tab, and \1
 * for the zero byte that no text has.
 */
#include "policy/gates/rules.h"

#define NEW(path) "+++ " path "\n"

static const struct gate_rule file_types[] = {
        {.id = "executable",
         .gate = GATE_FILE_TYPES,
         .level = GATE_BLOCK,
         .must_match = NEW("bin/tool\t100755") "\177ELF\2\1\1",
         .must_not = NEW("bin/tool\t100755") "#!/bin/sh\nexec true\n",
         .text = "is a program"},
        {.id = "compiled",
         .gate = GATE_FILE_TYPES,
         .level = GATE_BLOCK,
         .must_match = NEW("lib/x.a") "!<arch>\nx.o/\1",
         .must_not = NEW("lib/x.txt") "!<arch> is how it begins\n",
         .text = "is compiled"},
        {.id = "archive",
         .gate = GATE_FILE_TYPES,
         .level = GATE_WARN,
         .must_match = NEW("data.zip") "PK\3\4\1\1",
         .must_not = NEW("logo.png") "\211PNG\r\n\032\n\1\1",
         .text = "is an archive"},
        {.id = "database",
         .gate = GATE_FILE_TYPES,
         .level = GATE_WARN,
         .must_match = NEW("app.db") "SQLite format 3\1",
         .must_not = NEW("app.txt") "SQLite format 3 is what it begins with\n",
         .text = "is a database"},
        {.id = "new-binary",
         .gate = GATE_FILE_TYPES,
         .level = GATE_WARN,
         .must_match = NEW("logo.png") "\211PNG\r\n\032\n\1\1",
         .must_not = "--- logo.png\n\211PNG\1a\n+++ logo.png\n\211PNG\1b\n",
         .text = "is a new binary file"},
        {.id = "link-out",
         .gate = GATE_FILE_TYPES,
         .level = GATE_BLOCK,
         .must_match = NEW("src/data\t120000") "../../etc/passwd",
         .must_not = NEW("src/data\t120000") "../share/data",
         .text = "is a symbolic link that leads out of the tree"},
        {.id = "executable-bit",
         .gate = GATE_FILE_TYPES,
         .level = GATE_WARN,
         .must_match = "--- a.txt\t100644\nx\n" NEW("a.txt\t100755") "x\n",
         .must_not = "--- a.sh\t100644\n#!/bin/sh\n" NEW("a.sh\t100755") "#!/bin/sh\n",
         .text = "is made executable, and names no interpreter (#!)"},
        {.id = "file-mode",
         .gate = GATE_FILE_TYPES,
         .level = GATE_BLOCK,
         .must_match = NEW("sub\t160000") "x",
         .must_not = NEW("sub\t100644") "x\n",
         .text = "is neither a file nor a symbolic link"},
        {.id = "no-text-now",
         .gate = GATE_FILE_TYPES,
         .level = GATE_BLOCK,
         .must_match = "--- Makefile\nall:\n" NEW("Makefile") "# \1\nall:\n",
         .must_not = "--- logo.png\n\211PNG\1a\n" NEW("logo.png") "\211PNG\1b\n",
         .text = "was text and has bytes now that no text has, so that nobody sees what it says"},
        {.id = "hidden-text",
         .gate = GATE_FILE_TYPES,
         .level = GATE_BLOCK,
         .must_match = NEW("a.c") "/* \xe2\x80\xae } \xe2\x81\xa6if (admin)\xe2\x81\xa9 */\n",
         .must_not = NEW("a.c") "/* \xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \xe2\x80\x93 */\r\n",
         .text = "has characters that make it look like something else"},
        {.id = "hidden-text-other",
         .gate = GATE_FILE_TYPES,
         .level = GATE_WARN,
         .must_match = NEW("Makefile") "# all\rcheck: true\n",
         .must_not = NEW("Makefile") "# all\r\n",
         .text = "has characters that make it look like something else, in a file that is no code"},
        {.id = "type-change",
         .gate = GATE_FILE_TYPES,
         .level = GATE_WARN,
         .must_match = "--- conf\t100644\nx\n" NEW("conf\t120000") "other",
         .must_not = "--- conf\t120000\none"
                     "\n" NEW("conf\t120000") "other",
         .text = "was a file and is a symbolic link now, or the other way round"},
};
const struct gate_rules rules_file_types = {file_types, sizeof(file_types) / sizeof(file_types[0])};

static const struct gate_rule whitespace[] = {
        {.id = "trailing-space",
         .gate = GATE_WHITESPACE,
         .level = GATE_BLOCK,
         .must_match = NEW("a.c") "int a; \n",
         .must_not = NEW("a.md") "A line that breaks  \nhere.\r\n",
         .text = "ends in white space"},
        {.id = "space-before-tab",
         .gate = GATE_WHITESPACE,
         .level = GATE_BLOCK,
         .must_match = NEW("a.c") " \tint a;\n",
         .must_not = NEW("a.c") "\t int a; \t// b\n",
         .text = "is indented with a space before a tab"},
        {.id = "blank-at-eof",
         .gate = GATE_WHITESPACE,
         .level = GATE_BLOCK,
         .must_match = NEW("a.c") "int a;\n\n",
         .must_not = NEW("a.c") "int a;\n\nint b;\n",
         .text = "is a blank line at the end of the file"},
};
const struct gate_rules rules_whitespace = {whitespace, sizeof(whitespace) / sizeof(whitespace[0])};

/* The policy of the examples has no_copy: {from: ["vendor/"], lines: 8}. */
#define LINES "alpha(1);\nbeta(2);\ngamma(3);\n{\n\ndelta(4);\nepsilon(5);\nzeta(6);\neta(7);\n"

static const struct gate_rule no_copy[] = {
        {.id = "no-copy",
         .gate = GATE_NO_COPY,
         .level = GATE_BLOCK,
         .must_match = "--- vendor/a.c\n" LINES "theta(8);\n+++ vendor/a.c\n" LINES
                       "theta(8);\n+++ src/b.c\nint b;\n" LINES "theta(8);\n",
         .must_not = "--- vendor/a.c\n" LINES "theta(8);\n+++ vendor/a.c\n" LINES
                     "theta(8);\n+++ src/b.c\nint b;\n" LINES "iota(9);\n",
         .text = "repeats lines of files that are not to be copied (no_copy.from)"},
};
const struct gate_rules rules_no_copy = {no_copy, sizeof(no_copy) / sizeof(no_copy[0])};
