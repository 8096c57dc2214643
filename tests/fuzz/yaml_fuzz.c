/* YAML to a tree: what reads well is written and read again as the same. */
#include "tests/fuzz/fuzz.h"

#include "runner/base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct arena arena;
    struct diagnostics diagnostics;
    struct text once, again;
    arena_init(&arena);
    diagnostics_init(&diagnostics);
    text_init(&once);
    text_init(&again);
    struct tree *tree = yaml_read((const char *)bytes, n, "fuzz", &arena, &diagnostics);
    FUZZ_CHECK((tree == NULL) == (diagnostics.errors > 0));
    if (tree != NULL) {
        tree_write(tree, &once);
        struct tree *back = yaml_read(once.data, once.length, "again", &arena, &diagnostics);
        FUZZ_CHECK(back != NULL);
        tree_write(back, &again);
        FUZZ_CHECK(once.length == again.length && memcmp(once.data, again.data, once.length) == 0);
        text_reset(&once);
        tree_write_yaml(tree, &once, 0);
        back = yaml_read(once.data, once.length, "yaml", &arena, &diagnostics);
        FUZZ_CHECK(back != NULL);
        text_reset(&once);
        tree_write(back, &once);
        FUZZ_CHECK(once.length == again.length && memcmp(once.data, again.data, once.length) == 0);
    }
    text_clear(&again);
    text_clear(&once);
    diagnostics_clear(&diagnostics);
    arena_clear(&arena);
    return 0;
}
