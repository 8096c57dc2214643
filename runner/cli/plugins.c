#include "runner/cli/commands.h"
#include "runner/cli/job.h"
#include "runner/cli/words.h"
#include "runner/host/params_words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All of them, or those of one kind (0: all). */
static void list_all(const struct catalog *catalog, enum runner_kind kind) {
    struct sheet sheet;
    sheet_init(&sheet, 4);
    for (size_t i = 0; i < catalog->count; i++) {
        const struct catalog_component *component = &catalog->components[i];
        if (kind != 0 && component->kind != kind)
            continue;
        bool first = i == 0 || catalog->components[i - 1].kind != component->kind;
        sheet_add(&sheet, first ? runner_kind_name(component->kind) : "");
        sheet_add(&sheet, component->name);
        sheet_add(&sheet, component->doc != NULL ? component->doc : "");
        sheet_add(&sheet, component->foreign ? component->file : "");
    }
    struct text out;
    text_init(&out);
    sheet_write(&sheet, "", &out);
    words_print(&out, stdout);
    text_clear(&out);
    sheet_clear(&sheet);
}

static void add_range(const struct catalog_param *param, struct text *out) {
    char low[NUMBER_TEXT_SIZE], high[NUMBER_TEXT_SIZE];
    switch (param->type) {
    case RUNNER_INT:
    case RUNNER_FLOAT:
    case RUNNER_INTS:
    case RUNNER_FLOATS:
    case RUNNER_RATE:
        if (fabs(param->min) < 1e30 && param->max >= 1e30) /* as good as no bound */
            text_printf(out, "%s %s", (param->flags & RUNNER_OPEN_MIN) != 0 ? "above" : "from",
                        number_write(param->min, low));
        else if (!(fabs(param->min) >= 1e30) || !(fabs(param->max) >= 1e30))
            text_printf(out, "%s%s, %s%s", (param->flags & RUNNER_OPEN_MIN) != 0 || isinf(param->min) ? "(" : "[",
                        number_write(param->min, low), number_write(param->max, high),
                        (param->flags & RUNNER_OPEN_MAX) != 0 || isinf(param->max) ? ")" : "]");
        break;
    case RUNNER_CHOICE:
        for (size_t c = 0; c < param->n_choices; c++)
            text_printf(out, "%s%s", c > 0 ? " | " : "", param->choices[c]);
        break;
    default: break;
    }
    if (param->type == RUNNER_RATE)
        text_printf(out, "%sor a schedule", out->length > 0 ? " " : "");
    if ((param->flags & RUNNER_NULLABLE) != 0)
        text_printf(out, "%sor null", out->length > 0 ? " " : "");
}

/* How it stands in a config: with what must be given, or with its first parameter. */
static void add_example(const struct catalog_component *component, struct text *out) {
    static const char *const places[] = {[RUNNER_DATASET] = "dataset: ",
                                         [RUNNER_LAYER] = "model: [",
                                         [RUNNER_LOSS] = "loss: ",
                                         [RUNNER_OPTIMIZER] = "optimizer: ",
                                         [RUNNER_METRIC] = "metrics: [",
                                         [RUNNER_INITIALIZER] = "kernel_initializer: ",
                                         [RUNNER_SCHEDULE] = "learning_rate: ",
                                         [RUNNER_REGULARIZER] = "kernel_regularizer: ",
                                         [RUNNER_CONSTRAINT] = "kernel_constraint: ",
                                         [RUNNER_CALLBACK] = "callbacks: ["};
    const char *place = places[component->kind];
    size_t given = 0, must = 0;
    for (size_t i = 0; i < component->n_own; i++)
        must += component->params[i].initial == NULL;
    text_printf(out, "  %s%s%s", place, must > 0 || component->n_own > 0 ? "{" : "", component->name);
    for (size_t i = 0; i < component->n_own && given < (must > 0 ? must : 1); i++) {
        const struct catalog_param *param = &component->params[i];
        if (must > 0 && param->initial != NULL)
            continue;
        text_printf(out, "%s%s: %s", given++ == 0 ? ": {" : ", ", param->name,
                    param->initial != NULL ? param->initial : "...");
    }
    text_printf(out, "%s%s\n", given > 0 ? "}}" : "", place[strlen(place) - 1] == '[' ? "]" : "");
}

/* What `runner fetch` gets: names, sizes and the first address of each. */
static void add_downloads(const struct catalog_component *component, struct text *out) {
    if (component->n_downloads == 0)
        return;
    text_printf(out, "\n  `runner fetch %s` gets its files:\n", component->name);
    struct sheet sheet;
    sheet_init(&sheet, 3);
    sheet_right(&sheet, 1);
    for (size_t i = 0; i < component->n_downloads; i++) {
        char size[WORDS_SIZE];
        sheet_add(&sheet, component->downloads[i].file);
        sheet_add(&sheet, words_bytes((double)component->downloads[i].size, size));
        sheet_add(&sheet, component->downloads[i].urls[0]);
    }
    sheet_write(&sheet, "  ", out);
    sheet_clear(&sheet);
}

static void describe(const struct catalog_component *component) {
    struct text out, range, type;
    text_init(&out);
    text_init(&range);
    text_init(&type);
    text_printf(&out, "%s %s: %s\n", runner_kind_name(component->kind), component->name,
                component->doc != NULL ? component->doc : "");
    text_printf(&out, "  version %s, %s\n", component->version != NULL ? component->version : "?", component->file);
    if (component->shadows != NULL)
        text_printf(&out, "  hides the one in %s\n", component->shadows);
    add_example(component, &out);
    struct sheet sheet;
    sheet_init(&sheet, 5);
    static const char *const head[] = {"parameter", "type", "default", "range", ""};
    for (size_t i = 0; i < 5; i++)
        sheet_add(&sheet, head[i]);
    for (size_t i = 0; i < component->n_params; i++) {
        const struct catalog_param *param = &component->params[i];
        text_reset(&range);
        text_reset(&type);
        add_range(param, &range);
        if (param->type == RUNNER_COMPONENT || param->type == RUNNER_COMPONENTS)
            text_printf(&type, "%s%s", runner_kind_name(param->kind), param->type == RUNNER_COMPONENTS ? "s" : "");
        else
            text_add(&type, runner_type_name(param->type));
        sheet_add(&sheet, param->name);
        sheet_add(&sheet, type.data);
        sheet_add(&sheet, param->initial != NULL ? param->initial : "(must be given)");
        sheet_add(&sheet, range.data);
        sheet_add(&sheet, param->doc != NULL ? param->doc : "");
    }
    if (component->n_params > 0) {
        text_add_char(&out, '\n');
        sheet_write(&sheet, "  ", &out);
    } else {
        text_add(&out, "  no parameters\n");
    }
    add_downloads(component, &out);
    words_print(&out, stdout);
    sheet_clear(&sheet);
    text_clear(&type);
    text_clear(&range);
    text_clear(&out);
}

/* NAME or KIND/NAME; all kinds that have the name are shown. A kind is a list of its own. */
static enum status show_one(const struct catalog *catalog, const char *name, struct error *error) {
    const char *slash = strchr(name, '/');
    char kind[32] = "";
    if (slash != NULL)
        snprintf(kind, sizeof kind, "%.*s", (int)(slash - name), name);
    bool found = false;
    if (slash == NULL && runner_kind_from_name(name) != 0) {
        list_all(catalog, runner_kind_from_name(name));
        return STATUS_OK;
    }
    for (size_t i = 0; i < catalog->count; i++) {
        const struct catalog_component *component = &catalog->components[i];
        if (strcmp(component->name, slash != NULL ? slash + 1 : name) != 0 ||
            (slash != NULL && strcmp(runner_kind_name(component->kind), kind) != 0))
            continue;
        if (found)
            putchar('\n');
        found = true;
        describe(component);
    }
    return found ? STATUS_OK : words_unknown(catalog, name, true, error);
}

enum status command_plugins(const struct options *options, struct error *error) {
    struct job job;
    enum status status = job_open(&job, options, error);
    if (status == STATUS_OK && options->subject != NULL)
        status = show_one(&job.session.catalog, options->subject, error);
    else if (status == STATUS_OK)
        list_all(&job.session.catalog, 0);
    job_close(&job);
    return status;
}
