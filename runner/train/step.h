/*
 * One update: slices, then tiles (DESIGN 5).
 *
 * The rows of a batch are cut into slices and every tensor into tiles. The cut depends on the batch size and the shapes alone, every
 * partial sum belongs to one slice, and those are added in their order: so the number of threads changes no bit.
 */
#ifndef RUNNER_TRAIN_STEP_H
#define RUNNER_TRAIN_STEP_H

#include "runner/train/slice.h"

#include <stdatomic.h>

/* A part of the slices' work that ends with a barrier: some nodes forward, perhaps the loss, some backward, and the share of the
   layer across the batch that the next part needs. */
struct phase {
    runner_node forward_from, forward_to; /* to is exclusive */
    bool loss;
    runner_node backward_from, backward_to; /* downwards, to is exclusive */
    runner_node reduce, reduce_delta;       /* 0: none */
};

struct tile {
    uint32_t tensor;
    uint64_t row, rows;
};

struct stepper {
    struct arena arena;
    struct model *model;
    const struct data *data;
    uint64_t batch_rows; /* of a full batch */
    uint64_t micro_rows; /* of a part of it; batch_rows where it goes in one */
    uint64_t slice_rows;
    size_t n_slices; /* of a full micro-batch */
    struct buffers buffers;
    struct phase *phases;
    size_t n_phases;
    struct tile *tiles;
    size_t n_tiles;
    uint64_t tile_elements;            /* of the largest */
    bool materialised;                 /* gradients are stored whole before the optimizer sees them */
    bool whole_tensors;                /* the optimizer has step_tensor() for some tensor */
    double *slice_losses, *slice_sums; /* [n_slices], [n_slices][n_sums] */
    double *partials;                  /* [n_slices][largest statistics] */
    int threads;
    struct call *calls;   /* [threads] */
    struct error *errors; /* [threads] */
    float **gradients;    /* [threads] of tile_elements */
    atomic_bool failed;   /* a plugin has called fail() */
    uint64_t seed;        /* of the noise */
    runner_step step;
    /* of the last update */
    double loss_sum;
    double *sums;  /* [n_sums] */
    bool diverged; /* its loss is not finite: the weights were left as they were */
};

/* Rows of a slice for a batch of so many rows. */
uint64_t slice_rows_for(uint64_t batch_rows);

void stepper_init(struct stepper *stepper, struct model *model, const struct data *data, uint64_t batch_rows,
                  uint64_t micro_rows, int threads, uint64_t seed);
void stepper_clear(struct stepper *stepper);

/* By all threads of a team at once: trains on `rows` examples from order[start] (order NULL: start itself). Ends with a barrier, after
   which loss_sum, sums, diverged and failed are there for all to read. */
void stepper_update(struct stepper *stepper, int thread, const uint32_t *order, uint64_t start, uint64_t rows,
                    double rate);

/* The first thread's error, after `failed`. */
enum status stepper_error(const struct stepper *stepper, struct error *error);

/* Sets flush-to-zero and round-to-nearest on the calling thread, so that foreign code's settings change no bit. Returns what was there, for
   thread_numbers_restore(). */
unsigned thread_numbers_set(void);
void thread_numbers_restore(unsigned before);

#endif
