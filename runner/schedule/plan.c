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

static uint64_t batch_rows_of(const struct tree *train, uint64_t rows) {
    const struct tree *batch = tree_get(train, "batch_size");
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

/* Plugin files that points share. */
struct files {
    struct plugin_files plugins;
    size_t number;
    struct files *next;
};

/* What a plan is made with, and not needed later. */
struct making {
    struct plan *plan;
    struct session *session;
    const struct experiment *experiment;
    struct diagnostics *diagnostics;
    struct identities identities;
    struct text text;
    struct order *order;          /* [n_points] in which they are planned */
    struct plan_answer **answers; /* [n_points] */
    struct arena arena;           /* of the answers */
    struct files *files;          /* all that points need, each once */
};

/* Points stand together whose layers are the same, among them those with the same optimizer: they are planned with less work. */
struct order {
    size_t data, files; /* its number */
    uint64_t layers;
    const struct tree *optimizer;
    size_t point;
};

/* By addresses, which differ from run to run: that shows nowhere, since answers are taken in the order of the points. */
static int compare_order(const void *a, const void *b) {
    const struct order *x = a, *y = b;
    if (x->data != y->data)
        return x->data < y->data ? -1 : 1;
    if (x->files != y->files)
        return x->files < y->files ? -1 : 1;
    if (x->layers != y->layers)
        return x->layers < y->layers ? -1 : 1;
    if (x->optimizer != y->optimizer)
        return (uintptr_t)x->optimizer < (uintptr_t)y->optimizer ? -1 : 1;
    return (x->point > y->point) - (x->point < y->point);
}

/* Of the sections but for those that change from point to point without changing the layers. */
static uint64_t layers_of(const struct experiment *experiment, size_t point) {
    static const enum section sections[] = {SECTION_DATASET, SECTION_MODEL, SECTION_LOSS, SECTION_METRICS,
                                            SECTION_ENGINE};
    uint64_t hash = 0;
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
        hash = hash_mix(hash, hash_pointer(experiment_section(experiment, point, sections[i])));
    return hash;
}

static const struct files *find_files(struct making *making, const struct components *used) {
    if (making->session->foreign.count == 0 && making->files != NULL)
        return making->files;
    struct arena arena;
    arena_init(&arena);
    struct plugin_files plugins = session_files(making->session, used, &arena);
    struct files *files = making->files;
    while (files != NULL && (files->plugins.count != plugins.count ||
                             (plugins.count > 0 &&
                              memcmp(files->plugins.items, plugins.items, plugins.count * sizeof *plugins.items) != 0)))
        files = files->next;
    if (files == NULL) {
        files = arena_alloc(&making->plan->arena, sizeof *files);
        *files = (struct files){session_files(making->session, used, &making->plan->arena),
                                making->files != NULL ? making->files->number + 1 : 0, making->files};
        making->files = files;
    }
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
        const struct tree *dataset = experiment_section(experiment, p, SECTION_DATASET);
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
    const struct tree *before = NULL;
    for (size_t p = 0; status == STATUS_OK && p < experiment->n_points; p++) {
        const struct tree *dataset = experiment_section(experiment, p, SECTION_DATASET);
        if (dataset == before) {
            plan->points[p].data = plan->points[p - 1].data;
            continue;
        }
        before = dataset;
        status = session_read_data(session, dataset, experiment->limits.data_time, &plan->points[p].data, error);
        if (status == STATUS_CONFIG)
            status = STATUS_OK;
    }
    return status;
}

/* The components that the point uses, and the identities of its trials. */
static void prepare_point(struct making *making, size_t p) {
    struct plan *plan = making->plan;
    struct session *session = making->session;
    const struct experiment *experiment = making->experiment;
    struct point sections;
    const struct tree *tree = experiment_point(experiment, p, &sections);
    struct plan_point *point = &plan->points[p];
    struct components used = {0};
    for (size_t i = 0; i < tree->count; i++)
        components_add(&used, &identities_section(&making->identities, tree->keys[i], tree->items[i])->components);
    components_add(&plan->components, &used);
    const struct files *files = find_files(making, &used);
    point->files = &files->plugins;
    components_clear(&used);
    making->order[p] = (struct order){point->data, files->number, layers_of(experiment, p),
                                      experiment_section(experiment, p, SECTION_OPTIMIZER), p};
    struct identity_engine engine = {.numerics = session->numerics, .blas = session->blas};
    for (size_t s = 0, t = p * experiment->n_seeds; s < experiment->n_seeds; s++, t++)
        identity_make(&making->identities, &engine, tree, experiment->seeds[s], session->data[point->data].facts.hash,
                      &making->text, &plan->results.trials[t].key, &plan->results.trials[t].id);
}

/* Plans the points that stand at `first` to `end` of the order, which have the same data and plugin files. */
static enum status plan_points(struct making *making, size_t first, size_t end, struct error *error) {
    size_t n = end - first;
    size_t *points = memory_alloc(n, sizeof *points);
    struct plan_answer **answers = memory_alloc(n, sizeof(struct plan_answer *));
    struct session_points request = {.experiment = making->experiment,
                                     .points = points,
                                     .n_points = n,
                                     .data = making->order[first].data,
                                     .files = making->plan->points[making->order[first].point].files,
                                     .arena = &making->arena,
                                     .answers = answers};
    for (size_t i = 0; i < n; i++)
        points[i] = making->order[first + i].point;
    enum status status = session_plan(making->session, &request, error);
    for (size_t i = 0; i < n && status == STATUS_OK; i++)
        making->answers[making->order[first + i].point] = answers[i];
    free(answers);
    free(points);
    return status;
}

/* The place in the config of a path within the point. */
static struct mark mark_in_point(const struct making *making, size_t p, const char *where) {
    struct point sections;
    const struct tree *tree = experiment_point(making->experiment, p, &sections);
    const struct tree *node = experiment_node(tree, where);
    return node != NULL ? node->mark : tree->mark;
}

static void take_answer(struct making *making, size_t p) {
    struct plan *plan = making->plan;
    static const struct plan_facts not_known = {.known = false};
    struct plan_answer *answer = making->answers[p]; /* NULL: its data cannot be read */
    struct plan_point *point = &plan->points[p];
    if (answer != NULL && answer->status != STATUS_OK) {
        diagnostics_error(making->diagnostics, mark_in_point(making, p, answer->where), "%s", answer->message);
        return;
    }
    if (answer != NULL && answer->pooled == NULL)
        answer->pooled = facts_pool_add(&plan->facts, &answer->facts, &plan->arena);
    point->facts = answer != NULL ? answer->pooled : facts_pool_add(&plan->facts, &not_known, &plan->arena);
    if (point->facts->doubt[0] != '\0')
        diagnostics_warning(making->diagnostics, mark_in_point(making, p, point->facts->doubt_where), "%s",
                            point->facts->doubt);
    const uint64_t *rows = making->session->data[point->data].facts.rows;
    results_set_rows(&plan->results, p, rows);
    point->batch_rows = batch_rows_of(experiment_section(making->experiment, p, SECTION_TRAIN), rows[DATA_TRAIN]);
    point->work = point->facts->known ? estimate_work(point->facts, rows[DATA_TRAIN]) : 0;
}

static enum status make(struct making *making, struct error *error) {
    const struct experiment *experiment = making->experiment;
    const struct interrupt *interrupt = making->session->settings.interrupt;
    size_t n = experiment->n_points;
    enum status status = STATUS_OK;
    for (size_t p = 0; p < n && status == STATUS_OK; p++) {
        status = interrupt_check(interrupt, error);
        prepare_point(making, p);
    }
    if (status == STATUS_OK)
        qsort(making->order, n, sizeof *making->order, compare_order);
    for (size_t first = 0, end; first < n && status == STATUS_OK; first = end) {
        const struct order *order = making->order;
        for (end = first; end < n && order[end].data == order[first].data && order[end].files == order[first].files;)
            end++;
        if (making->session->data[order[first].data].problem == NULL)
            status = plan_points(making, first, end, error);
    }
    for (size_t p = 0; p < n && status == STATUS_OK; p++)
        take_answer(making, p);
    return status;
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
    struct making making = {.plan = plan, .session = session, .experiment = experiment, .diagnostics = diagnostics};
    making.order = memory_alloc(experiment->n_points, sizeof *making.order);
    making.answers = memory_alloc(experiment->n_points, sizeof(struct plan_answer *));
    identities_init(&making.identities, &session->catalog);
    text_init(&making.text);
    arena_init(&making.arena);
    enum status status = read_data(plan, session, experiment, error);
    if (status == STATUS_OK)
        judge_data(plan, session, experiment, strict, diagnostics);
    if (status == STATUS_OK)
        status = make(&making, error);
    arena_clear(&making.arena);
    text_clear(&making.text);
    identities_clear(&making.identities);
    free(making.answers);
    free(making.order);
    if (status == STATUS_OK && diagnostics->errors == 0) /* else not all columns are known */
        check_questions(plan, experiment, diagnostics);
    if (status == STATUS_OK && diagnostics->errors > 0)
        status = STATUS_CONFIG;
    if (status != STATUS_OK)
        plan_clear(plan);
    return status;
}

void plan_drop_points(struct plan *plan) {
    facts_pool_clear(&plan->facts);
    arena_clear(&plan->arena);
    plan->points = NULL;
}

void plan_clear(struct plan *plan) {
    components_clear(&plan->components);
    results_clear(&plan->results);
    plan_drop_points(plan);
    *plan = (struct plan){0};
}

struct point_size *plan_sizes(const struct plan *plan) {
    struct point_size *sizes = memory_alloc(plan->results.n_points, sizeof *sizes);
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
