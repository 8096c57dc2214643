#include "tests/unit/host/data_setup.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sys/mman.h>

static float input(const struct data *data, enum data_split split, uint64_t row, int j) {
    return ((const float *)data->inputs[split])[2 * row + (uint64_t)j];
}

static void rows_arrive_in_order(void **state) {
    struct setup *setup = *state;
    const struct data *data = &setup->data;
    build_data(setup, "odd_data: {train: 2500, test: 8}");
    assert_int_equal(data->rows[DATA_TRAIN], 2500);
    assert_int_equal(data->rows[DATA_VALIDATION], 0);
    assert_int_equal(data->rows[DATA_TEST], 8);
    assert_int_equal(data->classes, 4);
    assert_int_equal(data->input.rank, 1);
    assert_int_equal(data->input.size[0], 2);
    assert_int_equal(data->target.rank, 0);
    assert_string_equal(data->files, "[]");
    for (uint64_t i = 0; i < 2500; i++) {
        assert_true(input(data, DATA_TRAIN, i, 0) == (float)i && input(data, DATA_TRAIN, i, 1) == (float)i + 0.0625f);
        assert_int_equal(labels_of(data, DATA_TRAIN)[i], i % 4);
    }
    for (uint64_t i = 0; i < 8; i++)
        assert_true(input(data, DATA_TEST, i, 0) == 100.0f + (float)i);
    for (int split = 0; split < DATA_SPLITS; split++)
        assert_int_equal((uintptr_t)data->inputs[split] % 64 + (uintptr_t)data->targets[split] % 64, 0);
}

static void values_and_no_inputs_are_kept(void **state) {
    struct setup *setup = *state;
    build_data(setup, "odd_data: {classes: 0, inputs: false, test: 0}");
    assert_int_equal(setup->data.rows[DATA_TEST], 0);
    assert_int_equal(setup->data.input.rank, 0);
    assert_int_equal(setup->data.target.size[0], 3);
    const float *targets = setup->data.targets[DATA_TRAIN];
    for (int i = 0; i < 120; i++)
        assert_true(targets[i] == (float)(i % 3));
}

static struct tree *resolved_odd(struct setup *setup) {
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    struct tree *name = tree_text(&setup->arena, (struct mark){0}, "odd_data");
    struct tree *resolved =
        component_resolve(&setup->loader.catalog, RUNNER_DATASET, name, "dataset", &setup->arena, &diagnostics);
    diagnostics_clear(&diagnostics);
    assert_non_null(resolved);
    return resolved;
}

static void memory_is_sealed(void **state) {
    struct setup *setup = *state;
    int fd = -1;
    assert_int_equal(data_build(&setup->loader, resolved_odd(setup), &fd, &setup->error), STATUS_OK);
    assert_int_equal(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    assert_int_equal(pwrite(fd, "x", 1, 0), -1);
    assert_int_equal(errno, EPERM);
    assert_ptr_equal(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
    close(fd);
}

static void map_refuses_what_is_no_data_set(void **state) {
    struct setup *setup = *state;
    unsigned char page[8192] = {0};
    int fd = -1;
    struct data data;
    assert_int_equal(data_build(&setup->loader, resolved_odd(setup), &fd, &setup->error), STATUS_OK);
    /* A page, then at multiples of 64: 40 rows of 8 and of 4 bytes, 8 rows of 8 and of 4 bytes, "[]". */
    assert_int_equal(pread(fd, page, sizeof page, 0), 4739);
    close(fd);
    /* byte changed, bytes written; the first is sound but for its size */
    const size_t damage[][2] = {{9000, 0}, {9000, 100}, {9000, 4096}, {9000, 8192},
                                {0, 4739}, {16, 4739},  {23, 4739},   {40, 4739}};
    for (size_t i = 0; i < sizeof damage / sizeof damage[0]; i++) {
        unsigned char changed[9001];
        memcpy(changed, page, sizeof page);
        changed[damage[i][0]] ^= 0x81;
        fd = memfd_create("junk", MFD_CLOEXEC);
        assert_int_equal(write(fd, changed, damage[i][1]), damage[i][1]);
        assert_int_equal(data_map(fd, &data, &setup->error), STATUS_ENVIRONMENT);
        assert_null(data.mapping);
        close(fd);
    }
    assert_int_equal(data_map(-1, &data, &setup->error), STATUS_ENVIRONMENT);
}

static void validation_is_stratified_and_keeps_order(void **state) {
    struct setup *setup = *state;
    const struct data *data = &setup->data;
    build_data(setup, "odd_data: {train: 3001, validation: 0.2}"); /* 751 rows of class 0, 750 of the others */
    assert_int_equal(data->rows[DATA_VALIDATION], 600);
    assert_int_equal(data->rows[DATA_TRAIN], 2401);
    uint64_t counts[4] = {0}, next[2] = {0};
    for (uint64_t i = 0; i < 600; i++)
        counts[labels_of(data, DATA_VALIDATION)[i]]++;
    for (int class = 0; class < 4; class ++)
        assert_int_equal(counts[class], 150);
    /* Each row is in exactly one of the splits, in order. */
    for (uint64_t i = 0; i < 3001; i++) {
        const bool held = next[1] < 600 && input(data, DATA_VALIDATION, next[1], 0) == (float)i;
        const enum data_split split = held ? DATA_VALIDATION : DATA_TRAIN;
        assert_true(next[held] < data->rows[split] && input(data, split, next[held], 0) == (float)i);
        assert_int_equal(labels_of(data, split)[next[held]++], i % 4);
    }
    /* Not simply the first rows or every fifth. */
    assert_true(input(data, DATA_VALIDATION, 599, 0) > 2900.0f);
    bool regular = true;
    for (uint64_t i = 1; i < 600; i++)
        regular &= input(data, DATA_VALIDATION, i, 0) - input(data, DATA_VALIDATION, i - 1, 0) == 5.0f;
    assert_false(regular);
}

static void validation_follows_the_seed(void **state) {
    struct setup *setup = *state;
    struct hash128 hash[3];
    const int seeds[3] = {1, 1, 2};
    for (int i = 0; i < 3; i++) {
        build_data(setup, "odd_data: {validation: 10, seed: %d}", seeds[i]);
        assert_int_equal(setup->data.rows[DATA_VALIDATION], 10);
        hash[i] = setup->data.hash;
    }
    assert_true(hash128_equal(hash[0], hash[1]));
    assert_false(hash128_equal(hash[0], hash[2]));
}

static void validation_of_values_and_of_one_row(void **state) {
    struct setup *setup = *state;
    build_data(setup, "odd_data: {classes: 0, validation: 0.5}");
    assert_int_equal(setup->data.rows[DATA_VALIDATION], 20);
    build_data(setup, "odd_data: {validation: 1}");
    assert_int_equal(setup->data.rows[DATA_VALIDATION], 1);
    build_data(setup, "odd_data: {validation: 39}");
    assert_int_equal(setup->data.rows[DATA_TRAIN], 1);
}

static void impossible_validation_is_refused(void **state) {
    struct setup *setup = *state;
    refuse_data(setup, STATUS_CONFIG, "takes 40 of 40 training rows|none to train on", "odd_data: {validation: 40}");
    refuse_data(setup, STATUS_CONFIG, "takes 41 of 40", "odd_data: {validation: 41}");
    refuse_data(setup, STATUS_CONFIG, "takes 40 of 40", "odd_data: {validation: 0.999}");
    refuse_data(setup, STATUS_CONFIG, "0.001|40 training rows is none", "odd_data: {validation: 0.001}");
}

static void hash_covers_rows_and_form(void **state) {
    struct setup *setup = *state;
    static const char *const forms[] = {"{}",           "{train: 41}",  "{train: 39}",     "{test: 9}",
                                        "{classes: 5}", "{classes: 0}", "{inputs: false}", "{validation: 4}"};
    struct hash128 hashes[8], again;
    for (int i = 0; i < 8; i++) {
        build_data(setup, "odd_data: %s", forms[i]);
        hashes[i] = setup->data.hash;
        for (int j = 0; j < i; j++)
            assert_false(hash128_equal(hashes[i], hashes[j]));
    }
    build_data(setup, "odd_data: {}");
    again = setup->data.hash;
    assert_true(hash128_equal(again, hashes[0]));
}

static void constants_arrive(void **state) {
    struct setup *setup = *state;
    const struct data *data = &setup->data;
    build_data(setup, "odd_data: {}");
    const struct hash128 none = data->hash;
    assert_int_equal(data->n_constants, 0);
    build_data(setup, "odd_data: {constants: 3}");
    assert_int_equal(data->n_constants, 3);
    assert_false(hash128_equal(none, data->hash));
    for (uint32_t k = 0; k < 3; k++) {
        const runner_constant *constant = &data->constants[k];
        assert_string_equal(constant->name, &"ccc"[2 - k]);
        assert_int_equal(constant->shape.rank, k > 0);
        assert_int_equal(constant->shape.size[0], k);
        assert_int_equal((uintptr_t)constant->values % 64, 0);
        for (uint32_t j = 0; j < (k > 0 ? k : 1); j++)
            assert_true(constant->values[j] == (float)(10 * k + j));
    }
    assert_string_equal(data->files, "[]");
}

/* Whatever bytes follow the header, mapping them gives constants within the mapping or none. */
static void damaged_constants_are_refused_or_stay_inside(void **state) {
    struct setup *setup = *state;
    unsigned char bytes[8192];
    struct arena *arena = &setup->arena;
    struct diagnostics diagnostics;
    struct data data;
    int fd = -1;
    diagnostics_init(&diagnostics);
    const char *line = "odd_data: {constants: 3}";
    const struct tree *written = yaml_read(line, strlen(line), "test", arena, &diagnostics);
    const struct tree *resolved =
        component_resolve(&setup->loader.catalog, RUNNER_DATASET, written, "dataset", arena, &diagnostics);
    diagnostics_clear(&diagnostics);
    assert_int_equal(data_build(&setup->loader, resolved, &fd, &setup->error), STATUS_OK);
    const ssize_t size = pread(fd, bytes, sizeof bytes, 0);
    close(fd);
    assert_true(size > 4800);
    unsigned refused = 0;
    for (ssize_t i = 4736; i < size; i++) { /* "[]", then the table of the constants */
        unsigned char changed[8192];
        memcpy(changed, bytes, sizeof bytes);
        changed[i] ^= 0xff;
        fd = memfd_create("junk", MFD_CLOEXEC);
        assert_int_equal(write(fd, changed, (size_t)size), size);
        if (data_map(fd, &data, &setup->error) == STATUS_OK) {
            for (uint32_t k = 0; k < data.n_constants; k++) {
                const char *start = data.mapping, *end = start + data.mapping_size;
                const runner_constant *constant = &data.constants[k];
                const char *values = (const char *)constant->values;
                assert_true(constant->name > start && constant->name + strlen(constant->name) < end);
                assert_true(values > start && values + 4 * runner_elements(&constant->shape) <= end);
            }
            data_unmap(&data);
        } else {
            refused++;
        }
        close(fd);
    }
    assert_true(refused > 20);
}

static void plugins_that_break_rules_are_refused(void **state) {
    struct setup *setup = *state;
    static const char *const table[][3] = {
        {"no_rows", "", "data set odd_data|no training rows"},
        {"many_rows", "", "more than 2^32 rows"},
        {"element", "", "unknown element type"},
        {"scale", "", "scale"},
        {"rank", "", "more than 6 dimensions"},
        {"empty", "", "dimension"},
        {"huge_row", "", "more bytes than"},
        {"open", "", "data set odd_data: no luck with 42"},
        {"silent", "", "odd_data: open() failed and gave no reason"},
        {"read", "", "odd_data: example 3 cannot be read"},
        {"label", "", "odd_data: test row 3: label 4 is out of range, wanted 0 to 3"},
        {"negative", "", "odd_data: test row 3: label -1 is out of range, wanted 0 to 3"},
        {"input", "", "odd_data: test row 3: input 0 is nan"},
        {"target", ", classes: 0", "odd_data: test row 3: target 0 is -inf"},
        {"memory", "", "memory outside open()"},
        {"missing", "", "odd_data|/nowhere/at/all"},
        {"loop", "", "open each other"},
        {"constant_twice", ", constants: 2", "data set odd_data: two constants are named 'c'"},
        {"constant_nan", ", constants: 3", "value 0 of the constant 'ccc' is nan"},
        {"constant_empty", ", constants: 3", "'ccc' has an empty"},
        {"constant_null", ", constants: 1", "'c' has no values"},
        {"none", ", constants: 1025", "1025 constants, wanted at most 1024"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        refuse_data(setup, STATUS_CONFIG, table[i][2], "odd_data: {fault: %s%s}", table[i][0], table[i][1]);
    assert_true(try_data(setup, "odd_data: {fault: huge_set}") != STATUS_OK);
    assert_words(setup, "odd_data|bytes");
    refuse_data(setup, STATUS_CONFIG, "2^31 classes", "odd_data: {classes: 3000000000}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_arrive_in_order, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(values_and_no_inputs_are_kept, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(memory_is_sealed, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(map_refuses_what_is_no_data_set, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(validation_is_stratified_and_keeps_order, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(validation_follows_the_seed, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(validation_of_values_and_of_one_row, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(impossible_validation_is_refused, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(hash_covers_rows_and_form, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(constants_arrive, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(damaged_constants_are_refused_or_stay_inside, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(plugins_that_break_rules_are_refused, setup_open, setup_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
