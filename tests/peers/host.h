/*
 * A host in little: loads built plugins, fills config structs through their parameter tables and lends the services of
 * runner_host. It knows <runner/plugin.h> and the C library alone, which shows that the header is enough to run a plugin.
 * Whatever is wrong ends the process with a message: it serves one test.
 */
#ifndef RUNNER_TESTS_PEERS_HOST_H
#define RUNNER_TESTS_PEERS_HOST_H

#include <runner/plugin.h>
#include <stdnoreturn.h>

/* A configured component */
struct runner_part {
    const runner_component *component;
    void *config;
};

/* The call that every function of a plugin gets. */
extern runner_call *const host_call;

/* Prints the case at hand and a message, and exits with 1. */
noreturn void host_stop(const char *format, ...) __attribute__((format(printf, 1, 2)));
void host_case(const char *name);

/* Loads every .so below the folder. */
void host_load(const char *folder);

/* NULL where there is none. */
const runner_component *host_find(runner_kind kind, const char *name);

/* The component of that kind and name with its defaults; where there is none, the process ends. */
runner_part *host_part(runner_kind kind, const char *name);

/* Sets a parameter from text: numbers, true, false, null, names of choices and components, lists as a,b,c. */
void host_set(runner_part *part, const char *param, const char *text);

int host_has(const runner_part *part, const char *param);

/* Memory that lives until the next host_release(). */
void *host_memory(uint64_t bytes);
void host_release(void);

/* Forgets the scratch of the last call. Scratch is filled with NaN. */
void host_scratch_reset(void);

#endif
