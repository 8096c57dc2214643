/* What was asked for on the command line. Strings are those of argv. */
#ifndef RUNNER_CLI_OPTIONS_H
#define RUNNER_CLI_OPTIONS_H

#include "runner/base/arena.h"
#include "runner/base/log.h"
#include "runner/base/status.h"

#include <stdbool.h>
#include <stddef.h>

struct interrupt;

enum command {
    COMMAND_RUN,
    COMMAND_CHECK,
    COMMAND_PLUGINS,
    COMMAND_PLUGIN,
    COMMAND_TABLE,
    COMMAND_EVALUATE,
    COMMAND_VERIFY,
    COMMAND_DIFF,
    COMMAND_REPORT,
    COMMAND_FETCH,
    COMMAND_SCHEMA,
    COMMAND_COMPLETION,
    COMMAND_HELP,
    COMMAND_VERSION,
    COMMAND_COUNT
};

struct options {
    struct arena arena;
    enum command command;
    const char *subject; /* CONFIG, NAME or FOLDER; NULL: none given */
    const char **overrides;
    size_t n_overrides;
    const char **arguments; /* of `plugin`, `diff`, `report`, `completion`: what stands behind its subject */
    size_t n_arguments;
    const char **plugin_folders;
    size_t n_plugin_folders;
    const char *results;                             /* folder that holds the results folders */
    size_t workers, threads;                         /* 0: not given */
    size_t retries;                                  /* how often a trial that failed is trained again; 0: not given */
    size_t sample;                                   /* of verify; 0: all */
    const char *trial;                               /* of verify: a number or an id; NULL: all */
    const char *weights;                             /* of evaluate: an .npz file; NULL: not given */
    const char *by, *metric, *show, *where, *format; /* of table; NULL: not given */
    bool long_form, check_claims;
    bool fail_fast, wait, fresh, json, cxx, man;
    struct log log;
    const char *output; /* of report: a file; NULL: not given */
    const char *into;   /* of fetch: a folder; NULL: the user's cache */
    size_t timeout;     /* of fetch: seconds; 0: not given */
    int argc;
    char **argv;
    const struct interrupt
        *interrupt; /* of the commands that train or fetch; NULL for others, which a signal ends at once */
};

/* STATUS_CONFIG with a message for a wrong use. options_clear() in both cases. */
enum status options_read(struct options *options, int argc, char **argv, struct error *error);
void options_clear(struct options *options);

/* The results folder that is the subject of table or report; NULL: it is a config. STATUS_CONFIG where neither is there. */
enum status options_results_folder(const struct options *options, struct arena *arena, const char **folder,
                                   struct error *error);

#endif
