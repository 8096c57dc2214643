#include "runner/cli/commands.h"
#include "runner/cli/job.h"
#include "runner/cli/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODELS_SHOWN 4

static void add_axes(const struct experiment *experiment, struct text *out) {
    for (size_t a = 0; a < experiment->n_axes; a++) {
        const struct axis *axis = &experiment->axes[a];
        text_add(out, "  ");
        words_cut(axis->name, SIZE_MAX, out);
        for (size_t l = 0; l < axis->count; l++) {
            text_add(out, l > 0 ? ", " : ": ");
            words_cut(axis->labels[l], SIZE_MAX, out);
        }
        text_add_char(out, '\n');
    }
    text_printf(out, "%zu point%s x %zu seed%s = %zu trial%s\n", experiment->n_points,
                experiment->n_points == 1 ? "" : "s", experiment->n_seeds, experiment->n_seeds == 1 ? "" : "s",
                experiment->n_trials, experiment->n_trials == 1 ? "" : "s");
}

static void add_data(const struct session *session, struct text *out) {
    char size[WORDS_SIZE];
    for (size_t i = 0; i < session->n_data; i++) {
        const struct data_facts *facts = &session->data[i].facts;
        text_printf(out, "dataset %s: %llu training rows", session->data[i].name,
                    (unsigned long long)facts->rows[DATA_TRAIN]);
        if (facts->rows[DATA_VALIDATION] > 0)
            text_printf(out, ", %llu validation rows", (unsigned long long)facts->rows[DATA_VALIDATION]);
        if (facts->rows[DATA_TEST] > 0)
            text_printf(out, ", %llu test rows", (unsigned long long)facts->rows[DATA_TEST]);
        text_printf(out, ", %s\n", words_bytes((double)facts->size, size));
    }
}

static bool same_layers(const struct plan_facts *a, const struct plan_facts *b) {
    if (a->n_layers != b->n_layers || a->parameters != b->parameters)
        return false;
    for (size_t i = 0; i < a->n_layers; i++) {
        char one[WORDS_SIZE], other[WORDS_SIZE];
        if (strcmp(a->layers[i].name, b->layers[i].name) != 0 || a->layers[i].parameters != b->layers[i].parameters ||
            strcmp(words_shape(&a->layers[i].output, one), words_shape(&b->layers[i].output, other)) != 0)
            return false;
    }
    return true;
}

static void add_model(const struct plan_facts *facts, struct text *out) {
    struct sheet sheet;
    char buffer[WORDS_SIZE];
    sheet_init(&sheet, 4);
    sheet_right(&sheet, 3);
    static const char *const head[] = {"layer", "plugin", "output", "parameters"};
    for (size_t i = 0; i < 4; i++)
        sheet_add(&sheet, head[i]);
    for (size_t i = 0; i < facts->n_layers; i++) {
        sheet_add(&sheet, facts->layers[i].name);
        sheet_add(&sheet, facts->layers[i].component);
        sheet_add(&sheet, words_shape(&facts->layers[i].output, buffer));
        snprintf(buffer, sizeof buffer, "%llu", (unsigned long long)facts->layers[i].parameters);
        sheet_add(&sheet, buffer);
    }
    snprintf(buffer, sizeof buffer, "%llu", (unsigned long long)facts->parameters);
    sheet_add(&sheet, "all");
    sheet_add(&sheet, "");
    sheet_add(&sheet, "");
    sheet_add(&sheet, buffer);
    sheet_write(&sheet, "  ", out);
    sheet_clear(&sheet);
}

/* The distinct models, each under the first point that has it. */
static void add_models(const struct plan *plan, struct text *out) {
    const struct plan_facts **models = memory_alloc(plan->facts.count + 1, sizeof *models);
    size_t distinct = 0;
    for (size_t f = 0; f < plan->facts.count; f++) {
        const struct plan_facts *facts = plan->facts.items[f];
        bool seen = !facts->known;
        for (size_t m = 0; m < distinct && !seen; m++)
            seen = same_layers(facts, models[m]);
        if (seen)
            continue;
        models[distinct++] = facts;
        if (distinct > MODELS_SHOWN)
            continue;
        size_t point = 0;
        while (plan->points[point].facts != facts)
            point++;
        text_printf(out, "\nmodel of point %zu:\n", point + 1);
        add_model(facts, out);
    }
    if (distinct > MODELS_SHOWN)
        text_printf(out, "\nand %zu more models\n", distinct - MODELS_SHOWN);
    free(models);
}

static void add_estimate(const struct plan *plan, struct text *out) {
    double work = 0, memory = 0, updates = 0;
    size_t unknown = 0;
    for (size_t t = 0; t < plan->results.n_trials; t++) {
        const struct plan_point *point = &plan->points[plan->results.trials[t].point];
        work += point->work;
        updates += (double)point->facts->epochs * (double)point->facts->updates_per_epoch;
        memory = (double)point->facts->memory > memory ? (double)point->facts->memory : memory;
        unknown += point->facts->known ? 0 : 1;
    }
    char size[WORDS_SIZE];
    text_printf(out, "\nmemory: at most %s a trial, beside the data\n", words_bytes(memory, size));
    text_printf(out, "work: %.3g updates, about %.3g floating-point operations\n", updates, work);
    if (unknown > 0)
        text_printf(out, "%zu trials are not part of this estimate: a plugin crashed while they were planned\n",
                    unknown);
}

enum status command_check(const struct options *options, struct error *error) {
    struct job job;
    enum status status = job_open(&job, options, error);
    if (status == STATUS_OK)
        status = job_load(&job, options, error);
    if (status == STATUS_OK)
        status = job_plan(&job, options, true, error);
    if (status == STATUS_OK && !options->log.quiet) {
        struct text out;
        text_init(&out);
        text_printf(&out, "%s: no mistakes\n", options->subject);
        words_cut(job.experiment.name, SIZE_MAX, &out);
        if (job.experiment.description != NULL && job.experiment.description[0] != '\0')
            text_printf(&out, ": %s", job.experiment.description);
        text_add_char(&out, '\n');
        add_axes(&job.experiment, &out);
        add_data(&job.session, &out);
        add_models(&job.plan, &out);
        add_estimate(&job.plan, &out);
        words_print(&out, stdout);
        text_clear(&out);
    }
    job_close(&job);
    return status;
}
