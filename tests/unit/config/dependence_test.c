/* Each point of a grid is what it is when it stands alone: nothing is taken from a point that differs in what counts. */
#include "tests/unit/config/harness.h"

#define REST "loss: categorical_crossentropy\n"

static void each_point_is_as_if_alone(struct harness *harness, const char *text) {
    struct experiment *grid = harness_load(harness, text, NULL);
    assert_loads(harness);
    size_t n_points = grid->n_points, n_axes = grid->n_axes;
    assert_true(n_points > 1);
    struct arena arena;
    arena_init(&arena);
    const char **wanted = arena_array(&arena, n_points, sizeof *wanted);
    const char ***overrides = arena_array(&arena, n_points, sizeof *overrides);
    for (size_t p = 0; p < n_points; p++) {
        size_t n = 0;
        wanted[p] = arena_copy_text(&arena, text_of(harness, point_of(grid, p)));
        overrides[p] = arena_array(&arena, n_axes + 1, sizeof **overrides);
        for (size_t a = 0; a < n_axes; a++) {
            size_t label = experiment_label(grid, p, a);
            if (label != NO_LABEL)
                overrides[p][n++] = arena_printf(&arena, "%s=%s", grid->axes[a].name, grid->axes[a].labels[label]);
        }
    }
    for (size_t p = 0; p < n_points; p++) {
        struct experiment *alone = harness_load(harness, text, overrides[p]);
        assert_loads(harness);
        assert_int_equal(alone->n_points, 1);
        assert_string_equal(text_of(harness, point_of(alone, 0)), wanted[p]);
    }
    arena_clear(&arena);
}

static void sections_follow_the_axes_within_them(void **state) {
    each_point_is_as_if_alone(*state, "dataset: digits\nmodel: [{dense: {units: 10}}]\n" REST "optimizer: sgd\n"
                                      "grid: {optimizer.sgd.momentum: [0, 0.5], train.batch_size: [1, 2, full], "
                                      "model.0.dense.units: [3, 4], dataset.digits.train: [50, 60]}\n");
}

static void sections_follow_names_and_names_of_names(void **state) {
    each_point_is_as_if_alone(
        *state, "let: {a: 1, b: '= a + 1', c: $b, d: '${c}', unused: '= 2 * a', kind: tanh, layer: {dense: {units: 7, "
                "activation: $kind}}}\n"
                "dataset: {idx: {path: /d, title: 'x${d}y'}}\nmodel: [$layer, {dense: {units: '= 2 * c'}}]\n" REST
                "optimizer: {sgd: {learning_rate: $b}}\ntrain: {epochs: $a}\n"
                "grid: {a: [1, 2, 3], kind: [tanh, sigmoid], optimizer.sgd.momentum: [0, 0.25]}\n");
}

static void sections_follow_the_paths_of_expressions(void **state) {
    each_point_is_as_if_alone(
        *state, "let: {scale: 1}\ndataset: digits\nmodel: [{dense: {units: '= train.epochs'}}]\n" REST
                "optimizer: {sgd: {learning_rate: '= scale * train.batch_size * 1e-6', momentum: "
                "'= model.0.dense.units / 100'}}\n"
                "grid: {dataset.digits.train: [50, 60], train.batch_size: [1, 2, full], train.epochs: [5, 6], "
                "scale: [1, 2]}\n");
}

/* Names that no text has as a word. */
static void sections_follow_expressions_whose_words_are_composed(void **state) {
    each_point_is_as_if_alone(*state, "let: {what: tch_size, nothing: ''}\n"
                                      "dataset: {digits: {scale: '${nothing}= train.epochs'}}\n"
                                      "model: [{dense: {units: 3}}]\n" REST
                                      "optimizer: {sgd: {momentum: '= train.ba${what} / 100'}}\n"
                                      "grid: {train.batch_size: [10, 20], train.epochs: [1, 2]}\n");
    each_point_is_as_if_alone(*state, "let: {what: ain, whole: '= tr${what}.epochs'}\n"
                                      "dataset: {digits: {scale: $whole}}\n"
                                      "model: [{dense: {units: 3}}]\n" REST "optimizer: sgd\n"
                                      "grid: {train.epochs: [1, 2], optimizer.sgd.momentum: [0, 1]}\n");
}

static void sections_follow_the_texts_that_axes_set(void **state) {
    each_point_is_as_if_alone(*state, "let: {a: 2}\ndataset: digits\nmodel: [{dense: {units: 3}}]\n" REST
                                      "optimizer: {sgd: {momentum: 0}}\n"
                                      "grid: {optimizer.sgd.momentum: {fixed: 0.5, named: '= 1 / a', far: "
                                      "'= 1 / train.epochs'}, a: [2, 4], train.epochs: [5, 10]}\n");
}

/* The same label of the same column means another value in another case. */
static void cases_with_equal_labels_are_not_the_same(void **state) {
    struct harness *harness = *state;
    harness_load(harness,
                 "dataset: digits\nmodel: [{dense: {units: 3}}]\n" REST "optimizer: adam\n"
                 "cases:\n  optimizer:\n"
                 "    sgd: {optimizer: sgd, grid: {train.epochs: {few: 1, many: 2}}}\n"
                 "    adam: {optimizer: adam, grid: {train.epochs: {few: 10, many: 20}}}\n",
                 NULL);
    assert_loads(harness);
    static const char *const epochs[] = {"1", "2", "10", "20"};
    for (size_t p = 0; p < 4; p++)
        assert_node(harness, p, "train.epochs", epochs[p]);
}

static void mistakes_of_one_combination_are_found(void **state) {
    struct harness *harness = *state;
    harness_load(harness,
                 "dataset: digits\nmodel: [{dense: {units: 3}}]\n" REST
                 "optimizer: {sgd: {momentum: '= train.epochs * train.batch_size / 100'}}\n"
                 "grid: {train.epochs: [1, 11], train.batch_size: [1, 10]}\n",
                 NULL);
    assert_messages(harness, "x.yaml:4:29: error: momentum is 1.1; wanted a number from 0 to 1\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(sections_follow_the_axes_within_them),     TEST(sections_follow_names_and_names_of_names),
        TEST(sections_follow_the_paths_of_expressions), TEST(sections_follow_expressions_whose_words_are_composed),
        TEST(sections_follow_the_texts_that_axes_set),  TEST(cases_with_equal_labels_are_not_the_same),
        TEST(mistakes_of_one_combination_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
