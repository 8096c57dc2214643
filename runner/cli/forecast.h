/*
 * How long trials take: an estimate from what is known of a grid point before anything trains, which learns from each trial that ends.
 *
 * The logarithm of a trial's seconds is a guess from its work (operations, updates, parameters touched by updates) plus a correction
 * that is linear in the logarithms of those quantities, fitted to the trials that have ended by ridge regression (Hoerl, Kennard:
 * Technometrics 12, 1970, 55-67), plus what trials of the same point show on top of that, shrunk by their number. So a finished
 * batch of 100 says something about a batch of 1, and another batch of 1 says more. Single-threaded.
 */
#ifndef RUNNER_CLI_FORECAST_H
#define RUNNER_CLI_FORECAST_H

#include <stdbool.h>
#include <stddef.h>

enum { FORECAST_TERMS = 4 };

/* What is known of a point; zeros where the plan is not known. */
struct forecast_point {
    double operations; /* of all examples of a trial, without the updates */
    double updates, parameters;
};

struct forecast {
    size_t n_points;
    double (*terms)[FORECAST_TERMS]; /* [n_points] 1 and the centred logarithms */
    double *guess;                   /* [n_points] logarithm of seconds, with nothing seen */
    double *seen, *weights;          /* [n_points] of what trials of the point took beyond the guess: sum, weight */
    double normal[FORECAST_TERMS][FORECAST_TERMS]; /* of the regression */
    double moment[FORECAST_TERMS];
    double fitted[FORECAST_TERMS];
    bool stale; /* `fitted` is older than the sums */
};

void forecast_init(struct forecast *forecast, const struct forecast_point *points, size_t n_points);
void forecast_clear(struct forecast *forecast);

/* A trial of the point took so many seconds. A weight below 1 is for one that still runs. */
void forecast_add(struct forecast *forecast, size_t point, double seconds, double weight);
/* Takes it back. */
void forecast_remove(struct forecast *forecast, size_t point, double seconds, double weight);
/* Of a trial of the point, from start to end. */
double forecast_seconds(struct forecast *forecast, size_t point);

/* When the last of the trials ends that still have to run, given in their order; `busy` are the seconds until each worker is free, and
   are changed. */
double forecast_schedule(const double *costs, size_t n, double *busy, size_t n_workers);

#endif
