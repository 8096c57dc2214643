#include "runner/train/team.h"

#include "runner/base/clock.h"

#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <immintrin.h>
#define pause() _mm_pause()
#else
#define pause() ((void)0)
#endif

/* struct team's state: 16 bits each for those who have arrived and those who have joined, one for whether more may, then the round. */
#define MEMBER (UINT64_C(1) << 16)
#define OPEN (UINT64_C(1) << 32)
#define ROUND_SHIFT 33
#define ARRIVED(state) ((state)&0xffff)
#define MEMBERS(state) ((state) >> 16 & 0xffff)

/* Turns of a loop that waits, some 17 ns each: 5 us, which is more than most waits of a step of one row; 50 us; 1 ms, which is a third of
   the time that the system lets another program run. */
#define LEAST_SPINS 300
#define FIRST_SPINS 3000
#define MOST_SPINS 60000
#define SHORT_SLEEP 200e-6
#define LONG_SLEEP 1e-3

static int usable_cpus(void) {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

void team_init(struct team *team, struct team_share *shares, int threads) {
    team->threads = threads;
    team->shares = shares;
    atomic_init(&team->state, 0);
    atomic_init(&team->phase, 0);
    atomic_init(&team->sleepers, 0);
    atomic_init(&team->rounds, 0);
    atomic_init(&team->round_sleepers, 0);
    atomic_init(&team->ended, false);
    bool crowded = threads > 1 && threads > usable_cpus(); /* the one waited for may need this core */
    for (int i = 0; i < threads; i++) {
        atomic_init(&shares[i].taken, 0);
        atomic_init(&shares[i].passed, 0);
        atomic_init(&shares[i].sleepers, 0);
        shares[i].seen = 0;
        shares[i].spins = crowded ? 0 : FIRST_SPINS;
        shares[i].most_spins = crowded ? 0 : MOST_SPINS;
    }
}

static size_t next_of(struct team *team, int thread, size_t n, bool down) {
    size_t threads = (size_t)team->threads;
    for (size_t v = 0; v < threads; v++) {
        size_t victim = ((size_t)thread + v) % threads, first = n * victim / threads, end = n * (victim + 1) / threads;
        atomic_size_t *taken = &team->shares[victim].taken;
        if (first + atomic_load_explicit(taken, memory_order_relaxed) >= end)
            continue;
        size_t i = first + atomic_fetch_add_explicit(taken, 1, memory_order_relaxed);
        if (i < end)
            return down ? first + (end - 1 - i) : i;
    }
    return SIZE_MAX;
}

size_t team_next(struct team *team, int thread, size_t n) {
    return next_of(team, thread, n, false);
}

size_t team_next_down(struct team *team, int thread, size_t n) {
    return next_of(team, thread, n, true);
}

/* Until *word is another than `value`: spins for a while, then sleeps. To wake up takes some 50 us, so that one who would have got there
   by spinning a little longer does so next time. One who waits for a thread that does not run (another program has its core) takes this
   core from its likes, and spins less next time. */
static void wait_while(struct team_share *share, atomic_uint *word, unsigned value, atomic_uint *sleepers) {
    for (unsigned i = 0; i < share->spins; i++) {
        if (atomic_load_explicit(word, memory_order_acquire) != value)
            return;
        pause();
    }
    double start = clock_seconds();
    /* Sequentially consistent with tell(): either it sees the sleeper or the sleeper sees the new value. */
    atomic_fetch_add(sleepers, 1);
    while (atomic_load(word) == value)
        syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
    atomic_fetch_sub(sleepers, 1);
    double slept = clock_seconds() - start;
    if (slept < SHORT_SLEEP)
        share->spins = share->spins * 2 < share->most_spins ? share->spins * 2 : share->most_spins;
    else if (slept > LONG_SLEEP && share->spins >= 2 * LEAST_SPINS)
        share->spins /= 2;
}

/* Counts *word up for those who wait. */
static void tell(atomic_uint *word, atomic_uint *sleepers) {
    atomic_fetch_add(word, 1);
    if (atomic_load(sleepers) > 0)
        syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

static void begin_loop(struct team *team) {
    for (int i = 0; i < team->threads; i++) {
        atomic_store_explicit(&team->shares[i].taken, 0, memory_order_relaxed);
        atomic_store_explicit(&team->shares[i].passed, 0, memory_order_relaxed);
    }
}

void team_open(struct team *team, bool more) {
    begin_loop(team);
    uint64_t round = (atomic_load_explicit(&team->state, memory_order_relaxed) >> ROUND_SHIFT) + 1;
    if (more)
        atomic_store_explicit(&team->state, round << ROUND_SHIFT | OPEN, memory_order_release);
    else
        atomic_store_explicit(&team->ended, true, memory_order_release);
    tell(&team->rounds, &team->round_sleepers);
}

bool team_join(struct team *team, int thread) {
    uint64_t *seen = &team->shares[thread].seen;
    for (;;) {
        unsigned rounds = atomic_load_explicit(&team->rounds, memory_order_acquire);
        uint64_t state = atomic_load_explicit(&team->state, memory_order_relaxed);
        while ((state & OPEN) != 0 && state >> ROUND_SHIFT != *seen)
            if (atomic_compare_exchange_weak_explicit(&team->state, &state, state + MEMBER, memory_order_acq_rel,
                                                      memory_order_relaxed)) {
                *seen = state >> ROUND_SHIFT;
                return true;
            }
        if (atomic_load_explicit(&team->ended, memory_order_acquire))
            return false;
        wait_while(&team->shares[thread], &team->rounds, rounds, &team->round_sleepers);
    }
}

/* True for the last one of those who have joined; then nobody can join any more. */
static bool arrive(struct team *team) {
    uint64_t state = atomic_load_explicit(&team->state, memory_order_relaxed), next;
    do {
        next = state + 1;
        if (ARRIVED(next) == MEMBERS(next))
            next &= ~OPEN;
    } while (
        !atomic_compare_exchange_weak_explicit(&team->state, &state, next, memory_order_acq_rel, memory_order_relaxed));
    return ARRIVED(next) == MEMBERS(next);
}

bool team_arrive(struct team *team, int thread) {
    return team_arrive_with(team, thread, NULL, NULL);
}

bool team_arrive_with(struct team *team, int thread, void (*meanwhile)(void *context), void *context) {
    unsigned phase = atomic_load_explicit(&team->phase, memory_order_relaxed);
    if (arrive(team))
        return true;
    if (meanwhile != NULL)
        meanwhile(context);
    wait_while(&team->shares[thread], &team->phase, phase, &team->sleepers);
    return false;
}

void team_release(struct team *team) {
    begin_loop(team);
    uint64_t state = atomic_load_explicit(&team->state, memory_order_relaxed);
    atomic_store_explicit(&team->state, state - ARRIVED(state), memory_order_relaxed);
    tell(&team->phase, &team->sleepers);
}

bool team_complete(const struct team *team) {
    return MEMBERS(atomic_load_explicit(&team->state, memory_order_relaxed)) == (uint64_t)team->threads;
}

void team_pass(struct team *team, int thread) {
    tell(&team->shares[thread].passed, &team->shares[thread].sleepers);
}

void team_await(struct team *team, int thread, int other, unsigned count) {
    struct team_share *share = &team->shares[other];
    for (unsigned passed; (passed = atomic_load_explicit(&share->passed, memory_order_acquire)) < count;)
        wait_while(&team->shares[thread], &share->passed, passed, &share->sleepers);
}

void team_meet(struct team *team, int thread) {
    if (team_arrive(team, thread))
        team_release(team);
}

bool team_leave(struct team *team) {
    return arrive(team);
}
