#include "bench/turns.h"

#include "bench/serve.h"

#include <stdlib.h>

void turns_add(struct turns *turns, int side, double value) {
    if (turns->n == turns->capacity) {
        turns->capacity = turns->capacity > 0 ? 2 * turns->capacity : 1024;
        turns->items = realloc(turns->items, turns->capacity * sizeof *turns->items);
        if (turns->items == NULL)
            die("no memory");
    }
    turns->items[turns->n++] = (struct turn){side, value};
}

struct series turns_values(const struct turns *turns, int side) {
    struct series values = {.n = 0};
    for (size_t i = 0; i < turns->n; i++)
        if (turns->items[i].side == side)
            series_add(&values, turns->items[i].value);
    return values;
}

struct series turns_ratio(const struct turns *turns, int a, int b) {
    struct series ratio = {.n = 0};
    for (size_t i = 1; i < turns->n; i++) {
        const struct turn *before = &turns->items[i - 1], *after = &turns->items[i];
        if (before->side == a && after->side == b)
            series_add(&ratio, before->value / after->value);
        else if (before->side == b && after->side == a)
            series_add(&ratio, after->value / before->value);
    }
    return ratio;
}

void turns_clear(struct turns *turns) {
    free(turns->items);
    *turns = (struct turns){0};
}
