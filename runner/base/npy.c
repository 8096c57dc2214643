#include "runner/base/npy.h"

#include <stdlib.h>
#include <string.h>

static const char magic[] = "\x93NUMPY";
enum { MAGIC = 6, ALIGNMENT = 64, MAX_HEADER = 1 << 16 };

/* ---- Header ------------------------------------------------------------------------------------------------------ */

struct cursor {
    const char *at, *end;
    bool bad;
};

static void skip_space(struct cursor *cursor) {
    while (cursor->at < cursor->end && (*cursor->at == ' ' || *cursor->at == '\n'))
        cursor->at++;
}

static bool take(struct cursor *cursor, const char *word) {
    size_t n = strlen(word);
    skip_space(cursor);
    if ((size_t)(cursor->end - cursor->at) < n || memcmp(cursor->at, word, n) != 0)
        return false;
    cursor->at += n;
    return true;
}

static void want(struct cursor *cursor, const char *word) {
    cursor->bad = !take(cursor, word) || cursor->bad;
}

/* A text in single quotes, without escapes; "" where there is none. */
static void take_text(struct cursor *cursor, char out[32]) {
    size_t n = 0;
    want(cursor, "'");
    while (!cursor->bad && cursor->at < cursor->end && *cursor->at != '\'' && n < 31)
        out[n++] = *cursor->at++;
    out[n] = '\0';
    want(cursor, "'");
}

static uint64_t take_number(struct cursor *cursor) {
    uint64_t number = 0;
    skip_space(cursor);
    cursor->bad = cursor->bad || cursor->at == cursor->end || *cursor->at < '0' || *cursor->at > '9';
    for (; cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9'; cursor->at++)
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(*cursor->at - '0'), &number))
            cursor->bad = true;
    take(cursor, "L"); /* as Python 2 wrote it */
    return number;
}

static void take_shape(struct cursor *cursor, struct npy *npy) {
    want(cursor, "(");
    while (!cursor->bad && !take(cursor, ")")) {
        if (npy->rank == NPY_MAX_RANK) {
            cursor->bad = true;
            return;
        }
        npy->size[npy->rank++] = take_number(cursor);
        if (!take(cursor, ","))
            skip_space(cursor);
    }
}

static enum status read_type(const char *text, struct npy *npy, struct error *error) {
    static const char *const known = "f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1";
    bool order = *text != '\0' && strchr("<>|=", *text) != NULL;
    const char *type = text + order;
    if (strlen(type) != 2 || strstr(known, type) == NULL || *type == ' ' || type[1] == ' ')
        return error_set(error, STATUS_CONFIG, "its elements are '%s'; wanted numbers: %s", text, known);
    npy->kind = *type;
    npy->width = (unsigned)(type[1] - '0');
    npy->big_endian = *text == '>' && npy->width > 1;
    return STATUS_OK;
}

static enum status read_dictionary(const char *bytes, size_t n, struct npy *npy, struct error *error) {
    struct cursor cursor = {bytes, bytes + n, false};
    char key[32], type[32] = "";
    bool seen[3] = {false, false, false};
    want(&cursor, "{");
    while (!cursor.bad && !take(&cursor, "}")) {
        take_text(&cursor, key);
        want(&cursor, ":");
        if (strcmp(key, "descr") == 0 && !seen[0]) {
            seen[0] = true;
            skip_space(&cursor);
            if (cursor.at < cursor.end && *cursor.at == '[')
                return error_set(error, STATUS_CONFIG, "its elements are records; wanted numbers");
            take_text(&cursor, type);
        } else if (strcmp(key, "fortran_order") == 0 && !seen[1]) {
            seen[1] = true;
            npy->fortran = take(&cursor, "True");
            cursor.bad = cursor.bad || (!npy->fortran && !take(&cursor, "False"));
        } else if (strcmp(key, "shape") == 0 && !seen[2]) {
            seen[2] = true;
            take_shape(&cursor, npy);
        } else {
            cursor.bad = true;
        }
        take(&cursor, ",");
    }
    if (cursor.bad || !seen[0] || !seen[1] || !seen[2])
        return error_set(error, STATUS_CONFIG, "its .npy header is damaged");
    return read_type(type, npy, error);
}

enum status npy_read(const unsigned char *bytes, uint64_t n, struct npy *npy, struct error *error) {
    *npy = (struct npy){.count = 1};
    if (n < 10 || memcmp(bytes, magic, MAGIC) != 0)
        return error_set(error, STATUS_CONFIG, "it is no .npy array");
    unsigned version = bytes[MAGIC];
    size_t start = version == 1 ? 10 : 12, length = bytes[8] | (size_t)bytes[9] << 8;
    if (version < 1 || version > 3)
        return error_set(error, STATUS_CONFIG, "it is a .npy array of version %u; wanted 1 to 3", version);
    if (version > 1 && n >= 12)
        length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    if (n < start || length > n - start || length > MAX_HEADER)
        return error_set(error, STATUS_CONFIG, "its .npy header is cut short");
    enum status status = read_dictionary((const char *)bytes + start, length, npy, error);
    if (status != STATUS_OK)
        return status;
    uint64_t size = npy->width;
    for (unsigned i = 0; i < npy->rank; i++)
        if (__builtin_mul_overflow(npy->count, npy->size[i], &npy->count))
            return error_set(error, STATUS_CONFIG, "its shape is beyond what can be counted");
    npy->data = bytes + start + length;
    if (__builtin_mul_overflow(size, npy->count, &size) || size > n - start - length)
        return error_set(error, STATUS_CONFIG, "its data is cut short: %llu elements are announced",
                         (unsigned long long)npy->count);
    return STATUS_OK;
}

void npy_write_shape(unsigned rank, const uint64_t *size, struct text *out) {
    text_add(out, "(");
    for (unsigned i = 0; i < rank; i++)
        text_printf(out, "%s%llu", i > 0 ? ", " : "", (unsigned long long)size[i]);
    text_add(out, rank == 1 ? ",)" : ")");
}

void npy_write_header(unsigned rank, const uint64_t *size, struct text *out) {
    struct text dictionary;
    text_init(&dictionary);
    text_add(&dictionary, "{'descr': '<f4', 'fortran_order': False, 'shape': ");
    npy_write_shape(rank, size, &dictionary);
    text_add(&dictionary, ", }");
    while ((10 + dictionary.length + 1) % ALIGNMENT != 0)
        text_add_char(&dictionary, ' ');
    text_add_char(&dictionary, '\n');
    text_add_bytes(out, magic, MAGIC);
    text_add_bytes(out, "\x01\0", 2);
    text_add_char(out, (char)(dictionary.length & 255));
    text_add_char(out, (char)(dictionary.length >> 8));
    text_add_bytes(out, dictionary.data, dictionary.length);
    text_clear(&dictionary);
}

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

/* IEEE 754 binary16. */
static double of_half(uint64_t bits) {
    uint64_t exponent = bits >> 10 & 31, fraction = bits & 1023;
    double sign = (bits >> 15) != 0 ? -1 : 1, value;
    if (exponent == 31)
        return fraction != 0 ? (double)__builtin_nan("") : sign * __builtin_inf();
    value = exponent == 0 ? (double)fraction * 0x1p-24 : (double)(1024 + fraction) * 0x1p-25;
    for (uint64_t e = 0; e < exponent; e++)
        value *= 2;
    return sign * value;
}

static double number_at(const struct npy *npy, uint64_t place) {
    const unsigned char *at = npy->data + place * npy->width;
    uint64_t bits = 0;
    for (unsigned i = 0; i < npy->width; i++)
        bits |= (uint64_t)at[npy->big_endian ? npy->width - 1 - i : i] << 8 * i;
    if (npy->kind == 'f' && npy->width == 2)
        return of_half(bits);
    if (npy->kind == 'f' && npy->width == 4) {
        float value;
        memcpy(&value, &(uint32_t){(uint32_t)bits}, sizeof value);
        return (double)value;
    }
    if (npy->kind == 'f') {
        double value;
        memcpy(&value, &bits, sizeof value);
        return value;
    }
    if (npy->kind == 'b')
        return bits != 0;
    if (npy->kind == 'u')
        return (double)bits;
    unsigned unused = 64 - 8 * npy->width;
    return (double)((int64_t)(bits << unused) >> unused);
}

/* Where element `index` of the row-major order stands in the file. */
static uint64_t place_of(const struct npy *npy, uint64_t index) {
    uint64_t place = 0, stride = npy->count;
    if (!npy->fortran || npy->rank < 2)
        return index;
    for (unsigned i = npy->rank; i-- > 0;) {
        stride /= npy->size[i];
        place += index % npy->size[i] * stride;
        index /= npy->size[i];
    }
    return place;
}

double npy_number(const struct npy *npy, uint64_t index) {
    return number_at(npy, place_of(npy, index));
}

void npy_floats(const struct npy *npy, float *out) {
    for (uint64_t i = 0; i < npy->count; i++)
        out[i] = (float)npy_number(npy, i);
}
