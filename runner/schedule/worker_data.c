#include "runner/schedule/worker_data.h"

#include "runner/base/arena.h"

#include <stdlib.h>

enum status worker_data_attach(struct worker_data *data, uint64_t index, int fd, struct error *error) {
    if (index >= data->count) {
        data->sets = memory_resize(data->sets, index + 1, sizeof *data->sets);
        data->mapped = memory_resize(data->mapped, index + 1, sizeof *data->mapped);
        while (data->count <= index)
            data->mapped[data->count++] = false;
    }
    if (data->mapped[index])
        return STATUS_OK;
    const enum status status = data_map(fd, &data->sets[index], error);
    data->mapped[index] = status == STATUS_OK;
    return status;
}

void worker_data_detach(struct worker_data *data, uint64_t index) {
    if (worker_data_get(data, index) == NULL)
        return;
    data_unmap(&data->sets[index]);
    data->mapped[index] = false;
}

void worker_data_clear(struct worker_data *data) {
    for (size_t i = 0; i < data->count; i++)
        worker_data_detach(data, i);
    free(data->sets);
    free(data->mapped);
    *data = (struct worker_data){0};
}

const struct data *worker_data_get(const struct worker_data *data, uint64_t index) {
    return index < data->count && data->mapped[index] ? &data->sets[index] : NULL;
}
