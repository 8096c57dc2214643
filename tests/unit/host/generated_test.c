/* The generated data sets spirals and xor, and cifar10's files. */
#include "tests/unit/host/archive.h"

#include <math.h>

static void xor_is_the_parity_of_the_corners(void **state) {
    struct setup *setup = *state;
    const struct data *data = &setup->data;
    build_data(setup, "xor");
    assert_int_equal(data->rows[DATA_TRAIN] * 10 + data->rows[DATA_TEST], 44);
    assert_int_equal(data->classes, 2);
    assert_memory_equal(data->inputs[DATA_TRAIN], ((float[]){0, 0, 0, 1, 1, 0, 1, 1}), 32);
    assert_memory_equal(data->inputs[DATA_TEST], data->inputs[DATA_TRAIN], 32);
    assert_memory_equal(data->targets[DATA_TRAIN], ((int32_t[]){0, 1, 1, 0}), 16);
    build_data(setup, "xor: {bits: 3, train: 9, test: 0}");
    assert_int_equal(data->rows[DATA_TRAIN] * 10 + data->rows[DATA_TEST], 90);
    assert_memory_equal(data->targets[DATA_TRAIN], ((int32_t[]){0, 1, 1, 0, 1, 0, 0, 1, 0}), 36);
}

/* Noise has the deviation that is asked for, differs between the splits and follows the seed. */
static void xor_noise_is_normal(void **state) {
    struct setup *setup = *state;
    const struct data *data = &setup->data;
    struct hash128 hashes[3];
    for (int run = 0; run < 3; run++) {
        build_data(setup, "xor: {train: 20000, test: 20000, noise: 0.25, seed: %d}", run / 2);
        hashes[run] = data->hash;
        const float *x[2] = {data->inputs[DATA_TRAIN], data->inputs[DATA_TEST]};
        double sum = 0, squares = 0, both = 0;
        for (int i = 0; i < 40000; i++) {
            const double corner = i % 2 == 1 ? (i / 2) % 2 : (i / 4) % 2, noise = (double)x[0][i] - corner;
            sum += noise;
            squares += noise * noise;
            both += noise * ((double)x[1][i] - corner);
        }
        assert_true(fabs(sum / 40000) < 5 * 0.25 / 200);
        assert_true(fabs(squares / 40000 - 0.0625) < 5 * 0.0625 * sqrt(2) / 200);
        assert_true(fabs(both / 40000) < 5 * 0.0625 / 200);
    }
    assert_true(hash128_equal(hashes[0], hashes[1]));
    assert_false(hash128_equal(hashes[0], hashes[2]));
}

/* Without noise a point gives its class away: its angle less that of its radius. libm's atan2() is the other source. */
static void spirals_wind_as_they_say(void **state) {
    struct setup *setup = *state;
    const struct data *data = &setup->data;
    const double pi = 3.14159265358979323846;
    static const struct {
        int classes;
        double turns;
    } cases[] = {{2, 1}, {3, 1.75}, {5, 0}, {2, 12.3}};
    for (int c = 0; c < 4; c++) {
        build_data(setup, "spirals: {train: 3000, test: 7, classes: %d, turns: %g, noise: 0}", cases[c].classes,
                   cases[c].turns);
        assert_int_equal(data->rows[DATA_TRAIN], 3000);
        assert_int_equal(data->rows[DATA_TEST], 7);
        const float *x = data->inputs[DATA_TRAIN];
        double sum = 0;
        for (int i = 0; i < 3000; i++) {
            const double radius = hypot((double)x[2 * i], (double)x[2 * i + 1]);
            const double angle = 2 * pi * (cases[c].turns * radius + (double)(i % cases[c].classes) / cases[c].classes);
            assert_true(radius < 1 + 1e-6);
            assert_true(fabs((double)x[2 * i] - radius * cos(angle)) < 1e-5);
            assert_true(fabs((double)x[2 * i + 1] - radius * sin(angle)) < 1e-5);
            assert_int_equal(labels_of(data, DATA_TRAIN)[i], i % cases[c].classes);
            sum += radius;
        }
        assert_true(fabs(sum / 3000 - 0.5) < 5 * sqrt(1.0 / 12 / 3000));
    }
}

static void spirals_follow_the_seed_and_prefixes_stay(void **state) {
    struct setup *setup = *state;
    float first[40];
    build_data(setup, "spirals: {train: 20}");
    memcpy(first, setup->data.inputs[DATA_TRAIN], sizeof first);
    build_data(setup, "spirals: {train: 100}");
    assert_memory_equal(first, setup->data.inputs[DATA_TRAIN], sizeof first);
    assert_memory_not_equal(first, setup->data.inputs[DATA_TEST], sizeof first);
    build_data(setup, "spirals: {train: 20, seed: 1}");
    assert_memory_not_equal(first, setup->data.inputs[DATA_TRAIN], sizeof first);
}

/* ---- cifar10 ---- */

enum { PLANE = 1024, RECORD = 3073 };

/* Record i of a file: label (number + i) % 10; pixel p of plane c is 7 i + 50 c + p. */
static void write_batch(struct setup *setup, const char *name, int number, int rows, size_t cut) {
    unsigned char *bytes = malloc((size_t)rows * RECORD);
    assert_non_null(bytes);
    for (int i = 0; i < rows; i++) {
        bytes[i * RECORD] = (unsigned char)((number + i) % 10);
        for (int p = 0; p < 3 * PLANE; p++)
            bytes[i * RECORD + 1 + p] = (unsigned char)(7 * i + 50 * (p / PLANE) + p % PLANE);
    }
    write_bytes(setup, name, bytes, (size_t)rows * RECORD - cut);
    free(bytes);
}

static void write_all(struct setup *setup) {
    char name[32];
    for (int k = 1; k <= 5; k++) {
        snprintf(name, sizeof name, "data_batch_%d.bin", k);
        write_batch(setup, name, k, k, 0);
    }
    write_batch(setup, "test_batch.bin", 0, 2, 0);
}

static void cifar10_turns_planes_to_pixels(void **state) {
    struct setup *setup = *state;
    const struct data *data = &setup->data;
    write_all(setup);
    build_data(setup, "cifar10: {path: \"%s\"}", setup->folder);
    assert_int_equal(data->rows[DATA_TRAIN], 15);
    assert_int_equal(data->rows[DATA_TEST], 2);
    assert_int_equal(data->classes, 10);
    assert_int_equal(data->element, RUNNER_U8);
    assert_true(data->scale == 1.0f / 255.0f);
    assert_int_equal(data->input.size[0] * 10000 + data->input.size[1] * 100 + data->input.size[2], 323203);
    const unsigned char *image = data->inputs[DATA_TRAIN];
    for (int k = 1; k <= 5; k++)
        for (int i = 0; i < k; i++, image += 3 * PLANE) {
            assert_int_equal(labels_of(data, DATA_TRAIN)[k * (k - 1) / 2 + i], (k + i) % 10);
            for (int p = 0; p < 3 * PLANE; p++)
                assert_int_equal(image[p], (unsigned char)(7 * i + 50 * (p % 3) + p / 3));
        }
    /* Files that are not needed are not read. */
    build_data(setup, "cifar10: {path: \"%s\", train: 3, test: 0, scale: 1}", setup->folder);
    assert_int_equal(data->rows[DATA_TRAIN], 3);
    assert_non_null(strstr(data->files, "data_batch_2.bin"));
    assert_null(strstr(data->files, "data_batch_3.bin"));
    assert_null(strstr(data->files, "test_batch.bin"));
    assert_int_equal(setenv("RUNNER_DATA", setup->folder, 1), 0);
    refuse_data(setup, STATUS_CONFIG, "data_batch_1.bin|cifar10", "cifar10");
    assert_int_equal(unsetenv("RUNNER_DATA"), 0);
}

static void cifar10_refuses_what_is_no_batch(void **state) {
    struct setup *setup = *state;
#define REFUSE(words, more) refuse_data(setup, STATUS_CONFIG, words, "cifar10: {path: \"%s\" %s}", setup->folder, more)
    write_all(setup);
    REFUSE("`train` asks for 16 rows, but the files have 15", ", train: 16");
    write_batch(setup, "data_batch_3.bin", 3, 3, 1);
    REFUSE("/data_batch_3.bin: has 9218 bytes, wanted records of 3073 bytes", "");
    write_batch(setup, "data_batch_3.bin", 3, 1, RECORD);
    REFUSE("/data_batch_3.bin: has 0 bytes", "");
    write_all(setup);
    unsigned char record[2 * RECORD] = {0};
    record[RECORD] = 10;
    write_bytes(setup, "test_batch.bin", record, sizeof record);
    REFUSE("/test_batch.bin: record 1: label 10, wanted 0 to 9", "");
    char path[300];
    snprintf(path, sizeof path, "%s/data_batch_5.bin", setup->folder);
    assert_int_equal(remove(path), 0);
    REFUSE("found neither data_batch_5.bin nor data_batch_5.bin.gz", "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(xor_is_the_parity_of_the_corners, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(xor_noise_is_normal, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(spirals_wind_as_they_say, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(spirals_follow_the_seed_and_prefixes_stay, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(cifar10_turns_planes_to_pixels, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(cifar10_refuses_what_is_no_batch, setup_open, setup_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
