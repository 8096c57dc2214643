/*
 * A results folder: its name, its lock and the paths in it. One runner writes in a folder at a time: it holds locks on the file .lock and on
 * the folder itself, which stays locked where somebody removes the file.
 */
#ifndef RUNNER_RESULTS_FOLDER_H
#define RUNNER_RESULTS_FOLDER_H

#include "runner/base/arena.h"
#include "runner/base/log.h"
#include "runner/base/status.h"

#include <stdbool.h>
#include <stddef.h>

#define FOLDER_JOURNAL "journal.jsonl"

struct interrupt;

/* The folder's name: EXPERIMENT, or EXPERIMENT,path=value,... with overrides. What is neither a letter, a digit nor one of
   "._=+-,@[]" is written as %XX, a leading point as well; a name beyond 200 bytes is cut and ends in a hash of the whole. */
char *folder_name(struct arena *arena, const char *experiment, const char *const *overrides, size_t n_overrides);

struct folder {
    struct arena arena;
    const char *path; /* of the folder, ending in no slash */
    int lock, self;   /* descriptors that are locked */
};

/* Makes the folder and takes its lock. Where another process holds it: STATUS_ENVIRONMENT, and the text says which process, or with
   `wait` what it says goes to `log` and the lock is taken when the other has ended, unless `interrupt` (may be NULL)
   ends the wait: STATUS_INTERRUPTED. What another run left half-written is removed. */
enum status folder_open(struct folder *folder, const char *parent, const char *name, bool wait, const struct log *log,
                        const struct interrupt *interrupt, struct error *error);
/* The same folder for who only reads there: nothing is made, and no lock is taken. */
void folder_look(struct folder *folder, const char *parent, const char *name);
/* Whether it is there and the system lets nobody write, or not this user. */
bool folder_is_read_only(const struct folder *folder);
void folder_close(struct folder *folder);
/* "FOLDER/file"; lives as long as the folder is open */
const char *folder_file(struct folder *folder, const char *file);

/* STATUS_CONFIG where the folder at this path has no such file, which stands in each with results. */
enum status folder_has(const char *path, const char *file, struct error *error);

#endif
