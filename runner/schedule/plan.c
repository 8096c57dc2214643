#include "runner/schedule/plan.h"

#include "runner/base/interrupt.h"
#include "runner/host/params.h"
#include "runner/results/claims.h"

#include <stdlib.h>
#include <string.h>

#define PLAN_PATIENCE 60.0 /* seconds; a plan is a matter of milliseconds */

/* Where a mistake of the data set stands: at the parameter that names the file, where the message names the file; else at the
   data set itself. */
static struct mark data_mark(const struct tree *dataset, const char *message) {
    const struct tree *params = component_params(dataset);
    for (size_t i = 0; params != NULL && i < params->count; i++) {
        const struct tree *value = params->items[i];
        if (value->type == TREE_TEXT && value->mark.line > 0 && strlen(value->text) > 1 &&
            strstr(message, value->text) != NULL)
            return value->mark;
    }
    return dataset->mark;
}

static uint64_t batch_rows_of(const struct tree *tree, uint64_t rows) {
    const struct tree *batch = tree_get(tree_get(tree, "train"), "batch_size");
    if (batch != NULL && batch->type == TREE_INT && batch->value.integer > 0 && (uint64_t)batch->value.integer < rows)
        return (uint64_t)batch->value.integer;
    return rows;
}

/* Floating-point operations of a trial: products of all examples, and some for each parameter at each update. */
static double estimate_work(const struct plan_facts *facts, uint64_t rows) {
    double epochs = (double)facts->epochs;
    return epochs * ((double)rows * facts->flops_per_example +
                     12.0 * (double)facts->updates_per_epoch * (double)facts->parameters);
}

/* Points share equal ones. */
static struct plugin_files foreign_files(struct plan *plan, const struct session *session, const struct tree *trial,
                                         const struct plugin_files *before) {
    if (session->foreign.count == 0)
        return session->foreign;
    struct components used = {0};
    struct arena arena;
    arena_init(&arena);
    components_add(&used, &session->catalog, trial);
    struct plugin_files files = session_files(session, &used, &arena);
    bool same = before != NULL && before->count == files.count;
    for (size_t i = 0; same && i < files.count; i++)
        same = before->items[i] == files.items[i];
    if (same)
        files = *before;
    else
        files = session_files(session, &used, &plan->arena);
    components_clear(&used);
    arena_clear(&arena);
    return files;
}

/* A data set that cannot be read costs its own trials where others can; where there are none, or with `strict`, it is a mistake. */
static void judge_data(const struct plan *plan, const struct session *session, const struct experiment *experiment,
                       bool strict, struct diagnostics *diagnostics) {
    size_t *points = memory_alloc(session->n_data + 1, sizeof *points);
    size_t bad = 0;
    for (size_t p = 0; p < experiment->n_points; p++) {
        points[plan->points[p].data]++;
        bad += session->data[plan->points[p].data].problem != NULL;
    }
    for (size_t p = 0; p < experiment->n_points; p++) {
        size_t data = plan->points[p].data, trials = points[data] * experiment->n_seeds;
        const char *problem = session->data[data].problem;
        const struct tree *dataset = tree_get(experiment->points[p].tree, "dataset");
        if (problem == NULL || points[data] == 0)
            continue;
        points[data] = 0; /* it was told */
        if (strict || bad == experiment->n_points)
            diagnostics_error(diagnostics, data_mark(dataset, problem), "%s", problem);
        else
            diagnostics_warning(diagnostics, data_mark(dataset, problem),
                                "%s; its %zu trial%s fail%s, all others train", problem, trials, trials == 1 ? "" : "s",
                                trials == 1 ? "s" : "");
    }
    free(points);
}

static enum status read_data(struct plan *plan, struct session *session, const struct experiment *experiment,
                             struct error *error) {
    enum status status = STATUS_OK;
    for (size_t p = 0; status == STATUS_OK && p < experiment->n_points; p++) {
        const struct tree *dataset = tree_get(experiment->points[p].tree, "dataset");
        status = session_read_data(session, dataset, experiment->limits.data_time, &plan->points[p].data, error);
        if (status == STATUS_CONFIG)
            status = STATUS_OK;
    }
    return status;
}

static enum status plan_point(struct plan *plan, struct session *session, const struct experiment *experiment, size_t p,
                              struct diagnostics *diagnostics, struct error *error) {
    struct plan_point *point = &plan->points[p];
    const struct tree *resolved = experiment->points[p].tree;
    enum status status = STATUS_OK;
    struct arena arena;
    arena_init(&arena);
    struct text where;
    text_init(&where);
    struct plan_facts facts = {.known = false};
    const struct tree *trial = experiment_trial_tree(experiment, p * experiment->n_seeds, &arena);
    point->files = foreign_files(plan, session, trial, p > 0 ? &plan->points[p - 1].files : NULL);
    components_add(&plan->components, &session->catalog, trial);
    if (session->data[point->data].problem == NULL)
        status = session_plan(session, trial, point->data, &point->files, &arena, &facts, &where, error);
    point->facts = facts_pool_add(&plan->facts, &facts, &plan->arena);
    if (status == STATUS_CONFIG || status == STATUS_TRIAL) {
        const struct tree *node = experiment_node(resolved, where.data);
        diagnostics_error(diagnostics, node != NULL ? node->mark : resolved->mark, "%s", error->text);
        status = STATUS_OK;
    }
    uint64_t rows = session->data[point->data].facts.rows[DATA_TRAIN];
    memcpy(plan->results.rows[p], session->data[point->data].facts.rows, sizeof plan->results.rows[p]);
    point->batch_rows = batch_rows_of(resolved, rows);
    point->work = point->facts->known ? estimate_work(point->facts, rows) : 0;
    text_clear(&where);
    arena_clear(&arena);
    return status;
}

static const struct tree *tree_with_seed(const struct experiment *experiment, size_t point, int64_t seed,
                                         struct arena *arena) {
    struct trial trial = {.point = point, .seed = seed};
    struct experiment one = *experiment;
    one.trials = &trial;
    return experiment_trial_tree(&one, 0, arena);
}

/* The trials of a point stand together. */
static enum status identify(struct plan *plan, const struct session *session, const struct experiment *experiment,
                            struct error *error) {
    struct identity_engine engine = {.numerics = session->numerics, .blas = session->blas};
    for (size_t t = 0; t < experiment->n_trials;) {
        if (interrupt_check(session->settings.interrupt, error) != STATUS_OK)
            return STATUS_INTERRUPTED;
        size_t p = experiment->trials[t].point;
        const struct session_data *data = &session->data[plan->points[p].data];
        struct arena arena;
        struct identity_point point;
        arena_init(&arena);
        identity_point_init(&point, &session->catalog, tree_with_seed(experiment, p, IDENTITY_SEED, &arena),
                            tree_with_seed(experiment, p, IDENTITY_SEED + 1, &arena));
        for (; t < experiment->n_trials && experiment->trials[t].point == p; t++)
            identity_point_make(&point, &engine, experiment->trials[t].seed, data->facts.hash,
                                plan->results.trials[t].key, plan->results.trials[t].id);
        identity_point_clear(&point);
        arena_clear(&arena);
    }
    return STATUS_OK;
}

/* The columns of all points; a plan that is not known may have any. */
static void check_questions(const struct plan *plan, const struct experiment *experiment,
                            struct diagnostics *diagnostics) {
    struct arena arena;
    arena_init(&arena);
    size_t most = 0, n = 0;
    bool known = true;
    for (size_t f = 0; f < plan->facts.count; f++) {
        known = known && plan->facts.items[f]->known;
        most += plan->facts.items[f]->n_columns;
    }
    const char **columns = arena_array(&arena, most, sizeof *columns);
    for (size_t f = 0; f < plan->facts.count; f++)
        for (size_t c = 0; c < plan->facts.items[f]->n_columns; c++) {
            const char *column = plan->facts.items[f]->columns[c];
            size_t i = 0;
            while (i < n && strcmp(columns[i], column) != 0)
                i++;
            if (i == n)
                columns[n++] = column;
        }
    if (known)
        questions_check(experiment, columns, n, diagnostics);
    arena_clear(&arena);
}

enum status plan_make(struct plan *plan, struct session *session, const struct experiment *experiment, bool strict,
                      struct diagnostics *diagnostics, struct error *error) {
    *plan = (struct plan){0};
    arena_init(&plan->arena);
    plan->points = arena_array(&plan->arena, experiment->n_points, sizeof *plan->points);
    results_from_experiment(experiment, &plan->results);
    double limit = experiment->limits.time;
    session->patience = limit > 0 && limit < PLAN_PATIENCE ? limit : PLAN_PATIENCE;
    enum status status = read_data(plan, session, experiment, error);
    if (status == STATUS_OK)
        judge_data(plan, session, experiment, strict, diagnostics);
    for (size_t p = 0; status == STATUS_OK && p < experiment->n_points; p++)
        status = plan_point(plan, session, experiment, p, diagnostics, error);
    if (status == STATUS_OK)
        check_questions(plan, experiment, diagnostics);
    if (status == STATUS_OK && diagnostics->errors > 0)
        status = STATUS_CONFIG;
    if (status == STATUS_OK)
        status = identify(plan, session, experiment, error);
    if (status != STATUS_OK)
        plan_clear(plan);
    return status;
}

void plan_clear(struct plan *plan) {
    components_clear(&plan->components);
    facts_pool_clear(&plan->facts);
    results_clear(&plan->results);
    arena_clear(&plan->arena);
    *plan = (struct plan){0};
}

struct point_size *plan_sizes(struct plan *plan) {
    struct point_size *sizes = arena_array(&plan->arena, plan->results.n_points, sizeof *sizes);
    for (size_t p = 0; p < plan->results.n_points; p++)
        sizes[p] = (struct point_size){plan->points[p].facts->known, plan->points[p].facts->parameters,
                                       plan->points[p].batch_rows};
    return sizes;
}

struct queued {
    double work;
    size_t trial;
};

static int compare_queued(const void *a, const void *b) {
    const struct queued *x = a, *y = b;
    if (x->work != y->work)
        return x->work < y->work ? 1 : -1;
    return (x->trial > y->trial) - (x->trial < y->trial);
}

void plan_sort(const struct plan *plan, const size_t *trials, size_t n, size_t *sorted) {
    struct queued *queued = memory_alloc(n + 1, sizeof *queued);
    for (size_t i = 0; i < n; i++)
        queued[i] = (struct queued){plan->points[plan->results.trials[trials[i]].point].work, trials[i]};
    qsort(queued, n, sizeof *queued, compare_queued);
    for (size_t i = 0; i < n; i++)
        sorted[i] = queued[i].trial;
    free(queued);
}
