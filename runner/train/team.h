/*
 * The threads that train one trial together: they share out loops and meet after each. OpenMP makes the threads; its own barriers are not
 * used, since they cost ten times as much where two teams or other programs share the cores: these wait a short while for the others, then
 * yield, and then sleep.
 *
 *     for (size_t i; (i = team_next(team, thread, n)) < n;)
 *         work(i);
 *     if (team_arrive(team)) {        // true for the thread that comes last, while all others wait
 *         alone();
 *         team_release(team);
 *     }
 *
 * Each thread takes its own part of a loop first, the same part each time, so that its weights stay in its cache, and then what the
 * others have left. What is written before team_arrive() is read by all threads after it.
 */
#ifndef RUNNER_TRAIN_TEAM_H
#define RUNNER_TRAIN_TEAM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct team_share {
    atomic_size_t taken; /* of a thread's own part of the loop */
    char apart[56];      /* from the next thread's, which is on another cache line */
};

struct team {
    int threads;
    unsigned spins; /* before a thread sleeps */
    atomic_uint arrived;
    char apart[56];    /* those who wait read the phase only */
    atomic_uint phase; /* counts releases */
    atomic_uint sleepers;
    struct team_share *shares; /* [threads] */
};

/* `shares` has room for `threads` of them. */
void team_init(struct team *team, struct team_share *shares, int threads);
/* The next of n indices that no thread has taken yet; n or more where there is none. */
size_t team_next(struct team *team, int thread, size_t n);
bool team_arrive(struct team *team);
void team_release(struct team *team);
/* Meets and does nothing. */
void team_meet(struct team *team);

#endif
