#include "tests/unit/host/data_setup.h"

#include <math.h>
#include <zlib.h>

static void write_bytes(struct setup *setup, const char *name, const void *bytes, size_t n) {
    char path[300];
    snprintf(path, sizeof path, "%s/%s", setup->folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static void write_gzip(struct setup *setup, const char *name, const void *bytes, unsigned n) {
    char path[300];
    snprintf(path, sizeof path, "%s/%s", setup->folder, name);
    gzFile file = gzopen(path, "wb");
    assert_int_equal(gzwrite(file, bytes, n), n);
    assert_int_equal(gzclose(file), Z_OK);
}

/* Bytes written by hand from the description of the format, so that they are independent of the reader. */
#define IMAGES "\0\0\x08\x03\0\0\0\x03\0\0\0\x02\0\0\0\x02"
#define PIXELS "\x00\x01\x02\x03\x04\x05\x06\x07\xfc\xfd\xfe\xff"
#define LABELS "\0\0\x08\x01\0\0\0\x03"
#define WRITE(setup, name, literal) write_bytes(setup, name, literal, sizeof(literal) - 1)

static void write_good(struct setup *setup) {
    WRITE(setup, "images", IMAGES PIXELS);
    WRITE(setup, "labels", LABELS "\x02\x00\x01");
}

/* A data set of the folder's `images` and `labels`, with more parameters. */
#define IDX "idx: {train_images: \"%s/%s\", train_labels: \"%s/%s\" %s}"
#define ARGUMENTS(setup, images, labels, more) (setup)->folder, images, (setup)->folder, labels, more
#define build_idx(setup, more) build_data(setup, IDX, ARGUMENTS(setup, "images", "labels", more))
#define refuse_idx(setup, words, more)                                                                                 \
    refuse_data(setup, STATUS_CONFIG, words, IDX, ARGUMENTS(setup, "images", "labels", more))

static void bytes_stay_bytes(void **state) {
    struct setup *setup = *state;
    const struct data *data = &setup->data;
    write_good(setup);
    build_idx(setup, "");
    assert_int_equal(data->rows[DATA_TRAIN], 3);
    assert_int_equal(data->rows[DATA_TEST], 0);
    assert_int_equal(data->classes, 3);
    assert_int_equal(data->element, RUNNER_U8);
    assert_true(data->scale == 1.0f / 255.0f);
    assert_int_equal(data->input.rank, 3);
    assert_int_equal(data->input.size[0] * 100 + data->input.size[1] * 10 + data->input.size[2], 221);
    assert_memory_equal(data->inputs[DATA_TRAIN], PIXELS, 12);
    assert_memory_equal(data->targets[DATA_TRAIN], ((int32_t[]){2, 0, 1}), 12);
}

/* The hashes are those of sha256sum. */
static void files_are_recorded(void **state) {
    struct setup *setup = *state;
    char wanted[900];
    write_good(setup);
    build_idx(setup, "");
    snprintf(
        wanted, sizeof wanted,
        "[{\"path\": \"%s/images\", \"sha256\": \"4fb54030a1e36104a55e55494352644d5f00369f6b037c0dd65693ea4c7d61d2\", "
        "\"bytes\": 28}, {\"path\": \"%s/labels\", \"sha256\": "
        "\"6457582111c8e271041ce60d69e4b9fb2a5058bd79965242cb5d5fe5840d5707\", \"bytes\": 11}]",
        setup->folder, setup->folder);
    assert_string_equal(setup->data.files, wanted);
}

static void gzip_reads_the_same(void **state) {
    struct setup *setup = *state;
    write_good(setup);
    build_idx(setup, "");
    const struct hash128 plain = setup->data.hash;
    write_gzip(setup, "images", IMAGES PIXELS, 28);
    write_gzip(setup, "labels", LABELS "\x02\x00\x01", 11);
    build_idx(setup, "");
    assert_true(hash128_equal(plain, setup->data.hash));
    assert_non_null(strstr(setup->data.files, "\"bytes\": 28}"));
}

static void all_types_are_read(void **state) {
    struct setup *setup = *state;
    const float *values;
    WRITE(setup, "labels", "\0\0\x0c\x01\0\0\0\x02\0\0\x01\x00\0\0\0\x01");
    WRITE(setup, "images", "\0\0\x09\x02\0\0\0\x02\0\0\0\x01\xff\x7f");
    build_idx(setup, "");
    assert_int_equal(setup->data.classes, 257);
    assert_int_equal(labels_of(&setup->data, DATA_TRAIN)[0], 256);
    assert_int_equal(setup->data.element, RUNNER_F32);
    assert_int_equal(setup->data.input.rank, 1);
    values = setup->data.inputs[DATA_TRAIN];
    assert_true(values[0] == -1.0f && values[1] == 127.0f);
    WRITE(setup, "images", "\0\0\x0b\x01\0\0\0\x02\x80\x00\x01\x02"); /* scalars */
    WRITE(setup, "labels", "\0\0\x0b\x01\0\0\0\x02\x00\x05\x01\x00");
    build_idx(setup, ", scale: 2");
    assert_int_equal(setup->data.classes, 257);
    assert_true(setup->data.scale == 2.0f);
    assert_int_equal(setup->data.input.rank * 10 + setup->data.input.size[0], 11);
    values = setup->data.inputs[DATA_TRAIN];
    assert_true(values[0] == -32768.0f && values[1] == 258.0f);
    WRITE(setup, "labels", "\0\0\x09\x01\0\0\0\x02\x00\x7f");
    WRITE(setup, "images", "\0\0\x0c\x01\0\0\0\x02\xff\xff\xff\xfe\x00\x01\x00\x00");
    build_idx(setup, ", classes: 200");
    assert_int_equal(setup->data.classes, 200);
    values = setup->data.inputs[DATA_TRAIN];
    assert_true(values[0] == -2.0f && values[1] == 65536.0f);
    WRITE(setup, "images", "\0\0\x0d\x01\0\0\0\x02\x3f\x80\x00\x00\xc0\x20\x00\x00"); /* 1, -2.5 (IEEE 754) */
    build_idx(setup, "");
    values = setup->data.inputs[DATA_TRAIN];
    assert_true(values[0] == 1.0f && values[1] == -2.5f);
    WRITE(setup, "images", "\0\0\x0e\x01\0\0\0\x02\x3f\xf0\x00\x00\x00\x00\x00\x00\xc0\x04\x00\x00\x00\x00\x00\x00");
    build_idx(setup, "");
    values = setup->data.inputs[DATA_TRAIN];
    assert_true(values[0] == 1.0f && values[1] == -2.5f);
}

static void subsets_are_the_first_rows(void **state) {
    struct setup *setup = *state;
    char more[700];
    write_good(setup);
    snprintf(more, sizeof more, ", train: 2, test: 1, test_images: \"%s/images\", test_labels: \"%s/labels\"",
             setup->folder, setup->folder);
    build_idx(setup, more);
    assert_int_equal(setup->data.rows[DATA_TRAIN], 2);
    assert_int_equal(setup->data.rows[DATA_TEST], 1);
    assert_int_equal(setup->data.classes, 3);
    assert_memory_equal(setup->data.inputs[DATA_TRAIN], PIXELS, 8);
    assert_memory_equal(setup->data.inputs[DATA_TEST], PIXELS, 4);
    refuse_idx(setup, "`train`|4 rows|/images has 3", ", train: 4");
    refuse_idx(setup, "`test`|no `test_images`", ", test: 4");
}

static void test_files_must_fit(void **state) {
    struct setup *setup = *state;
    char more[700];
    write_good(setup);
    WRITE(setup, "other", "\0\0\x08\x02\0\0\0\x03\0\0\0\x04" PIXELS);
    snprintf(more, sizeof more, ", test_images: \"%s/other\", test_labels: \"%s/labels\"", setup->folder,
             setup->folder);
    refuse_idx(setup, "/images and |/other hold examples of different shapes", more);
    snprintf(more, sizeof more, ", test_images: \"%s/other\"", setup->folder);
    refuse_idx(setup, "`test_images` is given without `test_labels`", more);
    snprintf(more, sizeof more, ", test_labels: \"%s/other\"", setup->folder);
    refuse_idx(setup, "`test_labels` is given without `test_images`", more);
}

struct bad {
    const char *name; /* of the file that is bad: images or labels */
    const char *bytes;
    size_t n;
    const char *words;
};
#define BAD(name, literal, words)                                                                                      \
    { name, literal, sizeof(literal) - 1, words }

static const struct bad bad[] = {
    BAD("images", "", "/images|empty"),
    BAD("images", "\0\0\x08", "/images|ends after 3 bytes"),
    BAD("images", "\0\0\x08\x03\0\0\0\x03\0\0", "/images|ends after 10 bytes|header of 16 bytes"),
    BAD("images", "\x89PNG\r\n\x1a\n", "/images|89 50 4e 47|magic"),
    BAD("images", "\0\0\x0a\x03\0\0\0\x03\0\0\0\x02\0\0\0\x02" PIXELS, "/images|00 00 0a 03|type"),
    BAD("images", "\x03\x08\0\0" PIXELS, "/images|03 08 00 00"),
    BAD("images", "\0\0\x08\x00" PIXELS, "/images|0 dimensions|00 00 08 00"),
    BAD("images", "\0\0\x08\x08" PIXELS PIXELS PIXELS, "/images|8 dimensions|1 to 7"),
    BAD("images", "\0\0\x08\x03\0\0\0\0\0\0\0\x02\0\0\0\x02", "/images|no examples"),
    BAD("images", "\0\0\x08\x03\0\0\0\x03\0\0\0\x02\0\0\0\0", "/images|dimension 3 is 0"),
    BAD("images", IMAGES "\x00\x01\x02\x03\x04\x05\x06\x07\xfc\xfd\xfe", "/images|truncated|27 bytes|28"),
    BAD("images", IMAGES, "/images|truncated|16 bytes|28"),
    BAD("images", IMAGES PIXELS "\n", "/images|1 bytes behind|29 bytes|28"),
    BAD("images", "\0\0\x0e\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" PIXELS, "/images|2^63"),
    BAD("images", "\0\0\x08\x03\xff\xff\xff\xff\0\0\0\x02\0\0\0\x02" PIXELS, "/images|truncated|4294967295 rows"),
    BAD("images", "\0\0\x08\x03\0\0\0\x02\0\0\0\x02\0\0\0\x03" PIXELS, "/images has 2 images|/labels has 3 labels"),
    BAD("images", "\0\0\x0d\x01\0\0\0\x03\0\0\0\0\x7f\xc0\0\0\0\0\0\0", "train row 1|nan"),
    BAD("images", "\0\0\x0e\x01\0\0\0\x03\x7e\x37\xe4\x3c\x88\0\x75\x9c\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        "train row 0|inf"),
    BAD("images", "\x1f\x8b\x08\0\0\0\0\0\0\x03junk and more junk", "/images|gzip"),
    BAD("labels", "", "/labels|empty"),
    BAD("labels", "\0\0\x08\x01\0\0\0\x03\x02\x00", "/labels|truncated|10 bytes|11"),
    BAD("labels", "\0\0\x08\x01\0\0\0\x02\x02\x00", "3 images|2 labels"),
    BAD("labels", "\0\0\x08\x02\0\0\0\x03\0\0\0\x02\0\0\0\0\0\0", "/labels|2 dimensions|one"),
    BAD("labels", "\0\0\x08\x03\0\0\0\x03\0\0\0\x01\0\0\0\x01\0\0\0", "/labels|3 dimensions|one"),
    BAD("labels", "\0\0\x0d\x01\0\0\0\x03\0\0\0\0\0\0\0\0\0\0\0\0", "/labels|floating-point|integers"),
    BAD("labels", "\0\0\x09\x01\0\0\0\x03\x01\xfe\x00", "/labels: row 1: label -2 is negative"),
    BAD("labels", "\0\0\x08\x01\0\0\0\x03\x01\x02\x0a", "/labels: row 2: label 10 is out of range, wanted 0 to 9"),
    BAD("labels", "\0\0\x0c\x01\0\0\0\x03\0\0\0\0\x7f\xff\xff\xff\0\0\0\0", "/labels: row 1: label 2147483647"),
};

static void bad_files_are_refused_with_their_place(void **state) {
    struct setup *setup = *state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        write_good(setup);
        write_bytes(setup, bad[i].name, bad[i].bytes, bad[i].n);
        refuse_idx(setup, bad[i].words, ", classes: 10");
    }
    write_good(setup);
    WRITE(setup, "labels", "\0\0\x0c\x01\0\0\0\x03\0\0\0\0\x7f\xff\xff\xff\0\0\0\0");
    refuse_idx(setup, "/labels: row 1|65536 classes", "");
}

static void truncated_gzip_is_refused(void **state) {
    struct setup *setup = *state;
    char path[300];
    unsigned char noise[5000];
    for (unsigned i = 0; i < sizeof noise; i++)
        noise[i] = (unsigned char)(i * i * 31u >> 3);
    write_good(setup);
    write_gzip(setup, "images", noise, sizeof noise);
    snprintf(path, sizeof path, "%s/images", setup->folder);
    assert_int_equal(truncate(path, 60), 0);
    refuse_idx(setup, "/images|gzip", "");
}

static void missing_files_and_folders_are_refused(void **state) {
    struct setup *setup = *state;
    write_good(setup);
    refuse_data(setup, STATUS_CONFIG, "/nothing|No such file", IDX, ARGUMENTS(setup, "nothing", "labels", ""));
    refuse_data(setup, STATUS_CONFIG, "idx", IDX, ARGUMENTS(setup, "images", "", ""));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bytes_stay_bytes, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(files_are_recorded, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(gzip_reads_the_same, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(all_types_are_read, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(subsets_are_the_first_rows, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(test_files_must_fit, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(bad_files_are_refused_with_their_place, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(truncated_gzip_is_refused, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(missing_files_and_folders_are_refused, setup_open, setup_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
