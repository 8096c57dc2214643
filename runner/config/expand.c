/* From axes to points. */
#include "runner/config/grid.h"

#include <string.h>

static size_t count_dimensions(const struct dimension *dimensions, size_t count);

static size_t add(size_t a, size_t b) {
    size_t sum;
    return __builtin_add_overflow(a, b, &sum) ? SIZE_MAX : sum;
}

static size_t multiply(size_t a, size_t b) {
    size_t product;
    return __builtin_mul_overflow(a, b, &product) ? SIZE_MAX : product;
}

static size_t count_choices(const struct dimension *dimension) {
    size_t total = 0;
    for (size_t i = 0; i < dimension->count; i++) {
        total = add(total, count_dimensions(dimension->choices[i].nested, dimension->choices[i].n_nested));
    }
    return total;
}

static size_t count_dimensions(const struct dimension *dimensions, size_t count) {
    size_t total = 1;
    for (size_t i = 0; i < count; i++) {
        total = multiply(total, count_choices(&dimensions[i]));
    }
    return total;
}

size_t grid_count(const struct grid *grid) {
    return count_dimensions(grid->dimensions, grid->n_dimensions);
}

/* Dimensions that are still to be chosen: those from `next` on, then the outer frame's. */
struct frame {
    const struct dimension *dimensions;
    size_t next, count;
    const struct frame *outer;
};

struct expansion {
    size_t *labels;
    const struct setting **settings, **sorted;
    size_t n_settings;
    grid_visit *visit;
    void *context;
};

/* Outer paths first, so that what is set below a replaced sub-tree counts. */
static void visit_point(struct expansion *expansion) {
    for (size_t i = 0; i < expansion->n_settings; i++) {
        const struct setting *setting = expansion->settings[i];
        size_t at = i;
        for (; at > 0 && expansion->sorted[at - 1]->path.count > setting->path.count; at--) {
            expansion->sorted[at] = expansion->sorted[at - 1];
        }
        expansion->sorted[at] = setting;
    }
    expansion->visit(expansion->context, expansion->labels, expansion->sorted, expansion->n_settings);
}

static void expand(struct expansion *expansion, const struct frame *frame) {
    while (frame && frame->next == frame->count) {
        frame = frame->outer;
    }
    if (!frame) {
        visit_point(expansion);
        return;
    }
    const struct dimension *dimension = &frame->dimensions[frame->next];
    struct frame rest = *frame;
    rest.next++;
    for (size_t i = 0; i < dimension->count; i++) {
        const struct choice *choice = &dimension->choices[i];
        size_t before = expansion->n_settings;
        expansion->labels[dimension->column] = choice->label;
        for (size_t j = 0; j < choice->n_settings; j++) {
            expansion->settings[expansion->n_settings++] = &choice->settings[j];
        }
        struct frame nested = {choice->nested, 0, choice->n_nested, &rest};
        expand(expansion, &nested);
        expansion->n_settings = before;
    }
    expansion->labels[dimension->column] = NO_LABEL;
}

static size_t most_settings(const struct dimension *dimensions, size_t count) {
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        size_t most = 0;
        for (size_t j = 0; j < dimensions[i].count; j++) {
            const struct choice *choice = &dimensions[i].choices[j];
            size_t here = choice->n_settings + most_settings(choice->nested, choice->n_nested);
            most = here > most ? here : most;
        }
        total += most;
    }
    return total;
}

void grid_expand(const struct grid *grid, grid_visit *visit, void *context) {
    struct arena arena;
    arena_init(&arena);
    size_t most = most_settings(grid->dimensions, grid->n_dimensions);
    struct expansion expansion = {.labels = arena_array(&arena, grid->n_columns, sizeof(size_t)),
                                  .settings = arena_array(&arena, most, sizeof(struct setting *)),
                                  .sorted = arena_array(&arena, most, sizeof(struct setting *)),
                                  .visit = visit,
                                  .context = context};
    for (size_t i = 0; i < grid->n_columns; i++) {
        expansion.labels[i] = NO_LABEL;
    }
    struct frame frame = {grid->dimensions, 0, grid->n_dimensions, NULL};
    expand(&expansion, &frame);
    arena_clear(&arena);
}

/* Whether an axis replaces the whole in which this path lies. */
static bool lies_within_another(const struct setting *const *settings, size_t n_settings,
                                const struct setting *setting) {
    for (size_t i = 0; i < n_settings; i++) {
        if (settings[i]->path.count < setting->path.count && path_starts_with(&setting->path, &settings[i]->path)) {
            return true;
        }
    }
    return false;
}

struct tree *grid_apply(const struct grid *grid, const struct setting *const *settings, size_t n_settings,
                        struct arena *arena) {
    struct tree *root = (struct tree *)grid->root;
    bool well = true;
    for (size_t i = 0; i < n_settings; i++) {
        const struct setting *setting = settings[i];
        for (size_t j = 0; j < i; j++) {
            if (settings[j]->path.count == setting->path.count &&
                strcmp(settings[j]->path.text, setting->path.text) == 0) {
                const struct setting *later = settings[j]->dimension > setting->dimension ? settings[j] : setting;
                diagnostics_error(grid->diagnostics, later->mark, "'%s' is set by two axes, '%s' and '%s'",
                                  setting->path.text, grid->columns[settings[j]->dimension].name,
                                  grid->columns[setting->dimension].name);
                well = false;
            }
        }
        struct error error;
        struct tree *changed =
            path_set(grid->catalog, root, &setting->path, setting->mark, setting->value, arena, &error);
        if (changed) {
            root = changed;
            continue;
        }
        well = false;
        diagnostics_error(grid->diagnostics, setting->mark, "%s%s", error.text,
                          lies_within_another(settings, n_settings, setting) ? "; use cases to set both together" : "");
    }
    return well ? root : NULL;
}
