#include "runner/conformance/work.h"

#include "runner/conformance/statics.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 3 };
/* Fills memory that nobody has written: as floats, one is not a number and the other is large. */
enum { PATTERN = 0xff, OTHER_PATTERN = 0x5a };

/* ---- Results ------------------------------------------------------------------------------------------------------ */

void work_add_matrix(struct work *work, const struct matrix *matrix) {
    work->results[work->n_results++] = (struct result){.name = matrix->name,
                                                       .bytes = (const unsigned char *)matrix->data,
                                                       .rows = matrix->view.rows,
                                                       .row_size = matrix->view.columns * sizeof(float),
                                                       .pitch = matrix->view.pitch * sizeof(float),
                                                       .real = true};
    work->padded[work->n_padded++] = matrix;
}

void work_add_doubles(struct work *work, const char *name, const double *values, uint64_t count) {
    work->results[work->n_results++] = (struct result){.name = name,
                                                       .bytes = (const unsigned char *)values,
                                                       .rows = 1,
                                                       .row_size = count * sizeof(double),
                                                       .real = true,
                                                       .wide = true};
}

void work_add_bytes(struct work *work, const char *name, const void *bytes, uint64_t count) {
    work->results[work->n_results++] = (struct result){.name = name, .bytes = bytes, .rows = 1, .row_size = count};
}

struct digest digest_of(const struct work *work) {
    struct digest digest = {0};
    for (unsigned r = 0; r < work->n_results; r++)
        digest.size += work->results[r].rows * work->results[r].row_size;
    unsigned char *to = digest.bytes = memory_alloc(digest.size + 1, 1);
    for (unsigned r = 0; r < work->n_results; r++)
        for (uint64_t i = 0; i < work->results[r].rows; i++, to += work->results[r].row_size)
            memcpy(to, work->results[r].bytes + i * work->results[r].pitch, work->results[r].row_size);
    return digest;
}

void digest_free(struct digest *digest) {
    free(digest->bytes);
    digest->bytes = NULL;
}

static double number_at(const struct result *result, const unsigned char *bytes) {
    double wide;
    float narrow;
    memcpy(&wide, bytes, result->wide ? sizeof wide : 0);
    memcpy(&narrow, bytes, sizeof narrow);
    double number = result->wide ? wide : (double)narrow;
    return isnan(number) ? (double)NAN : number; /* without its sign */
}

/* The first value that differs, in words. */
static bool report_difference(const struct work *work, const struct result *result, uint64_t row,
                              const unsigned char *found, const unsigned char *wanted, const char *when) {
    uint64_t size = result->wide ? sizeof(double) : result->real ? sizeof(float) : 1, at = 0;
    while (memcmp(found + at, wanted + at, size) == 0)
        at += size;
    if (!result->real)
        return check_fail(work->subject, "the bits of the %s differ %s, at byte %llu", result->name, when,
                          (unsigned long long)at);
    return check_fail(work->subject, "the bits of the %s differ %s: element [%llu][%llu] is %.9g, and was %.9g",
                      result->name, when, (unsigned long long)row, (unsigned long long)(at / size),
                      number_at(result, found + at), number_at(result, wanted + at));
}

bool digest_same(const struct work *work, const struct digest *wanted, const char *when) {
    const unsigned char *other = wanted->bytes;
    for (unsigned r = 0; r < work->n_results; r++) {
        const struct result *result = &work->results[r];
        for (uint64_t i = 0; i < result->rows; i++, other += result->row_size) {
            const unsigned char *own = result->bytes + i * result->pitch;
            if (memcmp(own, other, result->row_size) != 0)
                return report_difference(work, result, i, own, other, when);
        }
    }
    return true;
}

/* ---- Running ------------------------------------------------------------------------------------------------------ */

struct crew {
    struct work *work;
    unsigned phase, threads;
    uint64_t units, cut;
};

/* Each thread takes every so-manieth job, so that all of them have some. */
static void run_jobs(const struct crew *crew, unsigned thread, struct lent *lent) {
    for (uint64_t first = thread * crew->cut; first < crew->units; first += crew->threads * crew->cut) {
        uint64_t count = crew->units - first < crew->cut ? crew->units - first : crew->cut;
        crew->work->form->run(crew->work, crew->phase, first, count, lent);
    }
}

/* By a team as the engine has them, so that a plugin which asks OpenMP who it is hears the same. */
static void run_phase(const struct crew *crew, struct lent *lents) {
    if (crew->threads == 1) {
        run_jobs(crew, 0, lents);
        return;
    }
#pragma omp parallel num_threads((int)crew->threads)
    {
        unsigned team = (unsigned)omp_get_num_threads();
#pragma omp barrier
        for (unsigned thread = (unsigned)omp_get_thread_num(); thread < crew->threads; thread += team)
            run_jobs(crew, thread, &lents[thread]);
    }
}

static bool padding_kept(const struct work *work) {
    for (unsigned i = 0; i < work->n_padded; i++)
        if (!matrix_padding_kept(work->padded[i], &work->subject->guard))
            return check_fail(work->subject, "wrote between the rows of the %s, beyond its columns",
                              work->padded[i]->name);
    return true;
}

bool work_run(struct work *work, uint64_t cut, unsigned threads) {
    struct subject *subject = work->subject;
    struct lent *lents = memory_alloc(threads, sizeof *lents);
    for (unsigned t = 0; t < threads; t++)
        lent_init(&lents[t], subject);
    bool well = true;
    for (unsigned phase = 0; well; phase++) {
        uint64_t units = work->form->units(work, phase);
        if (units == 0)
            break;
        if (work->form->enter != NULL)
            work->form->enter(work, phase);
        struct crew crew = {.work = work, .phase = phase, .threads = threads, .units = units, .cut = cut};
        if (cut == 0 || cut > units)
            crew.cut = units;
        run_phase(&crew, lents);
        for (unsigned t = 0; t < threads && well; t++)
            well = check_calls(subject, &lents[t]);
        well = well && padding_kept(work);
    }
    for (unsigned t = 0; t < threads; t++)
        lent_clear(&lents[t]);
    free(lents);
    return well;
}

/* ---- Scenes ------------------------------------------------------------------------------------------------------- */

bool instance_open(const struct scene *scene, unsigned char pattern, struct instance *instance,
                   char refusal[PAGE_TEXT]) {
    scene->page->scene[0] = '\0';
    instance->work = NULL;
    if (!subject_open(&instance->subject, scene->target, scene->page, pattern))
        return false;
    instance->work = scene->form->open(&instance->subject, scene->index, refusal);
    if (instance->work == NULL)
        return false;
    guard_allow_writes(&instance->subject.guard, instance->subject.part->config, false);
    guard_allow_writes_to(&instance->subject.guard, LENT_MEMORY, false);
    return check_calls(&instance->subject, &instance->subject.lent);
}

void instance_close(struct instance *instance) {
    subject_close(&instance->subject);
}

bool each_scene(const struct target *target, const struct work_form *form, struct page *page,
                scene_function *function) {
    char refusal[PAGE_TEXT] = "", first[PAGE_TEXT] = "";
    unsigned done = 0, skipped = 0;
    for (uint32_t i = 0; i < form->n_scenes && page->outcome != OUTCOME_FAIL; i++) {
        struct scene scene = {target, form, page, i};
        struct instance instance;
        page->outcome = OUTCOME_OK;
        bool well = instance_open(&scene, PATTERN, &instance, refusal) && function(&scene, instance.work);
        done += well;
        skipped += page->outcome == OUTCOME_SKIPPED;
        if (first[0] == '\0')
            memcpy(first, refusal, sizeof first);
        instance_close(&instance);
    }
    if (page->outcome != OUTCOME_FAIL)
        page->outcome = done == 0 && skipped > 0 ? OUTCOME_SKIPPED : OUTCOME_OK;
    if (page->outcome == OUTCOME_FAIL || done + skipped > 0)
        return page->outcome == OUTCOME_OK;
    page->outcome = OUTCOME_FAIL;
    snprintf(page->reason, sizeof page->reason,
             "it takes none of the shapes that were tried: %.300s; give it other parameters on the command line",
             first[0] != '\0' ? first : "plan() failed without a reason");
    return false;
}

/* ---- Checks for all kinds ------------------------------------------------------------------------------------------ */

/* Runs the scene in an instance of its own and compares. */
static bool same_again(const struct scene *scene, unsigned char pattern, const struct digest *wanted,
                       const char *when) {
    struct instance again;
    char refusal[PAGE_TEXT];
    bool well = instance_open(scene, pattern, &again, refusal) && work_run(again.work, 0, 1) &&
                digest_same(again.work, wanted, when);
    instance_close(&again);
    return well;
}

/* Twice, with different patterns in all that nobody has written: padding, slack behind regions, outputs, scratch. */
static bool memory_scene(const struct scene *scene, struct work *work) {
    if (!work_run(work, 0, 1))
        return false;
    struct digest digest = digest_of(work);
    bool well = same_again(scene, PATTERN, &digest, "");
    if (!well) { /* whatever it may be, it is not the pattern */
        scene->page->outcome = OUTCOME_OK;
        digest_free(&digest);
        return check_skip(work->subject, "the same calls do not give the same bits: see `state`");
    }
    well = same_again(scene, OTHER_PATTERN, &digest,
                      "with what stands in memory that the plugin was not given, or has not written");
    digest_free(&digest);
    return well;
}

bool check_memory(const struct target *target, const struct work_form *form, struct page *page) {
    return each_scene(target, form, page, memory_scene);
}

/* Other scenes of the same component, whose results do not matter here. */
static void run_others(const struct scene *scene) {
    for (uint32_t k = 1; k <= 2; k++) {
        struct scene other = *scene;
        struct instance instance;
        char refusal[PAGE_TEXT];
        other.index = (scene->index + k) % scene->form->n_scenes;
        if (instance_open(&other, PATTERN, &instance, refusal))
            work_run(instance.work, 2, 1);
        instance_close(&instance);
    }
}

static bool state_scene(const struct scene *scene, struct work *work) {
    if (!work_run(work, 0, 1))
        return false;
    struct digest digest = digest_of(work);
    run_others(scene);
    struct statics statics;
    statics_copy(&statics, work->subject->component->doc);
    bool well = scene->page->outcome == OUTCOME_OK &&
                same_again(scene, PATTERN, &digest, "from one instance to the next, with other calls between");
    if (well) {
        run_others(scene);
        well = same_again(scene, PATTERN, &digest, "when the same calls come again");
    }
    size_t changed = statics_changed(&statics);
    if (well && changed > 0)
        well = check_fail(work->subject,
                          "calls changed %zu bytes of its static variables; a plugin keeps no state there", changed);
    statics_free(&statics);
    digest_free(&digest);
    return well;
}

bool check_state(const struct target *target, const struct work_form *form, struct page *page) {
    return each_scene(target, form, page, state_scene);
}

/* The same cut on one thread and on three. */
static bool threads_scene(const struct scene *scene, struct work *work) {
    if (!work_run(work, 1, 1))
        return false;
    struct digest digest = digest_of(work);
    bool well = true;
    for (int round = 0; round < 3 && well; round++) {
        struct instance again;
        char refusal[PAGE_TEXT];
        well = instance_open(scene, PATTERN, &again, refusal) && work_run(again.work, 1, THREADS) &&
               digest_same(again.work, &digest, "on 3 threads from that on 1");
        instance_close(&again);
    }
    digest_free(&digest);
    return well;
}

bool check_threads(const struct target *target, const struct work_form *form, struct page *page) {
    return each_scene(target, form, page, threads_scene);
}

/* Jobs of these many units against one job; where a form cuts in a second direction, pieces of as many there, plus one. */
static bool cuts_scene(const struct scene *scene, struct work *work) {
    static const uint64_t cuts[] = {1, 2, 3, 5, 16, 64};
    if (!work_run(work, 0, 1))
        return false;
    struct digest digest = digest_of(work);
    bool well = true;
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0] && well; i++) {
        struct instance again;
        char refusal[PAGE_TEXT], when[64];
        snprintf(when, sizeof when, "in pieces of %llu", (unsigned long long)cuts[i]);
        well = instance_open(scene, PATTERN, &again, refusal);
        if (well) {
            again.work->piece = cuts[i] + 1;
            well = work_run(again.work, cuts[i], 1) && digest_same(again.work, &digest, when);
        }
        instance_close(&again);
    }
    digest_free(&digest);
    return well;
}

bool check_cuts(const struct target *target, const struct work_form *form, struct page *page) {
    return each_scene(target, form, page, cuts_scene);
}
