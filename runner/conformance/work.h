/*
 * A component at work on made-up values, in a form that is the same for all kinds: phases one after another, each a number of
 * units (rows, weights, examples), any run of which is a job of its own. What the host promises about cuts, threads and
 * repetitions is then checked once for all kinds.
 */
#ifndef RUNNER_CONFORMANCE_WORK_H
#define RUNNER_CONFORMANCE_WORK_H

#include "runner/conformance/matrix.h"
#include "runner/conformance/subject.h"

enum { WORK_RESULTS = 64 };

/* A refusal that is no fault of the component's. */
#define TOO_LARGE "it is too large for a check"

struct work;

struct work_form {
    /* Builds scene `index` (a shape, a batch) in guarded memory; NULL where the component refuses it, with the reason in `refusal`, or
       where the check has failed. The scenes are 0 .. n_scenes - 1. */
    struct work *(*open)(struct subject *subject, uint32_t index, char refusal[PAGE_TEXT]);
    uint32_t n_scenes;
    /* Units of a phase; 0: there are no more phases. */
    uint64_t (*units)(struct work *work, unsigned phase);
    /* [main] Before the jobs of a phase: which memory may be written. May be NULL. */
    void (*enter)(struct work *work, unsigned phase);
    /* [any] Units first .. first + count. */
    void (*run)(struct work *work, unsigned phase, uint64_t first, uint64_t count, struct lent *lent);
};

/* Bytes that must come out the same. */
struct result {
    const char *name;
    const unsigned char *bytes;
    uint64_t rows, row_size, pitch; /* bytes */
    bool real;                      /* float or double, by `wide` */
    bool wide;
};

struct work {
    const struct work_form *form;
    struct subject *subject;
    struct result results[WORK_RESULTS];
    unsigned n_results;
    const struct matrix *padded[WORK_RESULTS]; /* matrices whose padding must stay */
    unsigned n_padded;
    uint64_t piece; /* for forms that cut in a second direction: so many columns; 0: all */
};

void work_add_matrix(struct work *work, const struct matrix *matrix);
void work_add_doubles(struct work *work, const char *name, const double *values, uint64_t count);
void work_add_bytes(struct work *work, const char *name, const void *bytes, uint64_t count);

/* Runs all phases in jobs of `cut` units (0: one job) on `threads` threads, and checks memory afterwards. */
bool work_run(struct work *work, uint64_t cut, unsigned threads);

/* The results, packed; compared with those of another run of an equal work. */
struct digest {
    unsigned char *bytes;
    uint64_t size;
};
struct digest digest_of(const struct work *work);
void digest_free(struct digest *digest);
/* False with a reason: which value of `work` differs from `wanted`. `when` says in which of the two runs. */
bool digest_same(const struct work *work, const struct digest *wanted, const char *when);

/* The checks for all kinds. */
typedef bool work_check(const struct target *target, const struct work_form *form, struct page *page);
work_check check_memory; /* stays within its memory, reads nothing that nobody wrote */
work_check check_state;  /* the same calls give the same bits, again and in another instance */
work_check check_threads;
work_check check_cuts;

/* One scene of a component, and an instance of it: opened afresh, with a config of its own. */
struct scene {
    const struct target *target;
    const struct work_form *form;
    struct page *page;
    uint32_t index;
};

struct instance {
    struct subject subject;
    struct work *work;
};

/* False where the component refuses the scene (the reason is in `refusal`) or the check has failed. instance_close() in any case. */
bool instance_open(const struct scene *scene, unsigned char pattern, struct instance *instance,
                   char refusal[PAGE_TEXT]);
void instance_close(struct instance *instance);

/* Calls `function` with every scene that the component takes; false where it takes none, or after a failed check. */
typedef bool scene_function(const struct scene *scene, struct work *work);
bool each_scene(const struct target *target, const struct work_form *form, struct page *page, scene_function *function);

#endif
