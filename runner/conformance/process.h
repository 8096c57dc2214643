/* A check in a process of its own: what became of it, in words. */
#ifndef RUNNER_CONFORMANCE_PROCESS_H
#define RUNNER_CONFORMANCE_PROCESS_H

#include "runner/base/text.h"
#include "runner/conformance/subject.h"

struct process {
    struct page *page;   /* shared with the child */
    bool hung;           /* the last child was killed because a function did not return */
    struct text printed; /* first line that a plugin has printed so far; "" */
};

void process_init(struct process *process);
void process_clear(struct process *process);

/* Forks, calls `run` there and waits. The page then holds outcome and reason, also after a crash, an exit or a function that does
   not return for PATIENCE seconds. */
enum { PATIENCE = 20, PATIENCE_OPENING = 300 };
void process_run(struct process *process, bool (*run)(void *context, struct page *page), void *context);

#endif
