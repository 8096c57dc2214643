/*
 * npz: arrays of a NumPy archive, as numpy.savez() and savez_compressed() write it.
 *
 * A member NAME.npy is an array in NumPy's format (NEP 1; versions 1 to 3): the bytes 93 "NUMPY", a version, the length of a
 * header, the header, which is a Python dictionary of descr, fortran_order and shape, and the values. The first dimension counts
 * the examples.
 *
 * Inputs of type uint8 and bool stay bytes; all other types become float32. Targets are labels where their type is an integer or
 * bool and there is one an example, or where each row is one-hot; all others are values. `targets` says otherwise.
 */
#include <runner/plugin.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* More classes than this are thought a slip unless the config names them. */
#define MOST_CLASSES 65536
#define MOST_DIMENSIONS 32 /* NumPy's; more than a data set can have are refused later, with a better reason */
#define U64(x) ((unsigned long long)(x))

enum targets { AUTO, LABELS, VALUES };
static const char *const targets_names[] = {"auto", "labels", "values", NULL};

struct npz_config {
    const char *path, *arrays[2][2]; /* by runner_split; x, y */
    runner_texts constants;
    int32_t targets;
    int64_t classes, rows[2];
    runner_ints shape;
    double scale;
};

enum { X, Y };

struct array {
    const char *path, *name;
    const unsigned char *values;
    char kind; /* NumPy's: b, i, u, f */
    int big, fortran;
    uint32_t size; /* bytes of a value */
    uint32_t rank;
    uint64_t shape[MOST_DIMENSIONS];
    uint64_t elements; /* of all */
};

struct npz {
    struct array arrays[2][2];
    uint64_t elements[2]; /* of an example, by X, Y */
    int one_hot;
};

/* ---- The header ---- */

struct cursor {
    const char *next, *end;
};

static void skip_spaces(struct cursor *cursor) {
    while (cursor->next < cursor->end && (*cursor->next == ' ' || *cursor->next == '\n' || *cursor->next == '\t'))
        cursor->next++;
}

static int take(struct cursor *cursor, char c) {
    skip_spaces(cursor);
    if (cursor->next == cursor->end || *cursor->next != c)
        return 0;
    cursor->next++;
    return 1;
}

static int take_word(struct cursor *cursor, const char *word) {
    const size_t length = strlen(word);
    skip_spaces(cursor);
    if ((size_t)(cursor->end - cursor->next) < length || memcmp(cursor->next, word, length) != 0)
        return 0;
    cursor->next += length;
    return 1;
}

/* A string in single or double quotes, cut to what fits. */
static int take_string(struct cursor *cursor, char *out, size_t size) {
    skip_spaces(cursor);
    const char quote = cursor->next < cursor->end ? *cursor->next : '\0';
    size_t length = 0;
    if (quote != '\'' && quote != '"')
        return 0;
    for (cursor->next++; cursor->next < cursor->end && *cursor->next != quote; cursor->next++)
        if (length + 1 < size)
            out[length++] = *cursor->next;
    out[length] = '\0';
    return take(cursor, quote);
}

static int take_shape(struct cursor *cursor, struct array *array) {
    if (!take(cursor, '('))
        return 0;
    while (!take(cursor, ')')) {
        uint64_t size = 0;
        int digits = 0;
        for (skip_spaces(cursor); cursor->next < cursor->end && *cursor->next >= '0' && *cursor->next <= '9'; digits++)
            if (__builtin_mul_overflow(size, 10, &size) ||
                __builtin_add_overflow(size, (uint64_t)(*cursor->next++ - '0'), &size))
                return 0;
        take(cursor, 'L'); /* Python 2's long integers */
        if (digits == 0 || array->rank == MOST_DIMENSIONS)
            return 0;
        array->shape[array->rank++] = size;
        if (!take(cursor, ',') && (cursor->next == cursor->end || *cursor->next != ')'))
            return 0;
    }
    return 1;
}

/* {'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), } in any order. */
static int parse_header(struct cursor *cursor, struct array *array, char descr[32]) {
    int seen = 0;
    if (!take(cursor, '{'))
        return 0;
    while (!take(cursor, '}')) {
        char key[32];
        if (!take_string(cursor, key, sizeof key) || !take(cursor, ':'))
            return 0;
        if (strcmp(key, "descr") == 0 && (seen & 1) == 0) {
            seen |= 1;
            skip_spaces(cursor);
            if (cursor->next < cursor->end && *cursor->next == '[') { /* fields: refused by its name */
                strcpy(descr, "a structure");
                return 1;
            }
            if (!take_string(cursor, descr, 32))
                return 0;
        } else if (strcmp(key, "fortran_order") == 0 && (seen & 2) == 0) {
            seen |= 2;
            array->fortran = take_word(cursor, "True");
            if (!array->fortran && !take_word(cursor, "False"))
                return 0;
        } else if (strcmp(key, "shape") == 0 && (seen & 4) == 0) {
            seen |= 4;
            if (!take_shape(cursor, array))
                return 0;
        } else {
            return 0;
        }
        take(cursor, ',');
    }
    return seen == 7;
}

/* "<f4" and the like; 0 for types without a number in them. */
static int parse_descr(const char *descr, struct array *array) {
    static const struct {
        char kind;
        const char *sizes;
    } kinds[] = {{'b', "1"}, {'i', "1248"}, {'u', "1248"}, {'f', "248"}};
    for (size_t i = 0; i < RUNNER_COUNT(kinds) && strlen(descr) == 3 && strchr("<>|=", descr[0]) != NULL; i++)
        if (descr[1] == kinds[i].kind && strchr(kinds[i].sizes, descr[2]) != NULL) {
            array->kind = descr[1];
            array->size = (uint32_t)(descr[2] - '0');
            array->big = descr[0] == '>';
            return array->size == 1 || descr[0] != '|';
        }
    return 0;
}

static int fail(runner_call *call, const struct array *array, const char *what) {
    return call->host->fail(call, "%s: %s.npy: %s", array->path, array->name, what);
}

static int read_header(runner_call *call, const runner_file *file, struct array *array) {
    const unsigned char *b = file->bytes;
    char descr[32] = "";
    if (file->size < 10 || memcmp(b, "\x93NUMPY", 6) != 0)
        return fail(call, array, "it does not start as a NumPy array (93 NUMPY), wanted one");
    if (b[6] < 1 || b[6] > 3)
        return call->host->fail(call, "%s: %s.npy: it has the version %d of NumPy's format, wanted 1, 2 or 3",
                                array->path, array->name, b[6]);
    const uint64_t start = b[6] == 1 ? 10 : 12;
    const uint64_t length =
        b[8] | (uint64_t)b[9] << 8 | (b[6] > 1 && file->size >= 12 ? (uint64_t)b[10] << 16 | (uint64_t)b[11] << 24 : 0);
    if (file->size < start || length > file->size - start)
        return fail(call, array, "truncated: it ends within its header");
    struct cursor cursor = {(const char *)b + start, (const char *)b + start + length};
    if (!parse_header(&cursor, array, descr))
        return fail(call, array,
                    "its header is damaged, wanted {'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }");
    if (!parse_descr(descr, array))
        return call->host->fail(call,
                                "%s: %s.npy: its type is %s, wanted bool, integers of 8 to 64 bits or floats of 16 "
                                "to 64 bits; convert it with .astype()",
                                array->path, array->name,
                                descr[0] == '\0'  ? "empty"
                                : descr[1] == 'O' ? "object"
                                : descr[1] == 'U' ? "str"
                                : descr[1] == 'c' ? "complex"
                                                  : descr);
    array->values = b + start + length;
    uint64_t wanted = array->size, there = file->size - start - length;
    array->elements = 1;
    for (uint32_t i = 0; i < array->rank; i++)
        if (__builtin_mul_overflow(wanted, array->shape[i], &wanted))
            return fail(call, array, "its shape multiplies to more than 2^64 bytes; the header is damaged");
    array->elements = wanted / array->size;
    if (there != wanted)
        return call->host->fail(call, "%s: %s.npy: %s: it has %llu bytes of values, its header announces %llu",
                                array->path, array->name, there < wanted ? "truncated" : "damaged", U64(there),
                                U64(wanted));
    return RUNNER_OK;
}

/* array->rank stays 0 and its values NULL where the archive has no such member. */
static int array_open(runner_call *call, const char *path, const char *name, struct array *array) {
    runner_file file;
    *array = (struct array){.path = path, .name = name};
    char *member = call->host->scratch(call, strlen(name) + 5);
    sprintf(member, "%s.npy", name);
    if (call->host->read_member(call, path, member, &file) != RUNNER_OK)
        return RUNNER_FAILED;
    return file.bytes == NULL ? RUNNER_OK : read_header(call, &file, array);
}

static int array_need(runner_call *call, const char *path, const char *name, const char *param, struct array *array) {
    if (array_open(call, path, name, array) != RUNNER_OK)
        return RUNNER_FAILED;
    if (array->values == NULL)
        return call->host->fail(call,
                                "%s: has no array '%s', wanted for `%s`; numpy.load(path).files lists what it has",
                                path, name, param);
    return RUNNER_OK;
}

/* ---- Values ---- */

static uint64_t bits_at(const struct array *array, uint64_t index) {
    const unsigned char *b = array->values + index * array->size;
    uint64_t bits = 0;
    for (uint32_t i = 0; i < array->size; i++)
        bits |= (uint64_t)b[array->big ? array->size - 1 - i : i] << (8 * i);
    return bits;
}

/* IEEE 754 binary16: 1 bit of sign, 5 of exponent, 10 of fraction. */
static double half(uint64_t bits) {
    const int exponent = (int)(bits >> 10 & 31), fraction = (int)(bits & 1023);
    const double size = exponent == 0    ? ldexp(fraction, -24)
                        : exponent == 31 ? (fraction == 0 ? (double)INFINITY : (double)NAN)
                                         : ldexp(1024 + fraction, exponent - 25);
    return bits >> 15 & 1 ? -size : size;
}

static int64_t signed_bits(const struct array *array, uint64_t bits) {
    const int unused = 64 - 8 * (int)array->size;
    return (int64_t)(bits << unused) >> unused;
}

static double value_at(const struct array *array, uint64_t index) {
    const uint64_t bits = bits_at(array, index);
    float single;
    double value;
    const uint32_t low = (uint32_t)bits;
    switch (array->kind) {
    case 'b': return bits != 0;
    case 'u': return (double)bits;
    case 'i': return (double)signed_bits(array, bits);
    default: break;
    }
    if (array->size == 2)
        return half(bits);
    memcpy(&single, &low, sizeof single);
    memcpy(&value, &bits, sizeof value);
    return array->size == 4 ? (double)single : value;
}

/* Where element e, counted row-major, of example `row` lies. */
static uint64_t place_of(const struct array *array, uint64_t row, uint64_t elements, uint64_t e) {
    if (!array->fortran)
        return row * elements + e;
    uint64_t place = 0;
    for (uint32_t d = array->rank; d-- > 1; e /= array->shape[d])
        place = place * array->shape[d] + e % array->shape[d];
    /* Horner from the last dimension, whose stride is the largest */
    return place * array->shape[0] + row;
}

/* ---- Opening ---- */

static int same_example(const struct array *a, const struct array *b) {
    return a->rank == b->rank && memcmp(a->shape + 1, b->shape + 1, (a->rank - 1) * sizeof a->shape[0]) == 0;
}

static int check_form(runner_call *call, const struct array *array) {
    if (array->rank == 0)
        return fail(call, array, "it is a single value, wanted an array whose first dimension counts the examples");
    if (array->elements == 0)
        return fail(call, array, array->shape[0] == 0 ? "it holds no examples" : "a dimension is 0");
    if (array->rank > RUNNER_MAX_RANK + 1)
        return call->host->fail(call, "%s: %s.npy: it has %u dimensions, wanted at most %d", array->path, array->name,
                                array->rank, RUNNER_MAX_RANK + 1);
    for (uint32_t i = 0; i < array->rank; i++)
        if (array->shape[i] > UINT32_MAX)
            return call->host->fail(call, "%s: %s.npy: dimension %u is %llu, wanted less than 2^32", array->path,
                                    array->name, i + 1, U64(array->shape[i]));
    return RUNNER_OK;
}

/* One array of a split. A test array may be missing where its name is the usual one. */
static int open_one(runner_call *call, const struct npz_config *from, int split, int part, struct array *array) {
    static const char *const params[2][2] = {{"x_train", "y_train"}, {"x_test", "y_test"}};
    const char *name = from->arrays[split][part], *param = params[split][part];
    if (part == X && from->arrays[RUNNER_TRAIN][X] == NULL)
        return RUNNER_OK; /* a problem without inputs */
    const int optional = split == RUNNER_TEST && strcmp(name, param) == 0;
    const int result =
        optional ? array_open(call, from->path, name, array) : array_need(call, from->path, name, param, array);
    return result != RUNNER_OK || array->values == NULL ? result : check_form(call, array);
}

static int open_split(runner_call *call, const struct npz_config *from, int split, struct npz *npz) {
    struct array *x = &npz->arrays[split][X], *y = &npz->arrays[split][Y];
    if (open_one(call, from, split, X, x) != RUNNER_OK || open_one(call, from, split, Y, y) != RUNNER_OK)
        return RUNNER_FAILED;
    const int no_x = x->values == NULL && from->arrays[RUNNER_TRAIN][X] != NULL;
    if (no_x && y->values == NULL)
        return RUNNER_OK; /* no test split */
    if (no_x || y->values == NULL)
        return call->host->fail(call, "%s: has '%s' for the test split, but no '%s'", from->path,
                                no_x ? y->name : x->name, no_x ? x->name : y->name);
    if (x->values != NULL && x->shape[0] != y->shape[0])
        return call->host->fail(call, "%s: %s has %llu rows, but %s has %llu", from->path, x->name, U64(x->shape[0]),
                                y->name, U64(y->shape[0]));
    return RUNNER_OK;
}

/* Bytes stay bytes. */
static int is_bytes(const struct array *array) {
    return array->size == 1 && array->kind != 'i';
}

static int open_arrays(runner_call *call, const struct npz_config *from, struct npz *npz) {
    if (from->arrays[RUNNER_TRAIN][Y] == NULL)
        return call->host->fail(
            call, "`y_train` is null, wanted the name of an array; for an autoencoder that of the inputs");
    const int has_test = from->arrays[RUNNER_TEST][Y] != NULL &&
                         (from->arrays[RUNNER_TEST][X] != NULL || from->arrays[RUNNER_TRAIN][X] == NULL);
    if (open_split(call, from, RUNNER_TRAIN, npz) != RUNNER_OK ||
        (has_test && open_split(call, from, RUNNER_TEST, npz) != RUNNER_OK))
        return RUNNER_FAILED;
    for (int part = X; part <= Y; part++) {
        const struct array *train = &npz->arrays[RUNNER_TRAIN][part], *test = &npz->arrays[RUNNER_TEST][part];
        npz->elements[part] = train->values == NULL ? 0 : train->elements / train->shape[0];
        if (train->values == NULL || test->values == NULL)
            continue;
        if (!same_example(train, test))
            return call->host->fail(call, "%s: the examples of %s and %s have different shapes", from->path,
                                    train->name, test->name);
        if (part == X && is_bytes(train) != is_bytes(test))
            return call->host->fail(call, "%s: %s and %s have different types", from->path, train->name, test->name);
    }
    return RUNNER_OK;
}

static int rows_of(runner_call *call, const struct npz_config *from, int split, const struct npz *npz, uint64_t *rows) {
    const struct array *y = &npz->arrays[split][Y];
    const int64_t wanted = from->rows[split];
    *rows = y->values == NULL ? 0 : y->shape[0];
    if (wanted == INT64_MIN)
        return RUNNER_OK;
    if ((uint64_t)wanted > *rows)
        return call->host->fail(call, "`%s` asks for %" PRId64 " rows, but %s has %llu", split ? "test" : "train",
                                wanted, from->path, U64(*rows));
    *rows = (uint64_t)wanted;
    return RUNNER_OK;
}

/* ---- Targets ---- */

/* The class of a one-hot row, or -1. */
static int64_t hot_of(const struct array *array, uint64_t row, uint64_t elements) {
    int64_t hot = -1;
    for (uint64_t e = 0; e < elements; e++) {
        const double value = value_at(array, place_of(array, row, elements, e));
        if (value == 1 && hot < 0)
            hot = (int64_t)e;
        else if (value != 0)
            return -1;
    }
    return hot;
}

static int all_one_hot(const struct npz *npz) {
    const uint64_t elements = npz->elements[Y];
    if (npz->arrays[RUNNER_TRAIN][Y].rank != 2 || elements < 2 || elements > MOST_CLASSES)
        return 0;
    for (int split = 0; split < 2; split++) {
        const struct array *y = &npz->arrays[split][Y];
        for (uint64_t row = 0; y->values != NULL && row < y->shape[0]; row++)
            if (hot_of(y, row, elements) < 0)
                return 0;
    }
    return 1;
}

static int check_labels(runner_call *call, const struct array *y, int64_t classes, int64_t *largest) {
    for (uint64_t row = 0; y->values != NULL && row < y->shape[0]; row++) {
        const double label = value_at(y, row); /* labels beyond 2^53 are out of range whatever they are */
        if (!(label >= 0) || label != floor(label))
            return call->host->fail(call, "%s: %s.npy: row %llu: label %g, wanted a whole number from 0", y->path,
                                    y->name, U64(row), label);
        if (classes > 0 && label >= (double)classes)
            return call->host->fail(call,
                                    "%s: %s.npy: row %llu: label %.0f is out of range, wanted 0 to %" PRId64
                                    " (classes: %" PRId64 ")",
                                    y->path, y->name, U64(row), label, classes - 1, classes);
        if (classes == 0 && label >= MOST_CLASSES)
            return call->host->fail(call,
                                    "%s: %s.npy: row %llu: label %.0f would make more than %d classes; give `classes` "
                                    "where that is meant, or `targets: values`",
                                    y->path, y->name, U64(row), label, MOST_CLASSES);
        *largest = (int64_t)label > *largest ? (int64_t)label : *largest;
    }
    return RUNNER_OK;
}

static int open_targets(runner_call *call, const struct npz_config *from, struct npz *npz, runner_dataset *dataset) {
    const struct array *y = &npz->arrays[RUNNER_TRAIN][Y];
    const int64_t classes = from->classes == INT64_MIN ? 0 : from->classes;
    int64_t largest = 0;
    const int single = npz->elements[Y] == 1 && y->rank <= 2;
    npz->one_hot = from->targets != VALUES && all_one_hot(npz);
    if (npz->one_hot) {
        if (classes > 0 && (uint64_t)classes != npz->elements[Y])
            return call->host->fail(call, "%s: %s.npy is one-hot of %llu classes, but `classes` is %" PRId64, y->path,
                                    y->name, U64(npz->elements[Y]), classes);
        dataset->classes = (uint32_t)npz->elements[Y];
        return RUNNER_OK;
    }
    if (from->targets == VALUES || (from->targets == AUTO && (y->kind == 'f' || !single))) {
        dataset->target.rank = y->rank - 1;
        for (uint32_t i = 1; i < y->rank; i++)
            dataset->target.size[i - 1] = (uint32_t)y->shape[i];
        return RUNNER_OK;
    }
    if (!single)
        return call->host->fail(call, "%s: %s.npy has %llu values an example, wanted one label or a one-hot row",
                                y->path, y->name, U64(npz->elements[Y]));
    if (check_labels(call, y, classes, &largest) != RUNNER_OK ||
        check_labels(call, &npz->arrays[RUNNER_TEST][Y], classes, &largest) != RUNNER_OK)
        return RUNNER_FAILED;
    dataset->classes = (uint32_t)(classes > 0 ? classes : largest + 1);
    return RUNNER_OK;
}

/* ---- Inputs and constants ---- */

static int open_inputs(runner_call *call, const struct npz_config *from, struct npz *npz, runner_dataset *dataset) {
    const struct array *x = &npz->arrays[RUNNER_TRAIN][X];
    uint64_t elements = 1;
    dataset->element = RUNNER_F32;
    dataset->scale = (float)from->scale;
    if (x->values == NULL)
        return RUNNER_OK; /* a problem without inputs */
    if (is_bytes(x))
        dataset->element = RUNNER_U8;
    if (from->shape.count == 0) {
        dataset->input.rank = x->rank > 1 ? x->rank - 1 : 1;
        dataset->input.size[0] = 1;
        for (uint32_t i = 1; i < x->rank; i++)
            dataset->input.size[i - 1] = (uint32_t)x->shape[i];
        return RUNNER_OK;
    }
    if (from->shape.count > RUNNER_MAX_RANK)
        return call->host->fail(call, "`shape` has %llu dimensions, wanted at most %d", U64(from->shape.count),
                                RUNNER_MAX_RANK);
    dataset->input.rank = (uint32_t)from->shape.count;
    for (uint64_t i = 0; i < from->shape.count; i++) {
        dataset->input.size[i] = (uint32_t)from->shape.values[i];
        if (__builtin_mul_overflow(elements, (uint64_t)from->shape.values[i], &elements))
            elements = 0;
    }
    if (elements != npz->elements[X])
        return call->host->fail(call, "`shape` has %llu elements, but an example of %s has %llu", U64(elements),
                                x->name, U64(npz->elements[X]));
    return RUNNER_OK;
}

static int open_constants(runner_call *call, const struct npz_config *from, runner_dataset *dataset) {
    const uint64_t n = from->constants.count;
    runner_constant *constants = call->host->memory(call, n * sizeof *constants);
    for (uint64_t k = 0; k < n; k++) {
        struct array array;
        if (array_need(call, from->path, from->constants.values[k], "constants", &array) != RUNNER_OK)
            return RUNNER_FAILED;
        if (array.rank > RUNNER_MAX_RANK || array.elements == 0 || array.elements > UINT32_MAX)
            return fail(call, &array, "its shape is empty or too large for a constant");
        float *values = call->host->memory(call, array.elements * sizeof *values);
        if (values == NULL || constants == NULL)
            return RUNNER_FAILED;
        constants[k] = (runner_constant){.name = array.name, .shape = {.rank = array.rank}, .values = values};
        for (uint32_t i = 0; i < array.rank; i++)
            constants[k].shape.size[i] = (uint32_t)array.shape[i];
        const uint64_t elements = array.rank == 0 ? 1 : array.elements / array.shape[0];
        for (uint64_t i = 0; i < array.elements; i++)
            values[i] =
                (float)value_at(&array, array.rank == 0 ? 0 : place_of(&array, i / elements, elements, i % elements));
    }
    dataset->constants = constants;
    dataset->n_constants = (uint32_t)n;
    return RUNNER_OK;
}

static int npz_open(const void *config, runner_call *call, uint64_t seed, runner_dataset *dataset) {
    (void)seed;
    const struct npz_config *from = config;
    struct npz *npz = call->host->memory(call, sizeof *npz);
    if (npz == NULL || open_arrays(call, from, npz) != RUNNER_OK ||
        rows_of(call, from, RUNNER_TRAIN, npz, &dataset->rows[RUNNER_TRAIN]) != RUNNER_OK ||
        rows_of(call, from, RUNNER_TEST, npz, &dataset->rows[RUNNER_TEST]) != RUNNER_OK)
        return RUNNER_FAILED;
    if (open_inputs(call, from, npz, dataset) != RUNNER_OK || open_targets(call, from, npz, dataset) != RUNNER_OK ||
        open_constants(call, from, dataset) != RUNNER_OK)
        return RUNNER_FAILED;
    dataset->state = npz;
    return RUNNER_OK;
}

/* ---- Reading ---- */

static void read_values(const struct array *array, uint64_t row, uint64_t elements, float *out) {
    for (uint64_t e = 0; e < elements; e++)
        out[e] = (float)value_at(array, place_of(array, row, elements, e));
}

static void read_bytes(const struct array *array, uint64_t row, uint64_t elements, unsigned char *out) {
    if (!array->fortran && array->kind == 'u') {
        memcpy(out, array->values + row * elements, elements);
        return;
    }
    for (uint64_t e = 0; e < elements; e++) {
        const unsigned char byte = array->values[place_of(array, row, elements, e)];
        out[e] = array->kind == 'b' ? byte != 0 : byte;
    }
}

static int npz_read(const runner_dataset *dataset, runner_call *call, runner_split split, const uint64_t *examples,
                    uint64_t n, void *inputs, void *targets) {
    (void)call;
    const struct npz *npz = dataset->state;
    const struct array *x = &npz->arrays[split][X], *y = &npz->arrays[split][Y];
    for (uint64_t i = 0; i < n; i++) {
        if (x->values != NULL && dataset->element == RUNNER_U8)
            read_bytes(x, examples[i], npz->elements[X], (unsigned char *)inputs + i * npz->elements[X]);
        else if (x->values != NULL)
            read_values(x, examples[i], npz->elements[X], (float *)inputs + i * npz->elements[X]);
        if (dataset->classes == 0)
            read_values(y, examples[i], npz->elements[Y], (float *)targets + i * npz->elements[Y]);
        else
            ((int32_t *)targets)[i] =
                npz->one_hot ? (int32_t)hot_of(y, examples[i], npz->elements[Y]) : (int32_t)value_at(y, examples[i]);
    }
    return RUNNER_OK;
}

#define ARRAY(split, part, name, doc)                                                                                  \
    {                                                                                                                  \
        name, RUNNER_TEXT, RUNNER_NULLABLE, (uint32_t)offsetof(struct npz_config, arrays[split][part]), 0, name, 0, 0, \
            NULL, doc                                                                                                  \
    }
static const runner_param npz_params[] = {
    RUNNER_PARAM_(RUNNER_PATH, struct npz_config, path, 0, 0, NULL, 0, 0, NULL, "the archive, an .npz file"),
    ARRAY(RUNNER_TRAIN, X, "x_train", "name of the array of training inputs; null: a problem without inputs"),
    ARRAY(RUNNER_TRAIN, Y, "y_train", "name of the array of training targets"),
    ARRAY(RUNNER_TEST, X, "x_test", "name of the array of test inputs; may be absent, as y_test"),
    ARRAY(RUNNER_TEST, Y, "y_test", "name of the array of test targets"),
    RUNNER_PARAM_CHOICE(struct npz_config, targets, "auto", targets_names,
                        "labels or values; auto: labels where they are integers or one-hot rows"),
    RUNNER_PARAM_(RUNNER_INT, struct npz_config, classes, RUNNER_NULLABLE, 0, "null", 1, INT32_MAX, NULL,
                  "number of classes; null: the largest label and 1"),
    RUNNER_PARAM_(RUNNER_INTS, struct npz_config, shape, RUNNER_NULLABLE, 0, "null", 1, UINT32_MAX, NULL,
                  "shape of one input, such as [28, 28, 1]; null: that of the array"),
    RUNNER_PARAM_(RUNNER_FLOAT, struct npz_config, scale, RUNNER_OPEN_MIN, 0, "1.0", 0, 1e6, NULL,
                  "factor on the inputs; 0.00392156862745098 takes bytes to 0..1"),
    {"train", RUNNER_INT, RUNNER_NULLABLE, (uint32_t)offsetof(struct npz_config, rows[RUNNER_TRAIN]), 0, "null", 1,
     UINT32_MAX, NULL, "number of training rows, the first of the array; null: all"},
    {"test", RUNNER_INT, RUNNER_NULLABLE, (uint32_t)offsetof(struct npz_config, rows[RUNNER_TEST]), 0, "null", 0,
     UINT32_MAX, NULL, "number of test rows, the first of the array; null: all"},
    {"constants", RUNNER_TEXTS, 0, (uint32_t)offsetof(struct npz_config, constants), 0, "[]", 0, 0, NULL,
     "names of arrays that losses and initializers may ask for"},
};

static const runner_dataset_ops npz_ops = {.size = sizeof npz_ops, .open = npz_open, .read = npz_read};

static const runner_component components[] = {
    {RUNNER_DATASET, sizeof(struct npz_config), "npz", "arrays of a NumPy archive (.npz)", npz_params,
     RUNNER_COUNT(npz_params), 0, &npz_ops},
};

RUNNER_PLUGIN(components, "1.0.0")
