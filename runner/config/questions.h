/* `baseline`, `claims` and `targets` of a config: what the results are asked. Not part of any trial's identity. */
#ifndef RUNNER_CONFIG_QUESTIONS_H
#define RUNNER_CONFIG_QUESTIONS_H

#include "runner/config/claim.h"
#include "runner/config/experiment.h"

/* Reads them into an experiment whose axes and points are known. Columns are checked by who knows which there will be. Where overrides
   were given, what names an axis or label that is not there is left out. */
void questions_read(const struct tree *root, struct experiment *experiment, struct diagnostics *diagnostics);

/* The experiment's axes and labels, in the arena. */
struct selection_grid questions_grid(const struct experiment *experiment, struct arena *arena);

/* The place of a byte of a question's text in the config. */
struct mark question_mark(const struct question *question, size_t at);

#endif
