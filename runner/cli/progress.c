#include "runner/cli/progress.h"

#include "runner/base/clock.h"
#include "runner/cli/events.h"
#include "runner/cli/words.h"
#include "runner/results/tables.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SILENCE_SECONDS 60 /* of the plain form, after which a line says that the run goes on */
#define LEAST_SHARE 0.02   /* of a running trial, from which it tells how long it will take */

static size_t point_of(const struct progress *progress, size_t trial) {
    return progress->settings.plan->results.trials[trial].point;
}

/* Trials of earlier runs are what the forecast knows before the first trial ends. */
static void make_forecast(struct progress *progress) {
    const struct plan *plan = progress->settings.plan;
    size_t n = plan->results.n_points;
    struct forecast_point *points = memory_alloc(n + 1, sizeof *points);
    for (size_t p = 0; p < n; p++) {
        const struct plan_facts *facts = plan->points[p].facts;
        const struct data_facts *data = &progress->settings.session->data[plan->points[p].data].facts;
        if (!facts->known)
            continue;
        /* An evaluated row goes forward alone, which is a third of what a trained one does. */
        double rows =
            (double)data->rows[DATA_TRAIN] + (double)(data->rows[DATA_VALIDATION] + data->rows[DATA_TEST]) / 3;
        points[p] = (struct forecast_point){.operations = (double)facts->epochs * rows * facts->flops_per_example,
                                            .updates = (double)facts->epochs * (double)facts->updates_per_epoch,
                                            .parameters = (double)facts->parameters};
    }
    forecast_init(&progress->forecast, points, n);
    free(points);
    for (size_t t = 0; t < plan->results.n_trials; t++) {
        const struct record *record = plan->results.trials[t].record;
        double evaluate_seconds = 0, seconds = record != NULL ? record_seconds(record, &evaluate_seconds) : 0;
        if (seconds > 0 && record->threads <= progress->settings.threads && record->status == TRIAL_DONE)
            forecast_add(&progress->forecast, point_of(progress, t), seconds + evaluate_seconds, 1);
    }
}

void progress_init(struct progress *progress, const struct progress_settings *settings) {
    *progress = (struct progress){.settings = *settings, .left = (double)NAN, .said_at = clock_seconds()};
    progress->terminal = (struct terminal){.columns = 80, .rows = 24};
    terminal_read(&progress->terminal, getenv("LC_ALL"), getenv("LC_CTYPE"), getenv("LANG"), getenv("NO_COLOR"));
    progress->live = !settings->quiet && terminal_is_live();
    progress->order = memory_alloc(settings->n_trials + 1, sizeof *progress->order);
    progress->costs = memory_alloc(settings->n_trials + 1, sizeof *progress->costs);
    progress->busy = memory_alloc(settings->workers + 1, sizeof *progress->busy);
    progress->begun = memory_alloc(settings->plan->results.n_trials + 1, sizeof *progress->begun);
    plan_sort(settings->plan, settings->trials, settings->n_trials, progress->order);
    make_forecast(progress);
}

void progress_ended(const struct plan *plan, const struct slot *slot, size_t ended, size_t trials, struct text *out) {
    char number[WORDS_SIZE];
    double value, evaluate_seconds;
    const struct record *record = slot->record;
    text_printf(out, "[%zu/%zu] ", ended, trials);
    results_trial_label(&plan->results, slot->trial, out);
    text_printf(out, ": %s", trial_status_name(record->status));
    if (record->reason[0] != '\0')
        text_printf(out, " (%s)", record->reason);
    if (record->status == TRIAL_FAILED && slot->message[0] != '\0' && strcmp(record->reason, "error") == 0)
        text_printf(out, ": %s", slot->message);
    const char *column = live_metric(record, &value);
    if (column != NULL)
        text_printf(out, ", %s %s", column, words_number(value, number));
    double seconds = record_seconds(record, &evaluate_seconds);
    if (record->n_rows > 0)
        text_printf(out, ", %.1f s", seconds + evaluate_seconds);
}

/* Seconds that a running trial takes in all: the forecast, which gives way to its own speed as it goes on. */
static double running_seconds(struct progress *progress, const struct slot *slot, double elapsed) {
    double expected = forecast_seconds(&progress->forecast, point_of(progress, slot->trial));
    double share = live_share(progress->settings.plan, slot);
    if (share < LEAST_SHARE)
        return expected > elapsed ? expected : elapsed;
    double trust = share < 0.25 ? 4 * share : 1;
    return trust * elapsed / share + (1 - trust) * (expected > elapsed ? expected : elapsed);
}

/* What runs counts as a part of an observation, so that something is known before the first trial ends. Added, then taken back. */
static bool count_running(struct progress *progress, const struct slot *slots, size_t n_slots, double time, bool add) {
    bool some = false;
    for (size_t i = 0; i < n_slots; i++) {
        double share = slots[i].trial != NO_TRIAL ? live_share(progress->settings.plan, &slots[i]) : 0;
        if (share < LEAST_SHARE)
            continue;
        (add ? forecast_add : forecast_remove)(&progress->forecast, point_of(progress, slots[i].trial),
                                               (time - slots[i].started) / share, share);
        some = true;
    }
    return some;
}

/* Share and time left. */
static void count_left(struct progress *progress, const struct slot *slots, size_t n_slots) {
    double time = clock_seconds(), spent = progress->seconds_done, rest = 0;
    size_t workers = progress->settings.workers, next = 0, n = 0;
    memset(progress->busy, 0, workers * sizeof *progress->busy);
    bool known = count_running(progress, slots, n_slots, time, true) || progress->ended > 0;
    for (size_t i = 0; i < n_slots; i++) {
        if (slots[i].trial == NO_TRIAL)
            continue;
        double elapsed = time - slots[i].started, all = running_seconds(progress, &slots[i], elapsed);
        spent += elapsed;
        rest += all - elapsed;
        if (next < workers)
            progress->busy[next++] = all - elapsed;
    }
    for (size_t i = 0; i < progress->settings.n_trials; i++) {
        if (progress->begun[progress->order[i]] > 0)
            continue;
        progress->costs[n] = forecast_seconds(&progress->forecast, point_of(progress, progress->order[i]));
        rest += progress->costs[n++];
    }
    count_running(progress, slots, n_slots, time, false);
    progress->left = known ? forecast_schedule(progress->costs, n, progress->busy, workers) : (double)NAN;
    progress->share = spent + rest > 0 ? spent / (spent + rest) : 0;
    progress->counted_at = time;
}

/* The cursor goes back to where the live lines begin. Each line is then written over the old one, so that nothing flickers. */
static void add_back(struct progress *progress, struct text *out) {
    size_t rows = 0;
    for (size_t i = 0; i < progress->lines; i++) {
        size_t width = progress->widths[i], columns = progress->terminal.columns;
        rows += width <= columns || columns == 0 ? 1 : (width + columns - 1) / columns;
    }
    if (rows > 0)
        text_printf(out, "\r\033[%zuA", rows);
    progress->lines = 0;
}

static void put(const struct text *out) {
    fwrite(out->data, 1, out->length, stderr);
    fflush(stderr);
}

static void on_started(void *context, const struct slot *slot) {
    struct progress *progress = context;
    progress->begun[slot->trial]++;
    if (progress->settings.json)
        events_trial_start(&progress->settings.plan->results, slot->trial, progress->begun[slot->trial]);
}

static void on_row(void *context, const struct slot *slot) {
    const struct progress *progress = context;
    if (progress->settings.json)
        events_epoch(slot);
}

/* A line above what changes. */
static void say(struct progress *progress, const char *text) {
    struct text out;
    text_init(&out);
    add_back(progress, &out);
    words_cut(text, SIZE_MAX, &out);
    text_add(&out, progress->live ? "\033[K\n\033[J" : "\n");
    put(&out);
    progress->said_at = clock_seconds();
    text_clear(&out);
}

static void on_note(void *context, const struct slot *slot, const char *text) {
    struct progress *progress = context;
    const struct progress_settings *settings = &progress->settings;
    if (settings->json)
        events_note(slot->trial, text);
    if (settings->quiet)
        return;
    struct text line;
    text_init(&line);
    results_trial_label(&settings->plan->results, slot->trial, &line);
    text_printf(&line, ": %s", text);
    say(progress, line.data);
    text_clear(&line);
}

static void on_ended(void *context, const struct slot *slot) {
    struct progress *progress = context;
    const struct progress_settings *settings = &progress->settings;
    double seconds = clock_seconds() - slot->started;
    progress->ended++;
    progress->seconds_done += seconds;
    progress->counted_at = 0;
    /* What a trial that failed took says nothing about others. */
    const enum trial_status status = slot->record->status;
    if (status == TRIAL_DONE)
        forecast_add(&progress->forecast, point_of(progress, slot->trial), seconds, 1);
    if (settings->json)
        events_trial_end(&settings->plan->results, slot);
    /* On a terminal the grid shows the others. */
    if (settings->quiet || (progress->live && status == TRIAL_DONE))
        return;
    struct text line;
    char left[WORDS_SIZE];
    text_init(&line);
    progress_ended(settings->plan, slot, progress->ended, settings->n_trials, &line);
    if (!progress->live && progress->ended < settings->n_trials && !isnan(progress->left))
        text_printf(&line, "; %s left", words_clock(progress->left, left));
    say(progress, line.data);
    text_clear(&line);
}

static void draw(struct progress *progress, const struct slot *slots, size_t n_slots) {
    terminal_measure(&progress->terminal);
    struct live live = {.plan = progress->settings.plan,
                        .slots = slots,
                        .n_slots = n_slots,
                        .ended = progress->ended,
                        .trials = progress->settings.n_trials,
                        .share = progress->share,
                        .left = progress->left,
                        .terminal = progress->terminal};
    struct text view, out;
    text_init(&view);
    text_init(&out);
    add_back(progress, &out);
    if (progress->terminal.columns > 1)
        live_draw(&live, &view);
    for (char *line = view.data, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        text_add_bytes(&out, line, (size_t)(end - line));
        text_add(&out, "\033[K\n");
        if (progress->lines < PROGRESS_LINES)
            progress->widths[progress->lines++] = live_width(line, (size_t)(end - line));
    }
    text_add(&out, "\033[J");
    put(&out);
    text_clear(&out);
    text_clear(&view);
}

static void on_tick(void *context, const struct slot *slots, size_t n_slots) {
    struct progress *progress = context;
    double time = clock_seconds();
    if (time - progress->counted_at >= 0.5)
        count_left(progress, slots, n_slots);
    if (progress->settings.json && time - progress->told_at >= 1) {
        events_progress(progress->ended, progress->settings.n_trials, progress->share, progress->left);
        progress->told_at = time;
    }
    if (progress->live) {
        draw(progress, slots, n_slots);
    } else if (!progress->settings.quiet && time - progress->said_at >= SILENCE_SECONDS) {
        char left[WORDS_SIZE];
        fprintf(stderr, "[%zu/%zu] %.0f%% of the work done, %s left\n", progress->ended, progress->settings.n_trials,
                100 * progress->share, words_clock(progress->left, left));
        progress->said_at = time;
    }
}

struct supervisor_watcher progress_watcher(struct progress *progress) {
    return (struct supervisor_watcher){
        .started = on_started, .row = on_row, .note = on_note, .ended = on_ended, .tick = on_tick, .context = progress};
}

void progress_finish(struct progress *progress) {
    struct text out;
    text_init(&out);
    add_back(progress, &out);
    if (progress->live)
        text_add(&out, "\033[J");
    put(&out);
    text_clear(&out);
    forecast_clear(&progress->forecast);
    free(progress->order);
    free(progress->costs);
    free(progress->busy);
    free(progress->begun);
}
