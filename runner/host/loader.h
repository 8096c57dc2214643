/*
 * The only dlopen: finds plugin files, checks them against the contract and keeps them open. Worker only; [main] thread.
 *
 * Search order: the folders given (each --plugin-dir, then those of $RUNNER_PLUGIN_PATH, then the installed or built
 * ones). In a folder, the files *.so and those in its folders layers, losses, ... are opened in the order of their
 * names. A file that breaks the contract is refused with a line that names it, what was found and what is wanted; the
 * others stay usable. A fault while a file loads is the process' own: callers run in a child.
 */
#ifndef RUNNER_HOST_LOADER_H
#define RUNNER_HOST_LOADER_H

#include "runner/base/status.h"
#include "runner/host/catalog.h"

struct loaded_plugin {
    const char *file;
    char hash[33];
    void *handle;
    const runner_plugin *plugin;
    bool foreign;
};

struct loader_watcher;

struct loader {
    struct arena arena;
    struct loaded_plugin *plugins;
    size_t count;
    struct catalog catalog;               /* of all that was loaded */
    const struct loader_watcher *watcher; /* while folders are opened; NULL: nobody */
    /* [catalog.count], beside catalog.components. Copies in this header's sizes, the ops among them: what a plugin of an older
       minor version does not have is zero. */
    const runner_component **components;
};

/* `folders`: n of them, the last `n_own` belonging to this installation (their plugins are not foreign). A folder that does
   not exist is a problem only where it was asked for (not own). Problems stand in catalog.problems. */
void loader_open(struct loader *loader, const char *const *folders, size_t n, size_t n_own);

/* Is asked before each file is opened; where it says no the file is left out. */
struct loader_watcher {
    bool (*opens)(void *context, const char *file, bool foreign);
    void *context;
};
/* The same, with somebody who watches. */
void loader_open_watched(struct loader *loader, const char *const *folders, size_t n, size_t n_own,
                         const struct loader_watcher *watcher);
/* Adds one file, whatever its folder, to a loader that is open or zeroed; problems as above. It counts as foreign and as found
   before all that was there. */
void loader_open_file(struct loader *loader, const char *file);
void loader_close(struct loader *loader);

/* The function that a name would stand for without this program's own; NULL where there is none. */
void *loader_next_symbol(const char *name);

/* NULL where there is none. */
const runner_component *loader_find(const struct loader *loader, enum runner_kind kind, const char *name);

/* Checks one plugin's description against the contract (also used by tests on descriptions that are no file). STATUS_OK, or
   STATUS_CONFIG with what was found and what is wanted. */
enum status plugin_check(const runner_plugin *plugin, struct error *error);

#endif
