#include "runner/results/results.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

void results_from_experiment(const struct experiment *experiment, struct results *results) {
    *results = (struct results){
        .n_axes = experiment->n_axes, .n_points = experiment->n_points, .n_trials = experiment->n_trials};
    struct arena *arena = &results->arena;
    arena_init(arena);
    results->name = arena_copy_text(arena, experiment->name);
    results->axes = arena_array(arena, results->n_axes, sizeof *results->axes);
    for (size_t a = 0; a < results->n_axes; a++)
        results->axes[a] = arena_copy_text(arena, experiment->axes[a].name);
    results->labels = arena_array(arena, results->n_points, sizeof *results->labels);
    for (size_t p = 0; p < results->n_points; p++) {
        results->labels[p] = arena_array(arena, results->n_axes, sizeof *results->labels[p]);
        for (size_t a = 0; a < results->n_axes; a++) {
            size_t label = experiment->points[p].labels[a];
            if (label != NO_LABEL)
                results->labels[p][a] = arena_copy_text(arena, experiment->axes[a].labels[label]);
        }
    }
    results->trials = arena_array(arena, results->n_trials, sizeof *results->trials);
    for (size_t t = 0; t < results->n_trials; t++) {
        results->trials[t].point = experiment->trials[t].point;
        results->trials[t].seed = experiment->trials[t].seed;
    }
    const struct tree *lecture = tree_get(experiment->report, "lecture");
    results->report = lecture != NULL && lecture->type == TREE_BOOL && lecture->value.truth ? "lecture" : "";
}

void results_clear(struct results *results) {
    arena_clear(&results->arena);
    *results = (struct results){0};
}

void results_write(const struct results *results, struct text *out) {
    json_t *json = json_object(), *axes = json_array(), *points = json_array(), *trials = json_array();
    json_object_set_new(json, "kind", json_string("grid"));
    json_object_set_new(json, "name", json_string(results->name));
    json_object_set_new(json, "report", json_string(results->report));
    for (size_t a = 0; a < results->n_axes; a++)
        json_array_append_new(axes, json_string(results->axes[a]));
    json_object_set_new(json, "axes", axes);
    for (size_t p = 0; p < results->n_points; p++) {
        json_t *labels = json_array();
        for (size_t a = 0; a < results->n_axes; a++)
            json_array_append_new(labels,
                                  results->labels[p][a] != NULL ? json_string(results->labels[p][a]) : json_null());
        json_array_append_new(points, labels);
    }
    json_object_set_new(json, "points", points);
    for (size_t t = 0; t < results->n_trials; t++)
        json_array_append_new(trials, json_pack("[IIss]", (json_int_t)results->trials[t].point,
                                                (json_int_t)results->trials[t].seed, results->trials[t].key,
                                                results->trials[t].id));
    json_object_set_new(json, "trials", trials);
    char *text = json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII);
    text_add(out, text != NULL ? text : "{}");
    free(text);
    json_decref(json);
}

static bool read_points(const json_t *points, struct results *results) {
    results->n_points = json_array_size(points);
    results->labels = arena_array(&results->arena, results->n_points, sizeof *results->labels);
    for (size_t p = 0; p < results->n_points; p++) {
        const json_t *labels = json_array_get(points, p);
        if (json_array_size(labels) != results->n_axes)
            return false;
        results->labels[p] = arena_array(&results->arena, results->n_axes, sizeof *results->labels[p]);
        for (size_t a = 0; a < results->n_axes; a++) {
            const char *label = json_string_value(json_array_get(labels, a));
            if (label != NULL)
                results->labels[p][a] = arena_copy_text(&results->arena, label);
        }
    }
    return true;
}

static bool read_trials(const json_t *trials, struct results *results) {
    results->n_trials = json_array_size(trials);
    results->trials = arena_array(&results->arena, results->n_trials, sizeof *results->trials);
    for (size_t t = 0; t < results->n_trials; t++) {
        json_int_t point = 0, seed = 0;
        const char *key = NULL, *id = NULL;
        struct result_trial *trial = &results->trials[t];
        if (json_unpack(json_array_get(trials, t), "[IIss]", &point, &seed, &key, &id) < 0 || point < 0 ||
            (size_t)point >= results->n_points || (t > 0 && (size_t)point < results->trials[t - 1].point) ||
            strlen(key) != sizeof trial->key - 1 || strlen(id) != sizeof trial->id - 1)
            return false;
        trial->point = (size_t)point;
        trial->seed = seed;
        memcpy(trial->key, key, sizeof trial->key);
        memcpy(trial->id, id, sizeof trial->id);
    }
    return true;
}

bool results_read(const struct json_t *json, struct results *results) {
    *results = (struct results){0};
    arena_init(&results->arena);
    const char *name = json_string_value(json_object_get(json, "name")),
               *report = json_string_value(json_object_get(json, "report"));
    const json_t *axes = json_object_get(json, "axes");
    bool good = name != NULL && report != NULL && json_is_array(axes);
    if (good) {
        results->name = arena_copy_text(&results->arena, name);
        results->report = arena_copy_text(&results->arena, report);
        results->n_axes = json_array_size(axes);
        results->axes = arena_array(&results->arena, results->n_axes, sizeof *results->axes);
        for (size_t a = 0; good && a < results->n_axes; a++) {
            const char *axis = json_string_value(json_array_get(axes, a));
            good = axis != NULL;
            results->axes[a] = arena_copy_text(&results->arena, good ? axis : "");
        }
    }
    good = good && read_points(json_object_get(json, "points"), results) &&
           read_trials(json_object_get(json, "trials"), results);
    if (!good)
        results_clear(results);
    return good;
}

void results_trial_label(const struct results *results, size_t trial, struct text *out) {
    const struct result_trial *t = &results->trials[trial];
    const struct result_trial *first = &results->trials[0], *last = &results->trials[results->n_trials - 1];
    /* All points have the same seeds, each once. */
    bool seeds = last->seed != first->seed || t->seed != first->seed;
    const char *space = "";
    for (size_t a = 0; a < results->n_axes; a++) {
        if (results->labels[t->point][a] == NULL)
            continue;
        const char *dot = strrchr(results->axes[a], '.');
        text_printf(out, "%s%s=%s", space, dot != NULL && strchr(dot, '"') == NULL ? dot + 1 : results->axes[a],
                    results->labels[t->point][a]);
        space = " ";
    }
    if (seeds || results->n_axes == 0)
        text_printf(out, "%sseed=%lld", space, (long long)t->seed);
}

void results_point_trials(const struct results *results, size_t point, size_t *first, size_t *end) {
    size_t low = 0, high = results->n_trials;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (results->trials[middle].point < point)
            low = middle + 1;
        else
            high = middle;
    }
    *first = low;
    for (*end = low; *end < results->n_trials && results->trials[*end].point == point;)
        ++*end;
}

const char **results_columns(const struct results *results, struct arena *arena, size_t *count) {
    const char **columns = NULL;
    size_t n = 0, capacity = 0;
    for (size_t t = 0; t < results->n_trials; t++) {
        const struct record *record = results->trials[t].record;
        for (size_t c = 0; record != NULL && c < record->n_columns; c++) {
            size_t i = 0;
            while (i < n && strcmp(columns[i], record->columns[c]) != 0)
                i++;
            if (i < n)
                continue;
            if (n == capacity) {
                capacity = capacity == 0 ? 16 : 2 * capacity;
                const char **larger = arena_array(arena, capacity, sizeof *larger);
                if (n > 0)
                    memcpy(larger, columns, n * sizeof *larger);
                columns = larger;
            }
            columns[n++] = record->columns[c];
        }
    }
    *count = n;
    return columns;
}

struct results_counts results_count(const struct results *results) {
    struct results_counts counts = {0};
    for (size_t t = 0; t < results->n_trials; t++) {
        const struct record *record = results->trials[t].record;
        if (record == NULL)
            counts.missing++;
        else if (record->status == TRIAL_DONE)
            counts.done++;
        else if (record->status == TRIAL_DIVERGED)
            counts.diverged++;
        else if (record->status == TRIAL_FAILED)
            counts.failed++;
        else
            counts.timeout++;
    }
    return counts;
}
