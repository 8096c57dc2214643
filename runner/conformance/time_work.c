/* Schedules and callbacks: what is asked once an update or an epoch. */
#include "runner/conformance/kinds.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { UPDATES = 60, EPOCH_UPDATES = 10, EPOCHS = 12 };

/* ---- Schedule -------------------------------------------------------------------------------------------------------- */

struct schedule_work {
    struct work work;
    double rates[UPDATES];
};

static struct work *schedule_open(struct subject *subject, uint32_t index, char refusal[PAGE_TEXT]) {
    struct schedule_work *own = arena_alloc(&subject->arena, sizeof *own);
    (void)index, (void)refusal;
    own->work = (struct work){.form = &schedule_form, .subject = subject};
    work_add_doubles(&own->work, "rate", own->rates, UPDATES);
    return &own->work;
}

static uint64_t schedule_units(struct work *work, unsigned phase) {
    (void)work;
    return phase == 0 ? UPDATES : 0;
}

/* Backwards within a job, so that another order of calls is seen wherever a job has more than one. */
static void schedule_run(struct work *work, unsigned phase, uint64_t first, uint64_t count, struct lent *lent) {
    struct schedule_work *own = (struct schedule_work *)work;
    const runner_schedule_ops *ops = work->subject->part->ops;
    (void)phase;
    lent_to(lent, "rate()");
    for (uint64_t update = first + count; update-- > first;)
        own->rates[update] = ops->rate(work->subject->part->config, update, EPOCH_UPDATES, UPDATES);
}

const struct work_form schedule_form = {
    .open = schedule_open, .n_scenes = 1, .units = schedule_units, .run = schedule_run};

static bool values_scene(const struct scene *scene, struct work *work) {
    const struct schedule_work *own = (const struct schedule_work *)work;
    (void)scene;
    if (!work_run(work, 0, 1))
        return false;
    for (int i = 0; i < UPDATES; i++)
        if (!isfinite(own->rates[i]) || own->rates[i] < 0)
            return check_fail(work->subject, "the rate of update %d is %g; wanted a finite number from 0", i,
                              own->rates[i]);
    return true;
}

bool schedule_values(const struct target *target, struct page *page) {
    return each_scene(target, &schedule_form, page, values_scene);
}

/* ---- Callback -------------------------------------------------------------------------------------------------------- */

/* Columns of a run with validation rows, and how their values go. */
static const char *const names[] = {"train_loss", "train_accuracy", "val_loss", "val_accuracy"};
enum { NAMES = sizeof names / sizeof names[0] };

struct callback_work {
    struct work work;
    runner_epoch *epoch;
    double *values;
    struct {
        double asked, rate_factor, memory[RUNNER_MAX_VALUES];
    } after[EPOCHS];
};

/* Scene 0 gets better all the time, scene 1 gets better and then worse, scene 2 diverges. */
static double value_of(uint32_t scene, int epoch, size_t name) {
    double best = scene == 1 && epoch > 4 ? 8 - epoch : epoch;
    if (scene == 2 && epoch > 6)
        return (double)NAN;
    return name % 2 == 0 ? 2 / (2 + best + 8) : 1 - 1 / (2 + best + 8);
}

static struct work *callback_open(struct subject *subject, uint32_t index, char refusal[PAGE_TEXT]) {
    static const char *const scenes[] = {"values that get better", "values that get better, then worse",
                                         "values that end as nan"};
    struct callback_work *own = arena_alloc(&subject->arena, sizeof *own);
    const runner_callback_ops *ops = subject->part->ops;
    check_scene(subject, "%s", scenes[index]);
    own->work = (struct work){.form = &callback_form, .subject = subject, .piece = index};
    if (ops->plan != NULL &&
        ops->plan(subject->part->config, lent_to(&subject->lent, "plan()"), names, NAMES) != RUNNER_OK) {
        subject_refusal(subject, refusal);
        return NULL;
    }
    own->epoch = guard_alloc(&subject->guard, "epoch", sizeof *own->epoch);
    own->values = guard_alloc(&subject->guard, "values", NAMES * sizeof(double));
    work_add_doubles(&own->work, "answer of an epoch", (const double *)own->after,
                     sizeof own->after / (sizeof(double)));
    return &own->work;
}

static uint64_t one_unit(struct work *work, unsigned phase) {
    (void)work;
    return phase == 0 ? 1 : 0;
}

static void callback_run(struct work *work, unsigned phase, uint64_t first, uint64_t count, struct lent *lent) {
    struct callback_work *own = (struct callback_work *)work;
    const runner_callback_ops *ops = work->subject->part->ops;
    runner_epoch *epoch = own->epoch;
    (void)phase, (void)first, (void)count;
    *epoch = (runner_epoch){
        .size = sizeof *epoch, .n_values = NAMES, .names = names, .values = own->values, .rate_factor = 1};
    for (int e = 0; e < EPOCHS; e++) {
        guard_allow_writes(&work->subject->guard, own->values, true);
        for (size_t n = 0; n < NAMES; n++)
            own->values[n] = value_of((uint32_t)work->piece, e, n);
        guard_allow_writes(&work->subject->guard, own->values, false);
        epoch->epoch = (uint64_t)e + 1;
        lent_to(lent, "epoch()");
        uint32_t asked = ops->epoch(work->subject->part->config, epoch);
        if ((asked & ~(uint32_t)(RUNNER_STOP | RUNNER_KEEP | RUNNER_RESTORE)) != 0)
            check_fail(work->subject, "epoch() returns unknown flags 0x%" PRIx32, asked);
        if (!(epoch->rate_factor >= 0) || isinf(epoch->rate_factor))
            check_fail(work->subject, "epoch() sets rate_factor to %g; wanted a finite number from 0",
                       epoch->rate_factor);
        if (epoch->epoch != (uint64_t)e + 1 || epoch->names != names || epoch->values != own->values ||
            epoch->n_values != NAMES)
            check_fail(work->subject, "epoch() changes other fields than rate_factor and memory");
        own->after[e].asked = asked;
        own->after[e].rate_factor = epoch->rate_factor;
        memcpy(own->after[e].memory, epoch->memory, sizeof epoch->memory);
    }
}

const struct work_form callback_form = {.open = callback_open, .n_scenes = 3, .units = one_unit, .run = callback_run};
