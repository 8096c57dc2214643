#include "runner/base/status.h"

#include "runner/base/text.h"

#include <stdio.h>
#include <string.h>

/* One line without terminal escapes, whatever a file name or an input held; ends between two UTF-8 characters. */
static void tidy(char *text, int wanted) {
    size_t length = strlen(text);
    if (wanted >= ERROR_TEXT_SIZE) {
        size_t start = length;
        while (start > 0 && ((unsigned char)text[start - 1] & 0xc0) == 0x80) {
            start--;
        }
        if (start > 0 && (unsigned char)text[start - 1] >= 0xc0) {
            text[start - 1] = '\0';
        }
    }
    text_tame(text, strlen(text), "");
}

enum status error_set_v(struct error *error, enum status status, const char *format, va_list arguments) {
    if (!error) {
        return status;
    }
    char text[ERROR_TEXT_SIZE]; /* the arguments may point into error->text */
    int wanted = vsnprintf(text, sizeof text, format, arguments);
    tidy(text, wanted);
    error->status = status;
    memcpy(error->text, text, strlen(text) + 1);
    return status;
}

enum status error_set(struct error *error, enum status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    error_set_v(error, status, format, arguments);
    va_end(arguments);
    return status;
}

enum status error_prefix(struct error *error, const char *format, ...) {
    if (!error) {
        return STATUS_ENVIRONMENT;
    }
    char prefix[ERROR_TEXT_SIZE / 2];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(prefix, sizeof prefix, format, arguments);
    va_end(arguments);
    return error_set(error, error->status, "%s: %s", prefix, error->text);
}
