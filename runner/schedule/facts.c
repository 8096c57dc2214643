#include "runner/schedule/facts.h"

#include <stdlib.h>
#include <string.h>

void data_facts_write(const struct data_facts *facts, struct text *out) {
    for (int split = 0; split < DATA_SPLITS; split++)
        message_u64(out, facts->rows[split]);
    message_u64(out, facts->hash.high);
    message_u64(out, facts->hash.low);
    message_u64(out, facts->size);
    message_string(out, facts->files);
}

bool data_facts_read(const struct frame *frame, struct arena *arena, struct data_facts *facts) {
    struct message_reader reader;
    message_reader_init(&reader, frame->payload, frame->length);
    for (int split = 0; split < DATA_SPLITS; split++)
        facts->rows[split] = message_read_u64(&reader);
    facts->hash.high = message_read_u64(&reader);
    facts->hash.low = message_read_u64(&reader);
    facts->size = message_read_u64(&reader);
    facts->files = arena_copy_text(arena, message_read_string(&reader));
    return !reader.bad;
}

static void write_shape(const runner_shape *shape, struct text *out) {
    message_u64(out, shape->rank);
    for (uint32_t i = 0; i < RUNNER_MAX_RANK; i++)
        message_u64(out, shape->size[i]);
}

static void read_shape(struct message_reader *reader, runner_shape *shape) {
    uint64_t rank = message_read_u64(reader);
    reader->bad = reader->bad || rank > RUNNER_MAX_RANK;
    shape->rank = reader->bad ? 0 : (uint32_t)rank;
    for (uint32_t i = 0; i < RUNNER_MAX_RANK; i++)
        shape->size[i] = (uint32_t)message_read_u64(reader);
}

void plan_facts_write(const struct plan_facts *facts, struct text *out) {
    message_u64(out, facts->parameters);
    message_u64(out, facts->memory);
    message_u64(out, facts->updates_per_epoch);
    message_u64(out, facts->epochs);
    message_double(out, facts->flops_per_example);
    message_u64(out, facts->n_columns);
    for (size_t i = 0; i < facts->n_columns; i++)
        message_string(out, facts->columns[i]);
    message_u64(out, facts->n_layers);
    for (size_t i = 0; i < facts->n_layers; i++) {
        message_string(out, facts->layers[i].name);
        message_string(out, facts->layers[i].component);
        write_shape(&facts->layers[i].output, out);
        message_u64(out, facts->layers[i].parameters);
    }
    message_string(out, facts->doubt_where);
    message_string(out, facts->doubt);
}

bool plan_facts_read(struct message_reader *reader, struct arena *arena, struct plan_facts *facts) {
    *facts = (struct plan_facts){.known = true};
    facts->parameters = message_read_u64(reader);
    facts->memory = message_read_u64(reader);
    facts->updates_per_epoch = message_read_u64(reader);
    facts->epochs = message_read_u64(reader);
    facts->flops_per_example = message_read_double(reader);
    facts->n_columns = message_read_count(reader, 9);
    facts->columns = arena_array(arena, facts->n_columns, sizeof *facts->columns);
    for (size_t i = 0; i < facts->n_columns; i++)
        facts->columns[i] = arena_copy_text(arena, message_read_string(reader));
    facts->n_layers = message_read_count(reader, 18);
    facts->layers = arena_array(arena, facts->n_layers, sizeof *facts->layers);
    for (size_t i = 0; i < facts->n_layers; i++) {
        facts->layers[i].name = arena_copy_text(arena, message_read_string(reader));
        facts->layers[i].component = arena_copy_text(arena, message_read_string(reader));
        read_shape(reader, &facts->layers[i].output);
        facts->layers[i].parameters = message_read_u64(reader);
    }
    facts->doubt_where = arena_copy_text(arena, message_read_string(reader));
    facts->doubt = arena_copy_text(arena, message_read_string(reader));
    return !reader->bad;
}

void facts_pool_clear(struct facts_pool *pool) {
    free(pool->items);
    hash_table_clear(&pool->table);
    *pool = (struct facts_pool){0};
}

struct pooled {
    struct plan_facts facts;
    struct hash128 hash; /* of all there is to them */
};

static bool same_facts(const void *item, const void *wanted) {
    return hash128_equal(((const struct pooled *)item)->hash, *(const struct hash128 *)wanted);
}

static struct pooled *copy(const struct plan_facts *facts, struct hash128 hash, struct arena *arena) {
    struct pooled *pooled = arena_alloc(arena, sizeof *pooled);
    struct plan_facts *kept = &pooled->facts;
    *pooled = (struct pooled){*facts, hash};
    kept->columns = arena_array(arena, facts->n_columns, sizeof *kept->columns);
    for (size_t i = 0; i < facts->n_columns; i++)
        kept->columns[i] = arena_copy_text(arena, facts->columns[i]);
    kept->layers = arena_array(arena, facts->n_layers, sizeof *kept->layers);
    for (size_t i = 0; i < facts->n_layers; i++) {
        kept->layers[i] = facts->layers[i];
        kept->layers[i].name = arena_copy_text(arena, facts->layers[i].name);
        kept->layers[i].component = arena_copy_text(arena, facts->layers[i].component);
    }
    kept->doubt_where = arena_copy_text(arena, facts->doubt_where != NULL ? facts->doubt_where : "");
    kept->doubt = arena_copy_text(arena, facts->doubt != NULL ? facts->doubt : "");
    return pooled;
}

const struct plan_facts *facts_pool_add(struct facts_pool *pool, const struct plan_facts *facts, struct arena *arena) {
    struct text text;
    text_init(&text);
    message_u64(&text, facts->known);
    plan_facts_write(facts, &text);
    struct hash128 hash = hash128_of(text.data, text.length);
    text_clear(&text);
    struct pooled *pooled = hash_table_find(&pool->table, hash.low, same_facts, &hash);
    if (pooled != NULL)
        return &pooled->facts;
    pooled = copy(facts, hash, arena);
    if (pool->count == pool->capacity) {
        pool->capacity = pool->capacity == 0 ? 64 : 2 * pool->capacity;
        pool->items = memory_resize(pool->items, pool->capacity, sizeof *pool->items);
    }
    pool->items[pool->count++] = &pooled->facts;
    hash_table_add(&pool->table, hash.low, pooled);
    return &pooled->facts;
}
