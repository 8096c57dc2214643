#include "runner/cli/words.h"

#include "runner/base/arena.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

char *words_shape(const runner_shape *shape, char out[WORDS_SIZE]) {
    size_t at = 0;
    snprintf(out, WORDS_SIZE, "1");
    for (uint32_t i = 0; i < shape->rank && i < RUNNER_MAX_RANK && at < WORDS_SIZE; i++)
        at += (size_t)snprintf(out + at, WORDS_SIZE - at, "%s%u", i > 0 ? " x " : "", shape->size[i]);
    return out;
}

/* After the classes W, F and Mn of Unicode's EastAsianWidth.txt and UnicodeData.txt, in blocks. */
static size_t width_of(uint32_t point) {
    static const uint32_t none[][2] = {{0x300, 0x36F}, {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}};
    static const uint32_t wide[][2] = {{0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0xA4CF},   {0xAC00, 0xD7A3},
                                       {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},
                                       {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1FAFF}, {0x20000, 0x3FFFD}};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        if (point >= none[i][0] && point <= none[i][1])
            return 0;
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++)
        if (point >= wide[i][0] && point <= wide[i][1])
            return 2;
    return 1;
}

/* The character at `text` as it is printed: its bytes and columns. What steers a terminal is a "?". */
static size_t next_character(const char *text, size_t *width, bool *shown) {
    uint32_t code = 0;
    size_t length = text_utf8(text, 4, &code);
    *shown = length > 0 && !text_is_control(code);
    *width = *shown ? width_of(code) : 1;
    return length > 0 ? length : 1;
}

size_t words_width(const char *text) {
    size_t all = 0, width;
    bool shown;
    for (; *text != '\0'; all += width)
        text += next_character(text, &width, &shown);
    return all;
}

size_t words_cut(const char *text, size_t columns, struct text *out) {
    size_t all = words_width(text), room = all <= columns ? all : columns > 0 ? columns - 1 : 0;
    size_t at = 0, width, bytes;
    for (bool shown; *text != '\0' && at + (bytes = next_character(text, &width, &shown), width) <= room;
         text += bytes) {
        text_add_bytes(out, shown ? text : "?", shown ? bytes : 1);
        at += width;
    }
    if (all > columns && columns > 0) {
        text_add_char(out, '~');
        at++;
    }
    return at;
}

void words_print(struct text *out, FILE *stream) {
    fwrite(out->data, 1, text_tame(out->data, out->length, "\n"), stream);
    text_reset(out);
}

void words_sparkline(const double *values, size_t n, size_t width, bool unicode, struct text *out) {
    static const char *const blocks[] = {"\u2581", "\u2582", "\u2583", "\u2584",
                                         "\u2585", "\u2586", "\u2587", "\u2588"};
    static const char *const marks[] = {"_", "_", ".", "-", "=", "+", "*", "#"};
    double low = (double)INFINITY, high = -(double)INFINITY;
    for (size_t i = 0; i < n; i++) {
        low = isfinite(values[i]) && values[i] < low ? values[i] : low;
        high = isfinite(values[i]) && values[i] > high ? values[i] : high;
    }
    size_t cells = n < width ? n : width;
    for (size_t c = 0; c < cells; c++) {
        double sum = 0;
        size_t count = 0;
        for (size_t i = c * n / cells; i < (c + 1) * n / cells; i++) {
            sum += isfinite(values[i]) ? values[i] : 0;
            count += isfinite(values[i]) ? 1 : 0;
        }
        double share = high > low ? (sum / (double)count - low) / (high - low) : 0.5;
        size_t level = share >= 1 ? 7 : share > 0 ? (size_t)(8 * share) : 0;
        text_add(out, count == 0 ? " " : unicode ? blocks[level] : marks[level]);
    }
}

void sheet_init(struct sheet *sheet, size_t columns) {
    *sheet = (struct sheet){.columns = columns};
    text_init(&sheet->cells);
    sheet->right = memory_alloc(columns + 1, sizeof *sheet->right);
}

void sheet_clear(struct sheet *sheet) {
    text_clear(&sheet->cells);
    free(sheet->right);
    *sheet = (struct sheet){0};
}

void sheet_add(struct sheet *sheet, const char *cell) {
    size_t start = sheet->cells.length;
    text_add(&sheet->cells, cell);
    sheet->cells.length = start + text_tame(sheet->cells.data + start, sheet->cells.length - start, "");
    text_add_char(&sheet->cells, '\0');
    sheet->count++;
}

const char *sheet_first(const struct sheet *sheet) {
    return sheet->cells.data;
}

const char *sheet_next(const char *cell) {
    return cell + strlen(cell) + 1;
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
    const char *cell = sheet_first(sheet);
    for (size_t i = 0; i < sheet->count; i++, cell = sheet_next(cell)) {
        size_t width = words_width(cell), column = i % sheet->columns;
        widths[column] = width > widths[column] ? width : widths[column];
    }
    cell = sheet_first(sheet);
    for (size_t i = 0; i < sheet->count; i++, cell = sheet_next(cell)) {
        size_t column = i % sheet->columns, rest = widths[column] - words_width(cell);
        text_add(out, column == 0 ? indent : "  ");
        if (sheet->right[column])
            pad(out, rest);
        text_add(out, cell);
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
