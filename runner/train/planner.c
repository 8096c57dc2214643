#include "runner/train/planner.h"

#include "runner/train/step_ahead.h"
#include "runner/train/step_plan.h"
#include "runner/train/training.h"

#include <string.h>

static const char *const layer_sections[PLANNER_LAYERS] = {"model", "dataset", "loss", "metrics", "engine"};
static const char *const rest_sections[PLANNER_REST] = {"train", "callbacks", "init", "save"};

struct rest {
    const struct tree *sections[PLANNER_REST];
    uint64_t slots;
    const struct train_plan *plan;
};

void planner_init(struct planner *planner, const struct loader *loader, const struct data *data) {
    *planner = (struct planner){.loader = loader, .data = data};
    arena_init(&planner->arena);
}

void planner_clear(struct planner *planner) {
    if (planner->layers[0] != NULL)
        model_clear(&planner->model);
    hash_table_clear(&planner->rest);
    arena_clear(&planner->arena);
}

static struct train_plan *new_plan(struct planner *planner) {
    struct train_plan *plan = arena_alloc(&planner->arena, sizeof *plan);
    *plan = (struct train_plan){.number = planner->count++};
    return plan;
}

static const struct train_plan *failed_plan(struct planner *planner, enum status status, const struct text *where,
                                            const struct error *error) {
    struct train_plan *plan = new_plan(planner);
    plan->status = status;
    plan->where = arena_copy_text(&planner->arena, where->data);
    plan->message = arena_copy_text(&planner->arena, error->text);
    return plan;
}

static void sum_layers(struct planner *planner) {
    const struct model *model = &planner->model;
    struct train_summary *summary = &planner->summary;
    *summary = (struct train_summary){.count = model->n_nodes - 1, .doubt_where = "", .doubt = ""};
    summary->layers = arena_array(&planner->arena, summary->count, sizeof *summary->layers);
    for (size_t i = 1; i < model->n_nodes; i++) {
        const struct node *node = &model->nodes[i];
        summary->layers[i - 1] =
            (struct train_layer_summary){.name = node->name, .component = node->component, .output = node->plan.output};
    }
    for (size_t t = 0; t < model->n_tensors; t++) {
        const struct tensor *tensor = &model->tensors[t];
        if (!tensor->trained)
            continue;
        summary->layers[tensor->node - 1].parameters += tensor->elements;
        summary->parameters += tensor->elements;
        /* Each place of the output takes one product with the whole matrix; forward, backward and gradient. */
        if ((tensor->plan->flags & RUNNER_PRODUCT) != 0)
            summary->flops_per_example += 3 * 2.0 * (double)tensor->elements *
                                          ((double)model->nodes[tensor->node].units / (double)tensor->columns);
    }
}

/* Crossentropy of values that no softmax has made probabilities can be trained, and learns next to nothing. */
static void doubt_loss(struct planner *planner) {
    const struct model *model = &planner->model;
    const struct node *last = &model->nodes[model->output];
    const char *activation = model->loss_plan.logits_of;
    if (activation == NULL || model->from_logits || last->plan.n_tensors == 0)
        return;
    planner->summary.doubt_where = "loss";
    planner->summary.doubt =
        arena_printf(&planner->arena,
                     "the loss takes the output of %s, and the model ends with the weights of %s; end it with "
                     "`activation: %s`, or tell the loss that these are logits",
                     activation, last->name, activation);
}

/* Epochs of `save` that training never reaches. */
static void doubt_saving(struct planner *planner, const struct tree *list, struct train_summary *summary) {
    for (size_t i = 0; list != NULL && i < list->count && summary->doubt[0] == '\0'; i++) {
        const struct tree *item = list->items[i];
        if (item->type != TREE_INT || (uint64_t)item->value.integer <= summary->epochs)
            continue;
        summary->doubt_where = arena_printf(&planner->arena, "save.%zu", i);
        summary->doubt = arena_printf(&planner->arena, "save names epoch %s, but training ends after epoch %llu",
                                      item->text, (unsigned long long)summary->epochs);
    }
}

static void build_layers(struct planner *planner, const struct tree *trial, struct text *where, struct error *error) {
    const size_t count = planner->count;
    planner_clear(planner);
    planner_init(planner, planner->loader, planner->data);
    planner->count = count;
    for (size_t i = 0; i < PLANNER_LAYERS; i++)
        planner->layers[i] = tree_get(trial, layer_sections[i]);
    enum status status = model_build_layers(planner->loader, trial, planner->data, &planner->model, where, error);
    if (status != STATUS_OK) {
        planner->no_layers = failed_plan(planner, status, where, error);
        return;
    }
    sum_layers(planner);
    doubt_loss(planner);
}

static void build_optimizer(struct planner *planner, const struct tree *trial, struct text *where,
                            struct error *error) {
    planner->optimizer = tree_get(trial, "optimizer");
    planner->no_optimizer = NULL;
    planner->slots = 0;
    struct model *model = &planner->model;
    enum status status = model_build_optimizer(planner->loader, trial, model, where, error);
    if (status != STATUS_OK)
        planner->no_optimizer = failed_plan(planner, status, where, error);
    for (size_t t = 0; status == STATUS_OK && t < model->n_tensors; t++)
        if (model->tensors[t].trained)
            planner->slots += tensor_floats(&model->tensors[t]) * model->tensors[t].optimizer.slots;
}

/* With the gaps between their rows. */
static uint64_t weights_floats(const struct model *model) {
    uint64_t floats = 0;
    for (size_t t = 0; t < model->n_tensors; t++)
        floats += tensor_floats(&model->tensors[t]);
    return floats;
}

static const struct train_plan *plan_rest(struct planner *planner, const struct tree *trial,
                                          const struct train_settings *settings, struct text *where,
                                          struct error *error) {
    struct train_plan *plan = new_plan(planner);
    struct train_summary *summary = &plan->summary;
    struct model *model = &planner->model;
    const struct data *data = planner->data;
    *summary = planner->summary;
    summary->updates_per_epoch = settings->updates_per_epoch;
    summary->epochs = settings->epochs;
    bool micro = settings->micro_rows < settings->batch_rows;
    const uint64_t micro_rows = micro ? settings->micro_rows : settings->batch_rows;
    const uint64_t rows = part_rows_for(model, micro_rows);
    const bool gradients = micro || rows < micro_rows; /* are stored */
    summary->memory = ((gradients ? 2 : 1) * weights_floats(model) + planner->slots) * sizeof(float) +
                      stepper_copies_size(model, settings->batch_rows) +
                      stepper_ahead_size(model, settings->batch_rows) +
                      buffers_size(model, data, rows, slice_rows_for(micro_rows), true) + evaluator_size(model, data) +
                      data->rows[DATA_TRAIN] * sizeof(uint32_t);
    struct group groups[GROUPS];
    struct callbacks callbacks;
    struct saving saving;
    training_columns(groups, &summary->columns, model, data, settings->evaluate_train, &planner->arena);
    plan->status = callbacks_plan(&callbacks, planner->loader, trial, &summary->columns, &planner->arena, where, error);
    if (plan->status == STATUS_OK)
        plan->status = training_read_weights(&saving, model, trial, data, true, where, error);
    doubt_saving(planner, tree_get(trial, "save"), summary);
    plan->where = arena_copy_text(&planner->arena, where->data);
    plan->message = plan->status != STATUS_OK ? arena_copy_text(&planner->arena, error->text) : "";
    return plan;
}

static bool same_rest(const void *item, const void *wanted) {
    const struct rest *a = item, *b = wanted;
    return a->slots == b->slots && memcmp(a->sections, b->sections, sizeof a->sections) == 0;
}

static const struct train_plan *find_rest(struct planner *planner, const struct tree *trial,
                                          const struct train_settings *settings, struct text *where,
                                          struct error *error) {
    struct rest wanted = {.slots = planner->slots};
    uint64_t hash = wanted.slots;
    for (size_t i = 0; i < PLANNER_REST; i++) {
        wanted.sections[i] = tree_get(trial, rest_sections[i]);
        hash = hash_mix(hash, hash_pointer(wanted.sections[i]));
    }
    hash ^= hash >> 32;
    struct rest *rest = hash_table_find(&planner->rest, hash, same_rest, &wanted);
    if (rest == NULL) {
        rest = arena_alloc(&planner->arena, sizeof *rest);
        *rest = wanted;
        rest->plan = plan_rest(planner, trial, settings, where, error);
        hash_table_add(&planner->rest, hash, rest);
    }
    return rest->plan;
}

const struct train_plan *planner_plan(struct planner *planner, const struct tree *trial) {
    struct text where;
    text_init(&where);
    struct error error = {0};
    struct train_settings settings;
    const struct train_plan *plan = NULL;
    enum status status = train_settings_read(trial, planner->data, &settings, &where, &error);
    bool same = planner->layers[0] != NULL;
    for (size_t i = 0; i < PLANNER_LAYERS; i++)
        same = same && planner->layers[i] == tree_get(trial, layer_sections[i]);
    if (status != STATUS_OK)
        plan = failed_plan(planner, status, &where, &error);
    else if (!same)
        build_layers(planner, trial, &where, &error);
    if (plan == NULL)
        plan = planner->no_layers;
    if (plan == NULL && planner->optimizer != tree_get(trial, "optimizer"))
        build_optimizer(planner, trial, &where, &error);
    if (plan == NULL)
        plan = planner->no_optimizer;
    if (plan == NULL)
        plan = find_rest(planner, trial, &settings, &where, &error);
    text_clear(&where);
    return plan;
}
