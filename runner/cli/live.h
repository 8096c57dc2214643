/*
 * The live view of a run on a terminal: a line a running trial, the grid as cells that fill, and a bar with the time left. It only makes
 * the text; progress.h puts it on the screen. Lines never reach the last column, so that no terminal wraps them.
 */
#ifndef RUNNER_CLI_LIVE_H
#define RUNNER_CLI_LIVE_H

#include "runner/schedule/plan.h"
#include "runner/schedule/slot.h"

#include <stdbool.h>

struct terminal {
    bool unicode, colour;
    size_t columns, rows;
};

/* From LC_ALL, LC_CTYPE, LANG, and NO_COLOR (no-color.org), as far as they are not NULL or empty. */
void terminal_read(struct terminal *terminal, const char *lc_all, const char *lc_ctype, const char *lang,
                   const char *no_color);

/* Whether the standard error is a terminal on which lines can be written over. */
bool terminal_is_live(void);
/* Its columns and rows; where it does not tell, they stay. */
void terminal_measure(struct terminal *terminal);

struct live {
    const struct plan *plan;
    const struct slot *slots;
    size_t n_slots;
    size_t ended, trials; /* of this run */
    double share;         /* of its work, 0 to 1 */
    double left;          /* seconds; NaN: not known yet */
    struct terminal terminal;
};

/* Whole lines, each with its end of line. */
void live_draw(const struct live *live, struct text *out);
/* "[#####.....]" of `width` cells; `share` is 0 to 1 */
void live_bar(double share, size_t width, struct text *out);

/* The metric that tells most: of the test rows, else of the validation rows, else of training; no loss where there is another. NULL
   where there is none yet; `value` is that of the last epoch. */
const char *live_metric(const struct record *record, double *value);

/* Of a running trial, 0 to 1: what the worker told last, or the epochs behind it where those say more. */
double live_share(const struct plan *plan, const struct slot *slot);

/* Columns of a drawn line, without its colours. */
size_t live_width(const char *line, size_t length);

#endif
