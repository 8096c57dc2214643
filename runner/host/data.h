/*
 * A data set in memory, read once and shared: the child that opens it writes it into a memfd, which is sealed against writes and
 * mapped read-only by the workers. Inputs keep their compact element type (uint8 stays uint8).
 *
 * Splits: training rows, less the validation rows that the host cuts from them (`validation:` a count or share, stratified by
 * class, drawn with the data set's seed), and test rows. Rows keep the data set's order within a split.
 */
#ifndef RUNNER_HOST_DATA_H
#define RUNNER_HOST_DATA_H

#include "runner/base/hash.h"
#include "runner/base/tree.h"
#include "runner/host/loader.h"
#include "runner/plugin.h"

enum data_split { DATA_TRAIN, DATA_VALIDATION, DATA_TEST, DATA_SPLITS };

struct data {
    uint64_t rows[DATA_SPLITS];
    runner_shape input, target; /* input of rank 0: no inputs; target of rank 0: labels, or one value a row */
    uint32_t element;           /* runner_element */
    float scale;                /* inputs are element * scale */
    uint32_t classes;           /* 0: targets are values */
    struct hash128 hash;        /* of all rows, shapes, scale: the same on every machine that reads the same data */
    const void *inputs[DATA_SPLITS];  /* [rows][elements of input] of `element` */
    const void *targets[DATA_SPLITS]; /* int32 [rows], or float [rows][elements of target] */
    const runner_constant *constants; /* [n_constants]; their names and values lie in the mapping */
    uint32_t n_constants;
    const char *files; /* JSON list of {path, sha256, bytes}: where the rows were read from */
    void *mapping;
    size_t mapping_size;
};

/* Opens the resolved data set and writes it to a new sealed memfd. Errors: STATUS_CONFIG for bad or missing files, with the path. */
enum status data_build(const struct loader *loader, const struct tree *resolved, int *fd, struct error *error);
/* Maps such a memfd; checks it. */
enum status data_map(int fd, struct data *data, struct error *error);
void data_unmap(struct data *data);

#endif
