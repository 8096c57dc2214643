/*
 * Trees that share their equal parts, for many trees that differ little. Equal means all of a node: type, value, text, quotes and marks.
 * Single-threaded.
 */
#ifndef RUNNER_BASE_TREE_SHARE_H
#define RUNNER_BASE_TREE_SHARE_H

#include "runner/base/hash_table.h"
#include "runner/base/tree.h"

struct tree_share {
    struct arena *arena; /* of the shared nodes */
    struct hash_table table;
};

void tree_share_init(struct tree_share *share, struct arena *arena);
/* What is needed to find equal parts; the trees stay as long as the arena. */
void tree_share_clear(struct tree_share *share);

/* A tree that equals this one, made of shared nodes, which nobody may change. File names of marks are not copied. */
const struct tree *tree_share_add(struct tree_share *share, const struct tree *tree);

#endif
