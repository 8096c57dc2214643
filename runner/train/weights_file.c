#include "runner/base/file.h"
#include "runner/base/hash.h"
#include "runner/base/npy.h"
#include "runner/base/zip.h"
#include "runner/base/zip_write.h"
#include "runner/train/weights.h"

#include <stdlib.h>
#include <string.h>

#define FILE_LIMIT ((size_t)1 << 40)
enum { MAX_LISTED = 8 };

static unsigned shape_of(const struct tensor *tensor, uint64_t size[RUNNER_MAX_RANK]) {
    const runner_shape *shape = &tensor->plan->shape;
    for (uint32_t i = 0; i < shape->rank; i++)
        size[i] = shape->size[i];
    return shape->rank;
}

enum status weights_write_file(const struct model *model, const struct weights_copy *copy, int fd,
                               struct error *error) {
    struct zip_writer writer;
    struct text head, name;
    struct arena arena;
    arena_init(&arena);
    text_init(&head);
    text_init(&name);
    zip_writer_init(&writer, fd);
    uint64_t largest = 0;
    for (size_t t = 0; t < model->n_tensors; t++)
        largest = model->tensors[t].elements > largest ? model->tensors[t].elements : largest;
    float *values = copy == NULL ? arena_array(&arena, largest, sizeof *values) : NULL;
    const float *at = copy == NULL ? values : copy->values;
    enum status status = STATUS_OK;
    for (size_t t = 0; t < model->n_tensors && status == STATUS_OK; t++) {
        const struct tensor *tensor = &model->tensors[t];
        uint64_t size[RUNNER_MAX_RANK];
        text_reset(&head);
        text_reset(&name);
        text_printf(&name, "%s.npy", tensor->name);
        npy_write_header(shape_of(tensor, size), size, &head);
        if (copy == NULL)
            tensor_read(tensor, values);
        status = zip_writer_add(&writer, name.data, head.data, head.length, at, tensor->elements * sizeof *at, error);
        if (copy != NULL)
            at += tensor->elements;
    }
    status = zip_writer_finish(&writer, status, error);
    text_clear(&name);
    text_clear(&head);
    arena_clear(&arena);
    return status;
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

/* One list of names for the error. */
struct list {
    struct text text;
    size_t count;
};

struct reading {
    const char *path;
    struct zip zip;
    struct list missing, unexpected, misshaped;
};

static struct text *list_next(struct list *list) {
    static const char dots[] = ", ...";
    if (list->count++ > 0)
        text_add(&list->text, list->count <= MAX_LISTED ? ", " : list->count == MAX_LISTED + 1 ? dots : "");
    return &list->text;
}

/* A name of the list, for as many as are shown. */
static void list_add(struct list *list, const char *name, unsigned rank, const uint64_t *size) {
    struct text *text = list_next(list);
    if (list->count > MAX_LISTED)
        return;
    text_add(text, name);
    if (size != NULL) {
        text_add_char(text, ' ');
        npy_write_shape(rank, size, text);
    }
}

static void list_add_misshaped(struct list *list, const struct tensor *tensor, const struct npy *npy) {
    uint64_t size[RUNNER_MAX_RANK];
    list_add(list, tensor->name, npy->rank, npy->size);
    if (list->count > MAX_LISTED)
        return;
    text_add(&list->text, " instead of ");
    npy_write_shape(shape_of(tensor, size), size, &list->text);
}

static bool same_shape(const struct tensor *tensor, const struct npy *npy) {
    uint64_t size[RUNNER_MAX_RANK];
    unsigned rank = shape_of(tensor, size);
    return rank == npy->rank && memcmp(size, npy->size, rank * sizeof *size) == 0;
}

static enum status read_tensor(struct reading *reading, struct tensor *tensor, bool check, struct error *error) {
    struct text name;
    text_init(&name);
    text_printf(&name, "%s.npy", tensor->name);
    const struct zip_member *member = zip_find(&reading->zip, name.data);
    text_clear(&name);
    if (member == NULL) {
        uint64_t size[RUNNER_MAX_RANK];
        unsigned rank = shape_of(tensor, size);
        list_add(&reading->missing, tensor->name, rank, size);
        return STATUS_OK;
    }
    unsigned char *bytes = NULL;
    struct npy npy;
    enum status status = zip_read(&reading->zip, member, FILE_LIMIT, &bytes, error);
    if (status != STATUS_OK)
        return status;
    status = npy_read(bytes, member->size, &npy, error);
    if (status != STATUS_OK) {
        error_prefix(error, "%s: %s", reading->path, tensor->name);
    } else if (!same_shape(tensor, &npy)) {
        list_add_misshaped(&reading->misshaped, tensor, &npy);
    } else if (!check) {
        float *values = memory_alloc(npy.count + 1, sizeof *values);
        npy_floats(&npy, values);
        tensor_write(tensor, values);
        free(values);
    }
    free(bytes);
    return status;
}

static void find_unexpected(struct reading *reading, const struct model *model) {
    for (size_t m = 0; m < reading->zip.count; m++) {
        const char *name = reading->zip.members[m].name;
        size_t n = strlen(name), t = 0;
        n -= n > 4 && strcmp(name + n - 4, ".npy") == 0 ? 4 : 0;
        while (t < model->n_tensors &&
               (strlen(model->tensors[t].name) != n || memcmp(model->tensors[t].name, name, n) != 0))
            t++;
        char *bare = memory_copy_text(name);
        bare[n] = '\0';
        if (t == model->n_tensors)
            list_add(&reading->unexpected, bare, 0, NULL);
        free(bare);
    }
}

static enum status judge(const struct reading *reading, struct error *error) {
    const struct list *missing = &reading->missing, *unexpected = &reading->unexpected,
                      *misshaped = &reading->misshaped;
    if (missing->count + unexpected->count + misshaped->count == 0)
        return STATUS_OK;
    struct text text;
    text_init(&text);
    if (missing->count > 0)
        text_printf(&text, "; missing: %s", missing->text.data);
    if (unexpected->count > 0)
        text_printf(&text, "; not in the model: %s", unexpected->text.data);
    if (misshaped->count > 0)
        text_printf(&text, "; of another shape: %s", misshaped->text.data);
    error_set(error, STATUS_CONFIG, "%s does not fit the model%s", reading->path, text.data);
    text_clear(&text);
    return STATUS_CONFIG;
}

static enum status read_all(struct model *model, const unsigned char *bytes, size_t n, const char *path, bool check,
                            struct error *error) {
    struct reading reading = {.path = path};
    struct arena arena;
    arena_init(&arena);
    text_init(&reading.missing.text);
    text_init(&reading.unexpected.text);
    text_init(&reading.misshaped.text);
    enum status status = zip_open(bytes, n, path, &arena, &reading.zip, error);
    for (size_t t = 0; t < model->n_tensors && status == STATUS_OK; t++)
        status = read_tensor(&reading, &model->tensors[t], check, error);
    if (status == STATUS_OK) {
        find_unexpected(&reading, model);
        status = judge(&reading, error);
    }
    text_clear(&reading.misshaped.text);
    text_clear(&reading.unexpected.text);
    text_clear(&reading.missing.text);
    arena_clear(&arena);
    return status;
}

enum status weights_read_init(struct model *model, const struct tree *init, bool check, struct error *error) {
    const struct tree *file = tree_get(init, "file"), *sha256 = tree_get(init, "sha256");
    if (file == NULL || file->type != TREE_TEXT)
        return STATUS_OK;
    unsigned char *bytes = NULL;
    size_t n = 0;
    char digits[65];
    enum status status = file_read(file->text, FILE_LIMIT, &bytes, &n, error);
    if (status != STATUS_OK)
        return status;
    if (sha256 != NULL && sha256->type == TREE_TEXT && strcmp(sha256_hex(bytes, n, digits), sha256->text) != 0)
        status = error_set(error, STATUS_CONFIG, "%s has changed since this run began", file->text);
    if (status == STATUS_OK)
        status = read_all(model, bytes, n, file->text, check, error);
    free(bytes);
    return status;
}
