/* ctest: timeout 300 (the thread sanitizer makes it slow, and other tests run beside it) */
/* A team that grows and shrinks while a trial trains (DESIGN 5: only between steps) gives the bits of one thread, on every path. */
#include "tests/unit/train/lab.h"

#include <omp.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { UNITS = 72, ROWS = 100, UPDATES = 6, MOST = SANITIZED ? 4 : 7 };

static const char *const models[] = {
    "[{dense: {units: 600, activation: sigmoid}}, {dropout: {rate: 0.1}}, {dense: {units: 300, activation: relu}}, "
    "{dense: "
    "{units: 3, activation: softmax}}]",
    "[{conv2d: {filters: 4, kernel_size: 3, activation: relu}}, batch_normalization, {max_pooling2d: {pool_size: 2}}, "
    "{dense: {units: 600, activation: tanh}}, {dense: {units: 300}}, batch_normalization, {dense: {units: 3, "
    "activation: "
    "softmax}}]",
};
static const char *const optimizers[] = {"sgd", "adam", "{adam: {global_clipnorm: 0.01}}", "lamb"};
/* of a whole batch, and of a part of it that fits (micro-batches); slices of 17 rows keep transposed weights for one thread alone */
static const uint64_t batches[][2] = {{1, 1}, {31, 31}, {34, 33}, {50, 50}, {90, 40}};
enum { BATCHES = sizeof batches / sizeof *batches };

static bool no_more(void *context) {
    (void)context;
    return false;
}

/* Trains from the same start, each update by a team of another size, or all of them by one thread; weights as in memory, to be
   released with free(). */
static float *weights_after(struct lab *lab, const char *model_text, const char *optimizer, const uint64_t batch[2],
                            bool teams, uint64_t *count) {
    char yaml[1024];
    struct error error = {0};
    struct model model;
    struct stepper stepper;
    snprintf(yaml, sizeof yaml, "model: %s\nloss: categorical_crossentropy\noptimizer: %s\nengine: {gemm: portable}\n",
             model_text, optimizer);
    if (model_build(&lab->loader, lab_trial(lab, yaml), &lab->data, &model, NULL, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    model_plan_columns(&model, batch[0], batch[1]);
    assert_int_equal(model_initialize(&model, 3, &error), STATUS_OK);
    stepper_init(&stepper, &model, &lab->data, batch[0], batch[1], teams ? MOST : 1, 5);
    for (uint64_t u = 0; u < UPDATES; u++) {
        int threads = teams ? 1 + (int)random_below(random_key(11, "team", batch[0]), u, 0, MOST) : 1;
#pragma omp parallel num_threads(threads)
        {
            unsigned before = thread_numbers_set();
#pragma omp single
            {
                stepper_team(&stepper, omp_get_num_threads());
                stepper_begin(&stepper, NULL, u * batch[0] % (ROWS - batch[0] + 1), batch[0], 0.01);
            }
            stepper_run(&stepper, omp_get_thread_num(), no_more, NULL);
            thread_numbers_restore(before);
        }
    }
    assert_false(stepper.failed || stepper.diverged);
    float *weights = lab_weights(&model, count);
    stepper_clear(&stepper);
    model_clear(&model);
    return weights;
}

static void teams_that_change_between_updates_change_no_bit(void **state) {
    for (size_t m = 0; m < 2; m++)
        for (size_t o = 0; o < 4; o += SANITIZED ? 2 : 1)
            for (size_t b = 0; b < BATCHES; b++) {
                uint64_t n, k;
                float *one = weights_after(*state, models[m], optimizers[o], batches[b], false, &n),
                      *teams = weights_after(*state, models[m], optimizers[o], batches[b], true, &k);
                if (n != k || memcmp(one, teams, n * sizeof *one) != 0)
                    fail_msg("model %zu, %s, %d rows", m, optimizers[o], (int)batches[b][0]);
                free(one);
                free(teams);
            }
}

struct training {
    double values[64];
    size_t n;
    _Atomic uint32_t team;
    atomic_bool ended;
    bool teams;
};

static bool on_row(void *context, const struct train_columns *columns, const struct train_row *row) {
    struct training *training = context;
    for (size_t i = 0; i < columns->count && training->n < 64; i++)
        training->values[training->n++] = row->known[i] ? row->values[i] : 0;
    if (training->teams)
        training->team = (uint32_t)(row->epoch * 3 % MOST);
    return true;
}

/* As the supervisor does, at any time; 0 and too many are taken for the nearest that can be. */
static void *disturb(void *argument) {
    struct training *training = argument;
    for (uint64_t i = 0; !atomic_load(&training->ended); i++) {
        training->team = (uint32_t)random_below(random_key(1, "disturb", 0), i, 0, MOST + 3);
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
    return NULL;
}

static void train(struct lab *lab, const char *yaml, struct training *training) {
    struct error error = {0};
    struct train_result result;
    struct train_request request = {.loader = &lab->loader,
                                    .trial = lab_trial(lab, yaml),
                                    .data = &lab->data,
                                    .threads = MOST,
                                    .team = &training->team,
                                    .on_row = on_row,
                                    .context = training};
    pthread_t thread;
    training->team = 1;
    if (training->teams)
        assert_int_equal(pthread_create(&thread, NULL, disturb, training), 0);
    enum status status = train_run(&request, &result, NULL, &error);
    atomic_store(&training->ended, true);
    if (training->teams)
        pthread_join(thread, NULL);
    if (status != STATUS_OK)
        fail_msg("%s", error.text);
    if (training->teams)
        assert_in_range(result.threads, 2, MOST);
    else
        assert_int_equal(result.threads, 1);
}

static void a_trial_follows_the_team_that_is_wanted(void **state) {
    static const char *const sizes[] = {"1", "10", "50"};
    char yaml[1024];
    for (size_t m = 0; m < 2; m++)
        for (size_t b = m; b < 3; b++) {
            struct training one = {.n = 0}, teams = {.teams = true};
            snprintf(yaml, sizeof yaml,
                     "model: %s\nloss: categorical_crossentropy\noptimizer: {adam: {learning_rate: 0.001}}\nmetrics: "
                     "[accuracy]\ntrain: {batch_size: %s, epochs: 3}\n",
                     models[m], sizes[b]);
            train(*state, yaml, &one);
            train(*state, yaml, &teams);
            assert_int_equal(one.n, 4 * 4);
            if (one.n != teams.n || memcmp(one.values, teams.values, sizeof one.values) != 0)
                fail_msg("model %zu, batch %s", m, sizes[b]);
        }
}

static int setup(void **state) {
    struct lab *lab = lab_setup(state, ROWS, 40, UNITS, 3);
    lab->data.input = (runner_shape){.rank = 3, .size = {8, 9, 1}};
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(teams_that_change_between_updates_change_no_bit),
        cmocka_unit_test(a_trial_follows_the_team_that_is_wanted),
    };
    return cmocka_run_group_tests(tests, setup, lab_teardown);
}
