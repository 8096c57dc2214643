#include "tests/unit/results/lab.h"

#include "runner/base/build.h"
#include "runner/base/file.h"
#include "runner/results/manifest.h"

#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#define PATH "manifest_test.json"

extern char **environ;

static const char *const axes[] = {"train.batch_size"};
static const char *const labels[] = {"1", "10"};

static json_t *write_and_read(const struct manifest *manifest, char **text) {
    struct results results;
    struct error error = {0};
    unsigned char *bytes = NULL;
    size_t n = 0;
    lab_results(&results, axes, 1, labels, 2, 3);
    assert_int_equal(manifest_write(manifest, &results, PATH, &error), STATUS_OK);
    assert_int_equal(file_read(PATH, 1 << 20, &bytes, &n, &error), STATUS_OK);
    unlink(PATH);
    results_clear(&results);
    *text = (char *)bytes;
    json_t *json = json_loadb(*text, n, 0, NULL);
    assert_non_null(json);
    return json;
}

static const char *text_at(const json_t *json, const char *object, const char *key) {
    const json_t *inner = object != NULL ? json_object_get(json, object) : json;
    const char *text = json_string_value(json_object_get(inner, key));
    if (text == NULL)
        print_error("no %s in %s\n", key, object != NULL ? object : "the manifest");
    assert_non_null(text);
    return text;
}

static struct manifest sample(char **argv) {
    static const struct manifest_data data = {
        .name = "digits", .resolved = "{\"digits\": {\"seed\": 0}}", .hash = "0123", .bytes = 7, .files = "[]"};
    return (struct manifest){.config = "lab.yaml",
                             .argc = 3,
                             .argv = argv,
                             .started = 86400,
                             .ended = 86461,
                             .numerics = 5,
                             .blas = "OpenBLAS 0.3.21 SkylakeX pthread",
                             .data = &data,
                             .n_data = 1,
                             .workers = 2,
                             .threads = 4,
                             .trained = 6};
}

static void it_says_where_results_come_from(void **state) {
    (void)state;
    char *argv[] = {(char[]){"runner"}, (char[]){"lab.yaml"}, (char[]){"caf\xe9=1"}}, *text;
    const struct manifest manifest = sample(argv);
    json_t *json = write_and_read(&manifest, &text);
    assert_string_equal(text_at(json, NULL, "started"), "1970-01-02T00:00:00Z");
    assert_string_equal(text_at(json, NULL, "ended"), "1970-01-02T00:01:01Z");
    assert_string_equal(text_at(json, NULL, "blas"), "OpenBLAS 0.3.21 SkylakeX pthread");
    assert_string_equal(text_at(json, "runner", "version"), RUNNER_VERSION);
    assert_string_equal(text_at(json, "runner", "compiler"), RUNNER_COMPILER);
    assert_non_null(strstr(text_at(json, "runner", "flags"), "-ffp-contract=off")); /* on which the bits hang */
    assert_null(strstr(text_at(json, "runner", "flags"), "/"));
    assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "runner"), "numerics")), 5);
#ifdef __x86_64__
    assert_memory_equal(text_at(json, "machine", "cpu_level"), "x86-64-v", 8);
#endif
    assert_memory_equal(text_at(json, "machine", "libc"), "glibc 2.", 8);
    assert_true(json_integer_value(json_object_get(json_object_get(json, "machine"), "cpus")) > 0);
    assert_int_equal(json_integer_value(json_object_get(json, "workers")), 2);
    assert_int_equal(json_integer_value(json_object_get(json, "threads")), 4);
    const json_t *command = json_object_get(json, "command");
    assert_int_equal(json_array_size(command), 3);
    assert_string_equal(json_string_value(json_array_get(command, 2)), "caf?=1");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "trials"), "missing")), 6);
    assert_string_equal(text_at(json_array_get(json_object_get(json, "datasets"), 0), NULL, "xxh3_128"), "0123");
    json_decref(json);
    free(text);
}

/* Neither a variable's value nor a name of one. */
static void nothing_of_the_environment_is_in_it(void **state) {
    (void)state;
    setenv("RUNNER_TEST_TOKEN", "hunter2-hunter2", 1);
    char *argv[] = {(char[]){"runner"}, (char[]){"lab.yaml"}, (char[]){"a=1"}}, *text;
    const struct manifest manifest = sample(argv);
    json_t *json = write_and_read(&manifest, &text);
    assert_null(strstr(text, "hunter2"));
    for (char **variable = environ; *variable != NULL; variable++) {
        const char *value = strchr(*variable, '=');
        size_t length = value != NULL ? (size_t)(value - *variable) : 0;
        char name[256];
        if (length < 6 || length >= sizeof name - 1 ||
            strncmp(*variable, "HOST", 4) == 0) /* the machine's name is meant to be there */
            continue;
        memcpy(name, *variable, length + 1);
        name[length + 1] = '\0';
        assert_null(strstr(text, name));
        if (strlen(value + 1) > 20)
            assert_null(strstr(text, value + 1));
    }
    json_decref(json);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_where_results_come_from),
        cmocka_unit_test(nothing_of_the_environment_is_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
