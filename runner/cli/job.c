#include "runner/cli/job.h"

#include "runner/base/interrupt.h"
#include "runner/results/folder.h"

#include <stdio.h>

/* Plugins that were refused, and folders that are not there. */
static void show_problems(const struct job *job, const struct options *options) {
    for (size_t i = 0; i < job->session.catalog.n_problems; i++)
        log_warning(&options->log, "%s", job->session.catalog.problems[i]);
}

/* Warnings are shown once, and not with --quiet. */
static void show_diagnostics(struct job *job, const struct options *options, enum status status) {
    if (status != STATUS_OK || !options->log.quiet)
        diagnostics_print(&job->diagnostics, stderr);
    if (status == STATUS_OK) {
        diagnostics_clear(&job->diagnostics);
        diagnostics_init(&job->diagnostics);
    }
}

enum status job_open(struct job *job, const struct options *options, struct error *error) {
    *job = (struct job){.loaded = false};
    diagnostics_init(&job->diagnostics);
    enum status status =
        session_open(&job->session, options->plugin_folders, options->n_plugin_folders, options->interrupt, error);
    if (status == STATUS_OK && !options->log.quiet)
        show_problems(job, options);
    return status;
}

enum status job_load(struct job *job, const struct options *options, struct error *error) {
    struct experiment_source source = {.file = options->subject,
                                       .overrides = options->overrides,
                                       .n_overrides = options->n_overrides,
                                       .rows = session_rows,
                                       .context = &job->session,
                                       .interrupt = options->interrupt};
    enum status status = experiment_load(&source, &job->session.catalog, &job->diagnostics, &job->experiment);
    job->loaded = true;
    if (status == STATUS_INTERRUPTED)
        return interrupt_check(options->interrupt, error);
    if (status != STATUS_OK && options->log.quiet) /* they may be why */
        show_problems(job, options);
    show_diagnostics(job, options, status);
    return status == STATUS_OK ? STATUS_OK : error_set(error, status, "%s", "");
}

enum status job_plan(struct job *job, const struct options *options, bool strict, struct error *error) {
    enum status status = plan_make(&job->plan, &job->session, &job->experiment, strict, &job->diagnostics, error);
    job->planned = status == STATUS_OK;
    show_diagnostics(job, options, status);
    if (status == STATUS_CONFIG && job->diagnostics.errors > 0)
        error_set(error, status, "%s", "");
    return status;
}

void job_close(struct job *job) {
    if (job->planned)
        plan_clear(&job->plan);
    if (job->loaded)
        experiment_clear(&job->experiment);
    session_close(&job->session);
    diagnostics_clear(&job->diagnostics);
}

char *job_folder_name(const struct job *job, struct arena *arena) {
    return folder_name(arena, job->experiment.name, job->experiment.overrides, job->experiment.n_overrides);
}
