#include "runner/config/questions.h"

#include <string.h>

struct selection_grid questions_grid(const struct experiment *experiment, struct arena *arena) {
    const char **axes = arena_array(arena, experiment->n_axes, sizeof *axes);
    for (size_t a = 0; a < experiment->n_axes; a++)
        axes[a] = experiment->axes[a].name;
    struct selection_grid grid = {.axes = axes, .n_axes = experiment->n_axes, .n_points = experiment->n_points};
    grid.labels = arena_array(arena, grid.n_points, sizeof *grid.labels);
    for (size_t p = 0; p < grid.n_points; p++) {
        grid.labels[p] = arena_array(arena, grid.n_axes, sizeof *grid.labels[p]);
        for (size_t a = 0; a < grid.n_axes; a++) {
            size_t label = experiment_label(experiment, p, a);
            grid.labels[p][a] = label != NO_LABEL ? experiment->axes[a].labels[label] : NULL;
        }
    }
    return grid;
}

struct mark question_mark(const struct question *question, size_t at) {
    struct mark mark = question->mark;
    if (mark.line > 0)
        mark.column += (unsigned)at + (question->quoted ? 1 : 0);
    return mark;
}

/* "batch_size=10, optimizer=adam" of a map {batch_size: 10, optimizer: adam} */
static const char *selector_text(const struct tree *map, struct arena *arena, struct diagnostics *diagnostics) {
    struct text text;
    text_init(&text);
    const char *result = NULL;
    for (size_t i = 0; i < map->count; i++) {
        const struct tree *label = map->items[i];
        if (!tree_is_scalar(label) || label->type == TREE_NULL) {
            diagnostics_error(diagnostics, label->mark, "baseline.%s is %s; wanted a label of the axis", map->keys[i],
                              tree_type_name(label->type));
            goto out;
        }
        bool quote = strpbrk(label->text, ",()[]{} ") != NULL;
        text_printf(&text, "%s%s=%s%s%s", i > 0 ? ", " : "", map->keys[i], quote ? "\"" : "", label->text,
                    quote ? "\"" : "");
    }
    result = arena_copy_text(arena, text.data);
out:
    text_clear(&text);
    return result;
}

static void read_baseline(const struct tree *value, const struct selection_grid *grid, struct experiment *experiment,
                          struct diagnostics *diagnostics) {
    struct arena *arena = &experiment->arena;
    bool map = value->type == TREE_MAP;
    if (value->type == TREE_NULL)
        return;
    if (!map && value->type != TREE_TEXT) {
        diagnostics_error(diagnostics, value->mark, "baseline is %s; wanted a map {AXIS: LABEL, ...} or best",
                          tree_type_name(value->type));
        return;
    }
    const char *text = map ? selector_text(value, arena, diagnostics) : value->text;
    struct question question = {text, value->mark, value->quoted};
    if (text != NULL && (map || strcmp(text, "best") != 0)) {
        struct selector selector;
        struct claim_error error = {0};
        if (!selector_read(text, grid, arena, &selector, &error)) {
            if (experiment->n_overrides == 0)
                diagnostics_error(diagnostics, map ? value->mark : question_mark(&question, error.at), "baseline: %s",
                                  error.error.text);
            return;
        }
        for (size_t p = 0; p < grid->n_points; p++) {
            size_t count;
            selector_reference(&selector, grid, p, &count);
            if (count > 1) {
                diagnostics_error(diagnostics, value->mark,
                                  "baseline: point %zu could be compared with %zu points; name more axes", p + 1,
                                  count);
                return;
            }
        }
    }
    if (text != NULL)
        experiment->baseline = question;
}

static void read_claims(const struct tree *list, const struct selection_grid *grid, struct experiment *experiment,
                        struct diagnostics *diagnostics) {
    struct arena *arena = &experiment->arena;
    if (list->type == TREE_NULL)
        return;
    if (list->type != TREE_LIST) {
        diagnostics_error(diagnostics, list->mark, "claims is %s; wanted a list of claims", tree_type_name(list->type));
        return;
    }
    experiment->claims = arena_array(arena, list->count, sizeof *experiment->claims);
    for (size_t i = 0; i < list->count; i++) {
        const struct tree *item = list->items[i];
        struct question question = {item->text, item->mark, item->quoted};
        struct claim claim;
        struct claim_error error = {0};
        if (item->type != TREE_TEXT)
            diagnostics_error(diagnostics, item->mark, "a claim is %s; wanted text such as %s",
                              tree_type_name(item->type),
                              "test_accuracy(optimizer=adam) > test_accuracy(optimizer=sgd)");
        else if (claim_read(item->text, grid, arena, &claim, &error))
            experiment->claims[experiment->n_claims++] = question;
        else if (experiment->n_overrides == 0)
            diagnostics_error(diagnostics, question_mark(&question, error.at), "claim: %s", error.error.text);
    }
}

static void read_targets(const struct tree *map, struct experiment *experiment, struct diagnostics *diagnostics) {
    if (map->type == TREE_NULL)
        return;
    if (map->type != TREE_MAP) {
        diagnostics_error(diagnostics, map->mark, "targets is %s; wanted a map {val_accuracy: 0.95, ...}",
                          tree_type_name(map->type));
        return;
    }
    experiment->targets = arena_array(&experiment->arena, map->count, sizeof *experiment->targets);
    for (size_t i = 0; i < map->count; i++) {
        const struct tree *value = map->items[i];
        bool number = value->type == TREE_INT || value->type == TREE_FLOAT;
        if (strncmp(map->keys[i], "val_", 4) != 0)
            diagnostics_error(
                diagnostics, map->key_marks[i],
                "targets.%s: wanted a column on validation data (val_...); nothing is chosen on test data",
                map->keys[i]);
        else if (!number)
            diagnostics_error(diagnostics, value->mark, "targets.%s is %s; wanted a number", map->keys[i],
                              tree_is_scalar(value) ? value->text : tree_type_name(value->type));
        else
            experiment->targets[experiment->n_targets++] = (struct target){
                map->keys[i], value->type == TREE_INT ? (double)value->value.integer : value->value.number,
                map->key_marks[i]};
    }
}

void questions_read(const struct tree *root, struct experiment *experiment, struct diagnostics *diagnostics) {
    struct arena arena; /* of the grid alone, which is as large as all labels of all points */
    arena_init(&arena);
    struct selection_grid grid = questions_grid(experiment, &arena);
    const struct tree *baseline = tree_get(root, "baseline"), *claims = tree_get(root, "claims"),
                      *targets = tree_get(root, "targets");
    if (baseline != NULL)
        read_baseline(baseline, &grid, experiment, diagnostics);
    if (claims != NULL)
        read_claims(claims, &grid, experiment, diagnostics);
    if (targets != NULL)
        read_targets(targets, experiment, diagnostics);
    arena_clear(&arena);
}
