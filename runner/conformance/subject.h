/*
 * A component under test, configured and with all that it may touch in guarded memory, and what a check has to say about it.
 *
 * The page is shared with the process that started the check, so that it can still be read after a crash. One subject a
 * check; [main] thread, but for what a comment says.
 */
#ifndef RUNNER_CONFORMANCE_SUBJECT_H
#define RUNNER_CONFORMANCE_SUBJECT_H

#include "runner/base/arena.h"
#include "runner/base/status.h"
#include "runner/conformance/guard.h"
#include "runner/host/files.h"
#include "runner/host/loader.h"
#include "runner/host/part.h"
#include "runner/host/services.h"

#include <stdatomic.h>

enum outcome { OUTCOME_OK, OUTCOME_FAIL, OUTCOME_SKIPPED };

enum { PAGE_TEXT = 512, SCENE_TEXT = 128, LENT_BLOCKS = 64, PAGE_GUARDS = 32 };

struct page {
    _Atomic(const char *) doing; /* "forward()": the plugin's function that runs now; NULL: none */
    char scene[SCENE_TEXT];      /* "shape [3, 4], batch 7" */
    char fault[GUARD_WORDS];     /* what was touched when it crashed */
    char reason[PAGE_TEXT];
    int outcome;                             /* enum outcome */
    int finished;                            /* the check came to its end */
    atomic_ullong calls;                     /* of plugin functions so far: a sign of life */
    const struct guard *guards[PAGE_GUARDS]; /* in the check's own process: to say where a fault was */
};

/* What of a component is tested, and with which parameters. */
struct target {
    const struct loader *loader;
    enum runner_kind kind;
    const char *name;
    const struct tree *settings; /* a map: parameters that were given; NULL: none */
};

struct subject;

/* A call as the plugin gets it: scratch memory ends at a guard page, and products see through views without data. One a thread. */
struct lent {
    struct call call; /* first: the host's functions get from it to this */
    struct runner_host host;
    struct subject *subject;
    struct error error;
    struct guard guard;
    struct {
        void *bytes;
        uint64_t size;
    } blocks[LENT_BLOCKS];
    uint32_t n_blocks, used;
};

/* The name of regions that host->memory() gave. */
#define LENT_MEMORY "memory from host->memory()"

/* What stands behind a view without data. */
struct hidden {
    float *data;
    uint64_t pitch;
};

struct subject {
    const struct target *target;
    struct page *page;
    const runner_component *component;
    struct arena arena;
    struct runner_part *part; /* its config is guarded */
    struct guard guard;
    struct lent lent;        /* of the [main] thread */
    struct data_files files; /* that a data set reads */
    /* What host->constant() gives, whatever its name: a made-up vector, or a symmetric positive definite matrix. Set before plan(). */
    runner_constant constant;
};

/* `pattern` fills memory that nobody has written. The component's own parameters that must be given, and are not, get values
   from the middle of what the table allows. False, and the page says why, where the host refuses them. */
bool subject_open(struct subject *subject, const struct target *target, struct page *page, unsigned char pattern);
void subject_close(struct subject *subject);
/* The parameters as a tree {NAME: {...}} before they are resolved: those given, those that must be, and `param` (may be NULL). */
struct tree *subject_parameters(const struct target *target, const char *param, struct tree *value,
                                struct arena *arena);
/* Resolves and binds such a tree; NULL with the first mistake in `error`. */
struct runner_part *subject_bind(const struct target *target, const struct tree *written, struct arena *arena,
                                 struct error *error);

/* With so many rows and columns; one row: a vector. */
void subject_set_constant(struct subject *subject, uint32_t rows, uint32_t columns);

void lent_init(struct lent *lent, struct subject *subject);
void lent_clear(struct lent *lent);
/* Before a plugin's function: gives scratch back and notes what runs. [any] thread with its own `lent`. */
runner_call *lent_to(struct lent *lent, const char *function);

/* The check has failed (only the first reason counts), or cannot be done. Both return false. */
__attribute__((format(printf, 2, 3))) bool check_fail(struct subject *subject, const char *format, ...);
__attribute__((format(printf, 2, 3))) bool check_skip(struct subject *subject, const char *format, ...);
/* What is being tried, for reasons and crashes. */
__attribute__((format(printf, 2, 3))) void check_scene(struct subject *subject, const char *format, ...);
/* After a plugin's functions: false where one of them has called fail(), or has written beside its memory. */
bool check_calls(struct subject *subject, struct lent *lent);

/* Why plan() has just refused; "" where it did not say. */
void subject_refusal(const struct subject *subject, char refusal[PAGE_TEXT]);

/* "[3, 4]" */
#define SHAPE_TEXT 80
char *shape_text(const runner_shape *shape, char out[SHAPE_TEXT]);

#endif
