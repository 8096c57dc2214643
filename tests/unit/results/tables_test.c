#include "tests/unit/results/lab.h"

#include "runner/results/statistics.h"
#include "runner/results/tables.h"

#include <math.h>

static const char *const columns[] = {"train_loss", "test_loss"};

/* Two axes, the second of which does not apply to the second point; two seeds. Trial 1 is done, 2 done, 3 diverged, 4 failed. */
static void make_results(struct results *results) {
    static const char *const axes[] = {"size", "rate, really"}, *const labels[] = {"10", "0.5", "full", NULL};
    lab_results(results, axes, 2, labels, 2, 2);
    struct arena *arena = &results->arena;
    struct record *first = lab_record(arena, 1, TRIAL_DONE, columns, 2, 3);
    first->stopped_by = "epochs";
    first->epochs = 2;
    first->updates = 20;
    lab_set(first, 0, 1, 2.5);
    lab_set(first, 1, 0, 1.5);
    lab_set(first, 2, 0, 0.75);
    lab_set(first, 2, 1, 1);
    first->rows[1].seconds = 0.5;
    first->rows[2].seconds = 1.5;
    first->rows[2].evaluate_seconds = 0.25;
    first->peak_memory = 4096;
    struct record *second = lab_record(arena, 2, TRIAL_DONE, columns, 2, 3);
    second->stopped_by = "epochs";
    second->epochs = 2;
    second->updates = 20;
    lab_set(second, 2, 0, 0.25);
    lab_set(second, 2, 1, 4);
    struct record *third = lab_record(arena, 3, TRIAL_DIVERGED, columns, 2, 2);
    third->reason = "loss is inf in epoch 1";
    third->stopped_by = "diverged";
    third->epochs = 1;
    third->updates = 3;
    lab_set(third, 1, 0, (double)INFINITY);
    lab_set(third, 1, 1, 7.5);
    struct record *fourth = lab_record(arena, 4, TRIAL_FAILED, columns, 0, 0);
    fourth->reason = "SIGSEGV";
    struct record *all[] = {first, second, third, fourth};
    for (size_t t = 0; t < 4; t++)
        results->trials[t].record = all[t];
}

static void expect(table_make *table, const struct results *results, const char *wanted) {
    struct text out;
    struct csv csv;
    text_init(&out);
    csv_init(&csv, &out);
    table(results, &csv);
    assert_string_equal(out.data, wanted);
    text_clear(&out);
}

static void trials_have_a_row_each_in_grid_order(void **state) {
    (void)state;
    struct results results;
    make_results(&results);
    expect(table_trials, &results,
           "trial,id,size,\"rate, really\",seed,status,reason,stopped_by,epochs,updates,train_loss,test_loss\n"
           "1,0000000000000001,10,0.5,0,done,,epochs,2,20,0.75,1\n"
           "2,0000000000000002,10,0.5,1,done,,epochs,2,20,0.25,4\n"
           "3,0000000000000003,full,,0,diverged,loss is inf in epoch 1,diverged,1,3,nan,7.5\n"
           "4,0000000000000004,full,,1,failed,SIGSEGV,,0,0,,\n");
    results_clear(&results);
}

static void trials_that_have_not_ended_have_no_row(void **state) {
    (void)state;
    struct results results;
    make_results(&results);
    results.trials[0].record = results.trials[1].record = results.trials[2].record = NULL;
    expect(table_trials, &results,
           "trial,id,size,\"rate, really\",seed,status,reason,stopped_by,epochs,updates\n"
           "4,0000000000000004,full,,1,failed,SIGSEGV,,0,0\n");
    results_clear(&results);
}

static void epochs_leave_unknown_cells_empty(void **state) {
    (void)state;
    struct results results;
    make_results(&results);
    results.trials[1].record = NULL;
    expect(table_epochs, &results,
           "trial,size,\"rate, really\",seed,epoch,updates,examples,learning_rate,train_loss,test_loss\n"
           "1,10,0.5,0,0,0,0,0.1,,2.5\n"
           "1,10,0.5,0,1,10,100,0.1,1.5,\n"
           "1,10,0.5,0,2,20,200,0.1,0.75,1\n"
           "3,full,,0,0,0,0,0.1,,\n"
           "3,full,,0,1,10,100,0.1,inf,7.5\n");
    results_clear(&results);
}

#define SUMMARY_HEADER                                                                                                 \
    "point,size,\"rate, "                                                                                              \
    "really\",n,n_diverged,n_failed,train_loss_mean,train_loss_sd,train_loss_se,train_loss_ci95_low,"                  \
    "train_loss_ci95_high,train_loss_median,train_loss_min,train_loss_max,test_loss_mean,test_loss_sd,test_loss_se,"   \
    "test_loss_ci95_low,test_loss_ci95_high,test_loss_median,test_loss_min,test_loss_max,test_loss_reference,"         \
    "test_loss_difference,test_loss_difference_ci95_low,test_loss_difference_ci95_high,test_loss_p_holm,"              \
    "test_loss_verdict\n"

/* train_loss 0.75 and 0.25: mean 0.5, sd sqrt(0.0625 + 0.0625) = 0.3535533905932738; test_loss 1 and 4: mean 2.5, sd sqrt(4.5) =
   2.1213203435596424 (Python 3 statistics.stdev); Student's intervals -2.67655118404, 3.67655118404 and -16.5593071043, 21.5593071043
   (SciPy's t.ppf(0.975, 1) = 12.706204736174698). */
static void a_diverged_trial_is_never_averaged_away(void **state) {
    (void)state;
    struct results results;
    make_results(&results);
    expect(table_summary, &results,
           SUMMARY_HEADER
           "1,10,0.5,2,0,0,0.5,0.3535533905932738,0.25,-2.6765511840436886,3.6765511840436886,0.5,0.25,0.75,2.5,"
           "2.1213203435596424,1.4999999999999998,-16.55930710426213,21.55930710426213,2.5,1,4,1,,,,,reference\n"
           "2,full,,1,1,1,nan,,,,,nan,nan,nan,nan,,,,,nan,nan,nan,1,,,,,\n");
    results_clear(&results);
}

static void points_without_results_have_empty_cells(void **state) {
    (void)state;
    struct results results;
    make_results(&results);
    results.trials[1].record = results.trials[2].record = NULL;
    expect(table_summary, &results,
           SUMMARY_HEADER "1,10,0.5,1,0,0,0.75,,,,,0.75,0.75,0.75,1,,,,,1,1,1,1,,,,,reference\n"
                          "2,full,,0,0,1,,,,,,,,,,,,,,,,,1,,,,,\n");
    results_clear(&results);
}

static void times_stand_in_the_timing_table(void **state) {
    (void)state;
    struct results results;
    make_results(&results);
    results.trials[1].record = results.trials[2].record = NULL;
    expect(
        table_timing, &results,
        "trial,size,\"rate, really\",seed,status,threads,seconds,evaluate_seconds,seconds_per_epoch,updates_per_second,"
        "peak_memory_bytes\n"
        "1,10,0.5,0,done,1,2,0.25,1,10,4096\n"
        "4,full,,1,failed,1,,,,,\n");
    results_clear(&results);
}

static void columns_are_the_union_in_order_of_appearance(void **state) {
    (void)state;
    static const char *const other[] = {"train_loss", "val_loss", "test_loss"};
    struct results results;
    make_results(&results);
    struct record *third = lab_record(&results.arena, 3, TRIAL_DONE, other, 3, 1);
    lab_set(third, 0, 1, 5);
    results.trials[2].record = third;
    results.trials[0].record = results.trials[3].record = NULL;
    expect(table_trials, &results,
           "trial,id,size,\"rate, really\",seed,status,reason,stopped_by,epochs,updates,train_loss,test_loss,val_loss\n"
           "2,0000000000000002,10,0.5,1,done,,epochs,2,20,0.25,4,\n"
           "3,0000000000000003,full,,0,done,,,0,0,,,5\n");
    results_clear(&results);
}

/* Python 3: statistics.mean, statistics.stdev and statistics.median of the same numbers. */
static void statistics_agree_with_python(void **state) {
    (void)state;
    double numbers[] = {2, 4, 4, 4, 5, 5, 7, 9};
    assert_true(statistics_mean(numbers, 8) == 5);
    assert_true(fabs(statistics_sd(numbers, 8) - 2.138089935299395) < 1e-15);
    double large[] = {1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16}; /* a one-pass formula loses these */
    assert_true(fabs(statistics_sd(large, 4) - 5.477225575051661) < 1e-14);
    double unsorted[] = {3, 1, 2, 10};
    assert_true(statistics_median(unsorted, 4) == 2.5);
    assert_true(statistics_median(unsorted, 3) == 2);
    assert_true(isnan(statistics_mean(NULL, 0)));
    assert_true(isnan(statistics_sd(large, 1)));
    assert_true(isnan(statistics_median(NULL, 0)));
}

static void labels_name_a_trial(void **state) {
    (void)state;
    static const char *const axes[] = {"optimizer.adam.learning_rate", "model"}, *const labels[] = {"0.1", "deep",
                                                                                                    "0.2", NULL};
    struct results results;
    struct text out;
    text_init(&out);
    lab_results(&results, axes, 2, labels, 2, 2);
    results_trial_label(&results, 1, &out);
    assert_string_equal(out.data, "learning_rate=0.1 model=deep seed=1");
    text_reset(&out);
    results_trial_label(&results, 2, &out);
    assert_string_equal(out.data, "learning_rate=0.2 seed=0");
    results_clear(&results);
    text_reset(&out);
    lab_results(&results, axes, 2, labels, 2, 1);
    results_trial_label(&results, 0, &out);
    assert_string_equal(out.data, "learning_rate=0.1 model=deep");
    text_clear(&out);
    results_clear(&results);
}

/* Where a callback brought the weights of an earlier epoch back, the final values are that epoch's. */
static void restored_weights_have_the_values_of_their_epoch(void **state) {
    (void)state;
    struct results results;
    static const char *const axes[] = {"x"}, *const labels[] = {"1"};
    lab_results(&results, axes, 1, labels, 1, 2);
    struct record *first = lab_record(&results.arena, 1, TRIAL_DONE, columns, 2, 3);
    first->stopped_by = "early_stopping";
    first->epochs = 2;
    first->updates = 20;
    first->has_best = first->restored = true;
    first->best_epoch = first->restored_epoch = 1;
    lab_set(first, 1, 1, 2.5);
    lab_set(first, 2, 1, 7.5);
    results.trials[0].record = first;
    results.trials[1].record = lab_record(&results.arena, 2, TRIAL_DONE, columns, 2, 1);
    expect(table_trials, &results,
           "trial,id,x,seed,status,reason,stopped_by,epochs,updates,best_epoch,train_loss,test_loss\n"
           "1,0000000000000001,1,0,done,,early_stopping,2,20,1,,2.5\n"
           "2,0000000000000002,1,1,done,,,0,0,,,\n");
    struct text json;
    text_init(&json);
    record_write(first, &json);
    assert_non_null(strstr(json.data, "\"restored_epoch\":1,\"best_epoch\":1"));
    text_clear(&json);
    results_clear(&results);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trials_have_a_row_each_in_grid_order),
        cmocka_unit_test(trials_that_have_not_ended_have_no_row),
        cmocka_unit_test(epochs_leave_unknown_cells_empty),
        cmocka_unit_test(a_diverged_trial_is_never_averaged_away),
        cmocka_unit_test(points_without_results_have_empty_cells),
        cmocka_unit_test(times_stand_in_the_timing_table),
        cmocka_unit_test(columns_are_the_union_in_order_of_appearance),
        cmocka_unit_test(statistics_agree_with_python),
        cmocka_unit_test(labels_name_a_trial),
        cmocka_unit_test(restored_weights_have_the_values_of_their_epoch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
