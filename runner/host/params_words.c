#include "runner/host/params_words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *words_kind(enum runner_kind kind) {
    switch (kind) {
    case RUNNER_DATASET: return "a dataset";
    case RUNNER_LAYER: return "a layer";
    case RUNNER_LOSS: return "a loss";
    case RUNNER_OPTIMIZER: return "an optimizer";
    case RUNNER_METRIC: return "a metric";
    case RUNNER_INITIALIZER: return "an initializer";
    case RUNNER_SCHEDULE: return "a schedule";
    case RUNNER_REGULARIZER: return "a regularizer";
    case RUNNER_CONSTRAINT: return "a constraint";
    case RUNNER_CALLBACK: return "a callback";
    }
    return "a component";
}

void words_value(const struct tree *value, struct text *out) {
    switch (value->type) {
    case TREE_TEXT: text_printf(out, "text '%.60s'", value->text); return;
    case TREE_NULL: text_add(out, "null"); return;
    case TREE_BOOL:
    case TREE_INT:
    case TREE_FLOAT: text_printf(out, "%.60s", value->text); return;
    case TREE_MAP: text_add(out, value->count == 0 ? "an empty map" : "a map"); return;
    case TREE_LIST: text_add(out, value->count == 0 ? "an empty list" : "a list"); return;
    }
}

/* A bound too large to mean anything to a reader is left out, unless it is the one that was broken. */
static bool worth_naming(double bound, bool broken) {
    return !isinf(bound) && (fabs(bound) < 1e15 || broken);
}

static void words_range(const struct catalog_param *param, const struct tree *found, struct text *out) {
    double x = !found                      ? 0
               : found->type == TREE_INT   ? (double)found->value.integer
               : found->type == TREE_FLOAT ? found->value.number
                                           : 0;
    bool number = found && (found->type == TREE_INT || found->type == TREE_FLOAT);
    bool low = worth_naming(param->min, number && x <= param->min);
    bool high = worth_naming(param->max, number && x >= param->max);
    bool open_low = param->flags & RUNNER_OPEN_MIN, open_high = param->flags & RUNNER_OPEN_MAX;
    char min[NUMBER_TEXT_SIZE], max[NUMBER_TEXT_SIZE];
    number_write(param->min, min);
    number_write(param->max, max);
    if (low) {
        text_printf(out, " %s %s", open_low ? "above" : "from", min);
    }
    if (high && open_high) {
        text_printf(out, "%s below %s", low ? " and" : "", max);
    } else if (high) {
        text_printf(out, "%s %s", low && !open_low ? " to" : low ? " and up to" : " up to", max);
    }
}

void words_wanted(const struct catalog_param *param, const struct tree *found, struct text *out) {
    switch (param->type) {
    case RUNNER_BOOL: text_add(out, "true or false"); break;
    case RUNNER_INT:
        text_add(out, "an integer");
        words_range(param, found, out);
        break;
    case RUNNER_FLOAT:
        text_add(out, "a number");
        words_range(param, found, out);
        break;
    case RUNNER_TEXT: text_add(out, "text"); break;
    case RUNNER_CHOICE: words_list("one of ", param->choices, param->n_choices, out); break;
    case RUNNER_PATH: text_add(out, "the path of a file or folder"); break;
    case RUNNER_INTS:
        text_add(out, "a list of integers");
        words_range(param, NULL, out);
        break;
    case RUNNER_FLOATS:
        text_add(out, "a list of numbers");
        words_range(param, NULL, out);
        break;
    case RUNNER_TEXTS: text_add(out, "a list of texts"); break;
    case RUNNER_COMPONENT:
        text_printf(out, "%s: NAME or {NAME: {PARAMETER: VALUE, ...}}", words_kind(param->kind));
        break;
    case RUNNER_COMPONENTS: text_printf(out, "a list, each item %s", words_kind(param->kind)); break;
    case RUNNER_RATE:
        text_add(out, "a number");
        words_range(param, found, out);
        text_add(out, ", or a schedule");
        break;
    }
    if (param->flags & RUNNER_NULLABLE) {
        text_add(out, ", or null");
    }
}

/* The text of a number whose decimal sign is a comma; empty where it is none. */
static void read_comma(const char *text, char number[NUMBER_TEXT_SIZE]) {
    double ignored;
    size_t length = strlen(text), comma = strcspn(text, ",");
    number[0] = '\0';
    if (length < NUMBER_TEXT_SIZE && comma < length) {
        memcpy(number, text, length + 1);
        number[comma] = '.';
        number[0] = number_read(number, &ignored) ? number[0] : '\0';
    }
}

static void words_number_slip(const char *text, struct text *out) {
    char number[NUMBER_TEXT_SIZE], share[NUMBER_TEXT_SIZE];
    double value;
    size_t length = strlen(text);
    read_comma(text, number);
    if (number_read(text, &value)) {
        text_add(out, "; leave out the quotes");
    } else if (*number) {
        text_printf(out, "; the decimal sign is a point: %s", number);
    } else if (length > 0 && length < sizeof number && text[length - 1] == '%') {
        memcpy(number, text, length - 1);
        number[length - 1] = '\0';
        if (number_read(number, &value)) {
            number_write(value / 100, share);
            text_printf(out, "; %s is %s", text, share);
        }
    }
}

void words_slip(const struct catalog_param *param, const struct tree *value, struct text *out) {
    const bool number = param->type == RUNNER_INT || param->type == RUNNER_FLOAT || param->type == RUNNER_RATE;
    const bool one =
        number || param->type == RUNNER_BOOL || param->type == RUNNER_CHOICE || param->type == RUNNER_COMPONENT;
    if (one && value->type == TREE_LIST) {
        text_add(out, "; values to compare are listed in grid");
    } else if (number && value->type == TREE_TEXT) {
        words_number_slip(value->text, out);
    }
}

void words_list(const char *lead, const char *const *names, size_t count, struct text *out) {
    enum { MOST = 40 };
    text_add(out, lead);
    for (size_t i = 0; i < count && i < MOST; i++) {
        text_printf(out, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    if (count > MOST) {
        text_add(out, ", ...");
    }
}

/* The names of one kind (0: of all), with room for the kinds behind them; the caller frees them. */
static const char **names_of(const struct catalog *catalog, enum runner_kind kind, size_t *count) {
    const char **names = memory_alloc(catalog->count + RUNNER_LAST_KIND, sizeof *names);
    *count = 0;
    for (size_t i = 0; i < catalog->count; i++) {
        if (kind == 0 || catalog->components[i].kind == kind) {
            names[(*count)++] = catalog->components[i].name;
        }
    }
    return names;
}

void words_known(const struct catalog *catalog, enum runner_kind kind, struct text *out) {
    size_t count;
    const char **names = names_of(catalog, kind, &count);
    if (count > 0) {
        words_list(" (known: ", names, count, out);
        text_add(out, ")");
    } else {
        text_printf(out, " (no plugin has %s)", words_kind(kind));
    }
    free(names);
}

bool words_other_kinds(const struct catalog *catalog, const char *name, struct text *out) {
    for (int kind = RUNNER_DATASET; kind <= RUNNER_LAST_KIND; kind++) {
        if (catalog_find(catalog, (enum runner_kind)kind, name)) {
            text_printf(out, "; '%s' is %s", name, words_kind((enum runner_kind)kind));
            return true;
        }
    }
    return false;
}

bool words_file(const struct catalog *catalog, enum runner_kind kind, const char *name, struct text *out) {
    const char *point = strrchr(name, '.');
    const struct catalog_component *reader = point ? catalog_find(catalog, kind, point + 1) : NULL;
    if (!reader || !catalog_param_find(reader, "path")) {
        return false;
    }
    text_printf(out, "; did you mean {%s: {path: %.200s}}?", reader->name, name);
    return true;
}

bool words_refused(const struct catalog *catalog, const char *name, struct text *out) {
    bool refused = false;
    struct text file;
    text_init(&file);
    text_printf(&file, "/%s.so: ", name);
    for (size_t i = 0; i < catalog->n_problems && !refused; i++) {
        refused = strstr(catalog->problems[i], file.data) != NULL;
        if (refused) {
            text_printf(out, "; %s", catalog->problems[i]);
        }
    }
    text_clear(&file);
    return refused;
}

const char *words_nearest(const struct catalog *catalog, enum runner_kind kind, const char *name) {
    size_t count;
    const char **names = names_of(catalog, kind, &count);
    const char *near = text_nearest(name, names, count);
    free(names);
    return near;
}

enum status words_unknown(const struct catalog *catalog, const char *name, bool kinds, struct error *error) {
    const char *slash = strchr(name, '/');
    char prefix[32] = "";
    if (slash)
        snprintf(prefix, sizeof prefix, "%.*s", (int)(slash - name), name);
    const enum runner_kind kind = runner_kind_from_name(prefix);
    size_t count;
    const char **names = names_of(catalog, kind, &count);
    for (int i = RUNNER_DATASET; kinds && !slash && i <= RUNNER_LAST_KIND; i++)
        names[count++] = runner_kind_name((enum runner_kind)i);
    const char *near = text_nearest(slash ? slash + 1 : name, names, count);
    free(names);
    if (!near)
        return error_set(error, STATUS_CONFIG, "no plugin is called '%s'; `runner plugins` lists them", name);
    return error_set(error, STATUS_CONFIG, "no plugin is called '%s'; did you mean '%s%s%s'?", name,
                     kind ? runner_kind_name(kind) : "", kind ? "/" : "", near);
}
