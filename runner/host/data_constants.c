#include "runner/host/data_constants.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define ALIGNMENT 64
#define MAX_CONSTANTS 1024
#define MAX_ELEMENTS (UINT64_C(1) << 34)

struct entry {
    runner_shape shape;
    uint32_t reserved;
    uint64_t values, name;
};

static bool elements_of(const runner_shape *shape, uint64_t *elements) {
    *elements = 1;
    if (shape->rank > RUNNER_MAX_RANK)
        return false;
    for (uint32_t i = 0; i < shape->rank; i++)
        if (shape->size[i] == 0 || __builtin_mul_overflow(*elements, shape->size[i], elements) ||
            *elements > MAX_ELEMENTS)
            return false;
    return true;
}

static enum status constant_check(const runner_constant *constant, struct error *error) {
    uint64_t elements;
    if (constant->name == NULL || constant->name[0] == '\0')
        return error_set(error, STATUS_CONFIG, "a constant has no name");
    if (!elements_of(&constant->shape, &elements))
        return error_set(error, STATUS_CONFIG, "the constant '%s' has an empty or too large shape", constant->name);
    if (constant->values == NULL)
        return error_set(error, STATUS_CONFIG, "the constant '%s' has no values", constant->name);
    for (uint64_t i = 0; i < elements; i++)
        if (!isfinite(constant->values[i]))
            return error_set(error, STATUS_CONFIG,
                             "value %" PRIu64 " of the constant '%s' is %s, wanted a finite number", i, constant->name,
                             isnan(constant->values[i]) ? "nan" : "infinite");
    return STATUS_OK;
}

enum status constants_check(const runner_constant *constants, uint32_t n, struct error *error) {
    if (n > MAX_CONSTANTS || (n > 0 && constants == NULL))
        return error_set(error, STATUS_CONFIG, "it says that it has %" PRIu32 " constants, wanted at most %d%s", n,
                         MAX_CONSTANTS, constants == NULL ? ", and a list of them" : "");
    for (uint32_t i = 0; i < n; i++) {
        const enum status status = constant_check(&constants[i], error);
        if (status != STATUS_OK)
            return status;
        for (uint32_t j = 0; j < i; j++)
            if (strcmp(constants[i].name, constants[j].name) == 0)
                return error_set(error, STATUS_CONFIG, "two constants are named '%s'", constants[i].name);
    }
    return STATUS_OK;
}

static uint64_t align(uint64_t offset) {
    return (offset + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* One walk for the size and for the writing, so that they agree. */
static uint64_t walk(const runner_constant *constants, uint32_t n, unsigned char *block) {
    uint64_t end = n * sizeof(struct entry);
    for (uint32_t i = 0; i < n; i++) {
        struct entry entry = {.shape = {.rank = constants[i].shape.rank}};
        memcpy(entry.shape.size, constants[i].shape.size, entry.shape.rank * sizeof entry.shape.size[0]);
        const uint64_t bytes = runner_elements(&entry.shape) * sizeof(float), name = strlen(constants[i].name) + 1;
        entry.values = align(end);
        entry.name = entry.values + bytes;
        end = entry.name + name;
        if (block == NULL)
            continue;
        memcpy(block + i * sizeof entry, &entry, sizeof entry);
        memcpy(block + entry.values, constants[i].values, bytes);
        memcpy(block + entry.name, constants[i].name, name);
    }
    return end;
}

uint64_t constants_size(const runner_constant *constants, uint32_t n) {
    return walk(constants, n, NULL);
}

void constants_write(const runner_constant *constants, uint32_t n, unsigned char *block) {
    walk(constants, n, block);
}

bool constants_read(const unsigned char *block, uint64_t size, uint32_t n, runner_constant *constants) {
    if (n > MAX_CONSTANTS || n * sizeof(struct entry) > size)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        struct entry entry;
        uint64_t elements;
        memcpy(&entry, block + i * sizeof entry, sizeof entry);
        if (!elements_of(&entry.shape, &elements) || entry.values % ALIGNMENT != 0 || entry.values > size ||
            elements * sizeof(float) > size - entry.values || entry.name >= size ||
            memchr(block + entry.name, '\0', size - entry.name) == NULL)
            return false;
        constants[i] = (runner_constant){.name = (const char *)block + entry.name,
                                         .shape = entry.shape,
                                         .values = (const float *)(const void *)(block + entry.values)};
    }
    return true;
}

void constants_hash(const runner_constant *constants, uint32_t n, struct hash_stream *stream) {
    hash_stream_add_u64(stream, n);
    for (uint32_t i = 0; i < n; i++) {
        hash_stream_add_text(stream, constants[i].name);
        hash_stream_add_u64(stream, constants[i].shape.rank);
        for (uint32_t j = 0; j < constants[i].shape.rank; j++)
            hash_stream_add_u64(stream, constants[i].shape.size[j]);
        hash_stream_add(stream, constants[i].values, runner_elements(&constants[i].shape) * sizeof(float));
    }
}
