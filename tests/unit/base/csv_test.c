#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/base/csv.h"

#include <math.h>
#include <string.h>

static int make_arena(void **state) {
    static struct arena arena;
    arena_init(&arena);
    *state = &arena;
    return 0;
}

static int clear_arena(void **state) {
    arena_clear(*state);
    return 0;
}

static void fields_are_quoted_only_where_they_must_be(void **state) {
    (void)state;
    struct text out;
    struct csv csv;
    text_init(&out);
    text_add(&out, "kept\n");
    csv_init(&csv, &out);
    csv_text(&csv, "plain text");
    csv_text(&csv, "a,b");
    csv_text(&csv, "say \"x\"");
    csv_text(&csv, "two\nlines");
    csv_text(&csv, "a\r");
    csv_text(&csv, "a=1");
    csv_text(&csv, "");
    csv_end_row(&csv);
    assert_string_equal(out.data, "kept\nplain text,\"a,b\",\"say \"\"x\"\"\",\"two\nlines\",\"a\r\",a=1,\n");
    text_clear(&out);
}

static void formulas_stay_text(void **state) {
    (void)state;
    struct text out;
    struct csv csv;
    text_init(&out);
    csv_init(&csv, &out);
    static const char *const texts[] = {"=cmd|' /C calc'!A0", "@SUM(1,2)", "+1+1", "-a",  "-0.5", "+3", "-inf",
                                        "\xef\xbb\xbfx",      "\t=1",      "\r=1", "'=1", "'a"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        csv_text(&csv, texts[i]);
    csv_end_row(&csv);
    assert_string_equal(out.data, "'=cmd|' /C calc'!A0,\"'@SUM(1,2)\",'+1+1,'-a,-0.5,+3,-inf,\"\xef\xbb\xbfx\","
                                  "'\t=1,\"'\r=1\",''=1,'a\n");
    text_clear(&out);
}

static void numbers_read_back_exactly(void **state) {
    (void)state;
    struct text out;
    struct csv csv;
    text_init(&out);
    csv_init(&csv, &out);
    csv_int(&csv, INT64_MIN);
    csv_uint(&csv, UINT64_MAX);
    csv_number(&csv, 0.1);
    csv_number(&csv, 3);
    csv_empty(&csv);
    csv_number(&csv, (double)NAN);
    csv_number(&csv, (double)INFINITY);
    csv_number(&csv, -(double)INFINITY);
    csv_end_row(&csv);
    assert_string_equal(out.data, "-9223372036854775808,18446744073709551615,0.1,3,,nan,inf,-inf\n");
    text_clear(&out);
}

static void check_table(struct arena *arena, const char *bytes, const struct csv_table *wanted) {
    struct csv_table table;
    struct error error;
    assert_int_equal(csv_read(bytes, strlen(bytes), "t.csv", arena, &table, &error), STATUS_OK);
    assert_int_equal(table.count, wanted->count);
    for (size_t i = 0; i < table.count; i++) {
        assert_int_equal(table.rows[i].count, wanted->rows[i].count);
        assert_int_equal(table.rows[i].line, wanted->rows[i].line);
        for (size_t j = 0; j < table.rows[i].count; j++) {
            assert_string_equal(table.rows[i].fields[j], wanted->rows[i].fields[j]);
        }
    }
}

static void rows_are_read_with_their_lines(void **state) {
    const char *one[] = {"a", "b,c"}, *two[] = {"x\ny", "say \"z\""}, *three[] = {"", ""};
    struct csv_row rows[] = {{1, 2, one}, {2, 2, two}, {5, 2, three}};
    const struct csv_table wanted = {3, rows};
    check_table(*state, "a,\"b,c\"\n\"x\ny\",\"say \"\"z\"\"\"\n\n,\n", &wanted);
    check_table(*state,
                "\xef\xbb\xbf"
                "a,\"b,c\"\r\n\"x\ny\",\"say \"\"z\"\"\"\r\n\r\n,",
                &wanted);
    const struct csv_table none = {0, NULL};
    check_table(*state, "", &none);
    check_table(*state, "\n\r\n", &none);
}

static void mistakes_have_their_line(void **state) {
    static const struct {
        const char *bytes, *text;
    } cases[] = {
        {"a,b\n1\n", "t.csv:2: error: a row of 1 fields, wanted 2 as in the first"},
        {"a\n\n1,2\n", "t.csv:3: error: a row of 2 fields, wanted 1 as in the first"},
        {"a\nb\"c\n", "t.csv:2: error: a quote within a field that does not start with one"},
        {"a\n\"b\"c\n", "t.csv:2: error: text after a closing quote, wanted a comma or the end of the line"},
        {"a\n\"b\nc\n", "t.csv:2: error: a quote is opened here and never closed"},
        {"a\n\"", "t.csv:2: error: a quote is opened here and never closed"},
    };
    struct csv_table table;
    struct error error;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t n = strlen(cases[i].bytes);
        assert_int_equal(csv_read(cases[i].bytes, n, "t.csv", *state, &table, &error), STATUS_CONFIG);
        assert_string_equal(error.text, cases[i].text);
    }
    assert_int_equal(csv_read("a\nb\n\0", 5, "t.csv", *state, &table, &error), STATUS_CONFIG);
    assert_string_equal(error.text, "t.csv:3: error: a NUL byte; this is no text");
}

static void any_text_reads_back(void **state) {
    static const char *const texts[] = {"",    "\"",  "\"\"",         ",",        "\n", " \r\n",
                                        " \r", " a ", "\xef\xbb\xbf", "a\"b,c\nd"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        for (size_t j = 0; j < sizeof texts / sizeof texts[0]; j++) {
            struct text out;
            struct csv csv;
            struct csv_table table;
            struct error error;
            text_init(&out);
            csv_init(&csv, &out);
            csv_text(&csv, "h");
            csv_end_row(&csv);
            csv_text(&csv, texts[i]);
            csv_end_row(&csv);
            csv_text(&csv, texts[j]);
            csv_end_row(&csv);
            assert_int_equal(csv_read(out.data, out.length, "t.csv", *state, &table, &error), STATUS_OK);
            assert_int_equal(table.count, 3);
            assert_string_equal(table.rows[1].fields[0], texts[i]);
            assert_string_equal(table.rows[2].fields[0], texts[j]);
            text_clear(&out);
        }
    }
}

static void columns_are_found_by_name(void **state) {
    struct csv_table table;
    struct error error;
    assert_int_equal(csv_read("trial,id\n0,x\n", 13, "t.csv", *state, &table, &error), STATUS_OK);
    assert_int_equal(csv_column(&table, "id"), 1);
    assert_int_equal(csv_column(&table, "x"), -1);
    assert_int_equal(csv_read("", 0, "t.csv", *state, &table, &error), STATUS_OK);
    assert_int_equal(csv_column(&table, "id"), -1);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_arena, clear_arena)
    const struct CMUnitTest tests[] = {
        TEST(fields_are_quoted_only_where_they_must_be),
        TEST(formulas_stay_text),
        TEST(numbers_read_back_exactly),
        TEST(rows_are_read_with_their_lines),
        TEST(mistakes_have_their_line),
        TEST(any_text_reads_back),
        TEST(columns_are_found_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
