#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/base/yaml.h"
#include "runner/schedule/cpus.h"
#include "runner/schedule/identity.h"

#include <stdlib.h>
#include <string.h>

static struct catalog_param file_params[] = {{.name = "path", .type = RUNNER_PATH},
                                             {.name = "train", .type = RUNNER_INT}};
static struct catalog_param dense_params[] = {{.name = "units", .type = RUNNER_INT},
                                              {.name = "activation", .type = RUNNER_COMPONENT, .kind = RUNNER_LAYER}};

/* The catalogue's functions are not used but for catalog_find(), so that it can be written out here. */
static void make_catalog(struct catalog *catalog, struct catalog_component components[4]) {
    components[0] = (struct catalog_component){.kind = RUNNER_DATASET,
                                               .name = "files",
                                               .version = "1",
                                               .hash = "aa",
                                               .params = file_params,
                                               .n_params = 2,
                                               .n_own = 2};
    components[1] = (struct catalog_component){.kind = RUNNER_LAYER,
                                               .name = "dense",
                                               .version = "1",
                                               .hash = "bb",
                                               .params = dense_params,
                                               .n_params = 2,
                                               .n_own = 2};
    components[2] = (struct catalog_component){.kind = RUNNER_LAYER, .name = "relu", .version = "1", .hash = "cc"};
    components[3] = (struct catalog_component){.kind = RUNNER_LAYER, .name = "tanh", .version = "1", .hash = "dd"};
    *catalog = (struct catalog){.components = components, .count = 4};
}

struct identity {
    char key[HASH_TEXT_SIZE], id[HASH_SHORT_TEXT_SIZE];
};

static const char good[] =
    "{\"dataset\": {\"files\": {\"path\": \"/a/b\", \"train\": 5}}, \"model\": [{\"dense\": {\"units\": 3, "
    "\"activation\": {\"relu\": {}}}}], \"engine\": {\"gemm\": \"openblas\"}}";

static struct identity identify_seed(const struct catalog *catalog, const char *text, const char *blas,
                                     uint64_t numerics, uint64_t data, int64_t seed) {
    struct arena arena;
    struct diagnostics diagnostics;
    struct text scratch;
    struct identities identities;
    arena_init(&arena);
    diagnostics_init(&diagnostics);
    text_init(&scratch);
    identities_init(&identities, catalog);
    const struct tree *point = yaml_read(text, strlen(text), "point", &arena, &diagnostics);
    assert_non_null(point);
    struct identity first, again;
    struct identity_engine engine = {numerics, blas};
    for (int i = 0; i < 2; i++) { /* the second time its sections are known */
        struct identity *identity = i == 0 ? &first : &again;
        struct hash128 key;
        uint64_t id;
        identity_make(&identities, &engine, point, seed, (struct hash128){data, 0}, &scratch, &key, &id);
        hash128_write(key, identity->key);
        hash64_write(id, identity->id);
    }
    assert_string_equal(first.key, again.key);
    assert_string_equal(first.id, again.id);
    identities_clear(&identities);
    text_clear(&scratch);
    diagnostics_clear(&diagnostics);
    arena_clear(&arena);
    return first;
}

static struct identity identify(const struct catalog *catalog, const char *text, const char *blas, uint64_t numerics,
                                uint64_t data) {
    return identify_seed(catalog, text, blas, numerics, data, 1);
}

/* XXH3-128 of what identity.h says, as the program gave it when whole trials were written and hashed. */
static void identities_stay_what_they_were(void **state) {
    (void)state;
    struct catalog_component components[4];
    struct catalog catalog;
    make_catalog(&catalog, components);
    struct identity identity = identify(&catalog, good, "OpenBLAS 1 Zen", 1, 7);
    assert_string_equal(identity.key, "478c4e377af55f169345e7004aa688aa");
    assert_string_equal(identity.id, "529cf38a4d820dda");
}

/* Numbers that follow the trial's seed are as if they were written out. */
static void a_point_gives_the_identities_of_its_trials(void **state) {
    (void)state;
    static const char form[] =
        "{\"model\": [{\"dense\": {\"units\": 9007199254740881, \"activation\": {\"relu\": {}}}}], "
        "\"train\": {\"init_seed\": %s, \"epochs\": 9007199254740882, \"order_seed\": %s}}";
    static const char *const seeds[] = {"0", "7", "123456789", "9007199254740881", "9007199254740882"};
    struct catalog_component components[4];
    struct catalog catalog;
    make_catalog(&catalog, components);
    struct arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof seeds / sizeof seeds[0]; i++) {
        int64_t seed = strtoll(seeds[i], NULL, 10);
        const char *open = arena_printf(&arena, form, "null", "null"),
                   *written = arena_printf(&arena, form, seeds[i], seeds[i]),
                   *another = arena_printf(&arena, form, "null", "5");
        struct identity a = identify_seed(&catalog, open, "blas", 3, 5, seed),
                        b = identify_seed(&catalog, written, "blas", 3, 5, seed),
                        c = identify_seed(&catalog, another, "blas", 3, 5, seed);
        assert_string_equal(a.key, b.key);
        assert_string_equal(a.id, b.id);
        assert_string_not_equal(a.id, c.id);
    }
    arena_clear(&arena);
}

static char *replace(const char *text, const char *old, const char *new) {
    struct text out;
    text_init(&out);
    const char *at = strstr(text, old);
    assert_non_null(at);
    text_add_bytes(&out, text, (size_t)(at - text));
    text_add(&out, new);
    text_add(&out, at + strlen(old));
    char *result = text_take(&out);
    text_clear(&out);
    return result;
}

static void expect(const struct identity *a, const struct identity *b, bool same_key, bool same_id) {
    assert_int_equal(strcmp(a->key, b->key) == 0, same_key);
    assert_int_equal(strcmp(a->id, b->id) == 0, same_id);
}

static void a_trial_is_what_decides_its_numbers(void **state) {
    (void)state;
    struct catalog_component components[4];
    struct catalog catalog;
    make_catalog(&catalog, components);
    struct identity base = identify(&catalog, good, "OpenBLAS 1 Zen", 1, 7), other;
    other = identify(&catalog, good, "OpenBLAS 1 Zen", 1, 7);
    expect(&base, &other, true, true);
    static const char *const changes[][2] = {
        {"\"units\": 3", "\"units\": 4"}, {"relu", "tanh"}, {"\"train\": 5", "\"train\": 6"}};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char *text = replace(good, changes[i][0], changes[i][1]);
        other = identify(&catalog, text, "OpenBLAS 1 Zen", 1, 7);
        expect(&base, &other, false, false);
        free(text);
    }
    other = identify_seed(&catalog, good, "OpenBLAS 1 Zen", 1, 7, 2);
    expect(&base, &other, false, false);
    other = identify(&catalog, good, "OpenBLAS 1 Zen", 1, 8); /* other data */
    expect(&base, &other, false, false);
}

static void where_files_lie_does_not_matter(void **state) {
    (void)state;
    struct catalog_component components[4];
    struct catalog catalog;
    make_catalog(&catalog, components);
    char *text = replace(good, "/a/b", "/elsewhere");
    struct identity base = identify(&catalog, good, "blas", 1, 7), other = identify(&catalog, text, "blas", 1, 7);
    expect(&base, &other, true, true);
    free(text);
}

/* It changes no number, so trials of before there were checkpoints keep their identities, and the key may be changed. */
static void how_often_a_trial_is_written_down_does_not_matter(void **state) {
    (void)state;
    struct catalog_component components[4];
    struct catalog catalog;
    make_catalog(&catalog, components);
    static const char *const trains[] = {"{\"epochs\": 3}", "{\"epochs\": 3, \"checkpoint\": null}",
                                         "{\"epochs\": 3, \"checkpoint\": \"5 epochs\"}"};
    struct identity base = {0};
    for (size_t i = 0; i < 3; i++) {
        struct text train;
        text_init(&train);
        text_printf(&train, "\"train\": %s, \"engine\"", trains[i]);
        char *text = replace(good, "\"engine\"", train.data);
        struct identity other = identify(&catalog, text, "blas", 1, 7);
        if (i == 0)
            base = other;
        expect(&base, &other, true, true);
        free(text);
        text_clear(&train);
    }
}

static void the_machinery_is_part_of_the_key_alone(void **state) {
    (void)state;
    struct catalog_component components[4];
    struct catalog catalog;
    make_catalog(&catalog, components);
    struct identity base = identify(&catalog, good, "OpenBLAS 1 Zen", 1, 7), other;
    other = identify(&catalog, good, "OpenBLAS 1 Haswell", 1, 7);
    expect(&base, &other, false, true);
    other = identify(&catalog, good, "OpenBLAS 1 Zen", 2, 7);
    expect(&base, &other, false, true);
    components[2].hash = "ee"; /* of a plugin within another's parameters */
    other = identify(&catalog, good, "OpenBLAS 1 Zen", 1, 7);
    expect(&base, &other, false, true);
    components[2].hash = "cc";
    components[3].hash = "ee"; /* of a plugin that is not used */
    other = identify(&catalog, good, "OpenBLAS 1 Zen", 1, 7);
    expect(&base, &other, true, true);
}

static void portable_products_do_not_depend_on_the_library(void **state) {
    (void)state;
    struct catalog_component components[4];
    struct catalog catalog;
    make_catalog(&catalog, components);
    char *text = replace(good, "openblas", "portable");
    struct identity base = identify(&catalog, text, "OpenBLAS 1 Zen", 1, 7),
                    other = identify(&catalog, text, "OpenBLAS 2 Zen", 1, 7);
    expect(&base, &other, true, true);
    free(text);
}

static void quotas_are_read_as_processors(void **state) {
    (void)state;
    assert_int_equal(cpus_of_quota("max 100000\n"), 0);
    assert_int_equal(cpus_of_quota("150000 100000\n"), 2);
    assert_int_equal(cpus_of_quota("100000 100000\n"), 1);
    assert_int_equal(cpus_of_quota("5000 100000\n"), 1);
    assert_int_equal(cpus_of_quota(""), 0);
    assert_int_equal(cpus_of_quota("junk"), 0);
    assert_true(cpus_usable() >= 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identities_stay_what_they_were),
        cmocka_unit_test(a_point_gives_the_identities_of_its_trials),
        cmocka_unit_test(a_trial_is_what_decides_its_numbers),
        cmocka_unit_test(where_files_lie_does_not_matter),
        cmocka_unit_test(how_often_a_trial_is_written_down_does_not_matter),
        cmocka_unit_test(the_machinery_is_part_of_the_key_alone),
        cmocka_unit_test(portable_products_do_not_depend_on_the_library),
        cmocka_unit_test(quotas_are_read_as_processors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
