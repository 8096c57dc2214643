#include "tests/unit/host/archive.h"

#include <math.h>

/* Written by NumPy 2.4.6:
   np.savez_compressed(f, x_train=np.array([[0.5, -1], [2, 3], [4, 5]], np.float32), y_train=np.array([0, 2, 1]),
       x_test=np.asfortranarray(np.array([[7, 8], [9, 10]], '>f8')), y_test=np.array([1, 0], np.uint8)) */
static const unsigned char compressed[] =
    "\x50\x4b\x03\x04\x2d\x00\x00\x00\x08\x00\x00\x00\x21\x00\x3e\xb9\x29\x97\xff\xff\xff\xff\xff\xff\xff\xff"
    "\x0b\x00\x14\x00\x78\x5f\x74\x72\x61\x69\x6e\x2e\x6e\x70\x79\x01\x00\x10\x00\x98\x00\x00\x00\x00\x00\x00"
    "\x00\x59\x00\x00\x00\x00\x00\x00\x00\x9b\xec\x17\xea\x1b\x10\xc9\xc8\x50\xc6\x50\xad\x9e\x92\x5a\x9c\x5c"
    "\xa4\x6e\xa5\xa0\x6e\x93\x66\xa2\xae\xa3\xa0\x9e\x96\x5f\x54\x52\x94\x98\x17\x9f\x5f\x94\x92\x0a\x12\x77"
    "\x4b\xcc\x29\x4e\x05\x8a\x17\x67\x24\x16\xa4\x02\xf9\x1a\xc6\x3a\x0a\x46\x9a\x3a\x0a\xb5\x0a\x64\x03\x2e"
    "\x06\x06\x06\x7b\x06\x86\x86\xfd\x40\xda\x01\x88\x80\xb8\x01\x88\x17\x38\x00\x00\x50\x4b\x03\x04\x2d\x00"
    "\x00\x00\x08\x00\x00\x00\x21\x00\xe6\xf3\x55\x4d\xff\xff\xff\xff\xff\xff\xff\xff\x0b\x00\x14\x00\x79\x5f"
    "\x74\x72\x61\x69\x6e\x2e\x6e\x70\x79\x01\x00\x10\x00\x98\x00\x00\x00\x00\x00\x00\x00\x4c\x00\x00\x00\x00"
    "\x00\x00\x00\x9b\xec\x17\xea\x1b\x10\xc9\xc8\x50\xc6\x50\xad\x9e\x92\x5a\x9c\x5c\xa4\x6e\xa5\xa0\x6e\x93"
    "\x69\xa1\xae\xa3\xa0\x9e\x96\x5f\x54\x52\x94\x98\x17\x9f\x5f\x94\x92\x0a\x12\x77\x4b\xcc\x29\x4e\x05\x8a"
    "\x17\x67\x24\x16\xa4\x02\xf9\x1a\xc6\x3a\x9a\x3a\x0a\xb5\x0a\x14\x00\x2e\x06\x28\x60\x82\xd2\x8c\x50\x1a"
    "\x00\x50\x4b\x03\x04\x2d\x00\x00\x00\x08\x00\x00\x00\x21\x00\x75\x4c\xfb\xbe\xff\xff\xff\xff\xff\xff\xff"
    "\xff\x0a\x00\x14\x00\x78\x5f\x74\x65\x73\x74\x2e\x6e\x70\x79\x01\x00\x10\x00\xa0\x00\x00\x00\x00\x00\x00"
    "\x00\x53\x00\x00\x00\x00\x00\x00\x00\x9b\xec\x17\xea\x1b\x10\xc9\xc8\x50\xc6\x50\xad\x9e\x92\x5a\x9c\x5c"
    "\xa4\x6e\xa5\xa0\x6e\x97\x66\xa1\xae\xa3\xa0\x9e\x96\x5f\x54\x52\x94\x98\x17\x9f\x5f\x94\x92\x0a\x12\x0f"
    "\x29\x2a\x4d\x05\x0a\x17\x67\x24\x16\xa4\x02\xb9\x1a\x46\x3a\x0a\x46\x9a\x3a\x0a\xb5\x0a\xe4\x03\x2e\x07"
    "\x19\x06\x30\x70\x50\x82\xd2\x0a\x50\x5a\x05\x42\x03\x00\x50\x4b\x03\x04\x2d\x00\x00\x00\x08\x00\x00\x00"
    "\x21\x00\x4e\x63\x6b\xb1\xff\xff\xff\xff\xff\xff\xff\xff\x0a\x00\x14\x00\x79\x5f\x74\x65\x73\x74\x2e\x6e"
    "\x70\x79\x01\x00\x10\x00\x82\x00\x00\x00\x00\x00\x00\x00\x46\x00\x00\x00\x00\x00\x00\x00\x9b\xec\x17\xea"
    "\x1b\x10\xc9\xc8\x50\xc6\x50\xad\x9e\x92\x5a\x9c\x5c\xa4\x6e\xa5\xa0\x5e\x53\x6a\xa8\xae\xa3\xa0\x9e\x96"
    "\x5f\x54\x52\x94\x98\x17\x9f\x5f\x94\x92\x0a\x12\x77\x4b\xcc\x29\x4e\x05\x8a\x17\x67\x24\x16\xa4\x02\xf9"
    "\x1a\x46\x3a\x9a\x3a\x0a\xb5\x0a\x14\x00\x2e\x46\x06\x00\x50\x4b\x01\x02\x2d\x03\x2d\x00\x00\x00\x08\x00"
    "\x00\x00\x21\x00\x3e\xb9\x29\x97\x59\x00\x00\x00\x98\x00\x00\x00\x0b\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    "\x00\x00\x80\x01\x00\x00\x00\x00\x78\x5f\x74\x72\x61\x69\x6e\x2e\x6e\x70\x79\x50\x4b\x01\x02\x2d\x03\x2d"
    "\x00\x00\x00\x08\x00\x00\x00\x21\x00\xe6\xf3\x55\x4d\x4c\x00\x00\x00\x98\x00\x00\x00\x0b\x00\x00\x00\x00"
    "\x00\x00\x00\x00\x00\x00\x00\x80\x01\x96\x00\x00\x00\x79\x5f\x74\x72\x61\x69\x6e\x2e\x6e\x70\x79\x50\x4b"
    "\x01\x02\x2d\x03\x2d\x00\x00\x00\x08\x00\x00\x00\x21\x00\x75\x4c\xfb\xbe\x53\x00\x00\x00\xa0\x00\x00\x00"
    "\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x01\x1f\x01\x00\x00\x78\x5f\x74\x65\x73\x74\x2e\x6e"
    "\x70\x79\x50\x4b\x01\x02\x2d\x03\x2d\x00\x00\x00\x08\x00\x00\x00\x21\x00\x4e\x63\x6b\xb1\x46\x00\x00\x00"
    "\x82\x00\x00\x00\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x01\xae\x01\x00\x00\x79\x5f\x74\x65"
    "\x73\x74\x2e\x6e\x70\x79\x50\x4b\x05\x06\x00\x00\x00\x00\x04\x00\x04\x00\xe2\x00\x00\x00\x30\x02\x00\x00"
    "\x00\x00";

#define NPZ "npz: {path: \"%s/%s\" %s}"
#define build_npz(setup, more) build_data(setup, NPZ, (setup)->folder, "a.npz", more)
#define refuse_npz(setup, words, more) refuse_data(setup, STATUS_CONFIG, words, NPZ, (setup)->folder, "a.npz", more)

/* x_train and y_train from dictionaries and bytes. */
static void write_two(struct setup *setup, const char *x, const void *x_bytes, size_t x_size, const char *y,
                      const void *y_bytes, size_t y_size) {
    struct archive archive;
    archive_init(&archive);
    archive_array(&archive, "x_train", x, x_bytes, x_size);
    archive_array(&archive, "y_train", y, y_bytes, y_size);
    archive_write(&archive, setup, "a.npz");
}

#define DICTIONARY(descr, fortran, shape) "{'descr': '" descr "', 'fortran_order': " fortran ", 'shape': " shape ", }"
#define C_ORDER(descr, shape) DICTIONARY(descr, "False", shape)
#define LABELS3 C_ORDER("|u1", "(3,)"), "\0\2\1", 3

static void numpys_archive_is_read(void **state) {
    struct setup *setup = *state;
    const struct data *data = &setup->data;
    write_bytes(setup, "a.npz", compressed, sizeof compressed - 1);
    build_npz(setup, "");
    assert_int_equal(data->rows[DATA_TRAIN], 3);
    assert_int_equal(data->rows[DATA_TEST], 2);
    assert_int_equal(data->classes, 3);
    assert_int_equal(data->element, RUNNER_F32);
    assert_true(data->scale == 1.0f);
    assert_int_equal(data->input.rank * 10 + data->input.size[0], 12);
    assert_memory_equal(data->inputs[DATA_TRAIN], ((float[]){0.5f, -1, 2, 3, 4, 5}), 24);
    assert_memory_equal(data->targets[DATA_TRAIN], ((int32_t[]){0, 2, 1}), 12);
    assert_memory_equal(data->inputs[DATA_TEST], ((float[]){7, 8, 9, 10}), 16);
    assert_memory_equal(data->targets[DATA_TEST], ((int32_t[]){1, 0}), 8);
    /* The archive is recorded once, as a whole. */
    const char *first = strstr(data->files, "\"bytes\": 808}");
    assert_non_null(first);
    assert_null(strstr(first + 1, "\"path\""));
}

/* Three values of each type, and what they are as float. */
static void all_types_are_read(void **state) {
    struct setup *setup = *state;
    static const struct {
        const char *dictionary, *bytes;
        size_t n;
        float wanted[3];
    } types[] = {
        {C_ORDER("|i1", "(3,)"), "\x80\xff\x7f", 3, {-128, -1, 127}},
        {C_ORDER("<i2", "(3,)"), "\x00\x80\xfe\xff\x02\x01", 6, {-32768, -2, 258}},
        {C_ORDER(">i2", "(3,)"), "\x80\x00\xff\xfe\x01\x02", 6, {-32768, -2, 258}},
        {C_ORDER("<u2", "(3,)"), "\x00\x80\xff\xff\x02\x01", 6, {32768, 65535, 258}},
        {C_ORDER("<i4", "(3,)"), "\xff\xff\xff\xff\x00\x00\x00\x80\x00\x00\x01\x00", 12, {-1, -2147483648.0f, 65536}},
        {C_ORDER(">u4", "(3,)"),
         "\xff\xff\xff\x00\x80\x00\x00\x00\x00\x01\x00\x00",
         12,
         {4294967040.0f, 2147483648.0f, 65536}},
        {C_ORDER("<i8", "(3,)"),
         "\xff\xff\xff\xff\xff\xff\xff\xff\x01\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0",
         24,
         {-1, 1, 4294967296.0f}},
        {C_ORDER("<u8", "(3,)"),
         "\0\0\0\0\0\0\0\x80\x01\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0",
         24,
         {9223372036854775808.0f, 1, 4294967296.0f}},
        /* np.float16([65504, 6e-8, 0.333]).view(np.uint16) and [-2.5, -0.0, 6.1e-5] */
        {C_ORDER("<f2", "(3,)"), "\xff\x7b\x01\x00\x54\x35", 6, {65504, 5.9604645e-08f, 0.3330078125f}},
        {C_ORDER(">f2", "(3,)"), "\xc1\x00\x80\x00\x03\xff", 6, {-2.5f, -0.0f, 6.0975552e-05f}},
        {C_ORDER("<f4", "(3,)"), "\x00\x00\x80\x3f\x00\x00\x20\xc0\x00\x00\x00\x80", 12, {1, -2.5f, -0.0f}},
        {C_ORDER(">f4", "(3,)"), "\x3f\x80\x00\x00\xc0\x20\x00\x00\x80\x00\x00\x00", 12, {1, -2.5f, -0.0f}},
        {C_ORDER("<f8", "(3,)"),
         "\0\0\0\0\0\0\xf0\x3f\0\0\0\0\0\0\x04\xc0\x9a\x99\x99\x99\x99\x99\xb9\x3f",
         24,
         {1, -2.5f, 0.1f}},
        {C_ORDER(">f8", "(3,)"),
         "\x3f\xf0\0\0\0\0\0\0\xc0\x04\0\0\0\0\0\0\x3f\xb9\x99\x99\x99\x99\x99\x9a",
         24,
         {1, -2.5f, 0.1f}},
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        write_two(setup, types[i].dictionary, types[i].bytes, types[i].n, LABELS3);
        build_npz(setup, "");
        assert_int_equal(setup->data.element, RUNNER_F32);
        assert_int_equal(setup->data.input.rank * 10 + setup->data.input.size[0], 11);
        assert_memory_equal(setup->data.inputs[DATA_TRAIN], types[i].wanted, 12);
        /* The same as targets. */
        write_two(setup, C_ORDER("|u1", "(3, 2)"), "abcdef", 6, types[i].dictionary, types[i].bytes, types[i].n);
        build_npz(setup, ", targets: values");
        assert_int_equal(setup->data.classes, 0);
        assert_int_equal(setup->data.target.rank, 0);
        assert_memory_equal(setup->data.targets[DATA_TRAIN], types[i].wanted, 12);
    }
}

static void bytes_and_bools_stay_bytes(void **state) {
    struct setup *setup = *state;
    const struct data *data = &setup->data;
    write_two(setup, C_ORDER("|u1", "(3, 2)"), "\x00\x01\x80\xff\x05\x06", 6, C_ORDER("|b1", "(3,)"), "\1\0\1", 3);
    build_npz(setup, ", scale: 0.5");
    assert_int_equal(data->element, RUNNER_U8);
    assert_true(data->scale == 0.5f);
    assert_int_equal(data->classes, 2);
    assert_memory_equal(data->inputs[DATA_TRAIN], "\x00\x01\x80\xff\x05\x06", 6);
    assert_memory_equal(data->targets[DATA_TRAIN], ((int32_t[]){1, 0, 1}), 12);
    write_two(setup, C_ORDER("|b1", "(3, 2)"), "\x00\x01\x00\x00\x02\x01", 6, LABELS3);
    build_npz(setup, "");
    assert_int_equal(data->element, RUNNER_U8);
    assert_memory_equal(data->inputs[DATA_TRAIN], "\x00\x01\x00\x00\x01\x01", 6);
}

/* np.arange(24).reshape(2, 3, 4).tobytes('F') as bytes: 0 12 4 16 8 20 1 13 ... */
static void fortran_order_is_turned(void **state) {
    struct setup *setup = *state;
    static const unsigned char f[] = {0, 12, 4, 16, 8,  20, 1, 13, 5, 17, 9,  21,
                                      2, 14, 6, 18, 10, 22, 3, 15, 7, 19, 11, 23};
    write_two(setup, DICTIONARY("|u1", "True", "(2, 3, 4)"), f, 24, C_ORDER("|i1", "(2,)"), "\0\1", 2);
    build_npz(setup, "");
    assert_int_equal(setup->data.input.rank * 100 + setup->data.input.size[0] * 10 + setup->data.input.size[1], 234);
    for (int i = 0; i < 24; i++)
        assert_int_equal(((const unsigned char *)setup->data.inputs[DATA_TRAIN])[i], i);
    write_two(setup, DICTIONARY("|i1", "True", "(2, 3, 4)"), f, 24, C_ORDER("|i1", "(2,)"), "\0\1", 2);
    build_npz(setup, ", shape: [12, 1]");
    assert_int_equal(setup->data.input.rank * 1000 + setup->data.input.size[0] * 10 + setup->data.input.size[1], 2121);
    for (int i = 0; i < 24; i++)
        assert_true(((const float *)setup->data.inputs[DATA_TRAIN])[i] == (float)i);
    refuse_npz(setup, "`shape` has 13 elements|example of x_train has 12", ", shape: [13]");
}

static void targets_are_labels_values_or_one_hot(void **state) {
    struct setup *setup = *state;
    const struct data *data = &setup->data;
#define X3 C_ORDER("|u1", "(3,)"), "abc", 3
    write_two(setup, X3, C_ORDER("|u1", "(3, 1)"), "\3\0\1", 3);
    build_npz(setup, "");
    assert_int_equal(data->classes, 4);
    assert_memory_equal(data->targets[DATA_TRAIN], ((int32_t[]){3, 0, 1}), 12);
    build_npz(setup, ", classes: 10");
    assert_int_equal(data->classes, 10);
    refuse_npz(setup, "/a.npz: y_train.npy: row 0: label 3 is out of range, wanted 0 to 2", ", classes: 3");
    build_npz(setup, ", targets: values");
    assert_int_equal(data->target.rank * 10 + data->target.size[0], 11);
    assert_memory_equal(data->targets[DATA_TRAIN], ((float[]){3, 0, 1}), 12);
    /* tf.keras.utils.to_categorical([1, 0, 2]) */
    write_two(setup, X3, C_ORDER("|i1", "(3, 3)"), "\0\1\0\1\0\0\0\0\1", 9);
    build_npz(setup, "");
    assert_int_equal(data->classes, 3);
    assert_memory_equal(data->targets[DATA_TRAIN], ((int32_t[]){1, 0, 2}), 12);
    build_npz(setup, ", targets: values");
    assert_int_equal(data->target.size[0], 3);
    assert_memory_equal(data->targets[DATA_TRAIN], ((float[]){0, 1, 0, 1, 0, 0, 0, 0, 1}), 36);
    refuse_npz(setup, "one-hot of 3 classes|`classes` is 4", ", classes: 4");
    write_two(setup, X3, C_ORDER("|i1", "(3, 3)"), "\0\1\0\1\0\0\0\1\1", 9);
    build_npz(setup, "");
    assert_int_equal(data->classes, 0);
    refuse_npz(setup, "y_train.npy has 3 values|one label", ", targets: labels");
    write_two(setup, X3, C_ORDER("<f4", "(3,)"), "\0\0\x80\x3f\0\0\0\x40\0\0\0\0", 12); /* 1, 2, 0 */
    build_npz(setup, ", targets: labels");
    assert_memory_equal(data->targets[DATA_TRAIN], ((int32_t[]){1, 2, 0}), 12);
    build_npz(setup, "");
    assert_int_equal(data->classes, 0);
    write_two(setup, X3, C_ORDER("<f4", "(3,)"), "\0\0\x80\x3f\0\0\0\x3f\0\0\0\0", 12); /* 1, 0.5, 0 */
    refuse_npz(setup, "row 1: label 0.5", ", targets: labels");
    write_two(setup, X3, C_ORDER("|i1", "(3,)"), "\0\1\xff", 3);
    refuse_npz(setup, "row 2: label -1", "");
    write_two(setup, X3, C_ORDER("<i4", "(3,)"), "\0\0\0\0\0\0\x02\0\0\0\0\0", 12);
    refuse_npz(setup, "row 1: label 131072 would make more than 65536 classes|targets: values", "");
}

static void splits_subsets_and_names(void **state) {
    struct setup *setup = *state;
    const struct data *data = &setup->data;
    struct archive archive;
    write_bytes(setup, "a.npz", compressed, sizeof compressed - 1);
    build_npz(setup, ", train: 2, test: 1");
    assert_int_equal(data->rows[DATA_TRAIN] * 10 + data->rows[DATA_TEST], 21);
    refuse_npz(setup, "`train` asks for 4 rows|a.npz has 3", ", train: 4");
    build_npz(setup, ", x_test: null");
    assert_int_equal(data->rows[DATA_TEST], 0);
    build_npz(setup, ", x_test: x_train, y_test: y_train");
    assert_int_equal(data->rows[DATA_TEST], 3);
    refuse_npz(setup, "/a.npz: has no array 'images', wanted for `x_train`", ", x_train: images");
    refuse_npz(setup, "/a.npz: has no array 'x_tst', wanted for `x_test`", ", x_test: x_tst");
    refuse_npz(setup, "x_test has 2 rows, but y_train has 3", ", x_train: x_test, x_test: x_train");
    /* An autoencoder, and a problem without inputs. */
    build_npz(setup, ", y_train: x_train, y_test: x_test");
    assert_int_equal(data->classes, 0);
    assert_memory_equal(data->targets[DATA_TRAIN], ((float[]){0.5f, -1, 2, 3, 4, 5}), 24);
    build_npz(setup, ", x_train: null, y_train: x_train, y_test: x_test");
    assert_int_equal(data->input.rank, 0);
    assert_int_equal(data->rows[DATA_TEST], 2);
    refuse_npz(setup, "`y_train` is null", ", y_train: null");
    archive_init(&archive);
    archive_array(&archive, "x_train", C_ORDER("|u1", "(1, 2)"), "ab", 2);
    archive_array(&archive, "y_train", C_ORDER("|u1", "(1,)"), "\0", 1);
    archive_array(&archive, "x_test", C_ORDER("|u1", "(1, 2)"), "ab", 2);
    archive_write(&archive, setup, "a.npz");
    refuse_npz(setup, "/a.npz: has 'x_test' for the test split, but no 'y_test'", "");
    archive_init(&archive);
    archive_array(&archive, "x_train", C_ORDER("|u1", "(1, 2)"), "ab", 2);
    archive_array(&archive, "y_train", C_ORDER("|u1", "(1,)"), "\0", 1);
    archive_array(&archive, "x_test", C_ORDER("|u1", "(1, 3)"), "abc", 3);
    archive_array(&archive, "y_test", C_ORDER("|u1", "(1,)"), "\0", 1);
    archive_write(&archive, setup, "a.npz");
    refuse_npz(setup, "examples of x_train and x_test have different shapes", "");
}

static void constants_are_handed_on(void **state) {
    struct setup *setup = *state;
    struct archive archive;
    archive_init(&archive);
    archive_array(&archive, "x_train", C_ORDER("|u1", "(1, 2)"), "ab", 2);
    archive_array(&archive, "y_train", C_ORDER("|u1", "(1,)"), "\0", 1);
    archive_array(&archive, "c", DICTIONARY("|i1", "True", "(2, 3)"), "\1\4\2\5\3\6", 6);
    archive_array(&archive, "s", C_ORDER("|i1", "()"), "\xf9", 1);
    archive_write(&archive, setup, "a.npz");
    build_npz(setup, ", constants: [c, s]");
    const runner_constant *constants = setup->data.constants;
    assert_int_equal(setup->data.n_constants, 2);
    assert_string_equal(constants[0].name, "c");
    assert_int_equal(constants[0].shape.rank * 100 + constants[0].shape.size[0] * 10 + constants[0].shape.size[1], 223);
    assert_memory_equal(constants[0].values, ((float[]){1, 2, 3, 4, 5, 6}), 24);
    assert_int_equal(constants[1].shape.rank, 0);
    assert_true(constants[1].values[0] == -7);
    refuse_npz(setup, "no array 'd', wanted for `constants`", ", constants: d");
}

static const struct {
    const char *dictionary, *bytes;
    size_t n;
    const char *words;
} bad[] = {
    {C_ORDER("<f4", "(3, 2)"), "abcd", 4, "/a.npz: x_train.npy: truncated|4 bytes of values|announces 24"},
    {C_ORDER("<f4", "(1,)"), "abcde", 5, "x_train.npy: damaged|5 bytes|announces 4"},
    {C_ORDER("<f4", "()"), "abcd", 4, "x_train.npy: it is a single value"},
    {C_ORDER("<f4", "(0, 2)"), "", 0, "x_train.npy: it holds no examples"},
    {C_ORDER("<f4", "(3, 0)"), "", 0, "x_train.npy: a dimension is 0"},
    {C_ORDER("<f4", "(4294967296, 4294967296)"), "abcd", 4, "multiplies to more than 2^64"},
    {C_ORDER("<f4", "(18446744073709551616,)"), "abcd", 4, "header is damaged"},
    {C_ORDER("<f4", "(-1,)"), "abcd", 4, "header is damaged"},
    {C_ORDER("<f4", "(1, 2"), "abcd", 4, "header is damaged"},
    {C_ORDER("<f4", "(1 2)"), "abcd", 4, "header is damaged"},
    {C_ORDER("<f4", "(1,1,1,1,1,1,1,1)"), "abcd", 4, "8 dimensions, wanted at most 7"},
    {DICTIONARY("<f4", "Maybe", "(1,)"), "abcd", 4, "header is damaged"},
    {C_ORDER("|O", "(1,)"), "abcd", 4, "its type is object, wanted bool, integers"},
    {C_ORDER("<U5", "(1,)"), "abcd", 4, "its type is str"},
    {C_ORDER("<c8", "(1,)"), "abcdefgh", 8, "its type is complex"},
    {C_ORDER("<f3", "(1,)"), "abc", 3, "its type is <f3"},
    {C_ORDER("|i2", "(1,)"), "ab", 2, "its type is |i2"},
    {C_ORDER("<f16", "(1,)"), "abcdefghabcdefgh", 16, "its type is <f16"},
    {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "abcd", 4, "its type is a structure"},
    {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "abcd", 4, "header is damaged"},
    {"{'descr': '<f4', 'shape': (1,)}", "abcd", 4, "header is damaged"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}", "abcd", 4, "header is damaged"},
    {"{'descr': '<f4", "abcd", 4, "header is damaged"},
    {"{", "", 0, "header is damaged"},
    {"", "", 0, "header is damaged"},
    {C_ORDER("<f4", "(3,)"), "\0\0\0\0\0\0\xc0\x7f\0\0\0\0", 12, "train row 1: input 0 is nan"},
    {C_ORDER("<f8", "(3,)"), "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x9c\x75\0\x88\x3c\xe4\x37\x7e", 24,
     "train row 2: input 0 is inf"},
    {C_ORDER("|u1", "(2,)"), "ab", 2, "/a.npz: x_train has 2 rows, but y_train has 3"},
};

static void bad_arrays_are_refused_with_the_reason(void **state) {
    struct setup *setup = *state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        write_two(setup, bad[i].dictionary, bad[i].bytes, bad[i].n, LABELS3);
        refuse_npz(setup, bad[i].words, "");
    }
}

static void write_member(struct setup *setup, const void *bytes, size_t n) {
    struct archive archive;
    archive_init(&archive);
    archive_member(&archive, "x_train.npy", bytes, n);
    archive_array(&archive, "y_train", LABELS3);
    archive_write(&archive, setup, "a.npz");
}

static void bad_members_and_archives_are_refused(void **state) {
    struct setup *setup = *state;
    write_member(setup, "", 0);
    refuse_npz(setup, "/a.npz: x_train.npy: it does not start as a NumPy array", "");
    write_member(setup, "\x93NUMPY\4\0\1\0 abc", 14);
    refuse_npz(setup, "version 4", "");
    write_member(setup, "\x93NUMPY\1\0\xff\xff{}", 12);
    refuse_npz(setup, "truncated: it ends within its header", "");
    write_member(setup, "\x93NUMPY\2\0\2\0", 10);
    refuse_npz(setup, "truncated: it ends within its header", "");
    write_member(setup, "\x93NUMPY\2\0\xff\xff\xff\xff{}", 14);
    refuse_npz(setup, "truncated: it ends within its header", "");
    write_bytes(setup, "a.npz", "\x93NUMPY\1\0", 8);
    refuse_npz(setup, "/a.npz|does not start as a ZIP archive", "");
    write_bytes(setup, "a.npz", "", 0);
    refuse_npz(setup, "/a.npz|does not start as a ZIP archive", "");
    write_bytes(setup, "a.npz", compressed, sizeof compressed - 9);
    refuse_npz(setup, "/a.npz|no end of the directory", "");
    unsigned char changed[sizeof compressed];
    memcpy(changed, compressed, sizeof compressed);
    changed[100] ^= 1; /* in x_train's deflated data */
    write_bytes(setup, "a.npz", changed, sizeof compressed - 1);
    refuse_npz(setup, "/a.npz: x_train.npy|damaged", "");
    refuse_data(setup, STATUS_CONFIG, "/nothing|No such file", NPZ, setup->folder, "nothing", "");
}

/* Version 2 of the format, keys in another order and double quotes, as other writers have them. */
static void other_dialects_are_read(void **state) {
    struct setup *setup = *state;
    static const char array[] =
        "\x93NUMPY\2\0\x40\0\0\0{\"shape\":(3,1),\"descr\":\"|i1\",\"fortran_order\":False}            \n\1\2\3";
    write_member(setup, array, sizeof array - 1);
    build_npz(setup, "");
    assert_memory_equal(setup->data.inputs[DATA_TRAIN], ((float[]){1, 2, 3}), 12);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(numpys_archive_is_read, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(all_types_are_read, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(bytes_and_bools_stay_bytes, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(fortran_order_is_turned, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(targets_are_labels_values_or_one_hot, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(splits_subsets_and_names, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(constants_are_handed_on, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(bad_arrays_are_refused_with_the_reason, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(bad_members_and_archives_are_refused, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(other_dialects_are_read, setup_open, setup_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
