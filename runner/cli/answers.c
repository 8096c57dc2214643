#include "runner/cli/answers.h"

#include "runner/base/log.h"
#include "runner/cli/words.h"
#include "runner/results/column.h"
#include "runner/results/verdict.h"

#include <stdlib.h>

enum { MOST_SENTENCES = 12, MOST_CLAIMS = 50, GUESSES = 300 };

/* Labels and claims are the config's: what would steer a terminal is made visible. */
static void add_line(const char *indent, const struct text *line, struct text *out) {
    text_add(out, indent);
    words_cut(line->data, SIZE_MAX, out);
    text_add_char(out, '\n');
}

/* Two seeds tell little, but more than nothing. */
static void add_needed(const struct comparisons *all, const struct comparison *const *list, size_t n,
                       struct text *out) {
    size_t least = 0, most = 0;
    for (size_t i = 0; i < n; i++) {
        size_t needed = comparison_seeds_needed(all, list[i]);
        least = needed > 0 && (least == 0 || needed < least) ? needed : least;
        most = needed > most ? needed : most;
    }
    if (most == 0)
        return;
    text_printf(out, "; by a rough guess from these, %zu", least);
    if (most > least)
        text_printf(out, " to %zu", most);
    text_add(out, " would show differences such as those found");
}

static void show_comparisons(const struct results *results, const char *metric, struct text *out) {
    struct comparisons all;
    comparisons_make(results, metric, &all);
    const struct comparison *list[GUESSES];
    size_t n = comparisons_clearest(&all, MOST_SENTENCES, list, GUESSES), pairs = all.pairs;
    struct text line;
    text_init(&line);
    if (n > 0 && pairs < STATISTICS_LEAST) {
        text_printf(out, "\nno verdict on %s: that takes %d seeds at least, here %s %zu", metric, STATISTICS_LEAST,
                    pairs == 1 ? "is" : "are", pairs);
        add_needed(&all, list, n < GUESSES ? n : GUESSES, out);
        text_add_char(out, '\n');
        n = 0;
    } else if (n > 0) {
        verdict_overview(results, &all, &line);
        text_add_char(out, '\n');
        add_line("", &line, out);
    }
    if (n > MOST_SENTENCES)
        text_printf(
            out, "the %d clearest of %zu, with a verdict and by the size of the difference; comparisons.csv has all:\n",
            MOST_SENTENCES, n);
    for (size_t i = 0; i < n && i < MOST_SENTENCES; i++) {
        text_reset(&line);
        text_printf(&line, "%-19s  ", list[i]->verdict == VERDICT_NONE ? "no verdict" : verdict_name(list[i]->verdict));
        verdict_difference(results, &all, list[i], &line);
        add_line("  ", &line, out);
    }
    text_clear(&line);
    comparisons_clear(&all);
}

struct placed {
    double rank;
    size_t treatment;
};

static int compare_placed(const void *a, const void *b) {
    const struct placed *x = a, *y = b;
    return x->rank != y->rank ? (x->rank > y->rank) - (x->rank < y->rank)
                              : (x->treatment > y->treatment) - (x->treatment < y->treatment);
}

/* Of several data sets: which setting is better over all of them. */
static void show_ranks(const struct results *results, const char *metric, struct text *out) {
    struct ranking ranking;
    struct text line;
    if (results_dataset_axis(results) == results->n_axes)
        return;
    text_init(&line);
    bool ranked = ranking_make(results, metric, &ranking);
    text_printf(&line, "%s over the data sets: ", metric);
    verdict_ranking(&ranking, &line);
    if (ranked || ranking.reason[0] != '\0') {
        text_add_char(out, '\n');
        add_line("", &line, out);
    }
    size_t n = ranked ? ranking.test.treatments : 0;
    struct placed *placed = memory_alloc(n + 1, sizeof *placed);
    for (size_t k = 0; k < n; k++)
        placed[k] = (struct placed){ranking.ranks[k], k};
    qsort(placed, n, sizeof *placed, compare_placed);
    for (size_t i = 0; i < n && i < MOST_SENTENCES; i++) {
        text_reset(&line);
        text_printf(&line, "mean rank %.2f  ", placed[i].rank);
        verdict_treatment(results, &ranking, placed[i].treatment, &line);
        add_line("  ", &line, out);
    }
    if (n > MOST_SENTENCES)
        text_printf(out, "  and %zu more in ranks.csv\n", n - MOST_SENTENCES);
    free(placed);
    ranking_clear(&ranking);
    text_clear(&line);
}

static void count_verdicts(const struct claim_result *claims, size_t n, size_t counts[3]) {
    for (size_t i = 0; i < n; i++)
        counts[claims[i].verdict]++;
}

static void show_claims(const struct results *results, struct arena *arena, struct text *out) {
    const struct claim_result *claims = claims_judge(results, arena);
    size_t n = results->n_claims, counts[3] = {0};
    count_verdicts(claims, n, counts);
    text_printf(out, "\nclaims: %zu hold%s, %zu fail%s, %zu undecided\n", counts[CLAIM_HOLDS],
                counts[CLAIM_HOLDS] == 1 ? "s" : "", counts[CLAIM_FAILS], counts[CLAIM_FAILS] == 1 ? "s" : "",
                counts[CLAIM_UNDECIDED]);
    struct text line;
    text_init(&line);
    for (size_t i = 0; i < n && i < MOST_CLAIMS; i++) {
        text_reset(&line);
        text_add(&line, claims[i].text);
        add_line("  ", &line, out);
        text_reset(&line);
        verdict_claim(&claims[i], &line);
        add_line("      ", &line, out);
    }
    if (n > MOST_CLAIMS)
        text_printf(out, "  and %zu more in claims.csv\n", n - MOST_CLAIMS);
    text_clear(&line);
}

void show_answers(const struct results *results, struct text *out) {
    struct arena arena;
    arena_init(&arena);
    size_t n;
    const char **columns = results_columns(results, &arena, &n), *metric = column_main(columns, n);
    if (metric != NULL && results->n_points > 1)
        show_comparisons(results, metric, out);
    if (metric != NULL)
        show_ranks(results, metric, out);
    if (results->n_claims > 0)
        show_claims(results, &arena, out);
    arena_clear(&arena);
}

enum status check_claims(const struct results *results, struct error *error) {
    struct arena arena;
    arena_init(&arena);
    size_t counts[3] = {0}, n = results->n_claims;
    count_verdicts(claims_judge(results, &arena), n, counts);
    arena_clear(&arena);
    if (n == 0)
        log_warning(NULL, "there is no claim to check: the config has none that fits this grid");
    if (counts[CLAIM_HOLDS] == n)
        return STATUS_OK;
    return error_set(error, STATUS_NO, "%zu of %zu claims do not hold: %zu fail%s, %zu undecided",
                     n - counts[CLAIM_HOLDS], n, counts[CLAIM_FAILS], counts[CLAIM_FAILS] == 1 ? "s" : "",
                     counts[CLAIM_UNDECIDED]);
}
