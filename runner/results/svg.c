#include "runner/results/svg.h"

#include "runner/base/html.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const unsigned svg_series[SVG_SERIES] = {0x0072b2, 0xc44e00, 0x00865f, 0xb0528f,
                                         0xb87f00, 0x3a9fd6, 0x7a4a1e, 0x5b5b5b};

static const struct {
    const char *name;
    unsigned light, dark;
} colours[] = {
    {"--s0", 0x0072b2, 0x58b0ec},     {"--s1", 0xc44e00, 0xf28b4b},   {"--s2", 0x00865f, 0x3ccf9f},
    {"--s3", 0xb0528f, 0xe59ac8},     {"--s4", 0xb87f00, 0xf0bd45},   {"--s5", 0x3a9fd6, 0x9fd8f8},
    {"--s6", 0x7a4a1e, 0xc79a6b},     {"--s7", 0x5b5b5b, 0xbdbdbd},   {"--ink", SVG_INK, 0xe6e6e6},
    {"--axis", SVG_AXIS, 0xa0a0a0},   {"--grid", SVG_GRID, 0x3a3a3a}, {"--faint", SVG_FAINT, 0x6c6c6c},
    {"--paper", SVG_PAPER, 0x17181a},
};
enum { N_COLOURS = sizeof colours / sizeof colours[0] };

void svg_variables(bool dark, struct text *out) {
    for (size_t i = 0; i < N_COLOURS; i++)
        text_printf(out, "%s:#%06x;", colours[i].name, dark ? colours[i].dark : colours[i].light);
}

/* "rgb(  0, 114, 178)", "#0072b2" or "black" at `at`: its length, and the colour; 0 where there is none. */
static size_t read_colour(const char *at, const char *end, unsigned *colour) {
    unsigned r, g, b;
    int length = 0;
    char copy[32];
    snprintf(copy, sizeof copy, "%.*s", (int)(end - at < 31 ? end - at : 31), at);
    if (strncmp(copy, "black", 5) == 0) {
        *colour = SVG_INK;
        return 5;
    }
    if (copy[0] == '#' && sscanf(copy, "#%6x%n", &r, &length) == 1 && length == 7) {
        *colour = r;
        return 7;
    }
    if (copy[0] == 'r' && sscanf(copy, "rgb(%3u,%3u,%3u)%n", &r, &g, &b, &length) == 3 && length > 0 && r < 256 &&
        g < 256 && b < 256) {
        *colour = r << 16 | g << 8 | b;
        return (size_t)length;
    }
    return 0;
}

static void add_colour(unsigned colour, struct text *out) {
    for (size_t i = 0; i < N_COLOURS; i++)
        if (colours[i].light == colour) {
            text_printf(out, "var(%s)", colours[i].name);
            return;
        }
    text_printf(out, "#%06x", colour);
}

/* A tag, from "<" to ">": colours become variables, and ids those of the picture. */
static void add_tag(const char *tag, const char *end, const char *name, struct text *out) {
    while (tag < end) {
        unsigned colour;
        bool value = tag[-1] == '\'' || tag[-1] == '"'; /* never the first byte of the file */
        size_t length = value ? read_colour(tag, end, &colour) : 0;
        if (length > 0) {
            add_colour(colour, out);
            tag += length;
            continue;
        }
        if (strncmp(tag, "gpPt", 4) == 0 || strncmp(tag, "gpDot", 5) == 0)
            text_printf(out, "%s-", name);
        text_add_char(out, *tag++);
    }
}

static bool starts(const char *at, const char *end, const char *word) {
    size_t n = strlen(word);
    return (size_t)(end - at) >= n && memcmp(at, word, n) == 0;
}

static const char *find(const char *at, const char *end, const char *word) {
    const char *found = memmem(at, (size_t)(end - at), word, strlen(word));
    return found != NULL ? found : end;
}

/* The end of an element that a page has no use for: titles of gnuplot's own, filters, the background. `at` where it is to stay. */
static const char *skip_unwanted(const char *at, const char *end) {
    static const char *const elements[][2] = {
        {"<title", "</title>"}, {"<desc", "</desc>"}, {"<filter", "</filter>"}, {"<rect x=\"0\" y=\"0\"", "/>"}};
    for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++)
        if (starts(at, end, elements[i][0])) {
            const char *close = find(at, end, elements[i][1]);
            return close < end ? close + strlen(elements[i][1]) : end;
        }
    return at;
}

/* Groups without content, of which gnuplot makes many. */
static const char *skip_empty_group(const char *at, const char *end) {
    if (!starts(at, end, "<g "))
        return at;
    const char *close = find(at, end, ">");
    const char *next = close < end ? close + 1 : end;
    while (next < end && (*next == '\n' || *next == '\t' || *next == ' '))
        next++;
    return starts(next, end, "</g>") ? next + 4 : at;
}

static const char *tag_end(const char *at, const char *end) {
    char quote = '\0';
    for (; at < end && (quote != '\0' || *at != '>'); at++)
        quote = quote != '\0' ? (*at == quote ? '\0' : quote) : *at == '"' || *at == '\'' ? *at : '\0';
    return at < end ? at + 1 : end;
}

bool svg_inline(const char *bytes, size_t n, const char *name, const char *label, struct text *out) {
    const char *end = bytes + n, *at = find(bytes, end, "<svg"), *box = find(at, end, "viewBox=\"0 0 ");
    const char *stop = find(at, end, "</svg>"), *body = tag_end(at, stop);
    int width, height;
    if (stop == end || box == end || sscanf(box, "viewBox=\"0 0 %d %d\"", &width, &height) != 2)
        return false;
    text_printf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", width, height);
    html_text(out, label);
    text_add(out, "\">");
    for (at = body; at < stop;) {
        const char *next = skip_unwanted(at, stop);
        if (next == at)
            next = skip_empty_group(at, stop);
        if (next > at) {
            at = next;
        } else if (*at == '<') {
            next = tag_end(at, stop);
            text_add_char(out, '<');
            /* The ids of groups would stand in a page several times. */
            if (starts(at, stop, "<g id="))
                text_add(out, "g>");
            else
                add_tag(at + 1, next, name, out);
            at = next;
        } else if (*at == '\n' || *at == '\t') {
            at++;
        } else {
            text_add_char(out, *at++);
        }
    }
    text_add(out, "</svg>");
    return true;
}
