#include "runner/conformance/checks.h"

/* Those that are defined over a form, for one kind. */
#define FOR_KIND(check, kind)                                                                                          \
    static bool kind##_##check(const struct target *target, struct page *page) {                                       \
        return check_##check(target, &kind##_form, page);                                                              \
    }
FOR_KIND(memory, layer)
FOR_KIND(state, layer)
FOR_KIND(cuts, layer)
FOR_KIND(threads, layer)
FOR_KIND(memory, loss)
FOR_KIND(state, loss)
FOR_KIND(cuts, loss)
FOR_KIND(threads, loss)
FOR_KIND(memory, metric)
FOR_KIND(state, metric)
FOR_KIND(threads, metric)
FOR_KIND(memory, optimizer)
FOR_KIND(state, optimizer)
FOR_KIND(cuts, optimizer)
FOR_KIND(threads, optimizer)
FOR_KIND(memory, initializer)
FOR_KIND(state, initializer)
FOR_KIND(memory, regularizer)
FOR_KIND(state, regularizer)
FOR_KIND(cuts, regularizer)
FOR_KIND(threads, regularizer)
FOR_KIND(memory, constraint)
FOR_KIND(state, constraint)
FOR_KIND(threads, constraint)
FOR_KIND(memory, schedule)
FOR_KIND(state, schedule)
FOR_KIND(cuts, schedule)
FOR_KIND(memory, callback)
FOR_KIND(state, callback)
FOR_KIND(memory, dataset)
FOR_KIND(state, dataset)
FOR_KIND(cuts, dataset)
FOR_KIND(threads, dataset)

#define TABLE                                                                                                          \
    { "parameters", parameters_check }
#define WITH_VALUES                                                                                                    \
    TABLE, {                                                                                                           \
        "values", parameters_at_work                                                                                   \
    }

static const struct check layer[] = {WITH_VALUES,
                                     {"memory", layer_memory},
                                     {"gradient", layer_gradient_check},
                                     {"adds", layer_adds},
                                     {"state", layer_state},
                                     {"cuts", layer_cuts},
                                     {"threads", layer_threads},
                                     {"evaluation", layer_flags_training},
                                     {"kept", layer_flags_keep},
                                     {"unwanted", layer_flags_unwanted},
                                     {"in_place", layer_flags_in_place},
                                     {"views", layer_flags_hidden},
                                     {"elementwise", layer_flags_elementwise},
                                     {"columns", layer_flags_columns},
                                     {"input_columns", layer_flags_input_columns},
                                     {"input_rows", layer_flags_input_rows},
                                     {"input_sum", layer_flags_input_sum},
                                     {"outer", layer_flags_outer},
                                     {0}};
static const struct check loss[] = {
    WITH_VALUES,           {"memory", loss_memory}, {"gradient", loss_gradient_check}, {"apart", loss_apart},
    {"state", loss_state}, {"cuts", loss_cuts},     {"threads", loss_threads},         {0}};
static const struct check metric[] = {
    WITH_VALUES, {"memory", metric_memory}, {"adds", metric_adds}, {"state", metric_state}, {"threads", metric_threads},
    {0}};
static const struct check optimizer[] = {WITH_VALUES,
                                         {"memory", optimizer_memory},
                                         {"descent", optimizer_descent},
                                         {"state", optimizer_state},
                                         {"cuts", optimizer_cuts},
                                         {"threads", optimizer_threads},
                                         {"linear", optimizer_linear},
                                         {"zero", optimizer_zero},
                                         {"late", optimizer_late},
                                         {"outer", optimizer_outer},
                                         {0}};
static const struct check initializer[] = {
    WITH_VALUES, {"memory", initializer_memory}, {"filled", initializer_values}, {"state", initializer_state}, {0}};
static const struct check regularizer[] = {WITH_VALUES,
                                           {"memory", regularizer_memory},
                                           {"gradient", regularizer_gradient_check},
                                           {"state", regularizer_state},
                                           {"cuts", regularizer_cuts},
                                           {"threads", regularizer_threads},
                                           {0}};
static const struct check constraint[] = {WITH_VALUES,
                                          {"memory", constraint_memory},
                                          {"twice", constraint_idempotent},
                                          {"state", constraint_state},
                                          {"threads", constraint_threads},
                                          {0}};
static const struct check schedule[] = {WITH_VALUES,
                                        {"memory", schedule_memory},
                                        {"rates", schedule_values},
                                        {"state", schedule_state},
                                        {"order", schedule_cuts},
                                        {0}};
static const struct check callback[] = {WITH_VALUES, {"memory", callback_memory}, {"state", callback_state}, {0}};
static const struct check dataset[] = {TABLE,
                                       {"memory", dataset_memory},
                                       {"examples", dataset_values},
                                       {"state", dataset_state},
                                       {"cuts", dataset_cuts},
                                       {"threads", dataset_threads},
                                       {0}};

const struct check *checks_of(enum runner_kind kind) {
    static const struct check *const lists[] = {[RUNNER_DATASET] = dataset,
                                                [RUNNER_LAYER] = layer,
                                                [RUNNER_LOSS] = loss,
                                                [RUNNER_OPTIMIZER] = optimizer,
                                                [RUNNER_METRIC] = metric,
                                                [RUNNER_INITIALIZER] = initializer,
                                                [RUNNER_SCHEDULE] = schedule,
                                                [RUNNER_REGULARIZER] = regularizer,
                                                [RUNNER_CONSTRAINT] = constraint,
                                                [RUNNER_CALLBACK] = callback};
    return lists[kind];
}
