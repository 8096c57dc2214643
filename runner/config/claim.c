#include "runner/config/claim.h"

#include "runner/base/text.h"
#include "runner/host/params_words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define COLUMN_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"
enum { MAX_DEPTH = 50 };

struct reader {
    const char *text;
    size_t at;
    size_t depth;
    const struct selection_grid *grid;
    struct arena *arena;
    struct claim_error *error;
};

__attribute__((format(printf, 3, 4))) static bool wrong(struct reader *reader, size_t at, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    error_set_v(&reader->error->error, STATUS_CONFIG, format, arguments);
    va_end(arguments);
    reader->error->at = at;
    return false;
}

static void skip_spaces(struct reader *reader) {
    while (isspace((unsigned char)reader->text[reader->at]))
        reader->at++;
}

static bool take(struct reader *reader, char c) {
    skip_spaces(reader);
    if (reader->text[reader->at] != c)
        return false;
    reader->at++;
    return true;
}

static const char *copy_trimmed(struct reader *reader, size_t start, size_t end) {
    while (end > start && isspace((unsigned char)reader->text[end - 1]))
        end--;
    return arena_copy_bytes(reader->arena, reader->text + start, end - start);
}

/* ---- Selectors --------------------------------------------------------------------------------------------------- */

/* Whether `word` is `axis` or what stands behind one of its points. */
static bool is_suffix(const char *axis, const char *word) {
    size_t n = strlen(axis), m = strlen(word);
    return m > 0 && m <= n && strcmp(axis + n - m, word) == 0 && (m == n || axis[n - m - 1] == '.');
}

static bool find_axis(struct reader *reader, const char *word, size_t at, size_t *axis) {
    const struct selection_grid *grid = reader->grid;
    size_t found = 0;
    for (size_t a = 0; a < grid->n_axes; a++) {
        if (strcmp(grid->axes[a], word) == 0) {
            *axis = a;
            return true;
        }
        if (!is_suffix(grid->axes[a], word))
            continue;
        if (found > 0)
            return wrong(reader, at, "'%.60s' is short for the axes %s and %s; write more of its path", word,
                         grid->axes[*axis], grid->axes[a]);
        *axis = a;
        found++;
    }
    if (found == 1)
        return true;
    const char **names = arena_array(reader->arena, 2 * grid->n_axes, sizeof *names);
    for (size_t a = 0; a < grid->n_axes; a++) {
        const char *dot = strrchr(grid->axes[a], '.');
        names[a] = grid->axes[a];
        names[grid->n_axes + a] = dot != NULL ? dot + 1 : grid->axes[a];
    }
    const char *nearest = text_nearest(word, names, 2 * grid->n_axes);
    if (nearest != NULL)
        return wrong(reader, at, "unknown axis '%.60s'; did you mean '%s'?", word, nearest);
    const char *list = "";
    for (size_t a = 0; a < grid->n_axes; a++)
        list = arena_printf(reader->arena, "%s%s%s", list, a > 0 ? ", " : "", grid->axes[a]);
    return wrong(reader, at, "unknown axis '%.60s'; the grid has %s%.200s", word,
                 grid->n_axes > 1   ? "the axes "
                 : grid->n_axes > 0 ? "the axis "
                                    : "none",
                 list);
}

bool selector_axis(const char *word, const struct selection_grid *grid, struct arena *arena, size_t *axis,
                   struct claim_error *error) {
    struct reader reader = {.text = word, .grid = grid, .arena = arena, .error = error};
    return find_axis(&reader, word, 0, axis);
}

/* The first ones, each once, though a label comes back as outer axes change. */
static const char *list_labels(struct arena *arena, const char *const *labels, size_t n) {
    enum { MOST = 41 }; /* one more than a list shows */
    const char *different[MOST];
    size_t count = 0;
    for (size_t i = 0; i < n && count < MOST; i++)
        if (!text_among(labels[i], different, count))
            different[count++] = labels[i];
    struct text list;
    text_init(&list);
    words_list("", different, count, &list);
    const char *copy = arena_copy_text(arena, list.data);
    text_clear(&list);
    return copy;
}

static bool find_label(struct reader *reader, size_t axis, const char *word, size_t at, const char **label) {
    const struct selection_grid *grid = reader->grid;
    double wanted, number;
    bool numeric = number_read(word, &wanted);
    const char **names = arena_array(reader->arena, grid->n_points, sizeof *names), *equal = NULL;
    size_t n = 0;
    for (size_t p = 0; p < grid->n_points; p++) {
        const char *candidate = grid->labels[p][axis];
        if (candidate == NULL || (n > 0 && strcmp(names[n - 1], candidate) == 0))
            continue;
        if (strcmp(candidate, word) == 0) {
            *label = candidate;
            return true;
        }
        if (equal == NULL && numeric && number_read(candidate, &number) && number == wanted)
            equal = candidate;
        names[n++] = candidate;
    }
    *label = equal;
    if (equal != NULL)
        return true;
    const char *nearest = text_nearest(word, names, n);
    if (nearest != NULL)
        return wrong(reader, at, "the axis %s has no label '%.60s'; did you mean '%s'?", grid->axes[axis], word,
                     nearest);
    return wrong(reader, at, "the axis %s has no label '%.60s'; it has %.200s", grid->axes[axis], word,
                 list_labels(reader->arena, names, n));
}

/* A label ends before a comma or a bracket that closes more than it opened. */
static const char *read_label(struct reader *reader) {
    skip_spaces(reader);
    size_t start = reader->at, depth = 0;
    if (take(reader, '"')) {
        size_t end = reader->at + strcspn(reader->text + reader->at, "\"");
        const char *label = arena_copy_bytes(reader->arena, reader->text + start + 1, end - start - 1);
        reader->at = end + (reader->text[end] == '"' ? 1 : 0);
        return label;
    }
    for (char c; (c = reader->text[reader->at]) != '\0'; reader->at++) {
        if (depth == 0 && (c == ',' || c == ')'))
            break;
        if (strchr("([{", c) != NULL)
            depth++;
        else if (strchr(")]}", c) != NULL && depth > 0)
            depth--;
    }
    return copy_trimmed(reader, start, reader->at);
}

static bool read_selection(struct reader *reader, struct selector *selector) {
    do {
        skip_spaces(reader);
        size_t start = reader->at;
        bool quoted = false;
        for (char c; (c = reader->text[reader->at]) != '\0' && (quoted || strchr("=,)", c) == NULL); reader->at++)
            quoted = c == '"' ? !quoted : quoted;
        const char *name = copy_trimmed(reader, start, reader->at);
        size_t axis = 0;
        if (reader->text[reader->at] != '=')
            return wrong(reader, start, "wanted AXIS=LABEL, found '%.60s'", name);
        if (!find_axis(reader, name, start, &axis))
            return false;
        if (selector->labels[axis] != NULL)
            return wrong(reader, start, "the axis %s is named twice", reader->grid->axes[axis]);
        reader->at++;
        skip_spaces(reader);
        size_t at = reader->at;
        if (!find_label(reader, axis, read_label(reader), at, &selector->labels[axis]))
            return false;
    } while (take(reader, ','));
    return true;
}

bool selector_fits(const struct selector *selector, const struct selection_grid *grid, size_t point) {
    for (size_t a = 0; a < grid->n_axes; a++) {
        const char *wanted = selector->labels[a], *found = grid->labels[point][a];
        if (wanted != NULL && (found == NULL || strcmp(wanted, found) != 0))
            return false;
    }
    return true;
}

size_t selector_reference(const struct selector *selector, const struct selection_grid *grid, size_t point,
                          size_t *count) {
    size_t first = 0;
    *count = 0;
    for (size_t p = 0; p < grid->n_points; p++) {
        bool equal = selector_fits(selector, grid, p);
        for (size_t a = 0; a < grid->n_axes && equal; a++) {
            const char *here = grid->labels[p][a], *there = grid->labels[point][a];
            equal = selector->labels[a] != NULL || here == NULL || there == NULL || strcmp(here, there) == 0;
        }
        if (equal && (*count)++ == 0)
            first = p;
    }
    return first;
}

static bool fits_any(struct reader *reader, const struct selector *selector, size_t at) {
    for (size_t p = 0; p < reader->grid->n_points; p++)
        if (selector_fits(selector, reader->grid, p))
            return true;
    return wrong(reader, at, "no point of the grid has these labels together");
}

bool selector_read(const char *text, const struct selection_grid *grid, struct arena *arena, struct selector *selector,
                   struct claim_error *error) {
    struct reader reader = {.text = text, .grid = grid, .arena = arena, .error = error};
    selector->labels = arena_array(arena, grid->n_axes, sizeof *selector->labels);
    skip_spaces(&reader);
    if (reader.text[reader.at] == '\0')
        return true;
    if (!read_selection(&reader, selector))
        return false;
    skip_spaces(&reader);
    if (reader.text[reader.at] != '\0')
        return wrong(&reader, reader.at, "wanted a comma or the end, found '%.20s'", reader.text + reader.at);
    return fits_any(&reader, selector, 0);
}

/* ---- Claims ------------------------------------------------------------------------------------------------------ */

static struct claim_node *node_new(struct reader *reader, enum claim_operator op, const struct claim_node *left,
                                   const struct claim_node *right) {
    struct claim_node *node = arena_alloc(reader->arena, sizeof *node);
    node->op = op;
    node->left = left;
    node->right = right;
    node->at = reader->at;
    return node;
}

static const struct claim_node *read_sum(struct reader *reader);

/* Bytes of a column's name. One with a target ends with a number: epochs_to_val_accuracy_0.95, updates_to_val_loss_1e-05. */
static size_t column_length(const char *text) {
    size_t n = strspn(text, COLUMN_LETTERS);
    bool target = n > 0 && memmem(text, n, "_to_", 4) != NULL;
    while (target) {
        bool sign = strchr("e_", text[n - 1]) != NULL && isdigit((unsigned char)text[n + (text[n] != '\0' ? 1 : 0)]);
        if (text[n] != '.' && !(sign && (text[n] == '-' || text[n] == '+')))
            break;
        n += 1 + strspn(text + n + 1, COLUMN_LETTERS);
    }
    return n;
}

static const struct claim_node *read_column(struct reader *reader, bool spread) {
    skip_spaces(reader);
    size_t start = reader->at, length = column_length(reader->text + start);
    if (length == 0 || isdigit((unsigned char)reader->text[start])) {
        wrong(reader, start,
              reader->text[start] == '\0' ? "wanted a column or a number, found the end%s"
                                          : "wanted a column or a number, found '%.20s'",
              reader->text + start);
        return NULL;
    }
    struct claim_node *node = node_new(reader, spread ? CLAIM_SPREAD : CLAIM_COLUMN, NULL, NULL);
    node->column = arena_copy_bytes(reader->arena, reader->text + start, length);
    node->at = start;
    node->selector.labels = arena_array(reader->arena, reader->grid->n_axes, sizeof *node->selector.labels);
    reader->at += length;
    if (take(reader, '(') && !take(reader, ')')) {
        if (!spread && strcmp(node->column, "sd") == 0) {
            const struct claim_node *inner = read_column(reader, true);
            if (inner != NULL && !take(reader, ')')) {
                wrong(reader, reader->at, "sd( is not closed");
                return NULL;
            }
            return inner;
        }
        if (!read_selection(reader, &node->selector) || !fits_any(reader, &node->selector, start))
            return NULL;
        if (!take(reader, ')')) {
            wrong(reader, reader->at, "wanted ',' or ')' behind the label");
            return NULL;
        }
    }
    return node;
}

static const struct claim_node *read_factor(struct reader *reader) {
    skip_spaces(reader);
    const char *rest = reader->text + reader->at;
    if (take(reader, '-') || take(reader, '(')) {
        if (++reader->depth > MAX_DEPTH) {
            wrong(reader, reader->at, "the claim is nested too deep");
            return NULL;
        }
        bool minus = *rest == '-';
        const struct claim_node *inner = minus ? read_factor(reader) : read_sum(reader);
        reader->depth--;
        if (inner != NULL && !minus && !take(reader, ')')) {
            wrong(reader, reader->at, "'(' is not closed");
            return NULL;
        }
        return inner != NULL && minus
                   ? node_new(reader, CLAIM_SUBTRACT, node_new(reader, CLAIM_NUMBER, NULL, NULL), inner)
                   : inner;
    }
    if (!isdigit((unsigned char)*rest) && *rest != '.')
        return read_column(reader, false);
    size_t length = strspn(rest, "0123456789.");
    if ((rest[length] == 'e' || rest[length] == 'E') &&
        isdigit((unsigned char)rest[length + 1 + (rest[length + 1] == '-' || rest[length + 1] == '+' ? 1 : 0)])) {
        length += 2;
        length += strspn(rest + length, "0123456789");
    }
    struct claim_node *node = node_new(reader, CLAIM_NUMBER, NULL, NULL);
    if (!number_read(arena_copy_bytes(reader->arena, rest, length), &node->number)) {
        wrong(reader, reader->at, "'%.*s' is no number", (int)length, rest);
        return NULL;
    }
    reader->at += length;
    return node;
}

static const struct claim_node *read_product(struct reader *reader) {
    const struct claim_node *left = read_factor(reader);
    while (left != NULL) {
        bool times = take(reader, '*');
        if (!times && !take(reader, '/'))
            break;
        const struct claim_node *right = read_factor(reader);
        left = right != NULL ? node_new(reader, times ? CLAIM_MULTIPLY : CLAIM_DIVIDE, left, right) : NULL;
    }
    return left;
}

static const struct claim_node *read_sum(struct reader *reader) {
    const struct claim_node *left = read_product(reader);
    while (left != NULL) {
        bool plus = take(reader, '+');
        if (!plus && !take(reader, '-'))
            break;
        const struct claim_node *right = read_product(reader);
        left = right != NULL ? node_new(reader, plus ? CLAIM_ADD : CLAIM_SUBTRACT, left, right) : NULL;
    }
    return left;
}

bool claim_columns(const struct claim_node *node, bool (*visit)(void *context, const struct claim_node *node),
                   void *context) {
    if (node == NULL)
        return true;
    if (node->op == CLAIM_COLUMN || node->op == CLAIM_SPREAD)
        return visit(context, node);
    return claim_columns(node->left, visit, context) && claim_columns(node->right, visit, context);
}

static bool is_spread(void *context, const struct claim_node *node) {
    size_t *counts = context;
    counts[node->op == CLAIM_SPREAD ? 1 : 0]++;
    return true;
}

/* NUMBER * sd(...), or sd(...) with the number behind it or none */
static bool is_scaled_spread(const struct claim_node *node) {
    if (node->op == CLAIM_MULTIPLY && node->left->op == CLAIM_NUMBER)
        node = node->right;
    else if ((node->op == CLAIM_MULTIPLY || node->op == CLAIM_DIVIDE) && node->right->op == CLAIM_NUMBER)
        node = node->left;
    return node->op == CLAIM_SPREAD;
}

bool claim_read(const char *text, const struct selection_grid *grid, struct arena *arena, struct claim *claim,
                struct claim_error *error) {
    struct reader reader = {.text = text, .grid = grid, .arena = arena, .error = error};
    *claim = (struct claim){.text = text, .left = read_sum(&reader)};
    if (claim->left == NULL)
        return false;
    claim->greater = take(&reader, '>');
    if (!claim->greater && !take(&reader, '<'))
        return wrong(&reader, reader.at, "wanted one of < <= > >= behind the left side, found '%.20s'",
                     text + reader.at);
    claim->or_equal = text[reader.at] == '=';
    reader.at += claim->or_equal ? 1 : 0;
    claim->right = read_sum(&reader);
    if (claim->right == NULL)
        return false;
    skip_spaces(&reader);
    if (text[reader.at] != '\0')
        return wrong(&reader, reader.at, "wanted the end of the claim, found '%.20s'", text + reader.at);
    size_t counts[2] = {0, 0};
    claim_columns(claim->left, is_spread, counts);
    claim_columns(claim->right, is_spread, counts);
    claim->spread = counts[1] > 0;
    if (counts[0] + counts[1] == 0)
        return wrong(&reader, 0, "a claim names at least one column");
    if (claim->spread && (!is_scaled_spread(claim->left) || !is_scaled_spread(claim->right)))
        return wrong(&reader, 0,
                     "a claim on sd() has the form [NUMBER *] sd(COLUMN(...)) > [NUMBER *] sd(COLUMN(...))");
    return true;
}
