/* YAML to a grid: a config that is accepted, written as resolved, gives the same trials again. Lines behind a NUL are overrides. */
#include "tests/fuzz/catalog.h"
#include "tests/fuzz/fuzz.h"

#include "runner/config/experiment.h"

enum { MOST_OVERRIDES = 4, MOST_POINTS = 200 };

static enum status count_rows(void *context, const struct tree *dataset, double time_limit, int64_t *rows,
                              struct error *error) {
    (void)time_limit;
    (void)context, (void)error;
    const struct tree *train = tree_get(component_params(dataset), "train");
    *rows = train != NULL && train->type == TREE_INT ? train->value.integer : 100;
    return STATUS_OK;
}

static enum status load(const char *path, const char *const *overrides, size_t n, struct experiment *experiment) {
    struct experiment_source source = {
        .file = path, .overrides = overrides, .n_overrides = n, .rows = count_rows, .context = NULL};
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    enum status status = experiment_load(&source, fuzz_catalog(), &diagnostics, experiment);
    FUZZ_CHECK((status == STATUS_OK) == (diagnostics.errors == 0));
    diagnostics_clear(&diagnostics);
    return status;
}

static void write_trial(const struct experiment *experiment, size_t trial, struct text *out) {
    struct arena arena;
    arena_init(&arena);
    text_reset(out);
    tree_write(experiment_trial_tree(experiment, trial, &arena), out);
    arena_clear(&arena);
}

static void check_again(const struct experiment *first) {
    struct text out, again;
    text_init(&out);
    text_init(&again);
    tree_write_yaml(first->config, &out, 0);
    struct experiment second;
    FUZZ_CHECK(load(fuzz_file(out.data, out.length), NULL, 0, &second) == STATUS_OK);
    FUZZ_CHECK(second.n_trials == first->n_trials && second.n_points == first->n_points);
    FUZZ_CHECK(second.n_axes == first->n_axes);
    for (size_t t = 0; t < first->n_trials; t++) {
        write_trial(first, t, &out);
        write_trial(&second, t, &again);
        FUZZ_CHECK(strcmp(out.data, again.data) == 0);
    }
    experiment_clear(&second);
    text_clear(&again);
    text_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    const char *overrides[MOST_OVERRIDES];
    size_t n_overrides = 0;
    const uint8_t *end = n > 0 ? memchr(bytes, 0, n) : NULL;
    size_t length = end != NULL ? (size_t)(end - bytes) : n;
    char *lines = end != NULL ? fuzz_text(end + 1, n - length - 1) : NULL;
    char *place = NULL;
    for (char *line = lines != NULL ? strtok_r(lines, "\n", &place) : NULL;
         line != NULL && n_overrides < MOST_OVERRIDES; line = strtok_r(NULL, "\n", &place))
        overrides[n_overrides++] = line;
    struct experiment experiment;
    if (load(fuzz_file(bytes, length), overrides, n_overrides, &experiment) == STATUS_OK &&
        experiment.n_trials <= MOST_POINTS)
        check_again(&experiment);
    experiment_clear(&experiment);
    free(lines);
    return 0;
}
