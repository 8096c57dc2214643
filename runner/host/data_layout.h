/*
 * The form of a data set in its memfd, shared by the process that writes it and those that map it: this header, then for each
 * split its inputs and its targets, each array aligned to 64 bytes, then the text of `files` and the constants
 * (data_constants.h). Host byte order: it never leaves the machine.
 */
#ifndef RUNNER_HOST_DATA_LAYOUT_H
#define RUNNER_HOST_DATA_LAYOUT_H

#include "runner/host/data.h"

#define DATA_MAGIC UINT64_C(0x3261746164726e72) /* "rnrdata2" */

struct data_header {
    uint64_t magic, size; /* of the whole, in bytes */
    uint64_t rows[DATA_SPLITS];
    runner_shape input, target;
    uint32_t element, classes;
    float scale;
    uint32_t n_constants;
    struct hash128 hash;
    uint64_t inputs[DATA_SPLITS], targets[DATA_SPLITS]; /* offsets */
    uint64_t files, files_size;                         /* offset, and bytes with the NUL */
    uint64_t constants, constants_size;                 /* offset, and bytes */
};

/* Bytes of one row; false where they overflow. A data set without inputs (shape [0]) has rows of 0 bytes. */
bool data_row_sizes(const runner_shape *input, uint32_t element, const runner_shape *target, uint32_t classes,
                    uint64_t *inputs, uint64_t *targets);
/* Fills size and offsets from the other fields; false where they overflow. */
bool data_layout(struct data_header *header);

#endif
