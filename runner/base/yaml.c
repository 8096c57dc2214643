#include "runner/base/yaml.h"

#include "runner/base/file.h"
#include "runner/base/yaml_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* Limits against input that is hostile or by mistake no config: none of them is near what a grid of trials needs. */
enum { MAX_BYTES = 16 << 20, MAX_NODES = 1000000, MAX_DEPTH = 100, MAX_ANCHORS = 1000, MAX_ERRORS = 100 };

struct anchor {
    const char *name;
    const struct tree *tree; /* NULL while it is being read */
    size_t nodes;
    unsigned height;
};

struct reader {
    yaml_parser_t parser;
    struct yaml_source source;
    struct arena *arena;
    struct diagnostics *diagnostics;
    size_t errors; /* reported by this reader */
    size_t nodes;
    struct anchor anchors[MAX_ANCHORS];
    size_t n_anchors;
};

struct entry {
    struct tree *key, *value;
};

struct entries {
    struct entry *items;
    size_t count, capacity;
};

static struct mark place(const struct reader *reader, const yaml_mark_t *mark) {
    return (struct mark){reader->source.file, (unsigned)mark->line + 1, (unsigned)mark->column + 1};
}

/* What is reported past the limit is only counted. */
__attribute__((format(printf, 3, 4))) static void report(struct reader *reader, struct mark mark, const char *format,
                                                         ...) {
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (reader->errors < MAX_ERRORS) {
        diagnostics_error(reader->diagnostics, mark, "%s", message);
    } else if (reader->errors == MAX_ERRORS) {
        diagnostics_error(reader->diagnostics, mark, "more than %d mistakes; the rest is not shown", MAX_ERRORS);
    }
    reader->errors++;
}

static bool next_event(struct reader *reader, yaml_event_t *event) {
    if (yaml_parser_parse(&reader->parser, event)) {
        return true;
    }
    if (reader->parser.error == YAML_MEMORY_ERROR) {
        memory_exhausted();
    }
    struct mark mark;
    char message[512];
    yaml_explain(&reader->source, &reader->parser, &mark, message, sizeof message);
    report(reader, mark, "%s", message);
    return false;
}

static bool count_nodes(struct reader *reader, struct mark mark, size_t nodes) {
    reader->nodes += nodes;
    if (reader->nodes > MAX_NODES) {
        report(reader, mark, "found more than %d values, aliases counted as what they stand for; wanted fewer",
               MAX_NODES);
        return false;
    }
    return true;
}

static unsigned tree_height(const struct tree *tree) {
    unsigned height = 0;
    for (size_t i = 0; i < tree->count; i++) {
        unsigned h = tree_height(tree->items[i]);
        height = h > height ? h : height;
    }
    return height + 1;
}

static struct anchor *find_anchor(struct reader *reader, const char *name) {
    for (size_t i = reader->n_anchors; i-- > 0;) {
        if (strcmp(reader->anchors[i].name, name) == 0) {
            return &reader->anchors[i];
        }
    }
    return NULL;
}

/* The anchor's slot; NULL where there is no anchor, and false where there are too many. */
static bool open_anchor(struct reader *reader, struct mark mark, const yaml_char_t *name, struct anchor **anchor) {
    *anchor = NULL;
    if (!name) {
        return true;
    }
    if (reader->n_anchors == MAX_ANCHORS) {
        report(reader, mark, "found more than %d anchors; wanted fewer", MAX_ANCHORS);
        return false;
    }
    *anchor = &reader->anchors[reader->n_anchors++];
    **anchor = (struct anchor){.name = arena_copy_text(reader->arena, (const char *)name)};
    return true;
}

static void close_anchor(const struct reader *reader, struct anchor *anchor, const struct tree *tree,
                         size_t nodes_before) {
    if (anchor) {
        anchor->tree = tree;
        anchor->nodes = reader->nodes - nodes_before;
        anchor->height = tree_height(tree);
    }
}

/* A copy, so that whoever changes one place of the tree changes no other. */
static struct tree *read_alias(struct reader *reader, const yaml_event_t *event, unsigned depth) {
    struct mark mark = place(reader, &event->start_mark);
    const char *name = (const char *)event->data.alias.anchor;
    const struct anchor *anchor = find_anchor(reader, name);
    if (!anchor || !anchor->tree) {
        if (anchor) {
            report(reader, mark, "the alias '*%.60s' stands inside the value that it repeats", name);
        } else {
            report(reader, mark, "the alias '*%.60s' has no anchor '&%.60s' before it", name, name);
        }
        return tree_null(reader->arena, mark);
    }
    if (depth + anchor->height - 1 > MAX_DEPTH) {
        report(reader, mark, "found more than %d levels of nesting; wanted fewer", MAX_DEPTH);
        return NULL;
    }
    return count_nodes(reader, mark, anchor->nodes) ? tree_copy(reader->arena, anchor->tree) : NULL;
}

#define CORE_TAG "tag:yaml.org,2002:"

static bool tag_is(const char *tag, const char *name) {
    return strncmp(tag, CORE_TAG, sizeof CORE_TAG - 1) == 0 && strcmp(tag + sizeof CORE_TAG - 1, name) == 0;
}

static void unknown_tag(struct reader *reader, struct mark mark, const char *tag) {
    bool core = strncmp(tag, CORE_TAG, sizeof CORE_TAG - 1) == 0;
    report(reader, mark, "found the tag '%s%.60s'; wanted a value without one", core ? "!!" : "",
           core ? tag + sizeof CORE_TAG - 1 : tag);
}

/* A scalar with a tag of the core schema, whatever its quotes. */
static struct tree *tagged_scalar(struct reader *reader, struct mark mark, const char *tag, const char *text) {
    static const struct {
        const char *name;
        enum tree_type type;
    } types[] = {{"null", TREE_NULL}, {"bool", TREE_BOOL}, {"int", TREE_INT}, {"float", TREE_FLOAT}};
    if (strcmp(tag, "!") == 0 || tag_is(tag, "str")) {
        return tree_text(reader->arena, mark, text);
    }
    struct tree *tree = tree_plain(reader->arena, mark, text);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (!tag_is(tag, types[i].name)) {
            continue;
        }
        if (types[i].type == TREE_FLOAT && tree->type == TREE_INT) {
            tree->type = TREE_FLOAT;
            tree->value.number = (double)tree->value.integer;
        }
        if (tree->type != types[i].type) {
            report(reader, mark, "found '%.60s' with the tag '!!%s'; wanted %s", text, types[i].name,
                   tree_type_name(types[i].type));
        }
        return tree;
    }
    unknown_tag(reader, mark, tag);
    return tree;
}

static struct tree *read_scalar(struct reader *reader, const yaml_event_t *event) {
    struct mark mark = place(reader, &event->start_mark);
    const char *text = (const char *)event->data.scalar.value, *tag = (const char *)event->data.scalar.tag;
    if (strlen(text) != event->data.scalar.length) {
        report(reader, mark, "found a NUL character (\\0) in text; wanted text without it");
    }
    if (tag) {
        return tagged_scalar(reader, mark, tag, text);
    }
    bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    return plain ? tree_plain(reader->arena, mark, text) : tree_text(reader->arena, mark, text);
}

static struct tree *read_node(struct reader *reader, const yaml_event_t *event, unsigned depth);

/* Reads the next node, or says that the collection has ended there. */
static bool read_next(struct reader *reader, yaml_event_type_t end, unsigned depth, struct tree **tree, bool *plain) {
    yaml_event_t event;
    *tree = NULL;
    if (!next_event(reader, &event)) {
        return false;
    }
    if (event.type == end) {
        yaml_event_delete(&event);
        return true;
    }
    *plain = event.type == YAML_SCALAR_EVENT && event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    *tree = read_node(reader, &event, depth);
    yaml_event_delete(&event);
    return *tree != NULL;
}

static bool read_list(struct reader *reader, struct tree *list, unsigned depth) {
    struct tree *item;
    bool plain, well;
    while ((well = read_next(reader, YAML_SEQUENCE_END_EVENT, depth + 1, &item, &plain)) && item) {
        tree_append(reader->arena, list, item);
    }
    return well;
}

static int compare_keys(const void *first, const void *second) {
    const struct entry *a = *(const struct entry *const *)first, *b = *(const struct entry *const *)second;
    int order = strcmp(a->key->text, b->key->text);
    return order ? order : (a > b) - (a < b);
}

/* Sorted, since a file of a million keys may not take for ever. */
static void report_duplicates(struct reader *reader, const struct entries *entries) {
    const struct entry **sorted = memory_alloc(entries->count, sizeof *sorted);
    for (size_t i = 0; i < entries->count; i++) {
        sorted[i] = &entries->items[i];
    }
    if (entries->count > 1) {
        qsort(sorted, entries->count, sizeof *sorted, compare_keys);
    }
    const struct tree *first = NULL;
    for (size_t i = 0; i < entries->count; i++) {
        const struct tree *key = sorted[i]->key;
        if (first && strcmp(first->text, key->text) == 0) {
            report(reader, key->mark, "found the key '%.60s' twice, first in line %u; wanted it once", key->text,
                   first->mark.line);
        } else {
            first = key;
        }
    }
    free(sorted);
}

static void check_key(struct reader *reader, const struct tree *key, bool plain) {
    if (!tree_is_scalar(key)) {
        report(reader, key->mark, "found %s as a key; wanted a name", tree_type_name(key->type));
    } else if (plain && strcmp(key->text, "<<") == 0) {
        report(reader, key->mark,
               "found the merge key '<<', which is not supported; write the keys out, or use `include:`");
    } else if (plain && !key->text[0]) {
        report(reader, key->mark, "found ':' without a key before it; wanted 'key: value'");
    }
}

static void fill_map(struct reader *reader, struct tree *map, const struct entries *entries) {
    map->count = (uint32_t)entries->count;
    map->items = arena_array(reader->arena, map->count, sizeof *map->items);
    map->keys = arena_array(reader->arena, map->count, sizeof *map->keys);
    map->key_marks = arena_array(reader->arena, map->count, sizeof *map->key_marks);
    for (size_t i = 0; i < map->count; i++) {
        map->items[i] = entries->items[i].value;
        map->keys[i] = entries->items[i].key->text;
        map->key_marks[i] = entries->items[i].key->mark;
    }
}

static bool read_map(struct reader *reader, struct tree *map, unsigned depth) {
    struct entries entries = {0};
    struct entry entry;
    bool plain = false, plain_value = false, well;
    while ((well = read_next(reader, YAML_MAPPING_END_EVENT, depth + 1, &entry.key, &plain)) && entry.key) {
        check_key(reader, entry.key, plain);
        well = read_next(reader, YAML_NO_EVENT, depth + 1, &entry.value, &plain_value);
        if (!well) {
            break;
        }
        if (!tree_is_scalar(entry.key)) {
            continue;
        }
        if (entries.count == entries.capacity) {
            entries.capacity = entries.capacity ? 2 * entries.capacity : 16;
            entries.items = memory_resize(entries.items, entries.capacity, sizeof *entries.items);
        }
        entries.items[entries.count++] = entry;
    }
    if (well) {
        report_duplicates(reader, &entries);
        fill_map(reader, map, &entries);
    }
    free(entries.items);
    return well;
}

static struct tree *read_collection(struct reader *reader, const yaml_event_t *event, unsigned depth) {
    struct mark mark = place(reader, &event->start_mark);
    bool list = event->type == YAML_SEQUENCE_START_EVENT;
    const yaml_char_t *tag = list ? event->data.sequence_start.tag : event->data.mapping_start.tag;
    if (tag && !tag_is((const char *)tag, list ? "seq" : "map")) {
        unknown_tag(reader, mark, (const char *)tag);
    }
    struct tree *tree = list ? tree_list(reader->arena, mark) : tree_map(reader->arena, mark);
    bool well = list ? read_list(reader, tree, depth) : read_map(reader, tree, depth);
    return well ? tree : NULL;
}

/* NULL where reading must stop. What can be read past is reported, and reading goes on. */
static struct tree *read_node(struct reader *reader, const yaml_event_t *event, unsigned depth) {
    struct mark mark = place(reader, &event->start_mark);
    if (depth > MAX_DEPTH) {
        report(reader, mark, "found more than %d levels of nesting; wanted fewer", MAX_DEPTH);
        return NULL;
    }
    if (event->type == YAML_ALIAS_EVENT) {
        return read_alias(reader, event, depth);
    }
    bool scalar = event->type == YAML_SCALAR_EVENT;
    const yaml_char_t *name = scalar                                     ? event->data.scalar.anchor
                              : event->type == YAML_SEQUENCE_START_EVENT ? event->data.sequence_start.anchor
                                                                         : event->data.mapping_start.anchor;
    struct anchor *anchor;
    size_t nodes = reader->nodes;
    if (!count_nodes(reader, mark, 1) || !open_anchor(reader, mark, name, &anchor)) {
        return NULL;
    }
    struct tree *tree = scalar ? read_scalar(reader, event) : read_collection(reader, event, depth);
    if (tree) {
        close_anchor(reader, anchor, tree, nodes);
    }
    return tree;
}

/* The next event, or the one after it where that is of the given type. */
static bool skip_event(struct reader *reader, yaml_event_type_t type, yaml_event_t *event) {
    if (!next_event(reader, event)) {
        return false;
    }
    if (event->type != type) {
        return true;
    }
    yaml_event_delete(event);
    return next_event(reader, event);
}

static struct tree *read_document(struct reader *reader) {
    yaml_event_t event;
    if (!skip_event(reader, YAML_STREAM_START_EVENT, &event)) {
        return NULL;
    }
    bool empty = event.type == YAML_STREAM_END_EVENT;
    yaml_event_delete(&event);
    if (empty) {
        report(reader, (struct mark){reader->source.file, 1, 1}, "the file is empty; wanted 'key: value' lines");
        return NULL;
    }
    if (!next_event(reader, &event)) {
        return NULL;
    }
    struct tree *tree = read_node(reader, &event, 1);
    yaml_event_delete(&event);
    if (!tree || !skip_event(reader, YAML_DOCUMENT_END_EVENT, &event)) {
        return NULL;
    }
    if (event.type != YAML_STREAM_END_EVENT) {
        report(reader, place(reader, &event.start_mark), "found a second document ('---'); wanted one a file");
    }
    yaml_event_delete(&event);
    return tree;
}

struct tree *yaml_read(const char *bytes, size_t length, const char *file, struct arena *arena,
                       struct diagnostics *diagnostics) {
    if (length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
        bytes += 3;
        length -= 3;
    }
    struct reader *reader = memory_alloc(1, sizeof *reader);
    reader->source = (struct yaml_source){bytes, length, arena_copy_text(arena, file)};
    reader->arena = arena;
    reader->diagnostics = diagnostics;
    struct tree *tree = NULL;
    struct mark mark = {reader->source.file, 0, 0};
    char message[512];
    if (length > MAX_BYTES) {
        report(reader, mark, "found more than %d MB; wanted a config", MAX_BYTES >> 20);
    } else if (!yaml_is_text(&reader->source, &mark, message, sizeof message)) {
        report(reader, mark, "%s", message);
    } else {
        if (!yaml_parser_initialize(&reader->parser)) {
            memory_exhausted();
        }
        yaml_parser_set_encoding(&reader->parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&reader->parser, (const unsigned char *)bytes, length);
        tree = read_document(reader);
        yaml_parser_delete(&reader->parser);
    }
    if (reader->errors > 0) {
        tree = NULL;
    }
    free(reader);
    return tree;
}

struct tree *yaml_read_file(const char *path, struct arena *arena, struct diagnostics *diagnostics) {
    unsigned char *bytes;
    size_t n;
    struct error error = {0};
    if (file_read_or_pipe(path, MAX_BYTES, &bytes, &n, &error) != STATUS_OK) {
        diagnostics_error(diagnostics, (struct mark){path, 0, 0}, "cannot read it: %s", error.text);
        return NULL;
    }
    struct tree *tree = yaml_read((const char *)bytes, n, path, arena, diagnostics);
    free(bytes);
    return tree;
}
