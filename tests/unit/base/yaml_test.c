#include "runner/base/yaml.h"

#include "runner/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct arena arena;
    struct diagnostics diagnostics;
    struct tree *tree;
    char text[4096]; /* the tree, or the diagnostics as they are printed */
};

static void open_bytes(struct fixture *fixture, const char *bytes, size_t length) {
    arena_init(&fixture->arena);
    diagnostics_init(&fixture->diagnostics);
    fixture->tree = yaml_read(bytes, length, "x.yaml", &fixture->arena, &fixture->diagnostics);
    assert_int_equal(fixture->tree == NULL, fixture->diagnostics.errors > 0);
    fixture->text[0] = '\0';
    if (fixture->tree) {
        struct text text;
        text_init(&text);
        tree_write(fixture->tree, &text);
        snprintf(fixture->text, sizeof fixture->text, "%s", text.data);
        text_clear(&text);
    } else {
        FILE *stream = fmemopen(fixture->text, sizeof fixture->text, "w");
        diagnostics_print(&fixture->diagnostics, stream);
        fclose(stream);
    }
}

static void close_fixture(struct fixture *fixture) {
    diagnostics_clear(&fixture->diagnostics);
    arena_clear(&fixture->arena);
}

static void reads_as(const char *yaml, const char *expected) {
    struct fixture fixture;
    open_bytes(&fixture, yaml, strlen(yaml));
    assert_string_equal(fixture.text, expected);
    close_fixture(&fixture);
}

static void fails_as(const char *yaml, const char *expected) {
    struct fixture fixture;
    open_bytes(&fixture, yaml, strlen(yaml));
    if (!strstr(fixture.text, expected)) {
        print_error("wanted: %s\nfound:  %s\n", expected, fixture.text);
    }
    assert_null(fixture.tree);
    assert_non_null(strstr(fixture.text, expected));
    close_fixture(&fixture);
}

static void reads_the_core_schema(void **state) {
    (void)state;
    reads_as("a: 1\nb: 1.5\nc: no\nd: ~\ne: 1e-3\nf: 'true'\ng: true\n",
             "{\"a\": 1, \"b\": 1.5, \"c\": \"no\", \"d\": null, \"e\": 0.001, \"f\": \"true\", \"g\": true}");
    reads_as("- {a: [1, x]}\n- |\n  two\n  lines\n", "[{\"a\": [1, \"x\"]}, \"two\\nlines\\n\"]");
    reads_as("a: !!str 1\nb: !!float 1\nc: !!int '3'\n", "{\"a\": \"1\", \"b\": 1.0, \"c\": 3}");
    reads_as("\xef\xbb\xbf"
             "a: \xc3\xa9\r\n",
             "{\"a\": \"\xc3\xa9\"}");
    reads_as("--- # one\nx\n...\n", "\"x\"");
}

static void canonical_text_reads_back(void **state) {
    (void)state;
    const char *json = "{\"a\": [1, 1.0, -2.5e-07, \"x\\ny\\u0001\", null, true, {}], \"b c\": {\"d\": \".inf\"}}";
    struct fixture fixture;
    open_bytes(&fixture, json, strlen(json));
    char text[4096];
    strcpy(text, fixture.text);
    close_fixture(&fixture);
    reads_as(text, text);
}

static void marks_count_from_one(void **state) {
    (void)state;
    const char *yaml = "a: 1\nbb:\n  - x\n  - {c: \xc3\xa9, d: 2}\n";
    struct fixture fixture;
    open_bytes(&fixture, yaml, strlen(yaml));
    const struct tree *list = tree_get(fixture.tree, "bb"), *map = list->items[1];
    assert_int_equal(tree_get(fixture.tree, "a")->mark.line, 1);
    assert_int_equal(tree_get(fixture.tree, "a")->mark.column, 4);
    assert_int_equal(fixture.tree->key_marks[1].line, 2);
    assert_int_equal(fixture.tree->key_marks[1].column, 1);
    assert_int_equal(list->items[0]->mark.line, 3);
    assert_int_equal(list->items[0]->mark.column, 5);
    assert_int_equal(map->key_marks[1].line, 4);
    assert_int_equal(map->key_marks[1].column, 12); /* characters, not bytes */
    assert_string_equal(map->mark.file, "x.yaml");
    close_fixture(&fixture);
}

static void aliases_are_copies(void **state) {
    (void)state;
    reads_as("a: &x {b: [1]}\nc: *x\n", "{\"a\": {\"b\": [1]}, \"c\": {\"b\": [1]}}");
    const char *yaml = "[&x {b: 1}, *x]";
    struct fixture fixture;
    open_bytes(&fixture, yaml, strlen(yaml));
    assert_ptr_not_equal(fixture.tree->items[0], fixture.tree->items[1]);
    close_fixture(&fixture);
    fails_as("a: *x\n", "x.yaml:1:4: error: the alias '*x' has no anchor '&x' before it");
    fails_as("a: &x [*x]\n", "x.yaml:1:8: error: the alias '*x' stands inside the value that it repeats");
}

static void all_duplicate_keys_are_reported(void **state) {
    (void)state;
    fails_as("a: 1\nb: {c: 1, c: 2}\na: 2\n",
             "x.yaml:2:11: error: found the key 'c' twice, first in line 2; wanted it once\n"
             "x.yaml:3:1: error: found the key 'a' twice, first in line 1; wanted it once\n");
}

static void mistakes_are_told_in_plain_words(void **state) {
    (void)state;
    static const struct {
        const char *yaml, *expected;
    } cases[] = {
        {"", "x.yaml:1:1: error: the file is empty; wanted 'key: value' lines"},
        {"# nothing\n", "x.yaml:1:1: error: the file is empty"},
        {"a:\n\tb: 1\n", "x.yaml:2:1: error: found a tab where spaces are wanted for indentation"},
        {"a:\n  b: 1\n\tc: 1\n", "x.yaml:3:1: error: found a tab"},
        {"a: 1\nb\n", "x.yaml:2:1: error: found a line without ':'; wanted 'key: value'"},
        {"a: b: c\n", "x.yaml:1:5: error: found ':' where no key can stand"},
        {"a: [1, 2\nb: 3\n", "x.yaml:2:2: error: found ':'; wanted ',' or the ']' of the list opened in line 1"},
        {"a: [1, 2\n", "error: found the end of the file; wanted ',' or the ']' of the list opened in line 1"},
        {"a: {b: 1]\n", "x.yaml:1:9: error: found ']'; wanted ',' or the '}' of the map opened in line 1"},
        {"a: \"b\nc: d\n", "x.yaml:1:4: error: found text without its closing quote"},
        {"a: 1\n  b: 2\n", "x.yaml:2:4: error: found ':' where no key can stand"},
        {"a:\n  b: 1\n c: 2\n", "x.yaml:3:2: error: found 'c'; wanted a key, indented as the keys from line 1 on"},
        {"- a\nb: 1\n", "x.yaml:2:1: error: found 'b'; wanted '- ', indented as the list from line 1 on"},
        {"a: @b\n", "x.yaml:1:4: error: found '@', which cannot start a value; wanted it in quotes"},
        {"a: %b\n", "x.yaml:1:4: error: found '%', which cannot start a value"},
        {"a: \"\\q\"\n", "error: found an unknown escape after '\\'"},
        {"a: *\n", "x.yaml:1:4: error: found '*' without a name"},
        {"a: 1\n---\nb: 2\n", "x.yaml:2:1: error: found a second document ('---'); wanted one a file"},
        {"a: 1\n]\n", "x.yaml:2:1: error: found ']'"},
        {"a: &x {b: 1}\nc:\n  <<: *x\n", "x.yaml:3:3: error: found the merge key '<<'"},
        {"a: !!python/object 1\n", "x.yaml:1:4: error: found the tag '!!python/object'; wanted a value without one"},
        {"a: !foo [1]\n", "x.yaml:1:4: error: found the tag '!foo'"},
        {"a: !e!foo 1\n", "error: found an undefined tag"},
        {"a: !!int x\n", "x.yaml:1:4: error: found 'x' with the tag '!!int'; wanted an integer"},
        {"[a]: 1\n", "x.yaml:1:1: error: found a list as a key; wanted a name"},
        {"? {a: 1}\n: 1\n", "x.yaml:1:3: error: found a map as a key"},
        {"?\n: 1\n", "error: found ':' without a key"},
        {": 1\n", "x.yaml:1:1: error: found ':'; wanted a key"},
        {"a: \"\\0\"\n", "x.yaml:1:4: error: found a NUL character"},
        {"a: 1\nb: \x01\n", "x.yaml:2:4: error: found the control character 0x01"},
        {"\x7f"
         "ELF\x02\x01",
         "x.yaml:1:1: error: found the control character 0x7f"},
        {"a: \xff\xfe\n", "x.yaml:1:4: error: found the byte 0xff, which is not UTF-8"},
        {"a: \xc0\x80\n", "x.yaml:1:4: error: found the byte 0xc0"},
        {"a: \xed\xa0\x80\n", "x.yaml:1:4: error: found the byte 0xed"},
        {"a: \xe2\x82", "x.yaml:1:4: error: found the byte 0xe2"},
        {"a: |x\n b\n", "error: found 'x' after '|' or '>'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fails_as(cases[i].yaml, cases[i].expected);
    }
    struct fixture fixture;
    open_bytes(&fixture, "a: 1\0", 5);
    assert_non_null(strstr(fixture.text, "x.yaml:1:5: error: found the control character 0x00"));
    close_fixture(&fixture);
}

static void nesting_is_limited(void **state) {
    (void)state;
    char yaml[4096] = "";
    memset(yaml, '[', 100);
    memset(yaml + 100, ']', 100);
    struct fixture fixture;
    open_bytes(&fixture, yaml, 200);
    assert_non_null(fixture.tree);
    close_fixture(&fixture);
    memset(yaml, '[', 4000);
    open_bytes(&fixture, yaml, 4000);
    assert_non_null(strstr(fixture.text, "x.yaml:1:101: error: found more than 100 levels of nesting"));
    close_fixture(&fixture);
    /* An alias counts as deep as what it stands for. */
    char open[61] = "", shut[61] = "";
    memset(open, '[', 60);
    memset(shut, ']', 60);
    snprintf(yaml, sizeof yaml, "- &a %s%s\n- %s*a%s\n", open, shut, open, shut);
    fails_as(yaml, "levels of nesting");
}

static void alias_bombs_are_refused(void **state) {
    (void)state;
    fails_as("a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
             "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
             "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n"
             "g: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f,*f]\n",
             "found more than 1000000 values, aliases counted");
}

static void big_files_end_soon(void **state) {
    (void)state;
    size_t size = (16 << 20) + 1;
    char *bytes = malloc(size);
    memset(bytes, ' ', size);
    struct fixture fixture;
    open_bytes(&fixture, bytes, size);
    assert_non_null(strstr(fixture.text, "x.yaml: error: found more than 16 MB"));
    close_fixture(&fixture);
    size_t length = 0; /* 100000 keys, each twice: the list of mistakes is cut */
    for (unsigned i = 0; i < 200000; i++) {
        length += (size_t)sprintf(bytes + length, "k%u: 1\n", i % 100000);
    }
    open_bytes(&fixture, bytes, length);
    assert_int_equal(fixture.diagnostics.errors, 101);
    close_fixture(&fixture);
    free(bytes);
}

/* Every prefix, and every single byte changed, of a text that uses most of the syntax. */
static void broken_text_is_never_a_crash(void **state) {
    (void)state;
    static const char yaml[] = "%YAML 1.2\n---\na: &x {b: [1, 'c', \"d\\n\"], ? e : !!str f}\ng:\n  - *x\n  - |2\n"
                               "     text\n  - >-\n    more\n  -\n    h: .inf # why\n...\n";
    static const char bytes[] = "\0\t\n :-[]{},&*!|>'\"%@?#\\~<a\x80\xff\xc3";
    char copy[sizeof yaml];
    struct fixture fixture;
    for (size_t at = 0; at < sizeof yaml - 1; at++) {
        open_bytes(&fixture, yaml, at);
        close_fixture(&fixture);
        for (size_t i = 0; i < sizeof bytes - 1; i++) {
            memcpy(copy, yaml, sizeof yaml);
            copy[at] = bytes[i];
            open_bytes(&fixture, copy, sizeof yaml - 1);
            close_fixture(&fixture);
        }
    }
}

static void files_that_cannot_be_read_are_named(void **state) {
    (void)state;
    struct arena arena;
    struct diagnostics diagnostics;
    arena_init(&arena);
    diagnostics_init(&diagnostics);
    assert_null(yaml_read_file("no/such.yaml", &arena, &diagnostics));
    assert_null(yaml_read_file("/", &arena, &diagnostics));
    assert_null(yaml_read_file("/dev/zero", &arena, &diagnostics));
    assert_int_equal(diagnostics.errors, 3);
    assert_string_equal(diagnostics.items[0].mark.file, "no/such.yaml");
    assert_string_equal(diagnostics.items[0].message, "cannot read it: No such file or directory");
    assert_string_equal(diagnostics.items[1].message, "cannot read it: it is a folder, wanted a regular file");
    diagnostics_clear(&diagnostics);
    arena_clear(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_core_schema),
        cmocka_unit_test(canonical_text_reads_back),
        cmocka_unit_test(marks_count_from_one),
        cmocka_unit_test(aliases_are_copies),
        cmocka_unit_test(all_duplicate_keys_are_reported),
        cmocka_unit_test(mistakes_are_told_in_plain_words),
        cmocka_unit_test(nesting_is_limited),
        cmocka_unit_test(alias_bombs_are_refused),
        cmocka_unit_test(big_files_end_soon),
        cmocka_unit_test(broken_text_is_never_a_crash),
        cmocka_unit_test(files_that_cannot_be_read_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
