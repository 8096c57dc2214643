/* What manifest.json says of where results come from, against what is here now. */
#ifndef RUNNER_CLI_PROVENANCE_H
#define RUNNER_CLI_PROVENANCE_H

#include "runner/base/text.h"
#include "runner/cli/job.h"

/* Adds a line for each thing that is not as the folder's manifest says and may make other numbers: engine, back end of products,
   plugins, data. Returns how many; 0 also without a manifest. */
size_t provenance_changes(const struct job *job, const char *folder, const char *before, struct text *out);
/* The same for numbers that do differ: where nothing has changed it says so. */
void provenance_explain(const struct job *job, const char *folder, struct text *out);

#endif
