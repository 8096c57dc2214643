/* What bench_run was asked for, and where it finds what it runs. */
#ifndef BENCH_SETTINGS_H
#define BENCH_SETTINGS_H

#include "bench/rows.h"
#include "bench/server.h"

enum { BATCHES = 6, OPTIMIZERS = 3, ROUNDS = 64 };

struct settings {
    struct servers servers;
    const char *build;   /* build/release */
    const char *source;  /* the repository */
    const char *out;     /* bench/out */
    const char *python;  /* NULL: no peers */
    const char *network; /* of group step, by its name */
    const char *peers;   /* those of Python that are measured, separated by commas; NULL: all */
    bool quick;
    size_t rounds;
    double seconds;                     /* for which a round measures a side */
    int batches[BATCHES], n_batches;    /* that are measured */
    const char *optimizers[OPTIMIZERS]; /* the same */
    int n_optimizers;
    int trials; /* of the large grid */
    struct rows rows;
};

/* The groups of --only; each adds its rows. */
void bench_machine(struct settings *settings);
void bench_kernels(struct settings *settings);
void bench_steps(struct settings *settings);
void bench_grids(struct settings *settings);
void bench_bits(struct settings *settings);

#endif
