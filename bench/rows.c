#include "bench/rows.h"

#include "bench/serve.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *copied(const char *text) {
    char *copy = strdup(text != NULL ? text : "");
    if (copy == NULL)
        die("no memory");
    return copy;
}

struct row *rows_add(struct rows *rows, struct row row) {
    if (rows->count == rows->capacity) {
        rows->capacity = rows->capacity > 0 ? 2 * rows->capacity : 64;
        rows->items = realloc(rows->items, rows->capacity * sizeof *rows->items);
        if (rows->items == NULL)
            die("no memory");
    }
    row.group = copied(row.group);
    row.what = copied(row.what);
    row.optimizer = copied(row.optimizer);
    row.arrangement = copied(row.arrangement);
    row.peer = copied(row.peer);
    rows->items[rows->count] = row;
    return &rows->items[rows->count++];
}

/* Whether the word stands in the text by itself. */
static bool has_word(const char *text, const char *word) {
    for (const char *at = text; (at = strstr(at, word)) != NULL; at++)
        if ((at == text || !isalnum((unsigned char)at[-1])) && !isalnum((unsigned char)at[strlen(word)]))
            return true;
    return false;
}

void row_bound(struct row *row, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(row->bound, sizeof row->bound, format, arguments);
    va_end(arguments);
    if (has_word(row->bound, "nan") || has_word(row->bound, "inf"))
        row->bound[0] = '\0';
}

static const struct summary *judged(const struct row *row) {
    return row->peer[0] != '\0' ? &row->ratio : &row->value;
}

const char *row_verdict(const struct row *row) {
    if (row->goal == 0)
        return "";
    const struct summary *found = judged(row);
    if (found->n == 0)
        return "not measured";
    return (row->at_most ? found->median <= row->goal : found->median >= row->goal) ? "pass" : "short";
}

static void write_summary(FILE *file, const struct summary *summary) {
    if (summary->n > 0)
        fprintf(file, "%.6g,%.6g,%.6g,%zu,", summary->median, summary->low, summary->high, summary->n);
    else
        fputs(",,,0,", file);
}

bool rows_write_csv(const struct rows *rows, const char *path) {
    FILE *file = fopen(path, "w");
    if (file == NULL)
        return false;
    fputs("group,what,batch,optimizer,arrangement,median,low,high,measurements,peer,ratio,ratio_low,ratio_high,ratios,"
          "goal,verdict,bound\n",
          file);
    for (size_t i = 0; i < rows->count; i++) {
        const struct row *row = &rows->items[i];
        fprintf(file, "%s,\"%s\",", row->group, row->what);
        if (row->batch > 0)
            fprintf(file, "%d", row->batch);
        fprintf(file, ",%s,%s,", row->optimizer, row->arrangement);
        write_summary(file, &row->value);
        fprintf(file, "%s,", row->peer);
        write_summary(file, &row->ratio);
        if (row->goal != 0)
            fprintf(file, "%s %g", row->at_most ? "<=" : ">=", row->goal);
        fprintf(file, ",%s,\"%s\"\n", row_verdict(row), row->bound);
    }
    return fclose(file) == 0;
}

size_t rows_print_goals(const struct rows *rows) {
    size_t missed = 0, goals = 0;
    printf("%-34s %6s %-9s %-22s %9s %17s %8s  %s\n", "goal", "batch", "optimizer", "against", "measured",
           "(quartiles)", "wanted", "");
    for (size_t i = 0; i < rows->count; i++) {
        const struct row *row = &rows->items[i];
        const char *verdict = row_verdict(row);
        if (verdict[0] == '\0')
            continue;
        char batch[16] = "", measured[16] = "-", range[40] = "", wanted[24];
        const struct summary *found = judged(row);
        if (row->batch > 0)
            snprintf(batch, sizeof batch, "%d", row->batch);
        if (found->n > 0) {
            snprintf(measured, sizeof measured, "%.3g", found->median);
            snprintf(range, sizeof range, "(%.3g - %.3g)", found->low, found->high);
        }
        snprintf(wanted, sizeof wanted, "%s %g", row->at_most ? "<=" : ">=", row->goal);
        printf("%-34s %6s %-9s %-22s %9s %17s %8s  %s\n", row->what, batch, row->optimizer,
               row->peer[0] != '\0' ? row->peer : row->arrangement, measured, range, wanted, verdict);
        goals++;
        const bool missing = strcmp(verdict, "pass") != 0;
        missed += missing;
        if ((missing || row->conditional) && row->bound[0] != '\0' && found->n > 0)
            printf("    bound: %s\n", row->bound);
    }
    printf("%zu goals, %zu not reached or not measured\n", goals, missed);
    return missed;
}

void rows_print_ratios(const struct rows *rows, const char *group) {
    bool headed = false;
    for (size_t i = 0; i < rows->count; i++) {
        const struct row *row = &rows->items[i];
        if (strcmp(row->group, group) != 0 || row->goal != 0 || row->ratio.n == 0)
            continue;
        if (!headed)
            printf("%-42s %-28s %9s  %s\n", group, "", "measured", "share of the bound (quartiles)");
        headed = true;
        printf("%-42s %-28s %9.3g  %.2f (%.2f - %.2f)\n", row->what, row->arrangement, row->value.median,
               row->ratio.median, row->ratio.low, row->ratio.high);
    }
}

void rows_clear(struct rows *rows) {
    for (size_t i = 0; i < rows->count; i++) {
        free((char *)rows->items[i].group);
        free((char *)rows->items[i].what);
        free((char *)rows->items[i].optimizer);
        free((char *)rows->items[i].arrangement);
        free((char *)rows->items[i].peer);
    }
    free(rows->items);
    *rows = (struct rows){0};
}
