/*
 * What this machine can do at all, on one core:
 *
 *     bench_machine       serves (serve.h)
 *         fma                          -> GFLOP/s of fused multiply-adds in registers
 *         sgemm                        -> GFLOP/s of the fastest product: OpenBLAS at several sizes, and runner's own
 *         bandwidth KIND BYTES         -> GB/s over a working set of BYTES; KIND: read, write, copy, update (in place)
 *         handover                     -> nanoseconds in which a cache line goes from one core to another and back; two threads
 *         between BYTES                -> GB/s over BYTES that the other core has just written, in place; two threads
 *         roofline SLOTS               -> GFLOP/s of the product that was the fastest while this was prepared, and microseconds in which a step's
 *                                         weights can pass through the core: all weights of the lecture's network read once, then read and
 *                                         written once together with SLOTS arrays of the same size; each for half of the time
 */
#include "bench/machine.h"
#include "bench/series.h"
#include "bench/serve.h"
#include "runner/base/cpu.h"
#include "runner/host/products.h"

#include <math.h>
#include <omp.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    KINDS = 4,
    SIZES = 5,
    FIRST_TURNS = 4 /* that find the array in no core, and the threads at their start */,
    TRIPS = 256,
    TRIALS = 5 /* of each product, among which the fastest is chosen */
};
static const char *const kinds[KINDS] = {"read", "write", "copy", "update"};
static const int bytes_of[KINDS] = {4, 4, 8, 8}; /* moved for a float of the array */
static const int sizes[SIZES] = {96, 192, 384, 768, 1024};

struct machine {
    enum { NOTHING, FMA, SGEMM, BANDWIDTH, HANDOVER, BETWEEN, ROOFLINE } what;
    int kind, arrays;
    size_t n; /* floats of an array */
    float *data[MACHINE_ARRAYS];
    struct machine_product product; /* of ROOFLINE */
    char name[32];
};

/* Of ones. */
static float *new_array(size_t floats) {
    float *array = aligned_alloc(4096, (floats * sizeof(float) + 4095) / 4096 * 4096);
    if (array == NULL)
        die("no memory for %zu floats", floats);
    for (size_t i = 0; i < floats; i++)
        array[i] = 1.0f;
    return array;
}

static void allocate(struct machine *machine, int arrays, size_t floats) {
    for (int i = 0; i < MACHINE_ARRAYS; i++) {
        free(machine->data[i]);
        machine->data[i] = NULL;
    }
    machine->arrays = arrays;
    machine->n = (floats + 255) / 256 * 256;
    for (int i = 0; i < arrays; i++)
        machine->data[i] = new_array(machine->n);
}

/* More than a product of the largest size wants. */
static void *workspace(void) {
    static void *memory;
    const uint64_t size = (uint64_t)sizes[SIZES - 1];
    const runner_view view = {.rows = size, .columns = size, .pitch = size};
    if (memory == NULL)
        memory = aligned_alloc(64, (product_workspace(GEMM_PORTABLE, 0, &view, &view) + 63) / 64 * 64);
    if (memory == NULL)
        die("no memory");
    return memory;
}

/* Of square matrices that it has for good. */
static struct machine_product product_of(int which) {
    static float *matrices[3];
    const size_t floats = (size_t)sizes[SIZES - 1] * (size_t)sizes[SIZES - 1];
    for (int i = 0; i < 3; i++)
        if (matrices[i] == NULL)
            matrices[i] = new_array(floats);
    return (struct machine_product){sizes[which / 2], which % 2 != 0, matrices[0],
                                    matrices[1],      matrices[2],    workspace()};
}

/* GFLOP/s. */
static double measure_product(struct machine_product product, struct span span, size_t *count) {
    return 2e-3 * pow(product.size, 3) / measure(machine_product, &product, span, count);
}

static double fastest_product(struct span span, size_t *count) {
    double best = 0;
    span = span_part(span, 1.0 / (2 * SIZES));
    for (int which = 0; which < 2 * SIZES; which++)
        best = fmax(best, measure_product(product_of(which), span, count));
    return best;
}

/* By the best of several short trials, so that a busy moment leaves none out; for good. What is measured then is this one product, as the step beside
   it is one step: the best of ten would look for a quiet moment among them. */
static void choose_product(struct machine_product *product) {
    const struct span span = {0.002, 0.001};
    struct machine_product fastest = *product;
    double best = 0;
    for (int trial = 0; trial < TRIALS && product->size == 0; trial++)
        for (int which = 0; which < 2 * SIZES; which++) {
            size_t count;
            const double rate = measure_product(product_of(which), span, &count);
            if (rate > best) {
                best = rate;
                fastest = product_of(which);
            }
        }
    *product = fastest;
}

static const char *prepare(void *context, size_t n, char *const words[], char *reason, size_t size) {
    struct machine *machine = context;
    machine->what = NOTHING;
    if (n == 1 && strcmp(words[0], "fma") == 0) {
        machine->what = FMA;
    } else if (n == 1 && strcmp(words[0], "sgemm") == 0) {
        machine->what = SGEMM;
    } else if (n == 1 && strcmp(words[0], "handover") == 0) {
        machine->what = HANDOVER;
    } else if (n == 2 && strcmp(words[0], "roofline") == 0) {
        allocate(machine, 1 + atoi(words[1]), MACHINE_WEIGHTS);
        choose_product(&machine->product);
        machine->what = ROOFLINE;
        snprintf(machine->name, sizeof machine->name, "%s, %d", machine->product.own ? "runner" : "OpenBLAS",
                 machine->product.size);
        return machine->name;
    } else if (n == 2 && strcmp(words[0], "between") == 0) {
        allocate(machine, 1, (size_t)atol(words[1]) / sizeof(float));
        machine->what = BETWEEN;
    } else if (n == 3 && strcmp(words[0], "bandwidth") == 0) {
        for (int i = 0; i < KINDS; i++)
            if (strcmp(words[1], kinds[i]) == 0) {
                machine->what = BANDWIDTH;
                machine->kind = i;
            }
        if (machine->what == BANDWIDTH) {
            int arrays = machine->kind == 2 ? 2 : 1;
            allocate(machine, arrays, (size_t)atol(words[2]) / sizeof(float) / (size_t)arrays);
        }
    }
    if (machine->what == NOTHING || (machine->what == FMA && !machine_has_fma())) {
        snprintf(reason, size, "not known here");
        return NULL;
    }
    return "machine";
}

static void pass(void *context) {
    const struct machine *machine = context;
    /* Small working sets are passed over several times between two looks at the clock. */
    size_t times = machine->n < 262144 ? 262144 / machine->n : 1;
    for (size_t i = 0; i < times; i++)
        switch (machine->kind) {
        case 0: machine_read(machine->n, machine->data[0]); break;
        case 1: machine_write(machine->n, machine->data[0]); break;
        case 2: machine_copy(machine->n, machine->data[0], machine->data[1]); break;
        default: machine_update(machine->n, 1, machine->data); break;
        }
}

static void traffic(void *context) {
    const struct machine *machine = context;
    machine_read(machine->n, machine->data[0]);
    machine_update(machine->n, machine->arrays, machine->data);
}

static void multiply_add(void *context) {
    (void)context;
    machine_fma();
}

/* Two cores hand the array to and fro; each in its turn updates all of it. Microseconds of a turn. */
static double between(const struct machine *machine, double seconds, size_t *count) {
    static double times[SERVE_SAMPLES];
    atomic_size_t turn = 0;
    double end = 0; /* of the measurement; the threads take turns at it as well */
#pragma omp parallel num_threads(2)
    {
        size_t mine = (size_t)omp_get_thread_num();
        for (bool more = true; more && mine < SERVE_SAMPLES; mine += 2) {
            while (atomic_load_explicit(&turn, memory_order_acquire) != mine) {
            }
            double start = now();
            end = mine == FIRST_TURNS ? start + seconds : end;
            machine_update(machine->n, 1, machine->data);
            times[mine] = now() - start;
            more = mine < FIRST_TURNS || start < end; /* then the other one sees the same in its turn */
            atomic_store_explicit(&turn, mine + 1, memory_order_release);
        }
    }
    *count = turn - FIRST_TURNS;
    return 1e6 * median(times + FIRST_TURNS, *count);
}

/* Pins this thread to the index'th core that the process may use; returns what it might use. */
static cpu_set_t pin(int index) {
    cpu_set_t all, one;
    CPU_ZERO(&one);
    if (sched_getaffinity(0, sizeof all, &all) != 0)
        die("sched_getaffinity() fails");
    for (size_t core = 0, found = 0; core < CPU_SETSIZE; core++)
        if (CPU_ISSET(core, &all) && found++ == (size_t)index)
            CPU_SET(core, &one);
    if (CPU_COUNT(&one) > 0)
        sched_setaffinity(0, sizeof one, &one);
    return all;
}

/* False where it became SIZE_MAX, which ends the exchange. */
static bool wait_for(atomic_size_t *number, size_t value) {
    size_t seen;
    do
        seen = atomic_load_explicit(number, memory_order_acquire);
    while (seen != value && seen != SIZE_MAX);
    return seen == value;
}

/* Counts on from even numbers and waits for the next one; the times of TRIPS such turns each. */
static size_t lead(atomic_size_t *number, double seconds, double times[SERVE_SAMPLES]) {
    size_t n = 0, at = 0;
    double last = now(), end = last + seconds;
    while (n < SERVE_SAMPLES && (n < 2 || last < end)) {
        for (int trip = 0; trip < TRIPS; trip++, at += 2) {
            atomic_store_explicit(number, at + 1, memory_order_release);
            wait_for(number, at + 2);
        }
        double time = now();
        times[n++] = time - last;
        last = time;
    }
    atomic_store_explicit(number, SIZE_MAX, memory_order_release);
    return n;
}

/* Two pinned threads hand a number to and fro. Nanoseconds there and back. */
static double handover(double seconds, size_t *count) {
    static double times[SERVE_SAMPLES];
    static _Alignas(128) atomic_size_t number;
    atomic_store(&number, 0);
#pragma omp parallel num_threads(2)
    {
        const int mine = omp_get_thread_num();
        const cpu_set_t before = pin(mine);
        if (mine == 0)
            *count = lead(&number, seconds, times);
        else
            for (size_t at = 1; wait_for(&number, at); at += 2)
                atomic_store_explicit(&number, at + 1, memory_order_release);
        sched_setaffinity(0, sizeof before, &before);
    }
    return 1e9 / TRIPS * median(times, *count);
}

static size_t go(void *context, struct span span, size_t *count, double values[SERVE_VALUES]) {
    struct machine *machine = context;
    switch (machine->what) {
    case FMA: values[0] = 1e-3 * machine_fma_flops() / measure(multiply_add, NULL, span, count); return 1;
    case SGEMM: values[0] = fastest_product(span, count); return 1;
    case HANDOVER: values[0] = handover(span.seconds, count); return 1;
    case BETWEEN: values[0] = 8e-3 * (double)machine->n / between(machine, span.seconds, count); return 1;
    case ROOFLINE:
        span = span_part(span, 0.5);
        values[0] = measure_product(machine->product, span, count);
        values[1] = measure(traffic, machine, span, count);
        return 2;
    case BANDWIDTH: {
        size_t times = machine->n < 262144 ? 262144 / machine->n : 1;
        values[0] = 1e-3 * (double)(machine->n * times) * bytes_of[machine->kind] / measure(pass, machine, span, count);
        return 1;
    }
    default: return 0;
    }
}

int main(void) {
    static struct machine machine;
    cpu_level_limit_text(getenv("RUNNER_CPU_LEVEL"));
    serve(&(struct served){&machine, prepare, go});
    return 0;
}
