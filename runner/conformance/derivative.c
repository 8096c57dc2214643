#include "runner/conformance/derivative.h"

#include "runner/base/arena.h"

#include <math.h>
#include <stdlib.h>

/* The central difference by variable i; the variable is put back. */
static double central(const struct derivative *derivative, uint64_t i, float step) {
    float *x = derivative->place(derivative->context, i), kept = *x, above = kept + step, below = kept - step;
    *x = above;
    double value = derivative->value(derivative->context, NULL);
    *x = below;
    value -= derivative->value(derivative->context, NULL);
    *x = kept;
    return value / ((double)above - (double)below);
}

static bool compare_with(const struct derivative *derivative, float step, double *wide, double *near,
                         struct derivative_error *error) {
    double noise = 0, square = 0;
    derivative->value(derivative->context, &noise);
    noise *= 4 / (double)step;
    for (uint64_t i = 0; i < derivative->count; i++) {
        wide[i] = central(derivative, i, 2 * step);
        near[i] = central(derivative, i, step);
        square += near[i] * near[i];
    }
    double typical = sqrt(square / (double)derivative->count), differences = 0, size = 0, claims = 0, largest = -1;
    *error = (struct derivative_error){.relative = 0};
    uint64_t counted = 0;
    for (uint64_t i = 0; i < derivative->count; i++) {
        double claimed = derivative->claimed(derivative->context, i), gap = fabs(claimed - near[i]);
        if (fabs(wide[i] - near[i]) > DERIVATIVE_TOLERANCE * fmax(fabs(near[i]), typical) + noise) {
            error->corners++;
            continue;
        }
        counted++;
        differences += gap * gap;
        size += near[i] * near[i];
        claims += claimed * claimed;
        if (!(gap <= largest)) {
            largest = gap;
            error->worst = i;
            error->claimed = claimed;
            error->difference = near[i];
        }
    }
    differences = sqrt(differences);
    if (!(differences <= noise * sqrt((double)counted)))
        error->relative = differences / sqrt(fmax(size, claims));
    return 2 * error->corners < derivative->count || error->corners == 0;
}

bool derivative_compare(const struct derivative *derivative, struct derivative_error *error) {
    double *wide = memory_alloc(derivative->count + 1, sizeof *wide);
    double *near = memory_alloc(derivative->count + 1, sizeof *near);
    bool found = false;
    *error = (struct derivative_error){.relative = 0};
    for (uint32_t s = 0; s < derivative->n_steps && derivative->count > 0; s++) {
        struct derivative_error here;
        if (!compare_with(derivative, derivative->steps[s], wide, near, &here))
            continue;
        if (!found || !(here.relative >= error->relative))
            *error = here;
        found = true;
        if (error->relative <= DERIVATIVE_TOLERANCE)
            break;
    }
    free(wide);
    free(near);
    return found || derivative->count == 0;
}
