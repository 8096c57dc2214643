#include "runner/cli/complete.h"

#include "runner/base/file.h"
#include "runner/base/yaml.h"
#include "runner/cli/job.h"
#include "runner/cli/usage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_LIMIT ((size_t)16 << 20)

struct complete {
    const char *const *words;
    size_t n; /* before the one that is typed */
    const char *typed;
    const struct usage_command *command; /* NULL: not yet known */
    const char **plain;                  /* words behind the command that are no options */
    size_t n_plain;
    const char **folders; /* of --plugin-dir */
    size_t n_folders;
    const struct usage_option *waiting; /* its value is typed; NULL: none */
    struct text *out;
};

/* Words become part of a command line, so what a shell would do more with than pass it on is not offered: names of a config may be
   anybody's. */
static void offer(const struct complete *complete, const char *word, const char *doc) {
    if (strncmp(word, complete->typed, strlen(complete->typed)) == 0 && strpbrk(word, "$`\\'!;&|<>()*?~# \t\n") == NULL)
        text_printf(complete->out, "%s\t%.*s\n", word, (int)strcspn(doc, "\n"), doc);
}

static void offer_list(const struct complete *complete, const char *const *words) {
    for (; *words != NULL; words++)
        offer(complete, *words, "");
}

static const struct usage_option *find_option(const char *word) {
    for (size_t i = 0; strncmp(word, "--", 2) == 0 && i < usage_n_options; i++)
        if (strcmp(usage_options[i].name, word + 2) == 0)
            return &usage_options[i];
    return NULL;
}

static void read_words(struct complete *complete) {
    for (size_t i = 0; i < complete->n; i++) {
        const char *word = complete->words[i];
        const struct usage_option *waiting = complete->waiting, *option = find_option(word);
        complete->waiting = NULL;
        if (waiting != NULL) {
            if (waiting->key == KEY_PLUGIN_DIR)
                complete->folders[complete->n_folders++] = word;
        } else if (option != NULL) {
            complete->waiting = option->argument != NULL && option->argument[0] != '[' ? option : NULL;
        } else if (word[0] != '-' && complete->command == NULL) {
            complete->command = usage_find(word);
            if (complete->command == NULL) { /* a config */
                complete->command = usage_find("run");
                complete->plain[complete->n_plain++] = word;
            }
        } else if (word[0] != '-') {
            complete->plain[complete->n_plain++] = word;
        }
    }
}

static void offer_commands(const struct complete *complete) {
    for (size_t i = 0; i < usage_n_commands; i++)
        offer(complete, usage_commands[i].name, usage_commands[i].summary);
}

static void offer_options(const struct complete *complete) {
    const struct usage_command *command = complete->command != NULL ? complete->command : usage_find("run");
    char name[64];
    for (size_t i = 0; i < usage_n_options; i++) {
        snprintf(name, sizeof name, "--%s", usage_options[i].name);
        if (usage_has_option(command, &usage_options[i]))
            offer(complete, name, usage_options[i].doc);
    }
}

static void offer_value(const struct complete *complete) {
    switch (complete->waiting->key) {
    case KEY_RESULTS:
    case KEY_INTO:
    case KEY_PLUGIN_DIR: text_add(complete->out, ":folders\n"); break;
    case KEY_OUTPUT: text_add(complete->out, ":html\n"); break;
    case KEY_WEIGHTS: text_add(complete->out, ":npz\n"); break;
    case KEY_FORMAT: offer_list(complete, (const char *const[]){"terminal", "csv", "markdown", "latex", NULL}); break;
    default: break;
    }
}

/* All components, or those of one kind (0: all). */
static void offer_components(const struct complete *complete, const struct catalog *catalog, enum runner_kind kind,
                             const char *before) {
    for (size_t i = 0; i < catalog->count; i++) {
        const struct catalog_component *component = &catalog->components[i];
        char word[512];
        snprintf(word, sizeof word, "%s%s", before, component->name);
        if (kind == 0 || component->kind == kind)
            offer(complete, word, component->doc != NULL ? component->doc : "");
    }
}

static void offer_kinds(const struct complete *complete) {
    for (int kind = 1; runner_kind_name((enum runner_kind)kind)[0] != '\0'; kind++)
        offer(complete, runner_kind_name((enum runner_kind)kind), "a kind of plugin");
}

/* `path=` of a value, with the value itself as its description; behind the = what the value may be. */
static void offer_path(const struct complete *complete, const struct catalog *catalog, const char *path,
                       const struct tree *value) {
    struct text text, word;
    text_init(&text);
    text_init(&word);
    tree_write(value, &text);
    text_printf(&word, "%s=", path);
    const enum runner_kind kind = strcmp(path, "dataset") == 0     ? RUNNER_DATASET
                                  : strcmp(path, "loss") == 0      ? RUNNER_LOSS
                                  : strcmp(path, "optimizer") == 0 ? RUNNER_OPTIMIZER
                                                                   : 0;
    if (strncmp(complete->typed, word.data, word.length) != 0) {
        offer(complete, word.data, text.data);
    } else if (kind != 0 && catalog != NULL) {
        offer_components(complete, catalog, kind, word.data);
    } else if (value->type == TREE_BOOL) {
        size_t length = word.length;
        text_add(&word, "true");
        offer(complete, word.data, "");
        word.length = length;
        text_add(&word, "false");
        offer(complete, word.data, "");
    } else if (value->type != TREE_MAP && strpbrk(text.data, " \n\t") == NULL) {
        text_add(&word, text.data);
        offer(complete, word.data, "as it is");
    }
    text_clear(&word);
    text_clear(&text);
}

/* Values below `path`: scalars, lists of them, and, at the top, whatever stands there. */
static void offer_paths(const struct complete *complete, const struct catalog *catalog, const char *path,
                        const struct tree *tree) {
    for (size_t i = 0; i < tree->count; i++) {
        const struct tree *value = tree->items[i];
        char below[1024];
        int n = tree->type == TREE_MAP
                    ? snprintf(below, sizeof below, "%s%s%s", path, path[0] != '\0' ? "." : "", tree->keys[i])
                    : snprintf(below, sizeof below, "%s.%zu", path, i);
        if (n < 0 || (size_t)n >= sizeof below || (tree->type == TREE_MAP && strpbrk(tree->keys[i], ".\" ") != NULL))
            continue;
        bool inner = value->count > 0 && (value->type == TREE_MAP || value->items[0]->type == TREE_MAP);
        if (!inner || path[0] == '\0')
            offer_path(complete, catalog, below, value);
        if (inner && strcmp(below, "grid") != 0 && strcmp(below, "cases") != 0)
            offer_paths(complete, catalog, below, value);
    }
}

/* Of the config as it is resolved, with all defaults; of the file alone where that has mistakes. */
static void offer_overrides(const struct complete *complete, const struct options *options) {
    struct job job;
    struct error error = {0};
    struct arena arena;
    arena_init(&arena);
    enum status status = job_open(&job, options, &error);
    if (status == STATUS_OK && job_load(&job, options, &error) == STATUS_OK) {
        offer_paths(complete, &job.session.catalog, "", job.experiment.config);
    } else {
        unsigned char *bytes = NULL;
        size_t n = 0;
        struct diagnostics diagnostics;
        diagnostics_init(&diagnostics);
        const struct tree *tree = NULL;
        if (file_read(options->subject, CONFIG_LIMIT, &bytes, &n, &error) == STATUS_OK)
            tree = yaml_read((const char *)bytes, n, options->subject, &arena, &diagnostics);
        if (tree != NULL && tree->type == TREE_MAP)
            offer_paths(complete, status == STATUS_OK ? &job.session.catalog : NULL, "", tree);
        diagnostics_clear(&diagnostics);
        free(bytes);
    }
    job_close(&job);
    arena_clear(&arena);
}

static void offer_names(const struct complete *complete, const struct options *options) {
    struct job job;
    struct error error = {0};
    if (job_open(&job, options, &error) == STATUS_OK)
        offer_components(complete, &job.session.catalog, 0, "");
    job_close(&job);
}

static void offer_published(const struct complete *complete, const struct options *options) {
    struct job job;
    struct error error = {0};
    if (job_open(&job, options, &error) == STATUS_OK)
        for (size_t i = 0; i < job.session.catalog.count; i++) {
            const struct catalog_component *component = &job.session.catalog.components[i];
            if (component->n_downloads > 0)
                offer(complete, component->name, component->doc != NULL ? component->doc : "");
        }
    job_close(&job);
}

static void offer_plain(const struct complete *complete) {
    struct options options = {.results = "results",
                              .subject = complete->n_plain > 0 ? complete->plain[0] : NULL,
                              .plugin_folders = complete->folders,
                              .n_plugin_folders = complete->n_folders,
                              .log = {.quiet = true}};
    size_t at = complete->n_plain;
    const struct usage_command *command = complete->command;
    if ((command->words & USAGE_OVERRIDES) != 0 && at == 0)
        text_add(complete->out, ":yaml\n");
    else if ((command->words & USAGE_OVERRIDES) != 0)
        offer_overrides(complete, &options);
    if ((command->words & USAGE_FOLDERS) != 0 && at > 0)
        text_add(complete->out, ":folders\n");
    switch (command->command) {
    case COMMAND_VERIFY:
    case COMMAND_DIFF:
        text_add(complete->out, at < (command->command == COMMAND_DIFF ? 2 : 1) ? ":folders\n" : "");
        break;
    case COMMAND_PLUGINS:
        if (at > 0)
            break;
        offer_kinds(complete);
        offer_names(complete, &options);
        break;
    case COMMAND_FETCH:
        if (at == 0)
            offer_published(complete, &options);
        break;
    case COMMAND_PLUGIN:
        if (at == 0)
            offer_list(complete, (const char *const[]){"new", "test", NULL});
        else if (at == 1 && strcmp(complete->plain[0], "new") == 0)
            offer_kinds(complete);
        else if (at == 1) {
            text_add(complete->out, ":so\n");
            offer_names(complete, &options);
        }
        break;
    case COMMAND_HELP:
        if (at == 0)
            offer_commands(complete);
        break;
    case COMMAND_COMPLETION:
        if (at == 0)
            offer_list(complete, (const char *const[]){"bash", "zsh", "fish", NULL});
        break;
    default: break;
    }
}

void complete_words(const char *const *words, size_t n_words, struct text *out) {
    struct complete complete = {
        .words = words, .n = n_words > 0 ? n_words - 1 : 0, .typed = n_words > 0 ? words[n_words - 1] : "", .out = out};
    complete.plain = memory_alloc(n_words + 1, sizeof *complete.plain);
    complete.folders = memory_alloc(n_words + 1, sizeof *complete.folders);
    read_words(&complete);
    if (complete.waiting != NULL)
        offer_value(&complete);
    else if (complete.typed[0] == '-')
        offer_options(&complete);
    else if (complete.command != NULL)
        offer_plain(&complete);
    else {
        offer_commands(&complete);
        text_add(out, ":yaml\n");
    }
    free(complete.folders);
    free(complete.plain);
}
