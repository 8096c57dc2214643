/* Kernels within layers, the loss and the gathering of a batch, as the engine calls them on a slice. */
#include "bench/kernels.h"
#include "bench/network.h"
#include "bench/serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMAGES                                                                                                         \
    "[{conv2d: {filters: 32, kernel_size: 3}}, relu, {conv2d: {filters: 32, kernel_size: 3}}, max_pooling2d, "         \
    "batch_normalization, layer_normalization, average_pooling2d, {dropout: {rate: 0.2}}, "                            \
    "{dense: {units: 10, activation: softmax}}]"
#define ACTIVATION(name) "[{dense: {units: 512}}, " name ", {dense: {units: 10, activation: softmax}}]"
#define DIGITS "{digits: {train: 2000, test: 1}}"
#define NOISE "{noise_bytes: {rows: 20000}}"

enum pass { GATHER, FORWARD, BACKWARD, GRADIENT, LOSS, REDUCE, REDUCE_DELTA };

/* One layer of a network; `in` and `out` are the floats that a pass moves for an element of the layer's input and output. */
static const struct layer_case {
    const char *name, *dataset, *layers;
    int rows; /* of the batch, which is one slice */
    runner_node node;
    enum pass pass;
    bool product; /* counted in multiply-adds */
    double in, out;
} cases[] = {
    {"gather, sparse", DIGITS, NETWORK_LECTURE, 64, 0, GATHER, false, 0, 0},
    {"gather, dense", NOISE, NETWORK_LECTURE, 64, 0, GATHER, false, 0, 1},
    {"sparse dense forward", DIGITS, NETWORK_LECTURE, 64, 1, FORWARD, true, 0, 1},
    {"sparse dense gradient", DIGITS, NETWORK_LECTURE, 64, 1, GRADIENT, true, 0, 1},
    {"dense forward", NOISE, NETWORK_LECTURE, 64, 1, FORWARD, true, 1, 1},
    {"dense gradient", NOISE, NETWORK_LECTURE, 64, 1, GRADIENT, true, 1, 1},
    {"dense forward", NOISE, NETWORK_LECTURE, 64, 3, FORWARD, true, 1, 1},
    {"dense backward", NOISE, NETWORK_LECTURE, 64, 3, BACKWARD, true, 1, 1},
    {"dense gradient", NOISE, NETWORK_LECTURE, 64, 3, GRADIENT, true, 1, 1},
    {"dense forward", NOISE, NETWORK_LECTURE, 64, 5, FORWARD, true, 1, 1},
    {"dense backward", NOISE, NETWORK_LECTURE, 64, 5, BACKWARD, true, 1, 1},
    {"dense gradient", NOISE, NETWORK_LECTURE, 64, 5, GRADIENT, true, 1, 1},
    {"softmax forward", NOISE, NETWORK_LECTURE, 64, 6, FORWARD, false, 1, 1},
    {"softmax and cross-entropy", NOISE, NETWORK_LECTURE, 64, 6, LOSS, false, 1, 1},
    {"sigmoid forward", NOISE, ACTIVATION("sigmoid"), 64, 2, FORWARD, false, 1, 1},
    {"sigmoid backward", NOISE, ACTIVATION("sigmoid"), 64, 2, BACKWARD, false, 1, 2},
    {"tanh forward", NOISE, ACTIVATION("tanh"), 64, 2, FORWARD, false, 1, 1},
    {"tanh backward", NOISE, ACTIVATION("tanh"), 64, 2, BACKWARD, false, 1, 2},
    {"relu forward", NOISE, ACTIVATION("relu"), 64, 2, FORWARD, false, 1, 1},
    {"relu backward", NOISE, ACTIVATION("relu"), 64, 2, BACKWARD, false, 1, 2},
    {"gelu forward", NOISE, ACTIVATION("gelu"), 64, 2, FORWARD, false, 1, 1},
    {"gelu backward", NOISE, ACTIVATION("gelu"), 64, 2, BACKWARD, false, 2, 1},
    {"dropout forward", DIGITS, IMAGES, 32, 8, FORWARD, false, 1, 1},
    {"dropout backward", DIGITS, IMAGES, 32, 8, BACKWARD, false, 1, 1},
    {"conv2d forward, 1 channel", DIGITS, IMAGES, 32, 1, FORWARD, true, 1, 1},
    {"conv2d gradient, 1 channel", DIGITS, IMAGES, 32, 1, GRADIENT, true, 1, 1},
    {"conv2d forward", DIGITS, IMAGES, 32, 3, FORWARD, true, 1, 1},
    {"conv2d backward", DIGITS, IMAGES, 32, 3, BACKWARD, true, 1, 1},
    {"conv2d gradient", DIGITS, IMAGES, 32, 3, GRADIENT, true, 1, 1},
    {"max pooling forward", DIGITS, IMAGES, 32, 4, FORWARD, false, 1, 1},
    {"max pooling backward", DIGITS, IMAGES, 32, 4, BACKWARD, false, 1, 1},
    {"average pooling forward", DIGITS, IMAGES, 32, 7, FORWARD, false, 1, 1},
    {"average pooling backward", DIGITS, IMAGES, 32, 7, BACKWARD, false, 1, 1},
    {"batch normalization sums", DIGITS, IMAGES, 32, 5, REDUCE, false, 1, 0},
    {"batch normalization forward", DIGITS, IMAGES, 32, 5, FORWARD, false, 1, 1},
    {"batch normalization sums back", DIGITS, IMAGES, 32, 5, REDUCE_DELTA, false, 1, 1},
    {"batch normalization backward", DIGITS, IMAGES, 32, 5, BACKWARD, false, 2, 1},
    {"layer normalization forward", DIGITS, IMAGES, 32, 6, FORWARD, false, 1, 1},
    {"layer normalization backward", DIGITS, IMAGES, 32, 6, BACKWARD, false, 2, 1},
    {"layer normalization gradient", DIGITS, IMAGES, 32, 6, GRADIENT, false, 1, 1},
};

struct layer_run {
    struct network network;
    const struct layer_case *of;
    const char *dataset; /* that is read */
    struct part part;
    struct slice slice;
    double *sums;
    float *gradient; /* of the layer's largest tensor */
    size_t turn;     /* batches gathered */
};

/* As update.c does it: by tiles, or of the whole tensor where the layer is cut by groups of rows. */
static void add_gradients(struct layer_run *run) {
    const struct stepper *stepper = &run->network.stepper;
    const struct node *node = &run->network.model.nodes[run->of->node];
    const bool grouped = (node->plan.flags & RUNNER_ROWS_GRADIENT) != 0;
    size_t n = grouped ? node->plan.n_tensors : stepper->n_tiles;
    for (size_t i = 0; i < n; i++) {
        const struct tensor *tensor =
            &run->network.model.tensors[grouped ? node->first_tensor + i : stepper->tiles[i].tensor];
        if (tensor->node != run->of->node || !tensor->trained)
            continue;
        const struct tile all = {.rows = tensor->rows, .columns = tensor->columns};
        const struct tile *tile = grouped ? &all : &stepper->tiles[i];
        runner_tile place = {tensor->index, tile->row, tile->rows, tile->column, tile->columns};
        runner_view into = {
            .data = run->gradient, .rows = tile->rows, .columns = tile->columns, .pitch = tensor->pitch};
        memset(run->gradient, 0, tile->rows * tensor->pitch * sizeof(float));
        slice_gradient(&run->slice, tensor, &place, 1, &into);
    }
}

static void run_layer(void *context) {
    struct layer_run *run = context;
    const struct network *network = &run->network;
    const runner_node node = run->of->node;
    switch (run->of->pass) {
    case GATHER:
        run->turn = (run->turn + 1) % (network->data.rows[DATA_TRAIN] / run->part.rows);
        slice_gather(&run->slice, &network->data, DATA_TRAIN, network->order, run->turn * run->part.rows);
        break;
    case FORWARD: slice_forward(&run->slice, node, node + 1); break;
    case BACKWARD: slice_backward(&run->slice, node, node - 1); break;
    case GRADIENT: add_gradients(run); break;
    case LOSS: slice_loss(&run->slice, 1.0f / (float)run->part.rows); break;
    case REDUCE: slice_reduce(&run->slice, node, run->sums); break;
    case REDUCE_DELTA: slice_reduce_delta(&run->slice, node, run->sums); break;
    }
}

/* Share of the inputs that are not zero, as gathered. */
static double density(const struct layer_run *run) {
    const struct sparse_rows *rows = &run->slice.buffers->sparse.rows;
    double entries = 0;
    if (!run->network.model.sparse_input)
        return 1;
    for (uint64_t first = 0; first < run->part.rows; first += rows->group)
        entries += sparse_marks(rows, first / rows->group)[rows->segments * rows->group];
    return entries / (double)(run->part.rows * rows->columns);
}

/* Does the pass write over what it reads? */
static bool in_place(const struct layer_run *run) {
    const struct buffers *buffers = run->slice.buffers;
    const struct node *node = &run->network.model.nodes[run->of->node];
    float *const *const arrays = run->of->pass == FORWARD    ? buffers->outputs
                                 : run->of->pass == BACKWARD ? buffers->deltas
                                                             : NULL;
    return arrays != NULL && node->n_inputs > 0 && arrays[run->of->node] == arrays[node->inputs[0]];
}

static void count_work(const struct layer_run *run, struct kernel *kernel) {
    const struct model *model = &run->network.model;
    const struct node *node = &model->nodes[run->of->node];
    const double rows = (double)run->part.rows, out = (double)node->units;
    const double in = node->n_inputs > 0 ? (double)model->nodes[node->inputs[0]].units : 0;
    kernel->bytes = sizeof(float) * rows * (run->of->in * in + run->of->out * out);
    kernel->loop = run->of->pass == REDUCE || run->of->pass == REDUCE_DELTA ? LOOP_READ : LOOP_COPY;
    if (run->of->pass == LOSS) /* the logits, and their derivative; the node is that of the softmax */
        kernel->bytes = 2 * sizeof(float) * rows * out;
    if (run->of->pass == GATHER) {
        const double entry = model->sparse_input ? sizeof(struct sparse_entry) * density(run) : 0;
        kernel->bytes += rows * out * (1 + entry);
        kernel->working_set = (double)run->network.data.rows[DATA_TRAIN] * out;
        return;
    }
    if (run->of->product) {
        const struct tensor *weights = &model->tensors[node->first_tensor];
        const double used = run->of->node == 1 ? density(run) : 1, elements = (double)weights->elements;
        kernel->flops = 2 * rows * out / (double)weights->columns * elements * used;
        kernel->bytes += sizeof(float) * elements * (run->of->pass == GRADIENT ? 1 : used);
        kernel->loop = LOOP_READ;
    }
    kernel->working_set = kernel->bytes;
    if (in_place(run)) {
        kernel->loop = LOOP_UPDATE;
        kernel->arrays = 1;
        kernel->working_set -= sizeof(float) * rows * out;
    }
}

/* Values that stay normal numbers, in place of what the first update left. */
static void fill_deltas(struct layer_run *run) {
    const struct model *model = &run->network.model;
    for (size_t i = 1; i < model->n_nodes; i++) {
        float *deltas = run->slice.buffers->deltas[i];
        for (uint64_t j = 0; deltas != NULL && j < run->part.rows * model->nodes[i].pitch; j++)
            deltas[j] = 0.001f * (float)(1 + j % 13);
    }
}

static void make_room(struct layer_run *run) {
    const struct model *model = &run->network.model;
    const struct node *node = &model->nodes[run->of->node];
    uint64_t most = 1;
    for (uint32_t t = 0; t < node->plan.n_tensors; t++) {
        uint64_t floats = tensor_floats(&model->tensors[node->first_tensor + t]);
        most = floats > most ? floats : most;
    }
    free(run->sums), free(run->gradient);
    run->sums = calloc(1 + node->plan.statistics + node->plan.delta_statistics, sizeof *run->sums);
    run->gradient = aligned_alloc(64, (most * sizeof *run->gradient + 63) / 64 * 64);
    if (run->sums == NULL || run->gradient == NULL)
        die("no memory");
}

bool kernels_of_layers(size_t index, const char *folders, struct kernel *kernel) {
    static struct layer_run run;
    static char text[4096];
    char batch[16];
    if (index >= sizeof cases / sizeof *cases)
        return false;
    if (run.of == NULL) {
        snprintf(text, sizeof text, "%s", folders);
        network_open(&run.network, text);
    }
    run.of = &cases[index];
    run.network.threads = 1;
    run.network.gemm = "portable";
    run.network.layers = run.of->layers;
    if (run.dataset == NULL || strcmp(run.dataset, run.of->dataset) != 0)
        network_read(&run.network, run.dataset = run.of->dataset);
    snprintf(batch, sizeof batch, "%d", run.of->rows);
    network_prepare(&run.network, batch, "sgd");
    stepper_update(&run.network.stepper, run.network.order, 0, run.network.batch_rows, 0.001);
    run.part = (struct part){.order = run.network.order,
                             .rows = run.network.batch_rows,
                             .micro = run.network.batch_rows,
                             .batch = run.network.batch_rows};
    run.slice = stepper_slice(&run.network.stepper, 0, &run.part, 0, run.part.rows);
    fill_deltas(&run);
    make_room(&run);
    *kernel = (struct kernel){.run = run_layer, .context = &run};
    const struct node *node = &run.network.model.nodes[run.of->node];
    snprintf(kernel->name, sizeof kernel->name, "%s", run.of->name);
    snprintf(kernel->shape, sizeof kernel->shape, "%d x %llu -> %llu", run.of->rows,
             (unsigned long long)(node->n_inputs > 0 ? run.network.model.nodes[node->inputs[0]].units : node->units),
             (unsigned long long)node->units);
    count_work(&run, kernel);
    return true;
}
