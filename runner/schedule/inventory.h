/*
 * The files that workers run, as they were when the session began. A worker that starts later, in place of one that was killed, meets what is
 * there then: where runner or a plugin was built or installed again meanwhile, its numbers would go under the name of the old ones, or half
 * of a file would cost all trials that are left. One that runs when its file is written in place (cp over it) is likely to crash, whatever
 * the bytes are. Single-threaded.
 */
#ifndef RUNNER_SCHEDULE_INVENTORY_H
#define RUNNER_SCHEDULE_INVENTORY_H

#include "runner/base/status.h"
#include "runner/host/catalog.h"

#include <sys/stat.h>

struct inventory {
    struct inventory_file {
        const char *path,
            *hash; /* as the catalogue has it; NULL: of the worker, which counts as changed wherever it was written */
        struct stat facts; /* at the last look; st_nlink 0: it was not there */
    } * files;
    size_t count;
    uint64_t writes;     /* how often a look has found a file that was written again */
    const char *written; /* the last one; NULL: none */
};

/* The worker and the plugin files of the catalogue, whose strings stay. In the arena. */
void inventory_take(struct inventory *inventory, const char *worker, const struct catalog *catalog,
                    struct arena *arena);
/* Looks again. STATUS_ENVIRONMENT where one of them is another than it was when the inventory was taken. One that was written again with the
   same bytes is not, and counts as a write. */
enum status inventory_check(struct inventory *inventory, struct error *error);

#endif
