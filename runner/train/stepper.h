/*
 * What an update works on, and how a tensor of it is to be treated: the parts of step.h share it.
 *
 * What is [threads] belongs to one thread each; else the thread that has taken a slice, block, chunk or tile from the team writes what belongs
 * to that.
 */
#ifndef RUNNER_TRAIN_STEPPER_H
#define RUNNER_TRAIN_STEPPER_H

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
    /* Of CUT_OUTPUTS: that of the layer's inputs, to whose rows of weights threads may keep here, too; NULL: none */
    const struct phase *back;
};

/* A step of few rows is cut by columns (step_columns.h). A layer with RUNNER_COLUMNS and many weights runs by chunks of its output's
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

enum { LATE_STEPS = 256 /* that may be due */ };

/* Steps that wait until their row is read again (late.h). */
struct late {
    struct tensor *tensor; /* NULL: no tensor has late steps */
    const float *zeros;    /* [panel] a gradient */
    runner_step *steps;    /* of updates base + 1 .. */
    uint64_t base;         /* all rows have had this update's step */
    uint64_t last;         /* the update that runs */
    bool running;          /* something may be late */
    bool all;              /* all rows get what is due in this update, since `steps` is full */
    size_t n_chunks;
    uint64_t *first; /* [n_chunks + 1] columns where chunks begin, and their end */
    uint64_t *made;  /* [n_chunks][rows] the last update whose step the row has had */
    /* Of the examples of the next update behind made[], where that has read the row; else 0. NULL: no step of such a row waits. */
    float *inputs; /* [n_chunks][rows] */
    float *deltas; /* [updates base + 1 ..][delta_pitch] of the examples */
    uint64_t delta_pitch;
    uint32_t *read; /* [n_read] the rows that this update reads, ascending */
    uint64_t n_read;
    unsigned char *is_read; /* [rows] */
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
    bool gathered;        /* this update's rows, before it began: its first phase has nothing to do */
    bool apart;           /* threads may keep apart there (stepper_keeps_apart()) */
    bool by_layers;       /* some phases are not cut by rows (step_layers.h) */
    size_t phases_tiles;  /* the first of `tiles`, which belong to phases */
    struct stage *stages; /* NULL where the step is cut by rows */
    size_t n_stages;
    struct late late; /* of the first layer */
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

/* Some rows of the part, for the calling thread. */
struct slice stepper_slice(struct stepper *stepper, int thread, const struct part *part, uint64_t first, uint64_t rows);

/* The optimizer does nothing to this tensor but to add a multiple of the gradient. */
bool stepper_direct(const struct stepper *stepper, const struct tensor *tensor);
/* Its gradient is computed for groups of rows. */
bool stepper_grouped(const struct stepper *stepper, const struct tensor *tensor);
/* The host may compute the tensor's gradient by itself (slice_outer_gradient()). */
bool stepper_is_product(const struct stepper *stepper, const struct tensor *tensor);
/* The batch has one example, and this gradient is its outer product and goes to the optimizer as it is: rows of it need not be stored. */
bool stepper_is_outer(const struct stepper *stepper, const struct tensor *tensor);
/* Its updates wait for the next product that reads the weights (storage.h): in a step of one example that is cut by columns, where
   no weights are constrained. */
bool stepper_postpones(const struct stepper *stepper, const struct tensor *tensor);

/* By one thread: collects what plugins reported. */
void stepper_note_failures(struct stepper *stepper);
/* The weights are to be left as they are. */
bool stepper_stopped(const struct stepper *stepper);

#endif
