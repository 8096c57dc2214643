/*
 * Measurements of several sides by turns, in the order in which they were made. What disturbs a machine comes and goes within some
 * hundredths of a second and within minutes: turns that are that short and follow each other have most of it in common, so that their ratio is
 * without it, and a median of many such ratios is without the rest.
 */
#ifndef BENCH_TURNS_H
#define BENCH_TURNS_H

#include "bench/series.h"

struct turn {
    int side;
    double value;
};

struct turns {
    struct turn *items;
    size_t n, capacity;
};

void turns_add(struct turns *turns, int side, double value);
/* All values of a side. */
struct series turns_values(const struct turns *turns, int side);
/* Side a / side b, of each two turns of theirs that followed each other, in either order: where both orders are as frequent, a drift of the machine
   cancels out. */
struct series turns_ratio(const struct turns *turns, int a, int b);
void turns_clear(struct turns *turns);

#endif
