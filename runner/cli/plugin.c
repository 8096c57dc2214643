/* runner plugin: tests plugins; what writes new ones is in plugin_new.c. */
#include "runner/base/yaml.h"
#include "runner/cli/commands.h"
#include "runner/cli/job.h"
#include "runner/cli/plugin_new.h"
#include "runner/cli/words.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- test -------------------------------------------------------------------------------------------------------------- */

struct tally {
    size_t counts[3]; /* by outcome */
};

static void show_check(void *context, const struct session_check *check) {
    static const char *const words[] = {"ok", "FAIL", "skipped"};
    struct tally *tally = context;
    uint64_t outcome = check->outcome < 3 ? check->outcome : 1;
    tally->counts[outcome]++;
    struct text line;
    text_init(&line);
    text_printf(&line, "%-7s %s %s%s%s\n", words[outcome], check->component, check->check,
                check->reason[0] != '\0' ? ": " : "", check->reason);
    words_print(&line, stdout);
    text_clear(&line);
    fflush(stdout);
}

/* param=value; the value is YAML. */
static enum status read_setting(const char *argument, struct tree *parameters, struct arena *arena,
                                struct error *error) {
    const char *equals = strchr(argument, '=');
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    const char *key = arena_copy_bytes(arena, argument, (size_t)(equals - argument));
    struct tree *value = equals[1] == '\0'
                             ? tree_text(arena, (struct mark){0}, "")
                             : yaml_read(equals + 1, strlen(equals + 1), "command line", arena, &diagnostics);
    enum status status = STATUS_OK;
    if (value == NULL)
        status = error_set(error, STATUS_CONFIG, "%s: %s", argument,
                           diagnostics.count > 0 ? diagnostics.items[0].message : "not YAML");
    else
        tree_set(arena, parameters, key, (struct mark){0}, value);
    diagnostics_clear(&diagnostics);
    return status;
}

/* A file has a slash or a suffix in its name, or is there; but KIND/NAME is a component. */
static bool is_file(const char *subject) {
    const char *slash = strchr(subject, '/');
    char kind[32];
    if (slash == NULL)
        return strchr(subject, '.') != NULL || access(subject, F_OK) == 0;
    snprintf(kind, sizeof kind, "%.*s", (int)(slash - subject), subject);
    return runner_kind_from_name(kind) == 0 || strchr(slash + 1, '/') != NULL || strchr(slash, '.') != NULL;
}

static enum status test(const struct options *options, struct error *error) {
    const char *subject = options->arguments[0], *component = NULL;
    struct arena arena;
    arena_init(&arena);
    struct tree *parameters = tree_map(&arena, (struct mark){0});
    enum status status = STATUS_OK;
    for (size_t i = 1; i < options->n_arguments && status == STATUS_OK; i++) {
        const char *argument = options->arguments[i];
        if (strchr(argument, '=') != NULL)
            status = read_setting(argument, parameters, &arena, error);
        else if (i == 1 && is_file(subject))
            component = argument;
        else
            status = error_set(error, STATUS_CONFIG, "%s: wanted param=value", argument);
    }
    bool file = is_file(subject);
    struct tally tally = {{0}};
    if (status == STATUS_OK) {
        struct job job;
        status = job_open(&job, options, error);
        if (status == STATUS_OK)
            status = session_test(&job.session, file ? subject : NULL, file ? component : subject, parameters,
                                  show_check, &tally, error);
        job_close(&job);
    }
    if (tally.counts[0] + tally.counts[1] + tally.counts[2] > 0)
        printf("%zu ok, %zu failed, %zu skipped\n", tally.counts[0], tally.counts[1], tally.counts[2]);
    arena_clear(&arena);
    if (status == STATUS_OK && tally.counts[1] > 0)
        status = error_set(error, STATUS_TRIAL, "%s", "");
    return status;
}

enum status command_plugin(const struct options *options, struct error *error) {
    if (options->subject != NULL && strcmp(options->subject, "test") == 0) {
        if (options->n_arguments == 0)
            return error_set(error, STATUS_CONFIG, "plugin test: wanted FILE or NAME of a plugin");
        return test(options, error);
    }
    if (options->subject != NULL && strcmp(options->subject, "new") == 0)
        return plugin_new(options, error);
    return error_set(error, STATUS_CONFIG, "plugin%s%s: wanted `plugin test FILE|NAME` or `plugin new KIND NAME`",
                     options->subject != NULL ? " " : "", options->subject != NULL ? options->subject : "");
}
