/* Which weights of a trial are handed out as files (`save` of the config), and which epoch was the best. [main] thread. */
#ifndef RUNNER_TRAIN_SAVING_H
#define RUNNER_TRAIN_SAVING_H

#include "runner/train/callbacks.h"
#include "runner/train/train.h"
#include "runner/train/weights.h"

struct saving {
    const struct train_request *request;
    const struct tree *list; /* resolved `save`; NULL: nothing is saved */
    bool best, last;
    struct weights_copy copy; /* of the epoch with the lowest val_loss, where `best` is wanted */
    double value;             /* that loss */
};

/* STATUS_CONFIG where `best` is wanted without validation rows. */
enum status saving_read(struct saving *saving, const struct tree *trial, const struct data *data, struct text *where,
                        struct error *error);
/* After an epoch, 0 among them: hands its weights out where it is listed. `val_loss` is NaN where it was not evaluated. */
enum status saving_epoch(struct saving *saving, const struct model *model, uint64_t epoch, double val_loss,
                         struct arena *arena, struct error *error);
/* At the end of a trial that is done: notes the best epoch in the result, and hands out the best and the last weights. The best
   ones are those that a callback kept, else those of the lowest val_loss. */
enum status saving_end(const struct saving *saving, const struct model *model, const struct callbacks *callbacks,
                       struct train_result *result, struct error *error);

#endif
