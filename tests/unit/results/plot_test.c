#include "tests/unit/results/lab.h"

#include "runner/base/file.h"
#include "runner/results/report_plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void expect(struct text *out, const char *wanted) {
    assert_string_equal(out->data, wanted);
    text_reset(out);
}

/* What gnuplot would take for columns, strings or commands is none in a label. */
static void labels_are_data(void **state) {
    (void)state;
    struct text out;
    text_init(&out);
    plot_label("a\tb\nc", 30, &out);
    expect(&out, "a?b?c");
    plot_label("say \"x\" \\n", 30, &out);
    expect(&out, "say \u201dx\u201d \u2216n");
    plot_label("", 30, &out);
    expect(&out, "-");
    plot_label("abc\xff", 30, &out);
    expect(&out, "abc?");
    plot_string("it's `date` $x", &out);
    expect(&out, "'it\u2019s \u2018date\u2018 $x'");
    text_clear(&out);
}

/* Characters count, not bytes. */
static void long_labels_are_cut_with_a_sign(void **state) {
    (void)state;
    struct text out;
    text_init(&out);
    plot_label("abcdef", 6, &out);
    expect(&out, "abcdef");
    plot_label("abcdefg", 6, &out);
    expect(&out, "abcde\u2026");
    plot_label("\u00e4\u00f6\u00fc\u00df", 3, &out);
    expect(&out, "\u00e4\u00f6\u2026");
    assert_int_equal(plot_label_width("\u00e4\u00f6\u00fc", 10), 3);
    assert_int_equal(plot_label_width("abcdefg", 6), 6);
    text_clear(&out);
}

static void numbers_read_back_and_gaps_are_nan(void **state) {
    (void)state;
    struct text out;
    text_init(&out);
    plot_number(0.1, '\t', &out);
    plot_number((double)NAN, '\t', &out);
    plot_number(-(double)INFINITY, '\n', &out);
    expect(&out, "0.1\tNaN\tNaN\n");
    text_clear(&out);
}

static struct range range_of(const double *numbers, size_t n) {
    struct range range = {.any = false};
    for (size_t i = 0; i < n; i++)
        range_add(&range, numbers[i]);
    return range;
}

/* The two ends of the range that is written, and whether the axis is logarithmic. */
static bool written(const double *numbers, size_t n, bool logarithmic, bool share, double *low, double *high) {
    struct range range = range_of(numbers, n);
    struct text out;
    text_init(&out);
    range_write(&range, 'y', logarithmic, share, &out);
    const char *at = strstr(out.data, "set yrange [");
    bool is_logarithmic = strstr(out.data, "set logscale y\n") != NULL;
    assert_non_null(at);
    assert_int_equal(sscanf(at, "set yrange [%lf:%lf]\n", low, high), 2);
    text_clear(&out);
    return is_logarithmic;
}

static void ranges_have_room_at_both_ends(void **state) {
    (void)state;
    double low, high;
    assert_false(written((double[]){1, 3, (double)NAN, (double)INFINITY}, 4, false, false, &low, &high));
    lab_near(low, 0.88);
    lab_near(high, 3.12);
    written((double[]){5}, 1, false, false, &low, &high); /* one point is no empty range */
    lab_near(low, 4.5);
    lab_near(high, 5.5);
    written((double[]){0, 0}, 2, false, false, &low, &high);
    assert_true(low < 0 && high > 0);
    written((double[]){-2, -2}, 2, false, false, &low, &high);
    assert_true(low < -2 && high > -2);
    written((double[]){0.01, 0.99}, 2, false, true, &low, &high); /* no accuracy is above 1 */
    lab_near(low, 0);
    lab_near(high, 1);
    assert_true(written((double[]){1, 1000}, 2, true, false, &low, &high));
    assert_true(low < 1 && low > 0 && high > 1000);
    struct range nothing = range_of((double[]){(double)NAN}, 1);
    struct text out;
    text_init(&out);
    range_write(&nothing, 'y', false, false, &out);
    assert_int_equal(out.length, 0);
    text_clear(&out);
}

static void logarithmic_axes_need_positive_numbers_far_apart(void **state) {
    (void)state;
    const struct {
        double numbers[2];
        bool wide;
    } cases[] = {{{1, 100}, true}, {{1, 99}, false}, {{0, 1000}, false}, {{-1, 1000}, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct range range = range_of(cases[i].numbers, 2);
        assert_int_equal(range_is_wide(&range, 100), cases[i].wide);
    }
    struct range nothing = {.any = false};
    assert_false(range_is_wide(&nothing, 1));
}

/* gnuplot's own tics would be one: 0.1. */
static void short_logarithmic_axes_have_tics_between_powers_of_ten(void **state) {
    (void)state;
    struct range range = range_of((double[]){0.04, 0.6}, 2);
    struct text out;
    text_init(&out);
    range_write(&range, 'x', true, false, &out);
    assert_non_null(strstr(out.data, "set xtics (0.05, 0.1, 0.2, 0.5)\n"));
    text_reset(&out);
    range = range_of((double[]){0.001, 0.1}, 2); /* with room for fewer */
    range_write(&range, 'x', true, false, &out);
    assert_non_null(strstr(out.data, "set xtics (0.001, 0.003, 0.01, 0.03, 0.1)\n"));
    text_reset(&out);
    range = range_of((double[]){1, 1e6}, 2);
    range_write(&range, 'x', true, false, &out);
    assert_null(strstr(out.data, "xtics"));
    text_clear(&out);
}

/* gnuplot's own would touch: 0.0008, 0.00085, 0.0009, ... */
static void tics_of_linear_axes_have_room_for_their_labels(void **state) {
    (void)state;
    static const struct {
        double low, high;
        const char *wanted;
    } cases[] = {{0.00078, 0.00123, "set xtics 0.0001\n"}, {0, 10, "set xtics 1\n"},
                 {-0.3, 0.45, "set xtics 0.1\n"},          {100000, 900000, "set xtics 200000\n"},
                 {0, 2.5e-5, "set xtics 1e-05\n"},         {1, 1, ""}};
    struct text out;
    text_init(&out);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        range_tics(cases[i].low, cases[i].high, &out);
        expect(&out, cases[i].wanted);
    }
    range_tics(0, (double)INFINITY, &out);
    expect(&out, "");
    text_clear(&out);
}

/* A row of the key more is a higher picture, and wider labels make more rows. */
static void keys_have_room(void **state) {
    (void)state;
    struct key none = {.n = 0}, few = {.n = 0}, wide = {.n = 0}, narrow = {.margins = 350}, titled = {.titled = true};
    assert_int_equal(key_height(&none), 0);
    for (size_t i = 0; i < 3; i++) {
        key_measure(&few, "10");
        key_measure(&wide, "a label of thirty characters..");
        key_measure(&narrow, "10");
        key_measure(&titled, "10");
    }
    assert_true(key_height(&few) > 0);
    assert_true(key_height(&wide) > key_height(&few));
    assert_true(key_height(&narrow) > key_height(&few));
    assert_true(key_height(&titled) > key_height(&few));
}

static void there_are_only_so_many_pictures(void **state) {
    (void)state;
    struct plots plots;
    plots_init(&plots);
    for (size_t i = 0; i < PLOTS_MOST; i++)
        assert_non_null(plots_add(&plots, "a", 440, 300));
    assert_null(plots_add(&plots, "b", 440, 300));
    plots_clear(&plots);
}

static void put(const char *path, const char *text) {
    assert_int_equal(file_write_whole(path, text, strlen(text), NULL), STATUS_OK);
}

/* Pictures that a former report has left are removed with their scripts; what is the user's stays. */
static void a_folder_holds_the_pictures_of_its_report(void **state) {
    (void)state;
    char folder[] = "/tmp/runner-plot-XXXXXX";
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    struct plots plots;
    plots_init(&plots);
    struct plot *plot = plots_add(&plots, "now", 440, 300);
    text_add(&plot->data, "1\t2\n");
    text_add(&plot->svg, "<svg></svg>");
    struct text former;
    text_init(&former);
    text_add(&former, plot->script.data); /* opens as scripts of reports do */
    put("former.gp", former.data);
    put("former.dat", "1");
    put("former.svg", "<svg></svg>");
    put("mine.gp", "plot sin(x)\n");
    put("mine.svg", "<svg></svg>");
    assert_int_equal(plots_keep(&plots, ".", NULL), STATUS_OK);
    assert_int_equal(access("now.gp", F_OK) | access("now.dat", F_OK) | access("now.svg", F_OK), 0);
    assert_int_equal(access("mine.gp", F_OK) | access("mine.svg", F_OK), 0);
    assert_true(access("former.gp", F_OK) < 0 && access("former.dat", F_OK) < 0 && access("former.svg", F_OK) < 0);

    /* A picture that could not be drawn leaves none of other data behind. */
    text_add(&plot->data, "2\t3\n");
    text_reset(&plot->svg);
    assert_int_equal(plots_keep(&plots, ".", NULL), STATUS_OK);
    assert_true(access("now.svg", F_OK) < 0);
    assert_true(file_has("now.dat", "1\t2\n2\t3\n", 8));
    text_clear(&former);
    plots_clear(&plots);
    static const char *const files[] = {"now.gp", "now.dat", "mine.gp", "mine.svg"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        unlink(files[i]);
    assert_int_equal(rmdir(folder), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_are_data),
        cmocka_unit_test(long_labels_are_cut_with_a_sign),
        cmocka_unit_test(numbers_read_back_and_gaps_are_nan),
        cmocka_unit_test(ranges_have_room_at_both_ends),
        cmocka_unit_test(logarithmic_axes_need_positive_numbers_far_apart),
        cmocka_unit_test(short_logarithmic_axes_have_tics_between_powers_of_ten),
        cmocka_unit_test(tics_of_linear_axes_have_room_for_their_labels),
        cmocka_unit_test(keys_have_room),
        cmocka_unit_test(there_are_only_so_many_pictures),
        cmocka_unit_test(a_folder_holds_the_pictures_of_its_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
