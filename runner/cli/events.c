#include "runner/cli/events.h"

#include "runner/base/text.h"
#include "runner/results/claims.h"
#include "runner/results/tables.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static json_t *number(double value) {
    char buffer[NUMBER_TEXT_SIZE];
    return isfinite(value) ? json_real(value) : json_string(number_write(value, buffer));
}

static json_t *count(uint64_t value) {
    return json_integer((json_int_t)value);
}

/* Text that is no UTF-8 (a path) is written byte by byte as Latin-1 rather than lost. */
static json_t *text(const char *string) {
    json_t *json = json_string(string);
    if (json != NULL)
        return json;
    struct text out;
    text_init(&out);
    for (const unsigned char *c = (const unsigned char *)string; *c != '\0'; c++) {
        if (*c < 128) {
            text_add_char(&out, (char)*c);
        } else {
            text_add_char(&out, (char)(0xC0 | *c >> 6));
            text_add_char(&out, (char)(0x80 | (*c & 0x3F)));
        }
    }
    json = json_string(out.data);
    text_clear(&out);
    return json;
}

static json_t *open_event(const char *name) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    json_t *json = json_object();
    json_object_set_new(json, "event", json_string(name));
    json_object_set_new(json, "time", json_real((double)now.tv_sec + (double)(now.tv_nsec / 1000000) * 1e-3));
    return json;
}

static void put_event(json_t *json) {
    char *line = json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(17));
    if (line != NULL) {
        fputs(line, stdout);
        putchar('\n');
        fflush(stdout);
    }
    free(line);
    json_decref(json);
}

/* Of the grid: the trial's number, its axes and its seed. */
static void set_trial(json_t *json, const struct results *results, size_t trial) {
    const struct result_trial *facts = &results->trials[trial];
    json_t *axes = json_object();
    for (size_t a = 0; a < results->n_axes; a++)
        if (results->labels[facts->point][a] != NULL)
            json_object_set_new(axes, results->axes[a], text(results->labels[facts->point][a]));
    json_object_set_new(json, "trial", count(trial + 1));
    json_object_set_new(json, "point", count(facts->point + 1));
    json_object_set_new(json, "axes", axes);
    json_object_set_new(json, "seed", json_integer(facts->seed));
}

static json_t *values_of(const struct record *record, const struct record_row *row) {
    json_t *values = json_object();
    for (size_t c = 0; c < record->n_columns; c++)
        if (row->known[c])
            json_object_set_new(values, record->columns[c], number(row->values[c]));
    return values;
}

void events_start(const struct events_run *run, const struct results *results) {
    json_t *json = open_event("start"), *axes = json_array();
    for (size_t a = 0; a < results->n_axes; a++)
        json_array_append_new(axes, text(results->axes[a]));
    json_object_set_new(json, "experiment", text(results->name));
    json_object_set_new(json, "description", text(run->description != NULL ? run->description : ""));
    json_object_set_new(json, "config", text(run->config));
    json_object_set_new(json, "results", text(run->folder));
    json_object_set_new(json, "axes", axes);
    json_object_set_new(json, "points", count(results->n_points));
    json_object_set_new(json, "trials", count(results->n_trials));
    json_object_set_new(json, "todo", count(run->todo));
    json_object_set_new(json, "workers", count(run->workers));
    json_object_set_new(json, "threads", count(run->threads));
    put_event(json);
}

void events_trial_start(const struct results *results, size_t trial, size_t attempt) {
    json_t *json = open_event("trial_start");
    set_trial(json, results, trial);
    json_object_set_new(json, "attempt", count(attempt));
    put_event(json);
}

void events_epoch(const struct slot *slot) {
    const struct record *record = slot->record;
    if (record->n_rows == 0)
        return;
    const struct record_row *row = &record->rows[record->n_rows - 1];
    json_t *json = open_event("epoch");
    json_object_set_new(json, "trial", count(slot->trial + 1));
    json_object_set_new(json, "epoch", count(row->epoch));
    json_object_set_new(json, "updates", count(row->updates));
    json_object_set_new(json, "learning_rate", number(row->learning_rate));
    json_object_set_new(json, "seconds", number(row->seconds));
    json_object_set_new(json, "values", values_of(record, row));
    put_event(json);
}

void events_note(size_t trial, const char *note) {
    json_t *json = open_event("note");
    json_object_set_new(json, "trial", count(trial + 1));
    json_object_set_new(json, "text", text(note));
    put_event(json);
}

void events_trial_end(const struct results *results, const struct slot *slot) {
    const struct record *record = slot->record;
    double evaluate_seconds, seconds = record_seconds(record, &evaluate_seconds);
    json_t *json = open_event("trial_end");
    set_trial(json, results, slot->trial);
    json_object_set_new(json, "status", json_string(trial_status_name(record->status)));
    json_object_set_new(json, "reason", text(record->reason));
    json_object_set_new(json, "message", text(slot->message));
    json_object_set_new(json, "stopped_by", text(record->stopped_by));
    json_object_set_new(json, "epochs", count(record->epochs));
    json_object_set_new(json, "updates", count(record->updates));
    json_object_set_new(json, "seconds", number(seconds));
    json_object_set_new(json, "evaluate_seconds", number(evaluate_seconds));
    json_object_set_new(json, "values",
                        record->n_rows > 0 ? values_of(record, &record->rows[record->n_rows - 1]) : json_object());
    put_event(json);
}

void events_progress(size_t ended, size_t trials, double share, double left) {
    json_t *json = open_event("progress");
    json_object_set_new(json, "ended", count(ended));
    json_object_set_new(json, "todo", count(trials));
    json_object_set_new(json, "share", number(share));
    json_object_set_new(json, "seconds_left", isnan(left) ? json_null() : json_real(left));
    put_event(json);
}

void events_claims(const struct results *results) {
    struct arena arena;
    arena_init(&arena);
    const struct claim_result *claims = claims_judge(results, &arena);
    for (size_t i = 0; i < results->n_claims; i++) {
        json_t *json = open_event("claim");
        json_object_set_new(json, "claim", count(i + 1));
        json_object_set_new(json, "statement", text(claims[i].text));
        json_object_set_new(json, "verdict", json_string(claim_verdict_name(claims[i].verdict)));
        json_object_set_new(json, "n", count(claims[i].n));
        json_object_set_new(json, "estimate", number(claims[i].estimate));
        json_object_set_new(json, "ci95_low", number(claims[i].low));
        json_object_set_new(json, "ci95_high", number(claims[i].high));
        json_object_set_new(json, "threshold", number(claims[i].threshold));
        json_object_set_new(json, "times", json_boolean(claims[i].times));
        json_object_set_new(json, "reason", text(claims[i].reason));
        put_event(json);
    }
    arena_clear(&arena);
}

void events_end(const struct results *results, const char *folder, int exit_status, const char *why) {
    json_t *json = open_event("end");
    json_object_set_new(json, "exit_status", json_integer(exit_status));
    json_object_set_new(json, "message", text(why));
    if (results != NULL) {
        struct results_counts counts = results_count(results);
        json_object_set_new(json, "results", text(folder));
        json_object_set_new(json, "done", count(counts.done));
        json_object_set_new(json, "diverged", count(counts.diverged));
        json_object_set_new(json, "failed", count(counts.failed));
        json_object_set_new(json, "timeout", count(counts.timeout));
        json_object_set_new(json, "missing", count(counts.missing));
    }
    put_event(json);
}
