#include "runner/train/team.h"

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

#define YIELDS 2000 /* about a millisecond where no one else wants the core */
#define SPINS 3000  /* some 50 us: longer than the parts of a step of one row, far shorter than a time slice */

static int usable_cpus(void) {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

void team_init(struct team *team, struct team_share *shares, int threads) {
    team->threads = threads;
    team->spins =
        threads <= usable_cpus() ? SPINS : 0; /* more threads than cores: the one waited for may need this core */
    team->shares = shares;
    atomic_init(&team->arrived, 0);
    atomic_init(&team->phase, 0);
    atomic_init(&team->sleepers, 0);
    for (int i = 0; i < threads; i++)
        atomic_init(&shares[i].taken, 0);
}

size_t team_next(struct team *team, int thread, size_t n) {
    size_t threads = (size_t)team->threads;
    for (size_t v = 0; v < threads; v++) {
        size_t victim = ((size_t)thread + v) % threads, first = n * victim / threads, end = n * (victim + 1) / threads;
        atomic_size_t *taken = &team->shares[victim].taken;
        if (first + atomic_load_explicit(taken, memory_order_relaxed) >= end)
            continue;
        size_t i = first + atomic_fetch_add_explicit(taken, 1, memory_order_relaxed);
        if (i < end)
            return i;
    }
    return SIZE_MAX;
}

static void wait_for(struct team *team, unsigned phase) {
    for (unsigned i = 0; i < team->spins; i++) {
        if (atomic_load_explicit(&team->phase, memory_order_acquire) != phase)
            return;
        pause();
    }
    /* To wake up a sleeper takes longer than a slice of a batch may last; a yield costs nothing while no one else wants the core. */
    for (unsigned i = 0; i < YIELDS; i++) {
        if (atomic_load_explicit(&team->phase, memory_order_acquire) != phase)
            return;
        sched_yield();
    }
    /* Sequentially consistent with team_release(): either it sees the sleeper or the sleeper sees the new phase. */
    atomic_fetch_add(&team->sleepers, 1);
    while (atomic_load(&team->phase) == phase)
        syscall(SYS_futex, &team->phase, FUTEX_WAIT_PRIVATE, phase, NULL, NULL, 0);
    atomic_fetch_sub(&team->sleepers, 1);
}

bool team_arrive(struct team *team) {
    unsigned phase = atomic_load_explicit(&team->phase, memory_order_relaxed);
    if (atomic_fetch_add_explicit(&team->arrived, 1, memory_order_acq_rel) + 1 == (unsigned)team->threads)
        return true;
    wait_for(team, phase);
    return false;
}

void team_release(struct team *team) {
    for (int i = 0; i < team->threads; i++)
        atomic_store_explicit(&team->shares[i].taken, 0, memory_order_relaxed);
    atomic_store_explicit(&team->arrived, 0, memory_order_relaxed);
    atomic_fetch_add(&team->phase, 1);
    if (atomic_load(&team->sleepers) > 0)
        syscall(SYS_futex, &team->phase, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

void team_meet(struct team *team) {
    if (team_arrive(team))
        team_release(team);
}
