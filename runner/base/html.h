/* HTML: text that is escaped for any place in it, and the few elements that pages of the program need. Single-threaded. */
#ifndef RUNNER_BASE_HTML_H
#define RUNNER_BASE_HTML_H

#include "runner/base/text.h"

/* Escaped for content and for quoted attributes; bytes that are no UTF-8, and text_is_control() but tab and end of line, become
   U+FFFD. */
void html_text(struct text *out, const char *text);
void html_text_bytes(struct text *out, const char *text, size_t n);
/* Formatted, then escaped. */
__attribute__((format(printf, 2, 3))) void html_printf(struct text *out, const char *format, ...);
/* <open>text</name>: `open` is markup such as `td class="number"`, its name up to the first space. */
void html_element(struct text *out, const char *open, const char *text);

#endif
