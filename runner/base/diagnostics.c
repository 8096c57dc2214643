#include "runner/base/diagnostics.h"

#include "runner/base/text.h"

#include <stdlib.h>
#include <string.h>

enum { MESSAGE_MOST = 2000 }; /* bytes of one, which may cite an input of megabytes */

void diagnostics_init(struct diagnostics *diagnostics) {
    *diagnostics = (struct diagnostics){0};
    arena_init(&diagnostics->arena);
}

void diagnostics_clear(struct diagnostics *diagnostics) {
    free(diagnostics->items);
    arena_clear(&diagnostics->arena);
    *diagnostics = (struct diagnostics){0};
}

static bool same_file(const char *a, const char *b) {
    return a == b || (a && b && strcmp(a, b) == 0);
}

static void cut(struct text *message) {
    if (message->length > MESSAGE_MOST) {
        message->length = MESSAGE_MOST;
        while ((message->data[message->length] & 0xc0) == 0x80) { /* not within a character */
            message->length--;
        }
        text_add(message, "...");
    }
}

__attribute__((format(printf, 4, 0))) static void add(struct diagnostics *diagnostics, enum severity severity,
                                                      struct mark mark, const char *format, va_list arguments) {
    if (diagnostics->count == DIAGNOSTICS_MOST) {
        diagnostics->errors += severity == SEVERITY_ERROR;
        diagnostics->dropped = true;
        return;
    }
    struct text message;
    text_init(&message);
    text_printf_v(&message, format, arguments);
    const char *file = NULL;
    cut(&message);
    for (size_t i = diagnostics->count; i-- > 0;) {
        const struct diagnostic *other = &diagnostics->items[i];
        if (!same_file(other->mark.file, mark.file)) {
            continue;
        }
        file = other->mark.file;
        if (other->mark.line == mark.line && other->mark.column == mark.column && other->severity == severity &&
            strcmp(other->message, message.data) == 0) {
            goto out;
        }
    }
    diagnostics->errors += severity == SEVERITY_ERROR;
    if (diagnostics->count == diagnostics->capacity) {
        diagnostics->capacity = diagnostics->capacity ? 2 * diagnostics->capacity : 8;
        diagnostics->items = memory_resize(diagnostics->items, diagnostics->capacity, sizeof *diagnostics->items);
    }
    if (mark.file) { /* the tree's arena may be gone when this is printed */
        mark.file = file ? file : arena_copy_text(&diagnostics->arena, mark.file);
    }
    diagnostics->items[diagnostics->count++] =
        (struct diagnostic){severity, mark, arena_copy_text(&diagnostics->arena, message.data)};
out:
    text_clear(&message);
}

void diagnostics_error(struct diagnostics *diagnostics, struct mark mark, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    add(diagnostics, SEVERITY_ERROR, mark, format, arguments);
    va_end(arguments);
}

void diagnostics_warning(struct diagnostics *diagnostics, struct mark mark, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    add(diagnostics, SEVERITY_WARNING, mark, format, arguments);
    va_end(arguments);
}

struct place {
    size_t file; /* index of the first diagnostic of the same file */
    size_t index;
    struct mark mark;
};

static int compare_places(const void *first, const void *second) {
    const struct place *a = first, *b = second;
    if (a->file != b->file) {
        return a->file < b->file ? -1 : 1;
    }
    if (a->mark.line != b->mark.line) {
        return a->mark.line < b->mark.line ? -1 : 1;
    }
    if (a->mark.column != b->mark.column) {
        return a->mark.column < b->mark.column ? -1 : 1;
    }
    return a->index < b->index ? -1 : a->index > b->index;
}

/* An input's control characters must not reach the terminal, nor break the line. */
static void print_line(const struct diagnostic *diagnostic, FILE *stream) {
    struct text line;
    text_init(&line);
    if (diagnostic->mark.file) {
        text_add(&line, diagnostic->mark.file);
        if (diagnostic->mark.line > 0 && strcmp(diagnostic->mark.file, "command line") != 0) {
            text_printf(&line, ":%u:%u", diagnostic->mark.line, diagnostic->mark.column);
        }
        text_add(&line, ": ");
    }
    text_add(&line, diagnostic->severity == SEVERITY_ERROR ? "error: " : "warning: ");
    text_add(&line, diagnostic->message);
    text_tame(line.data, line.length, "");
    fprintf(stream, "%s\n", line.data);
    text_clear(&line);
}

void diagnostics_print(const struct diagnostics *diagnostics, FILE *stream) {
    struct place *places = memory_alloc(diagnostics->count, sizeof *places);
    for (size_t i = 0; i < diagnostics->count; i++) {
        const struct mark *mark = &diagnostics->items[i].mark;
        size_t file = 0;
        while (!same_file(diagnostics->items[file].mark.file, mark->file)) {
            file++;
        }
        places[i] = (struct place){file, i, *mark};
    }
    if (diagnostics->count > 1) {
        qsort(places, diagnostics->count, sizeof *places, compare_places);
    }
    for (size_t i = 0; i < diagnostics->count; i++) {
        print_line(&diagnostics->items[places[i].index], stream);
    }
    if (diagnostics->dropped) {
        fprintf(stream, "%s: more than %d mistakes; the rest is not shown\n",
                diagnostics->errors > 0 ? "error" : "warning", DIAGNOSTICS_MOST);
    }
    free(places);
}
