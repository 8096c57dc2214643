/*
 * How bench_run talks to the programs that it measures, so that it can take turns between them (A B C A B C ...) while each keeps what
 * it has prepared. A program answers every line of its stdin with one line:
 *
 *     WORDS...            prepares a measurement: "ready NAME", NAME being what was chosen ("fused"), or "none REASON"
 *     go SECONDS [WARM]   measures for about so long, once at least: "COUNT VALUE ...", the number of repetitions and medians; before that
 *                         repeats it for WARM seconds (default: SERVE_WARM), once at least, or not at all where WARM is 0
 *
 * bench_run stops a program (SIGSTOP) whenever it is not its turn, so that nothing of it spins beside another's measurement.
 */
#ifndef BENCH_SERVE_H
#define BENCH_SERVE_H

#include <stdbool.h>
#include <stddef.h>

enum { SERVE_WORDS = 8, SERVE_VALUES = 4, SERVE_SAMPLES = 100000 };

/* Seconds in which a program that was stopped has its data and its code back in the caches: PyTorch's steps of one row take 2.2 times as long at
   first, and 1.2 times after 2 ms. */
#define SERVE_WARM 0.005

/* How long to measure, and how long to do the same before that. */
struct span {
    double seconds, warm;
};

struct span span_part(struct span span, double share);

struct served {
    void *context;
    /* Returns the name, or NULL after having written why not into `reason`. */
    const char *(*prepare)(void *context, size_t n, char *const words[], char *reason, size_t size);
    /* Returns the number of values. */
    size_t (*go)(void *context, struct span span, size_t *count, double values[SERVE_VALUES]);
};

/* Until stdin ends. */
void serve(const struct served *served);

/* Seconds of a clock that never goes back. */
double now(void);
/* Prints `error: TEXT` and ends the program with status 2. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Calls step() for about span.warm, once at least, or not at all where that is 0; then for about span.seconds, once at least. The median
   microseconds of these `count` calls. */
double measure(void (*step)(void *context), void *context, struct span span, size_t *count);

#endif
