#include "runner/conformance/subject.h"

#include "runner/host/params.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct mark nowhere;

/* ---- What the check has to say ------------------------------------------------------------------------------------ */

__attribute__((format(printf, 3, 0))) static void say(struct subject *subject, enum outcome outcome, const char *format,
                                                      va_list arguments) {
    struct page *page = subject->page;
    if (page->outcome == OUTCOME_FAIL)
        return;
    page->outcome = (int)outcome;
    int n = outcome == OUTCOME_FAIL && page->scene[0] != '\0'
                ? snprintf(page->reason, sizeof page->reason, "%s: ", page->scene)
                : 0;
    vsnprintf(page->reason + n, sizeof page->reason - (size_t)n, format, arguments);
}

bool check_fail(struct subject *subject, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say(subject, OUTCOME_FAIL, format, arguments);
    va_end(arguments);
    return false;
}

bool check_skip(struct subject *subject, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say(subject, OUTCOME_SKIPPED, format, arguments);
    va_end(arguments);
    return false;
}

void check_scene(struct subject *subject, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(subject->page->scene, sizeof subject->page->scene, format, arguments);
    va_end(arguments);
}

bool check_calls(struct subject *subject, struct lent *lent) {
    char words[GUARD_WORDS];
    const char *function = atomic_load_explicit(&subject->page->doing, memory_order_relaxed);
    function = function != NULL ? function : "it";
    if (lent->call.failed)
        return check_fail(subject, "%s failed: %s", function, lent->error.text);
    if (!guard_intact(&subject->guard, words) || !guard_intact(&lent->guard, words))
        return check_fail(subject, "%s wrote out of bounds: %s", function, words);
    return true;
}

void subject_refusal(const struct subject *subject, char refusal[PAGE_TEXT]) {
    snprintf(refusal, PAGE_TEXT, "%.*s", PAGE_TEXT - 1, subject->lent.call.failed ? subject->lent.error.text : "");
}

char *shape_text(const runner_shape *shape, char out[SHAPE_TEXT]) {
    int n = snprintf(out, SHAPE_TEXT, "[");
    for (uint32_t i = 0; i < shape->rank && i < RUNNER_MAX_RANK; i++)
        n += snprintf(out + n, SHAPE_TEXT - (size_t)n, "%s%" PRIu32, i > 0 ? ", " : "", shape->size[i]);
    snprintf(out + n, SHAPE_TEXT - (size_t)n, "]");
    return out;
}

/* ---- Parameters --------------------------------------------------------------------------------------------------- */

static double middle(const runner_param *param, double wanted) {
    double low = param->min, high = param->max;
    if (wanted > low && wanted < high)
        return wanted;
    return high - low < 1e6 ? low + (high - low) / 2 : wanted <= low ? low + 1 : high - 1;
}

/* The first component of a kind that has no parameter which must be given, "linear" and "zeros" before others. */
static struct tree *some_component(const struct catalog *catalog, enum runner_kind kind, struct arena *arena) {
    for (size_t i = 0; i < catalog->count; i++) {
        const struct catalog_component *component = &catalog->components[i];
        bool plain = component->kind == kind && !component->foreign;
        for (size_t p = 0; p < component->n_params; p++)
            plain = plain && component->params[p].initial != NULL;
        if (plain && (kind != RUNNER_LAYER || strcmp(component->name, "linear") == 0))
            return tree_text(arena, nowhere, component->name);
    }
    return NULL;
}

static struct tree *list_of(struct arena *arena, struct tree *first, struct tree *second) {
    struct tree *list = tree_list(arena, nowhere);
    if (first != NULL)
        tree_append(arena, list, first);
    if (second != NULL)
        tree_append(arena, list, second);
    return list;
}

/* A value for a parameter that must be given; NULL where only its author knows one. */
static struct tree *some_value(const struct catalog *catalog, const runner_param *param, struct arena *arena) {
    double number = middle(param, 0.5);
    struct tree *integer = tree_int(arena, nowhere, (int64_t)middle(param, 2));
    switch ((enum runner_type)param->type) {
    case RUNNER_BOOL: return tree_bool(arena, nowhere, true);
    case RUNNER_INT: return tree_int(arena, nowhere, (int64_t)middle(param, 3));
    case RUNNER_FLOAT: return tree_float(arena, nowhere, number);
    case RUNNER_RATE: return tree_float(arena, nowhere, middle(param, 0.01));
    case RUNNER_TEXT: return tree_text(arena, nowhere, "text");
    case RUNNER_TEXTS: return list_of(arena, tree_text(arena, nowhere, "text"), NULL);
    case RUNNER_CHOICE: return tree_text(arena, nowhere, param->choices[0]);
    case RUNNER_INTS: return list_of(arena, integer, NULL);
    case RUNNER_FLOATS:
        return list_of(arena, tree_float(arena, nowhere, number), tree_float(arena, nowhere, middle(param, 0.25)));
    case RUNNER_COMPONENT: return some_component(catalog, (enum runner_kind)param->kind, arena);
    case RUNNER_COMPONENTS: return list_of(arena, some_component(catalog, (enum runner_kind)param->kind, arena), NULL);
    case RUNNER_PATH: return NULL;
    }
    return NULL;
}

struct tree *subject_parameters(const struct target *target, const char *param, struct tree *value,
                                struct arena *arena) {
    const struct catalog *catalog = &target->loader->catalog;
    const runner_component *component = loader_find(target->loader, target->kind, target->name);
    struct tree *params = tree_map(arena, nowhere), *whole = tree_map(arena, nowhere);
    for (uint32_t i = 0; component != NULL && i < component->n_params; i++) {
        const runner_param *own = &component->params[i];
        struct tree *made = own->initial == NULL ? some_value(catalog, own, arena) : NULL;
        if (made != NULL)
            tree_set(arena, params, own->name, nowhere, made);
    }
    for (size_t i = 0; target->settings != NULL && i < target->settings->count; i++)
        tree_set(arena, params, target->settings->keys[i], nowhere, target->settings->items[i]);
    if (param != NULL)
        tree_set(arena, params, param, nowhere, value);
    tree_set(arena, whole, target->name, nowhere, params);
    return whole;
}

struct runner_part *subject_bind(const struct target *target, const struct tree *written, struct arena *arena,
                                 struct error *error) {
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    struct runner_part *part = NULL;
    const struct tree *resolved = component_resolve(&target->loader->catalog, target->kind, written,
                                                    runner_kind_name(target->kind), arena, &diagnostics);
    if (resolved == NULL)
        error_set(error, STATUS_CONFIG, "%s", diagnostics.count > 0 ? diagnostics.items[0].message : "refused");
    else if (part_bind(target->loader, target->kind, resolved, target->name, arena, &part, error) != STATUS_OK)
        part = NULL;
    diagnostics_clear(&diagnostics);
    return part;
}

/* ---- The call ------------------------------------------------------------------------------------------------------- */

static void *lent_scratch(runner_call *public, uint64_t bytes) {
    struct lent *lent = (struct lent *)(void *)public;
    uint32_t i = lent->used < LENT_BLOCKS ? lent->used++ : LENT_BLOCKS - 1;
    if (i < lent->n_blocks && lent->blocks[i].size == bytes && lent->used < LENT_BLOCKS)
        return lent->blocks[i].bytes;
    if (i < lent->n_blocks && lent->used < LENT_BLOCKS)
        guard_free(&lent->guard, lent->blocks[i].bytes);
    lent->blocks[i].bytes = guard_alloc(&lent->guard, "scratch", bytes);
    lent->blocks[i].size = bytes;
    lent->n_blocks = i < lent->n_blocks ? lent->n_blocks : i + 1;
    return lent->blocks[i].bytes;
}

static void *lent_memory(runner_call *public, uint64_t bytes) {
    struct lent *lent = (struct lent *)(void *)public;
    if (lent->call.memory == NULL || bytes > (UINT64_C(1) << 34))
        return services_host.memory(public, bytes);
    void *memory = guard_alloc(&lent->subject->guard, LENT_MEMORY, bytes);
    memset(memory, 0, bytes);
    return memory;
}

void subject_set_constant(struct subject *subject, uint32_t rows, uint32_t columns) {
    float *values = guard_alloc(&subject->guard, "constant", (uint64_t)rows * columns * sizeof *values);
    for (uint32_t i = 0; i < rows * columns; i++)
        values[i] =
            rows > 1 && i / columns == i % columns ? 2.0f : 0.5f / (1.0f + (float)((i / columns + i % columns) % 3));
    guard_allow_writes(&subject->guard, values, false);
    subject->constant = (runner_constant){.shape = {2, {rows, columns}}, .values = values};
    if (rows == 1)
        subject->constant.shape = (runner_shape){1, {columns}};
}

static const runner_constant *lent_constant(runner_call *public, const char *name) {
    struct lent *lent = (struct lent *)(void *)public;
    lent->subject->constant.name = name;
    return lent->subject->constant.values != NULL ? &lent->subject->constant : NULL;
}

static runner_view reveal(const runner_view *view) {
    runner_view seen = *view;
    const struct hidden *hidden = view->storage;
    if (view->data == NULL && hidden != NULL) {
        seen.data = hidden->data + view->row0 * hidden->pitch + view->column0;
        seen.pitch = hidden->pitch;
        seen.storage = NULL;
    }
    return seen;
}

static void lent_product(runner_call *public, uint32_t flags, float alpha, const runner_view *a, const runner_view *b,
                         float beta, const runner_view *c) {
    runner_view seen_a = reveal(a), seen_b = reveal(b);
    services_host.product(public, flags, alpha, &seen_a, &seen_b, beta, c);
}

static void register_guard(struct page *page, const struct guard *guard, const struct guard *in_place_of) {
    for (int i = 0; i < PAGE_GUARDS; i++)
        if (page->guards[i] == in_place_of) {
            page->guards[i] = guard;
            return;
        }
}

void lent_init(struct lent *lent, struct subject *subject) {
    *lent = (struct lent){.subject = subject, .host = services_host};
    lent->host.scratch = lent_scratch;
    lent->host.memory = lent_memory;
    lent->host.product = lent_product;
    lent->host.constant = lent_constant;
    call_init(&lent->call, &lent->error);
    lent->call.public.host = &lent->host;
    lent->call.gemm = GEMM_PORTABLE;
    guard_init(&lent->guard, subject->guard.pattern);
    register_guard(subject->page, &lent->guard, NULL);
}

void lent_clear(struct lent *lent) {
    register_guard(lent->subject->page, NULL, &lent->guard);
    call_clear(&lent->call);
    guard_clear(&lent->guard);
}

runner_call *lent_to(struct lent *lent, const char *function) {
    lent->used = 0;
    atomic_store_explicit(&lent->subject->page->doing, function, memory_order_relaxed);
    atomic_fetch_add_explicit(&lent->subject->page->calls, 1, memory_order_relaxed);
    return &lent->call.public;
}

/* ---- The subject ---------------------------------------------------------------------------------------------------- */

bool subject_open(struct subject *subject, const struct target *target, struct page *page, unsigned char pattern) {
    *subject = (struct subject){.target = target, .page = page};
    subject->component = loader_find(target->loader, target->kind, target->name);
    arena_init(&subject->arena);
    guard_init(&subject->guard, pattern);
    register_guard(page, &subject->guard, NULL);
    lent_init(&subject->lent, subject);
    data_files_init(&subject->files, 0);
    subject->lent.call.memory = &subject->arena;
    subject->lent.call.loader = target->loader;
    struct error error = {0};
    const struct tree *written = subject_parameters(target, NULL, NULL, &subject->arena);
    subject->part = subject_bind(target, written, &subject->arena, &error);
    if (subject->part == NULL) {
        for (uint32_t i = 0; i < subject->component->n_params; i++)
            if (subject->component->params[i].type == RUNNER_PATH && subject->component->params[i].initial == NULL &&
                tree_get(target->settings, subject->component->params[i].name) == NULL)
                return check_skip(subject, "%s is a path that must be given: add %s=FILE to the command",
                                  subject->component->params[i].name, subject->component->params[i].name);
        return check_fail(subject, "the parameters are refused: %s", error.text);
    }
    void *config = guard_alloc(&subject->guard, "config", subject->component->config_size);
    memcpy(config, subject->part->config, subject->component->config_size);
    subject->part->config = config;
    return true;
}

void subject_close(struct subject *subject) {
    lent_clear(&subject->lent);
    register_guard(subject->page, NULL, &subject->guard);
    guard_clear(&subject->guard);
    data_files_clear(&subject->files);
    arena_clear(&subject->arena);
}
