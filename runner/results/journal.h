/*
 * The journal of a results folder: a line for each trial that ever ended there, and for each grid that was run.
 *
 * A line is the XXH3-128's upper half of the JSON in 16 hex digits, a space, the JSON. Lines are only ever added, each by one
 * write; a line that is torn (the machine stopped) or damaged is skipped on reading, and a torn end is cut off before the
 * next line is written. Where a key stands more than once the last line counts. One writer: who holds the folder's lock.
 */
#ifndef RUNNER_RESULTS_JOURNAL_H
#define RUNNER_RESULTS_JOURNAL_H

#include "runner/base/hash_table.h"
#include "runner/results/results.h"

/* A trial that ended. */
struct journal_line {
    struct hash128 key;
    uint64_t id;
    uint64_t at, length; /* in the file, without the end of line */
    const struct record *record;
};

/* Of each trial a brief record (brief.h) is in memory, however many epochs it had; the rows are read from the file where they are
   asked for. While records are postponed, trials that ended alike share one that tells how: status, reason and attempts. */
struct journal {
    struct arena arena;   /* of the lines and what they share */
    struct arena records; /* of brief records */
    struct journal_line **lines;
    size_t count, capacity;
    struct hash_table table;       /* the last line with each key */
    size_t skipped;                /* lines that could not be read */
    uint64_t grid_at, grid_length; /* the JSON of the last grid line; length 0: none */
    struct hash128 grid_hash;
    const char *path;
    int fd;             /* -1: there is no file */
    uint64_t end;       /* where the next line belongs */
    uint64_t folder[2]; /* device and inode */
    int missing;        /* how often in succession the file was not there when it was looked for */
    size_t restored;    /* how often the file was removed by another hand and written again */
    bool lost;          /* what had been read once cannot be read any more */
    bool writes;        /* it was opened for adding lines */
    bool later;         /* records are postponed */
    bool unsynced;
    double synced_at; /* seconds of the monotonic clock */
};

/* POSTPONED: until journal_complete(), where there are many trials, and much else in memory meanwhile. */
enum journal_records { JOURNAL_RECORDS, JOURNAL_POSTPONED };

/* Reads the journal; a file that is not there is an empty one. */
enum status journal_read(const char *path, enum journal_records records, struct journal *journal, struct error *error);
/* The same, and opens it for adding lines; the file is made. */
enum status journal_open(const char *path, enum journal_records records, struct journal *journal, struct error *error);
/* Waits until all lines are on disk, where they were written by this process. */
enum status journal_close(struct journal *journal, struct error *error);

/* Adds a line; it is on disk (fsync) a second later at most, as long as journal_sync() is called that often. When the disk is
   full nothing of the line stays behind. *kept: the record that the journal has of it. */
enum status journal_add(struct journal *journal, const struct record *record, const struct record **kept,
                        struct error *error);
/* Writes nothing where the last grid is the same; *added tells. */
enum status journal_add_grid(struct journal *journal, const struct results *results, bool *added, struct error *error);
/* Where the file was removed meanwhile, from a folder that is still there two seconds later, it is written again from the one that is still open.
   fsync, where a line was added and the last one was a second ago. */
enum status journal_sync(struct journal *journal, struct error *error);
/* fsync, where a line was added. */
enum status journal_flush(struct journal *journal, struct error *error);

/* The last record with this key, or NULL. */
const struct record *journal_find(const struct journal *journal, struct hash128 key);
/* The whole of a brief record, in the arena; NULL where it cannot be read. */
const struct record *journal_whole(struct journal *journal, const struct record *record, struct arena *arena);
/* Its line, as record_write() made it, added to the text; false where it cannot be read. */
bool journal_line(struct journal *journal, const struct record *record, struct text *line);
/* The records leave the memory, and those of trials that end stay out of it, until journal_complete() reads all from the file. `results`
   were joined, and are again. */
void journal_postpone(struct journal *journal, struct results *results);
void journal_complete(struct journal *journal, struct results *results);
/* Adds the JSON of the last grid line to the text; nothing where there is none. */
void journal_grid(struct journal *journal, struct text *json);
/* STATUS_ENVIRONMENT once something could not be read again: the file was changed by another hand, or the disk fails. */
enum status journal_status(const struct journal *journal, struct error *error);
/* Gives each trial of the grid its record. */
void journal_join(struct journal *journal, struct results *results);

#endif
