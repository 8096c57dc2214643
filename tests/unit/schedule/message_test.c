#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/base/diagnostics.h"
#include "runner/base/yaml.h"
#include "runner/schedule/facts.h"
#include "runner/schedule/message.h"

#include <math.h>
#include <string.h>

static void what_is_packed_reads_back(void **state) {
    (void)state;
    struct text out;
    text_init(&out);
    message_u64(&out, UINT64_MAX);
    message_string(&out, "two words");
    message_string(&out, NULL);
    message_double(&out, -0.0);
    struct message_reader reader;
    message_reader_init(&reader, out.data, out.length);
    assert_true(message_read_u64(&reader) == UINT64_MAX);
    assert_string_equal(message_read_string(&reader), "two words");
    assert_string_equal(message_read_string(&reader), "");
    assert_true(signbit(message_read_double(&reader)));
    assert_false(reader.bad);
    assert_true(message_read_u64(&reader) == 0);
    assert_true(reader.bad);
    text_clear(&out);
}

/* A spoilt worker may send anything: every cut and every length is refused, and nothing beyond the bytes is read. */
static void a_broken_payload_is_bad_and_reads_as_nothing(void **state) {
    (void)state;
    struct text out;
    text_init(&out);
    message_string(&out, "name");
    for (size_t cut = 0; cut < out.length; cut++) {
        struct text part;
        struct message_reader reader;
        text_init(&part);
        text_add_bytes(&part, out.data, cut);
        message_reader_init(&reader, part.data, part.length);
        assert_string_equal(message_read_string(&reader), "");
        assert_true(reader.bad);
        text_clear(&part);
    }
    const uint64_t lengths[] = {UINT64_MAX, UINT64_MAX - 1, UINT64_MAX - 7, 1u << 31, 5, 3};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct text wrong;
        struct message_reader reader;
        text_init(&wrong);
        message_u64(&wrong, lengths[i]);
        text_add_bytes(&wrong, "name", 5);
        message_reader_init(&reader, wrong.data, wrong.length);
        assert_string_equal(message_read_string(&reader), "");
        assert_true(reader.bad);
        message_reader_init(&reader, wrong.data, wrong.length);
        assert_int_equal(message_read_count(&reader, 8), 0);
        assert_true(reader.bad);
        text_clear(&wrong);
    }
    text_clear(&out);
}

static void plans_read_back_and_cut_ones_are_refused(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena);
    struct layer_facts layers[] = {{"dense_1", "dense", {.rank = 2, .size = {3, 4}}, 12},
                                   {"softmax_1", "softmax", {.rank = 0}, 0}};
    const char *columns[] = {"train_loss", "test_loss"};
    struct plan_facts facts = {
        .parameters = 12, .memory = 1u << 20, .updates_per_epoch = 7, .epochs = 3, .flops_per_example = 0.5};
    facts.columns = columns;
    facts.n_columns = 2;
    facts.layers = layers;
    facts.n_layers = 2;
    facts.doubt_where = "loss";
    facts.doubt = "no softmax";
    struct text out;
    text_init(&out);
    plan_facts_write(&facts, &out);
    struct plan_facts found;
    struct message_reader reader;
    message_reader_init(&reader, out.data, out.length);
    assert_true(plan_facts_read(&reader, &arena, &found));
    assert_true(found.known);
    assert_int_equal(found.memory, 1 << 20);
    assert_true(found.flops_per_example == 0.5);
    assert_string_equal(found.columns[1], "test_loss");
    assert_string_equal(found.layers[1].component, "softmax");
    assert_int_equal(found.layers[0].output.size[1], 4);
    assert_string_equal(found.doubt_where, "loss");
    assert_string_equal(found.doubt, "no softmax");
    for (size_t cut = 0; cut < out.length; cut++) {
        message_reader_init(&reader, out.data, cut);
        assert_false(plan_facts_read(&reader, &arena, &found));
    }
    text_clear(&out);
    arena_clear(&arena);
}

static void trees_read_back(void **state) {
    (void)state;
    static const char yaml[] =
        "{dataset: {csv: {path: '/a \"b\"', rows: null, x: .nan}}, list: [1, -0.0, 1e-320, true, 'no', "
        "\"\", {}, []], deep: [[[{a: [9007199254740993]}]]]}";
    struct arena arena;
    struct diagnostics diagnostics;
    arena_init(&arena);
    diagnostics_init(&diagnostics);
    const struct tree *tree = yaml_read(yaml, strlen(yaml), "trial", &arena, &diagnostics);
    assert_non_null(tree);
    struct text out, wanted, found;
    text_init(&out);
    text_init(&wanted);
    text_init(&found);
    message_tree(&out, tree);
    struct message_reader reader;
    message_reader_init(&reader, out.data, out.length);
    const struct tree *back = message_read_tree(&reader, &arena);
    assert_non_null(back);
    assert_int_equal(reader.at, out.length);
    assert_true(tree_equal(tree, back));
    tree_write(tree, &wanted);
    tree_write(back, &found);
    assert_string_equal(found.data, wanted.data);
    for (size_t cut = 0; cut < out.length; cut++) {
        message_reader_init(&reader, out.data, cut);
        assert_null(message_read_tree(&reader, &arena));
    }
    out.data[0] = TREE_MAP + 1;
    message_reader_init(&reader, out.data, out.length);
    assert_null(message_read_tree(&reader, &arena));
    text_clear(&found);
    text_clear(&wanted);
    text_clear(&out);
    diagnostics_clear(&diagnostics);
    arena_clear(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_packed_reads_back),
        cmocka_unit_test(a_broken_payload_is_bad_and_reads_as_nothing),
        cmocka_unit_test(plans_read_back_and_cut_ones_are_refused),
        cmocka_unit_test(trees_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
