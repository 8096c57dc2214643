#include "runner/base/tree.h"

#include <math.h>
#include <string.h>

static struct tree *node(struct arena *arena, enum tree_type type, struct mark mark, const char *text) {
    struct tree *tree = arena_alloc(arena, sizeof *tree);
    tree->type = type;
    tree->mark = mark;
    if (text) {
        tree->text = arena_copy_text(arena, text);
    }
    return tree;
}

struct tree *tree_null(struct arena *arena, struct mark mark) {
    return node(arena, TREE_NULL, mark, "null");
}

struct tree *tree_bool(struct arena *arena, struct mark mark, bool truth) {
    struct tree *tree = node(arena, TREE_BOOL, mark, truth ? "true" : "false");
    tree->value.truth = truth;
    return tree;
}

struct tree *tree_int(struct arena *arena, struct mark mark, int64_t integer) {
    struct tree *tree = node(arena, TREE_INT, mark, NULL);
    tree->text = arena_printf(arena, "%lld", (long long)integer);
    tree->value.integer = integer;
    return tree;
}

struct tree *tree_float(struct arena *arena, struct mark mark, double number) {
    struct tree *tree = node(arena, TREE_FLOAT, mark, NULL);
    tree->value.number = number;
    struct text text;
    text_init(&text);
    tree_write(tree, &text);
    tree->text = arena_copy_text(arena, text.data);
    text_clear(&text);
    return tree;
}

struct tree *tree_text(struct arena *arena, struct mark mark, const char *text) {
    struct tree *tree = node(arena, TREE_TEXT, mark, text);
    tree->quoted = true;
    return tree;
}

static bool one_of(const char *text, const char *const *words) {
    for (; *words; words++) {
        if (strcmp(text, *words) == 0) {
            return true;
        }
    }
    return false;
}

/* 0o17 and 0xff, which have no sign. A number beyond int64 is a float, rounded to the nearest even as strtod would. */
static bool read_based(const char *text, struct tree *tree) {
    if (text[0] != '0' || (text[1] != 'o' && text[1] != 'x') || !text[2]) {
        return false;
    }
    unsigned bits = text[1] == 'o' ? 3 : 4;
    uint64_t integer = 0;
    bool sticky = false;
    int dropped = 0;
    for (const char *c = text + 2; *c; c++) {
        unsigned digit = *c >= '0' && *c <= '9'   ? (unsigned)(*c - '0')
                         : *c >= 'a' && *c <= 'f' ? (unsigned)(*c - 'a' + 10)
                         : *c >= 'A' && *c <= 'F' ? (unsigned)(*c - 'A' + 10)
                                                  : 16;
        if (digit >= 1U << bits) {
            return false;
        }
        if (dropped || integer >> (63 - bits)) { /* 59 bits are more than a double holds; the rest only breaks ties */
            sticky |= digit != 0;
            dropped += dropped < 100000;
        } else {
            integer = integer << bits | digit;
        }
    }
    if (dropped) {
        tree->type = TREE_FLOAT;
        tree->value.number = ldexp((double)(integer | sticky), dropped * (int)bits);
    } else {
        tree->type = TREE_INT;
        tree->value.integer = (int64_t)integer;
    }
    return true;
}

static bool read_float(const char *text, double *number) {
    const char *unsigned_text = text + (*text == '-' || *text == '+');
    if (one_of(unsigned_text, (const char *const[]){".inf", ".Inf", ".INF", NULL})) {
        *number = *text == '-' ? -(double)INFINITY : (double)INFINITY;
        return true;
    }
    if (one_of(text, (const char *const[]){".nan", ".NaN", ".NAN", NULL})) {
        *number = (double)NAN;
        return true;
    }
    if (strpbrk(text, "nN")) { /* nan and inf without their point are text */
        return false;
    }
    return number_read(text, number);
}

/* Whether the text has the form of a float; one beyond the doubles ("1e999") does not read as a number. */
static bool looks_infinite(const char *text) {
    const char *c = text + (*text == '-' || *text == '+');
    size_t digits = strspn(c, "0123456789");
    c += digits;
    if (*c == '.') {
        size_t more = strspn(c + 1, "0123456789");
        digits += more;
        c += 1 + more;
    }
    if (digits == 0) {
        return false;
    }
    if (*c == 'e' || *c == 'E') {
        c++;
        c += *c == '-' || *c == '+';
        size_t exponent = strspn(c, "0123456789");
        if (exponent == 0) {
            return false;
        }
        c += exponent;
    }
    return *c == '\0';
}

struct tree *tree_plain(struct arena *arena, struct mark mark, const char *text) {
    struct tree *tree = node(arena, TREE_TEXT, mark, text);
    if (one_of(text, (const char *const[]){"", "~", "null", "Null", "NULL", NULL})) {
        tree->type = TREE_NULL;
    } else if (one_of(text, (const char *const[]){"true", "True", "TRUE", NULL})) {
        tree->type = TREE_BOOL;
        tree->value.truth = true;
    } else if (one_of(text, (const char *const[]){"false", "False", "FALSE", NULL})) {
        tree->type = TREE_BOOL;
        tree->value.truth = false;
    } else if (number_read_int(text, &tree->value.integer)) {
        tree->type = TREE_INT;
    } else if (read_based(text, tree)) {
        return tree;
    } else if (read_float(text, &tree->value.number)) {
        tree->type = TREE_FLOAT;
    } else if (looks_infinite(text)) {
        tree->type = TREE_FLOAT;
        tree->value.number = *text == '-' ? -(double)INFINITY : (double)INFINITY;
    }
    return tree;
}

struct tree *tree_list(struct arena *arena, struct mark mark) {
    return node(arena, TREE_LIST, mark, NULL);
}

struct tree *tree_map(struct arena *arena, struct mark mark) {
    return node(arena, TREE_MAP, mark, NULL);
}

static void *larger(struct arena *arena, const void *old, size_t count, size_t capacity, size_t size) {
    void *array = arena_array(arena, capacity, size);
    if (count > 0) {
        memcpy(array, old, count * size);
    }
    return array;
}

static void grow(struct arena *arena, struct tree *tree) {
    if (tree->room > 0 && tree->count >> tree->room == 0) {
        return;
    }
    tree->room = 2;
    while (tree->count >> tree->room > 0) {
        tree->room++;
    }
    size_t capacity = (size_t)1 << tree->room;
    tree->items = larger(arena, tree->items, tree->count, capacity, sizeof *tree->items);
    if (tree->type == TREE_MAP) {
        tree->keys = larger(arena, tree->keys, tree->count, capacity, sizeof *tree->keys);
        tree->key_marks = larger(arena, tree->key_marks, tree->count, capacity, sizeof *tree->key_marks);
    }
}

void tree_append(struct arena *arena, struct tree *list, struct tree *item) {
    grow(arena, list);
    list->items[list->count++] = item;
}

void tree_set(struct arena *arena, struct tree *map, const char *key, struct mark key_mark, struct tree *value) {
    ptrdiff_t found = tree_find(map, key);
    if (found >= 0) {
        map->items[found] = value;
        map->key_marks[found] = key_mark;
        return;
    }
    tree_add(arena, map, key, key_mark, value);
}

void tree_add(struct arena *arena, struct tree *map, const char *key, struct mark key_mark, struct tree *value) {
    grow(arena, map);
    map->keys[map->count] = arena_copy_text(arena, key);
    map->key_marks[map->count] = key_mark;
    map->items[map->count++] = value;
}

void tree_remove(struct tree *map, const char *key) {
    ptrdiff_t found = tree_find(map, key);
    if (found < 0) {
        return;
    }
    size_t at = (size_t)found, after = --map->count - at;
    memmove(map->items + at, map->items + at + 1, after * sizeof *map->items);
    memmove(map->keys + at, map->keys + at + 1, after * sizeof *map->keys);
    memmove(map->key_marks + at, map->key_marks + at + 1, after * sizeof *map->key_marks);
}

ptrdiff_t tree_find(const struct tree *map, const char *key) {
    if (map && map->type == TREE_MAP) {
        for (size_t i = 0; i < map->count; i++) {
            if (strcmp(map->keys[i], key) == 0) {
                return (ptrdiff_t)i;
            }
        }
    }
    return -1;
}

struct tree *tree_get(const struct tree *map, const char *key) {
    ptrdiff_t found = tree_find(map, key);
    return found < 0 ? NULL : map->items[found];
}

struct tree *tree_copy(struct arena *arena, const struct tree *tree) {
    if (tree_is_scalar(tree)) {
        struct tree *copy = node(arena, tree->type, tree->mark, tree->text);
        copy->quoted = tree->quoted;
        copy->value = tree->value;
        return copy;
    }
    struct tree *copy = node(arena, tree->type, tree->mark, NULL);
    copy->count = tree->count;
    copy->items = arena_array(arena, tree->count, sizeof *copy->items);
    if (tree->type == TREE_MAP) {
        copy->keys = arena_array(arena, tree->count, sizeof *copy->keys);
        copy->key_marks = arena_array(arena, tree->count, sizeof *copy->key_marks);
    }
    for (size_t i = 0; i < tree->count; i++) {
        copy->items[i] = tree_copy(arena, tree->items[i]);
        if (tree->type == TREE_MAP) {
            copy->keys[i] = arena_copy_text(arena, tree->keys[i]);
            copy->key_marks[i] = tree->key_marks[i];
        }
    }
    return copy;
}

bool tree_equal(const struct tree *a, const struct tree *b) {
    if (a == b) {
        return true;
    }
    if (a->type != b->type) {
        return false;
    }
    switch (a->type) {
    case TREE_NULL: return true;
    case TREE_BOOL: return a->value.truth == b->value.truth;
    case TREE_INT: return a->value.integer == b->value.integer;
    case TREE_FLOAT:
        return isnan(a->value.number)
                   ? isnan(b->value.number)
                   : a->value.number == b->value.number && signbit(a->value.number) == signbit(b->value.number);
    case TREE_TEXT: return strcmp(a->text, b->text) == 0;
    case TREE_LIST:
    case TREE_MAP: break;
    }
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        if ((a->type == TREE_MAP && strcmp(a->keys[i], b->keys[i]) != 0) || !tree_equal(a->items[i], b->items[i])) {
            return false;
        }
    }
    return true;
}

bool tree_is_scalar(const struct tree *tree) {
    return tree->type != TREE_LIST && tree->type != TREE_MAP;
}

const char *tree_type_name(enum tree_type type) {
    switch (type) {
    case TREE_NULL: return "null";
    case TREE_BOOL: return "true or false";
    case TREE_INT: return "an integer";
    case TREE_FLOAT: return "a number";
    case TREE_TEXT: return "text";
    case TREE_LIST: return "a list";
    case TREE_MAP: return "a map";
    }
    return "unknown";
}
