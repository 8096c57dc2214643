/*
 * Trains one trial. Worker only.
 *
 * The result is a function of the trial tree and the data alone: not of the number of threads, which may change between updates. [main]
 * thread; it opens OpenMP teams itself.
 */
#ifndef RUNNER_TRAIN_TRAIN_H
#define RUNNER_TRAIN_TRAIN_H

#include "runner/base/arena.h"
#include "runner/base/status.h"
#include "runner/base/text.h"
#include "runner/base/tree.h"
#include "runner/host/data.h"
#include "runner/host/loader.h"

#include <stdatomic.h>
#include <stdbool.h>

/* Columns: for each split in the order train, train_eval (only with evaluate_train), val (where there are validation rows), test
   (where there are test rows) the loss and each metric: "train_loss", "train_accuracy", "test_loss", ... */
struct train_columns {
    const char **names;
    size_t count;
};

/* A row of epochs.csv. Epoch 0 is the untrained network. */
struct train_row {
    uint64_t epoch, updates, examples;
    double learning_rate;
    double seconds; /* of training this epoch, without evaluation; 0 for epoch 0 */
    double evaluate_seconds;
    const double *values; /* [columns]; where `known` is false there is none (not evaluated this epoch) */
    const bool *known;
};

struct model;
struct weights_copy;
struct training;

/* Where a checkpoint stands: after whole epochs, and `updates` in all, some of them perhaps of the next epoch. */
struct train_position {
    uint64_t epoch, updates;
    double seconds; /* that the trial took up to there, in all runs of the program */
};

struct train_request {
    const struct loader *loader;
    const struct tree *trial; /* resolved (config/experiment.h) */
    const struct data *data;
    int threads; /* at most */
    /* How many there are to be from the next update or evaluation on; another process may write it at any time. NULL: `threads`. */
    const _Atomic uint32_t *team;
    /* Called after each epoch from the [main] thread. Returns false to stop the trial (interrupted). May be NULL. */
    bool (*on_row)(void *context, const struct train_columns *columns, const struct train_row *row);
    /* Called now and then (at most every 100 ms) within an epoch: share of the trial done, 0 to 1, and the running loss. May be NULL. */
    void (*on_progress)(void *context, uint64_t epoch, double share, double loss);
    /* Called from the [main] thread with weights that are to be saved: those of `copy`, or where that is NULL the model's
       (weights.h). May be NULL. */
    enum status (*on_weights)(void *context, uint64_t epoch, const struct model *model, const struct weights_copy *copy,
                              struct error *error);
    /* Called where `train.checkpoint` wants one, from the [main] thread between updates: checkpoint_write() writes it (checkpoint.h).
       NULL: none are made. */
    enum status (*on_checkpoint)(void *context, struct training *training, const struct train_position *position,
                                 struct error *error);
    /* A checkpoint to go on from, or NULL. One that does not fit is passed over and the trial starts over. */
    const void *checkpoint;
    size_t checkpoint_length;
    const char *
        identity; /* of the trial, HASH_TEXT_SIZE - 1 digits: checkpoints are made with it, and gone on from where they have it.
                             Not NULL with on_checkpoint. */
    /* Called before the first row where there is a checkpoint: where the trial goes on, or NULL and why not. May be NULL. The rows up
       to there are reported once more. */
    void (*on_resume)(void *context, const struct train_position *position, const char *why);
    void *context;
    struct text *notes; /* remarks of plugins; may be NULL */
};

enum train_outcome { TRAIN_DONE, TRAIN_DIVERGED, TRAIN_STOPPED };

struct train_result {
    enum train_outcome outcome;
    char reason[64];        /* diverged: "loss is nan in epoch 3" and the like; empty otherwise */
    const char *stopped_by; /* "epochs", "updates", "diverged", "interrupted", or the callback's name */
    uint64_t epochs, updates;
    bool has_best,
        restored; /* best_epoch is known; the trial ends with the weights of restored_epoch, not the last ones */
    uint64_t best_epoch, restored_epoch;
    uint64_t threads; /* of the largest team that made an update */
};

/* STATUS_OK with the result; STATUS_CONFIG where the trial cannot be planned (shapes) with `where` (may be NULL) set to the path
   within the trial that is at fault ("model.1"); STATUS_TRIAL where a plugin failed while running. */
enum status train_run(const struct train_request *request, struct train_result *result, struct text *where,
                      struct error *error);

#endif
