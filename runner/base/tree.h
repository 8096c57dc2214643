/*
 * A tree of values with the places they came from: what a YAML file, an override and a resolved trial are.
 *
 * Nodes live in an arena and point at each other; nothing is released one by one. A map keeps its entries in the order in
 * which they were written; keys are unique (whoever builds the tree reports duplicates). A scalar keeps the text that was
 * written, because a parameter table may want text where YAML's core schema sees a number (`no`, `1e3`).
 */
#ifndef RUNNER_BASE_TREE_H
#define RUNNER_BASE_TREE_H

#include "runner/base/arena.h"
#include "runner/base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a value was written. Lines and columns count from 1; line 0 means that there is no place (a default). `file` may be
   "command line" for an override, where column counts within the argument. */
struct mark {
    const char *file;
    unsigned line, column;
};

enum tree_type { TREE_NULL, TREE_BOOL, TREE_INT, TREE_FLOAT, TREE_TEXT, TREE_LIST, TREE_MAP };

/* A large grid has many: 48 bytes. What scalars have and what lists and maps have shares its place, so ask for the type first. */
struct tree {
    enum tree_type type : 8;
    bool quoted;    /* a scalar written in quotes: always TREE_TEXT */
    uint8_t room;   /* the arrays have room for 2^room entries, or, where it is 0, for `count` */
    uint32_t count; /* 0 for scalars */
    struct mark mark;
    union {
        struct {
            const char *text; /* as written (without quotes) */
            union {
                bool truth;
                int64_t integer;
                double number;
            } value;
        };
        struct {
            struct tree **items;    /* [count] */
            const char **keys;      /* [count], maps only */
            struct mark *key_marks; /* [count], maps only */
        };
    };
};

struct tree *tree_null(struct arena *arena, struct mark mark);
struct tree *tree_bool(struct arena *arena, struct mark mark, bool truth);
struct tree *tree_int(struct arena *arena, struct mark mark, int64_t integer);
struct tree *tree_float(struct arena *arena, struct mark mark, double number);
struct tree *tree_text(struct arena *arena, struct mark mark, const char *text); /* TREE_TEXT, quoted */
/* A plain scalar: its type follows the YAML 1.2 core schema (null, true/false, decimal/0o/0x integers, floats, .inf, .nan,
   else text). An integer outside int64 is a float. */
struct tree *tree_plain(struct arena *arena, struct mark mark, const char *text);
struct tree *tree_list(struct arena *arena, struct mark mark);
struct tree *tree_map(struct arena *arena, struct mark mark);

void tree_append(struct arena *arena, struct tree *list, struct tree *item);
/* Adds an entry, or replaces the value (and mark) of the one that has this key. */
void tree_set(struct arena *arena, struct tree *map, const char *key, struct mark key_mark, struct tree *value);
/* The same where the caller knows that the key is new, without looking for it. */
void tree_add(struct arena *arena, struct tree *map, const char *key, struct mark key_mark, struct tree *value);
void tree_remove(struct tree *map, const char *key);
/* NULL where there is none or `map` is not a map. */
struct tree *tree_get(const struct tree *map, const char *key);
/* Index of the key, or -1. */
ptrdiff_t tree_find(const struct tree *map, const char *key);

struct tree *tree_copy(struct arena *arena, const struct tree *tree);
/* The same type and value: 1 and 1.0 differ, 0.0 and -0.0 differ, nan equals nan; marks and quoting do not count, the order of
   keys counts. */
bool tree_equal(const struct tree *a, const struct tree *b);
bool tree_is_scalar(const struct tree *tree);
const char *tree_type_name(enum tree_type type); /* "a map", "a list", "text", "an integer", ... for messages */

/* Canonical text: JSON in one line, keys in their order, floats in the shortest form that reads back exactly (always
   with a point or exponent; infinities and nan as .inf, -.inf, .nan), text quoted and escaped (a byte that is no UTF-8
   becomes U+FFFD). The same tree gives the same bytes. */
void tree_write(const struct tree *tree, struct text *out);
/* Block YAML for people (config.yaml), two spaces a level, the first line `indent` levels deep, lists of scalars in one line
   where they fit; reads back as an equal tree, and as the same values by readers of YAML 1.1. */
void tree_write_yaml(const struct tree *tree, struct text *out, int indent);

#endif
