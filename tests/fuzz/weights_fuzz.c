/*
 * Weights from an .npz file (`init: {file: ...}`) into a small model: it is refused with a reason, or all tensors are set and, written
 * again, are the same. The first byte chooses between an archive, and an array that stands for both tensors in an archive.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/host/archive_form.h"

#include "runner/base/tree.h"
#include "runner/train/weights.h"

#include <fcntl.h>
#include <math.h>

static const runner_tensor kernel = {.shape = {.rank = 2, .size = {3, 2}}}, bias = {.shape = {.rank = 1, .size = {2}}};

static void make_model(struct model *model, struct tensor tensors[2], float *memory) {
    tensors[0] = (struct tensor){
        .name = "dense_1/kernel", .plan = &kernel, .rows = 3, .columns = 2, .elements = 6, .panel = 2, .pitch = 2};
    tensors[1] = (struct tensor){
        .name = "dense_1/bias", .plan = &bias, .rows = 1, .columns = 2, .elements = 2, .panel = 2, .pitch = 2};
    tensors[0].weights = memory;
    tensors[1].weights = memory + 6;
    *model = (struct model){.tensors = tensors, .n_tensors = 2};
}

static const char *archive_of(const uint8_t *bytes, size_t n) {
    struct archive archive;
    archive_init(&archive);
    archive_member(&archive, "dense_1/kernel.npy", bytes, n);
    archive_array(&archive, "dense_1/bias", "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }",
                  "\0\0\0\0\0\0\0\0", 8);
    archive_end(&archive);
    const char *path = fuzz_file(archive.bytes.data, archive.bytes.length);
    archive_clear(&archive);
    return path;
}

static struct tree *init_of(struct arena *arena, const char *path) {
    const struct mark nowhere = {0};
    struct tree *init = tree_map(arena, nowhere);
    tree_set(arena, init, "file", nowhere, tree_text(arena, nowhere, path));
    return init;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct arena arena;
    struct model model;
    struct tensor tensors[2];
    struct error error = {0};
    float read[8] = {0}, again[8] = {0};
    if (n == 0)
        return 0;
    arena_init(&arena);
    const struct tree *init =
        init_of(&arena, bytes[0] & 1 ? archive_of(bytes + 1, n - 1) : fuzz_file(bytes + 1, n - 1));
    make_model(&model, tensors, read);
    enum status status = weights_read_init(&model, init, true, &error);
    FUZZ_CHECK((status == STATUS_OK) == (error.text[0] == '\0') && (status == STATUS_OK || status == STATUS_CONFIG));
    FUZZ_CHECK(weights_read_init(&model, init, false, &error) == status);
    if (status == STATUS_OK) {
        const char *path = fuzz_file("", 0);
        int fd = open(path, O_RDWR | O_CLOEXEC);
        FUZZ_CHECK(fd >= 0 && weights_write_file(&model, NULL, fd, &error) == STATUS_OK && close(fd) == 0);
        make_model(&model, tensors, again);
        FUZZ_CHECK(weights_read_init(&model, init_of(&arena, path), false, &error) == STATUS_OK);
        for (size_t i = 0; i < 8; i++) /* a NaN's bits may change where a float64 was read */
            FUZZ_CHECK(isnan(read[i]) ? isnan(again[i]) : memcmp(&read[i], &again[i], sizeof *read) == 0);
    }
    arena_clear(&arena);
    return 0;
}
