/* A trial while it trains: what train.c works on and checkpoint.c writes down. */
#ifndef RUNNER_TRAIN_TRAINING_H
#define RUNNER_TRAIN_TRAINING_H

#include "runner/train/callbacks.h"
#include "runner/train/evaluate.h"
#include "runner/train/saving.h"
#include "runner/train/settings.h"
#include "runner/train/step.h"
#include "runner/train/train.h"

/* The columns of one split's values: `first` of them in train_columns, the loss and then the metrics. */
struct group {
    const char *prefix;
    size_t first;
    bool present;
};

enum { GROUP_TRAIN, GROUP_TRAIN_EVAL, GROUP_VALIDATION, GROUP_TEST, GROUPS };

struct training {
    const struct train_request *request;
    struct train_settings settings;
    struct arena arena;
    struct model model;
    struct stepper stepper;
    struct evaluator evaluator;
    struct callbacks callbacks;
    struct saving saving;
    struct group groups[GROUPS];
    struct train_columns columns;
    double *values;
    bool *known;
    uint32_t *order; /* of this epoch; NULL: as they stand */
    uint64_t updates, examples;
    double rate;
    double loss_sum; /* of this epoch */
    double *sums;
    int threads; /* at most */
    uint64_t epoch_examples;
    uint64_t epoch_end;   /* updates at the end of this epoch */
    double epoch_seconds; /* of its updates so far */
    double next_progress;
    struct text rows;    /* those reported so far, where checkpoints are written (checkpoint.h) */
    double started;      /* of the clock; earlier than this run where it goes on from a checkpoint */
    double next_written; /* when a checkpoint is due by the clock; infinite: never */
    struct train_result *result;
};

void training_columns(struct group groups[GROUPS], struct train_columns *columns, const struct model *model,
                      const struct data *data, bool evaluate_train, struct arena *arena);
/* Those that `init` names, and which to save; `check`: whether they fit, and no more. */
enum status training_read_weights(struct saving *saving, struct model *model, const struct tree *trial,
                                  const struct data *data, bool check, struct text *where, struct error *error);

#endif
