/*
 * Compares derivatives that a plugin gives with central differences of a float64 sum.
 *
 * The error is that of the whole vector, in the Euclidean norm, relative to the larger of the two. Places at which the
 * differences of two step sizes disagree lie beside a corner (relu's, an absolute value's, another window's maximum) and do not
 * count. Several steps are tried, since each function has its own rounding and curvature; the best one counts.
 */
#ifndef RUNNER_CONFORMANCE_DERIVATIVE_H
#define RUNNER_CONFORMANCE_DERIVATIVE_H

#include <stdbool.h>
#include <stdint.h>

#define DERIVATIVE_TOLERANCE 2e-3

struct derivative {
    void *context;
    uint64_t count;
    float *(*place)(void *context, uint64_t i); /* of variable i */
    double (*claimed)(void *context, uint64_t i);
    /* The function, after a variable has changed. `noise`, where it is not NULL: the size of what rounding to float may do to it. */
    double (*value)(void *context, double *noise);
    const float *steps;
    uint32_t n_steps;
};

struct derivative_error {
    double relative; /* 0 where all that is left is rounding */
    uint64_t corners, worst;
    double claimed, difference; /* at the worst place */
};

/* Of the best step. False where half of the places or more are corners. */
bool derivative_compare(const struct derivative *derivative, struct derivative_error *error);

#endif
