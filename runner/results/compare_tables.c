#include "runner/results/column.h"
#include "runner/results/compare.h"
#include "runner/results/tables.h"

#include <math.h>
#include <string.h>

static bool compared(const char *column) {
    return strncmp(column, "test_", 5) == 0 || strncmp(column, "val_", 4) == 0;
}

static void comparison_row(const struct results *results, const struct comparisons *all, const struct comparison *c,
                           struct csv *csv) {
    csv_text(csv, all->metric);
    csv_uint(csv, c->point + 1);
    csv_labels(csv, results, c->point);
    csv_text(csv, all->best ? "best" : "baseline");
    csv_uint(csv, c->reference + 1);
    csv_text(csv, verdict_name(c->verdict));
    if (c->verdict == VERDICT_REFERENCE) {
        for (size_t i = 0; i < 17; i++)
            csv_empty(csv);
        csv_end_row(csv);
        return;
    }
    csv_uint(csv, c->t.n);
    double numbers[] = {c->t.mean,     c->t.sd,    c->t.low,  c->t.high,
                        c->t.t,        c->t.p,     c->p_holm, c->wilcoxon.statistic,
                        c->wilcoxon.p, c->t.effect};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        csv_known(csv, c->t.n == 0 ? (double)NAN : numbers[i]);
    size_t counts[] = {c->win, c->tie, c->loss};
    for (size_t i = 0; i < 3; i++)
        csv_uint(csv, counts[i]);
    csv_uint(csv, all->family);
    size_t needed = comparison_seeds_needed(all, c);
    if (needed > 0)
        csv_uint(csv, needed);
    else
        csv_empty(csv);
    csv_text(csv, c->reason);
    csv_end_row(csv);
}

void table_comparisons(const struct results *results, struct csv *csv) {
    struct arena arena;
    arena_init(&arena);
    size_t n;
    const char **columns = results_columns(results, &arena, &n);
    table_begin(results, TABLE_NAMES("metric", "point"),
                TABLE_NAMES("compared_with", "reference", "verdict", "n", "difference", "difference_sd", "ci95_low",
                            "ci95_high", "t", "p_t", "p_holm", "wilcoxon_v", "p_wilcoxon", "effect", "win", "tie",
                            "loss", "family", "seeds_needed", "reason"),
                csv);
    csv_end_row(csv);
    for (size_t i = 0; i < n; i++) {
        if (!compared(columns[i]))
            continue;
        struct comparisons all;
        comparisons_open(results, columns[i], &all);
        for (size_t c = 0; c < all.count; c++) {
            struct comparison comparison;
            comparisons_at(&all, c, &comparison);
            comparison_row(results, &all, &comparison, csv);
        }
        comparisons_clear(&all);
    }
    arena_clear(&arena);
}

void table_ranks(const struct results *results, struct csv *csv) {
    struct arena arena;
    arena_init(&arena);
    size_t n;
    const char **columns = results_columns(results, &arena, &n);
    table_begin(results, TABLE_NAMES("metric", "point"),
                TABLE_NAMES("mean_rank", "blocks", "block", "chi_square", "df", "p", "critical_difference"), csv);
    csv_end_row(csv);
    size_t dataset = results_dataset_axis(results);
    for (size_t i = 0; i < n; i++) {
        struct ranking ranking;
        bool ranked = compared(columns[i]) && ranking_make(results, columns[i], &ranking);
        for (size_t k = 0; ranked && k < ranking.treatments; k++) {
            csv_text(csv, columns[i]);
            csv_uint(csv, ranking.points[k] + 1);
            for (size_t a = 0; a < results->n_axes; a++) {
                const char *label = results->labels[ranking.points[k]][a];
                bool open = ranking.by_dataset && a == dataset;
                csv_text(csv, label == NULL || open ? "" : label);
            }
            csv_known(csv, k < ranking.test.treatments ? ranking.ranks[k] : (double)NAN);
            csv_uint(csv, ranking.test.blocks);
            csv_text(csv, ranking.by_dataset ? "dataset" : "seed");
            csv_known(csv, ranking.test.chi_square);
            csv_number(csv, ranking.test.df);
            csv_known(csv, ranking.test.p);
            csv_known(csv, ranking.test.critical_difference);
            csv_end_row(csv);
        }
        if (compared(columns[i]))
            ranking_clear(&ranking);
    }
    arena_clear(&arena);
}
