#include "runner/base/yaml_text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The production c-printable of YAML 1.2, without the byte order mark (only at the start, where the caller has cut it). */
static bool printable(uint32_t code) {
    return code == '\t' || code == '\n' || code == '\r' || code == 0x85 || (code >= 0x20 && code <= 0x7e) ||
           (code >= 0xa0 && code != 0xfeff && code != 0xfffe && code != 0xffff);
}

/* libyaml's line breaks. */
static bool breaks_line(uint32_t code, const unsigned char *next, size_t left) {
    return code == '\n' || code == 0x85 || code == 0x2028 || code == 0x2029 ||
           (code == '\r' && !(left > 0 && *next == '\n'));
}

bool yaml_is_text(const struct yaml_source *source, struct mark *mark, char *message, size_t size) {
    const unsigned char *bytes = (const unsigned char *)source->bytes;
    *mark = (struct mark){source->file, 1, 1};
    for (size_t at = 0; at < source->length;) {
        uint32_t code;
        size_t length = text_utf8(bytes + at, source->length - at, &code);
        if (length == 0) {
            snprintf(message, size, "found the byte 0x%02x, which is not UTF-8; wanted YAML text in UTF-8", bytes[at]);
            return false;
        }
        if (!printable(code)) {
            snprintf(message, size, "found the control character 0x%02x; wanted YAML text", (unsigned)code);
            return false;
        }
        at += length;
        mark->column++;
        if (breaks_line(code, bytes + at, source->length - at)) {
            mark->line++;
            mark->column = 1;
        }
    }
    return true;
}

/* The character at a mark: "'x'", "the end of the line", "the end of the file". */
static void describe(const struct yaml_source *source, const yaml_mark_t *mark, char *out, size_t size) {
    const unsigned char *bytes = (const unsigned char *)source->bytes;
    size_t at = 0;
    for (size_t i = 0; i < mark->index && at < source->length; i++) { /* the index counts characters */
        uint32_t code;
        size_t length = text_utf8(bytes + at, source->length - at, &code);
        at += length ? length : 1;
    }
    if (at >= source->length) {
        snprintf(out, size, "the end of the file");
        return;
    }
    uint32_t code = 0;
    size_t length = text_utf8(bytes + at, source->length - at, &code);
    if (code == '\t') {
        snprintf(out, size, "a tab");
    } else if (code == '\n' || code == '\r') {
        snprintf(out, size, "the end of the line");
    } else {
        snprintf(out, size, "'%.*s'", (int)length, source->bytes + at);
    }
}

/* Words for libyaml's problems. `%1` is the character found, `%2` the line where the thing that is not well began. */
struct words {
    const char *context, *problem; /* parts of libyaml's; NULL: any */
    bool at_context;               /* the mistake stands where the thing began */
    const char *say;
};

static const struct words table[] = {
    {NULL, "expected key", false, "found %1; wanted a key, indented as the keys from line %2 on"},
    {NULL, "'-' indicator", false, "found %1; wanted '- ', indented as the list from line %2 on"},
    {NULL, "',' or ']'", false, "found %1; wanted ',' or the ']' of the list opened in line %2"},
    {NULL, "',' or '}'", false, "found %1; wanted ',' or the '}' of the map opened in line %2"},
    {NULL, "expected node content", false, "found %1; wanted a value"},
    {NULL, "<document start>", false,
     "found %1 after the end of the document; wanted no more, or the same indentation"},
    {NULL, "undefined tag handle", false, "found an undefined tag; wanted a value without one"},
    {NULL, "cannot start any token", false, "found %1, which cannot start a value; wanted it in quotes"},
    {"simple key", "expected ':'", true, "found a line without ':'; wanted 'key: value'"},
    {NULL, "sequence entries are not allowed", false,
     "found '-' where no list can stand; wanted it in a line of its own"},
    {NULL, "mapping keys are not allowed", false, "found '?' where no key can stand; wanted 'key: value'"},
    {NULL, "mapping values are not allowed", false,
     "found ':' where no key can stand; wanted 'key: value' in a line of its own, indented as its neighbours, or "
     "quotes "
     "around text that holds ': '"},
    {"an alias", NULL, true, "found '*' without a name; wanted quotes around text that starts with '*'"},
    {"an anchor", NULL, true, "found '&' without a name; wanted quotes around text that starts with '&'"},
    {"tag", NULL, true, "found '!', which starts a tag; wanted quotes around text that starts with '!'"},
    {"directive", NULL, true, "found '%', which starts a directive; wanted quotes around text that starts with '%'"},
    {"block scalar", "comment or line break", false, "found %1 after '|' or '>'; wanted the text in the lines below"},
    {"quoted scalar", "end of stream", true, "found text without its closing quote"},
    {"quoted scalar", "document indicator", true, "found text without its closing quote"},
    {"quoted scalar", "unknown escape", false, "found an unknown escape after '\\'; wanted single quotes, or '\\\\'"},
    {"quoted scalar", NULL, false, "found a bad escape after '\\'; wanted hexadecimal digits"},
    {NULL, "incompatible YAML document", false, "found another version of YAML; wanted 1.1 or 1.2"},
};

static void fill_in(const char *say, const char *found, size_t line, char *message, size_t size) {
    size_t used = 0;
    for (const char *c = say; *c && used + 1 < size; c++) {
        int n = 0;
        if (c[0] == '%' && (c[1] == '1' || c[1] == '2')) {
            n = *++c == '1' ? snprintf(message + used, size - used, "%s", found)
                            : snprintf(message + used, size - used, "%zu", line);
        } else {
            message[used] = *c;
            n = 1;
        }
        used += (size_t)n;
    }
    message[used < size ? used : size - 1] = '\0';
}

void yaml_explain(const struct yaml_source *source, const yaml_parser_t *parser, struct mark *mark, char *message,
                  size_t size) {
    const char *context = parser->context ? parser->context : "", *problem = parser->problem ? parser->problem : "";
    const yaml_mark_t *where = &parser->problem_mark;
    char found[64];
    describe(source, where, found, sizeof found);
    snprintf(message, size, "this is not YAML: %s%s%s", problem, *context ? " " : "", context);
    if (strcmp(found, "a tab") == 0) {
        snprintf(message, size, "found a tab where spaces are wanted for indentation");
    } else {
        for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
            const struct words *words = &table[i];
            if ((!words->context || strstr(context, words->context)) &&
                (!words->problem || strstr(problem, words->problem))) {
                fill_in(words->say, found, parser->context_mark.line + 1, message, size);
                where = words->at_context ? &parser->context_mark : where;
                break;
            }
        }
    }
    *mark = (struct mark){source->file, (unsigned)where->line + 1, (unsigned)where->column + 1};
}
