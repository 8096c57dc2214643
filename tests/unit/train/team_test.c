/* Threads that share out loops in rounds: every item is done once, by whom it may be, and one who does not come holds up nobody. */
#include "runner/train/team.h"

#include "runner/base/arena.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { THREADS = 4, ITEMS = 9, LOOPS = 3, ROUNDS = 2000 };

struct work {
    struct team team;
    struct team_share *shares;
    unsigned done[LOOPS][ITEMS]; /* in this round; no two threads write one of them at a time */
    unsigned sums[LOOPS];        /* written by one thread alone */
    unsigned rounds, wrong;
    unsigned joined[THREADS];
    atomic_bool late; /* the last thread stays away as long as it is set */
};

struct hand {
    struct work *work;
    int thread;
};

/* Now and then a thread does not run for a while, as where another program has its core. */
static void stumble(const struct hand *hand, unsigned turn) {
    if ((turn * 7 + (unsigned)hand->thread * 13) % 101 == 0)
        nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    if ((turn + (unsigned)hand->thread) % 17 == 0)
        sched_yield();
}

static bool end_round(struct work *work) {
    for (int l = 0; l < LOOPS; l++)
        for (int i = 0; i < ITEMS; i++)
            work->wrong += work->done[l][i] != 1;
    for (int l = 0; l < LOOPS; l++)
        work->wrong += work->sums[l] != ITEMS;
    memset(work->done, 0, sizeof work->done);
    return ++work->rounds < ROUNDS;
}

static void *run(void *argument) {
    const struct hand *hand = argument;
    struct work *work = hand->work;
    struct team *team = &work->team;
    while (hand->thread == THREADS - 1 && atomic_load(&work->late))
        sched_yield();
    for (unsigned turn = 0; team_join(team, hand->thread); turn++) {
        work->joined[hand->thread]++;
        for (int l = 0; l < LOOPS; l++) {
            stumble(hand, turn + (unsigned)l);
            size_t (*next)(struct team *, int, size_t) = l % 2 == 0 ? team_next : team_next_down;
            for (size_t i; (i = next(team, hand->thread, ITEMS)) < ITEMS;)
                work->done[l][i]++;
            if (team_arrive(team, hand->thread)) {
                work->sums[l] = 0;
                for (int i = 0; i < ITEMS; i++)
                    work->sums[l] += work->done[l][i];
                if (work->rounds == ROUNDS / 2)
                    atomic_store(&work->late, false);
                team_release(team);
            }
        }
        if (team_leave(team))
            team_open(team, end_round(work));
    }
    return NULL;
}

static void run_team(struct work *work, void *(*run_thread)(void *hand), unsigned rounds) {
    pthread_t threads[THREADS];
    struct hand hands[THREADS];
    size_t size = THREADS * sizeof *work->shares;
    assert_int_equal(posix_memalign((void **)&work->shares, 64, size), 0);
    team_init(&work->team, work->shares, THREADS);
    team_open(&work->team, true);
    for (int i = 0; i < THREADS; i++) {
        hands[i] = (struct hand){work, i};
        assert_int_equal(pthread_create(&threads[i], NULL, run_thread, &hands[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    free(work->shares);
    assert_int_equal(work->rounds, rounds);
    assert_int_equal(work->wrong, 0);
}

static void every_item_of_a_round_is_done_once(void **state) {
    (void)state;
    struct work work = {.rounds = 0};
    run_team(&work, run, ROUNDS);
}

static void a_thread_that_does_not_come_holds_up_nobody(void **state) {
    (void)state;
    struct work work = {.late = true};
    run_team(&work, run, ROUNDS);
    assert_true(work.joined[THREADS - 1] < ROUNDS / 2 + 1);
}

/* A chain: each thread appends its digit to the items that the one before it has passed on. */
static void *run_chain(void *argument) {
    const struct hand *hand = argument;
    struct work *work = hand->work;
    struct team *team = &work->team;
    for (unsigned turn = 0; team_join(team, hand->thread); turn++) {
        nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL); /* most rounds are to be complete */
        if (team_arrive(team, hand->thread))
            team_release(team);
        const bool complete = team_complete(team);
        work->joined[hand->thread] += complete;
        for (int l = 0; l < LOOPS; l++) {
            for (unsigned i = 0; i < ITEMS && complete; i++) {
                stumble(hand, turn + i);
                if (hand->thread > 0)
                    team_await(team, hand->thread, hand->thread - 1, i + 1);
                work->done[l][i] = 10 * work->done[l][i] + (unsigned)hand->thread;
                team_pass(team, hand->thread);
            }
            if (team_arrive(team, hand->thread))
                team_release(team);
        }
        if (team_leave(team)) {
            for (int i = 0; i < LOOPS * ITEMS; i++)
                work->wrong += work->done[i / ITEMS][i % ITEMS] != (complete ? 123 : 0);
            memset(work->done, 0, sizeof work->done);
            team_open(team, ++work->rounds < ROUNDS / 10);
        }
    }
    return NULL;
}

static void what_is_passed_on_is_awaited(void **state) {
    (void)state;
    struct work work = {.rounds = 0};
    run_team(&work, run_chain, ROUNDS / 10);
    assert_int_not_equal(work.joined[0], 0);
    for (int i = 1; i < THREADS; i++) /* of one mind */
        assert_int_equal(work.joined[i], work.joined[0]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_item_of_a_round_is_done_once),
        cmocka_unit_test(what_is_passed_on_is_awaited),
        cmocka_unit_test(a_thread_that_does_not_come_holds_up_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
