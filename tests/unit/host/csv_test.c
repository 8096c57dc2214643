#include "tests/unit/host/archive.h"

#include <math.h>

#define CSV "csv: {path: \"%s/%s\" %s}"
#define build_csv(setup, more) build_data(setup, CSV, (setup)->folder, "a.csv", more)
#define refuse_csv(setup, words, more) refuse_data(setup, STATUS_CONFIG, words, CSV, (setup)->folder, "a.csv", more)

static void write_text(struct setup *setup, const char *name, const char *text) {
    write_bytes(setup, name, text, strlen(text));
}

static void check_floats(const void *found, const float *wanted, size_t n) {
    const float *values = found;
    for (size_t i = 0; i < n; i++)
        if (!(fabsf(values[i] - wanted[i]) <= 1e-6f * fmaxf(1, fabsf(wanted[i]))))
            fail_msg("value %zu is %.9g, wanted %.9g", i, (double)values[i], (double)wanted[i]);
}
#define CHECK(found, ...)                                                                                              \
    check_floats(found, (const float[]){__VA_ARGS__}, sizeof((const float[]){__VA_ARGS__}) / sizeof(float))
#define CHECK_LABELS(found, ...)                                                                                       \
    assert_memory_equal(found, ((const int32_t[]){__VA_ARGS__}), sizeof((const int32_t[]){__VA_ARGS__}))

/* The same table in eight dialects. */
static void dialects_read_the_same(void **state) {
    struct setup *setup = *state;
    const struct data *data = &setup->data;
    static const char *const dialects[][2] = {
        {"x,y,kind\n1,-2.5,b\n3e2,.5,a\n+7,0,b\n", ""},
        {"\xef\xbb\xbfx,y,kind\r\n1,-2.5,b\r\n3e2,.5,a\r\n+7,0,b", ""},
        {"x,y,kind\r1,-2.5,b\r3e2,.5,a\r+7,0,b\r", ""},
        {"\n\"x\",\"y\",\"kind\"\n\n\"1\",\"-2.5\",\"b\"\n\n  \n\"3e2\",.5,\"a\"\n+7,0,b\n\n", ""},
        {" x , y , kind \n 1 , -2.5 , b \n\t3e2,\t.5,\ta\n+7,0,b\n", ""},
        {"x;y;kind\n1;-2,5;b\n3e2;,5;a\n+7;0;b\n", ", delimiter: ';', decimal: ','"},
        {"x\ty\tkind\n1\t-2.5\tb\n3e2\t.5\ta\n+7\t0\tb\n", ", delimiter: \"\\t\""},
        {"x   y kind\n  1 -2.5\t b\n3e2  .5   a  \n +7 0 \"b\"\n", ", delimiter: whitespace"},
        {"made by hand, not by a program\nx|y|kind\n1|-2.5|b\n3e2|.5|a\n+7|0|b\n", ", delimiter: '|', skiprows: 1"},
        {"1,-2.5,b\n3e2,.5,a\n+7,0,b\n", ", header: false"},
    };
    for (size_t i = 0; i < sizeof dialects / sizeof dialects[0]; i++) {
        char more[200];
        write_text(setup, "a.csv", dialects[i][0]);
        snprintf(more, sizeof more, ", test: 0 %s", dialects[i][1]);
        build_csv(setup, more);
        assert_int_equal(data->rows[DATA_TRAIN], 3);
        assert_int_equal(data->rows[DATA_TEST], 0);
        assert_int_equal(data->classes, 2);
        assert_int_equal(data->input.rank * 10 + data->input.size[0], 12);
        CHECK(data->inputs[DATA_TRAIN], 1, -2.5f, 300, 0.5f, 7, 0);
        CHECK_LABELS(data->targets[DATA_TRAIN], 1, 0, 1);
    }
}

/* Values of pandas 3.0 and NumPy 2.4: read_csv(), fillna() with mean, median or mode of the first table, (x - x.mean()) / x.std(ddof=0),
   get_dummies(), np.unique(return_inverse=True). */
#define PEOPLE "age,colour,income,class\n22,red,1200.5,b\n38,blue,NA,a\n,green,-3e2,b\n35,red,8.25,c\n"
#define OTHERS "age,colour,income,class\n40,blue,,a\n,,100,c\n"

static void missing_and_standardize_are_those_of_the_training_rows(void **state) {
    struct setup *setup = *state;
    const struct data *data = &setup->data;
    char more[600];
    write_text(setup, "a.csv", PEOPLE);
    write_text(setup, "b.csv", OTHERS);
#define BUILD(rest)                                                                                                    \
    snprintf(more, sizeof more, ", test_path: \"%s/b.csv\", %s", setup->folder, rest);                                 \
    build_csv(setup, more)
    BUILD("features: [age, income], missing: mean, standardize: true");
    CHECK(data->inputs[DATA_TRAIN], -1.6073945760726929f, 1.6018106937408447f, 1.0531206130981445f, 0.0f, 0.0f,
          -1.0759539604187012f, 0.5542740225791931f, -0.5258567333221436f);
    CHECK(data->inputs[DATA_TEST], 1.3856849670410156f, 0.0f, 0.0f, -0.3621213734149933f);
    CHECK_LABELS(data->targets[DATA_TRAIN], 1, 0, 1, 2);
    CHECK_LABELS(data->targets[DATA_TEST], 0, 2);
    BUILD("features: [age, income], missing: median, standardize: true");
    CHECK(data->inputs[DATA_TRAIN], -1.697749376296997f, 1.6900161504745483f, 0.8892973065376282f, -0.3845493793487549f,
          0.40422603487968445f, -0.9209174513816833f, 0.40422603487968445f, -0.3845493793487549f);
    CHECK(data->inputs[DATA_TEST], 1.212678074836731f, -0.3845493793487549f, 0.40422603487968445f, -0.224900484085083f);
    BUILD("features: [income, age], missing: most_frequent");
    CHECK(data->inputs[DATA_TRAIN], 1200.5f, 22, -300, 38, -300, 22, 8.25f, 35);
    BUILD("categorical: colour, missing: constant, fill_value: -1");
    CHECK(data->inputs[DATA_TRAIN], 22, 0, 0, 1, 1200.5f, 38, 1, 0, 0, -1, -1, 0, 1, 0, -300, 35, 0, 0, 1, 8.25f);
    CHECK(data->inputs[DATA_TEST], 40, 1, 0, 0, -1, -1, 0, 0, 0, 100);
    BUILD("categorical: colour, missing: most_frequent, standardize: true"); /* categories are not standardized */
    CHECK((const float *)data->inputs[DATA_TEST] + 6, 0, 0, 1);
    BUILD("drop: [colour], missing: drop, test: 0");
    assert_int_equal(data->rows[DATA_TRAIN], 2);
    assert_int_equal(data->rows[DATA_TEST], 0);
    CHECK(data->inputs[DATA_TRAIN], 22, 1200.5f, 35, 8.25f);
    CHECK_LABELS(data->targets[DATA_TRAIN], 0, 1);
    BUILD("drop: colour, missing: mean, train: 2, test: 1"); /* means of the first two rows */
    CHECK(data->inputs[DATA_TRAIN], 22, 1200.5f, 38, 1200.5f);
    CHECK(data->inputs[DATA_TEST], 40, 1200.5f);
}

static void a_column_that_does_not_vary_is_not_scaled(void **state) {
    struct setup *setup = *state;
    write_text(setup, "a.csv", "a,b,y\n0.1,5,0\n0.1,7,1\n0.1,9,1\n");
    build_csv(setup, ", standardize: true, test: 0");
    CHECK(setup->data.inputs[DATA_TRAIN], 0, -1.2247448713915890f, 0, 0, 0, 1.2247448713915890f);
}

static void columns_are_chosen_by_name_or_number(void **state) {
    struct setup *setup = *state;
    const struct data *data = &setup->data;
    write_text(setup, "a.csv", "a,b,c,d\n1,2,3,4\n5,6,7,8\n");
    build_csv(setup, ", test: 0, label: b");
    CHECK(data->inputs[DATA_TRAIN], 1, 3, 4, 5, 7, 8);
    CHECK_LABELS(data->targets[DATA_TRAIN], 0, 1);
    build_csv(setup, ", test: 0, label: -1, features: [c, 0]");
    CHECK(data->inputs[DATA_TRAIN], 3, 1, 7, 5);
    build_csv(setup, ", test: 0, label: 0, drop: [b, 2], scale: 0.5");
    CHECK(data->inputs[DATA_TRAIN], 4, 8);
    assert_true(data->scale == 0.5f);
    build_csv(setup, ", test: 0, label: [d, a], shape: [2, 1]");
    assert_int_equal(data->classes, 0);
    assert_int_equal(data->target.rank * 10 + data->target.size[0], 12);
    assert_int_equal(data->input.rank * 100 + data->input.size[0] * 10 + data->input.size[1], 221);
    CHECK(data->targets[DATA_TRAIN], 4, 1, 8, 5);
    refuse_csv(setup, "/a.csv: has no column 'e', wanted for `label`; it has 4, the first is 'a'", ", label: e");
    refuse_csv(setup, "has no column '4'", ", label: 4");
    refuse_csv(setup, "the column 'b' of `features` is named twice, or is the target as well", ", features: [b, b]");
    refuse_csv(setup, "the column 'd' of `features` is named twice, or is the target", ", features: d");
    refuse_csv(setup, "the column 'd' of `drop` is no input", ", drop: d");
    refuse_csv(setup, "no column is left for the inputs", ", drop: [a, b, c]");
    refuse_csv(setup, "`shape` does not fit|product is 3", ", shape: [2]");
    refuse_csv(setup, "`label` names 2 columns", ", label: [a, b], targets: labels");
    write_text(setup, "a.csv", "a;b\n1;2\n5;6\n");
    refuse_csv(setup, "the first is 'a;b'; give `delimiter`, such as ';'", ", label: b");
    refuse_csv(setup, "no column is left for the inputs; give `delimiter`, such as ';' or tab", "");
    build_csv(setup, ", test: 0, label: b, delimiter: ';'");
}

static void targets_are_labels_or_values(void **state) {
    struct setup *setup = *state;
    const struct data *data = &setup->data;
    write_text(setup, "a.csv", "x,y\n0,10\n0,9\n0,9.0\n0,100\n");
    build_csv(setup, ", test: 0"); /* sorted as numbers, 9 and 9.0 being the same */
    assert_int_equal(data->classes, 3);
    CHECK_LABELS(data->targets[DATA_TRAIN], 1, 0, 0, 2);
    build_csv(setup, ", test: 0, targets: values");
    assert_int_equal(data->classes, 0);
    assert_int_equal(data->target.rank, 0);
    CHECK(data->targets[DATA_TRAIN], 10, 9, 9, 100);
    build_csv(setup, ", test: 0, class_names: [100, 9, 10, 11, 9.0]");
    assert_int_equal(data->classes, 5);
    CHECK_LABELS(data->targets[DATA_TRAIN], 2, 1, 4, 0);
    refuse_csv(setup, "/a.csv:5:3: column 'y' is '100', wanted one of `class_names`", ", class_names: [10, 9, '9.0']");
    write_text(setup, "a.csv", "x,y\n0,1\n0,2.5\n0,3\n");
    build_csv(setup, ", test: 0");
    assert_int_equal(data->classes, 0);
    CHECK(data->targets[DATA_TRAIN], 1, 2.5f, 3);
    build_csv(setup, ", test: 0, targets: labels");
    CHECK_LABELS(data->targets[DATA_TRAIN], 0, 1, 2);
    write_text(setup, "a.csv", "x,y\n0,10\n0,9\n0,no\n"); /* sorted as texts */
    build_csv(setup, ", test: 0");
    CHECK_LABELS(data->targets[DATA_TRAIN], 0, 1, 2);
    refuse_csv(setup, "/a.csv:4:3: column 'y' is 'no', wanted a number", ", targets: values");
}

static void quotes_hold_delimiters_lines_and_quotes(void **state) {
    struct setup *setup = *state;
    const struct data *data = &setup->data;
    write_text(setup, "a.csv", "x,\"the \"\"y\"\"\"\n1,\"a,\nb\"\n2,\"a\"\"b\"\n3,5\" pipe\n4,\"a,\nb\"\n");
    build_csv(setup, ", test: 0, label: 'the \"y\"'");
    assert_int_equal(data->classes, 3);
    CHECK_LABELS(data->targets[DATA_TRAIN], 2, 1, 0, 2);
    write_text(setup, "a.csv", "x,y\n1,\"a\nb\"\nz,c\n");
    refuse_csv(setup, "/a.csv:4:1: column 'x' is 'z'", "");
}

/* A split: sizes, classes, order, and that it follows the seed. */
static void the_test_split_is_drawn_by_class(void **state) {
    struct setup *setup = *state;
    const struct data *data = &setup->data;
    struct hash128 hashes[3];
    struct text text;
    text_init(&text);
    text_add(&text, "i,y\n");
    for (int i = 0; i < 500; i++)
        text_printf(&text, "%d,%s\n", i, i % 5 == 0 ? "few" : "many");
    write_text(setup, "a.csv", text.data);
    text_clear(&text);
    for (int run = 0; run < 3; run++) {
        build_csv(setup, run < 2 ? "" : ", seed: 1");
        hashes[run] = data->hash;
        assert_int_equal(data->rows[DATA_TRAIN], 400);
        assert_int_equal(data->rows[DATA_TEST], 100);
        const float *parts[2] = {data->inputs[DATA_TRAIN], data->inputs[DATA_TEST]};
        uint64_t next[2] = {0}, few = 0, regular = 1;
        for (int i = 0; i < 500; i++) { /* each row once, in order */
            const int split = next[1] < 100 && parts[1][next[1]] == (float)i;
            assert_true(next[split] < (split ? 100 : 400) && parts[split][next[split]] == (float)i);
            next[split]++;
        }
        for (int i = 0; i < 100; i++) {
            few += labels_of(data, DATA_TEST)[i] == 0;
            regular &= i == 0 || parts[1][i] - parts[1][i - 1] < 12;
        }
        assert_int_equal(few, 20);
        assert_true(parts[1][99] > 450);
        assert_false(regular && parts[1][99] - parts[1][0] == 495);
    }
    assert_true(hash128_equal(hashes[0], hashes[1]));
    assert_false(hash128_equal(hashes[0], hashes[2]));
    build_csv(setup, ", test: 7");
    assert_int_equal(data->rows[DATA_TEST], 7);
    build_csv(setup, ", test: 0.5, train: 100, validation: 0.1");
    assert_int_equal(data->rows[DATA_TEST], 250);
    assert_int_equal(data->rows[DATA_VALIDATION], 10);
    assert_int_equal(data->rows[DATA_TRAIN], 90);
    refuse_csv(setup, "`test` takes 500 of 500 rows", ", test: 500");
    refuse_csv(setup, "`test` is 2.5", ", test: 2.5");
    refuse_csv(setup, "`train` asks for 401 rows, but there are 400", ", train: 401");
}

static const struct {
    const char *text, *more, *words;
} bad[] = {
    {"", "", "/a.csv: the file is empty"},
    {"\n\n  \n", "", "/a.csv: the file is empty"},
    {"a,b\n", "", "/a.csv: has no rows"},
    {"a,b\n1,2\n3\n", "", "/a.csv:3:1: this row has 1 cell, wanted 2 as in the header"},
    {"a,b\n1,2\n3,4,5\n", "", "/a.csv:3:5: this row has 3 cells, wanted 2 as in the header"},
    {"1,2\n3\n", ", header: false", "/a.csv:2:1: this row has 1 cell, wanted 2 as in the first row"},
    {"a,a\n1,2\n", "", "/a.csv:1:3: two columns are named 'a'"},
    {"a,b\n1,2\nx,4\n", "", "/a.csv:3:1: column 'a' is 'x', wanted a number; name the column in `categorical`"},
    {"\xc3\xa4,b,c\n1,2,0\n\xc3\xa4\xc3\xa4,\xc3\xb6,1\n", ", drop: 0", "/a.csv:3:4: column 'b' is '\xc3\xb6'"},
    {"a,b\n1,2\n ,4\n", "", "/a.csv:3:2: column 'a' is '', wanted a value; `missing` says"},
    {"a,b\n1,2\nNaN,4\n", "", "/a.csv:3:1: column 'a' is 'NaN', wanted a value"},
    {"a,b\n1,2\n?,4\n", ", na_values: '?'", "/a.csv:3:1: column 'a' is '?', wanted a value"},
    {"a,b\n1,2\n3,\n", ", missing: mean", "/a.csv:3:3: column 'b' is '', wanted a target; `missing: drop`"},
    {"a,b\nNA,2\n,3\n", ", missing: drop", "/a.csv: has no rows without missing values"},
    {"a,b\nNA,2\n,3\n", ", missing: mean, test: 0", "column 'a' is missing in all training rows"},
    {"a,b\n1,2\n0x10,4\n", "", "'0x10', wanted a number"},
    {"a,b\n1,2\ninf,4\n", "", "'inf', wanted a number"},
    {"a,b\n1,2\n1e39,4\n", "", "'1e39', wanted a number"},
    {"a,b\n1,2\n1e,4\n", "", "'1e', wanted a number"},
    {"a,b\n1,2\n1 2,4\n", "", "'1 2', wanted a number"},
    {"a,b\n1,2\n1.5.2,4\n", "", "'1.5.2', wanted a number"},
    {"a,b\n1,2\n.,4\n", "", "'.', wanted a number"},
    {"a;b\n1,5;2\n", ", delimiter: ';'", "/a.csv:2:1: column 'a' is '1,5', wanted a number"},
    {"a,b\n1,2\n\"3,4\n5,6\n", "", "/a.csv:3:1: a quote opens here and is not closed"},
    {"a,b\n1,2\n\"3\"x,4\n", "", "/a.csv:3:1: text follows the closing quote of this cell"},
    {"a,b\n1,2\n", ", delimiter: ''", "`delimiter` is ''"},
    {"a,b\n1,2\n", ", delimiter: '||'", "`delimiter` is '||'"},
    {"a,b\n1,2\n", ", delimiter: '\"'", "`delimiter` is '\"'"},
    {"a,b\n1,2\n", ", decimal: ','", "`decimal` is ','"},
    {"a,b\n1,2\n", ", decimal: 'x'", "`decimal` is 'x'"},
};

static void bad_tables_are_refused_with_line_and_column(void **state) {
    struct setup *setup = *state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        write_text(setup, "a.csv", bad[i].text);
        refuse_csv(setup, bad[i].words, bad[i].more);
    }
    write_bytes(setup, "a.csv", "a,b\n1,\0002\n", 9);
    refuse_csv(setup, "/a.csv: byte 6 is 0, wanted text as UTF-8", "");
    write_bytes(setup, "a.csv",
                "\xff\xfe"
                "a\0,\0b\0",
                8);
    refuse_csv(setup, "/a.csv|UTF-16", "");
    refuse_data(setup, STATUS_CONFIG, "/nothing|No such file", CSV, setup->folder, "nothing", "");
}

static void a_test_table_must_have_the_same_columns(void **state) {
    struct setup *setup = *state;
    char more[600];
    write_text(setup, "a.csv", "a,b\n1,2\n");
    snprintf(more, sizeof more, ", test_path: \"%s/b.csv\"", setup->folder);
    write_text(setup, "b.csv", "a,c\n1,2\n");
    refuse_csv(setup, "/b.csv:1:3: column 1 is 'c', but in |/a.csv it is 'b'", more);
    write_text(setup, "b.csv", "a\n1\n");
    refuse_csv(setup, "/b.csv: has 1 columns, but |/a.csv has 2", more);
    write_text(setup, "b.csv", "a,b\n1,2\n1,x\n3\n");
    refuse_csv(setup, "/b.csv:4:1: this row has 1 cell", more);
    snprintf(more, sizeof more, ", test_path: \"%s/b.csv\", test: 3", setup->folder);
    write_text(setup, "b.csv", "a,b\n1,2\n");
    refuse_csv(setup, "`test` is 3, wanted at most the 1 rows", more);
}

/* Any byte of a table changed, or the rest cut off: it is read or refused, and a sanitizer sees no step beside it. */
static void damaged_tables_are_read_or_refused(void **state) {
    struct setup *setup = *state;
    static const char table[] = "x,\"k\"\n1,\"a\"\"b\"\n-2.5e3, c\n\"7\",\n";
    static const char bytes[] = "\",\n\r x0.e-\xff";
    for (size_t i = 0; i < sizeof table - 1; i++)
        for (size_t k = 0; k < sizeof bytes; k++) {
            char changed[sizeof table];
            memcpy(changed, table, sizeof table);
            changed[i] = bytes[k];
            write_bytes(setup, "a.csv", changed, bytes[k] == '\0' ? i : sizeof table - 1);
            const enum status status = try_data(setup, CSV, setup->folder, "a.csv", ", missing: drop, test: 0");
            assert_true(status == STATUS_OK || status == STATUS_CONFIG);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(dialects_read_the_same, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(missing_and_standardize_are_those_of_the_training_rows, setup_open,
                                        setup_close),
        cmocka_unit_test_setup_teardown(a_column_that_does_not_vary_is_not_scaled, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(columns_are_chosen_by_name_or_number, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(targets_are_labels_or_values, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(quotes_hold_delimiters_lines_and_quotes, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(the_test_split_is_drawn_by_class, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(bad_tables_are_refused_with_line_and_column, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(a_test_table_must_have_the_same_columns, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(damaged_tables_are_read_or_refused, setup_open, setup_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
