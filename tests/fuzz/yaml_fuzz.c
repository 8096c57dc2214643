/* YAML to a tree: what reads well is written and read again as the same. */
#include "tests/fuzz/fuzz.h"

#include "runner/base/yaml.h"

enum {
    WRITTEN_MOST = 1 << 16
}; /* bytes: by aliases a short text stands for one that takes long to write, or is too long to be read */

/* Bytes of all text in the tree, counted as far as `most`. */
static size_t text_length(const struct tree *tree, size_t most) {
    size_t length = tree->type == TREE_TEXT ? strlen(tree->text) : 8;
    for (size_t i = 0; i < tree->count && length < most; i++)
        length += text_length(tree->items[i], most - length) + (tree->type == TREE_MAP ? strlen(tree->keys[i]) : 0);
    return length;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct arena arena;
    struct diagnostics diagnostics;
    struct text flow, block, again;
    arena_init(&arena);
    diagnostics_init(&diagnostics);
    text_init(&flow);
    text_init(&block);
    text_init(&again);
    struct tree *tree = yaml_read((const char *)bytes, n, "fuzz", &arena, &diagnostics);
    FUZZ_CHECK((tree == NULL) == (diagnostics.errors > 0));
    if (tree != NULL && text_length(tree, WRITTEN_MOST) < WRITTEN_MOST) {
        tree_write(tree, &flow);
        tree_write_yaml(tree, &block, 0);
        const struct text *written[] = {&flow, &block};
        for (size_t i = 0; i < 2; i++) {
            struct tree *back = yaml_read(written[i]->data, written[i]->length, "again", &arena, &diagnostics);
            FUZZ_CHECK(back != NULL);
            text_reset(&again);
            tree_write(back, &again);
            FUZZ_CHECK(flow.length == again.length && memcmp(flow.data, again.data, flow.length) == 0);
        }
    }
    text_clear(&again);
    text_clear(&block);
    text_clear(&flow);
    diagnostics_clear(&diagnostics);
    arena_clear(&arena);
    return 0;
}
