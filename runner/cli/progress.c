#include "runner/cli/progress.h"

#include "runner/cli/words.h"
#include "runner/results/tables.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define BAR_WIDTH 30

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* A trial whose work is not known counts a little, so that a share is always defined. */
static double work_of(const struct plan *plan, size_t trial) {
    double work = plan->points[plan->results.trials[trial].point].work;
    return work > 0 ? work : 1;
}

void progress_init(struct progress *progress, const struct plan *plan, const size_t *trials, size_t n_trials,
                   bool quiet) {
    *progress = (struct progress){.plan = plan, .quiet = quiet, .trials = n_trials, .started = now(), .columns = 80};
    const char *terminal = getenv("TERM");
    progress->live = !quiet && isatty(STDERR_FILENO) == 1 && (terminal == NULL || strcmp(terminal, "dumb") != 0);
    for (size_t i = 0; i < n_trials; i++)
        progress->work += work_of(plan, trials[i]);
}

void progress_bar(double share, size_t width, struct text *out) {
    size_t full = share > 0 ? (size_t)(share * (double)width) : 0;
    text_add_char(out, '[');
    for (size_t i = 0; i < width; i++)
        text_add_char(out, i < full ? '#' : '.');
    text_add_char(out, ']');
}

/* The metric that tells most: of the test rows, else of the validation rows, else of training; no loss where there is another. */
static const char *best_column(const struct record *record, double *value) {
    static const char *const splits[] = {"test_", "val_", "train_"};
    const char *loss = NULL;
    for (size_t s = 0; s < 3; s++) {
        for (size_t c = 0; c < record->n_columns; c++) {
            double found;
            if (strncmp(record->columns[c], splits[s], strlen(splits[s])) != 0 ||
                !record_final(record, record->columns[c], &found))
                continue;
            bool is_loss = strcmp(record->columns[c] + strlen(splits[s]), "loss") == 0;
            if (!is_loss || loss == NULL)
                *value = found;
            if (!is_loss)
                return record->columns[c];
            if (loss == NULL)
                loss = record->columns[c];
        }
    }
    return loss;
}

void progress_running(const struct plan *plan, const struct slot *slot, struct text *out) {
    char number[WORDS_SIZE];
    double value;
    uint64_t epochs = plan->points[plan->results.trials[slot->trial].point].facts.epochs;
    results_trial_label(&plan->results, slot->trial, out);
    if (epochs > 0)
        text_printf(out, "  epoch %llu/%llu", (unsigned long long)(slot->epoch < epochs ? slot->epoch : epochs),
                    (unsigned long long)epochs);
    if (!isnan(slot->loss))
        text_printf(out, "  loss %s", words_number(slot->loss, number));
    const char *column = best_column(slot->record, &value);
    if (column != NULL)
        text_printf(out, "  %s %s", column, words_number(value, number));
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
    const char *column = best_column(record, &value);
    if (column != NULL)
        text_printf(out, ", %s %s", column, words_number(value, number));
    double seconds = record_seconds(record, &evaluate_seconds);
    if (record->n_rows > 0)
        text_printf(out, ", %.1f s", seconds + evaluate_seconds);
}

/* Control characters of labels and of plugins' messages do not reach the terminal; a line is cut where the terminal ends. */
static void add_line(const struct text *line, size_t columns, struct text *out) {
    size_t width = 0;
    for (size_t i = 0; i < line->length; i++) {
        unsigned char c = (unsigned char)line->data[i];
        width += (c & 0xC0) != 0x80 ? 1 : 0;
        if (width >= columns)
            break;
        text_add_char(out, c < 32 || c == 127 ? '?' : (char)c);
    }
    text_add_char(out, '\n');
}

static void add_erase(struct progress *progress, struct text *out) {
    if (progress->lines > 0)
        text_printf(out, "\033[%zuA\033[J", progress->lines);
    progress->lines = 0;
}

static void put(const struct text *out) {
    fwrite(out->data, 1, out->length, stderr);
    fflush(stderr);
}

static void on_ended(void *context, const struct slot *slot) {
    struct progress *progress = context;
    progress->ended++;
    progress->work_done += work_of(progress->plan, slot->trial);
    const enum trial_status status = slot->record->status;
    /* On a terminal the bar counts the others. */
    if (progress->quiet || (progress->live && status == TRIAL_DONE))
        return;
    struct text line, out;
    text_init(&line);
    text_init(&out);
    add_erase(progress, &out);
    progress_ended(progress->plan, slot, progress->ended, progress->trials, &line);
    add_line(&line, SIZE_MAX, &out);
    put(&out);
    text_clear(&out);
    text_clear(&line);
}

static void on_tick(void *context, const struct slot *slots, size_t n_slots) {
    struct progress *progress = context;
    struct winsize size;
    if (!progress->live)
        return;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 10)
        progress->columns = size.ws_col;
    size_t most = size.ws_row > 4 ? (size_t)size.ws_row - 2 : 3, drawn = 0;
    struct text line, out;
    text_init(&line);
    text_init(&out);
    add_erase(progress, &out);
    double done = progress->work_done;
    for (size_t i = 0; i < n_slots; i++) {
        if (slots[i].trial == NO_TRIAL)
            continue;
        done += slots[i].share * work_of(progress->plan, slots[i].trial);
        if (drawn++ >= most)
            continue;
        text_reset(&line);
        progress_running(progress->plan, &slots[i], &line);
        add_line(&line, progress->columns, &out);
        progress->lines++;
    }
    double share = done / progress->work, elapsed = now() - progress->started;
    char left[WORDS_SIZE];
    text_reset(&line);
    progress_bar(share, BAR_WIDTH, &line);
    text_printf(&line, " %zu/%zu trials", progress->ended, progress->trials);
    if (share > 0.01 && elapsed > 1)
        text_printf(&line, ", %s left", words_clock(elapsed * (1 - share) / share, left));
    add_line(&line, progress->columns, &out);
    progress->lines++;
    put(&out);
    text_clear(&out);
    text_clear(&line);
}

struct supervisor_watcher progress_watcher(struct progress *progress) {
    return (struct supervisor_watcher){.ended = on_ended, .tick = on_tick, .context = progress};
}

void progress_finish(struct progress *progress) {
    struct text out;
    text_init(&out);
    add_erase(progress, &out);
    put(&out);
    text_clear(&out);
}
