#include "runner/config/override.h"
struct tree *override_apply(const struct catalog *catalog, struct tree *root, const char *const *overrides,
                            size_t n_overrides, struct arena *arena, struct diagnostics *diagnostics,
                            const char ***normal, size_t *n_normal) {
    (void)catalog;
    (void)overrides;
    (void)n_overrides;
    (void)arena;
    (void)diagnostics;
    *normal = NULL;
    *n_normal = 0;
    return root;
}
