/* A table of a results folder as it was written. */
#ifndef RUNNER_CLI_CSV_FILE_H
#define RUNNER_CLI_CSV_FILE_H

#include "runner/base/csv.h"

#include <stdbool.h>

/* Reads FOLDER/FILE; rows live in `arena`. STATUS_CONFIG where there is no such table, or none that can be read. */
enum status csv_file_read(const char *folder, const char *file, struct arena *arena, struct csv_table *table,
                          struct error *error);

/* The same with the header and those rows alone that are wanted, without having the others in memory. */
typedef bool csv_file_keep(const void *context, const struct csv_row *header, const struct csv_row *row);
enum status csv_file_read_rows(const char *folder, const char *file, csv_file_keep *keep, const void *context,
                               struct arena *arena, struct csv_table *table, struct error *error);

/* The field of a row in the column of this name; "" where there is no such column. */
const char *csv_file_cell(const struct csv_table *table, size_t row, const char *column);

#endif
