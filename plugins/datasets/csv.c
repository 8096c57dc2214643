/*
 * csv: a table of text (RFC 4180 and its dialects). Columns of numbers become inputs, columns of text one-hot inputs, and one
 * column the target: labels, or with `targets` values.
 *
 * All statistics (means for missing values, standardization) are those of the training rows alone. Classes and categories are
 * those of all rows, sorted as numbers where all are numbers, else by their bytes.
 *
 * A table is read in two passes: one that counts rows, and one that keeps the cells that are used, numbers as float64.
 */
#include "csv_cells.h"
#include "csv_params.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_CLASSES 65536
#define MOST_CATEGORIES 4096 /* of an input: more are thought an identifier */

/* ---- The table ---- */

enum role { SKIPPED, NUMBER, CATEGORY, LABEL, VALUE };

/* A cell that is kept: a number, NAN where it is missing; of CATEGORY and LABEL first a text, NULL where it is missing, then the
   number of the category. */
union value {
    double number;
    const char *text;
};

struct column {
    const char *name;
    uint32_t role, kept /* place among the kept columns */, places /* categories */;
    double mean, deviation, fill; /* of the training rows */
};

struct csv {
    const struct csv_config *from;
    struct column *columns, **inputs,
        **outputs; /* [n] as in the file, and those used in the order in which they are used */
    uint32_t n, n_inputs, n_outputs, kept;
    union value *values;                  /* [rows][kept] */
    uint64_t rows, test_start;            /* rows of `test_path` come last */
    uint64_t *examples[2], n_examples[2]; /* rows of a split */
    uint64_t width;                       /* of an input */
};

static union value *value_of(const struct csv *csv, uint64_t row, const struct column *column) {
    return &csv->values[row * csv->kept + column->kept];
}

static int count_cells(struct scanner *scanner, uint32_t *n, struct cell *last) {
    *last = (struct cell){0};
    for (*n = 0; !last->last; ++*n)
        if (next_cell(scanner, last) != RUNNER_OK)
            return RUNNER_FAILED;
    return RUNNER_OK;
}

/* Names of the columns: the header's, or their numbers from 0 as in pandas. Those of a test table must be the same. */
static int read_names(struct csv *csv, struct scanner *scanner, int again) {
    runner_call *call = scanner->call;
    struct scanner ahead = *scanner;
    struct cell cell;
    uint32_t n;
    if (count_cells(&ahead, &n, &cell) != RUNNER_OK)
        return RUNNER_FAILED;
    if (again && n != csv->n)
        return call->host->fail(call, "%s: has %u columns, but %s has %u", scanner->path, n, csv->from->path, csv->n);
    if (!again && (csv->columns = call->host->memory(call, n * sizeof *csv->columns)) == NULL)
        return RUNNER_FAILED;
    csv->n = n;
    for (uint32_t i = 0; i < n && (csv->from->header || !again); i++) {
        char number[16];
        snprintf(number, sizeof number, "%" PRIu32, i);
        if (!csv->from->header)
            cell = (struct cell){.text = number, .length = strlen(number)};
        else if (next_cell(scanner, &cell) != RUNNER_OK)
            return RUNNER_FAILED;
        const char *name = text_of(call, &cell);
        if (name == NULL)
            return RUNNER_FAILED;
        if (again && strcmp(name, csv->columns[i].name) != 0)
            return call->host->fail(call, "%s:%llu:%llu: column %u is '%s', but in %s it is '%s'", scanner->path,
                                    U64(cell.line), column_of(&cell), i, name, csv->from->path, csv->columns[i].name);
        csv->columns[i].name = name;
        for (uint32_t j = 0; j < i && csv->from->header; j++)
            if (strcmp(name, csv->columns[j].name) == 0)
                return call->host->fail(call,
                                        "%s:%llu:%llu: two columns are named '%s'; give `header: false` where the "
                                        "file has no header",
                                        scanner->path, U64(cell.line), column_of(&cell), name);
    }
    return RUNNER_OK;
}

/* ---- What the columns are for ---- */

/* What to do about a table of one column, whose cells are parted by something else. */
static const char *remedy(const struct csv *csv) {
    return csv->n == 1 && strpbrk(csv->columns[0].name, ";\t|") ? "; give `delimiter`, such as ';' or tab" : "";
}

/* A column by its name, or by its number from 0, from the end where negative. */
static struct column *find_column(const struct csv *csv, runner_call *call, const char *name, const char *param) {
    char *end;
    for (uint32_t i = 0; i < csv->n; i++)
        if (strcmp(csv->columns[i].name, name) == 0)
            return &csv->columns[i];
    const long number = strtol(name, &end, 10), place = number < 0 ? number + (long)csv->n : number;
    if (name[0] != '\0' && *end == '\0' && place >= 0 && place < (long)csv->n)
        return &csv->columns[place];
    call->host->fail(call, "%s: has no column '%s', wanted for `%s`; it has %u, the first is '%s'%s", csv->from->path,
                     name, param, csv->n, csv->columns[0].name, remedy(csv));
    return NULL;
}

/* Gives the columns of a list, whose role is `old`, the role `new`. */
static int set_roles(const struct csv *csv, runner_call *call, const runner_texts *names, const char *param,
                     uint32_t old, uint32_t new, struct column **order) {
    for (uint64_t i = 0; i < names->count; i++) {
        struct column *column = find_column(csv, call, names->values[i], param);
        if (column == NULL)
            return RUNNER_FAILED;
        if (column->role != old)
            return call->host->fail(call, "the column '%s' of `%s` %s", column->name, param,
                                    old == NUMBER ? "is no input" : "is named twice, or is the target as well");
        column->role = new;
        if (order != NULL)
            order[i] = column;
    }
    return RUNNER_OK;
}

/* SKIPPED is the role of all columns that none was given to yet. */
static int choose_columns(struct csv *csv, runner_call *call) {
    const struct csv_config *from = csv->from;
    const uint32_t target = from->targets == VALUES || from->label.count > 1 ? VALUE : LABEL;
    csv->inputs = call->host->memory(call, (csv->n + from->features.count) * sizeof(struct column *));
    csv->outputs = call->host->memory(call, (1 + from->label.count) * sizeof(struct column *));
    if (csv->inputs == NULL || csv->outputs == NULL)
        return RUNNER_FAILED;
    csv->n_outputs = from->label.count > 0 ? (uint32_t)from->label.count : 1;
    csv->outputs[0] = &csv->columns[csv->n - 1];
    if (from->label.count == 0)
        csv->outputs[0]->role = target;
    if (set_roles(csv, call, &from->label, "label", SKIPPED, target, csv->outputs) != RUNNER_OK ||
        set_roles(csv, call, &from->features, "features", SKIPPED, NUMBER, csv->inputs) != RUNNER_OK)
        return RUNNER_FAILED;
    uint32_t n = (uint32_t)from->features.count;
    for (uint32_t i = 0; i < csv->n && from->features.count == 0; i++)
        if (csv->columns[i].role == SKIPPED) {
            csv->columns[i].role = NUMBER;
            csv->inputs[n++] = &csv->columns[i];
        }
    if (set_roles(csv, call, &from->drop, "drop", NUMBER, SKIPPED, NULL) != RUNNER_OK ||
        set_roles(csv, call, &from->categorical, "categorical", NUMBER, CATEGORY, NULL) != RUNNER_OK)
        return RUNNER_FAILED;
    for (uint32_t i = 0; i < n; i++)
        if (csv->inputs[i]->role != SKIPPED)
            csv->inputs[csv->n_inputs++] = csv->inputs[i];
    for (uint32_t i = 0; i < csv->n; i++)
        csv->columns[i].kept = csv->columns[i].role == SKIPPED ? 0 : csv->kept++;
    if (csv->n_inputs == 0)
        return call->host->fail(call, "%s: no column is left for the inputs%s", from->path, remedy(csv));
    return RUNNER_OK;
}

/* ---- Rows ---- */

static int count_rows(const struct csv *csv, struct scanner scanner, uint64_t *rows) {
    while (next_row(&scanner)) {
        struct cell first = {.start = scanner.next, .line = scanner.line, .line_start = scanner.line_start}, last;
        uint32_t n;
        if (count_cells(&scanner, &n, &last) != RUNNER_OK)
            return RUNNER_FAILED;
        if (n != csv->n)
            return scanner.call->host->fail(scanner.call,
                                            "%s:%llu:%llu: this row has %u cell%s, wanted %u as in the %s",
                                            scanner.path, U64(first.line), column_of(n > csv->n ? &last : &first), n,
                                            n == 1 ? "" : "s", csv->n, csv->from->header ? "header" : "first row");
        ++*rows;
    }
    return RUNNER_OK;
}

static int refuse(const struct scanner *scanner, const struct cell *cell, const char *column, const char *wanted) {
    return scanner->call->host->fail(scanner->call, "%s:%llu:%llu: column '%s' is '%.*s', wanted %s", scanner->path,
                                     U64(cell->line), column_of(cell), column,
                                     cell->length < 40 ? (int)cell->length : 40, cell->text, wanted);
}

/* The place of a text in a list, or the length of the list. */
static uint64_t class_of(const runner_texts *names, const char *text) {
    uint64_t i = 0;
    while (i < names->count && strcmp(names->values[i], text) != 0)
        i++;
    return i;
}

/* A cell as it is kept; *drop is set where its row is left out. */
static int keep_cell(const struct csv *csv, const struct scanner *scanner, const struct column *column,
                     const struct cell *cell, union value *value, int *drop) {
    const int words = column->role == CATEGORY || column->role == LABEL, target = column->role >= LABEL;
    if (is_missing(&csv->from->na_values, cell)) {
        if (words)
            value->text = NULL;
        else
            value->number = (double)NAN;
        *drop |= csv->from->missing == MISSING_DROP;
        if (*drop || (csv->from->missing != MISSING_ERROR && !target))
            return RUNNER_OK;
        return refuse(scanner, cell, column->name,
                      target ? "a target; `missing: drop` leaves such rows out"
                             : "a value; `missing` says what to do where there is none");
    }
    if (words) {
        const runner_texts *names = &csv->from->class_names;
        value->text = text_of(scanner->call, cell);
        if (value->text == NULL)
            return RUNNER_FAILED;
        if (target && names->count > 0 && class_of(names, value->text) == names->count)
            return refuse(scanner, cell, column->name, "one of `class_names`");
        return RUNNER_OK;
    }
    if (number_of(cell, scanner->decimal, &value->number))
        return RUNNER_OK;
    return refuse(scanner, cell, column->name,
                  target ? "a number" : "a number; name the column in `categorical` where it is text, or in `drop`");
}

static int keep_rows(struct csv *csv, struct scanner scanner) {
    while (next_row(&scanner)) {
        int drop = 0;
        for (uint32_t i = 0; i < csv->n; i++) {
            struct cell cell;
            const struct column *column = &csv->columns[i];
            if (next_cell(&scanner, &cell) != RUNNER_OK ||
                (column->role != SKIPPED &&
                 keep_cell(csv, &scanner, column, &cell, value_of(csv, csv->rows, column), &drop) != RUNNER_OK))
                return RUNNER_FAILED;
        }
        csv->rows += !drop;
    }
    return RUNNER_OK;
}

static int open_table(struct scanner *scanner, runner_call *call, const struct csv_config *from, const char *path) {
    return scanner_init(scanner, call, path, from->delimiter, from->decimal, from->skiprows);
}

static int read_tables(struct csv *csv, runner_call *call) {
    const struct csv_config *from = csv->from;
    struct scanner train, test;
    uint64_t rows = 0;
    if (open_table(&train, call, from, from->path) != RUNNER_OK || read_names(csv, &train, 0) != RUNNER_OK ||
        choose_columns(csv, call) != RUNNER_OK || count_rows(csv, train, &rows) != RUNNER_OK)
        return RUNNER_FAILED;
    if (from->test_path != NULL &&
        (open_table(&test, call, from, from->test_path) != RUNNER_OK || read_names(csv, &test, 1) != RUNNER_OK ||
         count_rows(csv, test, &rows) != RUNNER_OK))
        return RUNNER_FAILED;
    csv->values = call->host->memory(call, (rows * csv->kept + 1) * sizeof *csv->values);
    if (csv->values == NULL || keep_rows(csv, train) != RUNNER_OK)
        return RUNNER_FAILED;
    csv->test_start = csv->rows;
    if (csv->rows == 0)
        return call->host->fail(call, "%s: has no rows%s", from->path,
                                rows > 0 && from->missing == MISSING_DROP ? " without missing values" : "");
    return from->test_path == NULL ? RUNNER_OK : keep_rows(csv, test);
}

/* ---- Categories and classes ---- */

static double number_in(const char *text, char decimal) {
    const struct cell cell = {.text = text, .length = strlen(text)};
    double number;
    return number_of(&cell, decimal, &number) ? number : (double)NAN;
}

/* A text of a column, and where it stands. */
struct word {
    const char *text;
    double number;
    union value *value;
};

static int by_number(const void *a, const void *b) {
    const struct word *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number ? 1 : strcmp(x->text, y->text);
}

static int by_text(const void *a, const void *b) {
    return strcmp(((const struct word *)a)->text, ((const struct word *)b)->text);
}

/* The texts of a column that are there; *numbers: all are numbers, *fractions: some are not whole. */
static struct word *words_of(const struct csv *csv, runner_call *call, const struct column *column, uint64_t *n,
                             int *numbers, int *fractions) {
    struct word *words = call->host->memory(call, (csv->rows + 1) * sizeof *words);
    *n = 0;
    *numbers = 1;
    *fractions = 0;
    for (uint64_t row = 0; words != NULL && row < csv->rows; row++) {
        union value *value = value_of(csv, row, column);
        if (value->text == NULL)
            continue;
        const double number = number_in(value->text, csv->from->decimal[0]);
        *numbers &= !isnan(number);
        *fractions |= number != floor(number);
        words[(*n)++] = (struct word){value->text, number, value};
    }
    return words;
}

/* Texts become their places in the sorted order, from 0; "1" and "1.0" have the same. Missing ones become NAN. */
static void number_words(const struct csv *csv, struct column *column, struct word *words, uint64_t n, int numbers) {
    for (uint64_t row = 0; row < csv->rows; row++)
        if (value_of(csv, row, column)->text == NULL)
            value_of(csv, row, column)->number = (double)NAN;
    if (n > 0)
        qsort(words, n, sizeof *words, numbers ? by_number : by_text);
    column->places = 0;
    for (uint64_t i = 0; i < n; i++) {
        column->places += i == 0 || (numbers ? words[i].number != words[i - 1].number
                                             : strcmp(words[i].text, words[i - 1].text) != 0);
        words[i].value->number = column->places - 1;
    }
}

static void name_words(const struct csv *csv, struct column *column, struct word *words, uint64_t n) {
    column->places = (uint32_t)csv->from->class_names.count;
    for (uint64_t i = 0; i < n; i++)
        words[i].value->number = (double)class_of(&csv->from->class_names, words[i].text);
}

static int decide_target(struct csv *csv, runner_call *call, struct column *column) {
    const struct csv_config *from = csv->from;
    uint64_t n;
    int numbers, fractions;
    struct word *words = words_of(csv, call, column, &n, &numbers, &fractions);
    if (words == NULL)
        return RUNNER_FAILED;
    if (from->class_names.count > 0) {
        name_words(csv, column, words, n);
        return RUNNER_OK;
    }
    if (from->targets == AUTO && numbers && fractions) {
        column->role = VALUE;
        for (uint64_t i = 0; i < n; i++)
            words[i].value->number = words[i].number;
        return RUNNER_OK;
    }
    number_words(csv, column, words, n, numbers);
    return column->places <= MOST_CLASSES
               ? RUNNER_OK
               : call->host->fail(call,
                                  "%s: column '%s' has %u classes, wanted at most %d; give `targets: values` where "
                                  "it holds values",
                                  from->path, column->name, column->places, MOST_CLASSES);
}

static int decide_words(struct csv *csv, runner_call *call, runner_dataset *dataset) {
    for (uint32_t i = 0; i < csv->n_inputs; i++) {
        struct column *column = csv->inputs[i];
        uint64_t n;
        int numbers, fractions;
        if (column->role != CATEGORY)
            continue;
        struct word *words = words_of(csv, call, column, &n, &numbers, &fractions);
        if (words == NULL)
            return RUNNER_FAILED;
        number_words(csv, column, words, n, numbers);
        if (column->places > MOST_CATEGORIES || column->places == 0)
            return call->host->fail(call, "%s: column '%s' has %u categories, wanted 1 to %d; name it in `drop`",
                                    csv->from->path, column->name, column->places, MOST_CATEGORIES);
    }
    struct column *target = csv->outputs[0];
    if (target->role == VALUE && csv->from->targets == LABELS)
        return call->host->fail(call, "`label` names %u columns, wanted one for `targets: labels`", csv->n_outputs);
    if (target->role == LABEL && decide_target(csv, call, target) != RUNNER_OK)
        return RUNNER_FAILED;
    dataset->classes = target->role == LABEL ? target->places : 0;
    dataset->target = (runner_shape){csv->n_outputs > 1, {csv->n_outputs}};
    return RUNNER_OK;
}

/* ---- Training and test rows ---- */

static int test_count(const struct csv *csv, runner_call *call, uint64_t *count) {
    const double wanted = isnan(csv->from->test) ? 0.2 : csv->from->test, rows = (double)csv->rows;
    const double taken = wanted < 1 ? floor(wanted * rows + 0.5) : wanted;
    if (taken != floor(taken))
        return call->host->fail(call, "`test` is %g, wanted a share below 1 or a whole number of rows", wanted);
    if (taken >= rows)
        return call->host->fail(call, "`test` takes %.0f of %.0f rows of %s and leaves none to train on", taken, rows,
                                csv->from->path);
    *count = (uint64_t)taken;
    return RUNNER_OK;
}

/* Rows of the one file go into the test split, each class in its share, drawn with the data set's seed: Knuth, The Art of
   Computer Programming 2, 3.4.2, algorithm S, for each class. */
static int draw_test(struct csv *csv, runner_call *call, uint32_t classes) {
    struct share {
        uint64_t members, taken;
    } *shares = call->host->memory(call, (classes + 1) * sizeof *shares);
    uint64_t count = 0, before = 0;
    if (shares == NULL || test_count(csv, call, &count) != RUNNER_OK)
        return RUNNER_FAILED;
    for (uint64_t row = 0; row < csv->rows; row++)
        shares[classes > 0 ? (uint32_t)value_of(csv, row, csv->outputs[0])->number : 0].members++;
    for (uint32_t c = 0; c <= classes; c++) { /* the rounded shares of the classes up to c add up to `count` */
        const double size = (double)csv->rows, up_to = (double)(before + shares[c].members);
        shares[c].taken =
            (uint64_t)((double)count * up_to / size + 0.5) - (uint64_t)((double)count * (double)before / size + 0.5);
        before += shares[c].members;
    }
    for (uint64_t row = 0; row < csv->rows; row++) {
        struct share *share = &shares[classes > 0 ? (uint32_t)value_of(csv, row, csv->outputs[0])->number : 0];
        uint32_t bits;
        call->host->bits(call, row, 0, 1, &bits);
        const int split = ((uint64_t)bits * share->members-- >> 32) < share->taken;
        share->taken -= (uint64_t)split;
        csv->examples[split][csv->n_examples[split]++] = row;
    }
    return RUNNER_OK;
}

static int split_rows(struct csv *csv, runner_call *call, uint32_t classes) {
    for (int split = 0; split < 2; split++)
        if ((csv->examples[split] = call->host->memory(call, csv->rows * sizeof *csv->examples[split])) == NULL)
            return RUNNER_FAILED;
    if (csv->from->test_path == NULL) {
        if (draw_test(csv, call, classes) != RUNNER_OK)
            return RUNNER_FAILED;
    } else {
        const double wanted = csv->from->test;
        for (uint64_t row = 0; row < csv->rows; row++)
            csv->examples[row >= csv->test_start][csv->n_examples[row >= csv->test_start]++] = row;
        if (!isnan(wanted) && (wanted != floor(wanted) || wanted > (double)csv->n_examples[RUNNER_TEST]))
            return call->host->fail(call, "`test` is %g, wanted at most the %llu rows of `test_path`", wanted,
                                    U64(csv->n_examples[RUNNER_TEST]));
        if (!isnan(wanted))
            csv->n_examples[RUNNER_TEST] = (uint64_t)wanted;
    }
    if (csv->from->train != INT64_MIN && (uint64_t)csv->from->train > csv->n_examples[RUNNER_TRAIN])
        return call->host->fail(call, "`train` asks for %" PRId64 " rows, but there are %llu", csv->from->train,
                                U64(csv->n_examples[RUNNER_TRAIN]));
    if (csv->from->train != INT64_MIN)
        csv->n_examples[RUNNER_TRAIN] = (uint64_t)csv->from->train;
    return RUNNER_OK;
}

/* ---- Statistics of the training rows ---- */

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Of equally frequent values the smallest. */
static double most_frequent(const double *sorted, uint64_t n) {
    uint64_t best = 0, most = 0;
    for (uint64_t first = 0, i = 0; i < n; i++) {
        first = sorted[i] == sorted[first] ? first : i;
        if (i - first + 1 > most) {
            most = i - first + 1;
            best = i;
        }
    }
    return sorted[best];
}

/* What stands for missing values. Of categories it is the most frequent, or with `constant` none. */
static int fit_fill(const struct csv *csv, runner_call *call, struct column *column) {
    const uint64_t rows = csv->n_examples[RUNNER_TRAIN];
    uint64_t n = 0;
    double sum = 0, *values = call->host->memory(call, (rows + 1) * sizeof *values);
    column->fill = column->role == CATEGORY ? (double)NAN : csv->from->fill_value;
    if (values == NULL || csv->from->missing <= MISSING_DROP || csv->from->missing == MISSING_CONSTANT)
        return values == NULL ? RUNNER_FAILED : RUNNER_OK;
    for (uint64_t i = 0; i < rows; i++) {
        const double value = value_of(csv, csv->examples[RUNNER_TRAIN][i], column)->number;
        if (!isnan(value))
            sum += values[n++] = value;
    }
    if (n == 0)
        return call->host->fail(call, "%s: column '%s' is missing in all training rows", csv->from->path, column->name);
    qsort(values, n, sizeof *values, by_value);
    if (column->role == CATEGORY || csv->from->missing == MISSING_FREQUENT)
        column->fill = most_frequent(values, n);
    else
        column->fill =
            csv->from->missing == MISSING_MEAN ? sum / (double)n : 0.5 * (values[(n - 1) / 2] + values[n / 2]);
    return RUNNER_OK;
}

static double number_at(const struct csv *csv, uint64_t row, const struct column *column) {
    const double number = value_of(csv, row, column)->number;
    return isnan(number) ? column->fill : number;
}

/* As scikit-learn's StandardScaler: the deviation divides by n, and a column that does not vary but by rounding is not scaled. */
static void fit_scale(const struct csv *csv, struct column *column) {
    const uint64_t n = csv->n_examples[RUNNER_TRAIN], *rows = csv->examples[RUNNER_TRAIN];
    double sum = 0, squares = 0;
    column->deviation = 1;
    if (!csv->from->standardize || column->role != NUMBER)
        return;
    for (uint64_t i = 0; i < n; i++)
        sum += number_at(csv, rows[i], column);
    column->mean = sum / (double)n;
    for (uint64_t i = 0; i < n; i++) {
        const double distance = number_at(csv, rows[i], column) - column->mean;
        squares += distance * distance;
    }
    const double variance = squares / (double)n, rounding = (double)n * column->mean * DBL_EPSILON;
    if (variance > (double)n * DBL_EPSILON * variance + rounding * rounding)
        column->deviation = sqrt(variance);
}

static int fit(struct csv *csv, runner_call *call, runner_dataset *dataset) {
    const runner_ints *shape = &csv->from->shape;
    uint64_t elements = 1;
    for (uint32_t i = 0; i < csv->n_inputs; i++) {
        struct column *column = csv->inputs[i];
        if (fit_fill(csv, call, column) != RUNNER_OK)
            return RUNNER_FAILED;
        fit_scale(csv, column);
        csv->width += column->role == CATEGORY ? column->places : 1;
    }
    dataset->input = (runner_shape){1, {(uint32_t)csv->width}};
    if (shape->count == 0)
        return RUNNER_OK;
    dataset->input.rank = shape->count <= RUNNER_MAX_RANK ? (uint32_t)shape->count : 0;
    for (uint32_t i = 0; i < dataset->input.rank; i++) {
        dataset->input.size[i] = (uint32_t)shape->values[i];
        elements = elements > UINT32_MAX ? elements : elements * (uint64_t)shape->values[i];
    }
    return dataset->input.rank > 0 && elements == csv->width
               ? RUNNER_OK
               : call->host->fail(call,
                                  "`shape` does not fit, wanted at most %d dimensions whose product is %llu, the "
                                  "number of inputs",
                                  RUNNER_MAX_RANK, U64(csv->width));
}

static int csv_open(const void *config, runner_call *call, uint64_t seed, runner_dataset *dataset) {
    (void)seed; /* keys host->bits() */
    struct csv *csv = call->host->memory(call, sizeof *csv);
    if (csv == NULL)
        return RUNNER_FAILED;
    csv->from = config;
    if (read_tables(csv, call) != RUNNER_OK || decide_words(csv, call, dataset) != RUNNER_OK ||
        split_rows(csv, call, dataset->classes) != RUNNER_OK || fit(csv, call, dataset) != RUNNER_OK)
        return RUNNER_FAILED;
    dataset->rows[RUNNER_TRAIN] = csv->n_examples[RUNNER_TRAIN];
    dataset->rows[RUNNER_TEST] = csv->n_examples[RUNNER_TEST];
    dataset->element = RUNNER_F32;
    dataset->scale = (float)csv->from->scale;
    dataset->state = csv;
    return RUNNER_OK;
}

static int csv_read(const runner_dataset *dataset, runner_call *call, runner_split split, const uint64_t *examples,
                    uint64_t n, void *inputs, void *targets) {
    (void)call;
    const struct csv *csv = dataset->state;
    float *x = inputs, *y = targets;
    memset(inputs, 0, n * csv->width * sizeof *x);
    for (uint64_t i = 0; i < n; i++) {
        const uint64_t row = csv->examples[split][examples[i]];
        for (uint32_t k = 0; k < csv->n_inputs; k++) {
            const struct column *column = csv->inputs[k];
            const double number = number_at(csv, row, column);
            if (column->role == NUMBER)
                *x++ = (float)((number - column->mean) / column->deviation);
            else if (!isnan(number))
                x[(uint32_t)number] = 1;
            x += column->role == CATEGORY ? column->places : 0;
        }
        for (uint32_t k = 0; k < csv->n_outputs && dataset->classes == 0; k++)
            *y++ = (float)value_of(csv, row, csv->outputs[k])->number;
        if (dataset->classes > 0)
            ((int32_t *)targets)[i] = (int32_t)value_of(csv, row, csv->outputs[0])->number;
    }
    return RUNNER_OK;
}

static const runner_dataset_ops csv_ops = {.size = sizeof csv_ops, .open = csv_open, .read = csv_read};

static const runner_component components[] = {
    {RUNNER_DATASET, sizeof(struct csv_config), "csv", "a table of text (CSV)", csv_params, RUNNER_COUNT(csv_params), 0,
     &csv_ops},
};

RUNNER_PLUGIN(components, "1.0.0")
