#include "runner/cli/options.h"

#include "runner/base/text.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char options_help[] =
    "usage: runner CONFIG [path=value...]       train the grid of an experiment, or show it where it is finished\n"
    "       runner run CONFIG [path=value...]   the same\n"
    "       runner check CONFIG [path=value...] check the config; list trials, layers, memory and work; train nothing\n"
    "       runner plugins [NAME]               list the plugins; one with its parameters\n"
    "       runner table FOLDER|CONFIG          show the table of results, also while they are being made\n"
    "       runner help                         show this text\n"
    "\n"
    "path=value sets a value of the config (train.epochs=2); of an axis of the grid it fixes the axis, and a list\n"
    "([1, 10]) replaces its values. Results of such a run go to a folder of their own.\n"
    "\n"
    "  --results DIR      where results are kept, each experiment in a folder of its name (default: results)\n"
    "  --workers N        trials that are trained at the same time (default: one a processor)\n"
    "  --threads N        threads of each trial (default: what is left per worker); results do not depend on it\n"
    "  --fresh            train all trials again\n"
    "  --retry            train those trials again that failed\n"
    "  --json             write what happens to the standard output, a JSON object a line, in place of the table\n"
    "  --plugin-dir DIR   look for plugins here first; may be given several times; then $RUNNER_PLUGIN_PATH is "
    "searched\n"
    "  -q, --quiet        show nothing but errors\n"
    "  -h, --help         show this text\n"
    "      --version      show the version\n"
    "\n"
    "exit status: 0 all trials done, 1 some failed, 2 wrong use or config, 4 disk, lock or installation, 130 "
    "interrupted\n";

enum key { KEY_RESULTS = 256, KEY_WORKERS, KEY_THREADS, KEY_FRESH, KEY_RETRY, KEY_JSON, KEY_PLUGIN_DIR, KEY_VERSION };

static const struct argp_option OPTIONS[] = {{"results", KEY_RESULTS, "DIR", 0, NULL, 0},
                                             {"workers", KEY_WORKERS, "N", 0, NULL, 0},
                                             {"threads", KEY_THREADS, "N", 0, NULL, 0},
                                             {"fresh", KEY_FRESH, NULL, 0, NULL, 0},
                                             {"retry", KEY_RETRY, NULL, 0, NULL, 0},
                                             {"json", KEY_JSON, NULL, 0, NULL, 0},
                                             {"plugin-dir", KEY_PLUGIN_DIR, "DIR", 0, NULL, 0},
                                             {"quiet", 'q', NULL, 0, NULL, 0},
                                             {"help", 'h', NULL, 0, NULL, 0},
                                             {"version", KEY_VERSION, NULL, 0, NULL, 0},
                                             {0}};

static const struct {
    const char *name;
    enum command command;
} COMMANDS[] = {{"run", COMMAND_RUN},
                {"check", COMMAND_CHECK},
                {"plugins", COMMAND_PLUGINS},
                {"table", COMMAND_TABLE},
                {"help", COMMAND_HELP}};
#define N_COMMANDS (sizeof COMMANDS / sizeof COMMANDS[0])

struct parse {
    struct options *options;
    const char **words; /* arguments that are no options */
    size_t n_words;
    bool asked;  /* --help or --version */
    int stopped; /* behind the argument that is wrong */
    struct error *error;
    enum status status;
};

static void read_count(struct parse *parse, const char *name, const char *text, size_t *count) {
    int64_t number;
    if (!number_read_int(text, &number) || number < 1 || number > 1024)
        parse->status = error_set(parse->error, STATUS_CONFIG, "--%s %s: wanted a number from 1 to 1024", name, text);
    else
        *count = (size_t)number;
}

static error_t read_option(int key, char *argument, struct argp_state *state) {
    struct parse *parse = state->input;
    struct options *options = parse->options;
    switch (key) {
    case KEY_RESULTS: options->results = argument; break;
    case KEY_WORKERS: read_count(parse, "workers", argument, &options->workers); break;
    case KEY_THREADS: read_count(parse, "threads", argument, &options->threads); break;
    case KEY_FRESH: options->fresh = true; break;
    case KEY_RETRY: options->retry = true; break;
    case KEY_JSON: options->json = true; break;
    case KEY_PLUGIN_DIR: options->plugin_folders[options->n_plugin_folders++] = argument; break;
    case 'q': options->log.quiet = true; break;
    case 'h':
        options->command = COMMAND_HELP;
        parse->asked = true;
        break;
    case KEY_VERSION:
        options->command = COMMAND_VERSION;
        parse->asked = true;
        break;
    case ARGP_KEY_ARG: parse->words[parse->n_words++] = argument; break;
    case ARGP_KEY_ERROR: parse->stopped = state->next; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
    return parse->status == STATUS_OK ? 0 : EINVAL;
}

static enum status wrong_command(const char *word, struct error *error) {
    const char *names[N_COMMANDS];
    for (size_t i = 0; i < N_COMMANDS; i++)
        names[i] = COMMANDS[i].name;
    const char *nearest = text_nearest(word, names, N_COMMANDS);
    if (nearest != NULL)
        return error_set(error, STATUS_CONFIG, "unknown command '%s'; did you mean '%s'?", word, nearest);
    return error_set(error, STATUS_CONFIG,
                     "unknown command '%s', and no config of that name; `runner help` lists the commands", word);
}

static enum status wrong_option(const char *word, struct error *error) {
    const char *names[sizeof OPTIONS / sizeof OPTIONS[0]];
    size_t n = 0;
    for (size_t i = 0; OPTIONS[i].name != NULL; i++)
        names[n++] = OPTIONS[i].name;
    size_t length = strcspn(word, "=");
    const char *name = strncmp(word, "--", 2) == 0 ? word + 2 : "";
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return error_set(error, STATUS_CONFIG, "option --%s needs a value", name);
        else if (length > 2 && strlen(names[i]) == length - 2 && strncmp(names[i], name, length - 2) == 0)
            return error_set(error, STATUS_CONFIG, "option --%s takes no value", names[i]);
    const char *nearest = text_nearest(name, names, n);
    if (nearest != NULL)
        return error_set(error, STATUS_CONFIG, "unknown option '%s'; did you mean '--%s'?", word, nearest);
    return error_set(error, STATUS_CONFIG, "unknown option '%s'; `runner help` lists the options", word);
}

static enum status read_words(struct parse *parse) {
    struct options *options = parse->options;
    size_t next = 0;
    if (parse->n_words == 0)
        return error_set(parse->error, STATUS_CONFIG,
                         "no config was named; `runner CONFIG` trains one, `runner help` tells more");
    size_t c = 0;
    while (c < N_COMMANDS && strcmp(parse->words[0], COMMANDS[c].name) != 0)
        c++;
    options->command = c < N_COMMANDS ? COMMANDS[c].command : COMMAND_RUN;
    if (c < N_COMMANDS)
        next++;
    else if (strpbrk(parse->words[0], "./") == NULL && access(parse->words[0], F_OK) < 0)
        return wrong_command(parse->words[0], parse->error);
    if (next < parse->n_words)
        options->subject = parse->words[next++];
    if (options->subject == NULL && options->command != COMMAND_PLUGINS && options->command != COMMAND_HELP)
        return error_set(parse->error, STATUS_CONFIG, "%s: %s", parse->words[0],
                         options->command == COMMAND_TABLE ? "wanted a results folder or a config" : "wanted a config");
    bool overrides = options->command != COMMAND_PLUGINS && options->command != COMMAND_HELP;
    for (; next < parse->n_words; next++) {
        if (!overrides || strchr(parse->words[next], '=') == NULL)
            return error_set(parse->error, STATUS_CONFIG, "%s: %s", parse->words[next],
                             overrides ? "wanted path=value" : "one argument too many");
        options->overrides[options->n_overrides++] = parse->words[next];
    }
    return STATUS_OK;
}

enum status options_read(struct options *options, int argc, char **argv, struct error *error) {
    *options = (struct options){.results = "results", .argc = argc, .argv = argv};
    arena_init(&options->arena);
    /* A copy, since options and other arguments are put in another order while they are read. */
    char **words = arena_array(&options->arena, (size_t)argc + 1, sizeof *words);
    memcpy(words, argv, (size_t)argc * sizeof *words);
    options->overrides = arena_array(&options->arena, (size_t)argc + 1, sizeof *options->overrides);
    options->plugin_folders = arena_array(&options->arena, (size_t)argc + 1, sizeof *options->plugin_folders);
    struct parse parse = {.options = options, .error = error, .status = STATUS_OK};
    parse.words = arena_array(&options->arena, (size_t)argc + 1, sizeof *parse.words);
    static const struct argp parser = {.options = OPTIONS, .parser = read_option};
    error_t wrong = argp_parse(&parser, argc, words, ARGP_NO_HELP | ARGP_NO_EXIT | ARGP_NO_ERRS, NULL, &parse);
    if (parse.status != STATUS_OK)
        return parse.status;
    if (wrong != 0)
        return wrong_option(parse.stopped > 0 && parse.stopped <= argc ? words[parse.stopped - 1] : "", error);
    return parse.asked ? STATUS_OK : read_words(&parse);
}

void options_clear(struct options *options) {
    arena_clear(&options->arena);
}
