/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row per language says how comments and texts begin and end; a scanner goes by it from the first byte to the last. What does
 * not fit a row (raw strings, lifetimes, regular expressions, here documents) is a function in policy/gates/lexis.c.
 */
#include "policy/gates/language.h"

#include "policy/gates/lexis.h"

#include <string.h>

static const struct {
        const char *ending;
        enum language language;
} endings[] = {
        {".c", LANG_C},      {".h", LANG_CPP},      {".cc", LANG_CPP},    {".cpp", LANG_CPP},    {".cxx", LANG_CPP},
        {".c++", LANG_CPP},  {".hh", LANG_CPP},     {".hpp", LANG_CPP},   {".hxx", LANG_CPP},    {".ipp", LANG_CPP},
        {".tpp", LANG_CPP},  {".cu", LANG_CPP},     {".py", LANG_PYTHON}, {".pyw", LANG_PYTHON}, {".js", LANG_JS},
        {".mjs", LANG_JS},   {".cjs", LANG_JS},     {".jsx", LANG_JS},    {".ts", LANG_JS},      {".tsx", LANG_JS},
        {".mts", LANG_JS},   {".cts", LANG_JS},     {".go", LANG_GO},     {".rs", LANG_RUST},    {".java", LANG_JAVA},
        {".sh", LANG_SHELL}, {".bash", LANG_SHELL}, {".zsh", LANG_SHELL}, {".ksh", LANG_SHELL},  {".bats", LANG_SHELL},
};

static const struct {
        const char *program;
        enum language language;
} interpreters[] = {
        {"python", LANG_PYTHON}, {"node", LANG_JS},   {"deno", LANG_JS},   {"bun", LANG_JS},    {"bash", LANG_SHELL},
        {"dash", LANG_SHELL},    {"zsh", LANG_SHELL}, {"ksh", LANG_SHELL}, {"/sh", LANG_SHELL}, {" sh", LANG_SHELL},
};

/* Whatever their first line says. */
static const char *const documents[] = {".txt", ".md", ".rst", ".html", ".adoc"};

static enum language by_interpreter(const char *text, size_t len)
{
        const char *end = len > 2 && !memcmp(text, "#!", 2) ? memchr(text, '\n', len < 200 ? len : 200) : NULL;

        for (size_t i = 0; end && i < sizeof(interpreters) / sizeof(interpreters[0]); i++)
                if (memmem(text, (size_t)(end - text), interpreters[i].program, strlen(interpreters[i].program)))
                        return interpreters[i].language;
        return LANG_NONE;
}

enum language language_of(const char *path, const char *text, size_t len)
{
        const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');

        for (size_t i = 0; dot && i < sizeof(endings) / sizeof(endings[0]); i++)
                if (!strcmp(dot, endings[i].ending))
                        return endings[i].language;
        for (size_t i = 0; dot && i < sizeof(documents) / sizeof(documents[0]); i++)
                if (!strcmp(dot, documents[i]))
                        return LANG_NONE;
        return by_interpreter(text, len);
}

/* In the order in which they are tried: longer openings first. */
struct quote {
        const char *open, *close;
        bool escapes;    /* a backslash takes the next byte along */
        bool many_lines; /* else it ends with its line, closed or not */
};

static const struct lexis {
        const char *line_comment, *block_open, *block_close;
        bool nests; /* block comments */
        size_t (*special)(const struct scan *scan);
        struct quote quotes[5];
} table[LANG_COUNT] = {
        [LANG_C] = {"//", "/*", "*/", false, NULL, {{"\"", "\"", true, false}, {"'", "'", true, false}}},
        [LANG_CPP] = {"//", "/*", "*/", false, lexis_cpp, {{"\"", "\"", true, false}, {"'", "'", true, false}}},
        [LANG_PYTHON] = {"#",
                         NULL,
                         NULL,
                         false,
                         NULL,
                         {{"\"\"\"", "\"\"\"", true, true},
                          {"'''", "'''", true, true},
                          {"\"", "\"", true, false},
                          {"'", "'", true, false}}},
        [LANG_JS] = {"//",
                     "/*",
                     "*/",
                     false,
                     lexis_js,
                     {{"\"", "\"", true, false}, {"'", "'", true, false}, {"`", "`", true, true}}},
        [LANG_GO] = {"//",
                     "/*",
                     "*/",
                     false,
                     NULL,
                     {{"\"", "\"", true, false}, {"'", "'", true, false}, {"`", "`", false, true}}},
        [LANG_RUST] = {"//", "/*", "*/", true, lexis_rust, {{"\"", "\"", true, true}, {"'", "'", true, false}}},
        [LANG_JAVA] = {"//",
                       "/*",
                       "*/",
                       false,
                       NULL,
                       {{"\"\"\"", "\"\"\"", true, true}, {"\"", "\"", true, false}, {"'", "'", true, false}}},
        [LANG_SHELL] = {NULL, NULL, NULL, false, lexis_shell, {{"\"", "\"", true, true}, {"'", "'", false, true}}},
};

static size_t line_comment(const struct scan *scan)
{
        const char *end = memchr(scan->text + scan->at, '\n', scan->len - scan->at);

        return scan_mark(scan, scan->at, end ? (size_t)(end - scan->text) : scan->len, BYTE_COMMENT);
}

static size_t block_comment(const struct lexis *lexis, const struct scan *scan)
{
        const size_t open = strlen(lexis->block_open), close = strlen(lexis->block_close);
        size_t at = scan->at + open, depth = 1;

        while (at < scan->len && depth) {
                if (scan_has(scan, at, lexis->block_close)) {
                        depth--;
                        at += close;
                } else if (lexis->nests && scan_has(scan, at, lexis->block_open)) {
                        depth++;
                        at += open;
                } else {
                        at++;
                }
        }
        return scan_mark(scan, scan->at, at < scan->len ? at : scan->len, BYTE_COMMENT);
}

static size_t quoted(const struct quote *quote, const struct scan *scan)
{
        size_t start = scan->at + strlen(quote->open), at = start;

        while (at < scan->len && !scan_has(scan, at, quote->close)) {
                if (scan->text[at] == '\n' && !quote->many_lines)
                        return scan_mark(scan, start, at, BYTE_TEXT);
                at += quote->escapes && scan->text[at] == '\\' ? 2 : 1;
        }
        at = at < scan->len ? at : scan->len;
        scan_mark(scan, start, at, BYTE_TEXT);
        return at + strlen(quote->close) < scan->len ? at + strlen(quote->close) : scan->len;
}

/* The place behind what begins here; where nothing does, here. */
static size_t step(const struct lexis *lexis, const struct scan *scan)
{
        size_t next = lexis->special ? lexis->special(scan) : scan->at;

        if (next > scan->at)
                return next;
        if (lexis->line_comment && scan_has(scan, scan->at, lexis->line_comment))
                return line_comment(scan);
        if (lexis->block_open && scan_has(scan, scan->at, lexis->block_open))
                return block_comment(lexis, scan);
        for (const struct quote *quote = lexis->quotes; quote->open; quote++)
                if (scan_has(scan, scan->at, quote->open))
                        return quoted(quote, scan);
        return scan->at;
}

void language_classify(enum language language, const char *text, size_t len, unsigned char *ret_classes)
{
        unsigned never_closed = 0;
        struct scan scan = {.text = text, .len = len, .classes = ret_classes, .never_closed = &never_closed};

        memset(ret_classes, BYTE_CODE, len);
        if (language == LANG_NONE)
                return;
        while (scan.at < len) {
                size_t next = step(&table[language], &scan);

                scan.at = next > scan.at ? next : scan.at + 1;
        }
}
