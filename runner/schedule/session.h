/*
 * One run of the program before anything trains: finds the worker and the plugins, and asks a helper (a process of
 * runner-worker) for the catalogue, for data sets and for plans. A helper that dies is replaced; what killed it is reported.
 *
 * Data sets are kept as sealed memfds, each distinct resolved one read once. Single-threaded.
 */
#ifndef RUNNER_SCHEDULE_SESSION_H
#define RUNNER_SCHEDULE_SESSION_H

#include "runner/base/scratch.h"
#include "runner/base/tree.h"
#include "runner/config/experiment.h"
#include "runner/host/catalog.h"
#include "runner/schedule/child.h"
#include "runner/schedule/facts.h"
#include "runner/schedule/identity.h"
#include "runner/schedule/inventory.h"

struct session_data {
    const char *resolved; /* canonical text */
    const char *name;     /* of the plugin */
    struct data_facts facts;
    int fd;              /* the memfd; -1 once released */
    const char *problem; /* why it could not be read, for people; NULL: it was */
    const char *reason;  /* the same in words that are always equal: "data set: SIGSEGV" */
    bool attached;       /* to the present helper */
};

/* Plugin files from outside the installation, in search order. */
struct plugin_files {
    const char *const *items; /* those of session.foreign: the same pointers */
    size_t count;
};

struct session {
    struct arena arena;
    struct child_settings settings; /* of a worker that opens the installation's plugins alone */
    struct scratch scratch;         /* for the temporary folders of workers, where settings.scratch is it */
    struct catalog catalog;
    const char **folders; /* in search order, the installation's last */
    size_t n_folders;
    struct plugin_files foreign; /* all that were opened for the catalogue */
    uint64_t numerics;           /* version of the engine's numbers */
    const char *blas;            /* "OpenBLAS 0.3.21 SkylakeX pthread" */
    struct inventory inventory;  /* of what workers run */
    struct child helper;
    struct plugin_files helper_files; /* that the helper has opened */
    struct plugin_files planned;      /* that some plan has needed */
    double patience;                  /* seconds that a plan may take */
    bool spoilt;                      /* the helper has run code of a plugin from outside the installation */
    struct session_data *data;
    size_t n_data, data_capacity;
};

/* Opens the plugins of `folders` (--plugin-dir), of $RUNNER_PLUGIN_PATH and of the installation. STATUS_ENVIRONMENT where the
   worker does not start. A plugin file that ends the process that opens it, or does not let it go on, is left out and named in
   catalog.problems; it costs a few seconds in all. A signal that `interrupt` (may be NULL) notes ends all waiting
   here with STATUS_INTERRUPTED. */
enum status session_open(struct session *session, const char *const *folders, size_t n_folders,
                         const struct interrupt *interrupt, struct error *error);
void session_close(struct session *session);

/* Index of a resolved data set, which is read where it has not been. STATUS_CONFIG where it cannot be, its plugin crashes or that takes more
   than so many seconds: then *index is that of a data set that has a `problem`, and it is not tried again. */
enum status session_read_data(struct session *session, const struct tree *resolved, double time_limit, size_t *index,
                              struct error *error);
/* For struct experiment_source: training rows. `context` is the session. */
enum status session_rows(void *context, const struct tree *resolved, double time_limit, int64_t *rows,
                         struct error *error);

/* The files from outside the installation that hold these components; they are opened for them, and for nothing else. */
struct plugin_files session_files(const struct session *session, const struct components *used, struct arena *arena);

/* Starts a worker that opens these files as well. STATUS_ENVIRONMENT also where what it runs is not what it was when the session was
   opened. */
enum status session_start(struct session *session, const struct plugin_files *files, struct child *child,
                          struct error *error);

/* What planning a point came to. */
struct plan_answer {
    enum status status;          /* STATUS_OK, or STATUS_CONFIG and STATUS_TRIAL with: */
    const char *where, *message; /* the path within the point that is at fault, and why */
    struct plan_facts facts;
    const struct plan_facts *pooled; /* the caller's: equal facts that it keeps, or NULL */
};

/* Points of one data set, in an order in which those with the same sections, which are the same nodes then,
   follow one another. */
struct session_points {
    const struct experiment *experiment;
    const size_t *points; /* [n_points] numbers */
    size_t n_points;
    size_t data;
    const struct plugin_files
        *files; /* that they use; where there are some, no data set is read in this helper any more */
    struct arena *arena;
    struct plan_answer **answers; /* [n_points], to be filled; in the arena, shared by points with the same answer */
};
/* Plans them. Where a plugin crashes the plan is not known, which is no error here: it will cost the trial. */
enum status session_plan(struct session *session, const struct session_points *request, struct error *error);

/* A line of a plugin's conformance, as conformance.h has it. */
struct session_check {
    uint64_t outcome; /* 0: ok, 1: failed, 2: skipped */
    const char *component, *check, *reason;
};
typedef void session_on_check(void *context, const struct session_check *check);
/* Tests a plugin: `file`, or where that is NULL the plugins on the search path; `component` of it, NULL: all; with parameters (a map,
   NULL: none). STATUS_CONFIG where there is no such thing. */
enum status session_test(struct session *session, const char *file, const char *component,
                         const struct tree *parameters, session_on_check *on_check, void *context, struct error *error);

/* Ends the helper, which is started again where it is needed. */
void session_rest(struct session *session);
/* Hands the helper over to train trials, since it has opened the plugins already: true, with *child and attached[n_data]. Ends it instead
   where it has opened others than the installation's. */
bool session_hand_over(struct session *session, struct child *child, bool *attached);

#endif
