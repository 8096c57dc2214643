/*
 * The journal of a results folder: a line for each trial that ever ended there, and for each grid that was run.
 *
 * A line is the XXH3-128's upper half of the JSON in 16 hex digits, a space, the JSON. Lines are only ever added, each by one
 * write; a line that is torn (the machine stopped) or damaged is skipped on reading, and a torn end is cut off before the
 * next line is written. Where a key stands more than once the last line counts. One writer: who holds the folder's lock.
 */
#ifndef RUNNER_RESULTS_JOURNAL_H
#define RUNNER_RESULTS_JOURNAL_H

#include "runner/results/results.h"

struct journal {
    struct arena arena; /* of the records read */
    struct record **records;
    size_t count, capacity;
    size_t *buckets; /* [n_buckets] a hash table: 1 + the place of the last record with a key; 0: none */
    size_t n_buckets;
    size_t skipped;   /* lines that could not be read */
    struct text grid; /* JSON of the last grid line; empty: none */
    int fd;           /* -1: opened for reading only */
    bool unsynced;
    double synced_at; /* seconds of the monotonic clock */
};

/* Reads the journal; a file that is not there is an empty one. */
enum status journal_read(const char *path, struct journal *journal, struct error *error);
/* The same, and opens it for adding lines; the file is made. */
enum status journal_open(const char *path, struct journal *journal, struct error *error);
/* Waits until all lines are on disk, where they were written by this process. */
enum status journal_close(struct journal *journal, struct error *error);

/* Adds a line; it is on disk (fsync) a second later at most, as long as journal_sync() is called that often. When the disk is
   full nothing of the line stays behind. The record itself must stay valid: the journal keeps the pointer. */
enum status journal_add(struct journal *journal, struct record *record, struct error *error);
/* Writes nothing where the last grid is the same; *added tells. */
enum status journal_add_grid(struct journal *journal, const struct results *results, bool *added, struct error *error);
/* fsync, where a line was added and the last one was a second ago. */
enum status journal_sync(struct journal *journal, struct error *error);

/* The last record with this key, or NULL. */
const struct record *journal_find(const struct journal *journal, const char *key);
/* Gives each trial of the grid its record. */
void journal_join(const struct journal *journal, struct results *results);

#endif
