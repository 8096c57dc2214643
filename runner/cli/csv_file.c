#include "runner/cli/csv_file.h"

#include "runner/base/file.h"
#include "runner/results/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_LIMIT ((size_t)4 << 30)
#define BLOCK_SIZE ((size_t)1 << 18)

enum status csv_file_read(const char *folder, const char *file, struct arena *arena, struct csv_table *table,
                          struct error *error) {
    if (!folder_exists(folder))
        return error_set(error, STATUS_CONFIG, "%s: no such folder; wanted one of results, such as results/first",
                         folder);
    const char *path = path_join(arena, folder, file);
    unsigned char *bytes;
    size_t n;
    enum status status = folder_has(folder, file, error);
    if (status == STATUS_OK)
        status = file_read(path, TABLE_LIMIT, &bytes, &n, error);
    if (status != STATUS_OK)
        return status;
    status = csv_read((const char *)bytes, n, path, arena, table, error);
    free(bytes);
    if (status == STATUS_OK && table->count == 0)
        status = error_set(error, STATUS_CONFIG, "%s: the table is empty; wanted a header at least", path);
    return status;
}

/* Bytes up to the last end of a row; an end of line within quotes is none. */
static size_t whole_rows(const struct text *bytes) {
    size_t whole = 0;
    bool quoted = false;
    for (size_t i = 0; i < bytes->length; i++) {
        quoted = quoted != (bytes->data[i] == '"');
        whole = bytes->data[i] == '\n' && !quoted ? i + 1 : whole;
    }
    return whole;
}

struct selection {
    csv_file_keep *keep;
    const void *context;
    struct arena *arena;
    struct csv_table *table;
    size_t capacity;
    size_t lines; /* before the bytes at hand */
};

static void add_row(struct selection *selection, const struct csv_row *row) {
    struct csv_table *table = selection->table;
    if (table->count == selection->capacity) {
        selection->capacity = selection->capacity == 0 ? 64 : 2 * selection->capacity;
        struct csv_row *rows = arena_array(selection->arena, selection->capacity, sizeof *rows);
        if (table->count > 0)
            memcpy(rows, table->rows, table->count * sizeof *rows);
        table->rows = rows;
    }
    struct csv_row *kept = &table->rows[table->count++];
    *kept = (struct csv_row){.line = selection->lines + row->line, .count = row->count};
    kept->fields = arena_array(selection->arena, row->count, sizeof *kept->fields);
    for (size_t i = 0; i < row->count; i++)
        kept->fields[i] = arena_copy_text(selection->arena, row->fields[i]);
}

/* False where the bytes are no rows, or rows of another length than the first. */
static bool select_rows(struct selection *selection, const char *bytes, size_t n) {
    struct arena arena;
    struct csv_table part;
    arena_init(&arena);
    const struct csv_table *table = selection->table;
    bool good = csv_read(bytes, n, "", &arena, &part, NULL) == STATUS_OK;
    for (size_t r = 0; good && r < part.count; r++) {
        const struct csv_row *row = &part.rows[r];
        good = table->count == 0 || row->count == table->rows[0].count;
        if (good && (table->count == 0 || selection->keep(selection->context, &table->rows[0], row)))
            add_row(selection, row);
    }
    for (size_t i = 0; i < n; i++)
        selection->lines += bytes[i] == '\n';
    arena_clear(&arena);
    return good;
}

enum status csv_file_read_rows(const char *folder, const char *file, csv_file_keep *keep, const void *context,
                               struct arena *arena, struct csv_table *table, struct error *error) {
    *table = (struct csv_table){0};
    struct selection selection = {.keep = keep, .context = context, .arena = arena, .table = table};
    FILE *stream = fopen(path_join(arena, folder, file), "re");
    char *block = memory_alloc(BLOCK_SIZE, 1);
    struct text bytes;
    text_init(&bytes);
    bool good = stream != NULL;
    for (size_t n = 1, whole; good && n > 0;) {
        n = fread(block, 1, BLOCK_SIZE, stream);
        text_add_bytes(&bytes, block, n);
        whole = n > 0 ? whole_rows(&bytes) : bytes.length;
        good = select_rows(&selection, bytes.data, whole) && ferror(stream) == 0;
        memmove(bytes.data, bytes.data + whole, bytes.length - whole);
        bytes.length -= whole;
    }
    if (stream != NULL)
        fclose(stream);
    text_clear(&bytes);
    free(block);
    return good && table->count > 0 ? STATUS_OK : csv_file_read(folder, file, arena, table, error); /* which says why */
}

const char *csv_file_cell(const struct csv_table *table, size_t row, const char *column) {
    ptrdiff_t at = csv_column(table, column);
    return at >= 0 && (size_t)at < table->rows[row].count ? table->rows[row].fields[at] : "";
}
