#include "runner/results/verdict.h"

#include "runner/base/words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void verdict_p(double p, struct text *out) {
    if (p < 0.0001)
        text_add(out, "p < 0.0001");
    else
        text_printf(out, "p = %.*f", p < 0.01 ? 4 : 3, p);
}

void verdict_interval(double low, double high, struct text *out) {
    char from[WORDS_SIZE], to[WORDS_SIZE];
    text_printf(out, "%s to %s", words_number(low, from), words_number(high, to));
}

static void add_level(double low, double high, struct text *out) {
    if (isnan(low) || isnan(high))
        return;
    text_printf(out, ", %.0f %% interval ", 100 * STATISTICS_LEVEL);
    verdict_interval(low, high, out);
}

static void add_seeds(size_t n, struct text *out) {
    text_printf(out, ", %zu seed%s", n, n == 1 ? "" : "s");
}

void verdict_claim_figures(const struct claim_result *claim, struct text *out) {
    char number[WORDS_SIZE];
    bool ratio = claim->threshold == 1;
    text_add(out, claim->reason);
    if (!isnan(claim->estimate)) {
        text_printf(out, "%s%s is %s", claim->reason[0] != '\0' ? "; " : "",
                    ratio ? "the ratio of the standard deviations" : "left - right",
                    words_number(claim->estimate, number));
        add_level(claim->low, claim->high, out);
        add_seeds(claim->n, out);
    }
    if (claim->times)
        text_add(out, " (measured: not the same in every run)");
}

void verdict_claim(const struct claim_result *claim, struct text *out) {
    text_printf(out, "%s: ", claim_verdict_name(claim->verdict));
    verdict_claim_figures(claim, out);
}

static void add_point(const struct results *results, size_t point, struct text *out) {
    size_t start = out->length;
    results_point_label(results, point, out);
    if (out->length == start)
        text_printf(out, "point %zu", point + 1);
}

static void add_counts(const struct comparison *c, struct text *out) {
    if (c->win + c->tie + c->loss > 0)
        text_printf(out, ", %zu won, %zu tied, %zu lost", c->win, c->tie, c->loss);
}

/* Where the correction takes a difference back, its interval alone would tell another story. */
static void add_p(const struct comparison *c, struct text *out) {
    if (isnan(c->p_holm))
        return;
    text_add(out, ", ");
    verdict_p(c->p_holm, out);
    if (c->t.p < 1 - STATISTICS_LEVEL && c->p_holm >= 1 - STATISTICS_LEVEL) {
        text_add(out, " (");
        verdict_p(c->t.p, out);
        text_add(out, " without the correction)");
    }
}

/* "test_accuracy lower by 0.0120, 95 % interval 0.0050 to 0.0190": the interval is of the amount, its signs follow the word. */
static void add_amount(const struct comparisons *all, const struct comparison *c, struct text *out) {
    char number[WORDS_SIZE];
    double sign = c->t.mean < 0 ? -1 : 1;
    if (c->t.mean == 0)
        text_printf(out, "%s equal in the mean", all->metric);
    else
        text_printf(out, "%s %s by %s", all->metric, c->t.mean < 0 ? "lower" : "higher",
                    words_number(fabs(c->t.mean), number));
    add_level(sign > 0 ? c->t.low : -c->t.high, sign > 0 ? c->t.high : -c->t.low, out);
    add_p(c, out);
    add_seeds(c->t.n, out);
    add_counts(c, out);
}

/* ": ", then why there is no verdict, the difference, and the seeds that would show it. */
static void add_figures(const struct comparisons *all, const struct comparison *c, struct text *out) {
    text_printf(out, ": %s", c->reason);
    size_t diverged = c->diverged > 0 ? c->diverged : c->reference_diverged, pairs = c->win + c->tie + c->loss;
    if (diverged > 0 && strncmp(c->reason, "trials", 6) == 0 && diverged <= pairs)
        text_printf(out, " (%zu of %zu)", diverged, pairs);
    if (c->t.n > 0) {
        text_add(out, c->reason[0] != '\0' ? "; " : "");
        add_amount(all, c, out);
    } else {
        add_counts(c, out);
    }
    bool open = c->verdict == VERDICT_UNDECIDED || c->verdict == VERDICT_NONE;
    size_t needed = open ? comparison_seeds_needed(all, c) : 0;
    if (needed > c->t.n)
        text_printf(out, "; about %zu seeds would show a difference such as this%s", needed,
                    c->t.n < STATISTICS_LEAST ? ", by a rough guess from 2" : "");
}

void verdict_difference(const struct results *results, const struct comparisons *all,
                        const struct comparison *comparison, struct text *out) {
    add_point(results, comparison->point, out);
    if (all->reference == SIZE_MAX) {
        text_add(out, " against ");
        add_point(results, comparison->reference, out);
    }
    add_figures(all, comparison, out);
}

void verdict_overview(const struct results *results, const struct comparisons *all, struct text *out) {
    static const char *const names[] = {"without a verdict", "no difference shown", "better", "worse"};
    static const enum verdict order[] = {VERDICT_BETTER, VERDICT_WORSE, VERDICT_UNDECIDED, VERDICT_NONE};
    const size_t *counts = all->verdicts;
    if (all->count <= counts[VERDICT_REFERENCE])
        return;
    text_printf(out, "%s, against ", all->metric);
    bool one = all->reference != SIZE_MAX;
    if (one)
        add_point(results, all->reference, out);
    else
        text_add(out, all->best ? "the best of each data set" : "the baseline ");
    if (!one && !all->best)
        text_add(out, results->baseline);
    if (all->best)
        text_printf(out, "%s by %s%s", one ? ", the best" : "", all->chosen,
                    strncmp(all->chosen, "test_", 5) == 0 ? " itself, for want of validation rows" : "");
    const char *separator = ": ";
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if (counts[order[i]] == 0)
            continue;
        text_printf(out, "%s%zu %s", separator, counts[order[i]], names[order[i]]);
        separator = ", ";
    }
    if (all->family > 1)
        text_printf(out, " (p corrected over %zu tests)", all->family);
}

void verdict_treatment(const struct results *results, const struct ranking *ranking, size_t treatment,
                       struct text *out) {
    const char *const *labels = results->labels[ranking->points[treatment]];
    size_t dataset = results_dataset_axis(results);
    const char *separator = "";
    for (size_t a = 0; a < results->n_axes; a++) {
        if (labels[a] == NULL || (ranking->by_dataset && a == dataset))
            continue;
        text_printf(out, "%s%s=%s", separator, results_axis_name(results, a), labels[a]);
        separator = " ";
    }
}

void verdict_ranking(const struct ranking *ranking, struct text *out) {
    char number[WORDS_SIZE];
    const char *what = ranking->by_dataset ? "data sets" : "seeds";
    if (ranking->reason[0] != '\0') {
        text_printf(out, "no mean ranks: %s", ranking->reason);
        return;
    }
    bool differ = ranking->test.p < 1 - STATISTICS_LEVEL;
    text_printf(out, "%s (Friedman's test over %zu %s: chi-square = %s, %g degrees of freedom, ",
                differ ? "the settings differ" : "no difference between the settings is shown", ranking->test.blocks,
                what, words_number(ranking->test.chi_square, number), ranking->test.df);
    verdict_p(ranking->test.p, out);
    text_add(out, ")");
    if (differ)
        text_printf(out, "; those with mean ranks less than %s apart are not shown to differ (Nemenyi, 5 %%)",
                    words_number(ranking->test.critical_difference, number));
    if (ranking->whole < ranking->blocks)
        text_printf(out, "; %zu of %zu %s left out, which lack a value of some setting",
                    ranking->blocks - ranking->whole, ranking->blocks, what);
    size_t out_of = ranking->treatments - ranking->test.treatments;
    if (out_of > 0)
        text_printf(out, "; %zu setting%s without any value left out", out_of, out_of == 1 ? "" : "s");
}
