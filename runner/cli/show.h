/* The comparison table at the end of a run: a row a grid point. */
#ifndef RUNNER_CLI_SHOW_H
#define RUNNER_CLI_SHOW_H

#include "runner/results/results.h"

/* Settings, test metrics as mean ± half of the interval over the seeds, loss, updates, seconds an epoch, and what did not end well. Of a data set
   without test rows the validation's, else the training's metrics. Then the verdicts and claims (answers.h) and, where asked for, the lecture's
   lines. */
void show_results(const struct results *results, struct text *out);

/* Where the results are, also as a page, where `page` says that this is there. */
void show_place(const char *folder, bool page, struct text *out);
bool report_is_there(const char *folder);

/* "3 trials failed" and the like, a line each, for stderr; nothing where all is well. `folder`: of the results. */
void show_troubles(const struct results *results, const char *folder, struct text *out);

#endif
