#include "runner/train/step_layers.h"

#include "runner/train/late.h"
#include "runner/train/step_ahead.h"
#include "runner/train/step_tiles.h"
#include "runner/train/update.h"

#define LEAST_UNITS (2 * MODEL_LEAST_COLUMNS)
#define OUTPUTS 128 /* of a block, about: its weights share the second-level cache with the activations */
#define INPUTS 128  /* few, since each transposes the delta or its weights */
#define COLUMNS 32  /* that a product computes at a time */
#define PASSED 64   /* columns whose sums a thread passes on at a time */

/* Of each panel an even number of blocks, so that two threads share them evenly; one where two would be too narrow. */
static void cut_units(struct arena *arena, struct phase *phase, uint64_t units, uint64_t panel, uint64_t size) {
    const uint64_t pairs = (panel + size / 2) / (2 * size), each = pairs > 0 ? 2 * pairs : 2;
    phase->first = arena_array(arena, (units + panel - 1) / panel * each + 1, sizeof *phase->first);
    for (uint64_t from = 0; from < units; from += panel) {
        const uint64_t width = units - from < panel ? units - from : panel;
        for (uint64_t b = 0; b < each; b++) {
            const uint64_t at = (width * b / each + COLUMNS / 2) / COLUMNS * COLUMNS;
            if (b == 0 || (width >= at + MODEL_LEAST_COLUMNS &&
                           from + at >= phase->first[phase->n_blocks - 1] + MODEL_LEAST_COLUMNS))
                phase->first[phase->n_blocks++] = from + at;
        }
    }
    phase->first[phase->n_blocks] = units;
}

/* The layer is computed by blocks of its outputs. */
static bool cuts_outputs(const struct model *model, runner_node index) {
    return index <= model->loss_input && model->nodes[index].units >= LEAST_UNITS && model_has_columns(model, index);
}

/* And goes back by blocks of its inputs. */
static bool cuts_inputs(const struct model *model, runner_node index) {
    const struct node *node = &model->nodes[index], *input = &model->nodes[index - 1];
    return cuts_outputs(model, index) && (node->plan.flags & RUNNER_INPUT_COLUMNS) != 0 && input->delta_wanted &&
           input->units >= LEAST_UNITS && model->tensors[node->first_tensor].rows == input->units;
}

static struct phase outputs_phase(struct stepper *stepper, runner_node index) {
    const struct model *model = stepper->model;
    const struct node *node = &model->nodes[index];
    struct phase phase = {.cut = CUT_OUTPUTS, .forward_from = index, .forward_to = index + 1};
    cut_units(&stepper->arena, &phase, node->units, node->chunk, OUTPUTS);
    while (phase.forward_to < model->n_nodes && model_is_elementwise(model, phase.forward_to))
        phase.forward_to++;
    return phase;
}

/* With the tiles of the layer's weights. */
static struct phase inputs_phase(struct stepper *stepper, runner_node index) {
    const struct model *model = stepper->model;
    const uint64_t units = model->nodes[index - 1].units;
    struct phase phase = {.cut = CUT_INPUTS, .backward_from = index, .backward_to = index - 1};
    cut_units(&stepper->arena, &phase, units, units, INPUTS);
    while (phase.backward_to > 1 && model_is_elementwise(model, phase.backward_to) &&
           model->nodes[phase.backward_to - 1].delta_wanted)
        phase.backward_to--;
    const uint32_t tensor = (uint32_t)model->nodes[index].first_tensor;
    phase.first_tile = arena_array(&stepper->arena, phase.n_blocks + 1, sizeof *phase.first_tile);
    for (size_t b = 0; b < phase.n_blocks; b++) {
        phase.first_tile[b] = stepper->n_tiles;
        stepper_add_row_tiles(stepper, tensor, phase.first[b], phase.first[b + 1], 0, model->tensors[tensor].columns);
    }
    phase.first_tile[phase.n_blocks] = stepper->n_tiles;
    return phase;
}

static struct phase *plan_forward(struct stepper *stepper, struct phase *phase) {
    const struct model *model = stepper->model;
    const runner_node end = (runner_node)model->n_nodes;
    *phase = (struct phase){.forward_from = 1, .forward_to = 1}; /* gathers the rows */
    for (runner_node i = 1; i < end;) {
        if (cuts_outputs(model, i)) {
            *++phase = outputs_phase(stepper, i);
            i = phase->forward_to;
            continue;
        }
        if (phase->cut != CUT_ROWS)
            *++phase = (struct phase){.forward_from = i};
        phase->forward_to = ++i;
    }
    if (phase->cut != CUT_ROWS)
        *++phase = (struct phase){.forward_from = 1, .forward_to = 1};
    return phase;
}

static struct phase *plan_backward(struct stepper *stepper, struct phase *phase) {
    const struct model *model = stepper->model;
    phase->loss = true;
    phase->backward_from = phase->backward_to = model->loss_input;
    for (runner_node i = model->loss_input; i > 0 && model->nodes[i - 1].delta_wanted;) {
        if (cuts_inputs(model, i)) {
            *++phase = inputs_phase(stepper, i);
            i = phase->backward_to;
            continue;
        }
        if (phase->cut != CUT_ROWS)
            *++phase = (struct phase){.forward_from = 1, .forward_to = 1, .backward_from = i};
        phase->backward_to = --i;
    }
    return phase;
}

static bool in_phase(const struct model *model, const struct tensor *tensor) {
    return tensor->index == 0 && cuts_inputs(model, tensor->node);
}

/* Of the tensors that no phase has: those of the layer that stands in panels by panels, and of the others some with each, so that each thread
   meets the columns that it computes forward. */
static void plan_rest(struct stepper *stepper) {
    const struct model *model = stepper->model;
    uint64_t panel = 1, columns = 1; /* of that layer, if there is one */
    stepper->phases_tiles = stepper->n_tiles;
    for (size_t t = 0; t < model->n_tensors; t++)
        if (model->tensors[t].panel < model->tensors[t].columns) {
            panel = model->tensors[t].panel;
            columns = model->tensors[t].columns;
        }
    const uint64_t n = (columns + panel - 1) / panel;
    for (uint64_t p = 0; p < n; p++) {
        const uint64_t first = p * panel, left = columns - first;
        size_t place = 0;
        for (size_t t = 0; t < model->n_tensors; t++) {
            const struct tensor *tensor = &model->tensors[t];
            if (tensor->panel < tensor->columns)
                stepper_add_tiles(stepper, (uint32_t)t, first, left < panel ? left : panel);
            else if (!in_phase(model, tensor) && place++ % n == p)
                stepper_add_tiles(stepper, (uint32_t)t, 0, tensor->columns);
        }
    }
}

/* Where threads may keep to their rows of a layer's weights forward, too. */
static void plan_apart(struct stepper *stepper) {
    const struct phase *end = stepper->phases + stepper->n_phases;
    if (stepper->batch_rows > LAYERS_APART_ROWS)
        return;
    for (struct phase *phase = stepper->phases; phase < end; phase++)
        for (const struct phase *back = phase + 1; back < end && phase->cut == CUT_OUTPUTS; back++)
            if (back->cut == CUT_INPUTS && back->backward_from == phase->forward_from &&
                (stepper->model->nodes[phase->forward_from].plan.flags & RUNNER_INPUT_SUM) != 0) {
                phase->back = back;
                stepper->apart = true;
            }
    if (stepper->apart && stepper->phases[1].forward_from == 1 && stepper->phases[1].cut == CUT_OUTPUTS)
        stepper_plan_ahead(stepper, stepper->slice_rows);
}

bool stepper_plan_layers(struct stepper *stepper) {
    const struct model *model = stepper->model;
    bool some = false;
    for (runner_node i = 1; i < model->n_nodes; i++)
        some |= cuts_outputs(model, i);
    if (!some || !model_by_layers(model, stepper->batch_rows, stepper->micro_rows))
        return false;
    stepper->by_layers = true;
    stepper->phases = arena_array(&stepper->arena, 4 * model->n_nodes + 2, sizeof *stepper->phases);
    struct phase *last = plan_backward(stepper, plan_forward(stepper, stepper->phases));
    stepper->n_phases = (size_t)(last - stepper->phases) + 1;
    plan_rest(stepper);
    plan_apart(stepper);
    return true;
}

void stepper_begin_layers(struct stepper *stepper) {
    stepper->gathered = stepper_take_ahead(stepper);
    stepper->ahead.sparse.rows.group = stepper->n_slices * stepper->slice_rows;
    if (!stepper->gathered) {
        buffers_regroup(&stepper->buffers, stepper->span_rows);
        return;
    }
    const struct slice slice = stepper_slice(stepper, 0, &stepper->part, 0, stepper->part.rows);
    slice_gather_targets(&slice, stepper->data, DATA_TRAIN, stepper->part.order, stepper->part.start);
    late_begin(stepper);
}

/* Blocks .. end - 1, which lie in one panel of weights: at once, since each would read the other factor. */
static void run_blocks(struct stepper *stepper, int thread, const struct phase *phase, const struct part *part,
                       size_t block, size_t end) {
    const uint64_t first = phase->first[block], n = phase->first[end] - first;
    struct slice slice = stepper_slice(stepper, thread, part, 0, part->rows);
    slice.call->slice_rows = stepper->slice_rows;
    if (phase->cut == CUT_OUTPUTS) {
        if (phase->forward_from == 1)
            late_catch_up(stepper, thread, block, end);
        slice_forward_columns(&slice, phase->forward_from, phase->forward_to, first, n);
    } else {
        const runner_node node = phase->backward_from;
        slice_backward_block(&slice, node, first, n, 0, stepper->model->nodes[node].units,
                             stepper->buffers.deltas[node - 1]);
        slice_backward_elementwise(&slice, node - 1, phase->backward_to, first, n);
        for (size_t t = phase->first_tile[block]; t < phase->first_tile[end]; t++)
            stepper_tile(stepper, thread, part, t);
    }
    slice.call->slice_rows = 0;
}

/* The first of n in a thread's share; those of the next one's follow. */
static size_t share_of(const struct stepper *stepper, size_t thread, size_t n) {
    return n * thread / (size_t)stepper->team.threads;
}

void stepper_run_share(struct stepper *stepper, int thread, const struct phase *phase, const struct part *part,
                       size_t share) {
    const uint64_t panel = phase->cut == CUT_OUTPUTS ? stepper->model->nodes[phase->forward_from].chunk : UINT64_MAX;
    const size_t end = share_of(stepper, share + 1, phase->n_blocks);
    for (size_t block = share_of(stepper, share, phase->n_blocks), next; block < end; block = next) {
        next = block + 1;
        while (next < end && phase->first[next] / panel == phase->first[block] / panel)
            next++;
        run_blocks(stepper, thread, phase, part, block, next);
    }
}

bool stepper_keeps_apart(const struct stepper *stepper) {
    return stepper->apart && stepper->team.threads > 1 && team_complete(&stepper->team);
}

/* Columns of a phase's blocks. */
struct columns {
    uint64_t first, end;
};

static struct columns own_columns(const struct stepper *stepper, int thread, const struct phase *phase) {
    const size_t share = (size_t)thread;
    return (struct columns){phase->first[share_of(stepper, share, phase->n_blocks)],
                            phase->first[share_of(stepper, share + 1, phase->n_blocks)]};
}

/* Each thread adds the share of its rows of the weights, for some columns of the output at a time, to what the one before it has added: so sums keep
   their order. */
static void pass_on(struct stepper *stepper, int thread, const struct phase *phase, const struct slice *slice) {
    struct team *team = &stepper->team;
    const bool last = thread + 1 == team->threads;
    const struct columns own = own_columns(stepper, thread, phase->back);
    const uint64_t units = stepper->model->nodes[phase->forward_from].units;
    unsigned passed = 0;
    for (uint64_t first = 0, n; first < units; first += n) {
        n = units - first < PASSED ? units - first : PASSED;
        if (thread > 0)
            team_await(team, thread, thread - 1, ++passed);
        if (own.end > own.first)
            slice_forward_share(slice, phase->forward_from, first, n, own.first, own.end - own.first);
        if (last)
            slice_forward_elementwise(slice, phase->forward_from + 1, phase->forward_to, first, n);
        team_pass(team, thread);
    }
    if (!last)
        stepper_gather_ahead(stepper);
}

void stepper_run_own(struct stepper *stepper, int thread, const struct phase *phase, const struct part *part) {
    const struct slice slice = stepper_slice(stepper, thread, part, 0, part->rows);
    if (phase->back != NULL && slice_keeps_zeros(&slice, phase->forward_from, stepper->slice_rows))
        pass_on(stepper, thread, phase, &slice);
    else
        stepper_run_share(stepper, thread, phase, part, (size_t)thread);
}

void stepper_run_own_tiles(struct stepper *stepper, int thread, const struct part *part) {
    struct team *team = &stepper->team;
    const struct phase *last = &stepper->phases[stepper->n_phases - 1];
    const struct columns own = own_columns(stepper, thread, last);
    const size_t all = stepper->n_tiles - stepper->phases_tiles, share = (size_t)thread;
    const size_t end = stepper->phases_tiles + share_of(stepper, share + 1, all);
    bool met = false;
    team_pass(team, thread);
    for (size_t t = stepper->phases_tiles + share_of(stepper, share, all); t < end; t++) {
        const struct tile *tile = &stepper->tiles[t];
        const bool reads_others = stepper->model->tensors[tile->tensor].node <= last->backward_to &&
                                  (tile->column < own.first || tile->column + tile->columns > own.end);
        for (int other = 0; reads_others && !met && other < team->threads; other++)
            team_await(team, thread, other, 1);
        met |= reads_others;
        late_tile(stepper, thread, part, t);
    }
}
