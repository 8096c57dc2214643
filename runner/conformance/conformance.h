/*
 * Does a plugin keep the contract of plugin.h? Each property is a check of its own, run in a child process: what crashes,
 * hangs or exits there has failed that check, and the next one goes on.
 *
 * Linked into the worker only; call it in a process that is not needed for anything else, on its only thread.
 */
#ifndef RUNNER_CONFORMANCE_CONFORMANCE_H
#define RUNNER_CONFORMANCE_CONFORMANCE_H

#include "runner/base/tree.h"
#include "runner/conformance/subject.h"

struct conformance_line {
    enum outcome outcome;
    const char *component; /* "layer/dense"; for the file itself its path */
    const char *check;
    const char *reason; /* "" where there is none */
};

struct conformance_request {
    const char *file;            /* of the plugin; NULL: `component` is looked for in the loader */
    const char *component;       /* NAME or KIND/NAME; NULL: all components of the file */
    const struct tree *settings; /* a map of parameters; NULL: none */
    void (*on_line)(void *context, const struct conformance_line *line);
    void *context;
    void (*guard)(
        void *of,
        bool opened); /* called in the process of each check before it runs the plugin, and whether that is open */
    void *guard_of;
};

/* The loader is open; a file is added to it. Fails where there is no such file or component, or a setting is none of its
   parameters; a failed check is no error. */
enum status conformance_run(struct loader *loader, const struct conformance_request *request, struct error *error);

#endif
