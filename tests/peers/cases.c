/* Runs the cases of a file: peers PLUGINS CASES [--report]. With --report it prints the worst error of each case, over the
   tolerance, and goes on after a mistake. */
#include "cases.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double worst;
static int report, n_bad;

float case_value(uint32_t seed, uint32_t index) {
    uint32_t h = seed * 2654435761u + index * 2246822519u + 0x9e3779b9u;
    h = (h ^ (h >> 15)) * 0x85ebca6bu;
    h = (h ^ (h >> 13)) * 0xc2b2ae35u;
    h ^= h >> 16;
    return (float)((int32_t)(h >> 8) - (1 << 23)) * 0x1p-22f;
}

/* ---- Options and expectations ---- */

const char *case_option(const struct test_case *test, const char *key, const char *otherwise) {
    for (int i = 0; i < test->n_options; i++)
        if (strcmp(test->options[i][0], key) == 0)
            return test->options[i][1];
    return otherwise;
}

double case_number(const struct test_case *test, const char *key, double otherwise) {
    const char *text = case_option(test, key, NULL);
    return text == NULL ? otherwise : strtod(text, NULL);
}

uint64_t case_numbers(const struct test_case *test, const char *key, double *numbers, uint64_t most) {
    const char *text = case_option(test, key, "");
    uint64_t n = 0;
    for (char *end; n < most; text = end) {
        numbers[n] = strtod(text, &end);
        if (end == text)
            break;
        n++;
    }
    return n;
}

static void mistake(const struct test_case *test, const char *name, uint64_t at, double found, double wanted) {
    n_bad++;
    if (!report)
        host_stop("%s[%llu] is %.9g, not %.9g", name, (unsigned long long)at, found, wanted);
    if (report < 3)
        printf("WRONG %s: %s[%llu] is %.9g, not %.9g\n", test->line, name, (unsigned long long)at, found, wanted);
}

void case_check_numbers(struct test_case *test, const char *name, int occurrence, uint64_t n, const double *found) {
    for (int e = 0; e < test->n_expected; e++) {
        struct expected *expected = &test->expected[e];
        if (strcmp(expected->name, name) != 0 || occurrence-- > 0)
            continue;
        if (expected->total != n)
            host_stop("%s has %llu values, not %llu", name, (unsigned long long)n, (unsigned long long)expected->total);
        expected->checked = 1;
        double floor = strcmp(name, "delta") == 0 ? 1 : test->floor; /* of y (1 - y), little is left near 0 and 1 */
        for (uint64_t k = 0; k < expected->count; k++) {
            double value = expected->values[k], is = found[k * n / expected->count];
            double bound = test->tolerance * fmax(fabs(value), floor * expected->scale);
            worst = fmax(worst, is == value ? 0 : fabs(is - value) / bound);
            if (!(fabs(is - value) <= bound) && !(isnan(is) && isnan(value)) && is != value)
                mistake(test, name, k * n / expected->count, is, value);
        }
        return;
    }
    host_stop("nothing is said of %s", name);
}

void case_check(struct test_case *test, const char *name, int occurrence, uint64_t n, const float *found) {
    double *numbers = host_memory(n * sizeof *numbers + 1);
    for (uint64_t i = 0; i < n; i++)
        numbers[i] = (double)found[i];
    case_check_numbers(test, name, occurrence, n, numbers);
}

static int said(const struct test_case *test, const char *name) {
    for (int e = 0; e < test->n_expected; e++)
        if (strcmp(test->expected[e].name, name) == 0)
            return 1;
    return 0;
}

/* ---- Losses and metrics ---- */

static runner_view matrix(uint64_t rows, uint64_t columns) {
    return (runner_view){.data = host_memory(rows * columns * sizeof(float)), rows, columns, columns, NULL, 0, 0};
}

/* raw: in [-2, 2); wide: eight times that; unit: in [0, 1), edge: with some zeros and ones, binary: 0 or 1 */
static float value_of(const char *form, uint32_t seed, uint32_t index) {
    float value = case_value(seed, index);
    if (strcmp(form, "wide") == 0)
        return 8 * value;
    if (strcmp(form, "binary") == 0)
        return value < 0 ? 0.0f : 1.0f;
    if (strcmp(form, "edge") == 0 && index % 5 == 0)
        return index % 2 == 0 ? 0.0f : 1.0f;
    if (strcmp(form, "edge") == 0 || strcmp(form, "unit") == 0)
        return (value + 2) / 4;
    return value;
}

struct objective {
    runner_view prediction, target, delta;
    int32_t *labels;
    double *values;
    runner_loss_rows run;
};

static void objective_fill(struct test_case *test, uint32_t target, uint32_t classes, struct objective *objective) {
    double size[2] = {0};
    case_numbers(test, "in", size, 2);
    uint64_t rows = (uint64_t)size[0], n = (uint64_t)size[1];
    *objective = (struct objective){.prediction = matrix(rows, n),
                                    .target = matrix(rows, n),
                                    .delta = matrix(rows, n),
                                    .labels = host_memory(rows * sizeof(int32_t)),
                                    .values = host_memory(rows * sizeof(double))};
    for (uint32_t i = 0; i < rows * n; i++)
        objective->prediction.data[i] = value_of(case_option(test, "prediction", "raw"), 1, i);
    for (uint32_t i = 0; i < rows * n && classes == 0; i++)
        objective->target.data[i] = value_of(case_option(test, "targets", "raw"), 2, i);
    for (uint32_t i = 0; i < rows && classes > 0; i++) {
        float share = (case_value(2, i) + 2) / 4;
        objective->labels[i] = (int32_t)(share * (float)classes);
        for (uint64_t j = 0; j < n; j++)
            objective->target.data[i * n + j] = n == 1                                ? (float)objective->labels[i]
                                                : (uint64_t)objective->labels[i] == j ? 1.0f
                                                                                      : 0.0f;
    }
    objective->run = (runner_loss_rows){.size = sizeof(runner_loss_rows),
                                        .from_logits = (uint32_t)case_number(test, "logits", 0),
                                        .rows = rows,
                                        .prediction = &objective->prediction,
                                        .scale = 1.0f / (float)rows};
    if (target == RUNNER_LABELS)
        objective->run.labels = objective->labels;
    else
        objective->run.target = &objective->target;
}

static runner_shape shape_of(struct test_case *test, const char *key, uint64_t skip) {
    double size[1 + RUNNER_MAX_RANK];
    uint64_t n = case_numbers(test, key, size, 1 + RUNNER_MAX_RANK);
    runner_shape shape = {.rank = (uint32_t)(n - skip)};
    for (uint64_t i = skip; i < n; i++)
        shape.size[i - skip] = (uint32_t)size[i];
    return shape;
}

static void run_loss(struct test_case *test) {
    const runner_loss_ops *ops = test->part->component->ops;
    struct objective objective;
    runner_loss_plan plan = {.size = sizeof plan, .classes = (uint32_t)case_number(test, "classes", 0)};
    plan.prediction = plan.data_target = shape_of(test, "in", 1);
    if (ops->plan(test->part->config, host_call, &plan) != RUNNER_OK)
        host_stop("plan() failed");
    objective_fill(test, plan.target, plan.classes, &objective);
    objective.run.values = objective.values;
    objective.run.delta = &objective.delta;
    ops->evaluate(test->part->config, host_call, &objective.run);
    case_check_numbers(test, "values", 0, objective.run.rows, objective.values);
    if (said(test, "delta"))
        case_check(test, "delta", 0, objective.delta.rows * objective.delta.columns, objective.delta.data);
}

static void run_metric(struct test_case *test) {
    const runner_metric_ops *ops = test->part->component->ops;
    struct objective objective;
    runner_metric_plan plan = {.size = sizeof plan, .classes = (uint32_t)case_number(test, "classes", 0)};
    plan.prediction = plan.data_target = shape_of(test, "in", 1);
    if (ops->plan(test->part->config, host_call, &plan) != RUNNER_OK)
        host_stop("plan() failed");
    objective_fill(test, plan.target, plan.classes, &objective);
    double sums[RUNNER_MAX_VALUES] = {0};
    ops->update(test->part->config, host_call, &objective.run, sums);
    double value = ops->result(test->part->config, objective.run.rows, sums);
    case_check_numbers(test, "value", 0, 1, &value);
}

/* ---- Optimizers ---- */

struct training {
    const runner_optimizer_ops *ops;
    void *config;
    runner_optimizer_plan plan;
    runner_view w, g, slots[RUNNER_MAX_SLOTS];
    runner_step step;
};

static void training_open(struct test_case *test, struct training *training) {
    *training = (struct training){.ops = test->part->component->ops, .config = test->part->config};
    training->plan = (runner_optimizer_plan){.size = sizeof training->plan,
                                             .tensor = {.name = "layer/kernel", .shape = shape_of(test, "in", 0)}};
    const runner_shape *shape = &training->plan.tensor.shape;
    if (training->ops->plan(training->config, host_call, &training->plan) != RUNNER_OK)
        host_stop("plan() failed");
    uint64_t columns = shape->rank > 0 ? shape->size[shape->rank - 1] : 1, rows = runner_elements(shape) / columns;
    training->w = matrix(rows, columns);
    training->g = matrix(rows, columns);
    for (uint32_t i = 0; i < rows * columns; i++)
        training->w.data[i] = case_value(1, i);
    for (uint32_t s = 0; s < training->plan.slots; s++) {
        uint32_t form = training->plan.slot_shape[s];
        training->slots[s] = matrix(form == RUNNER_SLOT_COLUMNS ? 1 : rows, form == RUNNER_SLOT_ROWS ? 1 : columns);
        for (uint64_t i = 0; i < training->slots[s].rows * training->slots[s].columns; i++)
            training->slots[s].data[i] = training->plan.slot_initial[s];
    }
}

static double learning_rate(const struct test_case *test) {
    const runner_component *component = test->part->component;
    for (uint32_t i = 0; i < component->n_params; i++)
        if (component->params[i].type == RUNNER_RATE)
            return *(const double *)(const void *)((const char *)test->part->config + component->params[i].offset);
    host_stop("%s has no rate", component->name);
}

static void run_optimizer(struct test_case *test) {
    struct training training;
    training_open(test, &training);
    double rate = learning_rate(test), scale = case_number(test, "scale", 1);
    uint64_t steps = (uint64_t)case_number(test, "steps", 12), n = training.w.rows * training.w.columns;
    int falls = case_number(test, "falls", 0) != 0;
    training.step.size = sizeof training.step;
    for (uint32_t t = 1; t <= steps; t++) {
        for (uint32_t i = 0; i < n; i++)
            training.g.data[i] = (i + t) % 7 == 0 ? 0.0f : (float)scale * case_value(10 + t, i);
        training.step.number = t;
        training.step.rate = falls ? rate / t : rate;
        if (training.ops->begin != NULL)
            training.ops->begin(training.config, &training.step);
        host_scratch_reset();
        float *slots[RUNNER_MAX_SLOTS];
        for (uint32_t s = 0; s < training.plan.slots; s++)
            slots[s] = training.slots[s].data;
        if ((training.plan.flags & RUNNER_WHOLE_TENSOR) != 0)
            training.ops->step_tensor(training.config, host_call, &training.step, &training.w, &training.g,
                                      training.slots);
        else
            training.ops->step(training.config, &training.step, n, training.w.data, training.g.data, slots);
    }
    case_check(test, "weights", 0, n, training.w.data);
}

/* ---- Small kinds ---- */

static void run_schedule(struct test_case *test) {
    const runner_schedule_ops *ops = test->part->component->ops;
    double updates[64], rates[64];
    uint64_t n = case_numbers(test, "updates", updates, 64);
    for (uint64_t i = 0; i < n; i++)
        rates[i] = ops->rate(test->part->config, (uint64_t)updates[i], 10, 1000);
    case_check_numbers(test, "rates", 0, n, rates);
}

static runner_view weights(struct test_case *test) {
    runner_shape shape = shape_of(test, "in", 0);
    uint64_t columns = shape.size[shape.rank - 1], n = runner_elements(&shape);
    runner_view w = matrix(n / columns, columns);
    double factor = case_number(test, "factor", 1);
    for (uint32_t i = 0; i < n; i++)
        w.data[i] = i % 9 == 4 ? 0.0f : (float)factor * case_value(1, i);
    return w;
}

static void run_regularizer(struct test_case *test) {
    const runner_regularizer_ops *ops = test->part->component->ops;
    runner_view w = weights(test), g = matrix(w.rows, w.columns);
    double penalty = ops->penalty(test->part->config, w.rows * w.columns, w.data, g.data);
    case_check_numbers(test, "penalty", 0, 1, &penalty);
    case_check(test, "slopes", 0, w.rows * w.columns, g.data);
}

static void run_constraint(struct test_case *test) {
    const runner_constraint_ops *ops = test->part->component->ops;
    runner_view w = weights(test);
    ops->apply(test->part->config, host_call, &w);
    case_check(test, "weights", 0, w.rows * w.columns, w.data);
}

/* Mean, standard deviation, and the ends, of which the source gives what is expected and how far off chance may take it. */
static void run_initializer(struct test_case *test) {
    const runner_initializer_ops *ops = test->part->component->ops;
    runner_tensor tensor = {.name = "kernel", .shape = shape_of(test, "in", 0)};
    double fans[2] = {0, 0};
    case_numbers(test, "fans", fans, 2);
    tensor.fan_in = (uint64_t)fans[0];
    tensor.fan_out = (uint64_t)fans[1];
    uint64_t n = runner_elements(&tensor.shape);
    float *values = host_memory(n * sizeof *values);
    if (ops->fill(test->part->config, host_call, &tensor, values) != RUNNER_OK)
        host_stop("fill() failed");
    double sum = 0, squares = 0, least = (double)INFINITY, most = -(double)INFINITY;
    for (uint64_t i = 0; i < n; i++) {
        sum += (double)values[i];
        squares += (double)values[i] * (double)values[i];
        least = fmin(least, (double)values[i]);
        most = fmax(most, (double)values[i]);
    }
    double mean = sum / (double)n, deviation = sqrt(fmax(squares / (double)n - mean * mean, 0));
    double wanted[4], found[4] = {mean, deviation, least, most}, off[4];
    if (case_numbers(test, "statistics", wanted, 4) != 4 || case_numbers(test, "off", off, 4) != 4)
        host_stop("wanted four statistics and four bounds");
    for (int i = 0; i < 4; i++)
        if (!(fabs(found[i] - wanted[i]) <= off[i]))
            mistake(test, "statistics", (uint64_t)i, found[i], wanted[i]);
}

/* ---- The file ---- */

static const struct {
    const char *name;
    runner_kind kind;
    void (*run)(struct test_case *test);
} kinds[] = {
    {"layer", RUNNER_LAYER, case_layer},
    {"loss", RUNNER_LOSS, run_loss},
    {"metric", RUNNER_METRIC, run_metric},
    {"optimizer", RUNNER_OPTIMIZER, run_optimizer},
    {"schedule", RUNNER_SCHEDULE, run_schedule},
    {"regularizer", RUNNER_REGULARIZER, run_regularizer},
    {"constraint", RUNNER_CONSTRAINT, run_constraint},
    {"initializer", RUNNER_INITIALIZER, run_initializer},
};

static void finish(struct test_case *test) {
    if (test->part == NULL)
        return;
    worst = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].name, test->kind) == 0)
            kinds[i].run(test);
    for (int e = 0; e < test->n_expected; e++)
        if (!test->expected[e].checked)
            host_stop("nothing was compared with %s", test->expected[e].name);
    if (report)
        printf("%8.3f %s\n", worst, test->line);
    host_release();
}

/* "case KIND NAME key=value ..." */
static void start(struct test_case *test, char *words) {
    *test = (struct test_case){.tolerance = 2e-6, .floor = 1};
    snprintf(test->line, sizeof test->line, "%s", words);
    host_case(test->line);
    char *copy = host_memory(strlen(words) + 1), *rest = copy;
    memcpy(copy, words, strlen(words));
    test->kind = strtok_r(rest, " ", &rest);
    const char *name = strtok_r(rest, " ", &rest);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].name, test->kind) == 0) {
            if (report && host_find(kinds[i].kind, name) == NULL) {
                printf("MISSING %s %s\n", test->kind, name);
                return;
            }
            test->part = host_part(kinds[i].kind, name);
        }
    if (test->part == NULL)
        host_stop("there is no kind '%s'", test->kind);
    for (char *setting; (setting = strtok_r(rest, " ", &rest)) != NULL;) {
        char *value = strchr(setting, '=');
        *value++ = '\0';
        if (report && !host_has(test->part, setting)) {
            printf("MISSING %s %s %s\n", test->kind, name, setting);
            test->part = NULL;
            return;
        }
        host_set(test->part, setting, value);
    }
}

/* "= NAME TOTAL COUNT SCALE value ..." */
static void expect(struct test_case *test, char *words) {
    struct expected *expected = &test->expected[test->n_expected++];
    if (test->n_expected > MAX_EXPECTED)
        host_stop("too many expectations");
    char *copy = host_memory(strlen(words) + 1), *rest = copy;
    memcpy(copy, words, strlen(words));
    expected->name = strtok_r(rest, " ", &rest);
    expected->total = strtoull(rest, &rest, 10);
    expected->count = strtoull(rest, &rest, 10);
    expected->scale = strtod(rest, &rest);
    expected->values = host_memory(expected->count * sizeof(double));
    for (uint64_t i = 0; i < expected->count; i++)
        expected->values[i] = strtod(rest, &rest);
}

static void option(struct test_case *test, char *words) {
    char *copy = host_memory(strlen(words) + 1), *rest = copy;
    memcpy(copy, words, strlen(words));
    if (test->n_options == MAX_OPTIONS)
        host_stop("too many options");
    const char *key = strtok_r(rest, " ", &rest);
    test->options[test->n_options][0] = key;
    test->options[test->n_options++][1] = rest;
    double numbers[2];
    if (strcmp(key, "tolerance") == 0 && case_numbers(test, key, numbers, 2) == 2) {
        test->tolerance = numbers[0];
        test->floor = numbers[1];
    }
}

int main(int argc, char **argv) {
    if (argc < 3 || argc > 4)
        host_stop("usage: peers PLUGINS CASES [--report]");
    report = argc == 4;
    host_load(argv[1]);
    FILE *file = fopen(argv[2], "r");
    if (file == NULL)
        host_stop("cannot open '%s'", argv[2]);
    struct test_case test = {0};
    char *line = NULL;
    size_t size = 0;
    int n = 0;
    while (getline(&line, &size, file) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#' || line[0] == '\0')
            continue;
        if (strncmp(line, "case ", 5) == 0) {
            finish(&test);
            start(&test, line + 5);
            n++;
        } else if (strncmp(line, "= ", 2) == 0)
            expect(&test, line + 2);
        else
            option(&test, line);
    }
    finish(&test);
    free(line);
    fclose(file);
    printf("%d cases, %d mistakes\n", n, n_bad);
    return n_bad > 0;
}
