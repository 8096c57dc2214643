#include "runner/schedule/message.h"

#include <string.h>

enum { DEEPEST = 1000 }; /* trees nest less */

void message_u64(struct text *out, uint64_t number) {
    text_add_bytes(out, &number, sizeof number);
}

void message_double(struct text *out, double number) {
    text_add_bytes(out, &number, sizeof number);
}

void message_string(struct text *out, const char *string) {
    if (string == NULL)
        string = "";
    size_t length = strlen(string);
    message_u64(out, length);
    text_add_bytes(out, string, length + 1);
}

void message_tree(struct text *out, const struct tree *tree) {
    text_add_char(out, (char)tree->type);
    text_add_char(out, (char)tree->quoted);
    if (tree_is_scalar(tree)) {
        message_string(out, tree->text);
        text_add_bytes(out, &tree->value, sizeof tree->value);
        return;
    }
    message_u64(out, tree->count);
    for (size_t i = 0; i < tree->count; i++) {
        if (tree->type == TREE_MAP)
            message_string(out, tree->keys[i]);
        message_tree(out, tree->items[i]);
    }
}

void message_reader_init(struct message_reader *reader, const char *bytes, size_t length) {
    *reader = (struct message_reader){.bytes = bytes, .length = length};
}

static bool take(struct message_reader *reader, size_t size, const char **bytes) {
    if (reader->bad || size > reader->length - reader->at) {
        reader->bad = true;
        return false;
    }
    *bytes = reader->bytes + reader->at;
    reader->at += size;
    return true;
}

uint64_t message_read_u64(struct message_reader *reader) {
    const char *bytes;
    uint64_t number = 0;
    if (take(reader, sizeof number, &bytes))
        memcpy(&number, bytes, sizeof number);
    return number;
}

double message_read_double(struct message_reader *reader) {
    const char *bytes;
    double number = 0;
    if (take(reader, sizeof number, &bytes))
        memcpy(&number, bytes, sizeof number);
    return number;
}

const char *message_read_string(struct message_reader *reader) {
    const char *bytes;
    uint64_t length = message_read_u64(reader);
    reader->bad = reader->bad || length == UINT64_MAX;
    if (!take(reader, (size_t)length + 1, &bytes))
        return "";
    if (bytes[length] != '\0' || memchr(bytes, '\0', (size_t)length) != NULL) {
        reader->bad = true;
        return "";
    }
    return bytes;
}

size_t message_read_count(struct message_reader *reader, size_t size) {
    uint64_t count = message_read_u64(reader);
    if (reader->bad || count > (reader->length - reader->at) / size) {
        reader->bad = true;
        return 0;
    }
    return (size_t)count;
}

static struct tree *read_tree(struct message_reader *reader, struct arena *arena, int depth) {
    const char *bytes;
    struct tree *tree = arena_alloc(arena, sizeof *tree);
    if (depth == DEEPEST || !take(reader, 2, &bytes) || bytes[0] < TREE_NULL || bytes[0] > TREE_MAP) {
        reader->bad = true;
        return tree;
    }
    tree->type = (enum tree_type)bytes[0];
    tree->quoted = bytes[1] != 0;
    if (tree_is_scalar(tree)) {
        tree->text = arena_copy_text(arena, message_read_string(reader));
        if (take(reader, sizeof tree->value, &bytes))
            memcpy(&tree->value, bytes, sizeof tree->value);
        return tree;
    }
    tree->count = (uint32_t)message_read_count(reader, 2);
    tree->items = arena_array(arena, tree->count, sizeof *tree->items);
    if (tree->type == TREE_MAP) {
        tree->keys = arena_array(arena, tree->count, sizeof *tree->keys);
        tree->key_marks = arena_array(arena, tree->count, sizeof *tree->key_marks);
    }
    for (size_t i = 0; i < tree->count && !reader->bad; i++) {
        if (tree->type == TREE_MAP)
            tree->keys[i] = arena_copy_text(arena, message_read_string(reader));
        tree->items[i] = read_tree(reader, arena, depth + 1);
    }
    return tree;
}

struct tree *message_read_tree(struct message_reader *reader, struct arena *arena) {
    struct tree *tree = read_tree(reader, arena, 0);
    return reader->bad ? NULL : tree;
}

enum status message_misread(struct error *error) {
    return error_set(error, STATUS_ENVIRONMENT, "the supervisor sent a request that cannot be read");
}
