#include "runner/train/step_columns.h"

#include "runner/train/late.h"
#include "runner/train/step_ahead.h"
#include "runner/train/step_tiles.h"
#include "runner/train/update.h"

#include <math.h>
#include <string.h>

enum { LEAST_ROWS = 64, LINE = 16 /* floats of a cache line */ };

static uint64_t chunk_columns(const struct node *node, size_t chunk) {
    uint64_t first = chunk * node->chunk;
    return node->units - first < node->chunk ? node->units - first : node->chunk;
}

/* The chunk's part of the rows of a tensor that chunks share: whole cache lines of the transposed weights, where there are some. */
static uint64_t shared_row(const struct tensor *tensor, const struct stage *stage, size_t chunk) {
    return chunk == stage->n_chunks ? tensor->rows : tensor->rows * chunk / stage->n_chunks / LINE * LINE;
}

/* Adds the chunk's tiles of layers elementwise_to .. to - 1: of long tensors some rows, of others all where it is their turn; with chunk n_chunks
   those that chunks do not share. */
static void add_shared(struct stepper *stepper, const struct stage *stage, size_t chunk) {
    const struct model *model = stepper->model;
    size_t place = 0;
    for (runner_node i = stage->elementwise_to; i < stage->to; i++)
        for (uint32_t t = 0; t < model->nodes[i].plan.n_tensors; t++, place++) {
            const uint32_t index = (uint32_t)model->nodes[i].first_tensor + t;
            const struct tensor *tensor = &model->tensors[index];
            const bool alone = stepper_postpones(stepper, tensor);
            if (alone != (chunk == stage->n_chunks))
                continue;
            if (alone)
                stepper_add_tiles(stepper, index, 0, tensor->columns);
            else if (tensor->rows >= stage->n_chunks * LEAST_ROWS)
                stepper_add_row_tiles(stepper, index, shared_row(tensor, stage, chunk),
                                      shared_row(tensor, stage, chunk + 1), 0, tensor->columns);
            else if (place % stage->n_chunks == chunk)
                stepper_add_tiles(stepper, index, 0, tensor->columns);
        }
}

/* A chunk has the tiles of its own columns, and some of the tensors of the layers for one thread, which are small: were they items of
   their own, threads would meet other chunks on the way back than on the way forward. */
static void plan_stage(struct stepper *stepper, struct stage *stage, unsigned *turn) {
    const struct model *model = stepper->model;
    const struct node *node = &model->nodes[stage->node], *input = &model->nodes[stage->node - 1];
    stage->n_chunks = (size_t)((node->units + node->chunk - 1) / node->chunk);
    stage->first_tile = arena_array(&stepper->arena, stage->n_chunks + 1, sizeof *stage->first_tile);
    for (size_t c = 0; c < stage->n_chunks; c++) {
        stage->first_tile[c] = stepper->n_tiles;
        for (uint32_t t = 0; t < node->plan.n_tensors; t++)
            stepper_add_tiles(stepper, (uint32_t)node->first_tensor + t, c * node->chunk, chunk_columns(node, c));
        add_shared(stepper, stage, c);
    }
    stage->first_tile[stage->n_chunks] = stepper->n_tiles;
    add_shared(stepper, stage, stage->n_chunks);
    stage->tiles_end = stepper->n_tiles;
    if (input->delta_wanted)
        stage->shares = model_floats(&stepper->arena, stage->n_chunks * stepper->batch_rows * input->pitch, turn);
}

bool stepper_plan_columns(struct stepper *stepper) {
    const struct model *model = stepper->model;
    runner_node end = (runner_node)model->n_nodes;
    unsigned turn = 4;
    struct stage *stages = arena_array(&stepper->arena, end, sizeof *stages);
    size_t count = 0;
    for (runner_node i = 1; i < end && i <= model->loss_input; i++) {
        if (model->nodes[i].chunk == model->nodes[i].units)
            continue;
        struct stage *stage = &stages[count++];
        stage->node = i;
        stage->elementwise_to = i + 1;
        while (stage->elementwise_to < end && model_is_elementwise(model, stage->elementwise_to))
            stage->elementwise_to++;
    }
    if (count == 0 || stepper->batch_rows >= MODEL_FEW_ROWS)
        return false;
    for (runner_node i = 1; i < stages[0].node; i++)
        for (uint32_t t = 0; t < model->nodes[i].plan.n_tensors; t++) {
            uint32_t tensor = (uint32_t)model->nodes[i].first_tensor + t;
            stepper_add_tiles(stepper, tensor, 0, model->tensors[tensor].columns);
        }
    stepper->stages = stages;
    stepper->n_stages = count;
    for (size_t s = 0; s < count; s++) {
        stages[s].to = s + 1 < count ? stages[s + 1].node : end;
        plan_stage(stepper, &stages[s], &turn);
    }
    stepper_plan_ahead(stepper, stepper->micro_rows);
    return true;
}

static struct slice all_rows(struct stepper *stepper, int thread) {
    return stepper_slice(stepper, thread, &stepper->part, 0, stepper->part.rows);
}

void stepper_begin_columns(struct stepper *stepper, int thread) {
    struct slice slice = all_rows(stepper, thread);
    if (stepper_take_ahead(stepper))
        slice_gather_targets(&slice, stepper->data, DATA_TRAIN, stepper->part.order, stepper->part.start);
    else
        slice_gather(&slice, stepper->data, DATA_TRAIN, stepper->part.order, stepper->part.start);
    slice_forward(&slice, 1, stepper->stages[0].node);
    late_begin(stepper);
    slice_fetch(stepper->data, DATA_TRAIN, stepper->part.order, stepper->part.start + stepper->part.rows);
}

/* The tiles for one thread, when their layers have their deltas. */
static void update_alone(struct stepper *stepper, int thread, const struct stage *stage) {
    for (size_t t = stage->first_tile[stage->n_chunks]; t < stage->tiles_end; t++)
        stepper_tile(stepper, thread, &stepper->part, t);
}

static void end_forward(struct stepper *stepper, int thread, const struct stage *stage) {
    const struct model *model = stepper->model;
    struct slice slice = all_rows(stepper, thread);
    slice_forward(&slice, stage->elementwise_to, stage->to);
    if (stage->to == model->n_nodes) {
        stepper->loss_sum = slice_loss(&slice, (float)(1.0 / (double)stepper->part.batch));
        slice_metrics(&slice, stepper->sums);
        stepper->diverged = !isfinite(stepper->loss_sum);
        slice_backward(&slice, model->loss_input, stage->node);
    }
    stepper_note_failures(stepper);
    if (stage->to == model->n_nodes && !stepper_stopped(stepper))
        update_alone(stepper, thread, stage);
}

static void forward(struct stepper *stepper, int thread) {
    struct team *team = &stepper->team;
    struct slice slice = all_rows(stepper, thread);
    for (size_t s = 0; s < stepper->n_stages; s++) {
        const struct stage *stage = &stepper->stages[s];
        const struct node *node = &stepper->model->nodes[stage->node];
        for (size_t c; (c = team_next(team, thread, stage->n_chunks)) < stage->n_chunks;) {
            if (s == 0)
                late_catch_up(stepper, thread, c, c + 1);
            slice_forward_columns(&slice, stage->node, stage->elementwise_to, c * node->chunk, chunk_columns(node, c));
        }
        const bool last = s + 1 == stepper->n_stages;
        if (team_arrive_with(team, thread, last ? stepper_gather_ahead : NULL, stepper)) {
            end_forward(stepper, thread, stage);
            team_release(team);
        }
    }
}

/* The chunks' shares in their order. */
static void add_shares(struct stepper *stepper, const struct stage *stage) {
    const struct node *input = &stepper->model->nodes[stage->node - 1];
    uint64_t rows = stepper->part.rows, pitch = input->pitch;
    float *delta = stepper->buffers.deltas[stage->node - 1];
    for (uint64_t i = 0; i < rows; i++)
        for (size_t c = 0; c < stage->n_chunks; c++) {
            const float *share = stage->shares + (c * stepper->batch_rows + i) * pitch;
            for (uint64_t j = 0; j < input->units; j++)
                delta[i * pitch + j] = c == 0 ? share[j] : delta[i * pitch + j] + share[j];
        }
}

/* Whether backward() can be asked tile by tile, each just before the tile is updated: so the weights are read once. */
static bool by_tiles(const struct model *model, const struct node *node) {
    const struct tensor *tensor = &model->tensors[node->first_tensor];
    return (node->plan.flags & RUNNER_INPUT_COLUMNS) != 0 && node->plan.n_tensors > 0 && tensor->trained &&
           tensor->rows == model->nodes[node->inputs[0]].units;
}

static void run_chunk(struct stepper *stepper, int thread, const struct stage *stage, size_t chunk) {
    const struct model *model = stepper->model;
    const struct node *node = &model->nodes[stage->node];
    struct slice slice = all_rows(stepper, thread);
    float *share = stage->shares;
    if (share != NULL)
        share += chunk * stepper->batch_rows * model->nodes[stage->node - 1].pitch;
    bool tiles = by_tiles(model, node);
    if (share != NULL && !tiles)
        slice_backward_columns(&slice, stage->node, chunk * node->chunk, chunk_columns(node, chunk), share);
    for (size_t t = stage->first_tile[chunk + 1]; t-- > stage->first_tile[chunk];) {
        const struct tile *tile = &stepper->tiles[t];
        if (share != NULL && tiles && tile->tensor == node->first_tensor)
            slice_backward_block(&slice, stage->node, tile->row, tile->rows, tile->column, tile->columns, share);
        late_tile(stepper, thread, &stepper->part, t);
    }
}

void stepper_run_columns(struct stepper *stepper, int thread) {
    struct team *team = &stepper->team;
    forward(stepper, thread);
    if (stepper_stopped(stepper))
        return;
    for (size_t s = stepper->n_stages; s-- > 0;) {
        const struct stage *stage = &stepper->stages[s];
        for (size_t c; (c = team_next_down(team, thread, stage->n_chunks)) < stage->n_chunks;)
            run_chunk(stepper, thread, stage, c);
        if (stage->shares == NULL)
            return; /* nothing below it is trained */
        if (team_arrive(team, thread)) {
            struct slice slice = all_rows(stepper, thread);
            add_shares(stepper, stage);
            slice_backward(&slice, stage->node - 1, s > 0 ? stepper->stages[s - 1].node : 0);
            if (s > 0)
                update_alone(stepper, thread, &stepper->stages[s - 1]);
            stepper_note_failures(stepper);
            team_release(team);
        }
    }
    size_t below = stepper->stages[0].first_tile[0];
    for (size_t t; (t = team_next(team, thread, below)) < below;)
        stepper_tile(stepper, thread, &stepper->part, t);
}
