/* Data sets: opening, and reading examples in any order. */
#include "runner/base/random.h"
#include "runner/conformance/kinds.h"
#include "runner/host/data_layout.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { EXAMPLES = 96 }; /* that are read of each split */

struct dataset_work {
    struct work work;
    const runner_dataset_ops *ops;
    runner_dataset *dataset;
    runner_split split;
    uint64_t count, input_size, target_size; /* bytes of one example */
    uint64_t *examples;
    unsigned char *inputs, *targets;
};

static bool is_well(struct subject *subject, const runner_dataset *dataset) {
    if (dataset->rows[RUNNER_TRAIN] == 0 || dataset->rows[RUNNER_TRAIN] > UINT32_MAX ||
        dataset->rows[RUNNER_TEST] > UINT32_MAX)
        return check_fail(subject, "open() gives %" PRIu64 " training and %" PRIu64 " test rows",
                          dataset->rows[RUNNER_TRAIN], dataset->rows[RUNNER_TEST]);
    if (dataset->element != RUNNER_F32 && dataset->element != RUNNER_U8)
        return check_fail(subject, "open() gives element %" PRIu32 "; wanted a runner_element", dataset->element);
    if (!isfinite(dataset->scale) || dataset->scale == 0)
        return check_fail(subject, "open() gives a scale of %g; wanted a finite number, 1 for none",
                          (double)dataset->scale);
    if (dataset->input.rank > RUNNER_MAX_RANK || (dataset->classes == 0 && dataset->target.rank > RUNNER_MAX_RANK))
        return check_fail(subject, "open() gives a shape of more than %d dimensions", RUNNER_MAX_RANK);
    if (runner_elements(&dataset->input) > (1u << 26))
        return check_fail(subject, "open() gives inputs of %" PRIu64 " values each", runner_elements(&dataset->input));
    return true;
}

static bool open_dataset(struct dataset_work *own) {
    struct subject *subject = own->work.subject;
    own->dataset = guard_alloc(&subject->guard, "runner_dataset", sizeof *own->dataset);
    *own->dataset = (runner_dataset){.scale = 1};
    subject->lent.call.random = random_key(3, "dataset", 0);
    subject->files.seed = 3;
    subject->lent.call.files = &subject->files;
    if (own->ops->open(subject->part->config, lent_to(&subject->lent, "open()"), 3, own->dataset) != RUNNER_OK)
        return check_skip(subject, "open() cannot: %s",
                          subject->lent.call.failed ? subject->lent.error.text : "it gives no reason");
    own->ops = subject->files.ops != NULL ? subject->files.ops : own->ops; /* another one's, after open_as() */
    subject->lent.call.memory = NULL;                                      /* read() may not ask for any */
    guard_allow_writes(&subject->guard, own->dataset, false);
    return is_well(subject, own->dataset);
}

/* The first, the last and others between, each once. */
static void choose(struct dataset_work *own) {
    uint64_t rows = own->dataset->rows[own->split];
    own->count = rows < EXAMPLES ? rows : EXAMPLES;
    own->examples = guard_alloc(&own->work.subject->guard, "list of examples", own->count * sizeof(uint64_t));
    for (uint64_t i = 0; i < own->count; i++) /* from the back, so that they are not in order */
        own->examples[own->count - 1 - i] = rows <= EXAMPLES ? i
                                            : i < 32         ? i
                                                             : rows - 1 - (i - 32) * ((rows - 32) / 64);
    guard_allow_writes(&own->work.subject->guard, own->examples, false);
}

static struct work *dataset_open(struct subject *subject, uint32_t index, char refusal[PAGE_TEXT]) {
    struct dataset_work *own = arena_alloc(&subject->arena, sizeof *own);
    (void)refusal;
    check_scene(subject, "%s rows", index == RUNNER_TRAIN ? "training" : "test");
    own->work = (struct work){.form = &dataset_form, .subject = subject};
    own->ops = subject->part->ops;
    own->split = (runner_split)index;
    if (!open_dataset(own) || own->dataset->rows[index] == 0)
        return NULL;
    choose(own);
    if (!data_row_sizes(&own->dataset->input, own->dataset->element, &own->dataset->target, own->dataset->classes,
                        &own->input_size, &own->target_size)) {
        check_fail(subject, "open() gives rows that are too large");
        return NULL;
    }
    own->inputs = guard_alloc(&subject->guard, "inputs", own->count * own->input_size);
    own->targets = guard_alloc(&subject->guard, "targets", own->count * own->target_size);
    work_add_bytes(&own->work, "inputs", own->inputs, own->count * own->input_size);
    work_add_bytes(&own->work, "targets", own->targets, own->count * own->target_size);
    return &own->work;
}

static uint64_t dataset_units(struct work *work, unsigned phase) {
    return phase == 0 ? ((const struct dataset_work *)work)->count : 0;
}

static void dataset_run(struct work *work, unsigned phase, uint64_t first, uint64_t count, struct lent *lent) {
    struct dataset_work *own = (struct dataset_work *)work;
    (void)phase;
    lent->call.random = random_key(3, "dataset", 0);
    if (own->ops->read(own->dataset, lent_to(lent, "read()"), own->split, own->examples + first, count,
                       own->inputs + first * own->input_size, own->targets + first * own->target_size) != RUNNER_OK &&
        !lent->call.failed)
        check_fail(work->subject, "read() failed without a reason");
}

const struct work_form dataset_form = {.open = dataset_open, .n_scenes = 2, .units = dataset_units, .run = dataset_run};

static bool values_scene(const struct scene *scene, struct work *work) {
    const struct dataset_work *own = (const struct dataset_work *)work;
    const runner_dataset *dataset = own->dataset;
    (void)scene;
    if (!work_run(work, 0, 1))
        return false;
    for (uint64_t i = 0; i < own->count; i++) {
        const unsigned char *input = own->inputs + i * own->input_size, *target = own->targets + i * own->target_size;
        for (uint64_t j = 0; dataset->element == RUNNER_F32 && j < own->input_size / sizeof(float); j++)
            if (!isfinite(((const float *)(const void *)input)[j]))
                return check_fail(work->subject, "input %" PRIu64 " of example %" PRIu64 " is not finite", j,
                                  own->examples[i]);
        for (uint64_t j = 0; dataset->classes == 0 && j < own->target_size / sizeof(float); j++)
            if (!isfinite(((const float *)(const void *)target)[j]))
                return check_fail(work->subject, "target %" PRIu64 " of example %" PRIu64 " is not finite", j,
                                  own->examples[i]);
        int32_t label = dataset->classes > 0 ? *(const int32_t *)(const void *)target : 0;
        if (dataset->classes > 0 && (label < 0 || (uint32_t)label >= dataset->classes))
            return check_fail(work->subject, "example %" PRIu64 " has label %" PRId32 "; wanted 0 to %" PRIu32,
                              own->examples[i], label, dataset->classes - 1);
    }
    return true;
}

bool dataset_values(const struct target *target, struct page *page) {
    return each_scene(target, &dataset_form, page, values_scene);
}
