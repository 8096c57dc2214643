/* What manifest.json says of where results come from, against what is here now. */
#ifndef RUNNER_CLI_PROVENANCE_H
#define RUNNER_CLI_PROVENANCE_H

#include "runner/base/text.h"
#include "runner/cli/job.h"

/* Adds a line for each thing that may make numbers differ from those of the folder: engine, back end of products, processor,
   plugins, data. */
void provenance_explain(const struct job *job, const char *folder, struct text *out);

#endif
