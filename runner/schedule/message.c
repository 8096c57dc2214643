#include "runner/schedule/message.h"

#include <string.h>

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
