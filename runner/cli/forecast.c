#include "runner/cli/forecast.h"

#include "runner/base/arena.h"

#include <math.h>
#include <stdlib.h>

/* The guess is that of a core of some years ago; finished trials correct it, so that only proportions matter, and those little. */
#define SECONDS_AN_OPERATION 3e-11
#define SECONDS_AN_UPDATE 1e-5
#define SECONDS_A_PARAMETER 1e-9 /* read and written by an update */
#define SECONDS_A_TRIAL 0.02

/* Strength of what is assumed without data: the level is free, the slopes are small. In trials. */
#define RIDGE_LEVEL 1e-3
#define RIDGE_SLOPE 0.5
#define SHRINKAGE 0.3

static double logarithm(double number) {
    return log(number > 1 ? number : 1);
}

void forecast_init(struct forecast *forecast, const struct forecast_point *points, size_t n_points) {
    *forecast = (struct forecast){.n_points = n_points, .stale = true};
    forecast->terms = memory_alloc(n_points + 1, sizeof *forecast->terms);
    forecast->guess = memory_alloc(n_points + 1, sizeof *forecast->guess);
    forecast->seen = memory_alloc(n_points + 1, sizeof *forecast->seen);
    forecast->weights = memory_alloc(n_points + 1, sizeof *forecast->weights);
    double means[FORECAST_TERMS] = {0};
    for (size_t p = 0; p < n_points; p++) {
        const struct forecast_point *point = &points[p];
        double *terms = forecast->terms[p];
        forecast->guess[p] = log(SECONDS_A_TRIAL + SECONDS_AN_OPERATION * point->operations +
                                 point->updates * (SECONDS_AN_UPDATE + SECONDS_A_PARAMETER * point->parameters));
        terms[0] = 1;
        terms[1] = logarithm(point->operations);
        terms[2] = logarithm(point->updates);
        terms[3] = logarithm(point->parameters);
        for (size_t i = 1; i < FORECAST_TERMS; i++)
            means[i] += terms[i] / (double)n_points;
    }
    for (size_t p = 0; p < n_points; p++)
        for (size_t i = 1; i < FORECAST_TERMS; i++)
            forecast->terms[p][i] -= means[i];
    forecast->normal[0][0] = RIDGE_LEVEL;
    for (size_t i = 1; i < FORECAST_TERMS; i++)
        forecast->normal[i][i] = RIDGE_SLOPE;
}

void forecast_clear(struct forecast *forecast) {
    free(forecast->terms);
    free(forecast->guess);
    free(forecast->seen);
    free(forecast->weights);
    *forecast = (struct forecast){0};
}

void forecast_add(struct forecast *forecast, size_t point, double seconds, double weight) {
    const double *terms = forecast->terms[point];
    double beyond = log(seconds > 1e-3 ? seconds : 1e-3) - forecast->guess[point];
    for (size_t i = 0; i < FORECAST_TERMS; i++) {
        forecast->moment[i] += weight * terms[i] * beyond;
        for (size_t j = 0; j < FORECAST_TERMS; j++)
            forecast->normal[i][j] += weight * terms[i] * terms[j];
    }
    forecast->seen[point] += weight * beyond;
    forecast->weights[point] += weight;
    forecast->stale = true;
}

void forecast_remove(struct forecast *forecast, size_t point, double seconds, double weight) {
    forecast_add(forecast, point, seconds, -weight);
    if (forecast->weights[point] < 1e-9)
        forecast->seen[point] = forecast->weights[point] = 0;
}

/* Gauss' elimination; the ridge keeps the matrix positive definite, so that no pivoting is needed. */
static void fit(struct forecast *forecast) {
    double a[FORECAST_TERMS][FORECAST_TERMS + 1];
    for (size_t i = 0; i < FORECAST_TERMS; i++) {
        for (size_t j = 0; j < FORECAST_TERMS; j++)
            a[i][j] = forecast->normal[i][j];
        a[i][FORECAST_TERMS] = forecast->moment[i];
    }
    for (size_t i = 0; i < FORECAST_TERMS; i++)
        for (size_t row = i + 1; row < FORECAST_TERMS; row++) {
            double factor = a[row][i] / a[i][i];
            for (size_t j = i; j <= FORECAST_TERMS; j++)
                a[row][j] -= factor * a[i][j];
        }
    for (size_t i = FORECAST_TERMS; i-- > 0;) {
        double rest = a[i][FORECAST_TERMS];
        for (size_t j = i + 1; j < FORECAST_TERMS; j++)
            rest -= a[i][j] * forecast->fitted[j];
        forecast->fitted[i] = rest / a[i][i];
    }
    forecast->stale = false;
}

double forecast_seconds(struct forecast *forecast, size_t point) {
    if (forecast->stale)
        fit(forecast);
    double correction = 0, weight = forecast->weights[point];
    for (size_t i = 0; i < FORECAST_TERMS; i++)
        correction += forecast->fitted[i] * forecast->terms[point][i];
    if (weight > 0)
        correction += weight / (weight + SHRINKAGE) * (forecast->seen[point] / weight - correction);
    return exp(forecast->guess[point] + correction);
}

double forecast_schedule(const double *costs, size_t n, double *busy, size_t n_workers) {
    for (size_t i = 0; i < n; i++) {
        size_t first = 0;
        for (size_t w = 1; w < n_workers; w++)
            first = busy[w] < busy[first] ? w : first;
        busy[first] += costs[i];
    }
    double last = 0;
    for (size_t w = 0; w < n_workers; w++)
        last = busy[w] > last ? busy[w] : last;
    return last;
}
