#include "runner/base/html.h"

#include <string.h>

void html_text_bytes(struct text *out, const char *text, size_t n) {
    for (size_t i = 0; i < n;) {
        uint32_t code = 0;
        size_t length = text_utf8(text + i, n - i, &code);
        if (length == 0 || (text_is_control(code) && code != '\t' && code != '\n'))
            text_add(out, "\xef\xbf\xbd");
        else if (code == '&')
            text_add(out, "&amp;");
        else if (code == '<')
            text_add(out, "&lt;");
        else if (code == '>')
            text_add(out, "&gt;");
        else if (code == '"')
            text_add(out, "&quot;");
        else if (code == '\'')
            text_add(out, "&#39;");
        else
            text_add_bytes(out, text + i, length);
        i += length > 0 ? length : 1;
    }
}

void html_text(struct text *out, const char *text) {
    html_text_bytes(out, text, strlen(text));
}

void html_printf(struct text *out, const char *format, ...) {
    struct text plain;
    text_init(&plain);
    va_list arguments;
    va_start(arguments, format);
    text_printf_v(&plain, format, arguments);
    va_end(arguments);
    html_text_bytes(out, plain.data, plain.length);
    text_clear(&plain);
}

void html_element(struct text *out, const char *open, const char *text) {
    text_printf(out, "<%s>", open);
    html_text(out, text);
    text_printf(out, "</%.*s>", (int)strcspn(open, " "), open);
}
