/* A small data set that breaks one rule after another, for tests of the host. Input j of example i of split s is 100 s + i + j / 16. */
#include <runner/plugin.h>

#include <math.h>
#include <stddef.h>

enum fault {
    NONE,
    NO_ROWS,
    MANY_ROWS,
    ELEMENT,
    SCALE,
    RANK,
    EMPTY,
    HUGE_ROW,
    HUGE_SET,
    OPEN,
    SILENT,
    READ,
    LABEL,
    NEGATIVE,
    INPUT,
    TARGET,
    MEMORY,
    MISSING,
    LOOP,
    CONSTANT_TWICE,
    CONSTANT_NAN,
    CONSTANT_EMPTY,
    CONSTANT_NULL
};
static const char *const faults[] = {
    "none",     "no_rows", "many_rows", "element",        "scale",        "rank",           "empty",         "huge_row",
    "huge_set", "open",    "silent",    "read",           "label",        "negative",       "input",         "target",
    "memory",   "missing", "loop",      "constant_twice", "constant_nan", "constant_empty", "constant_null", NULL};

struct odd_config {
    int64_t train, test, classes, constants;
    int32_t fault, inputs;
};

/* Constant k is "c", "cc", ..., has the shape [k] and the values 10 k + j; the first is a scalar. */
static void odd_constants(const struct odd_config *odd, runner_call *call, runner_dataset *dataset) {
    const uint32_t n = (uint32_t)odd->constants;
    runner_constant *constants = call->host->memory(call, n * sizeof *constants);
    for (uint32_t k = 0; k < n; k++) {
        float *values = call->host->memory(call, (k + 1) * sizeof *values);
        char *name = call->host->memory(call, k + 2);
        for (uint32_t j = 0; j <= k; j++) {
            values[j] = (float)(10 * k + j);
            name[j] = 'c';
        }
        constants[k] = (runner_constant){name, {k > 0, {k}}, values};
    }
    if (odd->fault == CONSTANT_TWICE)
        constants[n - 1].name = "c";
    if (odd->fault == CONSTANT_NAN)
        ((float *)constants[n - 1].values)[0] = NAN;
    if (odd->fault == CONSTANT_EMPTY)
        constants[n - 1].shape = (runner_shape){2, {3, 0}};
    if (odd->fault == CONSTANT_NULL)
        constants[n - 1].values = NULL;
    dataset->constants = constants;
    dataset->n_constants = n;
}

static int odd_open(const void *config, runner_call *call, uint64_t seed, runner_dataset *dataset) {
    const struct odd_config *odd = config;
    (void)seed;
    dataset->state = call->host->memory(call, sizeof *odd);
    *(struct odd_config *)dataset->state = *odd;
    dataset->rows[RUNNER_TRAIN] = odd->fault == NO_ROWS     ? 0
                                  : odd->fault == MANY_ROWS ? UINT64_C(1) << 40
                                  : odd->fault == HUGE_SET  ? UINT32_MAX
                                                            : (uint64_t)odd->train;
    dataset->rows[RUNNER_TEST] = (uint64_t)odd->test;
    dataset->input = odd->inputs ? (runner_shape){1, {2}} : (runner_shape){0};
    dataset->element = odd->fault == ELEMENT ? 7 : RUNNER_F32;
    dataset->scale = odd->fault == SCALE ? NAN : 1.0f;
    dataset->classes = (uint32_t)odd->classes;
    dataset->target = (runner_shape){1, {3}};
    odd_constants(odd, call, dataset);
    if (odd->fault == RANK)
        dataset->input.rank = RUNNER_MAX_RANK + 1;
    if (odd->fault == EMPTY)
        dataset->input.size[0] = 0;
    if (odd->fault == HUGE_ROW)
        dataset->input = (runner_shape){3, {UINT32_MAX, UINT32_MAX, UINT32_MAX}};
    if (odd->fault == HUGE_SET)
        dataset->input = (runner_shape){2, {UINT32_MAX, 65536}};
    if (odd->fault == OPEN)
        return call->host->fail(call, "no luck with %d", 42);
    if (odd->fault == MISSING) {
        runner_file file;
        return call->host->read_file(call, "/nowhere/at/all", &file);
    }
    if (odd->fault == LOOP)
        return call->host->open_as(call, "odd_data", (const runner_setting[]){{"fault", "loop"}}, 1, dataset);
    return odd->fault == SILENT ? RUNNER_FAILED : RUNNER_OK;
}

static int odd_read(const runner_dataset *dataset, runner_call *call, runner_split split, const uint64_t *examples,
                    uint64_t n, void *inputs, void *targets) {
    const struct odd_config *odd = dataset->state;
    for (uint64_t i = 0; i < n; i++) {
        const int hit = split == RUNNER_TEST && examples[i] == 3;
        float *x = (float *)inputs + 2 * i;
        for (int j = 0; j < 2 && odd->inputs; j++)
            x[j] = hit && odd->fault == INPUT ? NAN : 100.0f * (float)split + (float)examples[i] + (float)j / 16.0f;
        if (odd->classes > 0)
            ((int32_t *)targets)[i] = hit && odd->fault == LABEL      ? (int32_t)odd->classes
                                      : hit && odd->fault == NEGATIVE ? -1
                                                                      : (int32_t)(examples[i] % (uint64_t)odd->classes);
        for (int j = 0; j < 3 && odd->classes == 0; j++)
            ((float *)targets)[3 * i + (uint64_t)j] = hit && odd->fault == TARGET ? -INFINITY : (float)j;
        if (hit && odd->fault == READ)
            return call->host->fail(call, "example 3 cannot be read");
        if (hit && odd->fault == MEMORY && call->host->memory(call, 8) == NULL)
            return RUNNER_FAILED;
    }
    return RUNNER_OK;
}

static const runner_param odd_params[] = {
    RUNNER_PARAM_INT(struct odd_config, train, "40", 0, 1e9, "training rows"),
    RUNNER_PARAM_INT(struct odd_config, test, "8", 0, 1e9, "test rows"),
    RUNNER_PARAM_INT(struct odd_config, classes, "4", 0, 4e9, "classes; 0: values"),
    RUNNER_PARAM_INT(struct odd_config, constants, "0", 0, 2000, "constants"),
    RUNNER_PARAM_CHOICE(struct odd_config, fault, "none", faults, "the rule to break"),
    RUNNER_PARAM_BOOL(struct odd_config, inputs, "true", "whether it has inputs"),
};
static const runner_dataset_ops odd_ops = {.size = sizeof odd_ops, .open = odd_open, .read = odd_read};
static const runner_component components[] = {{RUNNER_DATASET, sizeof(struct odd_config), "odd_data", "breaks rules",
                                               odd_params, RUNNER_COUNT(odd_params), 0, &odd_ops}};
RUNNER_PLUGIN(components, "1.0.0")
