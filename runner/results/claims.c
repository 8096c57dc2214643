#include "runner/results/claims.h"

#include "runner/config/questions.h"
#include "runner/host/params_words.h"
#include "runner/results/column.h"
#include "runner/results/statistics.h"
#include "runner/results/tables.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *claim_verdict_name(enum claim_verdict verdict) {
    static const char *const names[] = {"undecided", "holds", "fails"};
    return names[verdict];
}

/* One side at one seed. */
struct side {
    double value;
    bool known, lost; /* lost: a trial diverged, or did not reach its target */
};

static bool reach_value(const struct results *results, size_t trial, const char *column, double *value, bool *lost) {
    enum reach_kind kind;
    struct reach reach;
    const struct target *target = reach_find(column, results->targets, results->n_targets, &kind);
    if (target == NULL || !reach_trial(results, trial, target, &reach))
        return false;
    *value = reach.numbers[kind];
    *lost = *lost || isinf(*value);
    return isfinite(*value);
}

static struct side column_at(const struct results *results, const struct claim_node *node, int64_t seed) {
    struct selection_grid grid = results_grid(results);
    struct side side = {.known = true};
    bool reach = reach_is(node->column);
    bool metric = !reach && !column_is_time(node->column) && strcmp(node->column, "epochs") != 0 &&
                  strcmp(node->column, "updates") != 0;
    size_t n = 0;
    for (size_t t = 0; t < results->n_trials; t++) {
        const struct result_trial *trial = &results->trials[t];
        double value = 0;
        if (trial->seed != seed || !selector_fits(&node->selector, &grid, trial->point))
            continue;
        side.lost = side.lost || (metric && trial->record != NULL && trial->record->status == TRIAL_DIVERGED);
        bool known = reach ? reach_value(results, t, node->column, &value, &side.lost)
                           : column_value(results, t, node->column, &value);
        side.known = side.known && known;
        side.value += value;
        n++;
    }
    side.value /= (double)n;
    side.known = side.known && n > 0;
    return side;
}

static struct side side_at(const struct results *results, const struct claim_node *node, int64_t seed) {
    if (node->op == CLAIM_NUMBER)
        return (struct side){.value = node->number, .known = true};
    if (node->op == CLAIM_COLUMN || node->op == CLAIM_SPREAD)
        return column_at(results, node, seed);
    struct side left = side_at(results, node->left, seed), right = side_at(results, node->right, seed);
    struct side side = {.known = left.known && right.known, .lost = left.lost || right.lost};
    switch (node->op) {
    case CLAIM_ADD: side.value = left.value + right.value; break;
    case CLAIM_SUBTRACT: side.value = left.value - right.value; break;
    case CLAIM_MULTIPLY: side.value = left.value * right.value; break;
    default: side.value = left.value / right.value; break;
    }
    side.known = side.known && isfinite(side.value);
    return side;
}

struct facts {
    bool times, share, lower, higher, reach, other; /* reach: to a target; other: no such column */
};

static bool collect(void *context, const struct claim_node *node) {
    struct facts *facts = context;
    bool reach = reach_is(node->column);
    facts->times = facts->times || column_is_time(node->column) || strncmp(node->column, "seconds_to_", 11) == 0;
    facts->reach = facts->reach || reach;
    facts->other = facts->other || !reach;
    facts->share = facts->share || column_is_share(node->column);
    if (column_lower_is_better(node->column))
        facts->lower = true;
    else
        facts->higher = true;
    return true;
}

struct evidence {
    double *left, *right, *differences; /* [n] of the seeds that both sides have */
    size_t n;
    size_t seeds, left_seeds, right_seeds; /* that both sides, each side have something to say of */
    size_t left_lost, right_lost;
    double scale;
};

static void gather(const struct results *results, const struct claim *claim, struct evidence *evidence) {
    int64_t *seen = memory_alloc(results->n_trials + 1, sizeof *seen);
    size_t n_seen = 0;
    for (size_t t = 0; t < results->n_trials; t++) {
        int64_t seed = results->trials[t].seed;
        size_t s = 0;
        while (s < n_seen && seen[s] != seed)
            s++;
        if (s < n_seen)
            continue;
        seen[n_seen++] = seed;
        struct side left = side_at(results, claim->left, seed), right = side_at(results, claim->right, seed);
        evidence->left_lost += left.lost ? 1 : 0;
        evidence->right_lost += right.lost ? 1 : 0;
        bool left_told = left.known || left.lost, right_told = right.known || right.lost;
        evidence->left_seeds += left_told ? 1 : 0;
        evidence->right_seeds += right_told ? 1 : 0;
        evidence->seeds += left_told && right_told ? 1 : 0;
        if (!left.known || !right.known)
            continue;
        evidence->left[evidence->n] = left.value;
        evidence->right[evidence->n] = right.value;
        evidence->differences[evidence->n++] = left.value - right.value;
        evidence->scale = fmax(evidence->scale, fmax(fabs(left.value), fabs(right.value)));
    }
    free(seen);
}

static enum claim_verdict decide(const struct claim *claim, const struct claim_result *result) {
    double low = result->low - result->threshold, high = result->high - result->threshold;
    if (isnan(low) || isnan(high))
        return CLAIM_UNDECIDED;
    if (low == high && low == 0)
        return claim->or_equal ? CLAIM_HOLDS : CLAIM_FAILS;
    if (claim->greater)
        return low > 0 ? CLAIM_HOLDS : high < 0 ? CLAIM_FAILS : CLAIM_UNDECIDED;
    return high < 0 ? CLAIM_HOLDS : low > 0 ? CLAIM_FAILS : CLAIM_UNDECIDED;
}

/* A lost trial on the side that is claimed to be better: the claim does not hold, and fails where all are lost. On the other side
   it is what the claim says. */
static void weigh_lost(const struct claim *claim, const struct facts *facts, const struct evidence *evidence,
                       struct arena *arena, struct claim_result *result) {
    const char *lost = !facts->reach  ? "diverged"
                       : facts->other ? "diverged or missed the target"
                                      : "missed the target";
    if (evidence->left_lost + evidence->right_lost == 0)
        return;
    bool left_better = claim->greater == facts->higher, mixed = facts->lower && facts->higher;
    size_t better = left_better ? evidence->left_lost : evidence->right_lost;
    size_t worse = left_better ? evidence->right_lost : evidence->left_lost;
    bool enough = evidence->seeds >= STATISTICS_LEAST;
    if (mixed || claim->spread || (better > 0 && worse > 0)) {
        result->verdict = CLAIM_UNDECIDED;
        result->reason = arena_printf(arena, "trials %s%s", lost, better > 0 && worse > 0 ? " on both sides" : "");
    } else if (better > 0) {
        result->verdict =
            result->verdict == CLAIM_FAILS || (better == evidence->seeds && enough) ? CLAIM_FAILS : CLAIM_UNDECIDED;
        result->reason = arena_printf(arena, "trials %s on the side that is claimed to be better", lost);
    } else if (worse == evidence->seeds && enough) {
        result->verdict = CLAIM_HOLDS;
        result->reason = arena_printf(arena, "all trials of the other side %s", lost);
    } else if (evidence->n < STATISTICS_LEAST && enough) {
        result->reason = arena_printf(arena, "trials %s: fewer than 3 seeds are left", lost);
    }
}

static void judge_spread(struct evidence *evidence, struct claim_result *result) {
    struct spread_test test;
    statistics_spread_test(statistics_sd(evidence->left, evidence->n), evidence->n,
                           statistics_sd(evidence->right, evidence->n), evidence->n, &test);
    result->threshold = 1;
    result->estimate = test.ratio;
    result->low = test.low;
    result->high = test.high;
    if (evidence->n < STATISTICS_LEAST || test.ratio > 0)
        return;
    result->reason = test.ratio == 0 ? "the left side has no spread" : "the right side has no spread";
    result->low = result->high = (double)NAN;
}

/* The least difference of two means of a share that was counted on so many rows. */
static double step_of(const struct results *results, const struct claim_node *node) {
    struct selection_grid grid = results_grid(results);
    uint64_t rows = 0;
    for (size_t p = 0; node->op == CLAIM_COLUMN && p < results->n_points; p++)
        if (selector_fits(&node->selector, &grid, p))
            rows += column_rows(results, p, node->column);
    return rows > 0 ? 1 / (double)rows : 0;
}

static void judge_difference(const struct results *results, const struct claim *claim, const struct facts *facts,
                             struct evidence *evidence, struct claim_result *result) {
    struct t_test test;
    statistics_t_test(evidence->differences, evidence->n, evidence->scale, &test);
    result->estimate = test.mean;
    double step = fmax(step_of(results, claim->left), step_of(results, claim->right));
    bool steps = facts->share && evidence->n >= STATISTICS_LEAST;
    const char *reason = steps ? statistics_steps(&test, evidence->differences, evidence->n, step) : NULL;
    if (reason != NULL) {
        result->reason = reason;
        return;
    }
    result->low = test.constant && test.p == 1 ? 0 : test.low;
    result->high = test.constant && test.p == 1 ? 0 : test.high;
}

static void judge(const struct results *results, struct arena *arena, struct claim_result *result) {
    struct selection_grid grid = results_grid(results);
    struct claim claim;
    struct claim_error error;
    result->reason = "";
    result->estimate = result->low = result->high = (double)NAN;
    if (!claim_read(result->text, &grid, arena, &claim, &error)) {
        result->reason = "does not fit this grid";
        return;
    }
    struct facts facts = {0};
    claim_columns(claim.left, collect, &facts);
    claim_columns(claim.right, collect, &facts);
    result->times = facts.times;
    struct evidence evidence = {0};
    evidence.left = arena_array(arena, results->n_trials, sizeof(double));
    evidence.right = arena_array(arena, results->n_trials, sizeof(double));
    evidence.differences = arena_array(arena, results->n_trials, sizeof(double));
    gather(results, &claim, &evidence);
    result->n = evidence.n;
    if (claim.spread)
        judge_spread(&evidence, result);
    else
        judge_difference(results, &claim, &facts, &evidence, result);
    if (evidence.n >= STATISTICS_LEAST)
        result->verdict = decide(&claim, result);
    else if (evidence.seeds < STATISTICS_LEAST)
        result->reason = evidence.seeds > 0                                    ? "fewer than 3 seeds"
                         : evidence.left_seeds > 0 && evidence.right_seeds > 0 ? "no seed has a value on both sides"
                         : evidence.left_seeds > 0                             ? "no seed has a value on the right side"
                         : evidence.right_seeds > 0                            ? "no seed has a value on the left side"
                                                                               : "no seed has a value on either side";
    weigh_lost(&claim, &facts, &evidence, arena, result);
}

struct claim_result *claims_judge(const struct results *results, struct arena *arena) {
    struct claim_result *list = arena_array(arena, results->n_claims, sizeof *list);
    for (size_t i = 0; i < results->n_claims; i++) {
        list[i].text = results->claims[i];
        judge(results, arena, &list[i]);
    }
    return list;
}

void table_claims(const struct results *results, struct csv *csv) {
    static const char *const names[] = {"claim",    "statement", "verdict",   "n",     "estimate",
                                        "ci95_low", "ci95_high", "threshold", "times", "reason"};
    struct arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        csv_text(csv, names[i]);
    csv_end_row(csv);
    const struct claim_result *list = claims_judge(results, &arena);
    for (size_t i = 0; i < results->n_claims; i++) {
        csv_uint(csv, i + 1);
        csv_text(csv, list[i].text);
        csv_text(csv, claim_verdict_name(list[i].verdict));
        csv_uint(csv, list[i].n);
        csv_known(csv, list[i].estimate);
        csv_known(csv, list[i].low);
        csv_known(csv, list[i].high);
        csv_number(csv, list[i].threshold);
        csv_text(csv, list[i].times ? "yes" : "no");
        csv_text(csv, list[i].reason);
        csv_end_row(csv);
    }
    arena_clear(&arena);
}

/* ---- Before anything trains -------------------------------------------------------------------------------------- */

struct check {
    const struct experiment *experiment;
    const struct question *question;
    const char *const *columns;
    size_t n_columns;
    struct diagnostics *diagnostics;
};

static bool check_column(void *context, const struct claim_node *node) {
    struct check *check = context;
    const struct experiment *experiment = check->experiment;
    enum reach_kind kind;
    if (column_exists(node->column, check->columns, check->n_columns) ||
        reach_find(node->column, experiment->targets, experiment->n_targets, &kind) != NULL)
        return true;
    struct arena arena;
    arena_init(&arena);
    size_t n;
    const char **names =
        column_names(check->columns, check->n_columns, experiment->targets, experiment->n_targets, &arena, &n);
    const char *nearest = text_nearest(node->column, names, n);
    struct text what;
    text_init(&what);
    if (nearest != NULL)
        text_printf(&what, "did you mean '%s'?", nearest);
    else if (reach_is(node->column))
        text_add(&what, "its target has to stand in `targets:`");
    else
        words_list("known: ", names, n, &what);
    struct mark mark = question_mark(check->question, node->at);
    if (experiment->n_overrides > 0) /* may have taken the column away */
        diagnostics_warning(check->diagnostics, mark, "claim: unknown column '%.60s'; %s", node->column, what.data);
    else
        diagnostics_error(check->diagnostics, mark, "claim: unknown column '%.60s'; %s", node->column, what.data);
    text_clear(&what);
    arena_clear(&arena);
    return true;
}

void questions_check(const struct experiment *experiment, const char *const *columns, size_t n_columns,
                     struct diagnostics *diagnostics) {
    if (n_columns == 0)
        return;
    struct arena arena;
    arena_init(&arena);
    struct selection_grid grid = questions_grid(experiment, &arena);
    for (size_t i = 0; i < experiment->n_claims; i++) {
        struct claim claim;
        struct claim_error error;
        struct check check = {experiment, &experiment->claims[i], columns, n_columns, diagnostics};
        if (claim_read(experiment->claims[i].text, &grid, &arena, &claim, &error)) {
            claim_columns(claim.left, check_column, &check);
            claim_columns(claim.right, check_column, &check);
        }
    }
    for (size_t i = 0; i < experiment->n_targets && experiment->n_overrides == 0; i++) {
        bool found = false;
        for (size_t c = 0; c < n_columns; c++)
            found = found || strcmp(columns[c], experiment->targets[i].column) == 0;
        if (!found)
            diagnostics_error(
                diagnostics, experiment->targets[i].mark,
                "targets: no column '%.60s'; targets want validation data (`validation:` of the data set) "
                "and a metric of the config",
                experiment->targets[i].column);
    }
    arena_clear(&arena);
}
