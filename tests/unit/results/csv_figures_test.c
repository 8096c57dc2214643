/* The figures that stand in the tables against SciPy (tables_values.py) and against what R's documentation prints: read back from the
   CSV text, so that the choice of pairs, families and columns is part of what is held. */
#include "tests/unit/results/lab.h"

#include "runner/results/compare.h"
#include "runner/results/tables.h"

#include "tests/unit/results/tables_values.h"

#include <math.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const axes[] = {"x"};
static const char *const labels[] = {"0", "1", "2", "3", "4", "5", "6", "7"};

/* `values` are [points][seeds] of one column. */
static void make(struct results *results, const char *column, const double *values, size_t points, size_t seeds,
                 const char *baseline) {
    lab_results(results, axes, 1, labels, points, seeds);
    const char **columns = arena_array(&results->arena, 1, sizeof *columns);
    columns[0] = column;
    for (size_t t = 0; t < results->n_trials; t++) {
        struct record *record = lab_record(&results->arena, t + 1, TRIAL_DONE, columns, 1, 1);
        lab_set(record, 0, 0, values[t]);
        results->trials[t].record = record;
    }
    results->baseline = baseline;
}

static void read_table(void (*write)(const struct results *, struct csv *), const struct results *results,
                       struct arena *arena, struct csv_table *table) {
    struct text out;
    struct csv csv;
    struct error error = {0};
    text_init(&out);
    csv_init(&csv, &out);
    write(results, &csv);
    if (csv_read(out.data, out.length, "table", arena, table, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    text_clear(&out);
}

static const char *cell(const struct csv_table *table, size_t row, const char *column) {
    ptrdiff_t at = csv_column(table, column);
    if (at < 0 || row >= table->count)
        fail_msg("no cell %zu of %s", row, column);
    return table->rows[row].fields[at];
}

/* To `tolerance` of its size; a wanted 0 absolutely. */
static void near(const struct csv_table *table, size_t row, const char *column, double wanted, double tolerance,
                 size_t family) {
    double found;
    if (!number_read(cell(table, row, column), &found))
        fail_msg("family %zu, row %zu: %s is '%s'", family, row, column, cell(table, row, column));
    double size = fabs(wanted) > 1e-3 ? fabs(wanted) : 1;
    if (strncmp(column, "p_", 2) == 0) /* small ones count */
        size = fabs(wanted);
    if (!(fabs(found - wanted) <= tolerance * size))
        fail_msg("family %zu, row %zu: %s is %.17g, wanted %.17g", family, row, column, found, wanted);
}

/* A number that is printed with so many decimals. */
static void printed(const struct csv_table *table, size_t row, const char *column, double wanted, int decimals) {
    double found;
    if (!number_read(cell(table, row, column), &found) || !(fabs(found - wanted) <= 0.5001 * pow(10, -decimals)))
        fail_msg("%s is %s, wanted %.*f", column, cell(table, row, column), decimals, wanted);
}

static void summaries_agree_with_scipy_to_1e_10(void **state) {
    (void)state;
    for (size_t f = 0; f < COUNT(families); f++) {
        const struct family *family = &families[f];
        struct results results;
        struct csv_table table;
        make(&results, "test_score", family->values, family->points, family->seeds, "");
        read_table(table_summary, &results, &results.arena, &table);
        assert_int_equal(table.count, family->points + 1);
        for (size_t p = 0; p < family->points; p++) {
            const struct point_figures *figures = &family->figures[p];
            near(&table, p + 1, "test_score_mean", figures->mean, 1e-10, f);
            near(&table, p + 1, "test_score_sd", figures->sd, 1e-10, f);
            near(&table, p + 1, "test_score_se", figures->se, 1e-10, f);
            near(&table, p + 1, "test_score_ci95_low", figures->low, 1e-10, f);
            near(&table, p + 1, "test_score_ci95_high", figures->high, 1e-10, f);
            near(&table, p + 1, "test_score_median", figures->median, 1e-10, f);
            near(&table, p + 1, "test_score_min", figures->min, 1e-10, f);
            near(&table, p + 1, "test_score_max", figures->max, 1e-10, f);
        }
        results_clear(&results);
    }
}

static void comparisons_agree_with_scipy_to_1e_10(void **state) {
    (void)state;
    assert_true(COUNT(families) >= 30);
    for (size_t f = 0; f < COUNT(families); f++) {
        const struct family *family = &families[f];
        struct results results;
        struct csv_table table;
        make(&results, "test_score", family->values, family->points, family->seeds,
             family->reference > 0 ? "x=0" : "best");
        read_table(table_comparisons, &results, &results.arena, &table);
        assert_int_equal(table.count, family->points + 1);
        for (size_t p = 0; p < family->points; p++) {
            const struct pair_figures *pair = &family->pairs[p];
            if (pair->sd == 0) { /* of the reference */
                assert_string_equal(cell(&table, p + 1, "verdict"), "reference");
                continue;
            }
            near(&table, p + 1, "n", (double)family->seeds, 0, f);
            near(&table, p + 1, "difference", pair->difference, 1e-10, f);
            near(&table, p + 1, "difference_sd", pair->sd, 1e-10, f);
            near(&table, p + 1, "ci95_low", pair->low, 1e-10, f);
            near(&table, p + 1, "ci95_high", pair->high, 1e-10, f);
            near(&table, p + 1, "t", pair->t, 1e-10, f);
            near(&table, p + 1, "p_t", pair->p, 1e-10, f);
            near(&table, p + 1, "p_holm", pair->p_holm, 1e-10, f);
            near(&table, p + 1, "wilcoxon_v", pair->v, 0, f);
            near(&table, p + 1, "p_wilcoxon", pair->p_wilcoxon, 1e-10, f);
            near(&table, p + 1, "effect", pair->effect, 1e-10, f);
            assert_string_equal(cell(&table, p + 1, "verdict"), pair->p_holm >= 0.05   ? "no difference shown"
                                                                : pair->difference > 0 ? "better"
                                                                                       : "worse");
        }
        results_clear(&results);
    }
}

static void ranks_agree_with_scipy_to_1e_10(void **state) {
    (void)state;
    size_t tested = 0;
    for (size_t f = 0; f < COUNT(families); f++) {
        const struct family *family = &families[f];
        struct results results;
        struct csv_table table;
        make(&results, "test_score", family->values, family->points, family->seeds, "");
        read_table(table_ranks, &results, &results.arena, &table);
        assert_int_equal(table.count, family->points >= 3 ? family->points + 1 : 1);
        for (size_t p = 0; p < family->points && family->points >= 3; p++) {
            near(&table, p + 1, "mean_rank", family->ranks[p], 1e-10, f);
            near(&table, p + 1, "chi_square", family->chi_square, 1e-10, f);
            near(&table, p + 1, "p", family->p_friedman, 1e-10, f);
            tested++;
        }
        results_clear(&results);
    }
    assert_true(tested > 30);
}

/* R 4, example(t.test), Student's sleep data, paired: t = -4.0621, df = 9, p-value = 0.002833, 95 percent interval -2.4598858
   -0.7001142, mean difference -1.58. */
static void sleep_data_are_as_r_documents(void **state) {
    (void)state;
    static const double sleep[] = {0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0,
                                   1.9, 0.8,  1.1,  0.1,  -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};
    struct results results;
    struct csv_table table;
    make(&results, "test_hours", sleep, 2, 10, "x=1");
    read_table(table_comparisons, &results, &results.arena, &table);
    printed(&table, 1, "difference", -1.58, 12);
    printed(&table, 1, "t", -4.0621, 4);
    printed(&table, 1, "p_t", 0.002833, 6);
    printed(&table, 1, "p_holm", 0.002833, 6);
    printed(&table, 1, "ci95_low", -2.4598858, 7);
    printed(&table, 1, "ci95_high", -0.7001142, 7);
    assert_string_equal(cell(&table, 1, "verdict"), "worse");
    results_clear(&results);
}

/* R 4, example(wilcox.test), depression data of Hollander & Wolfe: V = 40, one-sided p-value = 0.01953. */
static void depression_data_are_as_r_documents(void **state) {
    (void)state;
    static const double scores[] = {1.83,  0.50,  1.62,  2.48, 1.68, 1.88, 1.55, 3.06, 1.30,
                                    0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29};
    struct results results;
    struct csv_table table;
    make(&results, "test_scale", scores, 2, 9, "x=1");
    read_table(table_comparisons, &results, &results.arena, &table);
    near(&table, 1, "wilcoxon_v", 40, 0, 0);
    printed(&table, 1, "p_wilcoxon", 0.03906, 5);
    results_clear(&results);
}

/* R 4, example(friedman.test), times of rounding first base by three methods: chi-squared = 11.143, df = 2, p-value = 0.003805. Here the
   22 players are the seeds; less is better of a distance. */
static void rounding_times_are_as_r_documents(void **state) {
    (void)state;
    static const double players[22][3] = {
        {5.40, 5.50, 5.55}, {5.85, 5.70, 5.75}, {5.20, 5.60, 5.50}, {5.55, 5.50, 5.40}, {5.90, 5.85, 5.70},
        {5.45, 5.55, 5.60}, {5.40, 5.40, 5.35}, {5.45, 5.50, 5.35}, {5.25, 5.15, 5.00}, {5.85, 5.80, 5.70},
        {5.25, 5.20, 5.10}, {5.65, 5.55, 5.45}, {5.60, 5.35, 5.45}, {5.05, 5.00, 4.95}, {5.50, 5.50, 5.40},
        {5.45, 5.55, 5.50}, {5.55, 5.55, 5.35}, {5.45, 5.50, 5.55}, {5.50, 5.45, 5.25}, {5.65, 5.60, 5.40},
        {5.70, 5.65, 5.55}, {6.30, 6.30, 6.25}};
    double values[66];
    for (size_t i = 0; i < 66; i++)
        values[i] = players[i % 22][i / 22];
    struct results results;
    struct csv_table table;
    make(&results, "test_distance", values, 3, 22, "");
    read_table(table_ranks, &results, &results.arena, &table);
    printed(&table, 1, "chi_square", 11.143, 3);
    near(&table, 1, "df", 2, 0, 0);
    printed(&table, 1, "p", 0.003805, 6);
    near(&table, 1, "blocks", 22, 0, 0);
    results_clear(&results);
}

/* val_loss and test_accuracy of three seeds by epoch. Best epochs, by val_loss: 2, 3 and 1, at which test_accuracy is 0.7, 0.4 and 0.9: not
   its best of seed 0 (0.8), nor the last of seed 2, nor the untrained network of seed 1. To 0.5: 1, never and 1 epochs. To 0.4: 2, never, never. */
static void make_epochs(struct results *results) {
    static const char *const columns[] = {"val_loss", "test_accuracy"};
    static const double values[3][4][2] = {{{1, 0.5}, {0.5, 0.6}, {0.4, 0.7}, {0.6, 0.8}},
                                           {{0.65, 0.5}, {0.9, 0.3}, {0.8, 0.2}, {0.7, 0.4}},
                                           {{1, 0.4}, {0.45, 0.9}, {0.9, 0.1}, {0.95, 0.3}}};
    static struct target targets[] = {{.column = "val_loss", .value = 0.5}, {.column = "val_loss", .value = 0.4}};
    lab_results(results, axes, 1, labels, 2, 3);
    results->targets = targets;
    results->n_targets = 2;
    lab_test_rows(results, 0, 100);
    for (size_t t = 0; t < 6; t++) {
        struct record *record = lab_record(&results->arena, t + 1, t < 3 ? TRIAL_DONE : TRIAL_DIVERGED, columns, 2, 4);
        for (size_t e = 0; e < 4; e++) {
            record->rows[e].seconds = e > 0 ? 0.5 * (double)(t + 1) : 0;
            for (size_t c = 0; c < 2 && t < 3; c++)
                lab_set(record, e, c, values[t][e][c]);
        }
        record->epochs = 3;
        results->trials[t].record = record;
    }
    struct record *failed = lab_record(&results->arena, 6, TRIAL_FAILED, columns, 0, 0);
    results->trials[5].record = failed;
}

static void targets_and_best_epochs_are_worked_out_by_hand(void **state) {
    (void)state;
    struct results results;
    struct csv_table table;
    make_epochs(&results);
    read_table(table_summary, &results, &results.arena, &table);
    near(&table, 1, "n", 3, 0, 0);
    near(&table, 1, "n_diverged", 0, 0, 0);
    near(&table, 1, "test_accuracy_mean", 0.5, 1e-15, 0);
    near(&table, 1, "test_accuracy_sampling_se", 0.05, 1e-15, 0); /* sqrt(0.5 0.5 / 100) */
    near(&table, 1, "best_epoch_mean", 2, 0, 0);
    near(&table, 1, "best_val_loss_mean", (0.4 + 0.7 + 0.45) / 3, 1e-15, 0);
    near(&table, 1, "best_test_accuracy_mean", (0.7 + 0.4 + 0.9) / 3, 1e-15, 0);
    near(&table, 1, "best_test_accuracy_median", 0.7, 0, 0);
    near(&table, 1, "best_test_accuracy_sampling_se", sqrt(2 / 9.0 / 100), 1e-15, 0); /* of the mean 2 / 3 */
    near(&table, 1, "n_reached_val_loss_0.5", 2, 0, 0);
    near(&table, 1, "epochs_to_val_loss_0.5_median", 1, 0, 0); /* of 1, 1 and infinity */
    near(&table, 1, "updates_to_val_loss_0.5_median", 10, 0, 0);
    near(&table, 1, "n_reached_val_loss_0.4", 1, 0, 0);
    assert_string_equal(cell(&table, 1, "epochs_to_val_loss_0.4_median"), "inf");
    near(&table, 2, "n", 2, 0, 0); /* two diverged, one failed */
    near(&table, 2, "n_diverged", 2, 0, 0);
    near(&table, 2, "n_failed", 1, 0, 0);
    near(&table, 2, "n_reached_val_loss_0.5", 0, 0, 0);
    assert_string_equal(cell(&table, 2, "epochs_to_val_loss_0.5_median"), "inf");
    assert_string_equal(cell(&table, 2, "test_accuracy_mean"), "nan");
    assert_string_equal(cell(&table, 2, "best_epoch_mean"), "nan");
    assert_string_equal(cell(&table, 2, "test_accuracy_sampling_se"), "");
    read_table(table_timing_summary, &results, &results.arena, &table);
    near(&table, 1, "seconds_to_val_loss_0.5_median", 1.5, 0, 0); /* 0.5, never and 1.5 */
    assert_string_equal(cell(&table, 1, "seconds_to_val_loss_0.4_median"), "inf");
    results_clear(&results);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(summaries_agree_with_scipy_to_1e_10),
        cmocka_unit_test(comparisons_agree_with_scipy_to_1e_10),
        cmocka_unit_test(ranks_agree_with_scipy_to_1e_10),
        cmocka_unit_test(sleep_data_are_as_r_documents),
        cmocka_unit_test(depression_data_are_as_r_documents),
        cmocka_unit_test(rounding_times_are_as_r_documents),
        cmocka_unit_test(targets_and_best_epochs_are_worked_out_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
