#include "runner/results/journal.h"

#include "runner/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PREFIX (HASH_SHORT_TEXT_SIZE - 1 + 1) /* digits and a space */
#define JOURNAL_LIMIT ((size_t)8 << 30)

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Keys are hashes: their first digits spread well. Where the key is, or would be. */
static size_t *bucket_of(const struct journal *journal, const char *key) {
    char digits[17];
    snprintf(digits, sizeof digits, "%.16s", key);
    size_t at = (size_t)strtoull(digits, NULL, 16) % journal->n_buckets;
    while (journal->buckets[at] != 0 && strcmp(journal->records[journal->buckets[at] - 1]->key, key) != 0)
        at = at + 1 < journal->n_buckets ? at + 1 : 0;
    return &journal->buckets[at];
}

static void widen(struct journal *journal) {
    free(journal->buckets);
    journal->n_buckets = journal->n_buckets == 0 ? 257 : 2 * journal->n_buckets + 1;
    journal->buckets = memory_alloc(journal->n_buckets, sizeof *journal->buckets);
    for (size_t i = 0; i < journal->count; i++)
        *bucket_of(journal, journal->records[i]->key) = i + 1;
}

static void keep(struct journal *journal, struct record *record) {
    if (journal->count == journal->capacity) {
        journal->capacity = journal->capacity == 0 ? 64 : 2 * journal->capacity;
        journal->records = memory_resize(journal->records, journal->capacity, sizeof *journal->records);
    }
    journal->records[journal->count++] = record;
    if (2 * journal->count > journal->n_buckets)
        widen(journal);
    else
        *bucket_of(journal, record->key) = journal->count;
}

/* False where the line is damaged. */
static bool read_line(struct journal *journal, const char *line, size_t length) {
    char digits[HASH_SHORT_TEXT_SIZE];
    if (length <= PREFIX || line[PREFIX - 1] != ' ')
        return false;
    hash128_write_short(hash128_of(line + PREFIX, length - PREFIX), digits);
    if (memcmp(digits, line, PREFIX - 1) != 0)
        return false;
    json_t *json = json_loadb(line + PREFIX, length - PREFIX, 0, NULL);
    const char *kind = json_string_value(json_object_get(json, "kind"));
    bool good = kind != NULL;
    if (good && strcmp(kind, "trial") == 0) {
        struct record *record = arena_alloc(&journal->arena, sizeof *record);
        good = record_read(json, &journal->arena, record);
        if (good)
            keep(journal, record);
    } else if (good && strcmp(kind, "grid") == 0) {
        text_reset(&journal->grid);
        text_add_bytes(&journal->grid, line + PREFIX, length - PREFIX);
    }
    json_decref(json);
    return good;
}

/* *whole: bytes up to and with the last end of line */
static enum status read_all(const char *path, struct journal *journal, size_t *whole, struct error *error) {
    *journal = (struct journal){.fd = -1};
    *whole = 0;
    arena_init(&journal->arena);
    text_init(&journal->grid);
    struct stat facts;
    if (stat(path, &facts) < 0 && errno == ENOENT)
        return STATUS_OK;
    unsigned char *bytes = NULL;
    size_t n = 0;
    enum status status = file_read(path, JOURNAL_LIMIT, &bytes, &n, error);
    if (status != STATUS_OK) {
        if (error != NULL)
            error->status = STATUS_ENVIRONMENT;
        return STATUS_ENVIRONMENT;
    }
    const char *at = (const char *)bytes, *end = at + n;
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (stop == NULL) {
            journal->skipped++;
            break;
        }
        if (!read_line(journal, at, (size_t)(stop - at)))
            journal->skipped++;
        at = stop + 1;
    }
    *whole = (size_t)(at - (const char *)bytes);
    free(bytes);
    return STATUS_OK;
}

static void release(struct journal *journal) {
    if (journal->fd >= 0)
        close(journal->fd);
    free(journal->records);
    free(journal->buckets);
    text_clear(&journal->grid);
    arena_clear(&journal->arena);
    *journal = (struct journal){.fd = -1};
}

enum status journal_read(const char *path, struct journal *journal, struct error *error) {
    size_t whole;
    enum status status = read_all(path, journal, &whole, error);
    if (status != STATUS_OK)
        release(journal);
    return status;
}

enum status journal_open(const char *path, struct journal *journal, struct error *error) {
    size_t whole;
    enum status status = read_all(path, journal, &whole, error);
    if (status == STATUS_OK) {
        journal->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
        if (journal->fd < 0)
            status = error_set(error, STATUS_ENVIRONMENT, "%s: cannot write the journal: %s", path, strerror(errno));
        else if (ftruncate(journal->fd, (off_t)whole) < 0)
            status = error_set(error, STATUS_ENVIRONMENT, "%s: cannot cut off a torn line: %s", path, strerror(errno));
    }
    if (status != STATUS_OK)
        release(journal);
    return status;
}

static enum status sync_now(struct journal *journal, struct error *error) {
    journal->unsynced = false;
    journal->synced_at = now();
    struct stat facts;
    if (fstat(journal->fd, &facts) == 0 && facts.st_nlink == 0)
        return error_set(error, STATUS_ENVIRONMENT,
                         "the journal was removed while the run went on, with its folder perhaps; "
                         "run again to begin anew");
    if (fsync(journal->fd) < 0)
        return error_set(error, STATUS_ENVIRONMENT, "cannot write the journal: %s", strerror(errno));
    return STATUS_OK;
}

enum status journal_sync(struct journal *journal, struct error *error) {
    if (!journal->unsynced || now() - journal->synced_at < 1)
        return STATUS_OK;
    return sync_now(journal, error);
}

enum status journal_close(struct journal *journal, struct error *error) {
    enum status status = STATUS_OK;
    if (journal->fd >= 0 && journal->unsynced)
        status = sync_now(journal, error);
    release(journal);
    return status;
}

static enum status add_line(struct journal *journal, const struct text *json, struct error *error) {
    struct text line;
    text_init(&line);
    char digits[HASH_SHORT_TEXT_SIZE];
    text_printf(&line, "%s ", hash128_write_short(hash128_of(json->data, json->length), digits));
    text_add_bytes(&line, json->data, json->length);
    text_add_char(&line, '\n');
    enum status status = STATUS_OK;
    off_t start = lseek(journal->fd, 0, SEEK_END);
    size_t written = 0;
    while (status == STATUS_OK && written < line.length) {
        ssize_t n = write(journal->fd, line.data + written, line.length - written);
        if (n >= 0)
            written += (size_t)n;
        else if (errno != EINTR)
            status = error_set(error, STATUS_ENVIRONMENT, "cannot write the journal: %s", strerror(errno));
    }
    if (status != STATUS_OK && ftruncate(journal->fd, start) < 0)
        error_prefix(error, "a torn line stays at the end"); /* which the next reader skips */
    text_clear(&line);
    journal->unsynced = true;
    return status == STATUS_OK ? journal_sync(journal, error) : status;
}

enum status journal_add(struct journal *journal, struct record *record, struct error *error) {
    struct text json;
    text_init(&json);
    record_write(record, &json);
    enum status status = add_line(journal, &json, error);
    text_clear(&json);
    keep(journal, record);
    return status;
}

enum status journal_add_grid(struct journal *journal, const struct results *results, bool *added, struct error *error) {
    struct text json;
    text_init(&json);
    results_write(results, &json);
    enum status status = STATUS_OK;
    *added = json.length != journal->grid.length || memcmp(json.data, journal->grid.data, json.length) != 0;
    if (*added) {
        status = add_line(journal, &json, error);
        text_reset(&journal->grid);
        text_add_bytes(&journal->grid, json.data, json.length);
    }
    text_clear(&json);
    return status;
}

const struct record *journal_find(const struct journal *journal, const char *key) {
    size_t found = journal->n_buckets > 0 ? *bucket_of(journal, key) : 0;
    return found > 0 ? journal->records[found - 1] : NULL;
}

void journal_join(const struct journal *journal, struct results *results) {
    for (size_t t = 0; t < results->n_trials; t++)
        results->trials[t].record = journal_find(journal, results->trials[t].key);
}
