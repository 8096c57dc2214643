#include "runner/train/slice.h"

#include <string.h>

#define LINE 64          /* bytes of a cache line */
#define FETCH_EXAMPLES 2 /* ahead of the one that is read: they lie anywhere */

/* May the layer write its output over its input? Only where nobody reads that input again. */
static bool output_in_place(const struct model *model, runner_node index) {
    const struct node *node = &model->nodes[index];
    if ((node->plan.flags & RUNNER_IN_PLACE) == 0 || (node->plan.flags & RUNNER_KEEP_INPUT) != 0 || node->n_inputs == 0)
        return false;
    const struct node *input = &model->nodes[node->inputs[0]];
    return input->n_consumers == 1 && (input->plan.flags & RUNNER_KEEP_OUTPUT) == 0 && input->units == node->units &&
           node->inputs[0] != model->loss_input && node->inputs[0] != model->output;
}

/* And its input's delta over its output's? A layer with tensors still needs the latter for their gradients. */
static bool delta_in_place(const struct model *model, runner_node index) {
    const struct node *node = &model->nodes[index];
    if ((node->plan.flags & RUNNER_IN_PLACE) == 0 || node->plan.n_tensors > 0 || node->n_inputs == 0)
        return false;
    const struct node *input = &model->nodes[node->inputs[0]];
    return input->n_consumers == 1 && input->units == node->units;
}

/* Does the one layer that reads this node hand it its own delta buffer? */
static bool delta_shared(const struct model *model, runner_node index) {
    for (size_t i = index + 1u; i < model->n_nodes; i++)
        if (model->nodes[i].n_inputs > 0 && model->nodes[i].inputs[0] == index && model->nodes[i].delta_wanted)
            return delta_in_place(model, (runner_node)i);
    return false;
}

static bool one_hot_wanted(const struct model *model) {
    bool wanted = model->loss_plan.target == RUNNER_ONE_HOT;
    for (size_t i = 0; i < model->n_metrics; i++)
        wanted |= model->metrics[i].plan.target == RUNNER_ONE_HOT;
    return wanted;
}

static bool values_wanted(const struct model *model) {
    bool wanted = model->loss_plan.target == RUNNER_VALUES;
    for (size_t i = 0; i < model->n_metrics; i++)
        wanted |= model->metrics[i].plan.target == RUNNER_VALUES;
    return wanted;
}

/* Labels as values are one-hot, or the label itself for a single output. */
static uint64_t value_elements(const struct model *model, const struct data *data) {
    if (data->classes == 0)
        return runner_elements(&data->target);
    return model->nodes[model->output].units == 1 ? 1 : data->classes;
}

uint64_t buffers_make_sparse(struct sparse_storage *sparse, struct arena *arena, uint64_t rows, uint64_t group,
                             uint64_t units) {
    uint64_t segments = (units + KERNEL_SEGMENT - 1) / KERNEL_SEGMENT;
    uint64_t groups = (rows + group - 1) / group;
    uint64_t entries = groups * (group * units + KERNEL_LANES), marks = 0, masks = 0;
    for (uint64_t some = group; some == group || (some < PRODUCT_TALL && some < rows + group); some += group) {
        const uint64_t n = (rows + some - 1) / some * segments * some; /* those of the last group are all written */
        masks = n > masks ? n : masks;
        marks = n + groups > marks ? n + groups : marks;
    }
    if (sparse != NULL)
        *sparse = (struct sparse_storage){
            .storage = {STORAGE_SPARSE},
            .rows = {.entries = arena_array(arena, entries, sizeof(struct sparse_entry)),
                     .marks = arena_array(arena, marks, sizeof(uint32_t)),
                     .masks = arena_array(arena, masks, sizeof(uint64_t)),
                     .columns = units,
                     .segments = segments,
                     .group = group},
        };
    return entries * sizeof(struct sparse_entry) + marks * sizeof(uint32_t) + masks * sizeof(uint64_t);
}

/* Walks all buffers. With `buffers` NULL it only counts bytes; one function, so that the estimate is what is allocated. */
static uint64_t layout(struct buffers *buffers, const struct model *model, const struct data *data, uint64_t rows,
                       uint64_t group, bool deltas) {
    uint64_t bytes = 0;
    unsigned turn = 0;
    for (size_t i = 0; i < model->n_nodes; i++) {
        const struct node *node = &model->nodes[i];
        if (i == 0 && model->sparse_input) {
            bytes += buffers_make_sparse(buffers == NULL ? NULL : &buffers->sparse,
                                         buffers == NULL ? NULL : &buffers->arena, rows, group, node->units);
        } else if (i > 0 && output_in_place(model, (runner_node)i)) {
            if (buffers != NULL)
                buffers->outputs[i] = buffers->outputs[node->inputs[0]];
        } else {
            bytes += rows * node->pitch * sizeof(float);
            if (buffers != NULL)
                buffers->outputs[i] = model_floats(&buffers->arena, rows * node->pitch, &turn);
        }
        bytes += rows * node->plan.saved;
        if (buffers != NULL && node->plan.saved > 0)
            buffers->saved[i] =
                (unsigned char *)model_floats(&buffers->arena, (rows * node->plan.saved + 3) / sizeof(float), &turn);
    }
    for (size_t i = model->n_nodes; deltas && i-- > 1;) {
        const struct node *node = &model->nodes[i];
        if (!node->delta_wanted)
            continue;
        if (!delta_shared(model, (runner_node)i)) {
            bytes += rows * node->pitch * sizeof(float);
            if (buffers != NULL)
                buffers->deltas[i] = model_floats(&buffers->arena, rows * node->pitch, &turn);
        }
        if (buffers != NULL && delta_in_place(model, (runner_node)i) && model->nodes[node->inputs[0]].delta_wanted)
            buffers->deltas[node->inputs[0]] = buffers->deltas[i];
    }
    uint64_t one_hot = one_hot_wanted(model) ? rows * data->classes : 0;
    uint64_t values = values_wanted(model) ? rows * value_elements(model, data) : 0;
    bytes += rows * (sizeof(int32_t) + sizeof(double)) + (one_hot + values) * sizeof(float);
    if (buffers != NULL) {
        buffers->labels = arena_array(&buffers->arena, rows, sizeof *buffers->labels);
        buffers->losses = arena_array(&buffers->arena, rows, sizeof *buffers->losses);
        buffers->one_hot = one_hot > 0 ? model_floats(&buffers->arena, one_hot, &turn) : NULL;
        buffers->values = values > 0 ? model_floats(&buffers->arena, values, &turn) : NULL;
    }
    return bytes;
}

void buffers_init(struct buffers *buffers, const struct model *model, const struct data *data, uint64_t capacity,
                  uint64_t group, bool deltas) {
    *buffers = (struct buffers){.capacity = capacity};
    arena_init(&buffers->arena);
    buffers->outputs = arena_array(&buffers->arena, model->n_nodes, sizeof *buffers->outputs);
    buffers->deltas = arena_array(&buffers->arena, model->n_nodes, sizeof *buffers->deltas);
    buffers->saved = arena_array(&buffers->arena, model->n_nodes, sizeof *buffers->saved);
    layout(buffers, model, data, capacity, group, deltas);
}

void buffers_regroup(struct buffers *buffers, uint64_t group) {
    if (buffers->sparse.rows.group > 0)
        buffers->sparse.rows.group = group;
}

void buffers_clear(struct buffers *buffers) {
    arena_clear(&buffers->arena);
}

uint64_t buffers_size(const struct model *model, const struct data *data, uint64_t capacity, uint64_t group,
                      bool deltas) {
    return layout(NULL, model, data, capacity, group, deltas);
}

/* Entries of columns first .. end - 1, which are one segment, of an example. Returns their mask. */
static uint64_t gather_segment(const struct kernels *kernels, const struct data *data, const void *example,
                               uint64_t first, uint64_t end, struct sparse_entry *to) {
    if (data->element == RUNNER_U8)
        return kernels->segment_bytes(end - first, (const uint8_t *)example + first, data->scale, (uint32_t)first, to);
    return kernels->segment(end - first, (const float *)example + first, data->scale, (uint32_t)first, to);
}

static uint64_t element_size(const struct data *data) {
    return data->element == RUNNER_U8 ? 1 : sizeof(float);
}

/* The examples of a split, in an order. */
struct examples {
    const unsigned char *first;
    uint64_t bytes; /* of each */
    const uint32_t *order;
};

static struct examples examples_of(const struct data *data, enum data_split split, const uint32_t *order) {
    return (struct examples){data->inputs[split], runner_elements(&data->input) * element_size(data), order};
}

/* The one at a place of the order. */
static const unsigned char *example_at(const struct examples *examples, uint64_t place) {
    const uint64_t number = slice_example(examples->order, place);
    return examples->first + number * examples->bytes;
}

static void fetch(const void *bytes, uint64_t n) {
    for (uint64_t line = 0; line < n; line += LINE)
        __builtin_prefetch((const char *)bytes + line);
}

/* The cache lines of columns first .. first + KERNEL_SEGMENT - 1 of an example, but for the one that those before them end in. */
static void fetch_segment(const void *example, uint64_t first, uint64_t size) {
    fetch((const char *)example + first * size + LINE - 1, KERNEL_SEGMENT * size);
}

/* Rows of one group, from place `start` of the order. Their examples lie anywhere, so each segment is fetched while the one before it is
   read. */
static void gather_group(const struct sparse_rows *x, uint64_t group, uint64_t rows, const struct data *data,
                         enum data_split split, const uint32_t *order, uint64_t start) {
    const struct kernels *kernels = kernels_get();
    struct sparse_entry *entries = sparse_entries(x, group);
    uint32_t *marks = sparse_marks(x, group);
    uint64_t *masks = sparse_masks(x, group);
    const struct examples examples = examples_of(data, split, order);
    uint64_t count = 0, size = element_size(data);
    for (uint64_t r = 0; r < rows; r++) {
        const void *example = example_at(&examples, start + r);
        __builtin_prefetch(example);
        fetch_segment(example, 0, size);
    }
    for (uint64_t s = 0; s < x->segments; s++) {
        uint64_t first = s * KERNEL_SEGMENT;
        uint64_t end = first + KERNEL_SEGMENT < x->columns ? first + KERNEL_SEGMENT : x->columns;
        for (uint64_t r = 0; r < x->group; r++) {
            *marks++ = (uint32_t)count;
            uint64_t mask = 0;
            if (r < rows) {
                const void *example = example_at(&examples, start + r);
                fetch_segment(example, end, size);
                mask = gather_segment(kernels, data, example, first, end, entries + count);
                count += (uint64_t)__builtin_popcountll(mask);
            }
            *masks++ = mask;
        }
    }
    *marks = (uint32_t)count;
}

/* The slice begins where a group does. */
static void gather_sparse(const struct slice *slice, const struct data *data, enum data_split split,
                          const uint32_t *order, uint64_t start) {
    const struct sparse_rows *x = &slice->buffers->sparse.rows;
    uint64_t end = slice->first + slice->rows;
    for (uint64_t first = slice->first; first < end; first += x->group)
        gather_group(x, first / x->group, end - first < x->group ? end - first : x->group, data, split, order,
                     start + first);
}

static void gather_inputs(const struct slice *slice, const struct data *data, enum data_split split,
                          const uint32_t *order, uint64_t start) {
    uint64_t units = slice->model->input_units, pitch = slice->model->nodes[0].pitch;
    if (data->input.rank == 0) { /* no inputs: the network sees a 0, and no bytes are there to be read */
        memset(slice->buffers->outputs[0] + slice->first * pitch, 0, slice->rows * pitch * sizeof(float));
        return;
    }
    if (slice->model->sparse_input) {
        gather_sparse(slice, data, split, order, start);
        return;
    }
    const struct examples examples = examples_of(data, split, order);
    const uint64_t end = slice->first + slice->rows;
    for (uint64_t r = slice->first; r < end; r++) {
        const void *example = example_at(&examples, start + r);
        if (r + FETCH_EXAMPLES < end)
            fetch(example_at(&examples, start + r + FETCH_EXAMPLES), examples.bytes);
        float *to = slice->buffers->outputs[0] + r * pitch;
        if (data->element == RUNNER_U8) {
            const uint8_t *from = example;
            for (uint64_t j = 0; j < units; j++)
                to[j] = (float)from[j] * data->scale;
        } else {
            const float *from = example;
            for (uint64_t j = 0; j < units; j++)
                to[j] = from[j] * data->scale;
        }
    }
}

static void gather_label(const struct slice *slice, const struct data *data, uint64_t row, int32_t label) {
    struct buffers *buffers = slice->buffers;
    buffers->labels[row] = label;
    if (buffers->one_hot != NULL) {
        float *to = buffers->one_hot + row * data->classes;
        memset(to, 0, data->classes * sizeof *to);
        to[label] = 1;
    }
    if (buffers->values != NULL) {
        uint64_t elements = value_elements(slice->model, data);
        float *to = buffers->values + row * elements;
        memset(to, 0, elements * sizeof *to);
        if (elements == 1)
            to[0] = (float)label;
        else
            to[label] = 1;
    }
}

static void fetch_target(const struct data *data, enum data_split split, const uint32_t *order, uint64_t place) {
    const uint64_t elements = data->classes > 0 ? 1 : runner_elements(&data->target);
    if (data->targets[split] != NULL)
        fetch((const float *)data->targets[split] + slice_example(order, place) * elements, 1);
}

void slice_fetch(const struct data *data, enum data_split split, const uint32_t *order, uint64_t place) {
    if (place >= data->rows[split])
        return;
    const struct examples examples = examples_of(data, split, order);
    fetch(example_at(&examples, place), examples.bytes + LINE - 1); /* it may begin within a line */
    fetch_target(data, split, order, place);
}

void sparse_gather(const struct sparse_storage *sparse, const struct data *data, enum data_split split,
                   const uint32_t *order, uint64_t start, uint64_t rows) {
    gather_group(&sparse->rows, 0, rows, data, split, order, start);
}

void slice_gather(const struct slice *slice, const struct data *data, enum data_split split, const uint32_t *order,
                  uint64_t start) {
    for (uint64_t r = slice->first; r < slice->first + slice->rows; r++) /* they lie anywhere, too */
        fetch_target(data, split, order, start + r);
    gather_inputs(slice, data, split, order, start);
    slice_gather_targets(slice, data, split, order, start);
}

void slice_gather_targets(const struct slice *slice, const struct data *data, enum data_split split,
                          const uint32_t *order, uint64_t start) {
    uint64_t elements = runner_elements(&data->target);
    for (uint64_t r = slice->first; r < slice->first + slice->rows; r++) {
        uint64_t example = slice_example(order, start + r);
        if (data->classes > 0)
            gather_label(slice, data, r, ((const int32_t *)data->targets[split])[example]);
        else if (slice->buffers->values != NULL)
            memcpy(slice->buffers->values + r * elements, (const float *)data->targets[split] + example * elements,
                   elements * sizeof(float));
    }
}
