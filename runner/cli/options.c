#include "runner/cli/options.h"

#include "runner/base/file.h"
#include "runner/base/text.h"
#include "runner/cli/usage.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_OPTIONS = 64 }; /* as many as parse.given has bits */

struct parse {
    struct options *options;
    const char **words; /* arguments that are no options */
    size_t n_words;
    unsigned long long given; /* bits 1 << place in usage_options */
    bool asked;               /* --help or --version */
    int stopped;              /* behind the argument that is wrong */
    struct error *error;
    enum status status;
};

static void read_count(struct parse *parse, const char *name, const char *text, int64_t most, size_t *count) {
    int64_t number;
    if (!number_read_int(text, &number) || number < 1 || number > most)
        parse->status = error_set(parse->error, STATUS_CONFIG, "--%s %s: wanted a number from 1 to %lld", name, text,
                                  (long long)most);
    else
        *count = (size_t)number;
}

static error_t read_option(int key, char *argument, struct argp_state *state) {
    struct parse *parse = state->input;
    struct options *options = parse->options;
    for (size_t i = 0; i < usage_n_options; i++)
        parse->given |= usage_options[i].key == key ? 1ull << i : 0;
    switch (key) {
    case KEY_RESULTS:
        options->results = argument;
        if (*argument == '\0')
            parse->status =
                error_set(parse->error, STATUS_CONFIG, "--results: wanted the path of a folder, found nothing");
        break;
    case KEY_WORKERS: read_count(parse, "workers", argument, 1024, &options->workers); break;
    case KEY_THREADS: read_count(parse, "threads", argument, 1024, &options->threads); break;
    case KEY_FRESH: options->fresh = true; break;
    case KEY_RETRY:
        options->retries = 1;
        if (argument != NULL)
            read_count(parse, "retry", argument, 1024, &options->retries);
        break;
    case KEY_FAIL_FAST: options->fail_fast = true; break;
    case KEY_SAMPLE: read_count(parse, "sample", argument, 1000000000, &options->sample); break;
    case KEY_WEIGHTS: options->weights = argument; break;
    case KEY_OUTPUT: options->output = argument; break;
    case KEY_INTO:
        options->into = argument;
        if (*argument == '\0')
            parse->status =
                error_set(parse->error, STATUS_CONFIG, "--into: wanted the path of a folder, found nothing");
        break;
    case KEY_TIMEOUT: read_count(parse, "timeout", argument, 86400, &options->timeout); break;
    case KEY_TRIAL: options->trial = argument; break;
    case KEY_BY: options->by = argument; break;
    case KEY_METRIC: options->metric = argument; break;
    case KEY_SHOW: options->show = argument; break;
    case KEY_WHERE: options->where = argument; break;
    case KEY_FORMAT: options->format = argument; break;
    case KEY_CHECK_CLAIMS: options->check_claims = true; break;
    case KEY_LONG: options->long_form = true; break;
    case KEY_WAIT: options->wait = true; break;
    case KEY_JSON: options->json = true; break;
    case KEY_PLUGIN_DIR: options->plugin_folders[options->n_plugin_folders++] = argument; break;
    case KEY_CXX: options->cxx = true; break;
    case KEY_MAN: options->man = true; break;
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

static enum status wrong_command(const char *word, struct arena *arena, struct error *error) {
    const char *names[COMMAND_COUNT];
    for (size_t i = 0; i < usage_n_commands; i++)
        names[i] = usage_commands[i].name;
    const char *config = arena_printf(arena, "%s.yaml", word);
    if (access(config, F_OK) == 0)
        return error_set(error, STATUS_CONFIG, "unknown command '%s'; did you mean '%s'?", word, config);
    const char *nearest = text_nearest(word, names, usage_n_commands);
    if (nearest != NULL)
        return error_set(error, STATUS_CONFIG, "unknown command '%s'; did you mean '%s'?", word, nearest);
    return error_set(error, STATUS_CONFIG,
                     "unknown command '%s', and no config of that name; `runner help` lists the commands", word);
}

static bool has_key(char key) {
    for (size_t i = 0; i < usage_n_options; i++)
        if (usage_options[i].key == key)
            return true;
    return false;
}

/* argp stops behind the word that is wrong, but within letters that share one: `-j4`. */
static const char *wrong_word(char **words, int n, int stopped) {
    const char *at = stopped >= 0 && stopped < n ? words[stopped] : "";
    if (at[0] == '-' && at[1] != '-')
        for (const char *letter = at + 1; *letter != '\0'; letter++)
            if (!has_key(*letter))
                return at;
    return stopped > 0 && stopped <= n ? words[stopped - 1] : "";
}

static enum status wrong_option(const char *word, struct error *error) {
    const char *names[MAX_OPTIONS];
    size_t n = 0, length = strcspn(word, "=");
    for (; n < usage_n_options && n < MAX_OPTIONS; n++)
        names[n] = usage_options[n].name;
    const char *name = strncmp(word, "--", 2) == 0 ? word + 2 : "";
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return error_set(error, STATUS_CONFIG, "option --%s needs a value", name);
        else if (length > 2 && strlen(names[i]) == length - 2 && strncmp(names[i], name, length - 2) == 0)
            return error_set(error, STATUS_CONFIG, "option --%s takes no value", names[i]);
    const char *nearest = text_nearest(name, names, n);
    if (nearest != NULL)
        return error_set(error, STATUS_CONFIG, "unknown option '%s'; did you mean '--%s'?", word, nearest);
    return error_set(error, STATUS_CONFIG,
                     "unknown option '%s'; `runner help` lists the options, and settings of a config are given as "
                     "path=value, such as train.epochs=3",
                     word);
}

/* An option of another command would do nothing, which is not what was meant. */
static enum status check_options(const struct parse *parse) {
    const struct usage_command *command = usage_of(parse->options->command);
    for (size_t i = 0; i < usage_n_options; i++) {
        const struct usage_option *option = &usage_options[i];
        if ((parse->given >> i & 1) == 0 || usage_has_option(command, option))
            continue;
        struct text owners;
        text_init(&owners);
        for (size_t c = 0; c < usage_n_commands; c++)
            if (usage_has_option(&usage_commands[c], option))
                text_printf(&owners, "%s%s", owners.length > 0 ? ", " : "", usage_commands[c].name);
        enum status status = error_set(parse->error, STATUS_CONFIG,
                                       "--%s is an option of %s, and does nothing for %s; `runner help %s` lists what "
                                       "that takes",
                                       option->name, owners.data, command->name, command->name);
        text_clear(&owners);
        return status;
    }
    return STATUS_OK;
}

/* `command` is NULL where the first word is none, but the config to run. */
static enum status find_command(struct parse *parse, const struct usage_command **command) {
    if (parse->n_words == 0)
        return error_set(parse->error, STATUS_CONFIG,
                         "no config was named; `runner CONFIG` trains one, `runner help` tells more");
    *command = usage_find(parse->words[0]);
    if (*command == NULL && strpbrk(parse->words[0], "./") == NULL && access(parse->words[0], F_OK) < 0)
        return wrong_command(parse->words[0], &parse->options->arena, parse->error);
    parse->options->command = *command != NULL ? (*command)->command : COMMAND_RUN;
    return check_options(parse);
}

/* What stands behind the subject, from the word `next` on. */
static enum status read_rest(struct parse *parse, const struct usage_command *command, size_t next) {
    struct options *options = parse->options;
    const bool folder =
        next < parse->n_words && (command->words & USAGE_RESULTS) != 0 && folder_exists(options->subject);
    const bool compares = (command->words & USAGE_FOLDERS) != 0;
    /* A folder's name may look like path=value. */
    if ((command->words & USAGE_ARGUMENTS) != 0 ||
        (compares && next < parse->n_words && folder_exists(parse->words[next]))) {
        options->arguments = parse->words + next;
        options->n_arguments = parse->n_words - next;
        return STATUS_OK;
    }
    const bool overrides = (command->words & USAGE_OVERRIDES) != 0 && !folder;
    for (; next < parse->n_words; next++) {
        if (!overrides || strchr(parse->words[next], '=') == NULL)
            return error_set(parse->error, STATUS_CONFIG, "%s: %s", parse->words[next],
                             folder && compares ? "no such results folder to compare with"
                             : folder           ? "overrides go with a config, not with a results folder"
                             : overrides        ? "wanted path=value"
                                                : "one argument too many");
        options->overrides[options->n_overrides++] = parse->words[next];
    }
    return STATUS_OK;
}

static enum status read_words(struct parse *parse) {
    const struct usage_command *command = NULL;
    enum status status = find_command(parse, &command);
    if (status != STATUS_OK)
        return status;
    size_t next = command != NULL ? 1 : 0;
    command = usage_of(parse->options->command);
    if (next < parse->n_words && (command->words & USAGE_SUBJECT) != 0)
        parse->options->subject = parse->words[next++];
    if (parse->options->subject == NULL && command->wanted != NULL)
        return error_set(parse->error, STATUS_CONFIG, "%s: wanted %s", command->name, command->wanted);
    return read_rest(parse, command, next);
}

/* argp takes a value that may be left out as --retry=N alone: makes that of `--retry N`. Returns how many words are left. */
static int join_counts(char **words, int n, struct arena *arena) {
    int count = 0;
    for (int i = 0; i < n; i++) {
        const char *next = i + 1 < n ? words[i + 1] : "";
        bool joined =
            i > 0 && strcmp(words[i], "--retry") == 0 && *next != '\0' && next[strspn(next, "0123456789")] == '\0';
        words[count++] = joined ? arena_printf(arena, "--retry=%s", next) : words[i];
        i += joined ? 1 : 0;
    }
    words[count] = NULL;
    return count;
}

enum status options_read(struct options *options, int argc, char **argv, struct error *error) {
    *options = (struct options){.results = "results", .argc = argc, .argv = argv};
    arena_init(&options->arena);
    if (argc > 2 && strcmp(argv[1], "completion") == 0 && strcmp(argv[2], "words") == 0) { /* of another command line */
        options->command = COMMAND_COMPLETION;
        options->subject = argv[2];
        options->arguments = (const char **)argv + 3;
        options->n_arguments = (size_t)argc - 3;
        return STATUS_OK;
    }
    /* A copy, since options and other arguments are put in another order while they are read. */
    char **words = arena_array(&options->arena, (size_t)argc + 1, sizeof *words);
    memcpy(words, argv, (size_t)argc * sizeof *words);
    argc = join_counts(words, argc, &options->arena);
    options->overrides = arena_array(&options->arena, (size_t)argc + 1, sizeof *options->overrides);
    options->plugin_folders = arena_array(&options->arena, (size_t)argc + 1, sizeof *options->plugin_folders);
    struct parse parse = {.options = options, .error = error, .status = STATUS_OK};
    parse.words = arena_array(&options->arena, (size_t)argc + 1, sizeof *parse.words);
    struct argp_option table[MAX_OPTIONS + 1] = {0};
    for (size_t i = 0; i < usage_n_options && i < MAX_OPTIONS; i++)
        table[i] = (struct argp_option){
            usage_options[i].name,
            usage_options[i].key,
            usage_options[i].argument,
            usage_options[i].argument != NULL && usage_options[i].argument[0] == '[' ? OPTION_ARG_OPTIONAL : 0,
            NULL,
            0};
    const struct argp parser = {.options = table, .parser = read_option};
    error_t wrong = argp_parse(&parser, argc, words, ARGP_NO_HELP | ARGP_NO_EXIT | ARGP_NO_ERRS, NULL, &parse);
    if (parse.status != STATUS_OK)
        return parse.status;
    if (wrong != 0)
        return wrong_option(wrong_word(words, argc, parse.stopped), error);
    /* `runner check --help` is `runner help check`. */
    if (parse.asked && parse.n_words > 0 && usage_find(parse.words[0]) != NULL)
        options->subject = parse.words[0];
    return parse.asked ? STATUS_OK : read_words(&parse);
}

enum status options_results_folder(const struct options *options, struct arena *arena, const char **folder,
                                   struct error *error) {
    *folder = folder_exists(options->subject) ? path_without_slash(arena, options->subject) : NULL;
    if (*folder == NULL && access(options->subject, F_OK) < 0 && errno == ENOENT)
        return error_set(error, STATUS_CONFIG, "%s: neither a results folder nor a config is there", options->subject);
    return STATUS_OK;
}

void options_clear(struct options *options) {
    arena_clear(&options->arena);
}
