#include "runner/base/arena.h"
#include "runner/host/data_constants.h"
#include "runner/host/data_layout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define PAGE 4096
#define ALIGNMENT 64

static bool shape_elements(const runner_shape *shape, uint64_t *elements) {
    *elements = 1;
    if (shape->rank > RUNNER_MAX_RANK)
        return false;
    for (uint32_t i = 0; i < shape->rank; i++)
        if (__builtin_mul_overflow(*elements, shape->size[i], elements))
            return false;
    return true;
}

bool data_row_sizes(const runner_shape *input, uint32_t element, const runner_shape *target, uint32_t classes,
                    uint64_t *inputs, uint64_t *targets) {
    if (!shape_elements(input, inputs) || !shape_elements(target, targets))
        return false;
    if (input->rank == 0)
        *inputs = 0;
    if (element == RUNNER_F32 && __builtin_mul_overflow(*inputs, sizeof(float), inputs))
        return false;
    if (classes > 0)
        *targets = 1;
    return !__builtin_mul_overflow(*targets, sizeof(float), targets); /* int32 labels are as large */
}

/* Takes count * size bytes at the next aligned place. */
static bool place(uint64_t *end, uint64_t count, uint64_t size, uint64_t *offset) {
    uint64_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || __builtin_add_overflow(*end, ALIGNMENT - 1, offset))
        return false;
    *offset &= ~(uint64_t)(ALIGNMENT - 1);
    return !__builtin_add_overflow(*offset, bytes, end) && *end <= INT64_MAX;
}

bool data_layout(struct data_header *header) {
    uint64_t inputs, targets, end = PAGE;
    if (!data_row_sizes(&header->input, header->element, &header->target, header->classes, &inputs, &targets))
        return false;
    for (int split = 0; split < DATA_SPLITS; split++)
        if (!place(&end, header->rows[split], inputs, &header->inputs[split]) ||
            !place(&end, header->rows[split], targets, &header->targets[split]))
            return false;
    header->constants = 0;
    if (!place(&end, header->files_size, 1, &header->files) ||
        (header->constants_size > 0 && !place(&end, header->constants_size, 1, &header->constants)))
        return false;
    header->size = end;
    return true;
}

/* The header is checked against the layout that its sizes give: whatever it holds, no pointer leaves the mapping. */
static bool header_is_good(const struct data_header *header, uint64_t size) {
    struct data_header wanted = *header;
    return header->magic == DATA_MAGIC && header->size == size && header->files_size > 0 && data_layout(&wanted) &&
           memcmp(&wanted, header, sizeof wanted) == 0;
}

static bool map_constants(const struct data_header *header, const unsigned char *bytes, runner_constant **constants) {
    if (header->n_constants > header->constants_size) /* each takes more than a byte */
        return false;
    *constants = memory_alloc(header->n_constants, sizeof **constants);
    return constants_read(bytes + header->constants, header->constants_size, header->n_constants, *constants);
}

enum status data_map(int fd, struct data *data, struct error *error) {
    struct stat status;
    *data = (struct data){0};
    if (fstat(fd, &status) != 0)
        return error_set(error, STATUS_ENVIRONMENT, "cannot look at the shared data set: %s", strerror(errno));
    const uint64_t size = status.st_size > 0 ? (uint64_t)status.st_size : 0;
    if (size < PAGE)
        return error_set(error, STATUS_ENVIRONMENT, "the shared data set has %llu bytes, less than its header",
                         (unsigned long long)size);
    void *mapping = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    if (mapping == MAP_FAILED)
        return error_set(error, STATUS_ENVIRONMENT, "cannot map the shared data set of %llu bytes: %s",
                         (unsigned long long)size, strerror(errno));
    const struct data_header *header = mapping;
    const char *bytes = mapping;
    runner_constant *constants = NULL;
    if (!header_is_good(header, size) || bytes[header->files + header->files_size - 1] != '\0' ||
        !map_constants(header, mapping, &constants)) {
        free(constants);
        munmap(mapping, size);
        return error_set(error, STATUS_ENVIRONMENT, "the shared data set of %llu bytes has a header that does not fit",
                         (unsigned long long)size);
    }
    *data = (struct data){.input = header->input,
                          .target = header->target,
                          .element = header->element,
                          .scale = header->scale,
                          .classes = header->classes,
                          .hash = header->hash,
                          .constants = constants,
                          .n_constants = header->n_constants,
                          .files = bytes + header->files,
                          .mapping = mapping,
                          .mapping_size = size};
    for (int split = 0; split < DATA_SPLITS; split++) {
        data->rows[split] = header->rows[split];
        data->inputs[split] = bytes + header->inputs[split];
        data->targets[split] = bytes + header->targets[split];
    }
    return STATUS_OK;
}

void data_unmap(struct data *data) {
    if (data->mapping != NULL) {
        free((void *)data->constants);
        munmap(data->mapping, data->mapping_size);
    }
    *data = (struct data){0};
}
