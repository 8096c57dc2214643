#include "runner/base/text.h"

#include "runner/base/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SMALLEST = 64 };

static void reserve(struct text *text, size_t more) {
    size_t needed;
    if (__builtin_add_overflow(text->length, more, &needed) || __builtin_add_overflow(needed, (size_t)1, &needed)) {
        needed = SIZE_MAX; /* more than can be had */
    }
    if (needed <= text->capacity) {
        return;
    }
    size_t capacity = text->capacity > SIZE_MAX / 2 ? SIZE_MAX : text->capacity * 2;
    capacity = capacity < SMALLEST ? SMALLEST : capacity;
    capacity = capacity < needed ? needed : capacity;
    text->data = memory_resize(text->data, capacity, 1);
    text->capacity = capacity;
}

void text_init(struct text *text) {
    *text = (struct text){0};
    reserve(text, 0);
    text->data[0] = '\0';
}

void text_clear(struct text *text) {
    free(text->data);
    *text = (struct text){0};
}

void text_reset(struct text *text) {
    reserve(text, 0);
    text->length = 0;
    text->data[0] = '\0';
}

void text_add_bytes(struct text *text, const void *bytes, size_t length) {
    reserve(text, length);
    if (length > 0) {
        memcpy(text->data + text->length, bytes, length);
    }
    text->length += length;
    text->data[text->length] = '\0';
}

void text_add(struct text *text, const char *string) {
    text_add_bytes(text, string, strlen(string));
}

void text_add_char(struct text *text, char c) {
    text_add_bytes(text, &c, 1);
}

void text_add_uint(struct text *text, uint64_t number) {
    char digits[20], *end = digits + sizeof digits, *first = number_write_uint(number, end);
    text_add_bytes(text, first, (size_t)(end - first));
}

void text_printf_v(struct text *text, const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    if (length > 0) {
        reserve(text, (size_t)length);
        vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

void text_printf(struct text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    text_printf_v(text, format, arguments);
    va_end(arguments);
}

char *text_take(struct text *text) {
    char *data = text->data;
    text_init(text);
    return data;
}

size_t text_utf8(const void *bytes, size_t left, uint32_t *code) {
    const unsigned char *c = bytes;
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = c[0] < 0x80 ? 1 : c[0] >> 5 == 6 ? 2 : c[0] >> 4 == 14 ? 3 : c[0] >> 3 == 30 ? 4 : 0;
    if (length == 0 || length > left) {
        return 0;
    }
    *code = length == 1 ? c[0] : c[0] & (0x7fU >> length);
    for (size_t i = 1; i < length; i++) {
        if (c[i] >> 6 != 2) {
            return 0;
        }
        *code = *code << 6 | (c[i] & 0x3fU);
    }
    bool surrogate = *code >= 0xd800 && *code <= 0xdfff;
    return *code < smallest[length] || *code > 0x10ffff || surrogate ? 0 : length;
}

bool text_is_control(uint32_t code) {
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x61c || code == 0x200e || code == 0x200f ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0xfeff ||
           code == 0xfffe || code == 0xffff;
}

size_t text_tame(char *bytes, size_t n, const char *keep) {
    size_t to = 0;
    for (size_t from = 0, length; from<n; from += length> 0 ? length : 1) {
        uint32_t code = 0;
        length = text_utf8(bytes + from, n - from, &code);
        bool kept = code != 0 && code < 0x80 && strchr(keep, (char)code) != NULL;
        if (length == 0 || (text_is_control(code) && !kept)) {
            bytes[to++] = '?';
        } else {
            memmove(bytes + to, bytes + from, length);
            to += length;
        }
    }
    if (to < n) {
        bytes[to] = '\0';
    }
    return to;
}
