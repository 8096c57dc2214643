#include "runner/results/results.h"

#include "runner/results/journal.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { ALIKE = 16 }; /* points before one that are looked at for equal rows */

static const uint64_t not_known[DATA_SPLITS];

static void make_rows(struct results *results) {
    results->rows = arena_array(&results->arena, results->n_points, sizeof *results->rows);
    for (size_t p = 0; p < results->n_points; p++)
        results->rows[p] = not_known;
}

void results_set_rows(struct results *results, size_t point, const uint64_t rows[DATA_SPLITS]) {
    if (results->rows == NULL)
        make_rows(results);
    for (size_t p = point; p > 0 && p + ALIKE > point; p--)
        if (memcmp(results->rows[p - 1], rows, sizeof not_known) == 0) {
            results->rows[point] = results->rows[p - 1];
            return;
        }
    uint64_t *copy = arena_alloc(&results->arena, sizeof not_known);
    memcpy(copy, rows, sizeof not_known);
    results->rows[point] = copy;
}

void results_from_experiment(const struct experiment *experiment, struct results *results) {
    *results = (struct results){
        .n_axes = experiment->n_axes, .n_points = experiment->n_points, .n_trials = experiment->n_trials};
    struct arena *arena = &results->arena;
    arena_init(arena);
    results->name = arena_copy_text(arena, experiment->name);
    results->axes = arena_array(arena, results->n_axes, sizeof *results->axes);
    results->labels = arena_array(arena, results->n_points, sizeof *results->labels);
    const char **all = arena_array(arena, results->n_points * results->n_axes, sizeof *all);
    for (size_t p = 0; p < results->n_points; p++)
        results->labels[p] = all + p * results->n_axes;
    for (size_t a = 0; a < results->n_axes; a++) {
        const struct axis *axis = &experiment->axes[a];
        results->axes[a] = arena_copy_text(arena, axis->name);
        if (axis->dataset && results->dataset_axis == NULL)
            results->dataset_axis = results->axes[a];
        const char **labels = memory_alloc(axis->count, sizeof *labels);
        for (size_t l = 0; l < axis->count; l++)
            labels[l] = arena_copy_text(arena, axis->labels[l]);
        for (size_t p = 0; p < results->n_points; p++) {
            size_t label = experiment_label(experiment, p, a);
            results->labels[p][a] = label != NO_LABEL ? labels[label] : NULL;
        }
        free(labels);
    }
    results->trials = arena_array(arena, results->n_trials, sizeof *results->trials);
    for (size_t t = 0; t < results->n_trials; t++) {
        struct trial trial = experiment_trial(experiment, t);
        results->trials[t].point = trial.point;
        results->trials[t].seed = trial.seed;
    }
    make_rows(results);
    results_ask(experiment, results);
    const struct tree *lecture = tree_get(experiment->report, "lecture");
    results->report = lecture != NULL && lecture->type == TREE_BOOL && lecture->value.truth ? "lecture" : "";
}

void results_ask(const struct experiment *experiment, struct results *results) {
    struct arena *arena = &results->arena;
    const char *baseline = experiment->baseline.text;
    results->baseline = arena_copy_text(arena, baseline != NULL ? baseline : "");
    results->n_claims = experiment->n_claims;
    results->claims = arena_array(arena, results->n_claims, sizeof *results->claims);
    for (size_t i = 0; i < results->n_claims; i++)
        results->claims[i] = arena_copy_text(arena, experiment->claims[i].text);
    results->n_targets = experiment->n_targets;
    results->targets = arena_array(arena, results->n_targets, sizeof *results->targets);
    for (size_t i = 0; i < results->n_targets; i++)
        results->targets[i] = (struct target){.column = arena_copy_text(arena, experiment->targets[i].column),
                                              .value = experiment->targets[i].value};
}

struct selection_grid results_grid(const struct results *results) {
    return (struct selection_grid){
        .axes = results->axes, .n_axes = results->n_axes, .labels = results->labels, .n_points = results->n_points};
}

void results_clear(struct results *results) {
    arena_clear(&results->arena);
    *results = (struct results){0};
}

struct writer {
    results_take *take;
    void *context;
    struct text line, quoted;
};

/* Lists with an item a point or a trial are one text, a line an item: as JSON lists they would take many times their size. */
static void begin_lines(struct writer *writer, const char *key) {
    text_reset(&writer->line);
    text_printf(&writer->line, ",\"%s\":\"", key);
    writer->take(writer->context, writer->line.data, writer->line.length);
    text_reset(&writer->line);
}

static void end_line(struct writer *writer) {
    text_reset(&writer->quoted);
    tree_write(&(struct tree){.type = TREE_TEXT, .text = writer->line.data}, &writer->quoted);
    writer->take(writer->context, writer->quoted.data + 1, writer->quoted.length - 2); /* without the quotes */
    text_reset(&writer->line);
}

static void end_lines(const struct writer *writer) {
    writer->take(writer->context, "\"", 1);
}

/* A label is never empty, so that nothing stands for an axis that does not apply. */
static void add_label(const char *label, struct text *out) {
    for (const char *c = label; c != NULL && *c != '\0'; c++)
        switch (*c) {
        case '\t': text_add(out, "\\t"); break;
        case '\n': text_add(out, "\\n"); break;
        case '\\': text_add(out, "\\\\"); break;
        default: text_add_char(out, *c);
        }
}

static void write_lists(const struct results *results, struct writer *writer) {
    struct text *line = &writer->line;
    begin_lines(writer, "points");
    for (size_t p = 0; p < results->n_points; p++) {
        for (size_t a = 0; a < results->n_axes; a++) {
            text_add(line, a > 0 ? "\t" : "");
            add_label(results->labels[p][a], line);
        }
        text_add_char(line, '\n');
        end_line(writer);
    }
    end_lines(writer);
    begin_lines(writer, "trials");
    for (size_t t = 0; t < results->n_trials; t++) {
        char key[HASH_TEXT_SIZE], id[HASH_SHORT_TEXT_SIZE];
        const struct result_trial *trial = &results->trials[t];
        text_printf(line, "%zu %lld %s %s\n", trial->point, (long long)trial->seed, hash128_write(trial->key, key),
                    hash64_write(trial->id, id));
        end_line(writer);
    }
    end_lines(writer);
    begin_lines(writer, "rows");
    for (size_t p = 0; p < results->n_points && results->rows != NULL; p++) {
        text_printf(line, "%llu %llu %llu\n", (unsigned long long)results->rows[p][DATA_TRAIN],
                    (unsigned long long)results->rows[p][DATA_VALIDATION],
                    (unsigned long long)results->rows[p][DATA_TEST]);
        end_line(writer);
    }
    end_lines(writer);
}

static void write_questions(const struct results *results, json_t *json) {
    json_t *claims = json_array(), *targets = json_array();
    for (size_t i = 0; i < results->n_claims; i++)
        json_array_append_new(claims, json_string(results->claims[i]));
    for (size_t i = 0; i < results->n_targets; i++)
        json_array_append_new(targets, json_pack("[sf]", results->targets[i].column, results->targets[i].value));
    json_object_set_new(json, "baseline", json_string(results->baseline != NULL ? results->baseline : ""));
    json_object_set_new(json, "claims", claims);
    json_object_set_new(json, "targets", targets);
}

/* Older journals have none of these. */
static void read_questions(const json_t *json, struct results *results) {
    const json_t *claims = json_object_get(json, "claims"), *targets = json_object_get(json, "targets");
    const char *baseline = json_string_value(json_object_get(json, "baseline"));
    struct arena *arena = &results->arena;
    results->baseline = arena_copy_text(arena, baseline != NULL ? baseline : "");
    results->claims = arena_array(arena, json_array_size(claims), sizeof *results->claims);
    for (size_t i = 0; i < json_array_size(claims); i++)
        if (json_is_string(json_array_get(claims, i)))
            results->claims[results->n_claims++] = arena_copy_text(arena, json_string_value(json_array_get(claims, i)));
    results->targets = arena_array(arena, json_array_size(targets), sizeof *results->targets);
    for (size_t i = 0; i < json_array_size(targets); i++) {
        const json_t *target = json_array_get(targets, i);
        const char *column = json_string_value(json_array_get(target, 0));
        if (column != NULL && json_is_number(json_array_get(target, 1)))
            results->targets[results->n_targets++] = (struct target){
                .column = arena_copy_text(arena, column), .value = json_number_value(json_array_get(target, 1))};
    }
}

void results_write(const struct results *results, results_take *take, void *context) {
    json_t *json = json_object(), *axes = json_array();
    json_object_set_new(json, "kind", json_string("grid"));
    json_object_set_new(json, "name", json_string(results->name));
    json_object_set_new(json, "report", json_string(results->report));
    for (size_t a = 0; a < results->n_axes; a++)
        json_array_append_new(axes, json_string(results->axes[a]));
    json_object_set_new(json, "axes", axes);
    if (results->dataset_axis != NULL)
        json_object_set_new(json, "dataset_axis", json_string(results->dataset_axis));
    write_questions(results, json);
    char *text = json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII);
    if (text != NULL) {
        struct writer writer = {.take = take, .context = context};
        text_init(&writer.line);
        text_init(&writer.quoted);
        take(context, text, strlen(text) - 1); /* without its brace */
        write_lists(results, &writer);
        text_clear(&writer.quoted);
        text_clear(&writer.line);
    }
    take(context, text != NULL ? "}" : "{}", text != NULL ? 1 : 2);
    free(text);
    json_decref(json);
}

static size_t count_lines(const char *text) {
    size_t n = 0;
    for (; (text = strchr(text, '\n')) != NULL; text++)
        n++;
    return n;
}

/* The label up to a tab or an end of line; the one of the point before where it is the same. False where it is broken. */
static bool read_label(struct arena *arena, const char **text, char end, const char *before, const char **label) {
    struct text out;
    text_init(&out);
    const char *c = *text;
    for (; *c != '\0' && *c != '\t' && *c != '\n'; c++) {
        bool escaped = *c == '\\';
        if (escaped && *++c == '\0')
            break;
        text_add_char(&out, !escaped ? *c : *c == 't' ? '\t' : *c == 'n' ? '\n' : *c);
    }
    *label = out.length == 0                                   ? NULL
             : before != NULL && strcmp(before, out.data) == 0 ? before
                                                               : arena_copy_text(arena, out.data);
    text_clear(&out);
    bool good = *c == end;
    *text = c + (good ? 1 : 0);
    return good;
}

static bool read_points(const json_t *points, struct results *results) {
    const char *text = json_string_value(points);
    if (text == NULL)
        return false;
    results->n_points = count_lines(text);
    results->labels = arena_array(&results->arena, results->n_points, sizeof *results->labels);
    for (size_t p = 0; p < results->n_points; p++) {
        results->labels[p] = arena_array(&results->arena, results->n_axes, sizeof *results->labels[p]);
        for (size_t a = 0; a < results->n_axes; a++)
            if (!read_label(&results->arena, &text, a + 1 < results->n_axes ? '\t' : '\n',
                            p > 0 ? results->labels[p - 1][a] : NULL, &results->labels[p][a]))
                return false;
        if (results->n_axes == 0 && *text++ != '\n')
            return false;
    }
    return true;
}

/* `digits` of `size` bytes: those up to `end`. */
static bool take_digits(const char **text, char end, char *digits, size_t size) {
    size_t n = strspn(*text, "0123456789abcdef");
    if (n != size - 1 || (*text)[n] != end)
        return false;
    memcpy(digits, *text, n);
    digits[n] = '\0';
    *text += n + 1;
    return true;
}

static bool read_trials(const json_t *trials, struct results *results) {
    const char *text = json_string_value(trials);
    if (text == NULL)
        return false;
    results->n_trials = count_lines(text);
    results->trials = arena_array(&results->arena, results->n_trials, sizeof *results->trials);
    for (size_t t = 0; t < results->n_trials; t++) {
        struct result_trial *trial = &results->trials[t];
        char *end;
        if (*text < '0' || *text > '9')
            return false;
        trial->point = strtoull(text, &end, 10);
        if (*end != ' ' || trial->point >= results->n_points || (t > 0 && trial->point < results->trials[t - 1].point))
            return false;
        trial->seed = strtoll(end + 1, &end, 10);
        if (*end != ' ')
            return false;
        text = end + 1;
        char key[HASH_TEXT_SIZE], id[HASH_SHORT_TEXT_SIZE];
        if (!take_digits(&text, ' ', key, sizeof key) || !take_digits(&text, '\n', id, sizeof id) ||
            !hash128_read(key, &trial->key) || !hash64_read(id, &trial->id))
            return false;
    }
    return true;
}

static void read_rows(const json_t *rows, struct results *results) {
    static const int splits[] = {DATA_TRAIN, DATA_VALIDATION, DATA_TEST};
    const char *text = json_string_value(rows);
    make_rows(results);
    for (size_t p = 0; p < results->n_points && text != NULL; p++) {
        uint64_t numbers[DATA_SPLITS] = {0};
        for (size_t i = 0; i < 3 && *text >= '0' && *text <= '9'; i++) {
            char *end;
            numbers[splits[i]] = strtoull(text, &end, 10);
            text = *end != '\0' ? end + 1 : end;
        }
        results_set_rows(results, p, numbers);
    }
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
        const char *dataset = json_string_value(json_object_get(json, "dataset_axis"));
        results->dataset_axis = dataset != NULL ? arena_copy_text(&results->arena, dataset) : NULL;
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
    if (good) {
        read_rows(json_object_get(json, "rows"), results);
        read_questions(json, results);
    } else {
        results_clear(results);
    }
    return good;
}

void results_point_label(const struct results *results, size_t point, struct text *out) {
    const char *space = "";
    for (size_t a = 0; a < results->n_axes; a++) {
        if (results->labels[point][a] == NULL)
            continue;
        text_printf(out, "%s%s=%s", space, results_axis_name(results, a), results->labels[point][a]);
        space = " ";
    }
}

void results_trial_label(const struct results *results, size_t trial, struct text *out) {
    const struct result_trial *t = &results->trials[trial];
    const struct result_trial *first = &results->trials[0], *last = &results->trials[results->n_trials - 1];
    /* All points have the same seeds, each once. */
    bool seeds = last->seed != first->seed || t->seed != first->seed;
    size_t start = out->length;
    results_point_label(results, t->point, out);
    if (seeds || results->n_axes == 0)
        text_printf(out, "%sseed=%lld", out->length > start ? " " : "", (long long)t->seed);
}

static size_t first_trial(const struct results *results, size_t point) {
    size_t low = 0, high = results->n_trials;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (results->trials[middle].point < point)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void results_point_trials(const struct results *results, size_t point, size_t *first, size_t *end) {
    *first = first_trial(results, point);
    *end = first_trial(results, point + 1);
}

size_t results_trial_at(const struct results *results, size_t point, int64_t seed) {
    size_t first, end;
    results_point_trials(results, point, &first, &end);
    /* Seeds mostly follow on one another. */
    const uint64_t ahead = first < end ? (uint64_t)seed - (uint64_t)results->trials[first].seed : 0;
    if (ahead < end - first && results->trials[first + ahead].seed == seed)
        return first + ahead;
    while (first < end && results->trials[first].seed != seed)
        first++;
    return first < end ? first : SIZE_MAX;
}

const char *results_axis_name(const struct results *results, size_t axis) {
    const char *name = results->axes[axis];
    if (strchr(name, '"') != NULL) /* a quoted segment may hold points */
        return name;
    for (const char *start = name + strlen(name); start > name; start--) {
        if (start[-1] != '.')
            continue;
        size_t matches = 0, n = strlen(start);
        for (size_t a = 0; a < results->n_axes; a++) {
            size_t m = strlen(results->axes[a]);
            const char *end = results->axes[a] + m - (n <= m ? n : 0);
            matches += n <= m && strcmp(end, start) == 0 && (m == n || end[-1] == '.') ? 1 : 0;
        }
        if (matches == 1)
            return start;
    }
    return name;
}

bool results_same_label(const struct results *results, size_t p, size_t q, size_t axis) {
    const char *x = results->labels[p][axis], *y = results->labels[q][axis];
    return x == NULL || y == NULL ? x == y : strcmp(x, y) == 0;
}

bool results_same_but(const struct results *results, size_t p, size_t q, size_t axis) {
    for (size_t a = 0; a < results->n_axes; a++)
        if (a != axis && !results_same_label(results, p, q, a))
            return false;
    return true;
}

size_t results_dataset_axis(const struct results *results) {
    const char *name = results->dataset_axis != NULL ? results->dataset_axis : "dataset";
    for (size_t a = 0; a < results->n_axes; a++)
        for (size_t p = 1; strcmp(results->axes[a], name) == 0 && p < results->n_points; p++)
            if (!results_same_label(results, 0, p, a))
                return a;
    return results->n_axes;
}

size_t *results_problems(const struct results *results, struct arena *arena) {
    size_t axis = results_dataset_axis(results), n = 0,
           *problems = arena_array(arena, results->n_points, sizeof *problems);
    size_t *first = memory_alloc(results->n_points + 1, sizeof *first); /* point of each data set */
    for (size_t p = 0; p < results->n_points && axis < results->n_axes; p++) {
        size_t i = 0;
        while (i < n && !results_same_label(results, p, first[i], axis))
            i++;
        if (i == n)
            first[n++] = p;
        problems[p] = first[i];
    }
    free(first);
    return problems;
}

const char **results_columns(const struct results *results, struct arena *arena, size_t *count) {
    const char **columns = NULL, **seen = NULL;
    size_t n = 0, capacity = 0;
    for (size_t t = 0; t < results->n_trials; t++) {
        const struct record *record = results->trials[t].record;
        if (record == NULL || record->columns == seen) /* brief records share their columns */
            continue;
        seen = record->columns;
        for (size_t c = 0; c < record->n_columns; c++) {
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

const struct record *results_whole(const struct results *results, size_t trial, struct arena *arena) {
    const struct record *record = results->trials[trial].record;
    return record != NULL && record->brief ? journal_whole(results->journal, record, arena) : record;
}

bool results_line(const struct results *results, size_t trial, struct text *line) {
    const struct record *record = results->trials[trial].record;
    if (record != NULL && record->brief)
        return journal_line(results->journal, record, line);
    if (record != NULL)
        record_write(record, line);
    return record != NULL;
}

static void count_trial(const struct record *record, struct results_counts *counts) {
    if (record == NULL)
        counts->missing++;
    else if (record->status == TRIAL_DONE)
        counts->done++;
    else if (record->status == TRIAL_DIVERGED)
        counts->diverged++;
    else if (record->status == TRIAL_FAILED)
        counts->failed++;
    else
        counts->timeout++;
}

struct results_counts results_count(const struct results *results) {
    struct results_counts counts = {0};
    for (size_t t = 0; t < results->n_trials; t++)
        count_trial(results->trials[t].record, &counts);
    return counts;
}

void results_count_point(const struct results *results, size_t point, struct results_counts *counts) {
    size_t first, end;
    results_point_trials(results, point, &first, &end);
    for (size_t t = first; t < end; t++)
        count_trial(results->trials[t].record, counts);
}
