/* The grid of a results folder with its records, as the journal has them: also of a run that still goes on. Single-threaded. */
#ifndef RUNNER_RESULTS_STORED_H
#define RUNNER_RESULTS_STORED_H

#include "runner/results/journal.h"

struct stored {
    struct journal journal;
    struct results results;
};

/* `stored` stays where it is: the results know the journal. STATUS_CONFIG where there is no journal, or no grid in it. */
enum status stored_open(const char *folder, struct stored *stored, struct error *error);
void stored_close(struct stored *stored);

#endif
