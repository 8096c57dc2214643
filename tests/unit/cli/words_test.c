#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/cli/options.h"
#include "runner/cli/progress.h"
#include "runner/cli/show.h"
#include "runner/cli/words.h"

#include <math.h>
#include <string.h>

static void numbers_are_short(void **state) {
    (void)state;
    char out[WORDS_SIZE];
    assert_string_equal(words_number(0.96234, out), "0.9623");
    assert_string_equal(words_number(0, out), "0.0000");
    assert_string_equal(words_number(-12.5, out), "-12.5000");
    assert_string_equal(words_number(12345.67, out), "12345.7");
    assert_string_equal(words_number(0.00012, out), "1.20e-04");
    assert_string_equal(words_number((double)NAN, out), "nan");
    assert_string_equal(words_number(-(double)INFINITY, out), "-inf");
    assert_string_equal(words_clock(7.4, out), "0:07");
    assert_string_equal(words_clock(754, out), "12:34");
    assert_string_equal(words_clock(3723, out), "1:02:03");
    assert_string_equal(words_clock((double)NAN, out), "?");
    assert_string_equal(words_bytes(512, out), "512 B");
    assert_string_equal(words_bytes(1536, out), "1.5 KiB");
    assert_string_equal(words_bytes(1024.0 * 1024 * 1024 * 200, out), "200 GiB");
    assert_string_equal(words_seconds(0.01234, out), "0.0123");
    assert_string_equal(words_seconds((double)NAN, out), "");
    assert_int_equal(words_width("a \u00b1 b"), 5);
}

static void columns_are_aligned_by_what_is_seen(void **state) {
    (void)state;
    struct sheet sheet;
    struct text out;
    text_init(&out);
    sheet_init(&sheet, 3);
    sheet_right(&sheet, 1);
    const char *const cells[] = {"name", "value", "", "a\tb", "1 \u00b1 2", "", "long name", "3", "x"};
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
        sheet_add(&sheet, cells[i]);
    sheet_write(&sheet, "  ", &out);
    assert_string_equal(out.data, "  name       value\n"
                                  "  a?b        1 \u00b1 2\n"
                                  "  long name      3  x\n");
    sheet_clear(&sheet);
    text_clear(&out);
}

static void a_bar_fills(void **state) {
    (void)state;
    struct text out;
    text_init(&out);
    progress_bar(0.5, 10, &out);
    progress_bar(0, 4, &out);
    progress_bar(1, 4, &out);
    assert_string_equal(out.data, "[#####.....][....][####]");
    text_clear(&out);
}

struct fixture {
    struct plan plan;
    struct plan_point point;
    struct result_trial trial;
    struct record record;
    struct record_row row;
    const char *axes[1], *labels[1], **point_labels[1], *columns[3];
    double values[3];
    bool known[3];
};

static void make_fixture(struct fixture *fixture) {
    *fixture = (struct fixture){
        .axes = {"train.batch_size"}, .labels = {"10"}, .columns = {"train_loss", "test_loss", "test_accuracy"}};
    fixture->values[0] = 0.5;
    fixture->values[1] = 0.25;
    fixture->values[2] = 0.875;
    fixture->known[0] = fixture->known[1] = fixture->known[2] = true;
    fixture->row = (struct record_row){.epoch = 1, .seconds = 1.5, .values = fixture->values, .known = fixture->known};
    fixture->record = (struct record){.reason = "",
                                      .stopped_by = "epochs",
                                      .updates = 20,
                                      .columns = fixture->columns,
                                      .n_columns = 3,
                                      .rows = &fixture->row,
                                      .n_rows = 1};
    fixture->point_labels[0] = fixture->labels;
    fixture->point.facts = (struct plan_facts){.known = true, .epochs = 3};
    fixture->plan.points = &fixture->point;
    fixture->plan.results = (struct results){.name = "lab",
                                             .report = "lecture",
                                             .axes = fixture->axes,
                                             .n_axes = 1,
                                             .labels = fixture->point_labels,
                                             .n_points = 1,
                                             .trials = &fixture->trial,
                                             .n_trials = 1};
    fixture->trial.record = &fixture->record;
}

static void a_running_trial_tells_where_it_is(void **state) {
    (void)state;
    struct fixture fixture;
    make_fixture(&fixture);
    struct slot slot = {.trial = 0, .record = &fixture.record, .epoch = 2, .loss = 0.4};
    struct text out;
    text_init(&out);
    progress_running(&fixture.plan, &slot, &out);
    assert_string_equal(out.data, "batch_size=10  epoch 2/3  loss 0.4000  test_accuracy 0.8750");
    text_reset(&out);
    fixture.known[2] = false;
    slot.loss = (double)NAN;
    progress_running(&fixture.plan, &slot, &out);
    assert_string_equal(out.data, "batch_size=10  epoch 2/3  test_loss 0.2500");
    text_clear(&out);
}

static void an_ended_trial_tells_how(void **state) {
    (void)state;
    struct fixture fixture;
    make_fixture(&fixture);
    struct slot slot = {.trial = 0, .record = &fixture.record};
    struct text out;
    text_init(&out);
    progress_ended(&fixture.plan, &slot, 3, 15, &out);
    assert_string_equal(out.data, "[3/15] batch_size=10: done, test_accuracy 0.8750, 1.5 s");
    text_reset(&out);
    fixture.record.status = TRIAL_FAILED;
    fixture.record.reason = "SIGSEGV";
    fixture.record.n_rows = fixture.record.n_columns = 0;
    progress_ended(&fixture.plan, &slot, 3, 15, &out);
    assert_string_equal(out.data, "[3/15] batch_size=10: failed (SIGSEGV)");
    text_clear(&out);
}

/* The two lines are those that the lecture's listing prints. */
static void the_table_ends_as_the_lecture_does(void **state) {
    (void)state;
    struct fixture fixture;
    make_fixture(&fixture);
    struct text out;
    text_init(&out);
    show_results(&fixture.plan.results, &out);
    assert_string_equal(out.data, "lab: 1 trial\n\n"
                                  "  train.batch_size  test_accuracy  test_loss  updates  s/epoch\n"
                                  "                10         0.8750     0.2500       20\n\n"
                                  "Total loss on Testing Set: 0.2500\n"
                                  "Accuracy of Testing Set: 0.8750\n");
    text_clear(&out);
}

static enum status read(struct options *options, const char *const *words, struct error *error) {
    static char copies[16][32], *arguments[17];
    int n = 0;
    for (; words[n] != NULL; n++) {
        snprintf(copies[n], sizeof copies[n], "%s", words[n]);
        arguments[n] = copies[n];
    }
    arguments[n] = NULL;
    return options_read(options, n, arguments, error);
}

static void options_stand_anywhere(void **state) {
    (void)state;
    struct options options;
    struct error error = {0};
    assert_int_equal(
        read(&options,
             (const char *const[]){"runner", "--workers", "3", "a.yaml", "-q", "x=1", "--plugin-dir=p", "y=2", NULL},
             &error),
        STATUS_OK);
    assert_int_equal(options.command, COMMAND_RUN);
    assert_string_equal(options.subject, "a.yaml");
    assert_int_equal(options.workers, 3);
    assert_true(options.log.quiet);
    assert_int_equal(options.n_overrides, 2);
    assert_string_equal(options.overrides[1], "y=2");
    assert_string_equal(options.plugin_folders[0], "p");
    assert_string_equal(options.results, "results");
    assert_string_equal(options.argv[1], "--workers"); /* as it was given: the manifest shows it */
    options_clear(&options);
    assert_int_equal(read(&options, (const char *const[]){"runner", "check", "a.yaml", NULL}, &error), STATUS_OK);
    assert_int_equal(options.command, COMMAND_CHECK);
    options_clear(&options);
    assert_int_equal(read(&options, (const char *const[]){"runner", "chek", "a.yaml", NULL}, &error), STATUS_CONFIG);
    assert_non_null(strstr(error.text, "did you mean 'check'"));
    options_clear(&options);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_short),
        cmocka_unit_test(columns_are_aligned_by_what_is_seen),
        cmocka_unit_test(a_bar_fills),
        cmocka_unit_test(a_running_trial_tells_where_it_is),
        cmocka_unit_test(an_ended_trial_tells_how),
        cmocka_unit_test(the_table_ends_as_the_lecture_does),
        cmocka_unit_test(options_stand_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
