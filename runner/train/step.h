/*
 * One update: slices, then tiles (DESIGN 5).
 *
 * The rows of a batch are cut into slices and every tensor into tiles. The cut depends on the batch size and the shapes alone, every
 * partial sum belongs to one slice, and those are added in their order: so the number of threads changes no bit. Nor does it that a
 * thread may take a span of several slices through the layers at once.
 */
#ifndef RUNNER_TRAIN_STEP_H
#define RUNNER_TRAIN_STEP_H

#include "runner/train/late.h"
#include "runner/train/slice.h"
#include "runner/train/team.h"

#include <stdatomic.h>

/* What threads share of a phase: slices of rows or, of all rows, blocks of the outputs of its layers forward or of the inputs of
   its layers backward. */
enum cut { CUT_ROWS, CUT_OUTPUTS, CUT_INPUTS };

/* A part of the work that ends with a barrier: some nodes forward, perhaps the loss, some backward, and the share of the layer across the
   batch that the next part needs. */
struct phase {
    enum cut cut;
    runner_node forward_from, forward_to; /* to is exclusive */
    bool loss;
    runner_node backward_from, backward_to; /* downwards, to is exclusive */
    runner_node reduce, reduce_delta;       /* 0: none */
    size_t n_blocks;
    uint64_t *first;    /* [n_blocks + 1] columns where blocks begin, and their end */
    size_t *first_tile; /* [n_blocks + 1] of the rows of weights that belong to a block of inputs */
};

/* A step of few rows is cut by columns (step_columns.c). A layer with RUNNER_COLUMNS and many weights runs by chunks of its output's
   columns, with the elementwise layers behind it; what follows up to the next such layer is for one thread. On the way back a chunk is the
   share of the input's delta that these columns give, and then the gradient and update of their weights. So a thread meets the same
   columns of the weights on both ways, and they stay in its cache. Of the layers for one thread the chunks share the tiles, but for those whose
   updates are postponed: each of these is one piece. */
struct stage {
    runner_node node, elementwise_to, to; /* both exclusive: elementwise layers, and layers for one thread */
    size_t n_chunks;
    size_t *first_tile; /* [n_chunks + 1] */
    size_t tiles_end;   /* of the tiles for one thread, which stand behind the last chunk's */
    float *shares;      /* [n_chunks][rows][pitch of the input]; NULL where no delta is wanted */
};

/* The inputs of the examples that probably come next, gathered by a thread that waits for another: they take the place of the batch's where they
   do come next. */
struct ahead {
    struct sparse_storage sparse;
    uint32_t *examples; /* [rows] their numbers */
    uint64_t rows;      /* 0: nothing is there */
    atomic_bool taken;  /* by the thread that gathers them in this update */
};

struct tile {
    uint32_t tensor;
    uint64_t row, rows, column, columns;
};

/* A tensor whose gradient is costly for its size: it is computed for groups of a batch's rows, which are then added in order. */
struct row_group {
    uint32_t tensor;
    uint64_t first, rows; /* of a full micro-batch */
    float *gradient;      /* of the whole tensor, over these rows */
};

/* The rows of a batch that go through the network, and then into the gradients, before the next ones do. */
struct part {
    const uint32_t *order;
    uint64_t start;  /* in the order, of the part's first row */
    uint64_t offset; /* of that row in the batch */
    uint64_t rows;
    uint64_t micro, batch; /* rows of the micro-batch and of the batch that it is part of */
    uint64_t update;
};

struct stepper {
    struct arena arena;
    struct model *model;
    const struct data *data;
    uint64_t batch_rows; /* of a full batch */
    uint64_t micro_rows; /* of a part of it; batch_rows where it goes in one */
    uint64_t part_rows;  /* of a part of that; micro_rows where that goes in one */
    uint64_t slice_rows;
    uint64_t span_rows; /* of slices that a thread takes at once */
    size_t n_slices;    /* of a full micro-batch */
    struct buffers buffers;
    struct phase *phases;
    size_t n_phases;
    bool by_layers;       /* some phases are not cut by rows (step_layers.c) */
    size_t phases_tiles;  /* the first of `tiles`, which belong to phases */
    struct stage *stages; /* NULL where the step is cut by rows */
    size_t n_stages;
    struct late late; /* of the first stage */
    struct ahead ahead;
    struct tile *tiles;
    size_t n_tiles, tiles_capacity;
    struct row_group *groups; /* those of one tensor stand together */
    size_t n_groups;
    bool materialised;  /* gradients are stored whole before the optimizer sees them */
    bool norms;         /* they are clipped by a norm, so the optimizer waits for all of them */
    bool whole_tensors; /* the optimizer has step_tensor() for some tensor */
    bool constraints, regularizers;
    float **transposed;                    /* [n_tensors] copies of the weights, or NULL */
    double *slice_losses, *slice_sums;     /* [n_slices], [n_slices][n_sums] */
    double *partials;                      /* [n_slices][largest statistics] */
    double *tile_squares, *tile_penalties; /* [n_tiles] */
    double *tensor_squares;                /* [n_tensors] */
    float *factors;                        /* [n_tensors] what clipping by a norm leaves of a gradient */
    int threads;                           /* at most */
    struct team team;                      /* those that are there */
    struct call *calls;                    /* [threads] */
    struct error *errors;                  /* [threads] */
    float **gradients;                     /* [threads] of the largest tile */
    atomic_bool failed;                    /* a plugin has called fail() */
    uint64_t seed;                         /* of the noise */
    runner_step step;
    struct part part; /* of this update: all of its rows */
    /* of the last update */
    double loss_sum; /* over its rows, with the regularizers' penalty as a share of each row */
    double *sums;    /* [n_sums] */
    bool diverged;   /* its loss is not finite: the weights were left as they were */
};

/* Rows of a slice for a batch of so many rows. */
uint64_t slice_rows_for(uint64_t batch_rows);
/* Rows of a part of a micro-batch of so many rows: its activations and deltas stay in the cache until the gradients have read them. No bit
   depends on it. */
uint64_t part_rows_for(const struct model *model, uint64_t micro_rows);

/* Bytes that a stepper keeps beside the weights to make its way faster, at most: transposed weights, and deltas of postponed updates. */
uint64_t stepper_copies_size(const struct model *model, uint64_t batch_rows);

/* Bytes of the examples that it gathers ahead, at most. */
uint64_t stepper_ahead_size(const struct model *model, uint64_t batch_rows);

void stepper_init(struct stepper *stepper, struct model *model, const struct data *data, uint64_t batch_rows,
                  uint64_t micro_rows, int threads, uint64_t seed);
void stepper_clear(struct stepper *stepper);

/* The threads that are to call stepper_run(), at most as many as stepper_init() was told. By one thread, before they do. */
void stepper_team(struct stepper *stepper, int threads);

/* Begins an update on `rows` examples from order[start] (order NULL: start itself). By one thread, while no update runs. */
void stepper_begin(struct stepper *stepper, const uint32_t *order, uint64_t start, uint64_t rows, double rate);
/* Runs updates, by all threads of the team, from the one that has begun until next() says that there is no more. It is called by one
   thread after each update, when loss_sum, sums, diverged and failed are there to be read, and begins the one that follows. */
void stepper_run(struct stepper *stepper, int thread, bool (*next)(void *context), void *context);
/* One update by the calling thread alone. */
void stepper_update(struct stepper *stepper, const uint32_t *order, uint64_t start, uint64_t rows, double rate);

/* The parts of it; step_plan.c, step_columns.c and update.c. */
void stepper_plan(struct stepper *stepper);
/* Stages and tiles of a step that is cut by columns; false, and nothing done, where it is not. */
bool stepper_plan_columns(struct stepper *stepper);
/* Phases and tiles of a step that is cut by layers; false, and nothing done, where it is not. */
bool stepper_plan_layers(struct stepper *stepper);
/* A block of a phase that is not cut by rows. */
void stepper_run_block(struct stepper *stepper, int thread, const struct phase *phase, const struct part *part,
                       size_t block);
/* The optimizer does nothing to this tensor but to add a multiple of the gradient. */
bool stepper_direct(const struct stepper *stepper, const struct tensor *tensor);
/* Its updates wait for the next product that reads the weights (storage.h): in a step of one example that is cut by columns, where
   no weights are constrained. */
bool stepper_postpones(const struct stepper *stepper, const struct tensor *tensor);
/* Makes what waits; by one thread, when no update runs. */
void stepper_settle(struct stepper *stepper);
/* Sets the rows of a span for a team of so many threads: products of more rows read their weights less often, but what a layer reads and writes
   is to stay in a core's second-level cache, and every thread is to have a span. */
void stepper_set_span(struct stepper *stepper, int threads);
/* Keeps the transposed weights for a team of so many threads, or does not: where products have a row an example, slices have so few that
   these transpose in registers, and several threads share the tiles, copies would cross between the cores in every update. No bit depends on it. */
void stepper_keep_transposed(struct stepper *stepper, int threads);
/* Cuts columns of a trained tensor into tiles. */
void stepper_add_tiles(struct stepper *stepper, uint32_t tensor, uint64_t column, uint64_t columns);
/* The same of rows first .. end - 1 alone. */
void stepper_add_row_tiles(struct stepper *stepper, uint32_t tensor, uint64_t first, uint64_t end, uint64_t column,
                           uint64_t columns);
struct slice stepper_slice(struct stepper *stepper, int thread, const struct part *part, uint64_t first, uint64_t rows);
/* By one thread: what stands before the first stage. */
void stepper_begin_columns(struct stepper *stepper, int thread);
/* By all threads: deltas, gradients and, where nothing waits for all of them, updates. */
void stepper_run_columns(struct stepper *stepper, int thread);
/* By all threads: gradients of the part's rows, and, after a batch's last part, the optimizer. The team meets at their end, or not. */
void stepper_gradients(struct stepper *stepper, int thread, const struct part *part);
void stepper_tile(struct stepper *stepper, int thread, const struct part *part, size_t index);
/* The host may compute the tensor's gradient by itself (slice_outer_gradient()). */
bool stepper_is_product(const struct stepper *stepper, const struct tensor *tensor);
/* The batch has one example, and this gradient is its outer product and goes to the optimizer as it is: rows of it need not be stored. */
bool stepper_is_outer(const struct stepper *stepper, const struct tensor *tensor);
/* Step of n weights of a row of tensor 0 of a layer with RUNNER_OUTER_GRADIENT, whose input is x, after a batch of one example. */
void stepper_outer_step(struct stepper *stepper, int thread, const struct tensor *tensor, const runner_step *step,
                        float x, const float *delta, uint64_t n, float *w, float *const *slots);
void stepper_optimize(struct stepper *stepper, int thread, uint64_t rows);
/* By one thread: collects what plugins reported. */
void stepper_note_failures(struct stepper *stepper);
/* The weights are to be left as they are. */
bool stepper_stopped(const struct stepper *stepper);

/* The first thread's error, after `failed`. */
enum status stepper_error(const struct stepper *stepper, struct error *error);

/* Sets flush-to-zero and round-to-nearest on the calling thread, so that foreign code's settings change no bit. Returns what was there, for
   thread_numbers_restore(). */
unsigned thread_numbers_set(void);
void thread_numbers_restore(unsigned before);

#endif
