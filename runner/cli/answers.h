/* What the numbers say, behind the table at the end of a run. */
#ifndef RUNNER_CLI_ANSWERS_H
#define RUNNER_CLI_ANSWERS_H

#include "runner/results/results.h"

/* A sentence a comparison of the main metric (column_main()) with the baseline or the best, then a line a claim; long families are cut.
   Nothing where there is nothing to compare and nothing is claimed. */
void show_answers(const struct results *results, struct text *out);

/* STATUS_NO where not all claims hold: one that is undecided is not shown to hold. */
enum status check_claims(const struct results *results, struct error *error);

#endif
