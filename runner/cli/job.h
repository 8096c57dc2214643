/* A config on its way: plugins described, experiment checked, and, where asked for, planned. */
#ifndef RUNNER_CLI_JOB_H
#define RUNNER_CLI_JOB_H

#include "runner/cli/options.h"
#include "runner/config/experiment.h"
#include "runner/schedule/plan.h"

struct job {
    struct session session;
    struct diagnostics diagnostics;
    struct experiment experiment;
    struct plan plan;
    bool loaded, planned;
};

/* Opens the plugins; their problems are shown as warnings. */
enum status job_open(struct job *job, const struct options *options, struct error *error);
/* Mistakes are printed, and warnings but with --quiet; STATUS_CONFIG then, with an empty error text. Interrupted, no mistakes are known. */
enum status job_load(struct job *job, const struct options *options, struct error *error);
/* `strict`: a data set that cannot be read is a mistake even where others can; otherwise its trials fail. */
enum status job_plan(struct job *job, const struct options *options, bool strict, struct error *error);
void job_close(struct job *job);

/* "results/EXPERIMENT,path=value": parent and name of the results folder */
char *job_folder_name(const struct job *job, struct arena *arena);

#endif
