#include "runner/train/tensor.h"

#include <string.h>

uint64_t tensor_floats(const struct tensor *tensor) {
    return (tensor->columns + tensor->panel - 1) / tensor->panel * tensor->rows * tensor->pitch;
}

static uint64_t panel_columns(const struct tensor *tensor, uint64_t column) {
    return tensor->columns - column < tensor->panel ? tensor->columns - column : tensor->panel;
}

void tensor_scatter(const struct tensor *tensor, float *matrix, const float *from) {
    for (uint64_t column = 0; column < tensor->columns; column += tensor->panel)
        for (uint64_t row = 0; row < tensor->rows; row++)
            memcpy(tensor_at(tensor, matrix, row, column), from + row * tensor->columns + column,
                   panel_columns(tensor, column) * sizeof *from);
}

void tensor_gather(const struct tensor *tensor, const float *matrix, float *to) {
    for (uint64_t column = 0; column < tensor->columns; column += tensor->panel)
        for (uint64_t row = 0; row < tensor->rows; row++)
            memcpy(to + row * tensor->columns + column, tensor_at(tensor, (float *)matrix, row, column),
                   panel_columns(tensor, column) * sizeof *to);
}

void tensor_transpose(const struct tensor *tensor, uint64_t row, uint64_t rows, uint64_t column, uint64_t columns) {
    const struct weights_storage *storage = &tensor->storage;
    if (storage->transposed != NULL)
        kernels_get()->transpose(rows, columns, tensor_at(tensor, tensor->weights, row, column), tensor->pitch,
                                 storage->transposed + column * storage->pitch + row, storage->pitch);
}

void tensor_transpose_all(const struct tensor *tensor) {
    for (uint64_t column = 0; column < tensor->columns; column += tensor->panel)
        tensor_transpose(tensor, 0, tensor->rows, column, panel_columns(tensor, column));
}
