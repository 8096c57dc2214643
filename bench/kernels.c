/*
 * Microbenchmarks of the hot kernels on one core, each beside what the machine can do at all, by turns:
 *
 *     bench_kernels FOLDERS [WORD ...]    prints a line for each kernel whose name begins with one of the words (none: for all)
 *     bench_kernels FOLDERS serve         serves (serve.h): "N" is the N'th kernel, from 0
 *                                             -> "ready NAME;SHAPE;UNIT", then its rate, and the bound of it, both in UNIT
 *
 * FOLDERS of plugins are separated by colons and hold noise_bytes and runner's own. The bound of a kernel is the longer of two times:
 * its multiply-adds at the peak of the processor, and its bytes at the bandwidth of a plain loop over as large a working set. A kernel that
 * does neither, such as a function's polynomial, stays below its bound for good; what counts is that it does not fall.
 */
#include "bench/kernels.h"
#include "bench/machine.h"
#include "bench/series.h"
#include "bench/serve.h"
#include "runner/base/cpu.h"
#include "runner/train/step.h"
#include "runner/train/thread_numbers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARRAYS = 3, ROUNDS = 5 };
#define SHORTEST 20e-6 /* seconds between two looks at the clock */

struct turns {
    const char *folders;
    struct kernel kernel;
    size_t repeats; /* of the kernel between two looks at the clock */
    float *data[ARRAYS];
    size_t n; /* floats of each */
    size_t passes;
};

static void repeat_kernel(void *context) {
    const struct turns *turns = context;
    for (size_t i = 0; i < turns->repeats; i++)
        turns->kernel.run(turns->kernel.context);
}

static int arrays_of(const struct kernel *kernel) {
    return kernel->loop == LOOP_UPDATE ? kernel->arrays : kernel->loop == LOOP_COPY ? 2 : 1;
}

static void pass(void *context) {
    const struct turns *turns = context;
    for (size_t i = 0; i < turns->passes; i++)
        switch (turns->kernel.loop) {
        case LOOP_READ: machine_read(turns->n, turns->data[0]); break;
        case LOOP_WRITE: machine_write(turns->n, turns->data[0]); break;
        case LOOP_COPY: machine_copy(turns->n, turns->data[0], turns->data[1]); break;
        case LOOP_UPDATE: machine_update(turns->n, turns->kernel.arrays, turns->data); break;
        }
}

static void multiply_add(void *context) {
    (void)context;
    machine_fma();
}

static void allocate(struct turns *turns) {
    const int arrays = arrays_of(&turns->kernel);
    turns->n = ((size_t)(turns->kernel.working_set / sizeof(float) / arrays) + 255) / 256 * 256;
    turns->passes = turns->n < 65536 ? 65536 / turns->n : 1;
    for (int i = 0; i < ARRAYS; i++) {
        free(turns->data[i]);
        turns->data[i] = i < arrays ? aligned_alloc(4096, (turns->n * sizeof(float) + 4095) / 4096 * 4096) : NULL;
        if (i < arrays && turns->data[i] == NULL)
            die("no memory");
        for (size_t j = 0; i < arrays && j < turns->n; j++)
            turns->data[i][j] = 1.0f;
    }
}

static bool open_kernel(struct turns *turns, size_t index) {
    struct kernel found;
    size_t n = 0;
    /* The sources number their kernels from 0 each. */
    static size_t counts[3];
    for (int source = 0; source < 3; source++) {
        bool there = source == 0   ? kernels_of_layers(index - n, turns->folders, &found)
                     : source == 1 ? kernels_of_vectors(index - n, &found)
                                   : kernels_of_optimizers(index - n, turns->folders, &found);
        if (there) {
            counts[source] = index - n + 1 > counts[source] ? index - n + 1 : counts[source];
            turns->kernel = found;
            allocate(turns);
            turns->repeats = 1;
            repeat_kernel(turns);
            double start = now();
            repeat_kernel(turns);
            double once = now() - start;
            turns->repeats = once < SHORTEST ? (size_t)(SHORTEST / (once + 1e-9)) + 1 : 1;
            return true;
        }
        n += counts[source];
    }
    return false;
}

/* The rate of the kernel and its bound, in GFLOP/s or GB/s. */
static void measure_both(struct turns *turns, struct span span, size_t *count, double values[SERVE_VALUES]) {
    const struct kernel *kernel = &turns->kernel;
    size_t ignored;
    double time = measure(repeat_kernel, turns, span_part(span, 0.6), count) / (double)turns->repeats, shortest = 0;
    if (kernel->flops > 0 && machine_has_fma())
        shortest = kernel->flops / machine_fma_flops() * measure(multiply_add, NULL, span_part(span, 0.15), &ignored);
    const int arrays = arrays_of(kernel);
    const double moved =
        sizeof(float) * (double)(turns->n * turns->passes) * (kernel->loop == LOOP_UPDATE ? 2 : 1) * arrays;
    double by_memory = kernel->bytes / moved * measure(pass, turns, span_part(span, 0.25), &ignored);
    shortest = by_memory > shortest ? by_memory : shortest;
    const double work = kernel->flops > 0 ? kernel->flops : kernel->bytes;
    values[0] = 1e-3 * work / time;
    values[1] = 1e-3 * work / shortest;
    values[2] = time;
}

static const char *unit_of(const struct kernel *kernel) {
    return kernel->flops > 0 ? "GFLOP/s" : "GB/s";
}

static const char *prepare(void *context, size_t n, char *const words[], char *reason, size_t size) {
    static char name[3 * KERNEL_TEXT];
    struct turns *turns = context;
    if (n != 1 || !open_kernel(turns, (size_t)atol(words[0]))) {
        snprintf(reason, size, "no such kernel");
        return NULL;
    }
    snprintf(name, sizeof name, "%s;%s;%s", turns->kernel.name, turns->kernel.shape, unit_of(&turns->kernel));
    return name;
}

static size_t go(void *context, struct span span, size_t *count, double values[SERVE_VALUES]) {
    measure_both(context, span, count, values);
    return 3;
}

static bool wanted(const char *name, int n, char *const words[]) {
    bool found = n == 0;
    for (int i = 0; i < n; i++)
        found |= strncmp(name, words[i], strlen(words[i])) == 0;
    return found;
}

static void print_all(struct turns *turns, int n, char *const words[]) {
    printf("%-30s %-28s %10s %9s %9s %8s %6s\n", "kernel", "rows x inputs -> outputs", "us", "rate", "bound", "",
           "share");
    for (size_t index = 0; open_kernel(turns, index); index++) {
        double values[3][ROUNDS], medians[3];
        if (!wanted(turns->kernel.name, n, words))
            continue;
        for (int round = 0; round < ROUNDS; round++) {
            double round_values[SERVE_VALUES];
            size_t count;
            measure_both(turns, (struct span){0.04, SERVE_WARM}, &count, round_values);
            for (int i = 0; i < 3; i++)
                values[i][round] = round_values[i];
        }
        for (int i = 0; i < 3; i++)
            medians[i] = median(values[i], ROUNDS);
        printf("%-30s %-28s %10.2f %9.1f %9.1f %8s %6.2f\n", turns->kernel.name, turns->kernel.shape, medians[2],
               medians[0], medians[1], unit_of(&turns->kernel), medians[0] / medians[1]);
        fflush(stdout);
    }
}

int main(int argc, char **argv) {
    static struct turns turns;
    if (argc < 2)
        die("usage: bench_kernels FOLDERS [serve | WORD ...]");
    cpu_level_limit_text(getenv("RUNNER_CPU_LEVEL"));
    turns.folders = argv[1];
    unsigned before = thread_numbers_set();
    if (argc == 3 && strcmp(argv[2], "serve") == 0)
        serve(&(struct served){&turns, prepare, go});
    else
        print_all(&turns, argc - 2, argv + 2);
    thread_numbers_restore(before);
    return 0;
}
