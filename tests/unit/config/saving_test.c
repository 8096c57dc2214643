/* `init` and `save`. */
#include "tests/unit/config/harness.h"

static void save_is_a_list_of_moments(void **state) {
    struct harness *harness = *state;
    static const char *const cases[][2] = {{"", "null"},
                                           {"save: null\n", "null"},
                                           {"save: best\n", "[\"best\"]"},
                                           {"save: 3\n", "[3]"},
                                           {"save: [0, last]\n", "[0, \"last\"]"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[256];
        snprintf(text, sizeof text, MINIMAL "%s", cases[i][0]);
        harness_load(harness, text, NULL);
        assert_loads(harness);
        assert_node(harness, 0, "save", cases[i][1]);
    }
    harness_load(harness, MINIMAL "save: [best, worst, -1]\n", NULL);
    assert_messages(harness, "x.yaml:5:14: error: save is 'worst'; wanted best, last or epochs, or a list of them\n"
                             "x.yaml:5:21: error: save is '-1'; wanted best, last or epochs, or a list of them\n");
}

static void init_names_a_file_and_knows_its_content(void **state) {
    struct harness *harness = *state;
    harness_write("w.npz", "weights");
    harness_load(harness, MINIMAL "init: {file: w.npz}\n", NULL);
    assert_loads(harness);
    char first[512], wanted[512];
    snprintf(first, sizeof first, "%s", text_of(harness, experiment_node(point_of(&harness->experiment, 0), "init")));
    snprintf(wanted, sizeof wanted, "{\"file\": \"%s/w.npz\", \"sha256\": \"", harness->folder);
    assert_memory_equal(first, wanted, strlen(wanted));
    harness_load(harness, MINIMAL "init: w.npz\n", NULL);
    assert_node(harness, 0, "init", first);
    harness_write("w.npz", "other weights");
    harness_load(harness, MINIMAL "init: w.npz\n", NULL);
    assert_loads(harness);
    assert_string_not_equal(text_of(harness, experiment_node(point_of(&harness->experiment, 0), "init")), first);
}

static void mistakes_of_init_are_told(void **state) {
    struct harness *harness = *state;
    harness_write("w.npz", "weights");
    harness_load(harness, MINIMAL "init: {fil: w.npz}\n", NULL);
    assert_messages(harness, "x.yaml:5:7: error: init has no file; wanted {file: WEIGHTS.npz}\n"
                             "x.yaml:5:8: error: unknown key 'fil' of init; did you mean 'file'?\n");
    harness_load(harness, MINIMAL "init: [1]\n", NULL);
    assert_messages(harness, "x.yaml:5:7: error: init is a list; wanted {file: WEIGHTS.npz}\n");
    harness_load(harness, MINIMAL "init: {file: nothing.npz}\n", NULL);
    char *text = harness_messages(harness);
    assert_non_null(strstr(text, "x.yaml:5:14: error: init.file: "));
    assert_non_null(strstr(text, "nothing.npz"));
    free(text);
    harness_load(harness,
                 MINIMAL "init: {file: w.npz, sha256: "
                         "0000000000000000000000000000000000000000000000000000000000000000}\n",
                 NULL);
    text = harness_messages(harness);
    assert_non_null(strstr(text, "it is another file than the one that was meant"));
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(save_is_a_list_of_moments),
        TEST(init_names_a_file_and_knows_its_content),
        TEST(mistakes_of_init_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
