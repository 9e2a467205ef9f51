/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stack of open elements, each with the name of its suite; a case is added when it is closed, with the worst that was said
 * in it. The parser is stopped at the first thing that is wrong, and nothing is kept then.
 */
#include "lib/base/junit.h"

#include "lib/base/cleanup.h"

#include <expat.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct reader {
        XML_Parser parser;
        struct test_cases *cases;
        char *suites[JUNIT_DEPTH_MAX]; /* of each open element: its name where it is a suite, else NULL */
        unsigned depth;
        unsigned in_case; /* depth of the open <testcase>; 0: none */
        char *class_name, *name;
        enum test_result result;
        uint64_t ms;
        struct err failure; /* code OK while there is none */
};

static void release(struct reader *reader)
{
        for (unsigned i = 0; i < reader->depth; i++)
                free(reader->suites[i]);
        free(reader->class_name);
        free(reader->name);
        XML_ParserFree(reader->parser);
}

static void give_up(struct reader *reader)
{
        XML_StopParser(reader->parser, XML_FALSE);
}

static const char *attribute(const char **attributes, const char *name)
{
        for (; *attributes; attributes += 2)
                if (strcmp(attributes[0], name) == 0)
                        return attributes[1];
        return NULL;
}

/* Seconds, as a decimal fraction; whatever else stands there is no time. */
static uint64_t milliseconds(const char *seconds)
{
        double value = seconds ? strtod(seconds, NULL) : 0;

        return isfinite(value) && value > 0 && value < 1e9 ? (uint64_t)(value * 1000) : 0;
}

static bool says_not_run(const char *status)
{
        static const char *const words[] = {"notrun", "disabled", "skipped"};

        for (size_t i = 0; status && i < sizeof(words) / sizeof(words[0]); i++)
                if (strcmp(status, words[i]) == 0)
                        return true;
        return false;
}

static void begin_case(struct reader *reader, const char **attributes)
{
        reader->in_case = reader->depth;
        reader->class_name = xstrdup(attribute(attributes, "classname"));
        reader->name = xstrdup(attribute(attributes, "name"));
        reader->ms = milliseconds(attribute(attributes, "time"));
        reader->result = says_not_run(attribute(attributes, "status")) || says_not_run(attribute(attributes, "result"))
                                 ? TEST_SKIP
                                 : TEST_PASS;
}

static const struct {
        const char *element;
        enum test_result result;
} said[] = {
        {"skipped", TEST_SKIP},
        {"failure", TEST_FAIL},
        {"error", TEST_ERROR},
};

static void hear(struct reader *reader, const char *element)
{
        for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
                if (strcmp(said[i].element, element) == 0 && said[i].result > reader->result)
                        reader->result = said[i].result;
}

static bool is_suite(const char *element)
{
        return strcmp(element, "testsuite") == 0 || strcmp(element, "testsuites") == 0;
}

static void open_element(void *data, const char *element, const char **attributes)
{
        struct reader *reader = data;

        if (reader->failure.code)
                return;
        if (reader->depth == 0 && !is_suite(element))
                err_set(&reader->failure, ERR_INPUT, "no JUnit: it begins with <%.64s>", element);
        else if (reader->depth == JUNIT_DEPTH_MAX)
                err_set(&reader->failure, ERR_INPUT, "elements nested more than %d deep", JUNIT_DEPTH_MAX);
        if (reader->failure.code) {
                give_up(reader);
                return;
        }
        /* <testsuites> is called after the run more often than after what is in it */
        reader->suites[reader->depth++] =
                strcmp(element, "testsuite") == 0 ? xstrdup(attribute(attributes, "name")) : NULL;
        if (reader->in_case && reader->depth == reader->in_case + 1)
                hear(reader, element);
        else if (!reader->in_case && strcmp(element, "testcase") == 0)
                begin_case(reader, attributes);
}

static void end_case(struct reader *reader)
{
        const char *parts[JUNIT_DEPTH_MAX + 2];
        size_t len = 0;

        for (unsigned i = 0; i + 1 < reader->in_case; i++)
                if (reader->suites[i] && (!reader->class_name || strcmp(reader->suites[i], reader->class_name) != 0))
                        parts[len++] = reader->suites[i];
        parts[len++] = reader->class_name;
        parts[len++] = reader->name;
        if (test_cases_add(reader->cases, parts, len, reader->result, reader->ms, &reader->failure) < 0)
                give_up(reader);
        free(steal_ptr(&reader->class_name));
        free(steal_ptr(&reader->name));
        reader->in_case = 0;
}

static void close_element(void *data, const char *element)
{
        struct reader *reader = data;

        (void)element;
        if (reader->failure.code) /* of an empty element, the end comes even though the parser was stopped */
                return;
        if (reader->in_case == reader->depth)
                end_case(reader);
        free(reader->suites[--reader->depth]);
}

/* Entities multiply: what no report needs is not expanded but refused. */
static void refuse_doctype(void *data, const char *name, const char *system, const char *public, int internal)
{
        struct reader *reader = data;

        (void)name, (void)system, (void)public, (void)internal;
        err_set(&reader->failure, ERR_INPUT, "a document type (<!DOCTYPE>), which no test report needs");
        give_up(reader);
}

static int fail(const struct reader *reader, struct err *err)
{
        unsigned long line = XML_GetCurrentLineNumber(reader->parser);

        if (reader->failure.code)
                return err_set(err, ERR_INPUT, "line %lu: %s", line, reader->failure.message);
        return err_set(err, ERR_INPUT, "line %lu: no XML: %s", line, XML_ErrorString(XML_GetErrorCode(reader->parser)));
}

static int parse(struct reader *reader, const char *bytes, size_t len, struct err *err)
{
        XML_SetUserData(reader->parser, reader);
        XML_SetElementHandler(reader->parser, open_element, close_element);
        XML_SetStartDoctypeDeclHandler(reader->parser, refuse_doctype);
        if (XML_Parse(reader->parser, bytes, (int)len, XML_TRUE) != XML_STATUS_OK)
                return fail(reader, err);
        return 0;
}

int junit_parse(const char *bytes, size_t len, struct test_cases *ret, struct err *err)
{
        _cleanup_test_cases_ struct test_cases cases = {0};
        __attribute__((cleanup(release))) struct reader reader = {.cases = &cases, .failure = ERR_INIT};

        if (len > TEST_REPORT_MAX)
                return err_set(err, ERR_INPUT, "more than %zu MiB", TEST_REPORT_MAX >> 20);
        reader.parser = XML_ParserCreate(NULL);
        if (!reader.parser)
                return err_set(err, ERR_INTERNAL, "no XML parser: out of memory");
        if (parse(&reader, bytes, len, err) < 0)
                return -1;
        test_cases_finish(&cases);
        *ret = cases;
        cases = (struct test_cases){0};
        return 0;
}
