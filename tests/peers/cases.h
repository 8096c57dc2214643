/* A case of cases.txt: a component, its settings, what goes in, and the values that an independent source makes of it. */
#ifndef RUNNER_TESTS_PEERS_CASES_H
#define RUNNER_TESTS_PEERS_CASES_H

#include "host.h"

enum { MAX_WORDS = 2048, MAX_EXPECTED = 24, MAX_OPTIONS = 12 };

/* Every so many-th of `total` values: value k stands at k * total / count. */
struct expected {
    const char *name;
    uint64_t total, count, checked;
    double scale, *values; /* scale: the largest size among all `total` */
};

struct test_case {
    char line[512];
    const char *kind;
    runner_part *part;
    const char *options[MAX_OPTIONS][2]; /* key and the rest of its line */
    struct expected expected[MAX_EXPECTED];
    int n_options, n_expected;
    double tolerance, floor; /* |found - value| <= tolerance max(|value|, floor scale) */
};

/* A number in [-2, 2) that float32 holds, as cases.py makes it. */
float case_value(uint32_t seed, uint32_t index);

const char *case_option(const struct test_case *test, const char *key, const char *otherwise);
double case_number(const struct test_case *test, const char *key, double otherwise);
/* Numbers of an option; returns how many. */
uint64_t case_numbers(const struct test_case *test, const char *key, double *numbers, uint64_t most);

/* Compares with the expectation `name`, the occurrence-th of that name; where there is none, nothing. */
void case_check(struct test_case *test, const char *name, int occurrence, uint64_t n, const float *found);
void case_check_numbers(struct test_case *test, const char *name, int occurrence, uint64_t n, const double *found);

void case_layer(struct test_case *test); /* layers.c */

#endif
