#include "runner/base/tree.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { FLOW_WIDTH = 96 }; /* a list of scalars that is longer gets a line for each item */

/* Escapes that JSON and YAML share; what YAML calls not printable or a line break, and marks of direction, are as well. */
static void write_quoted(const char *string, struct text *out) {
    text_add_char(out, '"');
    for (const char *c = string; *c;) {
        uint32_t code;
        size_t length = text_utf8(c, 4, &code);
        if (length == 0) {
            text_add(out, "\\ufffd");
            c++;
            continue;
        }
        if (code == '"' || code == '\\') {
            text_printf(out, "\\%c", (char)code);
        } else if (code == '\n') {
            text_add(out, "\\n");
        } else if (code == '\t') {
            text_add(out, "\\t");
        } else if (text_is_control(code)) {
            text_printf(out, "\\u%04x", (unsigned)code);
        } else {
            text_add_bytes(out, c, length);
        }
        c += length;
    }
    text_add_char(out, '"');
}

/* `legacy` gives an exponent its point, without which YAML 1.1 (PyYAML) reads text. */
static void write_float(double number, bool legacy, struct text *out) {
    char digits[NUMBER_TEXT_SIZE];
    if (isnan(number) || isinf(number)) {
        text_add(out, isnan(number) ? ".nan" : number > 0 ? ".inf" : "-.inf");
        return;
    }
    number_write(number, digits);
    const char *exponent = strchr(digits, 'e');
    if (strchr(digits, '.') || (exponent && !legacy)) {
        text_add(out, digits);
    } else {
        size_t length = exponent ? (size_t)(exponent - digits) : strlen(digits);
        text_printf(out, "%.*s.0%s", (int)length, digits, digits + length);
    }
}

void tree_write(const struct tree *tree, struct text *out) {
    switch (tree->type) {
    case TREE_NULL: text_add(out, "null"); return;
    case TREE_BOOL: text_add(out, tree->value.truth ? "true" : "false"); return;
    case TREE_INT: text_printf(out, "%lld", (long long)tree->value.integer); return;
    case TREE_FLOAT: write_float(tree->value.number, false, out); return;
    case TREE_TEXT: write_quoted(tree->text, out); return;
    case TREE_LIST:
    case TREE_MAP: break;
    }
    bool map = tree->type == TREE_MAP;
    text_add_char(out, map ? '{' : '[');
    for (size_t i = 0; i < tree->count; i++) {
        text_add(out, i ? ", " : "");
        if (map) {
            write_quoted(tree->keys[i], out);
            text_add(out, ": ");
        }
        tree_write(tree->items[i], out);
    }
    text_add_char(out, map ? '}' : ']');
}

/* Text that means the same without quotes, to YAML 1.1 and 1.2 readers. */
static bool plain_is_safe(const char *text) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    static const char *const words[] = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"};
    if (!*text || !strchr(letters, *text)) {
        return false;
    }
    for (const char *c = text; *c; c++) {
        if (!strchr(letters, *c) && !strchr("0123456789./-", *c)) {
            return false;
        }
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcasecmp(text, words[i]) == 0) {
            return false;
        }
    }
    return true;
}

static void write_text(const char *text, struct text *out) {
    if (plain_is_safe(text)) {
        text_add(out, text);
    } else {
        write_quoted(text, out);
    }
}

/* A scalar, an empty collection or a list of scalars. */
static void write_flow(const struct tree *tree, struct text *out) {
    if (tree->type == TREE_TEXT) {
        write_text(tree->text, out);
    } else if (tree->type == TREE_FLOAT) {
        write_float(tree->value.number, true, out);
    } else if (tree->type == TREE_LIST) {
        text_add_char(out, '[');
        for (size_t i = 0; i < tree->count; i++) {
            text_add(out, i ? ", " : "");
            write_flow(tree->items[i], out);
        }
        text_add_char(out, ']');
    } else {
        tree_write(tree, out);
    }
}

static bool fits_flow(const struct tree *tree) {
    if (tree_is_scalar(tree) || tree->count == 0) {
        return true;
    }
    if (tree->type == TREE_MAP) {
        return false;
    }
    for (size_t i = 0; i < tree->count; i++) {
        if (!tree_is_scalar(tree->items[i])) {
            return false;
        }
    }
    struct text line;
    text_init(&line);
    write_flow(tree, &line);
    bool fits = line.length <= FLOW_WIDTH;
    text_clear(&line);
    return fits;
}

/* `started`: the first line stands behind a "- " already. */
static void write_block(const struct tree *tree, struct text *out, int level, bool started) {
    for (size_t i = 0; i < tree->count; i++) {
        const struct tree *item = tree->items[i];
        if (i > 0 || !started) {
            text_printf(out, "%*s", 2 * level, "");
        }
        if (tree->type == TREE_MAP) {
            write_text(tree->keys[i], out);
        }
        if (fits_flow(item)) {
            text_add(out, tree->type == TREE_MAP ? ": " : "- ");
            write_flow(item, out);
            text_add_char(out, '\n');
        } else if (tree->type == TREE_MAP) {
            text_add(out, ":\n");
            write_block(item, out, level + 1, false);
        } else {
            text_add(out, "- ");
            write_block(item, out, level + 1, true);
        }
    }
}

void tree_write_yaml(const struct tree *tree, struct text *out, int indent) {
    if (fits_flow(tree)) {
        text_printf(out, "%*s", 2 * indent, "");
        write_flow(tree, out);
        text_add_char(out, '\n');
    } else {
        write_block(tree, out, indent, false);
    }
}
