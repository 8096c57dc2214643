#include "runner/cli/table_view.h"

#include "runner/cli/formats.h"
#include "runner/cli/words.h"
#include "runner/results/column.h"
#include "runner/results/view.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What is shown of a quantity. */
enum figure { N, MEAN, SD, SE, CI, MEDIAN, MIN, MAX, SAMPLING, REACHED, SHOWN_FIGURES, SUMMARY = SHOWN_FIGURES };

static const char *const FIGURES[] = {"n", "mean", "sd", "se", "ci", "median", "min", "max", "sampling_se", "reached"};

struct item {
    struct quantity quantity;
    enum figure figure;
    const char *head;
};

struct layout {
    const struct results *results;
    const struct table_request *request;
    struct view view;
    struct item *items;
    size_t n_items, capacity;
    size_t n_quantities;
    bool pivot;
    bool seeds; /* there are several */
    struct arena *arena;
};

/* ---- What is shown ----------------------------------------------------------------------------------------------- */

static bool starts(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_count(const struct quantity *quantity) {
    return quantity->target != NULL ? quantity->kind != QUANTITY_SECONDS
                                    : strcmp(quantity->name, "epochs") == 0 || strcmp(quantity->name, "updates") == 0 ||
                                          strcmp(quantity->name, "best_epoch") == 0;
}

static bool is_seconds(const struct quantity *quantity) {
    return quantity->target != NULL ? quantity->kind == QUANTITY_SECONDS
                                    : column_is_time(quantity->name) && strstr(quantity->name, "second") != NULL &&
                                          strcmp(quantity->name, "updates_per_second") != 0;
}

static bool has_sampling_error(const struct quantity *quantity) {
    const char *name = starts(quantity->name, "best_") ? quantity->name + 5 : quantity->name;
    return quantity->target == NULL && column_is_share(name) && (starts(name, "test_") || starts(name, "val_"));
}

/* Whether this figure is known of such a quantity at all. */
static bool applies(const struct quantity *quantity, enum figure figure) {
    if (figure == SAMPLING)
        return has_sampling_error(quantity);
    if (quantity->target != NULL)
        return figure == N || figure == MEDIAN || figure == REACHED || figure == SUMMARY;
    return figure != REACHED;
}

static void add_item(struct layout *layout, const struct quantity *quantity, enum figure figure, const char *head) {
    if (layout->n_items == layout->capacity) {
        struct item *larger = arena_array(layout->arena, 2 * layout->capacity + 16, sizeof *larger);
        if (layout->n_items > 0)
            memcpy(larger, layout->items, layout->n_items * sizeof *larger);
        layout->capacity = 2 * layout->capacity + 16;
        layout->items = larger;
    }
    layout->items[layout->n_items++] = (struct item){*quantity, figure, head};
}

static const char *figure_head(const struct layout *layout, const struct quantity *quantity, enum figure figure) {
    if (figure == SUMMARY)
        return quantity->name;
    if (figure == SAMPLING)
        return "sampling se";
    return arena_printf(layout->arena, "%s %s", quantity->name, figure == CI ? "95 % interval" : FIGURES[figure]);
}

/* Reads --show into `shown`, or leaves it all false. */
static enum status read_show(const char *show, bool shown[SHOWN_FIGURES], struct arena *arena, struct error *error) {
    for (const char *word = show; word != NULL;) {
        size_t length = strcspn(word, ","), f = 0;
        const char *name = arena_copy_bytes(arena, word, length);
        while (f < SHOWN_FIGURES && strcmp(FIGURES[f], name) != 0)
            f++;
        if (f == SHOWN_FIGURES) {
            const char *nearest = text_nearest(name, FIGURES, SHOWN_FIGURES);
            if (nearest != NULL)
                return error_set(error, STATUS_CONFIG, "--show: unknown figure '%.40s'; did you mean '%s'?", name,
                                 nearest);
            return error_set(error, STATUS_CONFIG,
                             "--show: unknown figure '%.40s'; there are n, mean, sd, se, ci, median, min, max, "
                             "sampling_se and reached",
                             name);
        }
        shown[f] = true;
        word = word[length] == ',' ? word + length + 1 : NULL;
    }
    return STATUS_OK;
}

/* Older journals do not have them. */
static bool rows_are_known(const struct results *results) {
    for (size_t p = 0; p < results->n_points && results->rows != NULL; p++)
        if (results->rows[p][DATA_TEST] > 0 || results->rows[p][DATA_VALIDATION] > 0)
            return true;
    return false;
}

static void add_quantity(struct layout *layout, const struct quantity *quantity, const bool shown[SHOWN_FIGURES]) {
    bool csv = layout->request->format == TABLE_CSV, any = layout->request->show != NULL;
    layout->n_quantities++;
    if (!csv && !any)
        add_item(layout, quantity, SUMMARY, quantity->name);
    for (enum figure f = 0; f < SHOWN_FIGURES; f++)
        if (applies(quantity, f) && (any ? shown[f] : csv || (f == SAMPLING && rows_are_known(layout->results))))
            add_item(layout, quantity, f, figure_head(layout, quantity, f));
}

/* The metrics of the test rows, else of the validation rows, else of training, before the loss. */
static size_t default_columns(const char *const *columns, size_t n, const char **chosen) {
    static const char *const splits[] = {"test_", "val_", "train_"};
    size_t count = 0;
    for (size_t s = 0; count == 0 && s < 3; s++) {
        for (int loss = 0; loss < 2; loss++)
            for (size_t c = 0; c < n; c++)
                if (starts(columns[c], splits[s]) && !starts(columns[c], "train_eval_") &&
                    (strcmp(columns[c] + strlen(splits[s]), "loss") == 0) == (loss == 1))
                    chosen[count++] = columns[c];
    }
    return count;
}

static void add_defaults(struct layout *layout, const bool shown[SHOWN_FIGURES]) {
    size_t n;
    const char **columns = results_columns(layout->results, layout->arena, &n);
    const char *main = column_main(columns, n), **chosen = arena_array(layout->arena, n, sizeof *chosen);
    size_t n_chosen = default_columns(columns, n, chosen);
    for (size_t c = 0; c < n_chosen; c++)
        if (!layout->pivot || chosen[c] == main)
            add_quantity(layout, &(struct quantity){.name = chosen[c]}, shown);
    if (layout->pivot)
        return;
    struct quantity updates = {.name = "updates"}, seconds = {.name = "epoch_seconds"};
    if (layout->request->show == NULL && layout->request->format != TABLE_CSV) {
        add_item(layout, &updates, MEAN, "updates");
        add_item(layout, &seconds, MEDIAN, "s/epoch");
        layout->n_quantities += 2;
    } else {
        add_quantity(layout, &updates, shown);
        add_quantity(layout, &seconds, shown);
    }
}

static enum status choose_items(struct layout *layout, struct error *error) {
    bool shown[SHOWN_FIGURES] = {false};
    enum status status = read_show(layout->request->show, shown, layout->arena, error);
    if (status != STATUS_OK)
        return status;
    if (layout->request->metric == NULL) {
        add_defaults(layout, shown);
        return STATUS_OK;
    }
    for (const char *word = layout->request->metric; word != NULL;) {
        size_t length = strcspn(word, ",");
        struct quantity quantity;
        status = quantity_find(layout->results, arena_copy_bytes(layout->arena, word, length), layout->arena, &quantity,
                               error);
        if (status != STATUS_OK)
            return status;
        add_quantity(layout, &quantity, shown);
        word = word[length] == ',' ? word + length + 1 : NULL;
    }
    return STATUS_OK;
}

/* ---- Cells ------------------------------------------------------------------------------------------------------- */

static const char *number_text(const struct quantity *quantity, double number, char out[WORDS_SIZE]) {
    if (isnan(number))
        return "nan";
    if (isfinite(number) && is_count(quantity))
        snprintf(out, WORDS_SIZE, "%.*f", number == floor(number) ? 0 : 1, number);
    else if (isfinite(number) && is_seconds(quantity))
        words_seconds(number, out);
    else if (strcmp(quantity->name, "peak_memory_bytes") == 0)
        words_bytes(number, out);
    else
        words_number(number, out);
    return out;
}

/* Of a spread beside `like`, the text of a mean. */
static const char *spread_text(const struct quantity *quantity, double number, const char *like, char out[WORDS_SIZE]) {
    bool decimals = strchr(like, '.') != NULL && strchr(like, 'e') == NULL && strchr(like, ' ') == NULL;
    if (isnan(number))
        return "nan";
    return decimals ? words_number_like(number, like, out) : number_text(quantity, number, out);
}

static void summary_text(const struct layout *layout, const struct quantity *quantity, const struct figures *f,
                         struct text *out) {
    const struct point_metric *m = &f->metric;
    char mean[WORDS_SIZE], half[WORDS_SIZE];
    if (quantity->target != NULL) {
        if (m->n > 0)
            text_printf(out, "%s (%zu of %zu)", number_text(quantity, m->median, mean), f->reached, m->n);
        return;
    }
    if (!m->has_mean)
        return;
    const char *text = number_text(quantity, m->mean, mean);
    text_add(out, text);
    if (!isnan(m->mean) && m->has_sd)
        text_printf(out, " \u00b1 %s", spread_text(quantity, (m->high - m->low) / 2, text, half));
    if (!isnan(m->mean) && layout->seeds)
        text_printf(out, " (%zu)", m->n);
}

static double figure_value(enum figure figure, const struct figures *f) {
    const struct point_metric *m = &f->metric;
    const double values[] = {(double)m->n, m->mean, m->sd,  m->error,          m->low,
                             m->median,    m->min,  m->max, m->sampling_error, (double)f->reached};
    return values[figure];
}

/* Whether there is something to say; "nan" is, of diverged trials. */
static bool is_known(const struct quantity *quantity, enum figure figure, const struct figures *f) {
    if (figure == N || (figure == REACHED && f->metric.n > 0))
        return true;
    if (quantity->target != NULL)
        return figure == MEDIAN && f->metric.n > 0;
    if (figure == SAMPLING)
        return !isnan(f->metric.sampling_error);
    return figure == SD || figure == SE || figure == CI ? f->metric.has_sd : f->metric.has_mean;
}

static void figure_text(const struct layout *layout, const struct item *item, const struct figures *f,
                        struct text *out) {
    char buffer[WORDS_SIZE], other[WORDS_SIZE];
    const struct quantity *quantity = &item->quantity;
    if (item->figure == SUMMARY) {
        summary_text(layout, quantity, f, out);
        return;
    }
    if (!is_known(quantity, item->figure, f))
        return;
    double value = figure_value(item->figure, f);
    bool count = item->figure == N || item->figure == REACHED;
    if (item->figure == CI)
        text_printf(out, "[%s, %s]", number_text(quantity, value, buffer),
                    number_text(quantity, f->metric.high, other));
    else if (count)
        text_printf(out, "%.0f", value);
    else
        text_add(out, number_text(quantity, value, buffer));
}

/* "1 of 5 diverged, 2 of 5 missing"; "" where all is well. */
static const char *notes(const struct view_group *group, struct arena *arena) {
    const struct results_counts *c = &group->counts;
    const size_t counts[] = {c->diverged, c->failed + c->timeout, c->missing};
    static const char *const names[] = {"diverged", "failed", "missing"};
    size_t all = c->done + c->diverged + c->failed + c->timeout + c->missing;
    const char *text = "";
    for (size_t i = 0; i < 3; i++)
        if (counts[i] > 0)
            text = arena_printf(arena, "%s%s%zu of %zu %s", text, *text != '\0' ? ", " : "", counts[i], all, names[i]);
    return text;
}

static bool is_numeric(const struct view *view, size_t axis) {
    bool numbers = true;
    for (size_t g = 0; g < view->n_groups; g++) {
        double number;
        const char *label = view->groups[g].labels[axis];
        numbers = numbers && (label == NULL || strcmp(label, "full") == 0 || number_read(label, &number));
    }
    return numbers;
}

static void add_cells(const struct layout *layout, const struct view_group *group, const struct item *items, size_t n,
                      bool noted, struct sheet *sheet) {
    struct text cell;
    text_init(&cell);
    for (size_t i = 0; i < n; i++) {
        text_reset(&cell);
        if (group != NULL) {
            struct figures figures;
            view_measure(&layout->view, group, &items[i].quantity, &figures);
            figure_text(layout, &items[i], &figures, &cell);
            const char *note = noted && i == 0 ? notes(group, layout->arena) : "";
            if (*note != '\0')
                text_printf(&cell, "%s%s", cell.length > 0 ? ", " : "", note);
        }
        sheet_add(sheet, cell.data);
    }
    text_clear(&cell);
}

/* ---- Sheets ------------------------------------------------------------------------------------------------------ */

static void write_sheet(const struct layout *layout, const struct sheet *sheet, struct text *out) {
    if (layout->request->format == TABLE_MARKDOWN)
        sheet_write_markdown(sheet, out);
    else if (layout->request->format == TABLE_LATEX)
        sheet_write_latex(sheet, out);
    else
        sheet_write(sheet, "  ", out);
}

static void write_list(const struct layout *layout, struct text *out) {
    const struct view *view = &layout->view;
    struct sheet sheet;
    bool noted = false;
    for (size_t g = 0; g < view->n_groups; g++)
        noted = noted || *notes(&view->groups[g], layout->arena) != '\0';
    sheet_init(&sheet, view->n_axes + layout->n_items + (noted ? 1 : 0));
    for (size_t a = 0; a < view->n_axes; a++) {
        if (is_numeric(view, a))
            sheet_right(&sheet, a);
        sheet_add(&sheet, results_axis_name(layout->results, view->axes[a]));
    }
    for (size_t i = 0; i < layout->n_items; i++) {
        sheet_right(&sheet, view->n_axes + i);
        sheet_add(&sheet, layout->items[i].head);
    }
    if (noted)
        sheet_add(&sheet, "");
    for (size_t g = 0; g < view->n_groups; g++) {
        const struct view_group *group = &view->groups[g];
        for (size_t a = 0; a < view->n_axes; a++)
            sheet_add(&sheet, group->labels[a] != NULL ? group->labels[a] : "");
        add_cells(layout, group, layout->items, layout->n_items, false, &sheet);
        if (noted)
            sheet_add(&sheet, notes(group, layout->arena));
    }
    write_sheet(layout, &sheet, out);
    sheet_clear(&sheet);
}

/* The first axis down, the second across; of one quantity. */
static void write_pivot(const struct layout *layout, const struct item *items, size_t n, struct text *out) {
    const struct view *view = &layout->view;
    size_t n_rows, n_across;
    const char **rows = view_labels(view, 0, layout->arena, &n_rows);
    const char **across = view_labels(view, 1, layout->arena, &n_across);
    const char *name = results_axis_name(layout->results, view->axes[1]);
    struct sheet sheet;
    sheet_init(&sheet, 1 + n_across * n);
    if (is_numeric(view, 0))
        sheet_right(&sheet, 0);
    sheet_add(&sheet, results_axis_name(layout->results, view->axes[0]));
    for (size_t c = 0; c < n_across; c++)
        for (size_t i = 0; i < n; i++) {
            const char *what = items[i].figure == CI ? "95 % interval"
                               : items[i].figure == SAMPLING || items[i].figure == SUMMARY
                                   ? (i == 0 ? "" : items[i].head)
                                   : FIGURES[items[i].figure];
            const char *label = i == 0 ? arena_printf(layout->arena, "%s=%s ", name, across[c]) : "";
            char *head = arena_printf(layout->arena, "%s%s", label, what);
            if (*what == '\0')
                head[strlen(head) - 1] = '\0';
            sheet_right(&sheet, 1 + c * n + i);
            sheet_add(&sheet, head);
        }
    for (size_t r = 0; r < n_rows; r++) {
        sheet_add(&sheet, rows[r]);
        for (size_t c = 0; c < n_across; c++)
            add_cells(layout, view_find(view, (const char *const[]){rows[r], across[c]}), items, n, true, &sheet);
    }
    write_sheet(layout, &sheet, out);
    sheet_clear(&sheet);
}

/* One line whatever names hold: LaTeX would take a second one for more than a comment. */
static void title_line(const struct layout *layout, const char *text, struct text *out) {
    char *line = arena_copy_text(layout->arena, text);
    text_tame(line, strlen(line), "");
    if (layout->request->format == TABLE_MARKDOWN) {
        markdown_text(line, out);
        text_add(out, "\n\n"); /* a paragraph each */
        return;
    }
    text_printf(out, "%s%s\n", layout->request->format == TABLE_LATEX ? "% " : "", line);
}

static const char *axis_names(const struct layout *layout, const size_t *axes, size_t n) {
    const char *list = "";
    for (size_t i = 0; i < n; i++)
        list = arena_printf(layout->arena, "%s%s%s", list,
                            i == 0       ? ""
                            : i + 1 == n ? " and "
                                         : ", ",
                            results_axis_name(layout->results, axes[i]));
    return list;
}

static bool any_item(const struct layout *layout, bool (*is)(const struct item *item)) {
    for (size_t i = 0; i < layout->n_items; i++)
        if (is(&layout->items[i]))
            return true;
    return false;
}

static bool is_summary(const struct item *item) {
    return item->figure == SUMMARY && item->quantity.target == NULL;
}

static bool is_target(const struct item *item) {
    return item->quantity.target != NULL;
}

static bool is_sampling(const struct item *item) {
    return item->figure == SAMPLING;
}

static bool is_epoch_seconds(const struct item *item) {
    return strcmp(item->head, "s/epoch") == 0;
}

static void write_title(const struct layout *layout, struct text *out) {
    const struct results *results = layout->results;
    const struct view *view = &layout->view;
    struct arena *arena = layout->arena;
    bool medians = any_item(layout, is_epoch_seconds);
    title_line(layout,
               arena_printf(arena, "%s: %zu trial%s%s%s", results->name, results->n_trials,
                            results->n_trials == 1 ? "" : "s",
                            layout->seeds && any_item(layout, is_summary)
                                ? "; mean \u00b1 half of the 95 % interval (number of seeds)"
                                : "",
                            layout->seeds && medians ? "; s/epoch: median" : ""),
               out);
    if (view->where[0] != '\0')
        title_line(layout, arena_printf(arena, "only where %s", view->where), out);
    if (view->n_averaged > 0)
        title_line(layout,
                   arena_printf(arena, "averaged over %s for each seed; n, spread and interval are over the seeds",
                                axis_names(layout, view->averaged, view->n_averaged)),
                   out);
    if (any_item(layout, is_target))
        title_line(layout,
                   "to a target: median of the trials (those that reached it); one that did not counts as infinite",
                   out);
    if (any_item(layout, is_sampling))
        title_line(layout, "sampling se: standard error that the finite number of rows leaves in an accuracy", out);
    if (layout->request->format == TABLE_LATEX)
        title_line(layout, "\\usepackage{booktabs}", out);
    if (layout->request->format != TABLE_MARKDOWN)
        text_add(out, "\n");
}

/* ---- CSV --------------------------------------------------------------------------------------------------------- */

static void csv_figure(struct csv *csv, const struct layout *layout, const struct view_group *group,
                       const struct item *item) {
    struct figures figures = {0};
    bool known = group != NULL;
    if (known)
        view_measure(&layout->view, group, &item->quantity, &figures);
    known = known && is_known(&item->quantity, item->figure, &figures);
    const double values[] = {figure_value(item->figure, &figures), figures.metric.high};
    for (size_t i = 0; i < (item->figure == CI ? 2 : 1); i++) {
        if (!known)
            csv_empty(csv);
        else
            csv_number(csv, values[i]);
    }
}

static void csv_head(struct csv *csv, const struct layout *layout, const char *prefix) {
    static const char *const counts[] = {"n_trials", "n_diverged", "n_failed", "n_missing"};
    for (size_t i = 0; i < 4; i++)
        csv_text(csv, arena_printf(layout->arena, "%s%s", prefix, counts[i]));
    for (size_t i = 0; i < layout->n_items; i++) {
        const struct item *item = &layout->items[i];
        const char *figure = item->figure == CI ? "ci95_low" : FIGURES[item->figure];
        csv_text(csv, arena_printf(layout->arena, "%s%s_%s", prefix, item->quantity.name, figure));
        if (item->figure == CI)
            csv_text(csv, arena_printf(layout->arena, "%s%s_ci95_high", prefix, item->quantity.name));
    }
}

static void csv_cells(struct csv *csv, const struct layout *layout, const struct view_group *group) {
    if (group == NULL) {
        for (size_t i = 0; i < 4; i++)
            csv_empty(csv);
    } else {
        const struct results_counts *c = &group->counts;
        csv_uint(csv, c->done + c->diverged + c->failed + c->timeout + c->missing);
        csv_uint(csv, c->diverged);
        csv_uint(csv, c->failed + c->timeout);
        csv_uint(csv, c->missing);
    }
    for (size_t i = 0; i < layout->n_items; i++)
        csv_figure(csv, layout, group, &layout->items[i]);
}

/* What the title says elsewhere stands in columns. */
static void csv_conditions(struct csv *csv, const struct layout *layout, bool head) {
    const struct view *view = &layout->view;
    if (view->where[0] != '\0')
        csv_text(csv, head ? "where" : view->where);
    if (view->n_averaged > 0)
        csv_text(csv, head ? "averaged_over" : axis_names(layout, view->averaged, view->n_averaged));
}

static void write_csv(const struct layout *layout, struct text *out) {
    const struct view *view = &layout->view;
    struct csv csv;
    csv_init(&csv, out);
    size_t n_rows = view->n_groups, n_across = 1;
    const char **rows = NULL, **across = NULL;
    if (layout->pivot) {
        rows = view_labels(view, 0, layout->arena, &n_rows);
        across = view_labels(view, 1, layout->arena, &n_across);
    }
    for (size_t a = 0; a < (layout->pivot ? 1 : view->n_axes); a++)
        csv_text(&csv, layout->results->axes[view->axes[a]]);
    csv_conditions(&csv, layout, true);
    for (size_t c = 0; c < n_across; c++)
        csv_head(&csv, layout,
                 layout->pivot ? arena_printf(layout->arena, "%s=%s ",
                                              results_axis_name(layout->results, view->axes[1]), across[c])
                               : "");
    csv_end_row(&csv);
    for (size_t r = 0; r < n_rows; r++) {
        const struct view_group *group = layout->pivot ? NULL : &view->groups[r];
        for (size_t a = 0; a < (layout->pivot ? 1 : view->n_axes); a++)
            csv_text(&csv, layout->pivot ? rows[r] : group->labels[a] != NULL ? group->labels[a] : "");
        csv_conditions(&csv, layout, false);
        for (size_t c = 0; c < n_across; c++)
            csv_cells(&csv, layout, layout->pivot ? view_find(view, (const char *const[]){rows[r], across[c]}) : group);
        csv_end_row(&csv);
    }
}

static void write_table(const struct layout *layout, struct text *out) {
    if (layout->request->format == TABLE_CSV) {
        write_csv(layout, out);
        return;
    }
    write_title(layout, out);
    if (!layout->pivot) {
        write_list(layout, out);
        return;
    }
    for (size_t i = 0, end; i < layout->n_items; i = end) {
        for (end = i + 1;
             end < layout->n_items && strcmp(layout->items[end].quantity.name, layout->items[i].quantity.name) == 0;)
            end++;
        if (i > 0)
            text_add(out, "\n");
        title_line(layout, arena_printf(layout->arena, "%s:", layout->items[i].quantity.name), out);
        write_pivot(layout, &layout->items[i], end - i, out);
    }
}

enum status table_view(const struct results *results, const struct table_request *request, struct text *out,
                       struct error *error) {
    struct arena arena;
    arena_init(&arena);
    struct layout layout = {.results = results, .request = request, .arena = &arena};
    enum status status = view_make(results, request->by, request->where, &layout.view, error);
    if (status == STATUS_OK) {
        layout.pivot = request->by != NULL && layout.view.n_axes == 2 && !request->long_form;
        for (size_t t = 1; t < results->n_trials; t++)
            layout.seeds = layout.seeds || results->trials[t].seed != results->trials[0].seed;
        status = choose_items(&layout, error);
    }
    if (status == STATUS_OK && layout.n_items == 0 && request->show != NULL)
        status = error_set(error, STATUS_CONFIG, "--show %s: no metric of the table has that", request->show);
    if (status == STATUS_OK)
        write_table(&layout, out);
    view_clear(&layout.view);
    arena_clear(&arena);
    return status;
}
