/*
 * numpy's array format (.npy, versions 1 to 3; numpy/lib/format.py): its header, and numbers out of its data. The bytes are not
 * trusted; a mistake is STATUS_CONFIG, and the caller prefixes the file. Thread-safe.
 */
#ifndef RUNNER_BASE_NPY_H
#define RUNNER_BASE_NPY_H

#include "runner/base/status.h"
#include "runner/base/text.h"

#include <stdbool.h>
#include <stdint.h>

enum { NPY_MAX_RANK = 8 };

struct npy {
    char kind;       /* 'f' float, 'i' signed, 'u' unsigned, 'b' bool */
    unsigned width;  /* bytes of an element: 1, 2, 4, 8 */
    bool big_endian; /* never where width is 1 */
    bool fortran;    /* the first index changes fastest */
    unsigned rank;
    uint64_t size[NPY_MAX_RANK];
    uint64_t count;            /* elements */
    const unsigned char *data; /* [count], within the bytes read; not aligned */
};

/* Checks that the data is all there. */
enum status npy_read(const unsigned char *bytes, uint64_t n, struct npy *npy, struct error *error);
/* Element `index` in row-major order, whatever the order in the file. */
double npy_number(const struct npy *npy, uint64_t index);
/* All elements in row-major order. A float64 is rounded to nearest. */
void npy_floats(const struct npy *npy, float *out);
/* "(784, 500)", "()", "(10,)" */
void npy_write_shape(unsigned rank, const uint64_t *size, struct text *out);
/* The header of a row-major array of little-endian float32, up to where its data begins. */
void npy_write_header(unsigned rank, const uint64_t *size, struct text *out);

#endif
