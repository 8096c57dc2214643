/*
 * Whole runs of a program, for what cannot be measured from within one: start-up, grids, tables.
 */
#ifndef BENCH_COMMAND_H
#define BENCH_COMMAND_H

#include "bench/settings.h"

enum { COMMAND_ARGUMENTS = 24, COMMAND_PATH = 4300 };

/* Runs it on all cores of the benchmark, with its output in a log named `name`; false, and a message, where it fails. `seconds` may be
   NULL. arguments[0] is looked for in PATH. */
bool command_run(const struct settings *settings, const char *name, const char *const *arguments, double *seconds);
/* Writes OUT/runs/NAME.yaml, whole; `path` [COMMAND_PATH] gets its path. */
void command_write_config(const struct settings *settings, const char *name, const char *text, char *path);
/* `runner CONFIG WORDS... --results OUT/runs/FOLDER --fresh`; words end with NULL, and may be NULL. */
bool command_run_config(const struct settings *settings, const char *folder, const char *config,
                        const char *const *words, double *seconds);
/* Rows of a column of numbers of a table under OUT/runs: how many, at most `size`. */
size_t command_read_column(const struct settings *settings, const char *table, const char *column, double *values,
                           size_t size);
/* Are the tables that promise equal bytes the same in both folders under OUT/runs? */
bool command_same_tables(const struct settings *settings, const char *folder, const char *other);

#endif
