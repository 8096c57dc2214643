#include "runner/host/pending.h"

#include <string.h>

static inline void settle_row(struct pending_storage *pending, uint64_t row) {
    struct row_change *due = &pending->due[row];
    if (due->delta == KERNEL_NO_CHANGE)
        return;
    kernels_get()->outer(pending->columns, &(struct sparse_entry){0, due->factor}, 1, 1,
                         pending->deltas + due->delta * pending->delta_pitch, pending->weights + row * pending->pitch,
                         pending->pitch);
    due->delta = KERNEL_NO_CHANGE;
    pending->count--;
}

void pending_settle(struct pending_storage *pending) {
    if (pending->count == 0)
        return; /* others may read it, too */
    if (pending->due == NULL) {
        kernels_get()->outer(pending->columns, pending->changes, pending->count, pending->alpha, pending->delta,
                             pending->weights, pending->pitch);
        pending->count = 0;
        return;
    }
    for (uint64_t i = 0; i < pending->rows; i++)
        settle_row(pending, i);
    pending->n_deltas = 0;
}

void pending_times(struct pending_storage *pending, const struct sparse_entry *x, uint64_t count, float alpha,
                   float *y) {
    struct row_change *due = pending->due;
    if (due == NULL) {
        kernels_get()->row_after(pending->columns, pending->changes, pending->count, pending->alpha, pending->delta, x,
                                 count, alpha, pending->weights, pending->pitch, y);
        pending->count = 0;
        return;
    }
    kernels_get()->row_due(pending->columns, due, pending->deltas, pending->delta_pitch, x, count, alpha,
                           pending->weights, pending->pitch, y);
    for (uint64_t e = 0; e < count; e++) {
        pending->count -= due[x[e].column].delta != KERNEL_NO_CHANGE;
        due[x[e].column].delta = KERNEL_NO_CHANGE;
    }
    if (pending->count == 0)
        pending->n_deltas = 0;
}

/* Each row has one change to come at most: those that change here have mostly been read just before. */
static void keep_due(struct pending_storage *pending, const struct sparse_entry *changes, uint64_t count, float alpha,
                     const float *delta) {
    if (count == 0)
        return; /* where nothing is to come, no delta is kept */
    if (pending->n_deltas == PENDING_DELTAS)
        pending_settle(pending);
    const uint32_t number = pending->n_deltas++;
    memcpy(pending->deltas + number * pending->delta_pitch, delta, pending->columns * sizeof *delta);
    for (const struct sparse_entry *change = changes; change < changes + count; change++) {
        settle_row(pending, change->column);
        pending->due[change->column] = (struct row_change){number, alpha * change->value};
    }
    pending->count += count;
}

void pending_keep(struct pending_storage *pending, const struct sparse_entry *changes, uint64_t count, float alpha,
                  const float *delta) {
    if (pending->due != NULL) {
        keep_due(pending, changes, count, alpha, delta);
        return;
    }
    if (changes != pending->changes)
        memcpy(pending->changes, changes, count * sizeof *changes);
    pending->count = count;
    pending->alpha = alpha;
    memcpy(pending->delta, delta, pending->columns * sizeof *delta);
}
