#include "runner/results/compare.h"

#include "runner/results/column.h"
#include "runner/results/distributions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PAIRS_POINTS = 300 }; /* above, Bonferroni's correction stands in for Holm's over all pairs */

const char *verdict_name(enum verdict verdict) {
    static const char *const names[] = {"", "no difference shown", "better", "worse", "reference"};
    return names[verdict];
}

/* One point's trials, by seed. */
struct cell {
    double value;
    enum { CELL_EMPTY, CELL_KNOWN, CELL_DIVERGED } state;
};

struct work {
    const struct results *results;
    struct comparisons *comparisons;
    struct cell *cells; /* [n_points][n_seeds] */
    int64_t *seeds;
    size_t n_seeds;
    double *differences;            /* [n_seeds] */
    size_t *problems;               /* [n_points] results_problems() */
    double *luck;                   /* [n_points] reckon_luck(), of the first point of each problem */
    struct pair *pairs;             /* [count] that are compared */
    const struct comparison **made; /* [count] those that were asked for; NULL: none yet */
    double *p; /* corrected: [count] with a baseline, else of all pairs of points; NULL: they are too many */
};

struct pair {
    size_t point, reference;
};

static int compare_seeds(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void read_cells(struct work *work, const char *metric) {
    const struct results *results = work->results;
    work->seeds = memory_alloc(results->n_trials + 1, sizeof *work->seeds);
    for (size_t t = 0; t < results->n_trials; t++)
        work->seeds[t] = results->trials[t].seed;
    qsort(work->seeds, results->n_trials, sizeof *work->seeds, compare_seeds);
    for (size_t t = 0; t < results->n_trials; t++)
        if (work->n_seeds == 0 || work->seeds[work->n_seeds - 1] != work->seeds[t])
            work->seeds[work->n_seeds++] = work->seeds[t];
    work->cells = memory_alloc(results->n_points * work->n_seeds + 1, sizeof *work->cells);
    work->differences = memory_alloc(work->n_seeds + 1, sizeof(double));
    for (size_t t = 0; t < results->n_trials; t++) {
        const struct result_trial *trial = &results->trials[t];
        const int64_t *seed = bsearch(&trial->seed, work->seeds, work->n_seeds, sizeof *seed, compare_seeds);
        struct cell *cell = &work->cells[trial->point * work->n_seeds + (size_t)(seed - work->seeds)];
        if (trial->record != NULL && trial->record->status == TRIAL_DIVERGED)
            cell->state = CELL_DIVERGED;
        else if (column_value(results, t, metric, &cell->value))
            cell->state = CELL_KNOWN;
    }
}

static void work_clear(struct work *work) {
    free(work->seeds);
    free(work->cells);
    free(work->differences);
    free(work->pairs);
    free(work->made);
    free(work->p);
}

/* The least difference of two accuracies of these points: a row of the fewest; 0 where it is not known. */
static double share_step(const struct work *work, size_t point, size_t reference) {
    uint64_t ours = column_rows(work->results, point, work->comparisons->metric);
    uint64_t theirs = column_rows(work->results, reference, work->comparisons->metric);
    uint64_t rows = ours < theirs ? ours : theirs;
    return rows > 0 ? 1 / (double)rows : 0;
}

static void refuse_steps(const struct work *work, size_t n, struct comparison *c) {
    const char *reason = column_is_share(work->comparisons->metric)
                             ? statistics_steps(&c->t, work->differences, n, share_step(work, c->point, c->reference))
                             : NULL;
    if (reason == NULL)
        return;
    c->t.p = c->t.low = c->t.high = (double)NAN;
    c->reason = reason;
}

typedef void t_tester(const double *differences, size_t n, double scale, struct t_test *test);

/* The t test of two points, and the pairs that count. */
static void test_pair(struct work *work, size_t point, size_t reference, t_tester *tester, struct comparison *c) {
    const struct cell *ours = &work->cells[point * work->n_seeds], *theirs = &work->cells[reference * work->n_seeds];
    bool lower = work->comparisons->lower_is_better;
    size_t n = 0;
    double scale = 0;
    *c = (struct comparison){.point = point, .reference = reference, .reason = "", .p_holm = (double)NAN};
    for (size_t s = 0; s < work->n_seeds; s++) {
        c->diverged += ours[s].state == CELL_DIVERGED ? 1 : 0;
        c->reference_diverged += theirs[s].state == CELL_DIVERGED ? 1 : 0;
        if (ours[s].state == CELL_EMPTY || theirs[s].state == CELL_EMPTY)
            continue;
        bool known = ours[s].state == CELL_KNOWN && theirs[s].state == CELL_KNOWN;
        double difference = known ? ours[s].value - theirs[s].value : 0;
        bool won = known ? (lower ? difference < 0 : difference > 0) : ours[s].state == CELL_KNOWN;
        bool tied = known ? difference == 0 : ours[s].state == theirs[s].state;
        c->win += won ? 1 : 0;
        c->tie += tied ? 1 : 0;
        c->loss += !won && !tied ? 1 : 0;
        if (!known)
            continue;
        work->differences[n++] = difference;
        scale = fabs(theirs[s].value) > scale ? fabs(theirs[s].value) : scale;
    }
    tester(work->differences, n, scale, &c->t);
    refuse_steps(work, n, c);
    if (n < STATISTICS_LEAST)
        c->t.p = (double)NAN;
}

static double log_choose(double n, double k) {
    return distribution_log_gamma(n + 1) - distribution_log_gamma(k + 1) - distribution_log_gamma(n - k + 1);
}

/* How likely chance is to make so many points of a data set diverge whole, and so many not at all, if it dealt the diverged trials out over
   them: the ways to choose the points, times the share of the deals that have those. Of K points with T trials of which D diverged, a points
   with A trials whole and b with B not at all: at most C(K, a) C(K - a, b) C(T - A - B, D - A) / C(T, D). */
static double divergence_luck(const struct work *work, size_t problem) {
    double trials = 0, diverged = 0, points = 0, whole = 0, whole_trials = 0, none = 0, none_trials = 0;
    for (size_t p = problem; p < work->results->n_points; p++) {
        double n = 0, d = 0;
        if (work->problems[p] != problem)
            continue;
        for (size_t s = 0; s < work->n_seeds; s++) {
            n += work->cells[p * work->n_seeds + s].state != CELL_EMPTY ? 1 : 0;
            d += work->cells[p * work->n_seeds + s].state == CELL_DIVERGED ? 1 : 0;
        }
        trials += n;
        diverged += d;
        points += n > 0 ? 1 : 0;
        whole += n > 0 && d == n ? 1 : 0;
        whole_trials += d == n ? n : 0;
        none += n > 0 && d == 0 ? 1 : 0;
        none_trials += d == 0 ? n : 0;
    }
    return distribution_exp(log_choose(points, whole) + log_choose(points - whole, none) +
                            log_choose(trials - whole_trials - none_trials, diverged - whole_trials) -
                            log_choose(trials, diverged));
}

/* For each data set, times their number. */
static void reckon_luck(struct work *work, struct arena *arena) {
    size_t n = work->results->n_points, count = 0;
    work->luck = arena_array(arena, n, sizeof *work->luck);
    for (size_t p = 0; p < n; p++)
        count += work->problems[p] == p ? 1 : 0;
    for (size_t p = 0; p < n; p++)
        if (work->problems[p] == p)
            work->luck[p] = (double)count * divergence_luck(work, p);
}

/* All trials of one point diverged and none of the other: if both did so with one probability, at most 2 / 4^pairs are like that. */
static bool divergence_decides(const struct work *work, size_t pairs, const struct comparison *c) {
    double luck = 2 * (double)work->comparisons->planned;
    for (size_t i = 0; i < pairs; i++)
        luck /= 4;
    luck = fmin(luck, fmax(work->luck[work->problems[c->point]], work->luck[work->problems[c->reference]]));
    return luck < 1 - STATISTICS_LEVEL;
}

static void judge_diverged(const struct work *work, size_t pairs, struct comparison *c) {
    c->reason = c->diverged > 0 ? "trials diverged" : "trials of the reference diverged";
    if (c->t.n > 0 || (c->win != pairs && c->loss != pairs))
        return;
    if (divergence_decides(work, pairs, c))
        c->verdict = c->win == pairs ? VERDICT_BETTER : VERDICT_WORSE;
    else
        c->reason = c->win == pairs ? "all trials of the reference diverged, which chance could do in this grid"
                                    : "all trials diverged, which chance could do in this grid";
}

static void judge(const struct work *work, struct comparison *c) {
    const struct comparisons *comparisons = work->comparisons;
    size_t pairs = c->win + c->tie + c->loss;
    bool better = comparisons->lower_is_better ? c->t.mean < 0 : c->t.mean > 0;
    if (pairs < STATISTICS_LEAST) {
        c->reason = pairs == 0 ? "no pair of trials" : "fewer than 3 seeds";
        return;
    }
    if (c->reason[0] != '\0') /* nothing to judge by */
        return;
    if (c->t.n > 0 && c->t.n < STATISTICS_LEAST) {
        c->reason = "trials diverged: fewer than 3 pairs are left";
        return;
    }
    c->verdict = VERDICT_UNDECIDED;
    if (c->diverged > 0 || c->reference_diverged > 0)
        judge_diverged(work, pairs, c);
    if (!isnan(c->p_holm) && c->p_holm < 1 - STATISTICS_LEVEL && c->t.mean != 0) {
        bool allowed = better ? c->diverged == 0 : c->reference_diverged == 0;
        c->verdict = !allowed ? VERDICT_UNDECIDED : better ? VERDICT_BETTER : VERDICT_WORSE;
    }
}

/* best[p], of the first point p of each data set: the point with the best mean of a column, among those whose trials are all done; SIZE_MAX
   without one. */
static void find_best(const struct work *work, const char *column, size_t *best) {
    const struct results *results = work->results;
    bool lower = column_lower_is_better(column);
    double *means = memory_alloc(2 * results->n_points + 1, sizeof *means), *counts = means + results->n_points;
    bool *out = memory_alloc(results->n_points + 1, sizeof *out);
    for (size_t t = 0; t < results->n_trials; t++) {
        size_t p = results->trials[t].point;
        const struct record *record = results->trials[t].record;
        double value;
        out[p] = out[p] || (record != NULL && record->status == TRIAL_DIVERGED);
        if (column_value(results, t, column, &value)) {
            means[p] += value;
            counts[p]++;
        }
    }
    for (size_t p = 0; p < results->n_points; p++) {
        size_t *found = &best[work->problems[p]];
        if (work->problems[p] == p)
            *found = SIZE_MAX;
        means[p] /= counts[p];
        if (!out[p] && counts[p] > 0 &&
            (*found == SIZE_MAX || (lower ? means[p] < means[*found] : means[p] > means[*found])))
            *found = p;
    }
    free(means);
    free(out);
}

/* Pairs of points with the same data set. */
static size_t count_pairs(const struct work *work, size_t *sizes) {
    size_t pairs = 0;
    for (size_t p = 0; p < work->results->n_points; p++)
        pairs += sizes[work->problems[p]]++;
    return pairs;
}

/* The p values of all pairs, [n (n - 1) / 2], corrected; NaN of those that are not compared. */
static void test_pairs(struct work *work) {
    size_t n = work->results->n_points, k = 0;
    work->p = memory_alloc(n * (n - (n > 0 ? 1 : 0)) / 2 + 1, sizeof *work->p);
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++) {
            struct comparison c = {.t.p = (double)NAN};
            if (work->problems[i] == work->problems[j])
                test_pair(work, i, j, statistics_t_test_alone, &c);
            work->p[k++] = c.t.p;
            work->comparisons->family += !isnan(c.t.p) ? 1 : 0;
        }
    statistics_holm(work->p, k, work->p);
}

static void compare_with_best(struct work *work) {
    struct comparisons *all = work->comparisons;
    size_t n = work->results->n_points;
    size_t *best = memory_alloc(2 * n + 1, sizeof *best);
    find_best(work, all->chosen, best);
    all->planned = count_pairs(work, best + n);
    if (n <= MAX_PAIRS_POINTS)
        test_pairs(work);
    else
        all->family = all->planned;
    for (size_t i = 0; i < n; i++)
        if (best[work->problems[i]] != SIZE_MAX)
            work->pairs[all->count++] = (struct pair){i, best[work->problems[i]]};
    free(best);
}

static void compare_with_baseline(struct work *work, const struct selector *selector) {
    struct comparisons *all = work->comparisons;
    const struct results *results = work->results;
    struct selection_grid grid = results_grid(results);
    work->p = memory_alloc(results->n_points + 1, sizeof *work->p);
    for (size_t i = 0; i < results->n_points; i++) {
        size_t count, reference = selector_reference(selector, &grid, i, &count);
        if (count == 0)
            continue;
        struct comparison c;
        test_pair(work, i, reference, statistics_t_test_alone, &c);
        work->pairs[all->count] = (struct pair){i, reference};
        work->p[all->count++] = reference == i ? (double)NAN : c.t.p;
        all->planned += reference != i ? 1 : 0;
        all->family += reference != i && !isnan(c.t.p) ? 1 : 0;
    }
    statistics_holm(work->p, all->count, work->p);
}

/* The p value of the comparison at `i`, corrected over the family. */
static double correct(const struct work *work, size_t i, const struct comparison *c) {
    if (!work->comparisons->best)
        return work->p[i];
    size_t n = work->results->n_points, a = c->point < c->reference ? c->point : c->reference,
           b = c->point < c->reference ? c->reference : c->point;
    if (work->p != NULL)
        return work->p[a * n - a * (a + 1) / 2 + b - a - 1];
    double pairs = (double)work->comparisons->planned;
    return c->t.p * pairs < 1 ? c->t.p * pairs : c->t.p + (1 - c->t.p);
}

void comparisons_at(const struct comparisons *comparisons, size_t i, struct comparison *c) {
    struct work *work = comparisons->work;
    test_pair(work, work->pairs[i].point, work->pairs[i].reference, statistics_t_test, c);
    if (c->point == c->reference) {
        c->verdict = VERDICT_REFERENCE;
        return;
    }
    double p = c->t.p;
    c->p_holm = correct(work, i, c);
    judge(work, c);
    if (isnan(p)) /* not tested: too few pairs, or nothing to judge by */
        c->p_holm = (double)NAN;
    statistics_wilcoxon(work->differences, c->t.n, true, &c->wilcoxon); /* test_pair() has left them in place */
}

/* val_accuracy of test_accuracy, where the trials have it */
static const char *chosen_by(const struct results *results, const char *metric, struct arena *arena) {
    double value;
    if (strncmp(metric, "test_", 5) != 0)
        return metric;
    const char *column = arena_printf(arena, "val_%s", metric + 5);
    for (size_t t = 0; t < results->n_trials; t++)
        if (column_value(results, t, column, &value))
            return column;
    return metric;
}

void comparisons_open(const struct results *results, const char *metric, struct comparisons *comparisons) {
    *comparisons = (struct comparisons){.best = true};
    struct arena *arena = &comparisons->arena;
    arena_init(arena);
    comparisons->metric = arena_copy_text(arena, metric);
    comparisons->lower_is_better = column_lower_is_better(metric);
    comparisons->chosen = chosen_by(results, comparisons->metric, arena);
    struct work *work = comparisons->work = arena_alloc(arena, sizeof *work);
    *work = (struct work){.results = results, .comparisons = comparisons};
    work->pairs = memory_alloc(results->n_points + 1, sizeof *work->pairs);
    struct selector selector;
    struct claim_error error;
    struct selection_grid grid = results_grid(results);
    read_cells(work, metric);
    work->problems = results_problems(results, arena);
    reckon_luck(work, arena);
    const char *baseline = results->baseline != NULL ? results->baseline : "";
    comparisons->best = baseline[0] == '\0' || strcmp(baseline, "best") == 0 ||
                        !selector_read(baseline, &grid, arena, &selector, &error);
    if (comparisons->best)
        compare_with_best(work);
    else
        compare_with_baseline(work, &selector);
}

void comparisons_make(const struct results *results, const char *metric, struct comparisons *comparisons) {
    comparisons_open(results, metric, comparisons);
    const struct pair *pairs = comparisons->work->pairs;
    comparisons->reference = comparisons->count > 0 ? pairs[0].reference : SIZE_MAX;
    for (size_t i = 0; i < comparisons->count; i++) {
        struct comparison c;
        comparisons_at(comparisons, i, &c);
        comparisons->verdicts[c.verdict]++;
        size_t n = c.win + c.tie + c.loss;
        if (c.verdict != VERDICT_REFERENCE && n > comparisons->pairs)
            comparisons->pairs = n;
        if (c.reference != pairs[0].reference)
            comparisons->reference = SIZE_MAX;
    }
}

void comparisons_clear(struct comparisons *comparisons) {
    if (comparisons->work != NULL)
        work_clear(comparisons->work);
    arena_clear(&comparisons->arena);
    *comparisons = (struct comparisons){0};
}

size_t comparison_seeds_needed(const struct comparisons *comparisons, const struct comparison *c) {
    size_t pairs = c->win + c->tie + c->loss;
    size_t tests = pairs < STATISTICS_LEAST ? comparisons->planned : comparisons->family;
    if (c->verdict == VERDICT_REFERENCE || c->diverged > 0 || c->reference_diverged > 0)
        return 0; /* where trials diverged the difference is that of those that are left */
    return statistics_pairs_needed(c->t.effect, (1 - STATISTICS_LEVEL) / (double)(tests > 0 ? tests : 1));
}

static const struct comparison *find_made(const struct comparisons *comparisons, size_t i) {
    struct work *work = comparisons->work;
    if (work->made == NULL)
        work->made = memory_alloc(comparisons->count, sizeof(struct comparison *));
    if (work->made[i] == NULL) {
        struct comparison *made = arena_alloc(&work->comparisons->arena, sizeof *made);
        comparisons_at(comparisons, i, made);
        work->made[i] = made;
    }
    return work->made[i];
}

static int compare_points(const void *point, const void *item) {
    size_t a = *(const size_t *)point, b = ((const struct pair *)item)->point;
    return (a > b) - (a < b);
}

const struct comparison *comparisons_find(const struct comparisons *comparisons, size_t point) {
    const struct pair *pairs = comparisons->work->pairs,
                      *pair = bsearch(&point, pairs, comparisons->count, sizeof *pairs, compare_points);
    return pair != NULL ? find_made(comparisons, (size_t)(pair - pairs)) : NULL;
}

struct weight {
    bool told; /* there is a verdict */
    double difference;
    size_t i;
};

/* Those with a verdict first, the largest differences first. */
static int compare_weight(const void *a, const void *b) {
    const struct weight *x = a, *y = b;
    if (x->told != y->told)
        return x->told ? -1 : 1;
    if (x->difference != y->difference)
        return x->difference > y->difference ? -1 : 1;
    return (x->i > y->i) - (x->i < y->i);
}

size_t comparisons_clearest(const struct comparisons *comparisons, size_t most, const struct comparison **list,
                            size_t room) {
    struct weight *weights = memory_alloc(comparisons->count + 1, sizeof *weights);
    size_t n = 0;
    for (size_t i = 0; i < comparisons->count; i++) {
        struct comparison c;
        comparisons_at(comparisons, i, &c);
        if (c.verdict != VERDICT_REFERENCE)
            weights[n++] = (struct weight){c.verdict == VERDICT_BETTER || c.verdict == VERDICT_WORSE,
                                           isnan(c.t.mean) ? -1 : fabs(c.t.mean), i};
    }
    if (n > most)
        qsort(weights, n, sizeof *weights, compare_weight);
    for (size_t k = 0; k < n && k < room; k++)
        list[k] = find_made(comparisons, weights[k].i);
    free(weights);
    return n;
}
