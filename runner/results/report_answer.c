/* The answer: claims and comparisons as sentences. */
#include "runner/base/html.h"
#include "runner/base/words.h"
#include "runner/results/claims.h"
#include "runner/results/column.h"
#include "runner/results/report_parts.h"
#include "runner/results/verdict.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A row of the list: a word, and what it is said of; `code` (may be NULL) stands before the sentence. */
static void add_answer(const char *class, const char *word, const char *code, const char *sentence, struct text *out) {
    text_printf(out, "<li><span class=\"verdict %s\">", class);
    html_text(out, word);
    text_add(out, "</span><div>");
    if (code != NULL) {
        html_element(out, "code", code);
        text_add(out, "<br>");
    }
    html_text(out, sentence);
    text_add(out, "</div></li>\n");
}

static void add_claims(struct report *report, struct text *out) {
    const struct results *results = report->results;
    if (results->n_claims == 0)
        return;
    static const char *const classes[] = {"open", "yes", "no"};
    const struct claim_result *claims = claims_judge(results, &report->arena);
    struct text sentence;
    text_init(&sentence);
    html_element(out, "h3", results->n_claims == 1 ? "The claim" : "The claims");
    text_add(out, "\n<ul class=\"answers\">\n");
    for (size_t i = 0; i < results->n_claims; i++) {
        text_reset(&sentence);
        verdict_claim_figures(&claims[i], &sentence);
        add_answer(classes[claims[i].verdict], claim_verdict_name(claims[i].verdict), claims[i].text, sentence.data,
                   out);
    }
    text_add(out, "</ul>\n");
    text_clear(&sentence);
}

static const char *verdict_class(enum verdict verdict) {
    return verdict == VERDICT_BETTER ? "yes" : verdict == VERDICT_WORSE ? "no" : "open";
}

static const char *verdict_word(enum verdict verdict) {
    return verdict == VERDICT_NONE ? "no verdict" : verdict_name(verdict);
}

static void add_comparisons(struct report *report, struct text *out) {
    const struct comparisons *all = &report->comparisons;
    struct text sentence;
    text_init(&sentence);
    verdict_overview(report->results, all, &sentence);
    if (sentence.length > 0) {
        const struct comparison *list[REPORT_SENTENCES];
        size_t n = comparisons_clearest(all, REPORT_SENTENCES, list, REPORT_SENTENCES);
        html_element(out, "h3",
                     !all->best                 ? "Against the baseline"
                     : report->several_problems ? "Against the best of each data set"
                                                : "Against the best");
        html_element(out, "p", sentence.data);
        text_add(out, "\n<ul class=\"answers\">\n");
        for (size_t i = 0; i < n && i < REPORT_SENTENCES; i++) {
            text_reset(&sentence);
            verdict_difference(report->results, all, list[i], &sentence);
            add_answer(verdict_class(list[i]->verdict), verdict_word(list[i]->verdict), NULL, sentence.data, out);
        }
        text_add(out, "</ul>\n");
        if (n > REPORT_SENTENCES) {
            text_add(out, "<p class=\"small\">");
            html_printf(out, "The %d clearest of %zu comparisons; comparisons.csv has all.", REPORT_SENTENCES, n);
            text_add(out, "</p>\n");
        }
    }
    text_clear(&sentence);
}

/* One grid point: there is nothing to compare, only what came out. */
static void add_single(struct report *report, struct text *out) {
    struct point_metric metric;
    char mean[WORDS_SIZE], half[WORDS_SIZE], sd[WORDS_SIZE];
    for (size_t p = 0; p < report->results->n_points; p++) {
        point_measure(report->results, p, report->metric, &metric);
        if (!metric.has_mean || isnan(metric.mean))
            continue;
        text_add(out, "<p>");
        html_printf(out, "%s is %s", report->metric, words_number(metric.mean, mean));
        if (metric.has_sd)
            html_printf(out,
                        " \u00b1 %s over %zu seeds (mean \u00b1 half of its 95 %% interval; standard deviation %s)",
                        words_number_like(metric.mean - metric.low, mean, half), metric.n,
                        words_number_like(metric.sd, mean, sd));
        text_add(out, ".</p>\n");
    }
}

static void add_extreme(struct report *report, const char *which, size_t point, struct text *out) {
    struct point_metric metric;
    struct text label;
    char mean[WORDS_SIZE], half[WORDS_SIZE];
    text_init(&label);
    results_point_label(report->results, point, &label);
    point_measure(report->results, point, report->metric, &metric);
    html_printf(out, "%s is %s", which, words_number(metric.mean, mean));
    if (metric.has_sd)
        html_printf(out, " \u00b1 %s", words_number_like(metric.mean - metric.low, mean, half));
    html_printf(out, ", with %s", label.data);
    text_clear(&label);
}

/* The best and the worst mean of a data set; whether they differ is for the comparisons to say. */
static void add_extremes(struct report *report, size_t problem, struct text *out) {
    bool lower = column_lower_is_better(report->metric);
    size_t best = SIZE_MAX, worst = SIZE_MAX;
    for (size_t i = 0; i < report->n_order; i++) {
        if (report->problems[report->order[i]] != problem)
            continue;
        best = best == SIZE_MAX ? report->order[i] : best;
        worst = report->order[i];
    }
    if (best == worst)
        return;
    text_add(out, "<p>");
    add_extreme(report, arena_printf(&report->arena, "The %s mean %s", lower ? "lowest" : "highest", report->metric),
                best, out);
    text_add(out, "; ");
    add_extreme(report, lower ? "the highest" : "the lowest", worst, out);
    text_add(out, ".</p>\n");
}

/* Of every data set; of many, of the first few. */
static void add_all_extremes(struct report *report, struct text *out) {
    size_t shown = 0;
    for (size_t p = 0; p < report->results->n_points && shown < REPORT_SENTENCES; p++) {
        if (report->problems[p] != p)
            continue;
        add_extremes(report, p, out);
        shown++;
    }
}

/* Which setting is better over several data sets is for their ranks to say. */
static void add_ranking(struct report *report, struct text *out) {
    struct ranking ranking;
    struct text sentence;
    text_init(&sentence);
    bool ranked = ranking_make(report->results, report->metric, &ranking);
    if (ranked || ranking.reason[0] != '\0') {
        size_t best = 0;
        text_printf(&sentence, "%s over the data sets: ", report->metric);
        verdict_ranking(&ranking, &sentence);
        for (size_t k = 1; ranked && k < ranking.test.treatments; k++)
            best = ranking.ranks[k] < ranking.ranks[best] ? k : best;
        if (ranked) {
            text_printf(&sentence, "; the best mean rank is %.2f, of ", ranking.ranks[best]);
            verdict_treatment(report->results, &ranking, best, &sentence);
        }
        html_element(out, "h3", "Over the data sets");
        html_element(out, "p", sentence.data);
        text_add(out, "\n");
    }
    ranking_clear(&ranking);
    text_clear(&sentence);
}

void report_answer(struct report *report, struct text *out) {
    size_t ended = report->counts.done + report->counts.diverged;
    text_add(out, "<section id=\"answer\">\n<h2>Answer</h2>\n");
    if (ended == 0)
        html_element(out, "p",
                     report->counts.failed + report->counts.timeout > 0 ? "None: no trial has come to its end."
                                                                        : "None yet: no trial has ended.");
    else if (report->metric == NULL)
        html_element(out, "p", "None: the trials have no metric.");
    else if (report->results->n_points == 1)
        add_single(report, out);
    else
        add_all_extremes(report, out);
    if (report->counts.diverged > 0) {
        text_add(out, "<p class=\"note\">");
        html_printf(out,
                    "%zu of %zu trials diverged. They count as lost against trials that did not, and are in no mean.",
                    report->counts.diverged, report->results->n_trials);
        text_add(out, "</p>\n");
    }
    size_t failed = report->counts.failed + report->counts.timeout;
    if (failed > 0 && ended > 0) {
        text_add(out, "<p class=\"note\">");
        html_printf(
            out,
            "%zu of %zu trials failed or took too long. They count for nothing; the end of the page has their reasons.",
            failed, report->results->n_trials);
        text_add(out, "</p>\n");
    }
    add_claims(report, out);
    if (report->metric != NULL)
        add_comparisons(report, out);
    if (report->metric != NULL && report->several_problems)
        add_ranking(report, out);
    text_add(out, "</section>\n");
}
