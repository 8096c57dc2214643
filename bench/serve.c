#include "bench/serve.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double median(double *values, size_t n) {
    if (n == 0)
        return 0;
    qsort(values, n, sizeof *values, by_value);
    return n % 2 != 0 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

void die(const char *format, ...) {
    va_list list;
    va_start(list, format);
    fprintf(stderr, "%s: error: ", program_invocation_short_name);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
    exit(2);
}

double measure(void (*step)(void *context), void *context, double seconds, size_t *count) {
    static double times[SERVE_SAMPLES];
    size_t n = 0;
    double last = now(), end = last + seconds;
    while (n < SERVE_SAMPLES && (n < 2 || last < end)) {
        step(context);
        double t = now();
        times[n++] = t - last;
        last = t;
    }
    *count = n;
    return 1e6 * median(times, n);
}

static void answer_go(const struct served *served, double seconds) {
    double values[SERVE_VALUES];
    size_t count = 0, n = served->go(served->context, seconds, &count, values);
    printf("%zu", count);
    for (size_t i = 0; i < n; i++)
        printf(" %.9g", values[i]);
    putchar('\n');
}

void serve(const struct served *served) {
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, stdin) > 0) {
        char *words[SERVE_WORDS], reason[256] = "", *rest = NULL;
        size_t n = 0;
        for (char *word = strtok_r(line, " \n", &rest); word != NULL && n < SERVE_WORDS;
             word = strtok_r(NULL, " \n", &rest))
            words[n++] = word;
        if (n == 2 && strcmp(words[0], "go") == 0) {
            answer_go(served, atof(words[1]));
        } else {
            const char *name = served->prepare(served->context, n, words, reason, sizeof reason);
            printf(name != NULL ? "ready %s\n" : "none %s\n", name != NULL ? name : reason);
        }
        fflush(stdout);
    }
    free(line);
}
