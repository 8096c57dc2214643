#include "runner/cli/csv_file.h"

#include "runner/base/file.h"

#include <stdlib.h>

#define TABLE_LIMIT ((size_t)4 << 30)

enum status csv_file_read(const char *folder, const char *file, struct arena *arena, struct csv_table *table,
                          struct error *error) {
    const char *path = path_join(arena, folder, file);
    unsigned char *bytes;
    size_t n;
    enum status status = file_read(path, TABLE_LIMIT, &bytes, &n, error);
    if (status != STATUS_OK)
        return status;
    status = csv_read((const char *)bytes, n, path, arena, table, error);
    free(bytes);
    if (status == STATUS_OK && table->count == 0)
        status = error_set(error, STATUS_CONFIG, "%s: the table is empty; wanted a header at least", path);
    return status;
}

const char *csv_file_cell(const struct csv_table *table, size_t row, const char *column) {
    ptrdiff_t at = csv_column(table, column);
    return at >= 0 && (size_t)at < table->rows[row].count ? table->rows[row].fields[at] : "";
}
