#include "runner/config/scope.h"

#include "runner/config/expression.h"
#include "runner/config/path.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* MAX_MADE: bytes that the uses of `let` names stand for at one point, since names that hold others twice double with each. */
enum { MAX_CHAIN = 200, MAX_MADE = 64 << 20 };

struct let {
    const char *name; /* first: it is found by it */
    const struct tree *raw;
    struct tree *value;
    enum { LET_NEW, LET_BUSY, LET_DONE, LET_BAD } state;
    struct let *user; /* the name whose value is being filled and wants this one */
    size_t made;      /* bytes of the value, as if nothing in it was shared */
};

/* A chain of expressions that are being evaluated. */
struct frame {
    struct tree *node;
    const char *name;
    struct frame *parent;
    bool reported;
};

static struct tree *fill(struct scope *scope, const struct tree *tree, struct let *user);
static bool evaluate_tree(struct scope *scope, struct tree *tree, struct text *path);
static bool evaluate_node(struct scope *scope, struct tree *node, const char *name);

bool scope_is_name(const char *text) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    if (!*text || !strchr(letters, *text)) {
        return false;
    }
    while (*text && (strchr(letters, *text) || strchr("0123456789", *text))) {
        text++;
    }
    return !*text;
}

static void mark_bad(struct scope *scope, const struct tree *tree) {
    if (scope->n_bad == scope->bad_capacity) {
        scope->bad_capacity = scope->bad_capacity ? 2 * scope->bad_capacity : 8;
        const struct tree **bad = arena_array(scope->arena, scope->bad_capacity, sizeof *bad);
        if (scope->n_bad > 0) {
            memcpy(bad, scope->bad, scope->n_bad * sizeof *bad);
        }
        scope->bad = bad;
    }
    scope->bad[scope->n_bad++] = tree;
}

static bool node_is_bad(const struct scope *scope, const struct tree *tree) {
    for (size_t i = 0; i < scope->n_bad; i++) {
        if (scope->bad[i] == tree) {
            return true;
        }
    }
    return false;
}

bool scope_is_bad(const struct scope *scope, struct mark mark) {
    for (size_t i = 0; i < scope->n_bad; i++) {
        const struct mark *bad = &scope->bad[i]->mark;
        if (bad->line == mark.line && bad->column == mark.column && bad->file && mark.file &&
            strcmp(bad->file, mark.file) == 0) {
            return true;
        }
    }
    return false;
}

static struct let *find_let(const struct scope *scope, const char *name, size_t length) {
    return hash_table_find_name(&scope->names, name, length);
}

/* The name of `let` that is likely meant, or NULL; not asked for mistakes that nobody will see. */
static const char *nearest_let(const struct scope *scope, const char *name) {
    if (scope->diagnostics->count == DIAGNOSTICS_MOST) {
        return NULL;
    }
    const char **names = memory_alloc(scope->n_lets + 1, sizeof *names);
    for (size_t i = 0; i < scope->n_lets; i++) {
        names[i] = scope->lets[i].name;
    }
    const char *near = text_nearest(name, names, scope->n_lets);
    free(names);
    return near;
}

static void report_undefined(struct scope *scope, struct mark mark, const char *name) {
    const char *near = nearest_let(scope, name);
    if (near) {
        diagnostics_error(scope->diagnostics, mark, "undefined name '$%s'; did you mean '$%s'?", name, near);
    } else {
        diagnostics_error(scope->diagnostics, mark, "undefined name '$%s': 'let' does not define it", name);
    }
}

/* `let` was reached while its own value was being filled: `last` is the one that wants it. */
static void report_let_cycle(struct scope *scope, struct let *let, struct let *last) {
    struct text chain;
    text_init(&chain);
    text_add(&chain, let->name);
    size_t count = 0;
    const struct let *names[MAX_CHAIN + 1];
    for (struct let *at = last; at && at != let && count < MAX_CHAIN; at = at->user) {
        names[count++] = at;
    }
    while (count-- > 0) {
        text_printf(&chain, " -> %s", names[count]->name);
    }
    text_printf(&chain, " -> %s", let->name);
    diagnostics_error(scope->diagnostics, let->raw->mark, "cyclic: %s", chain.data);
    text_clear(&chain);
}

/* False, and reported once, where the names stand for too much. */
static bool count_made(struct scope *scope, struct mark mark, size_t bytes) {
    bool fitted = scope->made <= MAX_MADE;
    scope->made += bytes;
    if (fitted && scope->made > MAX_MADE) {
        diagnostics_error(
            scope->diagnostics, mark,
            "the names of 'let' stand for more than %d MiB here; wanted values that hold each other less often",
            MAX_MADE >> 20);
    }
    return scope->made <= MAX_MADE;
}

/* The value of a name; NULL where it has none (reported). */
static struct tree *let_value(struct scope *scope, const char *name, size_t length, struct let *user,
                              struct mark mark) {
    struct let *let = find_let(scope, name, length);
    if (!let) {
        report_undefined(scope, mark, arena_copy_bytes(scope->arena, name, length));
        return NULL;
    }
    if (let->state == LET_BUSY) {
        report_let_cycle(scope, let, user);
        for (struct let *at = user; at; at = at == let ? NULL : at->user) {
            at->state = LET_BAD;
        }
        return NULL;
    }
    if (let->state == LET_NEW) {
        if (++scope->depth > MAX_CHAIN) {
            diagnostics_error(scope->diagnostics, let->raw->mark, "'%s' needs a chain of more than %d names", let->name,
                              MAX_CHAIN);
            let->state = LET_BAD;
        } else {
            size_t before = scope->made;
            let->state = LET_BUSY;
            let->user = user;
            let->value = fill(scope, let->raw, let);
            let->state = let->state == LET_BUSY ? LET_DONE : LET_BAD;
            let->made = scope->made - before;
        }
        scope->depth--;
    } else if (let->state == LET_DONE && !count_made(scope, mark, let->made)) {
        return NULL;
    }
    return let->state == LET_DONE ? let->value : NULL;
}

static struct tree *bad_text(struct scope *scope, const struct tree *tree) {
    struct tree *copy = tree_copy(scope->arena, tree);
    mark_bad(scope, copy);
    return copy;
}

/* Adds the value of `${name}`; `at` is behind the brace. Returns the place behind it, or NULL (reported). */
static const char *fill_braces(struct scope *scope, const struct tree *tree, const char *at, struct let *user,
                               struct text *out) {
    size_t length = strcspn(at, "}");
    if (!at[length]) {
        diagnostics_error(scope->diagnostics, tree->mark, "'${' without '}' in '%s'; a dollar is written '$$'",
                          tree->text);
        return NULL;
    }
    struct tree *value = let_value(scope, at, length, user, tree->mark);
    if (!value || (value->type == TREE_TEXT && *value->text == '=' &&
                   !evaluate_node(scope, value, arena_copy_bytes(scope->arena, at, length)))) {
        return NULL;
    }
    char digits[NUMBER_TEXT_SIZE];
    if (!tree_is_scalar(value)) {
        diagnostics_error(scope->diagnostics, tree->mark, "'${%.*s}' is %s, only a scalar can be a part of a text",
                          (int)length, at, tree_type_name(value->type));
        return NULL;
    }
    size_t before = out->length;
    text_add(out, value->type == TREE_FLOAT ? number_write(value->value.number, digits) : value->text);
    return count_made(scope, tree->mark, out->length - before) ? at + length + 1 : NULL;
}

static struct tree *fill_text(struct scope *scope, const struct tree *tree, struct let *user) {
    const char *at = tree->text;
    if (!strchr(at, '$')) { /* an expression is given its number in place, so it must be this point's own */
        return *at == '=' ? tree_copy(scope->arena, tree) : (struct tree *)tree;
    }
    if (*at == '$' && scope_is_name(at + 1)) {
        struct tree *value = let_value(scope, at + 1, strlen(at + 1), user, tree->mark);
        return value ? value : bad_text(scope, tree);
    }
    struct text out;
    text_init(&out);
    while (at && *at) {
        if (*at != '$') {
            text_add_char(&out, *at++);
        } else if (at[1] == '$') {
            text_add_char(&out, '$');
            at += 2;
        } else if (at[1] == '{') {
            at = fill_braces(scope, tree, at + 2, user, &out);
        } else {
            diagnostics_error(scope->diagnostics, tree->mark,
                              "'$' in '%s' starts no name: write '${name}' within a text, or '$$' for a dollar",
                              tree->text);
            at = NULL;
        }
    }
    struct tree *filled = at ? tree_text(scope->arena, tree->mark, out.data) : bad_text(scope, tree);
    text_clear(&out);
    return filled;
}

static struct tree *fill(struct scope *scope, const struct tree *tree, struct let *user) {
    if (user) {
        scope->made += sizeof *tree;
    }
    if (tree->type == TREE_TEXT) {
        return fill_text(scope, tree, user);
    }
    struct tree **items = NULL;
    for (size_t i = 0; i < tree->count; i++) {
        struct tree *item = fill(scope, tree->items[i], user);
        if (item != tree->items[i] && !items) {
            items = arena_array(scope->arena, tree->count, sizeof *items);
            memcpy(items, tree->items, i * sizeof *items);
        }
        if (items) {
            items[i] = item;
        }
    }
    if (!items) {
        return (struct tree *)tree;
    }
    struct tree *copy = arena_alloc(scope->arena, sizeof *copy);
    *copy = *tree;
    copy->items = items;
    copy->room = 0;
    return copy;
}

void scope_open(struct scope *scope, const struct tree *root) {
    const struct tree *lets = tree_get(root, "let");
    scope->raw = root;
    scope->root = tree_map(scope->arena, root->mark);
    scope->n_lets = lets && lets->type == TREE_MAP ? lets->count : 0;
    scope->lets = arena_array(scope->arena, scope->n_lets, sizeof *scope->lets);
    for (size_t i = 0; i < scope->n_lets; i++) {
        scope->lets[i] = (struct let){.name = lets->keys[i], .raw = lets->items[i]};
        hash_table_add_name(&scope->names, &scope->lets[i]);
    }
}

void scope_close(struct scope *scope) {
    hash_table_clear(&scope->names);
}

/* Puts a section into scope->root. False where it is being filled just now. */
static bool need_section(struct scope *scope, const char *name) {
    ptrdiff_t found = tree_find(scope->raw, name);
    if (found < 0 || tree_find(scope->root, name) >= 0) {
        return true;
    }
    if (scope->filling && strcmp(scope->filling, name) == 0) {
        return false;
    }
    const char *outer = scope->filling;
    scope->filling = name;
    struct tree *filled = fill(scope, scope->raw->items[found], NULL);
    scope->filling = outer;
    tree_set(scope->arena, scope->root, name, scope->raw->key_marks[found], filled);
    return true;
}

void scope_fill_lets(struct scope *scope) {
    for (size_t i = 0; i < scope->n_lets; i++) {
        if (scope->lets[i].state == LET_NEW) {
            let_value(scope, scope->lets[i].name, strlen(scope->lets[i].name), NULL, scope->lets[i].raw->mark);
        }
    }
}

void scope_fill(struct scope *scope, const char *const *sections, size_t n_sections) {
    for (size_t i = 0; i < n_sections; i++) {
        need_section(scope, sections[i]);
    }
}

struct tree *scope_value(struct scope *scope, const struct tree *value, const char *name) {
    struct tree *filled = fill(scope, value, NULL);
    if (node_is_bad(scope, filled)) {
        return NULL;
    }
    struct text path;
    text_init(&path);
    text_add(&path, name);
    bool good = evaluate_tree(scope, filled, &path);
    text_clear(&path);
    return good ? filled : NULL;
}

static void report_cycle(struct scope *scope, const struct frame *first) {
    struct text chain;
    text_init(&chain);
    size_t count = 0;
    const struct frame *frames[MAX_CHAIN + 1];
    for (const struct frame *frame = scope->frame; frame != first; frame = frame->parent) {
        frames[count++] = frame;
    }
    text_add(&chain, first->name);
    while (count-- > 0) {
        text_printf(&chain, " -> %s", frames[count]->name);
    }
    text_printf(&chain, " -> %s", first->name);
    diagnostics_error(scope->diagnostics, first->node->mark, "cyclic: %s", chain.data);
    text_clear(&chain);
}

static enum status undefined_name(struct scope *scope, const char *name, struct error *error) {
    const char *near = nearest_let(scope, name);
    return near
               ? error_set(error, STATUS_CONFIG, "undefined name '%s'; did you mean '%s'?", name, near)
               : error_set(error, STATUS_CONFIG, "undefined name '%s': it is neither a path nor a name of 'let'", name);
}

static struct tree *lookup_node(struct scope *scope, const struct path *path, struct error *error) {
    struct let *let = find_let(scope, path->segments[0], strlen(path->segments[0]));
    if (let) {
        struct tree *value = let_value(scope, let->name, strlen(let->name), NULL, scope->frame->node->mark);
        scope->frame->reported |= !value;
        if (!value || path->count == 1) {
            return value;
        }
        struct tree *root = tree_map(scope->arena, value->mark);
        tree_set(scope->arena, root, let->name, value->mark, value);
        return path_get(scope->catalog, root, path, scope->arena, error);
    }
    if (path->count == 1) {
        undefined_name(scope, path->text, error);
        return NULL;
    }
    if (!need_section(scope, path->segments[0])) {
        error_set(error, STATUS_CONFIG, "'%s' is needed to write a text of '%s' itself", path->text, path->segments[0]);
        return NULL;
    }
    return path_get(scope->catalog, scope->root, path, scope->arena, error);
}

static enum status lookup(void *context, const char *name, double *number, struct error *error) {
    struct scope *scope = context;
    struct path path;
    struct tree *node =
        path_read(name, scope->arena, &path, error) == STATUS_OK ? lookup_node(scope, &path, error) : NULL;
    if (!node) {
        return STATUS_CONFIG;
    }
    if (node_is_bad(scope, node) ||
        (node->type == TREE_TEXT && *node->text == '=' && !evaluate_node(scope, node, path.text))) {
        scope->frame->reported = true;
        return STATUS_CONFIG;
    }
    if (node->type == TREE_INT || node->type == TREE_FLOAT) {
        *number = node->type == TREE_INT ? (double)node->value.integer : node->value.number;
        return STATUS_OK;
    }
    if (strcmp(path.text, "train.batch_size") == 0 && node->type == TREE_TEXT && strcmp(node->text, "full") == 0) {
        if (!scope->full_rows) {
            return error_set(error, STATUS_CONFIG,
                             "'train.batch_size' is full, and nobody knows the number of training rows here");
        }
        enum status status = scope->full_rows(scope->context, scope, number, error);
        scope->frame->reported |= status != STATUS_OK && !*error->text;
        return status;
    }
    if (tree_is_scalar(node) && node->type != TREE_NULL) {
        return error_set(error, STATUS_CONFIG, "'%s' is '%s', wanted a number", path.text, node->text);
    }
    return error_set(error, STATUS_CONFIG, "'%s' is %s, wanted a number", path.text, tree_type_name(node->type));
}

/* Replaces one `=` by its number. False where it is bad (reported). */
static bool evaluate_node(struct scope *scope, struct tree *node, const char *name) {
    if (node_is_bad(scope, node)) {
        return false;
    }
    for (const struct frame *frame = scope->frame; frame; frame = frame->parent) {
        if (frame->node == node) {
            report_cycle(scope, frame);
            mark_bad(scope, node);
            return false;
        }
    }
    double number = 0;
    struct error error = {.text = ""};
    enum status status = STATUS_CONFIG;
    struct frame frame = {.node = node, .name = name, .parent = scope->frame};
    if (++scope->depth > MAX_CHAIN) {
        error_set(&error, STATUS_CONFIG, "'%s' needs a chain of more than %d values", name, MAX_CHAIN);
    } else {
        scope->frame = &frame;
        status = expression_evaluate(node->text + 1, lookup, scope, &number, &error);
        scope->frame = frame.parent;
    }
    scope->depth--;
    if (status != STATUS_OK) {
        if (!frame.reported) {
            diagnostics_error(scope->diagnostics, node->mark, "%s", error.text);
        }
        mark_bad(scope, node);
        return false;
    }
    bool whole = floor(number) == number && fabs(number) <= 9007199254740992.0;
    const struct tree *result =
        whole ? tree_int(scope->arena, node->mark, (int64_t)number) : tree_float(scope->arena, node->mark, number);
    *node = *result;
    return true;
}

/* Every `=` of a tree; `path` is the tree's own and is the same afterwards. */
static bool evaluate_tree(struct scope *scope, struct tree *tree, struct text *path) {
    if (tree->type == TREE_TEXT && *tree->text == '=') {
        return evaluate_node(scope, tree, arena_copy_text(scope->arena, path->data));
    }
    bool good = true;
    size_t length = path->length;
    for (size_t i = 0; i < tree->count; i++) {
        if (tree->type == TREE_MAP) {
            path_write_segment(tree->keys[i], path);
        } else {
            text_printf(path, ".%zu", i);
        }
        good &= evaluate_tree(scope, tree->items[i], path);
        path->length = length;
        path->data[length] = '\0';
    }
    return good;
}

void scope_evaluate(struct scope *scope, const char *section) {
    struct tree *tree = tree_get(scope->root, section);
    if (!tree) {
        return;
    }
    struct text path;
    text_init(&path);
    text_add(&path, section);
    evaluate_tree(scope, tree, &path);
    text_clear(&path);
}
