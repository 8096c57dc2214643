/* Selectors and claims of a small grid: an error with a place in the text, or a claim whose columns can be visited and a selector that
   fits some point. */
#include "tests/fuzz/fuzz.h"

#include "runner/config/claim.h"

static bool visit(void *context, const struct claim_node *node) {
    FUZZ_CHECK(node->column != NULL && node->column[0] != '\0' && node->at <= *(const size_t *)context);
    return true;
}

static void check_error(const struct claim_error *error, size_t length) {
    FUZZ_CHECK(error->error.text[0] != '\0' && error->at <= length);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    static const char *const axes[] = {"optimizer", "train.batch_size", "a.\"b.c\""};
    const char *rows[][3] = {
        {"adam", "10", "x, y"}, {"adam", "full", "(z"}, {"sgd", "1e1", NULL}, {"sgd", "full", "x, y"}};
    const char **labels[] = {rows[0], rows[1], rows[2], rows[3]};
    const struct selection_grid grid = {.axes = axes, .n_axes = 3, .labels = labels, .n_points = 4};
    struct arena arena;
    arena_init(&arena);
    char *text = fuzz_text(bytes, n);
    size_t length = strlen(text);
    struct claim_error error = {0};
    struct claim claim;
    if (claim_read(text, &grid, &arena, &claim, &error)) {
        FUZZ_CHECK(claim_columns(claim.left, visit, &length) && claim_columns(claim.right, visit, &length));
    } else {
        check_error(&error, length);
    }
    error = (struct claim_error){0};
    struct selector selector;
    if (selector_read(text, &grid, &arena, &selector, &error)) {
        size_t fitting = 0, count;
        for (size_t p = 0; p < grid.n_points; p++) {
            fitting += selector_fits(&selector, &grid, p);
            size_t first = selector_reference(&selector, &grid, p, &count);
            FUZZ_CHECK(count == 0 || (first < grid.n_points && selector_fits(&selector, &grid, first)));
        }
        FUZZ_CHECK(fitting > 0);
    } else {
        check_error(&error, length);
    }
    free(text);
    arena_clear(&arena);
    return 0;
}
