#include "runner/results/manifest.h"

#include "runner/base/build.h"
#include "runner/base/cpu.h"
#include "runner/base/file.h"

#include <gnu/libc-version.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static json_t *json_time(time_t seconds) {
    struct tm parts;
    char text[64];
    gmtime_r(&seconds, &parts);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return json_string(text);
}

/* Text that may hold bytes which are no UTF-8 (a path): "?" for what JSON cannot hold. */
static json_t *json_text(const char *text) {
    json_t *json = json_string(text);
    if (json != NULL)
        return json;
    char *copy = memory_copy_text(text);
    for (char *c = copy; *c != '\0'; c++)
        if ((unsigned char)*c >= 128)
            *c = '?';
    json = json_string(copy);
    free(copy);
    return json;
}

static json_t *cpu_model(void) {
    char line[512];
    json_t *model = NULL;
    FILE *file = fopen("/proc/cpuinfo", "re");
    while (file != NULL && model == NULL && fgets(line, sizeof line, file) != NULL) {
        char *value = strchr(line, ':');
        if (strncmp(line, "model name", 10) == 0 && value != NULL) {
            value[strcspn(value, "\n")] = '\0';
            model = json_text(value + 1 + strspn(value + 1, " \t"));
        }
    }
    if (file != NULL)
        fclose(file);
    return model != NULL ? model : json_null();
}

static json_t *json_machine(void) {
    json_t *json = json_object();
    struct utsname names;
    if (uname(&names) == 0) {
        json_object_set_new(json, "host", json_text(names.nodename));
        json_object_set_new(json, "system", json_text(names.sysname));
        json_object_set_new(json, "release", json_text(names.release));
        json_object_set_new(json, "architecture", json_text(names.machine));
    }
    json_object_set_new(json, "cpu", cpu_model());
#ifdef __x86_64__
    json_object_set_new(json, "cpu_level", json_sprintf("x86-64-v%d", cpu_level()));
#endif
    json_object_set_new(json, "cpus", json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
    json_object_set_new(json, "libc", json_sprintf("glibc %s", gnu_get_libc_version()));
    return json;
}

static json_t *json_plugins(const struct manifest *manifest) {
    json_t *list = json_array();
    for (size_t i = 0; i < manifest->n_components; i++) {
        const struct catalog_component *component = manifest->components[i];
        json_t *json = json_object();
        json_object_set_new(json, "kind", json_string(runner_kind_name(component->kind)));
        json_object_set_new(json, "name", json_string(component->name));
        json_object_set_new(json, "file", json_text(component->file));
        json_object_set_new(json, "version", json_text(component->version));
        json_object_set_new(json, "xxh3_128", json_string(component->hash));
        json_object_set_new(json, "foreign", json_boolean(component->foreign));
        json_array_append_new(list, json);
    }
    return list;
}

/* One that could not be read has no hash: what the next run may read of it was not of these results. */
static json_t *json_data_set(const struct manifest_data *data) {
    json_t *json = json_object(), *resolved = json_loads(data->resolved, 0, NULL);
    json_object_set_new(json, "name", json_text(data->name));
    json_object_set_new(json, "resolved", resolved != NULL ? resolved : json_text(data->resolved));
    if (data->reason != NULL) {
        json_object_set_new(json, "reason", json_text(data->reason));
        return json;
    }
    json_t *files = json_loads(data->files, 0, NULL);
    json_object_set_new(json, "xxh3_128", json_string(data->hash));
    json_object_set_new(json, "bytes", json_integer((json_int_t)data->bytes));
    json_object_set_new(json, "files", files != NULL ? files : json_array());
    return json;
}

static json_t *json_data(const struct manifest *manifest) {
    json_t *list = json_array();
    for (size_t i = 0; i < manifest->n_data; i++)
        json_array_append_new(list, json_data_set(&manifest->data[i]));
    return list;
}

static json_t *json_trials(const struct manifest *manifest, const struct results *results) {
    struct results_counts counts = results_count(results);
    return json_pack("{sIsIsIsIsIsIsI}", "all", (json_int_t)results->n_trials, "done", (json_int_t)counts.done,
                     "diverged", (json_int_t)counts.diverged, "failed", (json_int_t)counts.failed, "timeout",
                     (json_int_t)counts.timeout, "missing", (json_int_t)counts.missing, "trained_by_this_run",
                     (json_int_t)manifest->trained);
}

enum status manifest_write(const struct manifest *manifest, const struct results *results, const char *path,
                           struct error *error) {
    json_t *json = json_object(), *command = json_array();
    for (int i = 0; i < manifest->argc; i++)
        json_array_append_new(command, json_text(manifest->argv[i]));
    json_object_set_new(json, "experiment", json_text(results->name));
    json_object_set_new(json, "config", json_text(manifest->config));
    json_object_set_new(json, "command", command);
    json_object_set_new(json, "started", json_time(manifest->started));
    json_object_set_new(json, "ended", json_time(manifest->ended));
    json_t *runner = json_pack("{ssssssssss}", "version", RUNNER_VERSION, "compiler", RUNNER_COMPILER, "build",
                               RUNNER_BUILD_TYPE, "flags", RUNNER_BUILD_FLAGS, "sanitizer", RUNNER_SANITIZER);
    json_object_set_new(json, "runner", runner);
    char abi[32];
    snprintf(abi, sizeof abi, "%d.%d", RUNNER_ABI_MAJOR, RUNNER_ABI_MINOR);
    json_object_set_new(runner, "abi", json_string(abi));
    json_object_set_new(runner, "numerics", json_integer((json_int_t)manifest->numerics));
    json_object_set_new(json, "machine", json_machine());
    json_object_set_new(json, "blas", json_text(manifest->blas));
    json_object_set_new(json, "workers", json_integer((json_int_t)manifest->workers));
    json_object_set_new(json, "threads", json_integer((json_int_t)manifest->threads));
    json_object_set_new(json, "trials", json_trials(manifest, results));
    json_object_set_new(json, "datasets", json_data(manifest));
    json_object_set_new(json, "plugins", json_plugins(manifest));
    char *text = json_dumps(json, JSON_INDENT(2));
    json_decref(json);
    if (text == NULL)
        return error_set(error, STATUS_ENVIRONMENT, "%s: cannot be written as JSON", path);
    struct text out;
    text_init(&out);
    text_add(&out, text);
    text_add_char(&out, '\n');
    enum status status = file_write_whole(path, out.data, out.length, error);
    text_clear(&out);
    free(text);
    return status;
}
