/* The noisy quadratic problem: its data, its loss and whole trials, compared with the recursions of the methods. */
#include "tests/unit/host/archive.h"
#include "tests/unit/train/lab.h"

#include <math.h>

enum { MOST = 64 };

struct history {
    size_t rows;
    double train[MOST], test[MOST];
};

static bool on_row(void *context, const struct train_columns *columns, const struct train_row *row) {
    struct history *history = context;
    for (size_t i = 0; i < columns->count; i++) {
        double value = row->known[i] ? row->values[i] : (double)NAN;
        if (strcmp(columns->names[i], "train_loss") == 0)
            history->train[history->rows] = value;
        if (strcmp(columns->names[i], "test_loss") == 0)
            history->test[history->rows] = value;
    }
    return ++history->rows < MOST;
}

/* Trains on the data of the set-up. */
static struct history train(struct setup *setup, const char *yaml) {
    struct history history = {0};
    struct train_result result;
    struct error error = {0};
    struct lab lab = {.loader = setup->loader};
    arena_init(&lab.arena);
    struct train_request request = {.loader = &setup->loader,
                                    .trial = lab_trial(&lab, yaml),
                                    .data = &setup->data,
                                    .threads = 2,
                                    .on_row = on_row,
                                    .context = &history};
    if (train_run(&request, &result, NULL, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    arena_clear(&lab.arena);
    return history;
}

static void refuse_train(struct setup *setup, const char *yaml, const char *words) {
    struct train_result result;
    struct lab lab = {.loader = setup->loader};
    arena_init(&lab.arena);
    struct train_request request = {
        .loader = &setup->loader, .trial = lab_trial(&lab, yaml), .data = &setup->data, .threads = 1};
    setup->error = (struct error){0};
    assert_int_equal(train_run(&request, &result, NULL, &setup->error), STATUS_CONFIG);
    assert_words(setup, words);
    arena_clear(&lab.arena);
}

/* 0.5 (t - x)^T H (t - x), mean over rows, straight from the definition. */
static double loss_at(const double *t, const double *h, uint64_t n, const float *x, uint64_t rows) {
    double sum = 0;
    for (uint64_t r = 0; r < rows; r++)
        for (uint64_t i = 0; i < n; i++)
            for (uint64_t j = 0; j < n; j++)
                sum += 0.5 * (t[i] - (double)x[r * n + i]) * h[i * n + j] * (t[j] - (double)x[r * n + j]);
    return sum / (double)rows;
}

static void check_near(double found, double wanted, double relative) {
    if (!(fabs(found - wanted) <= relative * fabs(wanted)))
        fail_msg("%.17g, wanted %.17g", found, wanted);
}

/* The archive of the tests below: H, which is not symmetric, three training rows, two test rows, a start. */
static const double asymmetric[9] = {2, 0.5, 0, -0.1, 1, 0.25, 0.2, 0.25, 0.5};
static const float points[9] = {1, -1, 0.5f, 0, 2, -2, 0.25f, -0.5f, 3}, tests[6] = {0, 0, 0, 1, 1, 1};
static const float start[3] = {4, -3, 2};

static void write_problem(struct setup *setup, bool with_test, bool with_start) {
    struct archive archive;
    archive_init(&archive);
    archive_array(&archive, "hessian", "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 3), }", asymmetric,
                  sizeof asymmetric);
    archive_array(&archive, "x_train", "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 3), }", points,
                  sizeof points);
    if (with_test)
        archive_array(&archive, "x_test", "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", tests,
                      sizeof tests);
    if (with_start)
        archive_array(&archive, "start", "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", start,
                      sizeof start);
    archive_write(&archive, setup, "q.npz");
}
#define FROM_FILE "quadratic: {path: \"%s/q.npz\" %s}"
#define MODEL "model: [variable]\nloss: quadratic\n"

static void a_file_gives_the_problem(void **state) {
    struct setup *setup = *state;
    const struct data *data = &setup->data;
    write_problem(setup, true, true);
    build_data(setup, FROM_FILE, setup->folder, "");
    assert_int_equal(data->input.rank, 0);
    assert_int_equal(data->classes, 0);
    assert_int_equal(data->target.rank * 10 + data->target.size[0], 13);
    assert_int_equal(data->rows[DATA_TRAIN] * 10 + data->rows[DATA_TEST], 32);
    assert_memory_equal(data->targets[DATA_TRAIN], points, sizeof points);
    assert_memory_equal(data->targets[DATA_TEST], tests, sizeof tests);
    assert_int_equal(data->n_constants, 2);
    assert_string_equal(data->constants[0].name, "hessian");
    assert_memory_equal(data->constants[1].values, start, sizeof start);
    write_problem(setup, false, false);
    build_data(setup, FROM_FILE, setup->folder, ", train: 2");
    assert_int_equal(data->rows[DATA_TRAIN] * 10 + data->rows[DATA_TEST], 20);
    assert_int_equal(data->n_constants, 1);
}

/* The arithmetic of one update, in float64 and float32: SGD with momentum, Keras' form. */
static void sgd_follows_its_recursion(void **state) {
    struct setup *setup = *state;
    const double momenta[] = {0, 0.9};
    write_problem(setup, true, true);
    for (int m = 0; m < 2; m++)
        for (uint64_t batch = 1; batch <= 3; batch++) {
            char yaml[512];
            build_data(setup, FROM_FILE, setup->folder, "");
            snprintf(yaml, sizeof yaml,
                     MODEL "optimizer: {sgd: {learning_rate: 0.1, momentum: %g}}\n"
                           "train: {batch_size: %d, epochs: 20, shuffle: never}\n",
                     momenta[m], (int)batch);
            struct history history = train(setup, yaml);
            assert_int_equal(history.rows, 21);
            double t[3] = {4, -3, 2}, v[3] = {0};
            check_near(history.test[0], loss_at(t, asymmetric, 3, tests, 2), 1e-6);
            for (int epoch = 1; epoch <= 20; epoch++) {
                double sum = 0;
                for (uint64_t first = 0; first < 3; first += batch) {
                    const uint64_t rows = 3 - first < batch ? 3 - first : batch;
                    double g[3] = {0};
                    sum += (double)rows * loss_at(t, asymmetric, 3, points + 3 * first, rows);
                    for (uint64_t r = first; r < first + rows; r++)
                        for (int i = 0; i < 3; i++)
                            for (int j = 0; j < 3; j++)
                                g[i] += 0.5 * (asymmetric[3 * i + j] + asymmetric[3 * j + i]) *
                                        (t[j] - (double)points[3 * r + (uint64_t)j]) / (double)rows;
                    for (int i = 0; i < 3; i++) {
                        v[i] = momenta[m] * v[i] - 0.1 * g[i];
                        t[i] += v[i];
                    }
                }
                check_near(history.train[epoch], sum / 3, 2e-6);
                check_near(history.test[epoch], loss_at(t, asymmetric, 3, tests, 2), 2e-6);
            }
        }
}

/* Full batch without noise: coordinate i shrinks by 1 - rate h_i an update, so that the loss is 0.5 sum h_i (1 - rate h_i)^2k. */
static void the_generated_problem_decays_as_its_spectrum_says(void **state) {
    struct setup *setup = *state;
    build_data(setup, "quadratic: {spectrum: [1, 0.5, 0.1, 0.01], noise: 0, start: [1, 2, 3, 4], train: 5, test: 1}");
    struct history history =
        train(setup, MODEL "optimizer: {sgd: {learning_rate: 0.5}}\ntrain: {batch_size: full, epochs: 40}\n");
    const double h[4] = {1, 0.5, 0.1, 0.01};
    for (int k = 0; k <= 40; k++) {
        double wanted = 0;
        for (int i = 0; i < 4; i++)
            wanted += 0.5 * h[i] * pow((i + 1) * pow(1 - 0.5 * h[i], k), 2);
        check_near(history.test[k], wanted, 3e-6);
    }
}

/* A rotation keeps the spectrum: trace, trace of the square, symmetry; and gradient descent from the optimum stays. */
static void rotated_problems_keep_their_spectrum(void **state) {
    struct setup *setup = *state;
    build_data(setup, "quadratic: {dimension: 30, spectrum: [10, 0.1], rotate: true, train: 1, test: 0}");
    const float *h = setup->data.constants[0].values;
    double trace = 0, square = 0, wanted = 0, wanted_square = 0, beside = 0;
    for (int i = 0; i < 30; i++) {
        const double eigenvalue = 10 * pow(0.01, i / 29.0);
        wanted += eigenvalue;
        wanted_square += eigenvalue * eigenvalue;
        trace += (double)h[31 * i];
        for (int j = 0; j < 30; j++) {
            assert_true(h[30 * i + j] == h[30 * j + i]);
            square += (double)h[30 * i + j] * (double)h[30 * i + j];
            beside += i != j ? fabs((double)h[30 * i + j]) : 0;
        }
    }
    check_near(trace, wanted, 1e-6);
    check_near(square, wanted_square, 1e-6);
    assert_true(beside > 10);
    const struct hash128 hash = setup->data.hash;
    build_data(setup, "quadratic: {dimension: 30, spectrum: [10, 0.1], rotate: true, train: 1, test: 0, seed: 1}");
    assert_false(hash128_equal(hash, setup->data.hash));
}

static void generated_rows_are_normal(void **state) {
    struct setup *setup = *state;
    const struct data *data = &setup->data;
    build_data(setup, "quadratic: {dimension: 8, noise: 0.5, train: 20000, test: 10}");
    const float *x = data->targets[DATA_TRAIN], *h = data->constants[0].values;
    double sum = 0, squares = 0;
    for (int i = 0; i < 160000; i++) {
        sum += (double)x[i];
        squares += (double)x[i] * (double)x[i];
    }
    assert_true(fabs(sum / 160000) < 5 * 0.5 / 400);
    assert_true(fabs(squares / 160000 - 0.25) < 5 * 0.25 * sqrt(2) / 400);
    for (int i = 0; i < 8; i++)
        for (int j = 0; j < 8; j++)
            assert_true(h[8 * i + j] == (i == j ? (float)(1.0 / (i + 1)) : 0.0f));
    assert_memory_not_equal(data->targets[DATA_TEST], x, 320);
    build_data(setup, "quadratic: {dimension: 3, spectrum: 2, start: -1.5}");
    assert_int_equal(data->rows[DATA_TRAIN] + data->rows[DATA_TEST], 2000);
    assert_memory_equal(data->constants[0].values, ((float[]){2, 0, 0, 0, 2, 0, 0, 0, 2}), 36);
    assert_memory_equal(data->constants[1].values, ((float[]){-1.5f, -1.5f, -1.5f}), 12);
}

static void the_variable_begins_where_it_is_told(void **state) {
    struct setup *setup = *state;
    static const struct {
        const char *model;
        double t[3];
    } cases[] = {{"variable", {4, -3, 2}},
                 {"{variable: {shape: 3}}", {4, -3, 2}},
                 {"{variable: {shape: [3, 1], initializer: start}}", {4, -3, 2}},
                 {"{variable: {initializer: ones}}", {1, 1, 1}},
                 {"{variable: {initializer: {start: {constant: other, otherwise: 2}}}}", {2, 2, 2}}};
    char yaml[512];
    write_problem(setup, true, true);
    build_data(setup, FROM_FILE, setup->folder, "");
    for (int c = 0; c < 5; c++) {
        snprintf(yaml, sizeof yaml, "model: [%s]\nloss: quadratic\noptimizer: adam\ntrain: {epochs: 1}\n",
                 cases[c].model);
        check_near(train(setup, yaml).test[0], loss_at(cases[c].t, asymmetric, 3, tests, 2), 1e-6);
    }
    refuse_train(setup,
                 "model: [{variable: {initializer: {start: {constant: other, otherwise: null}}}}]\nloss: "
                 "quadratic\noptimizer: sgd\n",
                 "no constant 'other'");
    refuse_train(setup, "model: [{variable: {shape: 4}}]\nloss: quadratic\noptimizer: sgd\n",
                 "the model ends with 4 values, but a row of the data set has 3");
    refuse_train(setup,
                 "model: [{variable: {initializer: {start: {constant: hessian}}}}]\nloss: quadratic\noptimizer: sgd\n",
                 "'hessian' has 9 values, but the tensor has 3");
    write_problem(setup, true, false);
    build_data(setup, FROM_FILE, setup->folder, "");
    refuse_train(setup, MODEL "optimizer: sgd\n", "variable has no shape");
    check_near(
        train(setup, "model: [{variable: {shape: 3}}]\nloss: quadratic\noptimizer: sgd\ntrain: {epochs: 1}\n").test[0],
        loss_at((double[]){0, 0, 0}, asymmetric, 3, tests, 2), 1e-6);
    build_data(setup, "xor");
    refuse_train(setup, "model: [{variable: {shape: 3}}]\nloss: quadratic\noptimizer: sgd\n",
                 "needs the constant `hessian`|data set quadratic");
}

static void bad_problems_are_refused(void **state) {
    struct setup *setup = *state;
    struct archive archive;
    refuse_data(setup, STATUS_CONFIG, "`spectrum` has 3 values, but `dimension` is 5",
                "quadratic: {dimension: 5, spectrum: [1, 2, 3]}");
    refuse_data(setup, STATUS_CONFIG, "`spectrum` is an empty list", "quadratic: {spectrum: []}");
    refuse_data(setup, STATUS_CONFIG, "`start` has 2 values, but there are 10 parameters",
                "quadratic: {start: [1, 2]}");
    write_problem(setup, true, true);
    refuse_data(setup, STATUS_CONFIG, "`path` gives the problem, and `dimension`", FROM_FILE, setup->folder,
                ", dimension: 3");
    archive_init(&archive);
    archive_array(&archive, "x_train", "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 3), }", points,
                  sizeof points);
    archive_write(&archive, setup, "q.npz");
    refuse_data(setup, STATUS_CONFIG, "/q.npz: has no array 'hessian'", FROM_FILE, setup->folder, "");
    archive_init(&archive);
    archive_array(&archive, "x_train", "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 3), }", points,
                  sizeof points);
    archive_array(&archive, "hessian", "{'descr': '<f4', 'fortran_order': False, 'shape': (9, 1), }", points,
                  sizeof points);
    archive_write(&archive, setup, "q.npz");
    refuse_data(setup, STATUS_CONFIG, "/q.npz: hessian is no matrix [3][3]", FROM_FILE, setup->folder, "");
    archive_init(&archive);
    archive_array(&archive, "x_train", "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 3), }", points,
                  sizeof points);
    archive_array(&archive, "hessian", "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 3), }", points,
                  sizeof points);
    archive_array(&archive, "start", "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }", points, 12);
    archive_write(&archive, setup, "q.npz");
    refuse_data(setup, STATUS_CONFIG, "/q.npz: start is no vector of 3 values", FROM_FILE, setup->folder, "");
}

int main(void) {
    const struct CMUnitTest tests_of_this[] = {
        cmocka_unit_test_setup_teardown(a_file_gives_the_problem, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(sgd_follows_its_recursion, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(the_generated_problem_decays_as_its_spectrum_says, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(rotated_problems_keep_their_spectrum, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(generated_rows_are_normal, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(the_variable_begins_where_it_is_told, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(bad_problems_are_refused, setup_open, setup_close),
    };
    return cmocka_run_group_tests(tests_of_this, NULL, NULL);
}
