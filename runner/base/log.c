#include "runner/base/log.h"

#include "runner/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

__attribute__((format(printf, 2, 0))) static void line_write(const char *prefix, const char *format,
                                                             va_list arguments) {
    struct text line;
    text_init(&line);
    text_add(&line, prefix);
    text_printf_v(&line, format, arguments);
    line.length = text_tame(line.data, line.length, "");
    text_add_char(&line, '\n');
    fflush(stderr); /* what others have printed there comes first */
    for (size_t done = 0; done < line.length;) {
        ssize_t wrote = write(STDERR_FILENO, line.data + done, line.length - done);
        if (wrote < 0 && errno != EINTR) {
            break; /* there is nowhere left to say so */
        }
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    text_clear(&line);
}

void log_info(const struct log *log, const char *format, ...) {
    if (log->quiet) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    line_write("", format, arguments);
    va_end(arguments);
}

void log_warning(const struct log *log, const char *format, ...) {
    (void)log;
    va_list arguments;
    va_start(arguments, format);
    line_write("warning: ", format, arguments);
    va_end(arguments);
}

__attribute__((format(printf, 1, 2))) static void error_write(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    line_write("error: ", format, arguments);
    va_end(arguments);
}

void log_error(const struct log *log, const struct error *error) {
    (void)log;
    error_write("%s", error->text);
}
