#include "bench/serve.h"

#include "bench/series.h"

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

void die(const char *format, ...) {
    va_list list;
    va_start(list, format);
    fprintf(stderr, "%s: error: ", program_invocation_short_name);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
    exit(2);
}

struct span span_part(struct span span, double share) {
    return (struct span){share * span.seconds, share * span.warm};
}

double measure(void (*step)(void *context), void *context, struct span span, size_t *count) {
    static double times[SERVE_SAMPLES];
    size_t n = 0;
    double last = now(), end = last + span.warm;
    for (; span.warm > 0 && last < end; last = now())
        step(context);
    end = last + span.seconds;
    while (n < SERVE_SAMPLES && (n < 1 || last < end)) {
        step(context);
        double t = now();
        times[n++] = t - last;
        last = t;
    }
    *count = n;
    return 1e6 * median(times, n);
}

static void answer_go(const struct served *served, struct span span) {
    double values[SERVE_VALUES];
    size_t count = 0, n = served->go(served->context, span, &count, values);
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
        if ((n == 2 || n == 3) && strcmp(words[0], "go") == 0) {
            answer_go(served, (struct span){atof(words[1]), n == 3 ? atof(words[2]) : SERVE_WARM});
        } else {
            const char *name = served->prepare(served->context, n, words, reason, sizeof reason);
            printf(name != NULL ? "ready %s\n" : "none %s\n", name != NULL ? name : reason);
        }
        fflush(stdout);
    }
    free(line);
}
