#include "runner/results/journal.h"

#include "runner/base/clock.h"
#include "runner/base/file.h"
#include "runner/results/brief.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LOOKS = 2 };            /* a second apart, at a folder without its journal */
enum { LARGE_LINE = 1 << 20 }; /* bytes */

#define PREFIX (HASH_SHORT_TEXT_SIZE - 1 + 1) /* digits and a space */

static bool same_key(const void *item, const void *wanted) {
    return hash128_equal(((const struct journal_line *)item)->key, *(const struct hash128 *)wanted);
}

enum { ALIKE = 8 }; /* lines before one that are looked at for what is equal */

/* Names and reasons are mostly those of the trials before. */
static const char *share_text(struct journal *journal, size_t line, const char *text, bool reason) {
    for (size_t i = line; i > 0 && i + ALIKE > line; i--) {
        const struct record *before = journal->lines[i - 1]->record;
        const char *candidate = reason ? before->reason : before->stopped_by;
        if (strcmp(candidate, text) == 0)
            return candidate;
    }
    return arena_copy_text(&journal->arena, text);
}

static const char **share_columns(struct journal *journal, size_t line, const struct record *record) {
    for (size_t i = line; i > 0 && i + ALIKE > line; i--) {
        const struct record *before = journal->lines[i - 1]->record;
        size_t c = 0;
        while (c < record->n_columns && c < before->n_columns && strcmp(before->columns[c], record->columns[c]) == 0)
            c++;
        if (c == record->n_columns && c == before->n_columns)
            return before->columns;
    }
    const char **columns = arena_array(&journal->records, record->n_columns, sizeof *columns);
    for (size_t c = 0; c < record->n_columns; c++)
        columns[c] = arena_copy_text(&journal->records, record->columns[c]);
    return columns;
}

static const struct record *make_brief(struct journal *journal, size_t line, const struct record *whole) {
    struct record *record = record_brief(whole, &journal->records);
    record_brief_rows(record, whole, &journal->records);
    record->columns = share_columns(journal, line, whole);
    record->reason = share_text(journal, line, whole->reason, true);
    record->stopped_by = share_text(journal, line, whole->stopped_by, false);
    return record;
}

/* What is known of a trial while its record is postponed. */
static const struct record *share_end(struct journal *journal, size_t line, const struct record *whole) {
    for (size_t i = line; i > 0 && i + ALIKE > line; i--) {
        const struct record *before = journal->lines[i - 1]->record;
        if (before->status == whole->status && before->attempts == whole->attempts &&
            strcmp(before->reason, whole->reason) == 0)
            return before;
    }
    struct record *end = arena_alloc(&journal->arena, sizeof *end);
    end->status = whole->status;
    end->attempts = whole->attempts;
    end->reason = share_text(journal, line, whole->reason, true);
    end->stopped_by = "";
    return end;
}

static const struct record *keep(struct journal *journal, const struct record *whole, uint64_t at, size_t length) {
    struct journal_line *line = arena_alloc(&journal->arena, sizeof *line);
    *line = (struct journal_line){.key = whole->key, .id = whole->id, .at = at, .length = length};
    line->record =
        journal->later ? share_end(journal, journal->count, whole) : make_brief(journal, journal->count, whole);
    if (journal->count == journal->capacity) {
        journal->capacity = journal->capacity == 0 ? 64 : 2 * journal->capacity;
        journal->lines = memory_resize(journal->lines, journal->capacity, sizeof *journal->lines);
    }
    journal->lines[journal->count++] = line;
    hash_table_set(&journal->table, line->key.high, same_key, &line->key, line);
    return line->record;
}

/* Whether the line is as it was written. */
static bool undamaged(const char *line, size_t length) {
    char digits[HASH_SHORT_TEXT_SIZE];
    if (length <= PREFIX || line[PREFIX - 1] != ' ')
        return false;
    hash128_write_short(hash128_of(line + PREFIX, length - PREFIX), digits);
    return memcmp(digits, line, PREFIX - 1) == 0;
}

static void keep_grid(struct journal *journal, uint64_t at, size_t length, struct hash128 hash) {
    journal->grid_at = at + PREFIX;
    journal->grid_length = length;
    journal->grid_hash = hash;
}

static bool begins(const char *json, size_t length, const char *kind) {
    return length >= strlen(kind) && memcmp(json, kind, strlen(kind)) == 0;
}

/* False where the line is damaged. */
static bool read_line(struct journal *journal, uint64_t at, const char *line, size_t length) {
    if (!undamaged(line, length))
        return false;
    const char *json = line + PREFIX;
    if (begins(json, length - PREFIX, "{\"kind\":\"grid\"")) {
        keep_grid(journal, at, length - PREFIX, hash128_of(json, length - PREFIX));
        return true;
    }
    if (!begins(json, length - PREFIX, "{\"kind\":\"trial\""))
        return true; /* of a later version, perhaps */
    struct arena arena;
    arena_init(&arena);
    struct record record;
    bool good = record_read(json, length - PREFIX, &arena, &record);
    if (good)
        keep(journal, &record, at, length);
    arena_clear(&arena);
    return good;
}

/* *whole: bytes up to and with the last end of line */
static enum status read_lines(struct journal *journal, FILE *file, const char *path, uint64_t *whole,
                              struct error *error) {
    char *line = NULL;
    size_t capacity = 0;
    ssize_t n;
    *whole = 0;
    errno = 0;
    while ((n = getline(&line, &capacity, file)) > 0) {
        if (line[n - 1] != '\n') {
            journal->skipped++;
            break;
        }
        if (!read_line(journal, *whole, line, (size_t)n - 1))
            journal->skipped++;
        *whole += (uint64_t)n;
        if (capacity > LARGE_LINE) { /* that of a large grid, and no other is as long */
            free(line);
            line = NULL;
            capacity = 0;
        }
        errno = 0;
    }
    int code = n < 0 && !feof(file) ? errno : 0;
    free(line);
    return code == 0 ? STATUS_OK : error_set(error, STATUS_ENVIRONMENT, "cannot read %s: %s", path, strerror(code));
}

static enum status read_all(const char *path, int flags, enum journal_records records, struct journal *journal,
                            uint64_t *whole, struct error *error) {
    *journal =
        (struct journal){.fd = open(path, flags | O_CLOEXEC | O_NONBLOCK, 0666), .later = records == JOURNAL_POSTPONED};
    *whole = 0;
    int code = errno;
    arena_init(&journal->arena);
    arena_init(&journal->records);
    journal->path = arena_copy_text(&journal->arena, path);
    errno = code;
    if (journal->fd < 0 && errno == ENOENT && (flags & O_CREAT) == 0)
        return STATUS_OK;
    if (journal->fd < 0)
        return error_set(error, STATUS_ENVIRONMENT, "%s: cannot %s the journal: %s", path,
                         (flags & O_CREAT) != 0 ? "write" : "read", strerror(errno));
    struct stat facts;
    if (fstat(journal->fd, &facts) == 0 && !S_ISREG(facts.st_mode))
        return error_set(error, STATUS_ENVIRONMENT, "cannot read %s: wanted a regular file", path);
    int fd = fcntl(journal->fd, F_DUPFD_CLOEXEC, 0);
    FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
    if (file == NULL) {
        if (fd >= 0)
            close(fd);
        return error_set(error, STATUS_ENVIRONMENT, "cannot read %s: %s", path, strerror(errno));
    }
    enum status status = read_lines(journal, file, path, whole, error);
    fclose(file);
    return status;
}

static void release(struct journal *journal) {
    if (journal->fd >= 0)
        close(journal->fd);
    free(journal->lines);
    hash_table_clear(&journal->table);
    arena_clear(&journal->records);
    arena_clear(&journal->arena);
    *journal = (struct journal){.fd = -1};
}

enum status journal_read(const char *path, enum journal_records records, struct journal *journal, struct error *error) {
    uint64_t whole;
    enum status status = read_all(path, O_RDONLY, records, journal, &whole, error);
    if (status != STATUS_OK)
        release(journal);
    return status;
}

static void note_folder(const char *path, uint64_t folder[2]) {
    struct arena arena;
    struct stat facts = {0};
    arena_init(&arena);
    if (stat(path_folder(&arena, path), &facts) == 0) {
        folder[0] = facts.st_dev;
        folder[1] = facts.st_ino;
    }
    arena_clear(&arena);
}

enum status journal_open(const char *path, enum journal_records records, struct journal *journal, struct error *error) {
    uint64_t whole;
    enum status status = read_all(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW, records, journal, &whole, error);
    if (status == STATUS_OK && ftruncate(journal->fd, (off_t)whole) < 0)
        status = error_set(error, STATUS_ENVIRONMENT, "%s: cannot cut off a torn line: %s", path, strerror(errno));
    journal->writes = status == STATUS_OK;
    journal->end = whole;
    note_folder(path, journal->folder);
    if (status != STATUS_OK)
        release(journal);
    return status;
}

/* NUL stands behind the bytes, which the caller frees; NULL where they are not there. */
static char *read_bytes(struct journal *journal, uint64_t at, size_t length) {
    char *bytes = memory_alloc(length + 1, 1);
    for (size_t got = 0; got < length;) {
        ssize_t n = pread(journal->fd, bytes + got, length - got, (off_t)(at + got));
        if (n > 0)
            got += (size_t)n;
        else if (n == 0 || errno != EINTR) {
            journal->lost = true;
            free(bytes);
            return NULL;
        }
    }
    return bytes;
}

/* The line's JSON, behind PREFIX bytes, which the caller frees; NULL where it is not there as it was written. */
static char *read_json(struct journal *journal, const struct journal_line *line) {
    char *bytes = read_bytes(journal, line->at, line->length);
    if (bytes == NULL || undamaged(bytes, line->length))
        return bytes;
    free(bytes);
    return NULL;
}

static const struct record *read_record(struct journal *journal, const struct journal_line *line, struct arena *arena) {
    struct record *whole = arena_alloc(arena, sizeof *whole);
    char *bytes = read_json(journal, line);
    bool good = bytes != NULL && record_read(bytes + PREFIX, line->length - PREFIX, arena, whole) &&
                hash128_equal(whole->key, line->key);
    free(bytes);
    journal->lost = journal->lost || !good;
    return good ? whole : NULL;
}

static const struct journal_line *find_line(const struct journal *journal, struct hash128 key) {
    return hash_table_find(&journal->table, key.high, same_key, &key);
}

const struct record *journal_whole(struct journal *journal, const struct record *record, struct arena *arena) {
    const struct journal_line *line = find_line(journal, record->key);
    struct record *whole = arena_alloc(arena, sizeof *whole);
    *whole = *record;
    whole->brief = false;
    whole->seconds = whole->evaluate_seconds = whole->seconds_per_epoch = 0; /* the rows have them */
    char *bytes = read_json(journal, line);
    bool good = bytes != NULL && record_read_rows(bytes + PREFIX, line->length - PREFIX, arena, whole);
    free(bytes);
    journal->lost = journal->lost || !good;
    return good ? whole : NULL;
}

bool journal_line(struct journal *journal, const struct record *record, struct text *line) {
    const struct journal_line *place = find_line(journal, record->key);
    char *bytes = read_json(journal, place);
    bool good = bytes != NULL && record_is_line(record, bytes + PREFIX, place->length - PREFIX);
    if (good)
        text_add_bytes(line, bytes + PREFIX, place->length - PREFIX);
    free(bytes);
    journal->lost = journal->lost || !good;
    return good;
}

void journal_postpone(struct journal *journal, struct results *results) {
    for (size_t i = 0; i < journal->count; i++)
        journal->lines[i]->record = share_end(journal, i, journal->lines[i]->record);
    arena_clear(&journal->records);
    journal->later = true;
    journal_join(journal, results);
}

void journal_complete(struct journal *journal, struct results *results) {
    for (size_t i = 0; journal->later && !journal->lost && i < journal->count; i++) {
        struct arena arena;
        arena_init(&arena);
        const struct record *whole = read_record(journal, journal->lines[i], &arena);
        if (whole != NULL)
            journal->lines[i]->record = make_brief(journal, i, whole);
        arena_clear(&arena);
    }
    journal->later = false;
    journal_join(journal, results);
}

void journal_grid(struct journal *journal, struct text *json) {
    char *bytes = journal->grid_length > 0 ? read_bytes(journal, journal->grid_at, journal->grid_length) : NULL;
    if (bytes != NULL)
        text_add_bytes(json, bytes, journal->grid_length);
    free(bytes);
}

enum status journal_status(const struct journal *journal, struct error *error) {
    return journal->lost
               ? error_set(error, STATUS_ENVIRONMENT,
                           "%s: the journal was changed by another program, or cannot be read any more", journal->path)
               : STATUS_OK;
}

/* The removed file is whole as long as it is open. */
static enum status restore(struct journal *journal, struct error *error) {
    struct file_writer writer;
    char buffer[1 << 16];
    ssize_t n = 0;
    file_writer_open(&writer, journal->path);
    for (off_t at = 0; (n = pread(journal->fd, buffer, sizeof buffer, at)) > 0; at += n)
        file_writer_add(&writer, buffer, (size_t)n);
    enum status status = file_writer_close(&writer, n == 0, error);
    int fd = status == STATUS_OK && n == 0 ? open(journal->path, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (fd < 0)
        return status != STATUS_OK ? status
                                   : error_set(error, STATUS_ENVIRONMENT,
                                               "%s: the journal was removed while the run went on, and cannot be "
                                               "written again: %s",
                                               journal->path, strerror(errno));
    close(journal->fd);
    journal->fd = fd;
    journal->missing = 0;
    journal->restored++;
    return STATUS_OK;
}

static enum status check_place(struct journal *journal, struct error *error) {
    struct stat facts, named;
    if (fstat(journal->fd, &facts) < 0)
        return STATUS_OK;
    bool there = stat(journal->path, &named) == 0;
    if (facts.st_nlink == 0 && !there) {
        uint64_t folder[2] = {0, 0};
        note_folder(journal->path, folder);
        bool stands = folder[1] != 0 && memcmp(folder, journal->folder, sizeof folder) == 0;
        if (stands && journal->missing == LOOKS)
            return restore(journal, error);
        if (stands) { /* the folder is perhaps about to go, too: its removal is not to meet a new file */
            journal->missing++;
            journal->unsynced = true;
            return STATUS_OK;
        }
    }
    if (facts.st_nlink == 0)
        return error_set(error, STATUS_ENVIRONMENT,
                         "%s: the journal was removed while the run went on, with its folder perhaps; "
                         "run again to begin anew",
                         journal->path);
    if (!there || named.st_ino != facts.st_ino || named.st_dev != facts.st_dev)
        return error_set(error, STATUS_ENVIRONMENT,
                         "%s: the journal was moved while the run went on, with its folder perhaps; "
                         "put it back and run again",
                         journal->path);
    return STATUS_OK;
}

static enum status sync_now(struct journal *journal, struct error *error) {
    journal->unsynced = false;
    journal->synced_at = clock_seconds();
    enum status status = check_place(journal, error);
    if (status != STATUS_OK)
        return status;
    if (fsync(journal->fd) < 0)
        return error_set(error, STATUS_ENVIRONMENT, "%s: cannot write the journal: %s%s", journal->path,
                         strerror(errno), file_remedy(errno));
    return STATUS_OK;
}

enum status journal_sync(struct journal *journal, struct error *error) {
    if (!journal->unsynced || clock_seconds() - journal->synced_at < 1)
        return STATUS_OK;
    return sync_now(journal, error);
}

enum status journal_flush(struct journal *journal, struct error *error) {
    if (!journal->writes)
        return STATUS_OK;
    enum status status = journal->unsynced ? sync_now(journal, error) : check_place(journal, error);
    while (status == STATUS_OK && journal->missing > 0) {
        const struct timespec second = {.tv_sec = 1};
        nanosleep(&second, NULL);
        status = sync_now(journal, error);
    }
    return status;
}

enum status journal_close(struct journal *journal, struct error *error) {
    enum status status = journal_flush(journal, error);
    release(journal);
    return status;
}

/* Before the JSON: room for an end of line and the prefix. */
static void begin_line(struct text *line) {
    text_init(line);
    text_printf(line, "\n%*s", PREFIX, "");
}

/* `line`: begin_line() and the JSON, whose hash this is. *at: where the line begins; its length is that of the JSON and PREFIX. */
static enum status add_line(struct journal *journal, struct text *line, struct hash128 hash, uint64_t *at,
                            struct error *error) {
    char digits[HASH_SHORT_TEXT_SIZE];
    memcpy(line->data + 1, hash128_write_short(hash, digits), sizeof digits - 1);
    text_add_char(line, '\n');
    off_t start = lseek(journal->fd, 0, SEEK_END);
    /* Where another hand has cut the file, in the middle of a line perhaps, an end of line comes first. */
    size_t written = (uint64_t)start != journal->end ? 0 : 1;
    *at = (uint64_t)start + 1 - written;
    uint64_t end = *at + line->length - 1;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && written < line->length) {
        ssize_t n = write(journal->fd, line->data + written, line->length - written);
        if (n >= 0)
            written += (size_t)n;
        else if (errno != EINTR)
            status = error_set(error, STATUS_ENVIRONMENT, "%s: cannot write the journal: %s%s", journal->path,
                               strerror(errno), file_remedy(errno));
    }
    if (status != STATUS_OK && ftruncate(journal->fd, start) < 0)
        error_prefix(error, "a torn line stays at the end"); /* which the next reader skips */
    else if (status == STATUS_OK)
        journal->end = end;
    text_clear(line);
    journal->unsynced = true;
    return status == STATUS_OK ? journal_sync(journal, error) : status;
}

enum status journal_add(struct journal *journal, const struct record *record, const struct record **kept,
                        struct error *error) {
    struct text line;
    begin_line(&line);
    record_write(record, &line);
    size_t length = line.length - 1;
    uint64_t at;
    struct hash128 hash = hash128_of(line.data + 1 + PREFIX, length - PREFIX);
    enum status status = add_line(journal, &line, hash, &at, error);
    *kept = status == STATUS_OK ? keep(journal, record, at, length) : NULL;
    return status;
}

struct measure {
    struct hash_stream hash;
    size_t length;
};

static void take_measure(void *context, const char *bytes, size_t length) {
    struct measure *measure = context;
    hash_stream_add(&measure->hash, bytes, length);
    measure->length += length;
}

static void take_text(void *context, const char *bytes, size_t length) {
    text_add_bytes(context, bytes, length);
}

enum status journal_add_grid(struct journal *journal, const struct results *results, bool *added, struct error *error) {
    struct measure measure = {.length = 0};
    hash_stream_init(&measure.hash);
    results_write(results, take_measure, &measure);
    struct hash128 hash = hash_stream_result(&measure.hash);
    hash_stream_clear(&measure.hash);
    *added = journal->grid_length != measure.length || !hash128_equal(hash, journal->grid_hash);
    if (!*added)
        return STATUS_OK;
    struct text line;
    uint64_t at;
    begin_line(&line);
    results_write(results, take_text, &line);
    enum status status = add_line(journal, &line, hash, &at, error);
    if (status == STATUS_OK)
        keep_grid(journal, at, measure.length, hash);
    return status;
}

const struct record *journal_find(const struct journal *journal, struct hash128 key) {
    const struct journal_line *line = find_line(journal, key);
    return line != NULL ? line->record : NULL;
}

void journal_join(struct journal *journal, struct results *results) {
    results->journal = journal;
    for (size_t t = 0; t < results->n_trials; t++)
        results->trials[t].record = journal_find(journal, results->trials[t].key);
}
