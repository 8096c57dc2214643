#include "runner/cli/words.h"

#include "runner/base/arena.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

char *words_number(double number, char out[WORDS_SIZE]) {
    double size = fabs(number);
    if (isnan(number))
        snprintf(out, WORDS_SIZE, "nan");
    else if (isinf(number))
        snprintf(out, WORDS_SIZE, number > 0 ? "inf" : "-inf");
    else if (size == 0 || (size >= 0.001 && size < 1000))
        snprintf(out, WORDS_SIZE, "%.4f", number);
    else if (size >= 1000 && size < 1e6)
        snprintf(out, WORDS_SIZE, "%.1f", number);
    else
        snprintf(out, WORDS_SIZE, "%.2e", number);
    return out;
}

char *words_number_like(double number, const char *like, char out[WORDS_SIZE]) {
    const char *point = strchr(like, '.');
    if (point == NULL || strchr(like, 'e') != NULL || !isfinite(number) || fabs(number) >= 1e9)
        return words_number(number, out);
    snprintf(out, WORDS_SIZE, "%.*f", (int)strlen(point + 1), number);
    return out;
}

char *words_clock(double seconds, char out[WORDS_SIZE]) {
    if (!(seconds >= 0) || seconds > 1e9) {
        snprintf(out, WORDS_SIZE, "?");
        return out;
    }
    long all = (long)(seconds + 0.5);
    if (all >= 3600)
        snprintf(out, WORDS_SIZE, "%ld:%02ld:%02ld", all / 3600, all / 60 % 60, all % 60);
    else
        snprintf(out, WORDS_SIZE, "%ld:%02ld", all / 60, all % 60);
    return out;
}

char *words_seconds(double seconds, char out[WORDS_SIZE]) {
    if (isnan(seconds))
        out[0] = '\0';
    else
        snprintf(out, WORDS_SIZE, "%.*f", seconds >= 100 ? 0 : seconds >= 1 ? 2 : 4, seconds);
    return out;
}

char *words_bytes(double bytes, char out[WORDS_SIZE]) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    for (; bytes >= 1024 && unit + 1 < sizeof units / sizeof units[0]; unit++)
        bytes /= 1024;
    snprintf(out, WORDS_SIZE, "%.*f %s", unit == 0 || bytes >= 100 ? 0 : 1, bytes, units[unit]);
    return out;
}

char *words_shape(const runner_shape *shape, char out[WORDS_SIZE]) {
    size_t at = 0;
    snprintf(out, WORDS_SIZE, "1");
    for (uint32_t i = 0; i < shape->rank && i < RUNNER_MAX_RANK && at < WORDS_SIZE; i++)
        at += (size_t)snprintf(out + at, WORDS_SIZE - at, "%s%u", i > 0 ? " x " : "", shape->size[i]);
    return out;
}

size_t words_width(const char *text) {
    size_t width = 0;
    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xC0) != 0x80 ? 1 : 0;
    return width;
}

void sheet_init(struct sheet *sheet, size_t columns) {
    *sheet = (struct sheet){.columns = columns};
    sheet->right = memory_alloc(columns + 1, sizeof *sheet->right);
}

void sheet_clear(struct sheet *sheet) {
    for (size_t i = 0; i < sheet->count; i++)
        free(sheet->cells[i]);
    free(sheet->cells);
    free(sheet->right);
    *sheet = (struct sheet){0};
}

void sheet_add(struct sheet *sheet, const char *cell) {
    if (sheet->count == sheet->capacity) {
        sheet->capacity = sheet->capacity == 0 ? 64 : 2 * sheet->capacity;
        sheet->cells = memory_resize(sheet->cells, sheet->capacity, sizeof *sheet->cells);
    }
    char *copy = memory_copy_text(cell);
    for (char *c = copy; *c != '\0'; c++)
        if ((unsigned char)*c < 32 || *c == 127)
            *c = '?';
    sheet->cells[sheet->count++] = copy;
}

void sheet_right(struct sheet *sheet, size_t column) {
    sheet->right[column] = true;
}

static void pad(struct text *out, size_t n) {
    for (size_t i = 0; i < n; i++)
        text_add_char(out, ' ');
}

void sheet_write(const struct sheet *sheet, const char *indent, struct text *out) {
    size_t *widths = memory_alloc(sheet->columns + 1, sizeof *widths);
    for (size_t i = 0; i < sheet->count; i++) {
        size_t width = words_width(sheet->cells[i]), column = i % sheet->columns;
        widths[column] = width > widths[column] ? width : widths[column];
    }
    for (size_t i = 0; i < sheet->count; i++) {
        size_t column = i % sheet->columns, rest = widths[column] - words_width(sheet->cells[i]);
        text_add(out, column == 0 ? indent : "  ");
        if (sheet->right[column])
            pad(out, rest);
        text_add(out, sheet->cells[i]);
        if (!sheet->right[column] && column + 1 < sheet->columns)
            pad(out, rest);
        if (column + 1 == sheet->columns) {
            while (out->length > 0 && out->data[out->length - 1] == ' ')
                out->data[--out->length] = '\0';
            text_add_char(out, '\n');
        }
    }
    free(widths);
}
