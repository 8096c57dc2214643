/*
 * The callbacks of a trial (plugin.h): planned once against the columns, asked after each epoch, and what they ask for. A copy
 * of the weights belongs to the callback that asked for it. [main] thread.
 */
#ifndef RUNNER_TRAIN_CALLBACKS_H
#define RUNNER_TRAIN_CALLBACKS_H

#include "runner/train/train.h"
#include "runner/train/weights.h"

struct callback {
    const struct runner_part *part;
    double memory[RUNNER_MAX_VALUES];
    bool restores; /* it has asked for its copy back at the end */
    struct weights_copy copy;
};

struct callbacks {
    struct callback *items;
    size_t count;
    uint32_t n_columns;
    const char **names; /* the columns that they see: all but test_* */
    size_t *columns;    /* [n_columns] their index among all */
    double *values;     /* [n_columns] */
    uint32_t *asked;    /* [count] flags of the present epoch */
    double rate_factor;
};

/* Binds and plans `callbacks` of the trial; `where` gets the path within the trial that is at fault. Lives in the arena. */
enum status callbacks_plan(struct callbacks *callbacks, const struct loader *loader, const struct tree *trial,
                           const struct train_columns *columns, struct arena *arena, struct text *where,
                           struct error *error);

/* Asks all of them; returns the flags that any has set. */
uint32_t callbacks_ask(struct callbacks *callbacks, uint64_t epoch, double rate, const double *values,
                       const bool *known);
/* Keeps the copies that were asked for. */
void callbacks_keep(struct callbacks *callbacks, const struct model *model, uint64_t epoch, struct arena *arena);
/* The name of the first that asked to stop; NULL: none did. */
const char *callbacks_stopped_by(const struct callbacks *callbacks);
/* At the end of training: sets the weights of the last copy that was asked back, and gives its epoch. */
bool callbacks_restore(const struct callbacks *callbacks, struct model *model, uint64_t *epoch);
/* The copy of the first callback that keeps any; NULL: none does. */
const struct weights_copy *callbacks_best(const struct callbacks *callbacks);

#endif
