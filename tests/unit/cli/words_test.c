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
    assert_string_equal(words_seconds(0.0000421, out), "0.000042");
    assert_string_equal(words_seconds((double)NAN, out), "");
    assert_int_equal(words_width("a \u00b1 b"), 5);
    assert_int_equal(words_width("\u6570\u636e e\u0301 \U0001F600"), 9);
    assert_int_equal(words_width("\xff\xc3"), 2);
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
    live_bar(0.5, 10, &out);
    live_bar(0, 4, &out);
    live_bar(1, 4, &out);
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
    static const struct plan_facts facts = {.known = true, .epochs = 3};
    fixture->point.facts = &facts;
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

static void live_lines_are(struct live *live, size_t columns, const char *wanted) {
    struct text out;
    text_init(&out);
    live->terminal.columns = columns;
    live_draw(live, &out);
    assert_string_equal(out.data, wanted);
    text_clear(&out);
}

static void a_running_trial_tells_where_it_is(void **state) {
    (void)state;
    struct fixture fixture;
    make_fixture(&fixture);
    fixture.trial.record = NULL;
    struct slot slot = {.trial = 0, .record = &fixture.record, .epoch = 2, .share = 0.5, .loss = 0.4};
    struct live live = {.plan = &fixture.plan, .slots = &slot, .n_slots = 1, .trials = 1, .share = 0.5, .left = 61};
    live.terminal.rows = 24;
    live_lines_are(&live, 81,
                   "batch_size=10   50%  test_accuracy 0.8750 =  epoch 2/3  loss 0.4000\n"
                   "[############............] 0/1 trials, 1:01 left, 1 running\n");
    live_lines_are(&live, 40, "batch_size=10   50%  epoch 2/3\n0/1 trials, 1:01 left, 1 running\n");
    live_lines_are(&live, 14, "batch_~   50%\n0/1 trials, ~\n");
    fixture.known[2] = false;
    slot.loss = (double)NAN;
    live.left = (double)NAN;
    live_lines_are(&live, 60, "batch_size=10   50%  test_loss 0.2500 =  epoch 2/3\n0/1 trials, 1 running\n");
}

static void the_grid_fills(void **state) {
    (void)state;
    struct fixture fixture;
    make_fixture(&fixture);
    struct record records[4];
    static const enum trial_status ends[] = {TRIAL_DONE, TRIAL_DIVERGED, TRIAL_FAILED, TRIAL_DONE};
    struct result_trial trials[6] = {{.point = 0}, {.point = 0}, {.point = 1},
                                     {.point = 1}, {.point = 2}, {.point = 2}};
    for (size_t t = 0; t < 4; t++) {
        records[t] = fixture.record;
        records[t].status = ends[t];
        trials[t].record = &records[t];
    }
    struct plan_point points[3] = {fixture.point, fixture.point, fixture.point};
    const char **labels[3] = {fixture.labels, fixture.labels, fixture.labels};
    fixture.plan.points = points;
    fixture.plan.results.labels = labels;
    fixture.plan.results.trials = trials;
    fixture.plan.results.n_trials = 6;
    fixture.plan.results.n_points = 3;
    struct slot slots[2] = {{.trial = NO_TRIAL}, {.trial = 4, .record = &fixture.record, .loss = (double)NAN}};
    slots[1].record = &(struct record){.reason = "", .stopped_by = ""};
    struct live live = {
        .plan = &fixture.plan, .slots = slots, .n_slots = 2, .ended = 4, .trials = 6, .left = (double)NAN};
    live.terminal.rows = 24;
    live_lines_are(&live, 60,
                   "batch_size=10    0%  epoch 0/3\n#~ x# o.\n4/6 trials, 1 failed, 1 diverged, 1 running\n");
    live_lines_are(&live, 7, "ba~\n#~ x#\no.\n4/6 t~\n");
    live_lines_are(&live, 2, "~\n~\nx\no\n~\n");
    live.terminal.unicode = true;
    live.terminal.colour = true;
    live.terminal.rows = 6;
    live_lines_are(&live, 60, "batch_size=10    0%  epoch 0/3\n4/6 trials, 1 failed, 1 diverged, 1 running\n");
    live.terminal.rows = 7;
    live_lines_are(&live, 60,
                   "batch_size=10    0%  epoch 0/3\n"
                   "\033[0m\033[32m\u2588\033[0m\033[35m~ \033[0m\033[31mx\033[0m\033[32m\u2588 "
                   "\033[0m\033[33m\u2591\033[0m\033[2m\u00b7\033[0m\n"
                   "4/6 trials, 1 failed, 1 diverged, 1 running\n");
}

static void sparklines_rise(void **state) {
    (void)state;
    struct text out;
    text_init(&out);
    const double values[] = {0, 1, 2, 3, 4, 5, 6, 7}, odd[] = {1, (double)NAN, 2, 1.5}, one[] = {3};
    words_sparkline(values, 8, 20, true, &out);
    assert_string_equal(out.data, "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588");
    text_reset(&out);
    words_sparkline(values, 8, 4, false, &out);
    assert_string_equal(out.data, "_.+#");
    text_reset(&out);
    words_sparkline(odd, 4, 8, false, &out);
    assert_string_equal(out.data, "_ #=");
    text_reset(&out);
    words_sparkline(one, 1, 8, false, &out);
    words_sparkline(one, 0, 8, false, &out);
    assert_string_equal(out.data, "=");
    text_clear(&out);
}

static void long_names_are_cut(void **state) {
    (void)state;
    struct text out;
    text_init(&out);
    assert_int_equal(words_cut("abc\t", 4, &out), 4);
    assert_int_equal(words_cut("abcdef", 4, &out), 4);
    assert_int_equal(words_cut("\u6570\u636e\u6570", 4, &out), 3);
    assert_int_equal(words_cut("a", 0, &out), 0);
    assert_string_equal(out.data, "abc?abc~\u6570~");
    text_clear(&out);
    const char line[] = "\033[31mab\033[0mc";
    assert_int_equal(live_width(line, sizeof line - 1), 3);
}

static void terminals_tell_what_they_can(void **state) {
    (void)state;
    struct terminal terminal;
    terminal_read(&terminal, NULL, "", "de_DE.UTF-8", NULL);
    assert_true(terminal.unicode && terminal.colour);
    terminal_read(&terminal, "C", NULL, "de_DE.UTF-8", "");
    assert_true(!terminal.unicode && terminal.colour);
    terminal_read(&terminal, NULL, "C.utf8", NULL, "1");
    assert_true(terminal.unicode && !terminal.colour);
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
                                  "  batch_size  test_accuracy  test_loss  updates  s/epoch\n"
                                  "          10         0.8750     0.2500       20\n\n"
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
        cmocka_unit_test(the_grid_fills),
        cmocka_unit_test(sparklines_rise),
        cmocka_unit_test(long_names_are_cut),
        cmocka_unit_test(terminals_tell_what_they_can),
        cmocka_unit_test(an_ended_trial_tells_how),
        cmocka_unit_test(the_table_ends_as_the_lecture_does),
        cmocka_unit_test(options_stand_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
