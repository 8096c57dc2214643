/* Every parameter at its default and its bounds, in the host's hands and then in the component's. */
#include "runner/conformance/kinds.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct mark nowhere;

enum { VALUES = 24 };

/* Values of one parameter, as trees. */
struct values {
    struct tree *items[VALUES];
    size_t count;
};

static void add(struct values *values, struct tree *tree) {
    if (tree != NULL && values->count < VALUES)
        values->items[values->count++] = tree;
}

static struct tree *number(const runner_param *param, double x, struct arena *arena) {
    bool integer = param->type == RUNNER_INT || param->type == RUNNER_INTS;
    struct tree *tree =
        integer && fabs(x) < 0x1p63 ? tree_int(arena, nowhere, (int64_t)x) : tree_float(arena, nowhere, x);
    if (param->type != RUNNER_INTS && param->type != RUNNER_FLOATS)
        return tree;
    struct tree *list = tree_list(arena, nowhere);
    tree_append(arena, list, tree);
    return list;
}

static bool is_number(const runner_param *param) {
    return param->type == RUNNER_INT || param->type == RUNNER_FLOAT || param->type == RUNNER_INTS ||
           param->type == RUNNER_FLOATS || param->type == RUNNER_RATE;
}

static double beside(const runner_param *param, double x, double towards) {
    bool integer = param->type == RUNNER_INT || param->type == RUNNER_INTS;
    return !integer      ? nextafter(x, towards)
           : towards > x ? x + fmax(1, nextafter(x, towards) - x)
                         : x - fmax(1, x - nextafter(x, towards));
}

/* What the table allows, at its bounds. */
static void allowed(const runner_param *param, struct arena *arena, struct values *values) {
    bool open_min = (param->flags & RUNNER_OPEN_MIN) != 0, open_max = (param->flags & RUNNER_OPEN_MAX) != 0;
    values->count = 0;
    if (is_number(param) && isfinite(param->min))
        add(values, number(param, open_min ? beside(param, param->min, (double)INFINITY) : param->min, arena));
    if (is_number(param) && isfinite(param->max) &&
        (fabs(param->max) < 0x1p63 || (param->type != RUNNER_INT && param->type != RUNNER_INTS)))
        add(values, number(param, open_max ? beside(param, param->max, -(double)INFINITY) : param->max, arena));
    for (int i = 0; param->type == RUNNER_BOOL && i < 2; i++)
        add(values, tree_bool(arena, nowhere, i));
    for (int i = 0; param->type == RUNNER_CHOICE && param->choices[i] != NULL; i++)
        add(values, tree_text(arena, nowhere, param->choices[i]));
    if ((param->flags & RUNNER_NULLABLE) != 0)
        add(values, tree_null(arena, nowhere));
}

/* What it does not. */
static void refused(const runner_param *param, struct arena *arena, struct values *values) {
    values->count = 0;
    if (is_number(param)) {
        bool open_min = (param->flags & RUNNER_OPEN_MIN) != 0, open_max = (param->flags & RUNNER_OPEN_MAX) != 0;
        if (isfinite(param->min))
            add(values, number(param, open_min ? param->min : beside(param, param->min, -(double)INFINITY), arena));
        if (isfinite(param->max))
            add(values, number(param, open_max ? param->max : beside(param, param->max, (double)INFINITY), arena));
        add(values, tree_float(arena, nowhere, (double)NAN));
        add(values, tree_bool(arena, nowhere, true));
    }
    if (param->type == RUNNER_CHOICE)
        add(values, tree_text(arena, nowhere, "no such choice"));
    if (param->type == RUNNER_BOOL)
        add(values, tree_int(arena, nowhere, 1));
    if ((param->flags & RUNNER_NULLABLE) == 0 && param->type != RUNNER_COMPONENTS)
        add(values, tree_null(arena, nowhere));
}

static void value_text(const struct tree *value, struct text *out) {
    text_reset(out);
    tree_write(value, out);
}

/* Is the value in its field? Text, paths and components are seen by the component itself. */
static bool arrived(const runner_param *param, const struct tree *value, const unsigned char *config) {
    const unsigned char *field = config + param->offset;
    const struct tree *one = value->type == TREE_LIST && value->count == 1 ? value->items[0] : value;
    double wanted = one->type == TREE_INT     ? (double)one->value.integer
                    : one->type == TREE_FLOAT ? one->value.number
                                              : (double)NAN;
    int32_t small;
    int64_t integer;
    double real;
    runner_ints ints;
    runner_floats floats;
    memcpy(&small, field, sizeof small);
    switch ((enum runner_type)param->type) {
    case RUNNER_BOOL: return small == one->value.truth;
    case RUNNER_CHOICE: return strcmp(param->choices[small], one->text) == 0;
    case RUNNER_INT:
        memcpy(&integer, field, sizeof integer);
        return one->type == TREE_NULL ? integer == INT64_MIN : (double)integer == wanted;
    case RUNNER_FLOAT:
    case RUNNER_RATE: memcpy(&real, field, sizeof real); return one->type == TREE_NULL ? isnan(real) : real == wanted;
    case RUNNER_INTS:
        memcpy(&ints, field, sizeof ints);
        return one->type == TREE_NULL ? ints.count == 0 : ints.count == 1 && (double)ints.values[0] == wanted;
    case RUNNER_FLOATS:
        memcpy(&floats, field, sizeof floats);
        return one->type == TREE_NULL ? floats.count == 0 : floats.count == 1 && floats.values[0] == wanted;
    default: return true;
    }
}

static bool check_param(struct subject *subject, const runner_param *param) {
    struct arena *arena = &subject->arena;
    struct values values;
    struct text text;
    text_init(&text);
    bool well = true;
    allowed(param, arena, &values);
    for (size_t i = 0; i < values.count && well; i++) {
        struct error error = {0};
        value_text(values.items[i], &text);
        const struct tree *written = subject_parameters(subject->target, param->name, values.items[i], arena);
        const struct runner_part *part = subject_bind(subject->target, written, arena, &error);
        if (part == NULL)
            well =
                check_fail(subject, "%s=%s is refused, which its table allows: %s", param->name, text.data, error.text);
        else if (!arrived(param, values.items[i], part->config))
            well = check_fail(subject, "%s=%s does not arrive in its field, at offset %u of the config struct",
                              param->name, text.data, param->offset);
    }
    refused(param, arena, &values);
    for (size_t i = 0; i < values.count && well; i++) {
        struct error error = {0};
        value_text(values.items[i], &text);
        const struct tree *written = subject_parameters(subject->target, param->name, values.items[i], arena);
        if (subject_bind(subject->target, written, arena, &error) != NULL)
            well = check_fail(subject, "%s=%s is accepted, which its table does not allow", param->name, text.data);
    }
    text_clear(&text);
    return well;
}

bool parameters_check(const struct target *target, struct page *page) {
    struct subject subject;
    bool well = subject_open(&subject, target, page, 0xff);
    for (uint32_t i = 0; well && i < subject.component->n_params; i++)
        well = check_param(&subject, &subject.component->params[i]);
    subject_close(&subject);
    return well;
}

/* ---- At work --------------------------------------------------------------------------------------------------------- */

static const struct work_form *form_of(enum runner_kind kind) {
    switch (kind) {
    case RUNNER_LAYER: return &layer_form;
    case RUNNER_LOSS: return &loss_form;
    case RUNNER_OPTIMIZER: return &optimizer_form;
    case RUNNER_METRIC: return &metric_form;
    case RUNNER_INITIALIZER: return &initializer_form;
    case RUNNER_SCHEDULE: return &schedule_form;
    case RUNNER_REGULARIZER: return &regularizer_form;
    case RUNNER_CONSTRAINT: return &constraint_form;
    case RUNNER_CALLBACK: return &callback_form;
    case RUNNER_DATASET: break;
    }
    return &dataset_form;
}

/* The first scene that the component takes with this value is run; a refusal needs a reason. */
static bool run_with(const struct target *target, struct page *page, const char *param, const struct tree *value) {
    const struct work_form *form = form_of(target->kind);
    struct arena arena;
    struct text text;
    arena_init(&arena);
    text_init(&text);
    value_text(value, &text);
    struct target other = *target;
    const struct tree *written = subject_parameters(target, param, tree_copy(&arena, value), &arena);
    other.settings = written->items[0];
    bool well = true, taken = false, reason = false;
    for (uint32_t i = 0; i < form->n_scenes && well && !taken; i++) {
        struct scene scene = {&other, form, page, i};
        struct instance instance;
        char refusal[PAGE_TEXT] = "";
        taken = instance_open(&scene, 0xff, &instance, refusal);
        reason = reason || refusal[0] != '\0';
        well = !taken || work_run(instance.work, 0, 1);
        instance_close(&instance);
        well = well && page->outcome == OUTCOME_OK;
    }
    if (well && !taken && !reason) {
        page->outcome = OUTCOME_FAIL;
        snprintf(page->reason, sizeof page->reason, "plan() fails without a reason");
    }
    if (page->outcome == OUTCOME_FAIL) {
        char whole[PAGE_TEXT];
        snprintf(whole, sizeof whole, "%s=%.40s: %.400s", param, text.data, page->reason);
        memcpy(page->reason, whole, sizeof whole);
    }
    text_clear(&text);
    arena_clear(&arena);
    return page->outcome == OUTCOME_OK;
}

bool parameters_at_work(const struct target *target, struct page *page) {
    struct subject subject;
    bool well = subject_open(&subject, target, page, 0xff);
    for (uint32_t i = 0; well && i < subject.component->n_params; i++) {
        const runner_param *param = &subject.component->params[i];
        struct values values;
        allowed(param, &subject.arena, &values);
        for (size_t v = 0; v < values.count && well; v++)
            well = run_with(target, page, param->name, values.items[v]);
    }
    subject_close(&subject);
    return well;
}
