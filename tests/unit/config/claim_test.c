#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/config/claim.h"

#include <stdio.h>
#include <string.h>

static const char *const axes[] = {"train.batch_size", "optimizer.sgd.learning_rate", "a.rate", "b.rate", "model"};
enum { N_AXES = 5, N_POINTS = 4 };
static const char *labels[N_POINTS][N_AXES] = {{"1", "0.10", "1", "1", "deep, wide (2)"},
                                               {"1", NULL, "1", "2", "[500, 500]"},
                                               {"full", "0.10", "1", "1", "deep, wide (2)"},
                                               {"full", NULL, "1", "2", "[500, 500]"}};
static const char **rows[N_POINTS] = {labels[0], labels[1], labels[2], labels[3]};
static const struct selection_grid grid = {.axes = axes, .n_axes = N_AXES, .labels = rows, .n_points = N_POINTS};

/* The claim with every operation in brackets, and selectors as axis numbers: how it was understood. */
static void write_node(const struct claim_node *node, char *out, size_t size) {
    char left[512] = "", right[512] = "";
    static const char operators[] = "???+-*/";
    size_t n = 0;
    switch (node->op) {
    case CLAIM_NUMBER: snprintf(out, size, "%g", node->number); return;
    case CLAIM_COLUMN:
    case CLAIM_SPREAD:
        n = (size_t)snprintf(out, size, "%s%s", node->op == CLAIM_SPREAD ? "sd:" : "", node->column);
        for (size_t a = 0; a < N_AXES; a++)
            if (node->selector.labels[a] != NULL)
                n += (size_t)snprintf(out + n, size - n, " %zu=%s", a, node->selector.labels[a]);
        return;
    default:
        write_node(node->left, left, sizeof left);
        write_node(node->right, right, sizeof right);
        snprintf(out, size, "(%.250s %c %.250s)", left, operators[node->op], right);
    }
}

static void reads(const char *text, const char *wanted) {
    struct arena arena;
    struct claim claim;
    struct claim_error error = {0};
    char left[600], right[600], found[1300];
    arena_init(&arena);
    if (!claim_read(text, &grid, &arena, &claim, &error))
        fail_msg("%s: %s", text, error.error.text);
    write_node(claim.left, left, sizeof left);
    write_node(claim.right, right, sizeof right);
    snprintf(found, sizeof found, "%s %s%s %s", left, claim.greater ? ">" : "<", claim.or_equal ? "=" : "", right);
    assert_string_equal(found, wanted);
    arena_clear(&arena);
}

static void refuses(const char *text, size_t at, const char *message) {
    struct arena arena;
    struct claim claim;
    struct claim_error error = {0};
    arena_init(&arena);
    if (claim_read(text, &grid, &arena, &claim, &error))
        fail_msg("%s: was read", text);
    assert_string_equal(error.error.text, message);
    if (error.at != at)
        fail_msg("%s: at %zu, not %zu", text, error.at, at);
    arena_clear(&arena);
}

static void the_four_relations_are_read(void **state) {
    (void)state;
    reads("test_loss < 1", "test_loss < 1");
    reads("test_loss <= 1", "test_loss <= 1");
    reads("test_loss > 1", "test_loss > 1");
    reads("1>=test_loss", "1 >= test_loss");
    reads("epochs_to_val_accuracy_0.95(b.rate=2)-1.5 < 1e-05", "(epochs_to_val_accuracy_0.95 3=2 - 1.5) < 1e-05");
    reads("updates_to_val_loss_1e-05 < seconds_to_val_r_-0.5-5",
          "updates_to_val_loss_1e-05 < (seconds_to_val_r_-0.5 - 5)");
}

static void products_bind_stronger_than_sums_and_both_to_the_left(void **state) {
    (void)state;
    reads("a + b * c - d / 2 > 0", "((a + (b * c)) - (d / 2)) > 0");
    reads("a - b - c > a / b / c", "((a - b) - c) > ((a / b) / c)");
    reads("(a + b) * (c - 1) > 0", "((a + b) * (c - 1)) > 0");
    reads("-a > - -2 * b", "(0 - a) > ((0 - (0 - 2)) * b)");
    reads("a > 5 * b(batch_size=1)", "a > (5 * b 0=1)");
    reads("a > b * 1.5e-2 + .5", "a > ((b * 0.015) + 0.5)");
    reads("  a\n  >  b() ", "a > b");
}

static void axes_go_by_suffixes_and_labels_by_text_or_number(void **state) {
    (void)state;
    reads("acc(batch_size=full) > acc(train.batch_size=1)", "acc 0=full > acc 0=1");
    reads("acc(learning_rate=0.1) > 0", "acc 1=0.10 > 0");
    reads("acc(sgd.learning_rate=1e-1) > 0", "acc 1=0.10 > 0");
    reads("acc(batch_size=1.0, a.rate = 1) > 0", "acc 0=1 2=1 > 0");
}

static void labels_may_hold_commas_and_brackets(void **state) {
    (void)state;
    reads("acc(model=\"deep, wide (2)\", batch_size=1) > 0", "acc 0=1 4=deep, wide (2) > 0");
    reads("acc(model=[500, 500], batch_size=1) > 0", "acc 0=1 4=[500, 500] > 0");
    refuses("acc(model=deep, wide (2)) > 0", 10, "the axis model has no label 'deep'; did you mean 'deep, wide (2)'?");
}

static void spreads_are_compared_with_spreads(void **state) {
    (void)state;
    reads("sd(acc(batch_size=1)) < sd(acc(batch_size=full))", "sd:acc 0=1 < sd:acc 0=full");
    reads("2 * sd(acc(batch_size=1)) < sd(acc) / 3", "(2 * sd:acc 0=1) < (sd:acc / 3)");
    const char *form = "a claim on sd() has the form [NUMBER *] sd(COLUMN(...)) > [NUMBER *] sd(COLUMN(...))";
    refuses("sd(acc) > 0.1", 0, form);
    refuses("sd(acc) > acc", 0, form);
    refuses("sd(acc) + sd(b) > sd(acc)", 0, form);
    refuses("2 * 3 * sd(acc) > sd(acc)", 0, form);
}

static void mistakes_are_told_with_their_place(void **state) {
    (void)state;
    refuses("", 0, "wanted a column or a number, found the end");
    refuses("acc >", 5, "wanted a column or a number, found the end");
    refuses("acc = 1", 4, "wanted one of < <= > >= behind the left side, found '= 1'");
    refuses("acc > 1 2", 8, "wanted the end of the claim, found '2'");
    refuses("acc > 1 > 0", 8, "wanted the end of the claim, found '> 0'");
    refuses("acc > 95%", 8, "wanted the end of the claim, found '%'");
    refuses("1 > 2", 0, "a claim names at least one column");
    refuses("(acc > 1", 5, "'(' is not closed");
    refuses("acc > 1.2.3", 6, "'1.2.3' is no number");
    refuses("acc(batch_size=1 > 2", 15, "the axis train.batch_size has no label '1 > 2'; it has 1, full");
    refuses("acc(batch_size) > 2", 4, "wanted AXIS=LABEL, found 'batch_size'");
    refuses("acc(batchsize=1) > 2", 4, "unknown axis 'batchsize'; did you mean 'batch_size'?");
    refuses("acc(rate=1) > 2", 4, "'rate' is short for the axes a.rate and b.rate; write more of its path");
    refuses("acc(ate=1) > 2", 4, "unknown axis 'ate'; did you mean 'rate'?");
    refuses("acc(batch_size=2) > 2", 15, "the axis train.batch_size has no label '2'; it has 1, full");
    refuses("acc(batch_size=ful) > 2", 15, "the axis train.batch_size has no label 'ful'; did you mean 'full'?");
    refuses("acc(batch_size=1, train.batch_size=1) > 2", 18, "the axis train.batch_size is named twice");
    refuses("acc(a.rate=1, b.rate=2, learning_rate=0.1) > 0", 0, "no point of the grid has these labels together");
}

static void deep_nesting_is_refused(void **state) {
    (void)state;
    char text[4096];
    memset(text, '(', 2000);
    snprintf(text + 2000, sizeof text - 2000, "acc > 0");
    refuses(text, 51, "the claim is nested too deep");
    memset(text, '-', 2000);
    refuses(text, 51, "the claim is nested too deep");
}

/* Points 0 and 2 differ on the batch size alone; the learning rate does not apply to 1 and 3. */
static void what_a_selector_does_not_name_is_held_equal(void **state) {
    (void)state;
    struct arena arena;
    struct selector selector;
    struct claim_error error;
    size_t count;
    arena_init(&arena);
    assert_true(selector_read("batch_size=1", &grid, &arena, &selector, &error));
    assert_true(selector_fits(&selector, &grid, 0) && !selector_fits(&selector, &grid, 2));
    assert_int_equal(selector_reference(&selector, &grid, 2, &count), 0);
    assert_int_equal(count, 1);
    assert_int_equal(selector_reference(&selector, &grid, 3, &count), 1);
    assert_int_equal(count, 1);
    assert_int_equal(selector_reference(&selector, &grid, 0, &count), 0); /* itself */
    assert_true(selector_read("b.rate=1", &grid, &arena, &selector, &error));
    assert_int_equal(selector_reference(&selector, &grid, 3, &count), 0); /* none has its model */
    assert_int_equal(count, 0);
    assert_true(selector_read("b.rate=1, model=\"deep, wide (2)\"", &grid, &arena, &selector, &error));
    assert_int_equal(selector_reference(&selector, &grid, 3, &count), 2); /* the learning rate does not apply to 3 */
    assert_int_equal(count, 1);
    arena_clear(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_four_relations_are_read),
        cmocka_unit_test(products_bind_stronger_than_sums_and_both_to_the_left),
        cmocka_unit_test(axes_go_by_suffixes_and_labels_by_text_or_number),
        cmocka_unit_test(labels_may_hold_commas_and_brackets),
        cmocka_unit_test(spreads_are_compared_with_spreads),
        cmocka_unit_test(mistakes_are_told_with_their_place),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(what_a_selector_does_not_name_is_held_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
