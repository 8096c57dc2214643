#include "runner/train/step_tiles.h"

#include <string.h>

/* Floats of a tile: its gradient, weights and slots fit a core's second-level cache together. */
#define TILE_ELEMENTS (32 * 1024)
#define HIGH_TILE_ELEMENTS (48 * 1024)
#define BLOCK 12 /* rows: about those of a block of a product; sums over tiles, as of norms, depend on it */

/* Where a dense product adds straight to the weights, no gradient and no slots share the cache with a tile: so it may be higher, as high as what is
   packed at a time, and the other factor is read less often. In equal parts; no bit depends on it. */
static bool has_high_tiles(const struct stepper *stepper, const struct tensor *tensor, uint64_t all, uint64_t columns) {
    const struct model *model = stepper->model;
    const uint64_t high = kernels_get()->packed_rows;
    const bool sparse = model->sparse_input && model->nodes[tensor->node].inputs[0] == 0;
    return all > 0 && stepper_direct(stepper, tensor) && !stepper->materialised && !sparse &&
           high * columns > TILE_ELEMENTS && high * columns <= HIGH_TILE_ELEMENTS;
}

/* All rows of a chunk of columns that backward() does not read and that has no gradient to be kept in the cache, and where the update is
   postponed; else multiples of the rows that sparse inputs are marked by or, for wide rows, of a block of a product. */
static uint64_t tile_rows(const struct stepper *stepper, const struct tensor *tensor, uint64_t all, uint64_t columns) {
    const struct model *model = stepper->model;
    uint64_t rows = TILE_ELEMENTS / columns;
    if (stepper_postpones(stepper, tensor) ||
        (!stepper->by_layers && columns < tensor->columns && stepper_direct(stepper, tensor) &&
         !model->nodes[model->nodes[tensor->node].inputs[0]].delta_wanted))
        return tensor->rows;
    if (has_high_tiles(stepper, tensor, all, columns)) {
        const uint64_t high = kernels_get()->packed_rows, tiles = (all + high - 1) / high, part = BLOCK / 2;
        return ((all + tiles - 1) / tiles + part - 1) / part * part;
    }
    rows = rows >= KERNEL_SEGMENT / 2 ? (rows + KERNEL_SEGMENT / 2) / KERNEL_SEGMENT * KERNEL_SEGMENT
           : rows >= BLOCK            ? rows / BLOCK * BLOCK
                                      : rows;
    return rows < 1 ? 1 : rows > tensor->rows ? tensor->rows : rows;
}

void stepper_add_tiles(struct stepper *stepper, uint32_t index, uint64_t column, uint64_t columns) {
    stepper_add_row_tiles(stepper, index, 0, stepper->model->tensors[index].rows, column, columns);
}

void stepper_add_row_tiles(struct stepper *stepper, uint32_t index, uint64_t first, uint64_t end, uint64_t column,
                           uint64_t columns) {
    const struct tensor *tensor = &stepper->model->tensors[index];
    uint64_t rows = tile_rows(stepper, tensor, end - first, columns);
    if (!tensor->trained)
        return;
    for (uint64_t row = first; row < end; row += rows) {
        if (stepper->n_tiles == stepper->tiles_capacity) {
            size_t capacity = 2 * stepper->tiles_capacity + 64;
            struct tile *tiles = arena_array(&stepper->arena, capacity, sizeof *tiles);
            if (stepper->n_tiles > 0)
                memcpy(tiles, stepper->tiles, stepper->n_tiles * sizeof *tiles);
            stepper->tiles = tiles;
            stepper->tiles_capacity = capacity;
        }
        stepper->tiles[stepper->n_tiles++] = (struct tile){.tensor = index,
                                                           .row = row,
                                                           .rows = end - row < rows ? end - row : rows,
                                                           .column = column,
                                                           .columns = columns};
    }
}
