/*
 * What a fault (SIGSEGV) of plugin code comes from, as far as the place that it touched tells: a stack that is full, or the pointer that an
 * allocation gave which found no memory. It is noted for who finds the process dead; the signal still ends it.
 *
 * The notes and the handler are the process's; the stack on which a fault is looked at is each thread's. A plugin's own handler takes its
 * place. Nothing happens in builds with sanitizers, which have a handler of their own.
 */
#ifndef RUNNER_TRAIN_FAULT_H
#define RUNNER_TRAIN_FAULT_H

#include <stdatomic.h>
#include <stdint.h>

/* Sets up the handler, and this thread. Each note is set to 1; they live as long as the process. */
void fault_watch(_Atomic uint32_t *full_stack, _Atomic uint32_t *lacked_memory);
/* Sets up another thread, once; does nothing before fault_watch(). */
void fault_watch_thread(void);

#endif
