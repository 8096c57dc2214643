/* Tables of a grid (results/view.h) in the forms that people and programs read. */
#ifndef RUNNER_CLI_TABLE_VIEW_H
#define RUNNER_CLI_TABLE_VIEW_H

#include "runner/results/results.h"

enum table_format { TABLE_TERMINAL, TABLE_CSV, TABLE_MARKDOWN, TABLE_LATEX };

struct table_request {
    const char *by, *metric, *show, *where; /* as --by and the others take them; NULL: not given */
    enum table_format format;
    bool long_form; /* two axes make rows */
};

/* STATUS_CONFIG for a name that is unknown; nothing is added to `out` then. */
enum status table_view(const struct results *results, const struct table_request *request, struct text *out,
                       struct error *error);

#endif
