/*
 * The files that workers run, as they were when the session began. A worker that starts later, in place of one that was killed, meets what is
 * there then: where runner or a plugin was built or installed again meanwhile, its numbers would go under the name of the old ones, or half
 * of a file would cost all trials that are left. Single-threaded.
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
        struct stat facts; /* st_nlink 0: it was not there */
    } * files;
    size_t count;
};

/* The worker and the plugin files of the catalogue, whose strings stay. In the arena. */
void inventory_take(struct inventory *inventory, const char *worker, const struct catalog *catalog,
                    struct arena *arena);
/* STATUS_ENVIRONMENT where one of them is another now. A file that was written again with the same bytes is not. */
enum status inventory_check(const struct inventory *inventory, struct error *error);

#endif
