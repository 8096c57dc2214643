/*
 * How bench_run talks to the programs that it measures, so that it can take turns between them (A B C A B C ...) while each keeps what
 * it has prepared. A program answers every line of its stdin with one line:
 *
 *     WORDS...     prepares a measurement: "ready NAME", NAME being what was chosen ("fused"), or "none REASON"
 *     go SECONDS   measures for about so long: "COUNT VALUE ...", the number of repetitions and medians
 *
 * bench_run stops a program (SIGSTOP) whenever it is not its turn, so that nothing of it spins beside another's measurement.
 */
#ifndef BENCH_SERVE_H
#define BENCH_SERVE_H

#include <stdbool.h>
#include <stddef.h>

enum { SERVE_WORDS = 8, SERVE_VALUES = 4, SERVE_SAMPLES = 100000 };

struct served {
    void *context;
    /* Returns the name, or NULL after having written why not into `reason`. */
    const char *(*prepare)(void *context, size_t n, char *const words[], char *reason, size_t size);
    /* Returns the number of values. */
    size_t (*go)(void *context, double seconds, size_t *count, double values[SERVE_VALUES]);
};

/* Until stdin ends. */
void serve(const struct served *served);

/* Seconds of a clock that never goes back. */
double now(void);
/* Sorts the values. */
double median(double *values, size_t n);
/* Prints `error: TEXT` and ends the program with status 2. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Seconds between calls of step(), for about `seconds` and at least two; in microseconds. */
double measure(void (*step)(void *context), void *context, double seconds, size_t *count);

#endif
