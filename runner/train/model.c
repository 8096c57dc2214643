#include "runner/train/model.h"

#include "runner/host/params.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

struct count {
    const char *component;
    size_t next;
};

/* Where the builder stands while it appends: the entry of `model`, and the component whose expand() runs. */
struct builder {
    runner_build public; /* first */
    struct call call;
    struct model *model;
    const struct loader *loader;
    struct error *error;
    const char *path;
    const char *owner; /* name of the layer whose expand() runs */
    const char *component;
    unsigned owned;     /* leaves that it has appended itself */
    const char **names; /* of layers, given so far */
    size_t n_names;
    struct count *counts;
    size_t n_counts;
};
#define NAMES_STEP 32

static runner_node append(runner_build *public, const struct runner_layer_ops *ops, const void *config,
                          uint32_t config_size, const runner_node *inputs, uint32_t n_inputs);
static runner_node append_part(runner_build *public, const runner_part *layer, runner_node input);

static struct node *node_new(struct model *model) {
    if (model->n_nodes == model->nodes_capacity) {
        size_t capacity = model->nodes_capacity == 0 ? 16 : 2 * model->nodes_capacity;
        struct node *nodes = arena_array(&model->arena, capacity, sizeof *nodes);
        if (model->n_nodes > 0)
            memcpy(nodes, model->nodes, model->n_nodes * sizeof *nodes);
        model->nodes = nodes;
        model->nodes_capacity = capacity;
    }
    return &model->nodes[model->n_nodes++];
}

static const char *shape_text(const runner_shape *shape, char out[128]) {
    size_t used = 0;
    out[used++] = '[';
    for (uint32_t i = 0; i < shape->rank && used < 110; i++)
        used += (size_t)snprintf(out + used, 128 - used, "%s%" PRIu32, i > 0 ? ", " : "", shape->size[i]);
    snprintf(out + used, 128 - used, "]");
    return out;
}

/* Elements of a shape, or 0 where there are none or too many to address. */
static uint64_t shape_elements(const runner_shape *shape) {
    uint64_t elements = 1;
    if (shape->rank > RUNNER_MAX_RANK)
        return 0;
    for (uint32_t i = 0; i < shape->rank; i++)
        if (__builtin_mul_overflow(elements, shape->size[i], &elements) || elements > UINT64_C(1) << 40)
            return 0;
    return elements;
}

static bool plan_fits(struct builder *builder, const struct node *node) {
    const runner_plan *plan = &node->plan;
    char text[128];
    if (shape_elements(&plan->output) == 0) {
        error_set(builder->error, STATUS_CONFIG, "%s has an output of shape %s, which is empty or too large",
                  node->name, shape_text(&plan->output, text));
        return false;
    }
    if (plan->n_tensors > RUNNER_MAX_TENSORS) {
        error_set(builder->error, STATUS_CONFIG, "%s wants %" PRIu32 " tensors; at most %d are possible", node->name,
                  plan->n_tensors, RUNNER_MAX_TENSORS);
        return false;
    }
    for (uint32_t i = 0; i < plan->n_tensors; i++) {
        if (plan->tensors[i].name == NULL) {
            error_set(builder->error, STATUS_CONFIG, "plugin of %s: tensor %" PRIu32 " has no name", node->name, i);
            return false;
        }
        if (shape_elements(&plan->tensors[i].shape) == 0) {
            error_set(builder->error, STATUS_CONFIG, "%s has a tensor '%s' of shape %s, which is empty or too large",
                      node->name, plan->tensors[i].name, shape_text(&plan->tensors[i].shape, text));
            return false;
        }
        if ((plan->tensors[i].flags & RUNNER_STATE) == 0 && node->ops->gradient == NULL) {
            error_set(builder->error, STATUS_CONFIG,
                      "plugin of %s: tensor '%s' is to be trained, but the layer has no gradient()", node->name,
                      plan->tensors[i].name);
            return false;
        }
    }
    if (plan->statistics > 0 && (node->ops->reduce == NULL || node->ops->combine == NULL)) {
        error_set(builder->error, STATUS_CONFIG, "plugin of %s: it plans statistics, but has no reduce() and combine()",
                  node->name);
        return false;
    }
    if (plan->delta_statistics > 0 && (node->ops->reduce_delta == NULL || node->ops->combine_delta == NULL)) {
        error_set(builder->error, STATUS_CONFIG,
                  "plugin of %s: it plans delta statistics, but has no reduce_delta() and combine_delta()", node->name);
        return false;
    }
    return true;
}

static bool node_plan(struct builder *builder, struct node *node) {
    struct model *model = builder->model;
    node->plan = (runner_plan){.size = sizeof node->plan, .n_inputs = node->n_inputs};
    for (uint32_t i = 0; i < node->n_inputs; i++)
        node->plan.inputs[i] = model->nodes[node->inputs[i]].plan.output;
    call_reset(&builder->call);
    if (node->ops->plan(node->config, &builder->call.public, &node->plan) != RUNNER_OK) {
        if (!builder->call.failed)
            error_set(builder->error, STATUS_CONFIG, "plan() failed without a reason");
        error_prefix(builder->error, "%s", node->name);
        return false;
    }
    if (!plan_fits(builder, node))
        return false;
    node->units = shape_elements(&node->plan.output);
    node->pitch = row_pitch(node->units);
    node->chunk = node->units;
    model->n_tensors += node->plan.n_tensors;
    for (uint32_t i = 0; i < node->plan.n_tensors; i++)
        node->delta_wanted |= (node->plan.tensors[i].flags & RUNNER_STATE) == 0;
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        node->delta_wanted |= model->nodes[node->inputs[i]].delta_wanted;
        model->nodes[node->inputs[i]].n_consumers++;
    }
    return true;
}

static runner_node leaf_append(struct builder *builder, const char *name, const char *component,
                               const struct runner_layer_ops *ops, void *config, const runner_node *inputs,
                               uint32_t n_inputs) {
    struct model *model = builder->model;
    if (ops == NULL || ops->plan == NULL || ops->forward == NULL || ops->backward == NULL ||
        n_inputs > RUNNER_MAX_INPUTS) {
        error_set(builder->error, STATUS_CONFIG,
                  "plugin of %s: it appends a layer without plan(), forward() and backward(), or with more "
                  "than %d inputs",
                  name, RUNNER_MAX_INPUTS);
        return RUNNER_NO_NODE;
    }
    for (uint32_t i = 0; i < n_inputs; i++)
        if (inputs[i] >= model->n_nodes) {
            error_set(builder->error, STATUS_CONFIG,
                      "plugin of %s: it appends a layer to node %" PRIu32 ", which does not exist", name, inputs[i]);
            return RUNNER_NO_NODE;
        }
    struct node *node = node_new(model);
    *node = (struct node){.name = name,
                          .component = component,
                          .path = builder->path,
                          .ops = ops,
                          .config = config,
                          .n_inputs = n_inputs};
    memcpy(node->inputs, inputs, n_inputs * sizeof *inputs);
    return node_plan(builder, node) ? (runner_node)(model->n_nodes - 1) : RUNNER_NO_NODE;
}

static runner_node append(runner_build *public, const struct runner_layer_ops *ops, const void *config,
                          uint32_t config_size, const runner_node *inputs, uint32_t n_inputs) {
    struct builder *builder = (struct builder *)public;
    struct arena *arena = &builder->model->arena;
    void *copy = arena_alloc(arena, config_size);
    if (config_size > 0)
        memcpy(copy, config, config_size);
    const char *name =
        builder->owned++ == 0 ? builder->owner : arena_printf(arena, "%s/%u", builder->owner, builder->owned);
    return leaf_append(builder, name, builder->component, ops, copy, inputs, n_inputs);
}

static bool name_taken(const struct builder *builder, const char *name) {
    for (size_t i = 0; i < builder->n_names; i++)
        if (strcmp(builder->names[i], name) == 0)
            return true;
    return false;
}

/* Where the numbers of a component's layers go on: names are never given back, so smaller ones stay taken. */
static size_t *next_number(struct builder *builder, const char *component) {
    for (size_t i = 0; i < builder->n_counts; i++)
        if (strcmp(builder->counts[i].component, component) == 0)
            return &builder->counts[i].next;
    if (builder->n_counts % NAMES_STEP == 0) {
        struct count *counts = arena_array(&builder->model->arena, builder->n_counts + NAMES_STEP, sizeof *counts);
        if (builder->n_counts > 0)
            memcpy(counts, builder->counts, builder->n_counts * sizeof *counts);
        builder->counts = counts;
    }
    builder->counts[builder->n_counts] = (struct count){component, 1};
    return &builder->counts[builder->n_counts++].next;
}

/* Keras' names count the layers of a component over the whole model; an own `name` has to be new. */
static const char *layer_name(struct builder *builder, const struct runner_part *part) {
    struct arena *arena = &builder->model->arena;
    const char *name = part_text(part, "name");
    if (name != NULL && name_taken(builder, name)) {
        error_set(builder->error, STATUS_CONFIG, "two layers are named '%s'; wanted: names that differ", name);
        return NULL;
    }
    for (size_t *number = next_number(builder, part->name); name == NULL;) {
        const char *next = arena_printf(arena, "%s_%zu", part->name, (*number)++);
        name = name_taken(builder, next) ? NULL : next;
    }
    if (builder->n_names % NAMES_STEP == 0) {
        const char **names = arena_array(arena, builder->n_names + NAMES_STEP, sizeof *names);
        if (builder->n_names > 0)
            memcpy(names, builder->names, builder->n_names * sizeof *names);
        builder->names = names;
    }
    return builder->names[builder->n_names++] = name;
}

static runner_node append_part(runner_build *public, const runner_part *part, runner_node input) {
    struct builder *builder = (struct builder *)public;
    const struct runner_layer_ops *ops = part->ops;
    const char *name = layer_name(builder, part);
    if (name == NULL)
        return RUNNER_NO_NODE;
    if (ops->expand == NULL)
        return leaf_append(builder, name, part->name, ops, part->config, &input, 1);
    const char *owner = builder->owner, *component = builder->component;
    unsigned owned = builder->owned;
    builder->owner = name;
    builder->component = part->name;
    builder->owned = 0;
    call_reset(&builder->call);
    runner_node last = ops->expand(part->config, public, input);
    builder->owner = owner;
    builder->component = component;
    builder->owned = owned;
    if (last != RUNNER_NO_NODE && last >= builder->model->n_nodes) {
        error_set(builder->error, STATUS_CONFIG,
                  "plugin of %s: expand() returns node %" PRIu32 ", which does not exist", name, last);
        return RUNNER_NO_NODE;
    }
    return last;
}

static enum status build_layers(struct builder *builder, const struct tree *layers, struct text *where) {
    struct model *model = builder->model;
    runner_node last = 0;
    for (size_t i = 0; i < layers->count; i++) {
        struct runner_part *part = NULL;
        builder->path = arena_printf(&model->arena, "model.%zu", i);
        enum status status = part_bind(builder->loader, RUNNER_LAYER, layers->items[i], builder->path, &model->arena,
                                       &part, builder->error);
        if (status == STATUS_OK) {
            last = append_part(&builder->public, part, last);
            if (last == RUNNER_NO_NODE) {
                if (builder->error->text[0] == '\0')
                    error_set(builder->error, STATUS_CONFIG, "plugin of %s: expand() failed without a reason",
                              part->name);
                status = STATUS_CONFIG;
            }
        }
        if (status != STATUS_OK) {
            if (where != NULL)
                text_add(where, builder->path);
            return status;
        }
    }
    model->output = last;
    return STATUS_OK;
}

static void collect_tensors(struct model *model) {
    struct tensor *tensor = model->tensors = arena_array(&model->arena, model->n_tensors, sizeof *tensor);
    for (size_t i = 1; i < model->n_nodes; i++) {
        struct node *node = &model->nodes[i];
        node->first_tensor = (size_t)(tensor - model->tensors);
        node->tensors = arena_array(&model->arena, node->plan.n_tensors, sizeof *node->tensors);
        node->statistics = arena_array(&model->arena, node->plan.statistics, sizeof(double));
        node->delta_statistics = arena_array(&model->arena, node->plan.delta_statistics, sizeof(double));
        for (uint32_t j = 0; j < node->plan.n_tensors; j++, tensor++) {
            runner_tensor *plan = &node->plan.tensors[j];
            tensor->name = arena_printf(&model->arena, "%s/%s", node->name, plan->name);
            tensor->plan = plan;
            tensor->elements = runner_elements(&plan->shape);
            tensor->columns = plan->shape.rank == 0 ? 1 : plan->shape.size[plan->shape.rank - 1];
            tensor->rows = tensor->elements / tensor->columns;
            tensor->panel = tensor->columns;
            tensor->pitch = tensor->rows > 1 ? row_pitch(tensor->columns) : tensor->columns;
            tensor->trained = (plan->flags & RUNNER_STATE) == 0;
            tensor->node = (uint32_t)i;
            tensor->index = j;
        }
    }
}

static enum status fail_at(struct text *where, const char *path, struct call *call, const char *function) {
    if (!call->failed)
        error_set(call->error, STATUS_CONFIG, "plugin: %s() failed without a reason", function);
    if (where != NULL)
        text_add(where, path);
    return STATUS_CONFIG;
}

static enum status build_loss(struct builder *builder, const struct tree *trial, const struct data *data,
                              struct text *where) {
    struct model *model = builder->model;
    struct runner_part *part = NULL;
    enum status status =
        part_bind(builder->loader, RUNNER_LOSS, tree_get(trial, "loss"), "loss", &model->arena, &part, builder->error);
    if (status != STATUS_OK)
        return status;
    const runner_loss_ops *ops = part->ops;
    const struct node *last = &model->nodes[model->output];
    model->loss = part;
    model->loss_plan = (runner_loss_plan){.size = sizeof model->loss_plan,
                                          .classes = data->classes,
                                          .prediction = last->plan.output,
                                          .data_target = data->target};
    call_reset(&builder->call);
    if (ops->plan(part->config, &builder->call.public, &model->loss_plan) != RUNNER_OK)
        return fail_at(where, "loss", &builder->call, "plan");
    model->loss_input = model->output;
    const char *activation = model->loss_plan.logits_of;
    if (activation != NULL && last->n_inputs == 1 && last->n_consumers == 0 &&
        strcmp(last->component, activation) == 0) {
        model->from_logits = true;
        model->loss_input = last->inputs[0];
    }
    return STATUS_OK;
}

static enum status build_metrics(struct builder *builder, const struct tree *trial, const struct data *data,
                                 struct text *where) {
    struct model *model = builder->model;
    const struct tree *list = tree_get(trial, "metrics");
    model->n_metrics = list == NULL ? 0 : list->count;
    model->metrics = arena_array(&model->arena, model->n_metrics, sizeof *model->metrics);
    for (size_t i = 0; i < model->n_metrics; i++) {
        struct metric *metric = &model->metrics[i];
        struct runner_part *part = NULL;
        const char *path = arena_printf(&model->arena, "metrics.%zu", i);
        enum status status =
            part_bind(builder->loader, RUNNER_METRIC, list->items[i], path, &model->arena, &part, builder->error);
        if (status != STATUS_OK)
            return status;
        const runner_metric_ops *ops = part->ops;
        metric->part = part;
        metric->first_sum = model->n_sums;
        metric->plan = (runner_metric_plan){.size = sizeof metric->plan,
                                            .classes = data->classes,
                                            .prediction = model->nodes[model->output].plan.output,
                                            .data_target = data->target};
        call_reset(&builder->call);
        if (ops->plan(part->config, &builder->call.public, &metric->plan) != RUNNER_OK)
            return fail_at(where, path, &builder->call, "plan");
        model->n_sums += metric->plan.sums;
    }
    return STATUS_OK;
}

/* Is the tensor among those that shall not decay? */
static bool decay_excluded(const struct runner_part *part, const struct tensor *tensor) {
    const struct tree *names = tree_get(part->params, "weight_decay_exclude");
    for (size_t i = 0; names != NULL && i < names->count; i++)
        if (strstr(tensor->name, names->items[i]->text) != NULL)
            return true;
    return false;
}

/* The optimizer as excluded tensors see it, for one that decays by itself. */
static enum status without_decay(struct builder *builder, const struct tree *resolved, struct runner_part **part) {
    struct arena *arena = &builder->model->arena;
    struct tree *copy = tree_copy(arena, resolved);
    struct tree *params = copy->items[0];
    if (tree_get(params, "weight_decay") != NULL)
        tree_set(arena, params, "weight_decay", params->mark, tree_float(arena, params->mark, 0));
    return part_bind(builder->loader, RUNNER_OPTIMIZER, copy, "optimizer", arena, part, builder->error);
}

static bool has_own(const struct runner_part *part, const char *name) {
    for (uint32_t i = 0; i < part->component->n_params; i++)
        if (strcmp(part->component->params[i].name, name) == 0)
            return true;
    return false;
}

static enum status plan_optimizer(struct builder *builder, const struct runner_part *part, struct tensor *tensor,
                                  struct text *where) {
    const runner_optimizer_ops *ops = part->ops;
    tensor->optimizer = (runner_optimizer_plan){.size = sizeof tensor->optimizer, .tensor = *tensor->plan};
    tensor->optimizer.tensor.name = tensor->name;
    call_reset(&builder->call);
    if (ops->plan(tensor->optimizer_config, &builder->call.public, &tensor->optimizer) != RUNNER_OK)
        return fail_at(where, "optimizer", &builder->call, "plan");
    bool whole = (tensor->optimizer.flags & RUNNER_WHOLE_TENSOR) != 0;
    if (tensor->optimizer.slots <= RUNNER_MAX_SLOTS && (whole ? ops->step_tensor != NULL : ops->step != NULL))
        return STATUS_OK;
    if (where != NULL)
        text_add(where, "optimizer");
    return error_set(builder->error, STATUS_CONFIG, "plugin of %s: it plans %s for tensor '%s'", part->name,
                     tensor->optimizer.slots > RUNNER_MAX_SLOTS ? "too many slots" : "a step that it does not have",
                     tensor->name);
}

/* As Keras, which takes one of the three at most. */
static enum status read_clipping(struct builder *builder, const struct runner_part *part, struct text *where) {
    struct clipping *clipping = &builder->model->clipping;
    *clipping = (struct clipping){.norm = part_float(part, "clipnorm"),
                                  .global_norm = part_float(part, "global_clipnorm"),
                                  .value = part_float(part, "clipvalue")};
    if ((clipping->norm > 0) + (clipping->global_norm > 0) + (clipping->value > 0) <= 1)
        return STATUS_OK;
    if (where != NULL)
        text_add(where, "optimizer");
    return error_set(builder->error, STATUS_CONFIG,
                     "%s has more than one of clipnorm, clipvalue and global_clipnorm; wanted at most one", part->name);
}

static enum status build_optimizer(struct builder *builder, const struct tree *trial, struct text *where) {
    struct model *model = builder->model;
    const struct tree *resolved = tree_get(trial, "optimizer");
    struct runner_part *part = NULL, *schedule = NULL, *excluded = NULL;
    enum status status =
        part_bind(builder->loader, RUNNER_OPTIMIZER, resolved, "optimizer", &model->arena, &part, builder->error);
    if (status == STATUS_OK)
        status = part_schedule(builder->loader, part, "learning_rate", &model->arena, &schedule, builder->error);
    if (status == STATUS_OK)
        status = read_clipping(builder, part, where);
    if (status == STATUS_OK)
        status = without_decay(builder, resolved, &excluded);
    if (status != STATUS_OK)
        return status;
    model->optimizer = part;
    model->schedule = schedule;
    model->rate =
        schedule == NULL && tree_get(part->params, "learning_rate") != NULL ? part_float(part, "learning_rate") : 0;
    double decay = has_own(part, "weight_decay") ? 0 : part_float(part, "weight_decay");
    bool coupled = part_bool(part, "weight_decay_coupled");
    if (coupled && has_own(part, "weight_decay")) {
        if (where != NULL)
            text_add(where, "optimizer");
        return error_set(builder->error, STATUS_CONFIG,
                         "weight_decay_coupled: %s decays by itself, apart from the gradient", part->name);
    }
    for (size_t i = 0; i < model->n_tensors && status == STATUS_OK; i++) {
        struct tensor *tensor = &model->tensors[i];
        bool exempt = decay_excluded(part, tensor);
        tensor->weight_decay = exempt ? 0 : decay;
        tensor->decay_coupled = coupled;
        tensor->optimizer_config = exempt ? excluded->config : part->config;
        if (tensor->trained)
            status = plan_optimizer(builder, part, tensor, where);
    }
    return status;
}

static void builder_init(struct builder *builder, const struct loader *loader, struct model *model,
                         struct error *error) {
    error->text[0] = '\0';
    *builder = (struct builder){.model = model, .loader = loader, .error = error, .path = "model"};
    call_init(&builder->call, error);
    builder->call.memory = &model->arena;
    builder->call.constants = model->constants;
    builder->call.n_constants = model->n_constants;
    builder->public = (runner_build){.append = append, .append_part = append_part, .call = &builder->call.public};
}

enum status model_build_layers(const struct loader *loader, const struct tree *trial, const struct data *data,
                               struct model *model, struct text *where, struct error *error) {
    *model = (struct model){.gemm = GEMM_OPENBLAS, .constants = data->constants, .n_constants = data->n_constants};
    arena_init(&model->arena);
    struct builder builder;
    builder_init(&builder, loader, model, error);
    const struct tree *engine = tree_get(trial, "engine"), *gemm = tree_get(engine, "gemm");
    if (gemm != NULL && strcmp(gemm->text, "portable") == 0)
        model->gemm = GEMM_PORTABLE;
    struct node *input = node_new(model);
    *input = (struct node){.name = "input", .component = "input", .path = "dataset"};
    input->plan.output = data->input;
    input->units = model->input_units = shape_elements(&data->input);
    input->pitch = row_pitch(input->units);

    enum status status = build_layers(&builder, tree_get(trial, "model"), where);
    if (status == STATUS_OK && model->output == 0) {
        if (where != NULL)
            text_add(where, "model");
        status = error_set(error, STATUS_CONFIG, "the model has no layers");
    }
    if (status == STATUS_OK) {
        collect_tensors(model);
        status = build_loss(&builder, trial, data, where);
    }
    if (status == STATUS_OK)
        status = build_metrics(&builder, trial, data, where);
    call_clear(&builder.call);
    if (status == STATUS_OK)
        model_plan_input(model, data);
    return status;
}

enum status model_build_optimizer(const struct loader *loader, const struct tree *trial, struct model *model,
                                  struct text *where, struct error *error) {
    struct builder builder;
    builder_init(&builder, loader, model, error);
    enum status status = build_optimizer(&builder, trial, where);
    call_clear(&builder.call);
    return status;
}

enum status model_build(const struct loader *loader, const struct tree *trial, const struct data *data,
                        struct model *model, struct text *where, struct error *error) {
    enum status status = model_build_layers(loader, trial, data, model, where, error);
    return status == STATUS_OK ? model_build_optimizer(loader, trial, model, where, error) : status;
}

void model_clear(struct model *model) {
    arena_clear(&model->arena);
}
