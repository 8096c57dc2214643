/*
 * What workers answer about data sets and plans, as plain data, and its packing. Strings live in the arena given to reading.
 */
#ifndef RUNNER_SCHEDULE_FACTS_H
#define RUNNER_SCHEDULE_FACTS_H

#include "runner/base/arena.h"
#include "runner/base/hash.h"
#include "runner/base/hash_table.h"
#include "runner/host/data.h"
#include "runner/schedule/message.h"

struct data_facts {
    uint64_t rows[DATA_SPLITS];
    struct hash128 hash;
    uint64_t size;     /* bytes in memory */
    const char *files; /* JSON */
};

void data_facts_write(const struct data_facts *facts, struct text *out);
/* False where the payload is broken. */
bool data_facts_read(const struct frame *frame, struct arena *arena, struct data_facts *facts);

struct layer_facts {
    const char *name, *component;
    runner_shape output;
    uint64_t parameters;
};

/* As struct train_summary (train/train.h), which the supervisor does not link. */
struct plan_facts {
    bool known; /* false where the plugin crashed while planning */
    uint64_t parameters, memory, updates_per_epoch, epochs;
    double flops_per_example;
    const char **columns;
    size_t n_columns;
    struct layer_facts *layers;
    size_t n_layers;
    const char *doubt_where, *doubt; /* planner.h; "" (or NULL, before they are pooled) where there is none */
};

/* Facts of many points, most of them the same. */
struct facts_pool {
    const struct plan_facts **items; /* in order of first appearance */
    size_t count, capacity;
    struct hash_table table;
};
void facts_pool_clear(struct facts_pool *pool);
/* The facts of the pool that are equal to these, which are copied into the arena where there were none. */
const struct plan_facts *facts_pool_add(struct facts_pool *pool, const struct plan_facts *facts, struct arena *arena);

void plan_facts_write(const struct plan_facts *facts, struct text *out);
bool plan_facts_read(struct message_reader *reader, struct arena *arena, struct plan_facts *facts);

#endif
