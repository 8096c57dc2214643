/*
 * The services through which data sets get at files and at each other (read_file, read_member, find_file, open_as of plugin.h), and the
 * record of what they read. Worker only; [main] thread.
 *
 * Files stay in memory, decompressed, until data_files_clear(): a plugin's runner_file points there. A file asked for twice is
 * read once.
 */
#ifndef RUNNER_HOST_FILES_H
#define RUNNER_HOST_FILES_H

#include "runner/base/text.h"
#include "runner/host/services.h"

#include <sys/stat.h>

struct data_file {
    const char *path;
    const char *member; /* of the ZIP archive at `path`; NULL: the whole file */
    struct zip *zip;    /* of an archive some member of which was asked for */
    unsigned char *bytes;
    size_t size;        /* decompressed */
    struct stat before; /* of a whole file, when it was about to be read */
    char sha256[65];    /* of `bytes` */
};

/* The files of one data set, in the order in which it read them, and who reads the rows. */
struct data_files {
    struct arena arena;
    struct data_file *items;
    size_t count, capacity;
    uint64_t seed;                 /* the data set's, for the one that takes its place in open_as() */
    const runner_dataset_ops *ops; /* of the data set that took its place; NULL: none did */
    unsigned depth;                /* of open_as() within open_as() */
};

void data_files_init(struct data_files *files, uint64_t seed);
void data_files_clear(struct data_files *files);
/* Adds a JSON list of {path, sha256, bytes}; of an archive the whole, whatever was read of it. */
void data_files_write(const struct data_files *files, struct text *out);

/* STATUS_CONFIG where a file is another, or has changed, since it was about to be read: what was read may be of two states. */
enum status data_files_check(const struct data_files *files, struct error *error);

/* These fail where call->files is NULL: they belong into open() of a data set. */
int files_read(runner_call *call, const char *path, runner_file *file);
int files_read_member(runner_call *call, const char *path, const char *member, runner_file *file);
/* Without `folder` the places are those of places.h. Data sets that use it call the folder `path`. */
const char *files_find(runner_call *call, const char *folder, const char *name, const char *file);
/* Settings of paths and text are taken as they are, NULL being null; all others are read as YAML. */
int files_open_as(runner_call *call, const char *dataset, const runner_setting *settings, uint32_t n,
                  runner_dataset *opened);

#endif
