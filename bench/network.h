/*
 * A network on a data set, built as a trial builds it, so that the benchmarks measure what the program runs. All functions are for one thread
 * and end the program with a message where something is wrong.
 */
#ifndef BENCH_NETWORK_H
#define BENCH_NETWORK_H

#include "runner/train/step.h"

/* The lecture's, as a config's `model`. */
#define NETWORK_LECTURE                                                                                                \
    "[{dense: {units: 500, activation: sigmoid}}, {dense: {units: 500, activation: sigmoid}}, "                        \
    "{dense: {units: 10, activation: softmax}}]"

/* The layers of a network of this name ("lecture", "lenet", ...; bench/peers/torch_step.py has them too), or NULL. */
const char *network_named(const char *name);

struct network {
    /* by the caller, before network_prepare() */
    int threads;
    const char *gemm;   /* "portable" */
    const char *layers; /* a config's `model` */
    /* ---- */
    struct loader loader;
    struct data data;
    int fd; /* of the data; -1: none yet */
    bool prepared;
    struct arena arena;
    struct model model;
    struct stepper stepper;
    uint32_t *order;     /* a permutation of the training rows */
    uint64_t batch_rows; /* of a full batch */
};

/* Plugins from folders separated by colons, runner's own last; cuts the text. */
void network_open(struct network *network, char *folders);
/* A config's value of `dataset`, in place of the one before. */
void network_read(struct network *network, const char *dataset);
/* Values of `batch_size` and `optimizer`; in place of what was prepared before. */
void network_prepare(struct network *network, const char *batch, const char *optimizer);
void network_close(struct network *network);

#endif
