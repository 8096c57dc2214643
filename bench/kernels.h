/*
 * The hot kernels one by one, each with the work that it cannot do without, from which bench_kernels tells how near it comes to the machine's
 * own limits.
 */
#ifndef BENCH_KERNELS_H
#define BENCH_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

enum { KERNEL_TEXT = 64 };

/* How a kernel passes over memory; bench_machine's loops. */
enum kernel_loop { LOOP_READ, LOOP_WRITE, LOOP_COPY, LOOP_UPDATE };

struct kernel {
    char name[KERNEL_TEXT];  /* "dense forward" */
    char shape[KERNEL_TEXT]; /* "64 x 500 x 500" */
    double flops;            /* of one call: two for each multiply-add; 0: memory alone bounds it */
    double bytes;            /* of one call, read and written, each once */
    double working_set;      /* bytes */
    enum kernel_loop loop;
    int arrays; /* LOOP_UPDATE: that are updated in one pass */
    void (*run)(void *context);
    void *context;
};

/* The index'th kernel, ready to run; valid until the next call. False past the last one. `folders` is of the plugins. */
bool kernels_of_layers(size_t index, const char *folders, struct kernel *kernel);
bool kernels_of_vectors(size_t index, struct kernel *kernel);
bool kernels_of_optimizers(size_t index, const char *folders, struct kernel *kernel);

#endif
