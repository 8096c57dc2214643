/* `runner diff`: two results folders, paired over seeds. */
#include "runner/base/hash_table.h"
#include "runner/cli/commands.h"
#include "runner/cli/csv_file.h"
#include "runner/cli/words.h"
#include "runner/results/statistics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIGNIFICANCE (1 - STATISTICS_LEVEL)

struct side {
    const char *folder;
    struct csv_table trials;
    size_t first_axis, seed; /* columns: axes are those between */
    size_t first_metric;
};

/* One metric at one grid point. */
struct comparison {
    size_t row; /* of the first trial on the first side */
    const char *metric;
    double before, after; /* means of the pairs */
    struct t_test test;
};

/* A trial that has no partner, or that ended otherwise than it. */
struct note {
    int side;
    size_t row;
    const char *what;
};

struct diff {
    struct side sides[2];
    struct arena arena;
    struct note *notes; /* [n_notes] */
    size_t n_notes, notes_capacity;
    size_t *partner; /* [rows of the first side] row on the second; 0: none */
    bool *taken;     /* [rows of the second side] while rows are paired */
    struct comparison *comparisons;
    size_t n, capacity;
    size_t pairs, cells, equal; /* cells: of metrics, in pairs */
    size_t differences;
};

static enum status open_side(struct side *side, const char *folder, struct arena *arena, struct error *error) {
    side->folder = folder;
    enum status status = csv_file_read(folder, "trials.csv", arena, &side->trials, error);
    if (status != STATUS_OK)
        return status;
    ptrdiff_t id = csv_column(&side->trials, "id"), seed = csv_column(&side->trials, "seed"),
              updates = csv_column(&side->trials, "updates");
    if (id < 0 || seed <= id || updates <= seed || csv_column(&side->trials, "status") < 0)
        return error_set(error, STATUS_CONFIG, "%s/trials.csv: not a table of trials", folder);
    side->first_axis = (size_t)id + 1;
    side->seed = (size_t)seed;
    side->first_metric = (size_t)updates + 1;
    return STATUS_OK;
}

static bool same_axes(const struct diff *diff) {
    const struct side *a = &diff->sides[0], *b = &diff->sides[1];
    if (a->first_axis != b->first_axis || a->seed != b->seed)
        return false;
    for (size_t c = a->first_axis; c < a->seed; c++)
        if (strcmp(a->trials.rows[0].fields[c], b->trials.rows[0].fields[c]) != 0)
            return false;
    return true;
}

/* Equal labels and, with `seed`, equal seeds. */
static bool same_place(const struct side *a, size_t row, const struct side *b, size_t other, bool seed) {
    for (size_t c = a->first_axis; c < a->seed + (seed ? 1 : 0); c++)
        if (strcmp(a->trials.rows[row].fields[c], b->trials.rows[other].fields[c]) != 0)
            return false;
    return true;
}

static void add_label(const struct side *side, size_t row, struct text *out) {
    for (size_t c = side->first_axis; c < side->seed; c++)
        if (side->trials.rows[row].fields[c][0] != '\0')
            text_printf(out, "%s%s=%s", out->length > 0 ? " " : "", side->trials.rows[0].fields[c],
                        side->trials.rows[row].fields[c]);
    if (side->first_axis == side->seed)
        text_add(out, "all");
}

static void add_note(struct diff *diff, int side, size_t row, const char *what) {
    if (diff->n_notes == diff->notes_capacity) {
        diff->notes_capacity = diff->notes_capacity == 0 ? 64 : 2 * diff->notes_capacity;
        diff->notes = memory_resize(diff->notes, diff->notes_capacity, sizeof *diff->notes);
    }
    diff->notes[diff->n_notes++] = (struct note){side, row, what};
    diff->differences++;
}

/* Notes from `first` up to `end`, of one grid point and with one text: a line. */
static void add_point(const struct diff *diff, size_t first, size_t end, struct text *out) {
    const struct note *note = &diff->notes[first];
    const struct side *side = &diff->sides[note->side];
    struct text label;
    text_init(&label);
    add_label(side, note->row, &label);
    text_printf(out, "%s %s", label.data, end - first == 1 ? "seed=" : "seeds ");
    for (size_t i = first; i < end; i++)
        text_printf(out, "%s%s", i > first ? ", " : "", side->trials.rows[diff->notes[i].row].fields[side->seed]);
    text_printf(out, ": %s\n", note->what);
    text_clear(&label);
}

/* Behind the last note from `first` on that has its side and its text. */
static size_t alike_until(const struct diff *diff, size_t first) {
    const struct note *note = &diff->notes[first];
    size_t end = first + 1;
    while (end < diff->n_notes && diff->notes[end].side == note->side && strcmp(diff->notes[end].what, note->what) == 0)
        end++;
    return end;
}

/* Of notes with one text, a line for each grid point. */
static void add_points(const struct diff *diff, size_t first, size_t alike, struct text *out) {
    const struct side *side = &diff->sides[diff->notes[first].side];
    for (size_t end; first < alike; first = end) {
        end = first + 1;
        while (end < alike && same_place(side, diff->notes[first].row, side, diff->notes[end].row, false))
            end++;
        add_point(diff, first, end, out);
    }
}

/* A line for each grid point and text; one line for all where each trial of a side has the same, and there are several points. */
static void show_notes(struct diff *diff) {
    struct text out;
    text_init(&out);
    for (size_t first = 0, alike; first < diff->n_notes; first = alike) {
        const struct note *note = &diff->notes[first];
        const struct side *side = &diff->sides[note->side];
        alike = alike_until(diff, first);
        const bool several = !same_place(side, note->row, side, diff->notes[alike - 1].row, false);
        if (several && alike - first == side->trials.count - 1)
            text_printf(&out, "all %zu trials: %s\n", alike - first, note->what);
        else
            add_points(diff, first, alike, &out);
    }
    words_print(&out, stdout);
    text_clear(&out);
}

/* A row of the second side, which finds its partner by what stands under the axes and the seed. */
struct place {
    const struct diff *diff;
    int side;
    size_t row;
};

static bool free_place(const void *item, const void *wanted) {
    const struct place *b = item, *a = wanted;
    const struct side *sides = a->diff->sides;
    return !b->diff->taken[b->row] && same_place(&sides[0], a->row, &sides[1], b->row, true);
}

static uint64_t hash_place(const struct side *side, size_t row) {
    uint64_t hash = 0;
    for (size_t c = side->first_axis; c <= side->seed; c++) {
        const char *field = side->trials.rows[row].fields[c];
        hash = hash_mix(hash, hash_text(field, strlen(field)));
    }
    return hash;
}

static void pair_rows(struct diff *diff) {
    const struct side *a = &diff->sides[0], *b = &diff->sides[1];
    const char *only[] = {arena_printf(&diff->arena, "only in %s", a->folder),
                          arena_printf(&diff->arena, "only in %s", b->folder)};
    bool *taken = diff->taken = memory_alloc(b->trials.count, sizeof *taken);
    diff->partner = memory_alloc(a->trials.count, sizeof *diff->partner);
    struct place *places = memory_alloc(b->trials.count, sizeof *places);
    struct hash_table table = {0};
    for (size_t r = 1; r < b->trials.count; r++) {
        places[r] = (struct place){diff, 1, r};
        hash_table_add(&table, hash_place(b, r), &places[r]);
    }
    for (size_t r = 1; r < a->trials.count; r++) {
        struct place wanted = {diff, 0, r};
        const struct place *found = hash_table_find(&table, hash_place(a, r), free_place, &wanted);
        size_t other = found != NULL ? found->row : 0;
        if (other == 0) {
            add_note(diff, 0, r, only[0]);
            continue;
        }
        diff->partner[r] = other;
        diff->pairs++;
        taken[other] = true;
    }
    hash_table_clear(&table);
    free(places);
    for (size_t r = 1; r < b->trials.count; r++)
        if (!taken[r])
            add_note(diff, 1, r, only[1]);
}

static void compare_endings(struct diff *diff) {
    static const char *const columns[] = {"status", "epochs", "updates"};
    const struct csv_table *a = &diff->sides[0].trials, *b = &diff->sides[1].trials;
    for (size_t r = 1; r < a->count; r++)
        for (size_t c = 0; diff->partner[r] != 0 && c < sizeof columns / sizeof columns[0]; c++) {
            const char *was = csv_file_cell(a, r, columns[c]), *is = csv_file_cell(b, diff->partner[r], columns[c]);
            if (strcmp(was, is) == 0)
                continue;
            add_note(diff, 0, r, arena_printf(&diff->arena, "%s is %s, then %s", columns[c], was, is));
            break;
        }
}

/* All pairs of the grid point in rows from `row` up to `end`. Cells that are no numbers on both sides are none; one-sided ones show in the
   status. */
static void compare_metric(struct diff *diff, size_t row, size_t end, const char *metric) {
    const struct side *a = &diff->sides[0], *b = &diff->sides[1];
    double *differences = memory_alloc(end - row + 1, sizeof *differences);
    struct comparison result = {.row = row, .metric = metric};
    double scale = 0;
    size_t n = 0, unequal = 0;
    for (size_t r = row; r < end; r++) {
        double before, after;
        if (diff->partner[r] == 0)
            continue;
        const char *was = csv_file_cell(&a->trials, r, metric),
                   *is = csv_file_cell(&b->trials, diff->partner[r], metric);
        diff->cells++;
        diff->equal += strcmp(was, is) == 0 ? 1 : 0;
        if (!number_read(was, &before) || !number_read(is, &after) || !isfinite(before) || !isfinite(after))
            continue;
        unequal += before != after ? 1 : 0;
        differences[n++] = after - before;
        result.before += before;
        result.after += after;
        scale = fmax(scale, fmax(fabs(before), fabs(after)));
    }
    if (unequal > 0) {
        result.before /= (double)n;
        result.after /= (double)n;
        statistics_t_test(differences, n, scale, &result.test);
        if (diff->n == diff->capacity) {
            diff->capacity = diff->capacity == 0 ? 64 : 2 * diff->capacity;
            diff->comparisons = memory_resize(diff->comparisons, diff->capacity, sizeof *diff->comparisons);
        }
        diff->comparisons[diff->n++] = result;
    }
    free(differences);
}

static void compare_metrics(struct diff *diff) {
    const struct side *a = &diff->sides[0], *b = &diff->sides[1];
    for (size_t r = 1, end; r < a->trials.count; r = end) {
        /* Trials of a grid point stand together in tables of the program. */
        for (end = r + 1; end < a->trials.count && same_place(a, r, a, end, false);)
            end++;
        for (size_t c = a->first_metric; c < a->trials.rows[0].count; c++)
            if (csv_column(&b->trials, a->trials.rows[0].fields[c]) >= 0)
                compare_metric(diff, r, end, a->trials.rows[0].fields[c]);
    }
}

static void show_comparisons(struct diff *diff) {
    double *p = memory_alloc(diff->n + 1, sizeof *p);
    for (size_t i = 0; i < diff->n; i++)
        p[i] = diff->comparisons[i].test.p;
    statistics_holm(p, diff->n, p);
    struct sheet sheet;
    static const char *const head[] = {"", "metric", "seeds", "before", "after", "difference", "p", ""};
    sheet_init(&sheet, sizeof head / sizeof head[0]);
    for (size_t i = 0; i < sizeof head / sizeof head[0]; i++)
        sheet_add(&sheet, head[i]);
    for (size_t i = 0; i < diff->n; i++) {
        const struct comparison *c = &diff->comparisons[i];
        bool judged = c->test.n >= 2, differs = !judged || p[i] < SIGNIFICANCE;
        char number[WORDS_SIZE], width[WORDS_SIZE];
        struct text cell;
        text_init(&cell);
        add_label(&diff->sides[0], c->row, &cell);
        sheet_add(&sheet, cell.data);
        sheet_add(&sheet, c->metric);
        sheet_add(&sheet, arena_printf(&diff->arena, "%zu", c->test.n));
        sheet_add(&sheet, words_number(c->before, number));
        sheet_add(&sheet, words_number(c->after, number));
        text_reset(&cell);
        text_printf(&cell, "%+.3g", c->after - c->before);
        if (judged)
            text_printf(&cell, " \u00b1 %s", words_number((c->test.high - c->test.low) / 2, width));
        sheet_add(&sheet, cell.data);
        sheet_add(&sheet, judged ? arena_printf(&diff->arena, "%.2g", p[i]) : "");
        sheet_add(&sheet, !judged   ? "differs; one seed does not tell by how much seeds do"
                          : differs ? "differs"
                                    : "within noise");
        text_clear(&cell);
        diff->differences += differs ? 1 : 0;
    }
    if (diff->n > 0) {
        struct text out;
        text_init(&out);
        sheet_write(&sheet, "  ", &out);
        words_print(&out, stdout);
        text_clear(&out);
    }
    sheet_clear(&sheet);
    free(p);
}

/* Whether two estimates are further apart than their intervals explain: half widths of independent ones add in squares. */
static bool beyond_intervals(const struct csv_table *a, size_t row, const struct csv_table *b, size_t other) {
    static const char *const columns[] = {"estimate", "ci95_low", "ci95_high"};
    double was[3], is[3];
    for (size_t i = 0; i < 3; i++)
        if (!number_read(csv_file_cell(a, row, columns[i]), &was[i]) ||
            !number_read(csv_file_cell(b, other, columns[i]), &is[i]))
            return true; /* one of them is not known: nothing explains the other verdict */
    return fabs(is[0] - was[0]) > hypot((was[2] - was[1]) / 2, (is[2] - is[1]) / 2);
}

/* Statements that both folders judge, but for those on times, which are not the same in every run. A verdict that has changed is a
   difference where it has turned over, or where the estimates differ beyond their intervals. */
static void compare_claims(struct diff *diff) {
    struct csv_table a, b;
    struct error error;
    if (csv_file_read(diff->sides[0].folder, "claims.csv", &diff->arena, &a, &error) != STATUS_OK ||
        csv_file_read(diff->sides[1].folder, "claims.csv", &diff->arena, &b, &error) != STATUS_OK)
        return; /* results of an older version */
    for (size_t r = 1; r < a.count; r++) {
        const char *statement = csv_file_cell(&a, r, "statement"), *was = csv_file_cell(&a, r, "verdict");
        size_t other = 1;
        while (other < b.count && strcmp(csv_file_cell(&b, other, "statement"), statement) != 0)
            other++;
        if (other == b.count || strcmp(csv_file_cell(&a, r, "times"), "yes") == 0 ||
            strcmp(csv_file_cell(&b, other, "times"), "yes") == 0)
            continue;
        const char *is = csv_file_cell(&b, other, "verdict");
        if (strcmp(was, is) == 0)
            continue;
        bool turned = strcmp(was, "undecided") != 0 && strcmp(is, "undecided") != 0;
        bool differs = turned || beyond_intervals(&a, r, &b, other);
        struct text line;
        text_init(&line);
        text_printf(&line, "claim %s: %s, then %s: %s\n", statement, was, is, differs ? "differs" : "within noise");
        words_print(&line, stdout);
        text_clear(&line);
        diff->differences += differs ? 1 : 0;
    }
}

static enum status compare(struct diff *diff, const struct options *options, struct error *error) {
    const struct side *a = &diff->sides[0], *b = &diff->sides[1];
    if (!same_axes(diff))
        return error_set(error, STATUS_CONFIG, "%s and %s have other axes: there is nothing to pair", a->folder,
                         b->folder);
    if (a->trials.count <= 1 && b->trials.count <= 1)
        return error_set(
            error, STATUS_CONFIG,
            "neither %s nor %s holds a trial that has ended: there is nothing to pair; run their configs first",
            a->folder, b->folder);
    pair_rows(diff);
    compare_endings(diff);
    show_notes(diff);
    compare_metrics(diff);
    show_comparisons(diff);
    compare_claims(diff);
    if (!options->log.quiet)
        printf("%zu pairs of trials, %zu of %zu metrics equal in all digits, %zu beyond noise\n", diff->pairs,
               diff->equal, diff->cells, diff->differences);
    fflush(stdout);
    if (diff->differences > 0)
        return error_set(error, STATUS_NO, "%s and %s differ: %zu difference%s beyond noise", a->folder, b->folder,
                         diff->differences, diff->differences == 1 ? "" : "s");
    return STATUS_OK;
}

enum status command_diff(const struct options *options, struct error *error) {
    if (options->n_arguments != 1)
        return error_set(error, STATUS_CONFIG, "diff: wanted two results folders");
    struct diff diff = {.pairs = 0};
    arena_init(&diff.arena);
    enum status status = open_side(&diff.sides[0], options->subject, &diff.arena, error);
    if (status == STATUS_OK)
        status = open_side(&diff.sides[1], options->arguments[0], &diff.arena, error);
    if (status == STATUS_OK)
        status = compare(&diff, options, error);
    free(diff.comparisons);
    free(diff.notes);
    free(diff.partner);
    free(diff.taken);
    arena_clear(&diff.arena);
    return status;
}
