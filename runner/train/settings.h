/* The `train` and `engine` sections of a resolved trial, with what follows from the data. */
#ifndef RUNNER_TRAIN_SETTINGS_H
#define RUNNER_TRAIN_SETTINGS_H

#include "runner/base/status.h"
#include "runner/base/text.h"
#include "runner/base/tree.h"
#include "runner/host/data.h"

#include <stdbool.h>

enum shuffle { SHUFFLE_EACH_EPOCH, SHUFFLE_ONCE, SHUFFLE_NEVER };

struct train_settings {
    uint64_t batch_rows; /* `full` counted out; may be more than there are rows */
    uint64_t micro_rows; /* rows that go through the network at once */
    uint64_t epochs;
    uint64_t updates_per_epoch;
    uint64_t total_updates; /* by epochs or by `updates`, whichever is less */
    bool updates_limited;   /* `updates` is what ends the trial */
    enum shuffle shuffle;
    bool evaluate_train;
    uint64_t evaluate_every;
    uint64_t seed, init_seed, order_seed;
    uint64_t checkpoint_epochs, checkpoint_updates; /* between checkpoints; one of the three, or none, is not 0 */
    double checkpoint_seconds;
};

enum status train_settings_read(const struct tree *trial, const struct data *data, struct train_settings *settings,
                                struct text *where, struct error *error);

#endif
