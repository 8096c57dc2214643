/* The host's own tables, `train` and `engine`, and how they are checked. */
#include "runner/config/limits.h"
#include "runner/config/resolve.h"
#include "runner/host/params.h"
#include "runner/host/params_words.h"

#include <math.h>
#include <string.h>

static const char *const shuffles[] = {"each_epoch", "once", "never", NULL};
static const char *const products[] = {"openblas", "portable", NULL};

#define SEED_MAX 9007199254740992.0 /* 2^53: JSON readers hold it */
#define COUNT_MAX 1e12

const struct runner_param *experiment_train_params(size_t *count) {
    static const struct runner_param table[] = {
        {.name = "batch_size",
         .type = RUNNER_INT,
         .initial = "32",
         .min = 1,
         .max = COUNT_MAX,
         .doc = "examples per update, or full for all training rows"},
        {.name = "epochs",
         .type = RUNNER_INT,
         .flags = RUNNER_NULLABLE,
         .initial = "1",
         .min = 0,
         .max = COUNT_MAX,
         .doc =
             "passes over the training rows (`3000 updates` sets updates); null, the default with updates: no limit"},
        {.name = "updates",
         .type = RUNNER_INT,
         .flags = RUNNER_NULLABLE,
         .initial = "null",
         .min = 1,
         .max = COUNT_MAX,
         .doc = "stop after so many updates; null: no limit"},
        {.name = "shuffle",
         .type = RUNNER_CHOICE,
         .initial = "each_epoch",
         .choices = shuffles,
         .doc = "when the order of the training rows is drawn; true is each_epoch, false is never"},
        {.name = "drop_last",
         .type = RUNNER_BOOL,
         .initial = "false",
         .max = 1,
         .doc = "leave out the last batch of an epoch where it is short"},
        {.name = "evaluate_every",
         .type = RUNNER_INT,
         .initial = "1",
         .min = 1,
         .max = COUNT_MAX,
         .doc = "epochs between evaluations; the last epoch is always evaluated"},
        {.name = "evaluate_train",
         .type = RUNNER_BOOL,
         .initial = "false",
         .max = 1,
         .doc = "evaluate the training rows as well, after the epoch"},
        {.name = "init_seed",
         .type = RUNNER_INT,
         .flags = RUNNER_NULLABLE,
         .initial = "null",
         .min = 0,
         .max = SEED_MAX,
         .doc = "keys the initial weights; null: the trial's seed"},
        {.name = "order_seed",
         .type = RUNNER_INT,
         .flags = RUNNER_NULLABLE,
         .initial = "null",
         .min = 0,
         .max = SEED_MAX,
         .doc = "keys the order of the training rows; null: the trial's seed"},
        {.name = "checkpoint",
         .type = RUNNER_TEXT,
         .flags = RUNNER_NULLABLE,
         .initial = "null",
         .doc = "how often a running trial is written down, so that after an interruption it goes on from there: "
                "5 epochs, 3000 updates or 10 minutes; null: never"},
    };
    *count = sizeof table / sizeof table[0];
    return table;
}

const struct runner_param *experiment_engine_params(size_t *count) {
    static const struct runner_param table[] = {
        {.name = "gemm",
         .type = RUNNER_CHOICE,
         .initial = "openblas",
         .choices = products,
         .doc = "matrix products: openblas is fast, portable gives the same bits on every machine"},
        {.name = "micro_batch",
         .type = RUNNER_INT,
         .initial = "4096",
         .min = 1,
         .max = COUNT_MAX,
         .doc = "rows that go through the network at once; a larger batch goes in parts, whose gradients are added"},
    };
    *count = sizeof table / sizeof table[0];
    return table;
}

struct settings {
    const char *section;
    const struct catalog *catalog;
    const struct runner_param *table;
    size_t count;
    struct arena *arena;
    struct diagnostics *diagnostics;
    bool well;
};

static void check_keys(struct settings *settings, const struct tree *written) {
    const char *names[64];
    for (size_t i = 0; i < settings->count; i++) {
        names[i] = settings->table[i].name;
    }
    for (size_t i = 0; i < written->count; i++) {
        bool known = false;
        for (size_t j = 0; j < settings->count; j++) {
            known = known || strcmp(names[j], written->keys[i]) == 0;
        }
        if (known) {
            continue;
        }
        settings->well = false;
        const char *near = text_nearest(written->keys[i], names, settings->count);
        if (near) {
            diagnostics_error(settings->diagnostics, written->key_marks[i],
                              "unknown key '%.60s' of %s; did you mean '%s'?", written->keys[i], settings->section,
                              near);
        } else {
            struct text list;
            text_init(&list);
            words_list("; known: ", names, settings->count, &list);
            diagnostics_error(settings->diagnostics, written->key_marks[i], "unknown key '%.60s' of %s%s",
                              written->keys[i], settings->section, list.data);
            text_clear(&list);
        }
    }
}

/* Reads "12 epochs". */
static bool read_duration(const struct tree *value, const char *unit, int64_t *number) {
    if (value->type != TREE_TEXT) {
        return false;
    }
    size_t digits = strspn(value->text, "0123456789"), length = strlen(unit);
    const char *word = value->text + digits + strspn(value->text + digits, " ");
    char copy[24];
    if (digits == 0 || digits >= sizeof copy || strncmp(word, unit, length) != 0 ||
        (strcmp(word + length, "s") != 0 && word[length])) {
        return false;
    }
    memcpy(copy, value->text, digits);
    copy[digits] = '\0';
    return number_read_int(copy, number);
}

/* "5 epochs", "3000 updates", "10 minutes" or "90 seconds" from their many forms; NULL: none of them. */
static const char *checkpoint_text(struct settings *settings, const struct tree *value) {
    int64_t number;
    double seconds;
    char digits[NUMBER_TEXT_SIZE];
    static const char *const units[] = {"epoch", "update"};
    if (value->type != TREE_TEXT) { /* a bare number says no unit */
        return NULL;
    }
    for (size_t i = 0; i < 2; i++) {
        if (read_duration(value, units[i], &number)) {
            return number >= 1 ? arena_printf(settings->arena, "%lld %ss", (long long)number, units[i]) : NULL;
        }
    }
    if (!limit_read_time(value->text, &seconds)) {
        return NULL;
    }
    bool minutes = fmod(seconds, 60) == 0;
    number_write(minutes ? seconds / 60 : seconds, digits);
    return arena_printf(settings->arena, "%s %s", digits, minutes ? "minutes" : "seconds");
}

static struct tree *resolve_checkpoint(struct settings *settings, const struct tree *value, const char *what) {
    if (value->type == TREE_NULL) {
        return tree_null(settings->arena, value->mark);
    }
    const char *text = checkpoint_text(settings, value);
    if (text) {
        return tree_text(settings->arena, value->mark, text);
    }
    struct text found;
    text_init(&found);
    words_value(value, &found);
    diagnostics_error(settings->diagnostics, value->mark,
                      "%s is %s; wanted '5 epochs', '3000 updates', '10 minutes' or null", what, found.data);
    text_clear(&found);
    return NULL;
}

/* The forms of a value beyond those of the table; otherwise the value itself. */
static const struct tree *translate(struct settings *settings, const char *name, const struct tree *value) {
    int64_t number;
    if (strcmp(name, "shuffle") == 0 && value->type == TREE_BOOL) {
        return tree_text(settings->arena, value->mark, value->value.truth ? "each_epoch" : "never");
    }
    bool epochs = strcmp(name, "epochs") == 0 || strcmp(name, "evaluate_every") == 0;
    if ((epochs && read_duration(value, "epoch", &number)) ||
        (strcmp(name, "updates") == 0 && read_duration(value, "update", &number))) {
        return tree_int(settings->arena, value->mark, number);
    }
    return value;
}

static bool is_full(const char *name, const struct tree *value) {
    return strcmp(name, "batch_size") == 0 && value->type == TREE_TEXT && strcmp(value->text, "full") == 0;
}

/* Words that a setting takes beside numbers; NULL: none. */
static const char *words_of(const char *name) {
    return strcmp(name, "batch_size") == 0 ? "full" : strcmp(name, "epochs") == 0 ? "'3000 updates'" : NULL;
}

static void wrong_word(struct settings *settings, const struct catalog_param *param, const struct tree *value,
                       const char *what, const char *words) {
    struct text text;
    text_init(&text);
    text_printf(&text, "%s is ", what);
    words_value(value, &text);
    text_add(&text, "; wanted ");
    words_wanted(param, value, &text);
    text_printf(&text, ", or %s", words);
    words_slip(param, value, &text);
    diagnostics_error(settings->diagnostics, value->mark, "%s", text.data);
    text_clear(&text);
}

static struct tree *resolve_setting(struct settings *settings, const struct runner_param *entry,
                                    const struct tree *value) {
    struct catalog_param param;
    catalog_param_from_table(entry, settings->arena, &param);
    const char *what = arena_printf(settings->arena, "%s.%s", settings->section, entry->name);
    if (is_full(entry->name, value)) {
        return tree_text(settings->arena, value->mark, "full");
    }
    if (strcmp(entry->name, "checkpoint") == 0) {
        return resolve_checkpoint(settings, value, what);
    }
    value = translate(settings, entry->name, value);
    const char *words = words_of(entry->name);
    if (words && value->type == TREE_TEXT) {
        wrong_word(settings, &param, value, what, words);
        return NULL;
    }
    return param_resolve(settings->catalog, &param, value, what, settings->arena, settings->diagnostics);
}

static struct tree *resolve_table(struct settings *settings, const struct tree *written, struct mark mark) {
    struct tree *resolved = tree_map(settings->arena, mark);
    settings->well = true;
    if (written && written->type == TREE_NULL) {
        written = NULL;
    }
    if (written && written->type != TREE_MAP) {
        diagnostics_error(settings->diagnostics, written->mark, "%s is %s; wanted a map {KEY: VALUE, ...}",
                          settings->section, tree_type_name(written->type));
        return NULL;
    }
    if (written) {
        check_keys(settings, written);
    }
    for (size_t i = 0; i < settings->count; i++) {
        const struct runner_param *entry = &settings->table[i];
        const struct tree *value = tree_get(written, entry->name);
        value = value ? value : tree_plain(settings->arena, mark, entry->initial);
        struct tree *item = resolve_setting(settings, entry, value);
        settings->well = settings->well && item;
        if (item) {
            tree_set(settings->arena, resolved, entry->name, value->mark, item);
        }
    }
    return settings->well ? resolved : NULL;
}

/* Moves `epochs: 3000 updates` to `updates`; without `epochs` but with `updates` nothing limits the epochs. */
static struct tree *spread_durations(const struct tree *written, struct arena *arena, struct diagnostics *diagnostics) {
    const struct tree *epochs = tree_get(written, "epochs"), *updates = tree_get(written, "updates");
    bool limited = updates && updates->type != TREE_NULL;
    int64_t number;
    struct tree *spread = tree_copy(arena, written);
    if (epochs && read_duration(epochs, "update", &number)) {
        if (limited) {
            diagnostics_error(diagnostics, epochs->mark,
                              "train.epochs is '%s' beside train.updates; wanted one of the two", epochs->text);
        }
        tree_set(arena, spread, "updates", epochs->mark, tree_int(arena, epochs->mark, number));
        tree_set(arena, spread, "epochs", epochs->mark, tree_null(arena, epochs->mark));
    } else if (!epochs && limited) {
        tree_set(arena, spread, "epochs", updates->mark, tree_null(arena, updates->mark));
    } else if (epochs && epochs->type == TREE_NULL && !limited) {
        diagnostics_error(diagnostics, epochs->mark,
                          "train.epochs is null and so is train.updates: training would never end");
    }
    return spread;
}

struct tree *resolve_train(const struct catalog *catalog, const struct tree *value, struct mark mark,
                           struct arena *arena, struct diagnostics *diagnostics) {
    size_t errors = diagnostics->errors;
    struct settings settings = {.section = "train", .catalog = catalog, .arena = arena, .diagnostics = diagnostics};
    settings.table = experiment_train_params(&settings.count);
    if (value && value->type == TREE_MAP) {
        value = spread_durations(value, arena, diagnostics);
    }
    struct tree *resolved = resolve_table(&settings, value, mark);
    return diagnostics->errors == errors ? resolved : NULL;
}

struct tree *resolve_engine(const struct catalog *catalog, const struct tree *value, struct mark mark,
                            struct arena *arena, struct diagnostics *diagnostics) {
    struct settings settings = {.section = "engine", .catalog = catalog, .arena = arena, .diagnostics = diagnostics};
    settings.table = experiment_engine_params(&settings.count);
    return resolve_table(&settings, value, mark);
}
