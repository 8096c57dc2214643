/*
 * The threads that train one trial together: they share out loops and meet after each. OpenMP makes the threads; its own barriers are not
 * used, since they cost ten times as much where two teams or other programs share the cores: these wait a short while for the others and then
 * sleep.
 *
 *     team_open(team, true);          // by one thread, before the others come
 *     while (team_join(team, thread)) {
 *         for (size_t i; (i = team_next(team, thread, n)) < n;)
 *             work(i);
 *         if (team_arrive(team, thread)) { // true for the thread that comes last, while all others wait
 *             alone();
 *             team_release(team);
 *         }
 *         ...                         // more loops, the same for all threads
 *         if (team_leave(team))       // true for the last one; nobody waits here
 *             team_open(team, another_round());
 *     }
 *
 * A round is made by those threads that come before the others have ended its first loop. A thread that does not run, since another
 * program has its core, is so missed for one round at most: the others go on without it. It takes part again from the next round on. So two
 * teams on the same cores cost little more than one after the other.
 *
 * Each thread takes its own part of a loop first, the same part each time, so that its weights stay in its cache, and then what the
 * others have left. What is written before team_arrive() or team_leave() is read by all threads after it.
 */
#ifndef RUNNER_TRAIN_TEAM_H
#define RUNNER_TRAIN_TEAM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct team_share {
    atomic_uint passed; /* counts team_pass() in the loop */
    atomic_uint sleepers;
    char apart_too[56];  /* what another waits for, from what the thread writes for itself */
    atomic_size_t taken; /* of a thread's own part of the loop */
    uint64_t seen;       /* the last round that the thread took part in */
    unsigned spins;      /* before it sleeps */
    unsigned most_spins; /* that it may learn */
    char apart[40];      /* from the next thread's, which is on another cache line */
};

struct team {
    int threads;
    _Atomic uint64_t state; /* number of the round, whether threads may join it, how many have, how many have arrived */
    char apart[48];         /* those who wait read what they wait for only */
    atomic_uint phase;      /* counts releases */
    atomic_uint sleepers;
    char apart_too[56];
    atomic_uint rounds; /* counts team_open() */
    atomic_uint round_sleepers;
    atomic_bool ended;
    struct team_share *shares; /* [threads] */
};

/* `shares` has room for `threads` of them. */
void team_init(struct team *team, struct team_share *shares, int threads);
/* By one thread while no round runs: begins one, or, without `more`, ends the last team_join() of all threads. */
void team_open(struct team *team, bool more);
/* Waits for a round; false where there is none any more. */
bool team_join(struct team *team, int thread);
/* The next of n indices that no thread has taken yet; n or more where there is none. */
size_t team_next(struct team *team, int thread, size_t n);
/* The same from the end of each thread's part: what a loop has used last is still in the cache for a loop that goes back. */
size_t team_next_down(struct team *team, int thread, size_t n);
bool team_arrive(struct team *team, int thread);
/* The same; a thread that has to wait calls meanwhile() before. */
bool team_arrive_with(struct team *team, int thread, void (*meanwhile)(void *context), void *context);
void team_release(struct team *team);
/* After the first loop of a round: whether all threads of the team take part in it. */
bool team_complete(const struct team *team);
/* Within a loop, where a thread waits for some of another one's work: each counts its team_pass(), and what it wrote before is read by one that has
   awaited so many of them. */
void team_pass(struct team *team, int thread);
void team_await(struct team *team, int thread, int other, unsigned count);
/* Meets and does nothing. */
void team_meet(struct team *team, int thread);
bool team_leave(struct team *team);

#endif
