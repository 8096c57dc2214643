#include "runner/schedule/facts.h"

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
}

bool plan_facts_read(const struct frame *frame, struct arena *arena, struct plan_facts *facts) {
    struct message_reader reader;
    message_reader_init(&reader, frame->payload, frame->length);
    *facts = (struct plan_facts){.known = true};
    facts->parameters = message_read_u64(&reader);
    facts->memory = message_read_u64(&reader);
    facts->updates_per_epoch = message_read_u64(&reader);
    facts->epochs = message_read_u64(&reader);
    facts->flops_per_example = message_read_double(&reader);
    facts->n_columns = message_read_count(&reader, 9);
    facts->columns = arena_array(arena, facts->n_columns, sizeof *facts->columns);
    for (size_t i = 0; i < facts->n_columns; i++)
        facts->columns[i] = arena_copy_text(arena, message_read_string(&reader));
    facts->n_layers = message_read_count(&reader, 18);
    facts->layers = arena_array(arena, facts->n_layers, sizeof *facts->layers);
    for (size_t i = 0; i < facts->n_layers; i++) {
        facts->layers[i].name = arena_copy_text(arena, message_read_string(&reader));
        facts->layers[i].component = arena_copy_text(arena, message_read_string(&reader));
        read_shape(&reader, &facts->layers[i].output);
        facts->layers[i].parameters = message_read_u64(&reader);
    }
    return !reader.bad;
}
