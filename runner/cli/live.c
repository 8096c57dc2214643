#include "runner/cli/live.h"

#include "runner/cli/words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAR_WIDTH 24
#define SPARKLINE_LEAST 5
#define SPARKLINE_MOST 24
#define GRID_ROWS 4

#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define RED "\033[31m"
#define MAGENTA "\033[35m"
#define DIM "\033[2m"
#define PLAIN "\033[0m"

void terminal_read(struct terminal *terminal, const char *lc_all, const char *lc_ctype, const char *lang,
                   const char *no_color) {
    const char *locale = lc_all != NULL && lc_all[0] != '\0'       ? lc_all
                         : lc_ctype != NULL && lc_ctype[0] != '\0' ? lc_ctype
                         : lang != NULL                            ? lang
                                                                   : "";
    terminal->unicode = strcasestr(locale, "utf-8") != NULL || strcasestr(locale, "utf8") != NULL;
    terminal->colour = no_color == NULL || no_color[0] == '\0';
}

bool terminal_is_live(void) {
    const char *name = getenv("TERM");
    return isatty(STDERR_FILENO) == 1 && (name == NULL || strcmp(name, "dumb") != 0);
}

void terminal_measure(struct terminal *terminal) {
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
        terminal->columns = size.ws_col;
        terminal->rows = size.ws_row;
    }
}

void live_bar(double share, size_t width, struct text *out) {
    size_t full = share > 0 ? (size_t)((share < 1 ? share : 1) * (double)width) : 0;
    text_add_char(out, '[');
    for (size_t i = 0; i < width; i++)
        text_add_char(out, i < full ? '#' : '.');
    text_add_char(out, ']');
}

const char *live_metric(const struct record *record, double *value) {
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

double live_share(const struct plan *plan, const struct slot *slot) {
    uint64_t epochs = plan->points[plan->results.trials[slot->trial].point].facts->epochs;
    double behind = epochs > 0 && slot->epoch > 1 ? (double)(slot->epoch - 1) / (double)epochs : 0;
    double share = behind > slot->share ? behind : slot->share;
    return share < 1 ? share : 1;
}

/* Values of a column over the epochs, as far as they are known; without the untrained network's, beside which all others look alike. */
static size_t history(const struct record *record, const char *column, double *values) {
    const size_t c = record_column(record, column);
    size_t n = 0;
    for (size_t r = record->n_rows > 2 ? 1 : 0; r < record->n_rows && c < record->n_columns; r++)
        if (record->rows[r].known[c])
            values[n++] = record->rows[r].values[c];
    return n;
}

static void pad(struct text *out, size_t n) {
    for (size_t i = 0; i < n; i++)
        text_add_char(out, ' ');
}

/* Adds a part where it fits, two spaces before it; returns the columns that are left. */
static size_t add_part(const char *part, size_t room, struct text *out) {
    size_t width = words_width(part) + 2;
    if (width > room)
        return room;
    text_add(out, "  ");
    words_cut(part, width - 2, out);
    return room - width;
}

/* The most important part first, since a narrow terminal shows only those. */
static void draw_trial(const struct live *live, const struct slot *slot, size_t label_width, struct text *out) {
    char number[WORDS_SIZE], part[2 * WORDS_SIZE + 64];
    size_t room = live->terminal.columns - 1;
    struct text label;
    text_init(&label);
    results_trial_label(&live->plan->results, slot->trial, &label);
    label_width = label_width < room ? label_width : room;
    size_t width = words_cut(label.data, label_width, out);
    text_clear(&label);
    pad(out, label_width - width);
    room -= label_width;
    snprintf(part, sizeof part, "%3.0f%%", 100 * live_share(live->plan, slot));
    room = add_part(part, room, out);
    double value;
    const char *metric = live_metric(slot->record, &value);
    if (metric != NULL) {
        snprintf(part, sizeof part, "%.60s %s", metric, words_number(value, number));
        size_t left = add_part(part, room, out);
        if (left < room && left >= SPARKLINE_LEAST + 1) {
            double *values = memory_alloc(slot->record->n_rows + 1, sizeof *values);
            size_t n = history(slot->record, metric, values),
                   most = left - 1 < SPARKLINE_MOST ? left - 1 : SPARKLINE_MOST;
            text_add_char(out, ' ');
            words_sparkline(values, n, most, live->terminal.unicode, out);
            left -= 1 + (n < most ? n : most);
            free(values);
        }
        room = left;
    }
    uint64_t epochs = live->plan->points[live->plan->results.trials[slot->trial].point].facts->epochs;
    snprintf(part, sizeof part, "epoch %llu/%llu", (unsigned long long)(slot->epoch < epochs ? slot->epoch : epochs),
             (unsigned long long)epochs);
    room = epochs > 0 ? add_part(part, room, out) : room;
    if (!isnan(slot->loss)) {
        snprintf(part, sizeof part, "loss %s", words_number(slot->loss, number));
        add_part(part, room, out);
    }
    text_add_char(out, '\n');
}

enum cell { CELL_LEFT, CELL_RUNNING, CELL_DONE, CELL_DIVERGED, CELL_FAILED };

struct grid_cell {
    enum cell cell;
    double share; /* of a running one */
};

static void read_cells(const struct live *live, struct grid_cell *cells) {
    const struct results *results = &live->plan->results;
    for (size_t t = 0; t < results->n_trials; t++) {
        const struct record *record = results->trials[t].record;
        cells[t] = (struct grid_cell){record == NULL                     ? CELL_LEFT
                                      : record->status == TRIAL_DONE     ? CELL_DONE
                                      : record->status == TRIAL_DIVERGED ? CELL_DIVERGED
                                                                         : CELL_FAILED,
                                      0};
    }
    for (size_t i = 0; i < live->n_slots; i++)
        if (live->slots[i].trial != NO_TRIAL)
            cells[live->slots[i].trial] = (struct grid_cell){CELL_RUNNING, live_share(live->plan, &live->slots[i])};
}

/* Several trials in one cell: what went wrong shows before what runs, and that before what is finished. */
static struct grid_cell join_cells(const struct grid_cell *cells, size_t n) {
    struct grid_cell joint = cells[0];
    bool all_ended = true, some_ended = false;
    for (size_t i = 0; i < n; i++) {
        bool ended = cells[i].cell >= CELL_DONE;
        all_ended = all_ended && ended;
        some_ended = some_ended || ended;
        if (cells[i].cell == CELL_FAILED || (cells[i].cell == CELL_DIVERGED && joint.cell != CELL_FAILED))
            joint = cells[i];
    }
    if (joint.cell < CELL_DIVERGED && n > 1) {
        joint.cell = all_ended ? CELL_DONE : CELL_LEFT;
        for (size_t i = 0; i < n && !all_ended; i++)
            if (cells[i].cell == CELL_RUNNING || some_ended)
                joint = (struct grid_cell){CELL_RUNNING, 0.5};
    }
    return joint;
}

static void draw_cell(const struct terminal *terminal, struct grid_cell cell, enum cell *colour, struct text *out) {
    static const char *const colours[] = {DIM, YELLOW, GREEN, MAGENTA, RED};
    static const char *const letters[] = {".", "o", "#", "~", "x"}, *const blocks[] = {"\u00b7", "", "\u2588", "~",
                                                                                       "x"};
    static const char *const shades[] = {"\u2591", "\u2592", "\u2593"};
    if (terminal->colour && *colour != cell.cell)
        text_printf(out, PLAIN "%s", colours[cell.cell]);
    *colour = cell.cell;
    if (!terminal->unicode)
        text_add(out, letters[cell.cell]);
    else if (cell.cell == CELL_RUNNING)
        text_add(out, shades[cell.share < 1.0 / 3 ? 0 : cell.share < 2.0 / 3 ? 1 : 2]);
    else
        text_add(out, blocks[cell.cell]);
}

/* In grid order, the trials of a point side by side, a gap between points where there is room for it. */
static void draw_grid(const struct live *live, struct text *out) {
    const struct results *results = &live->plan->results;
    const struct terminal *terminal = &live->terminal;
    size_t n = results->n_trials, seeds = results->n_points > 0 ? n / results->n_points : 1,
           width = terminal->columns - 1;
    if (n < 2 || seeds == 0)
        return;
    struct grid_cell *cells = memory_alloc(n, sizeof *cells);
    read_cells(live, cells);
    bool gaps = seeds > 1 && seeds < width && seeds * results->n_points == n &&
                results->n_points <= GRID_ROWS * (width / (seeds + 1));
    size_t together = gaps ? 1 : (n + GRID_ROWS * width - 1) / (GRID_ROWS * width), column = 0;
    enum cell colour = (enum cell) - 1;
    for (size_t t = 0; t < n; t += together) {
        bool opens = gaps && t % seeds == 0;
        if (column > 0 && (opens ? column + 1 + seeds > width : column == width)) {
            text_add_char(out, '\n');
            column = 0;
        }
        if (opens && column > 0) {
            text_add_char(out, ' ');
            column++;
        }
        draw_cell(terminal, join_cells(&cells[t], t + together <= n ? together : n - t), &colour, out);
        column++;
    }
    if (terminal->colour)
        text_add(out, PLAIN);
    text_add_char(out, '\n');
    free(cells);
}

static void draw_totals(const struct live *live, size_t running, struct text *out) {
    char left[WORDS_SIZE], part[2 * WORDS_SIZE];
    size_t room = live->terminal.columns - 1, failed = 0, diverged = 0;
    const struct results *results = &live->plan->results;
    for (size_t t = 0; t < results->n_trials; t++) {
        const struct record *record = results->trials[t].record;
        diverged += record != NULL && record->status == TRIAL_DIVERGED ? 1 : 0;
        failed += record != NULL && record->status != TRIAL_DONE && record->status != TRIAL_DIVERGED ? 1 : 0;
    }
    if (room >= BAR_WIDTH + 40) {
        live_bar(live->share, BAR_WIDTH, out);
        text_add_char(out, ' ');
        room -= BAR_WIDTH + 3;
    }
    struct text line;
    text_init(&line);
    text_printf(&line, "%zu/%zu trials", live->ended, live->trials);
    if (!isnan(live->left)) {
        snprintf(part, sizeof part, ", %s left", words_clock(live->left, left));
        text_add(&line, part);
    }
    if (failed > 0)
        text_printf(&line, ", %zu failed", failed);
    if (diverged > 0)
        text_printf(&line, ", %zu diverged", diverged);
    text_printf(&line, ", %zu running", running);
    words_cut(line.data, room, out);
    text_add_char(out, '\n');
    text_clear(&line);
}

void live_draw(const struct live *live, struct text *out) {
    struct text label;
    text_init(&label);
    size_t width = 0, running = 0, drawn = 0;
    size_t most = live->terminal.rows > GRID_ROWS + 4 ? live->terminal.rows - GRID_ROWS - 3 : 1;
    for (size_t i = 0; i < live->n_slots; i++) {
        if (live->slots[i].trial == NO_TRIAL)
            continue;
        running++;
        text_reset(&label);
        results_trial_label(&live->plan->results, live->slots[i].trial, &label);
        size_t one = words_width(label.data);
        width = one > width ? one : width;
    }
    /* Half of the line at most, so that long names leave room for what changes. */
    size_t half = live->terminal.columns / 2;
    for (size_t i = 0; i < live->n_slots && drawn < most; i++) {
        if (live->slots[i].trial == NO_TRIAL)
            continue;
        draw_trial(live, &live->slots[i], width < half ? width : half, out);
        drawn++;
    }
    if (live->terminal.rows > GRID_ROWS + 2)
        draw_grid(live, out);
    draw_totals(live, running, out);
    text_clear(&label);
}

size_t live_width(const char *line, size_t length) {
    struct text plain;
    text_init(&plain);
    for (size_t i = 0; i < length; i++) {
        if (line[i] == '\033')
            while (i < length && line[i] != 'm')
                i++;
        else
            text_add_char(&plain, line[i]);
    }
    size_t width = words_width(plain.data);
    text_clear(&plain);
    return width;
}
