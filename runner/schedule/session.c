#include "runner/schedule/session.h"

#include "runner/base/build.h"
#include "runner/base/file.h"
#include "runner/host/params.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OPEN_PATIENCE 60.0 /* seconds for opening all plugins */

/* The built tree has the worker and the plugins beside the runner; the installed one where build.h says. */
static enum status find_installation(struct session *session, const char **plugins, struct error *error) {
    char executable[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", executable, sizeof executable - 1);
    if (n <= 0)
        return error_set(error, STATUS_ENVIRONMENT, "cannot find my own executable: /proc/self/exe: %s",
                         strerror(errno));
    executable[n] = '\0';
    struct arena *arena = &session->arena;
    const char *folder = path_folder(arena, executable);
    const char *worker = path_join(arena, folder, "runner-worker");
    *plugins = path_join(arena, folder, "plugins");
    if (access(worker, X_OK) < 0) {
        worker = path_join(arena, path_join(arena, folder, RUNNER_LIBEXEC_RELATIVE), "runner-worker");
        *plugins = path_join(arena, folder, RUNNER_PLUGINS_RELATIVE);
        char *real = realpath(*plugins, NULL);
        if (real != NULL)
            *plugins = arena_copy_text(arena, real);
        free(real);
    }
    session->settings.worker = worker;
    return STATUS_OK;
}

static void find_folders(struct session *session, const char *const *given, size_t n_given, const char *own) {
    const char *variable = getenv("RUNNER_PLUGIN_PATH");
    size_t most = n_given + 2;
    for (const char *c = variable; c != NULL && *c != '\0'; c++)
        most += *c == ':';
    const char **folders = arena_array(&session->arena, most, sizeof *folders);
    size_t n = 0;
    for (size_t i = 0; i < n_given; i++)
        folders[n++] = arena_copy_text(&session->arena, given[i]);
    while (variable != NULL && *variable != '\0') {
        size_t length = strcspn(variable, ":");
        if (length > 0)
            folders[n++] = arena_copy_bytes(&session->arena, variable, length);
        variable += length + (variable[length] == ':');
    }
    folders[n++] = own;
    session->settings.folders = folders;
    session->settings.n_folders = n;
    session->settings.n_own = 1;
}

static enum status helper_start(struct session *session, struct error *error) {
    if (session->helper.pid > 0)
        return STATUS_OK;
    child_clear(&session->helper);
    for (size_t i = 0; i < session->n_data; i++)
        session->data[i].attached = false;
    session->spoilt = false;
    return child_start(&session->helper, &session->settings, error);
}

void session_rest(struct session *session) {
    child_clear(&session->helper);
}

bool session_hand_over(struct session *session, struct child *child, bool *attached) {
    if (session->helper.pid <= 0 || session->spoilt) {
        session_rest(session);
        return false;
    }
    *child = session->helper;
    session->helper = (struct child){.pidfd = -1, .socket = -1, .log = -1};
    for (size_t i = 0; i < session->n_data; i++)
        attached[i] = session->data[i].attached;
    child_log_drop(child, child_log_size(child));
    return true;
}

/* The helper has died, for the reason in `error`, to which the last line that it printed is added. Whose fault it is: a worker that
   lacks memory says so and leaves with STATUS_ENVIRONMENT (base/arena.h); any other death is that of a plugin. */
static enum status take_last_words(struct session *session, struct error *error) {
    struct text log;
    text_init(&log);
    child_take_log(&session->helper, 1 << 16, &log);
    while (log.length > 0 && log.data[log.length - 1] == '\n')
        log.data[--log.length] = '\0';
    const char *line = strrchr(log.data, '\n');
    line = line != NULL ? line + 1 : log.data;
    char lacking[32];
    snprintf(lacking, sizeof lacking, "exit %d", STATUS_ENVIRONMENT);
    bool memory = strcmp(error->text, lacking) == 0 && strstr(line, "out of memory") != NULL;
    enum status status = memory ? STATUS_ENVIRONMENT : STATUS_CONFIG;
    if (*line != '\0') {
        char *reason = memory_copy_text(error->text);
        error_set(error, status, "%s; its last line was: %s", reason, line);
        free(reason);
    }
    error->status = status;
    text_clear(&log);
    return status;
}

/* Opening all plugins has killed the helper: opens them one by one, each in a process of its own, to name those that do. */
static enum status find_crashing(struct session *session, struct error *error) {
    static const char *const patterns[] = {"*.so", "*/*.so"};
    struct text found, payload;
    text_init(&found);
    text_init(&payload);
    enum status worst = STATUS_CONFIG;
    for (size_t f = 0; f < session->settings.n_folders; f++) {
        for (size_t p = 0; p < 2; p++) {
            glob_t files;
            if (glob(path_join(&session->arena, session->settings.folders[f], patterns[p]), 0, NULL, &files) != 0)
                continue;
            for (size_t i = 0; i < files.gl_pathc; i++) {
                struct error failure;
                struct frame frame;
                bool died = false;
                session_rest(session);
                text_reset(&payload);
                message_string(&payload, files.gl_pathv[i]);
                if (helper_start(session, &failure) == STATUS_OK) {
                    session->helper.patience = OPEN_PATIENCE;
                    child_call(&session->helper, MESSAGE_PROBE, &payload, -1, &frame, NULL, &died, &failure);
                }
                if (!died)
                    continue;
                if (take_last_words(session, &failure) == STATUS_ENVIRONMENT)
                    worst = STATUS_ENVIRONMENT;
                text_printf(&found, "%s%s (%s)", found.length > 0 ? ", " : "", files.gl_pathv[i], failure.text);
            }
            globfree(&files);
        }
    }
    enum status status = STATUS_OK;
    if (found.length > 0)
        status = error_set(error, worst, "a plugin ends the process that opens it: %s%s", found.data,
                           worst == STATUS_CONFIG ? "; remove or mend it" : "");
    text_clear(&payload);
    text_clear(&found);
    return status;
}

static enum status read_catalog(struct session *session, struct error *error) {
    struct frame frame;
    struct text empty;
    text_init(&empty);
    bool died = false;
    session->helper.patience = OPEN_PATIENCE;
    enum status status = child_call(&session->helper, MESSAGE_CATALOG, &empty, -1, &frame, NULL, &died, error);
    text_clear(&empty);
    if (died) {
        take_last_words(session, error);
        struct error crash;
        if (find_crashing(session, &crash) != STATUS_OK)
            return error_set(error, crash.status, "%s", crash.text);
        error->status = STATUS_ENVIRONMENT;
        return error_prefix(error, "%s: the worker ended while it opened the plugins", session->settings.worker);
    }
    if (status != STATUS_OK)
        return status;
    struct message_reader reader;
    message_reader_init(&reader, frame.payload, frame.length);
    session->numerics = message_read_u64(&reader);
    session->blas = arena_copy_text(&session->arena, message_read_string(&reader));
    const char *catalog = message_read_string(&reader);
    if (reader.bad)
        return error_set(error, STATUS_ENVIRONMENT, "%s: not of the same build as the runner",
                         session->settings.worker);
    return catalog_read(catalog, strlen(catalog), &session->catalog, error);
}

enum status session_open(struct session *session, const char *const *folders, size_t n_folders,
                         const struct interrupt *interrupt, struct error *error) {
    *session = (struct session){.helper = {.pidfd = -1, .socket = -1, .log = -1}, .settings.interrupt = interrupt};
    arena_init(&session->arena);
    const char *own = NULL;
    enum status status = find_installation(session, &own, error);
    if (status == STATUS_OK) {
        find_folders(session, folders, n_folders, own);
        status = helper_start(session, error);
    }
    if (status == STATUS_OK)
        status = read_catalog(session, error);
    if (status != STATUS_OK)
        session_close(session);
    return status;
}

void session_close(struct session *session) {
    child_clear(&session->helper);
    for (size_t i = 0; i < session->n_data; i++)
        if (session->data[i].fd >= 0)
            close(session->data[i].fd);
    free(session->data);
    catalog_clear(&session->catalog);
    arena_clear(&session->arena);
    *session = (struct session){.helper = {.pidfd = -1, .socket = -1, .log = -1}};
}

static enum status read_data(struct session *session, const struct tree *resolved, const char *canonical,
                             double time_limit, struct error *error) {
    struct text payload;
    text_init(&payload);
    message_string(&payload, canonical);
    struct frame frame = {.fd = -1};
    bool died = false;
    struct session_data data = {.resolved = arena_copy_text(&session->arena, canonical),
                                .name = arena_copy_text(&session->arena, component_name(resolved))};
    if (session->spoilt)
        session_rest(session);
    enum status status = helper_start(session, error);
    session->helper.patience = time_limit;
    if (status == STATUS_OK)
        status = child_call(&session->helper, MESSAGE_DATA, &payload, -1, &frame, NULL, &died, error);
    if (died && session->helper.late) {
        status =
            error_set(error, STATUS_CONFIG,
                      "the data set %s was not read within %g seconds (data_time_limit), and its process was ended; "
                      "give it more time with data_time_limit, or mend the plugin or the disk",
                      data.name, time_limit);
    } else if (died) {
        take_last_words(session, error);
        status = error_prefix(error, "the data set %s ended the process that read it", data.name);
    } else if (status == STATUS_OK && (frame.fd < 0 || !data_facts_read(&frame, &session->arena, &data.facts))) {
        status = error_set(error, STATUS_ENVIRONMENT, "a worker sent a broken message");
    }
    if (status == STATUS_OK) {
        data.fd = frame.fd;
        if (session->n_data == session->data_capacity) {
            session->data_capacity = session->data_capacity == 0 ? 4 : 2 * session->data_capacity;
            session->data = memory_resize(session->data, session->data_capacity, sizeof *session->data);
        }
        session->data[session->n_data++] = data;
    }
    text_clear(&payload);
    return status;
}

enum status session_read_data(struct session *session, const struct tree *resolved, double time_limit, size_t *index,
                              struct error *error) {
    struct text canonical;
    text_init(&canonical);
    tree_write(resolved, &canonical);
    enum status status = STATUS_OK;
    size_t i = 0;
    while (i < session->n_data && strcmp(session->data[i].resolved, canonical.data) != 0)
        i++;
    if (i == session->n_data)
        status = read_data(session, resolved, canonical.data, time_limit, error);
    *index = i;
    text_clear(&canonical);
    return status;
}

enum status session_rows(void *context, const struct tree *resolved, double time_limit, int64_t *rows,
                         struct error *error) {
    struct session *session = context;
    size_t index;
    enum status status = session_read_data(session, resolved, time_limit, &index, error);
    if (status == STATUS_OK)
        *rows = (int64_t)session->data[index].facts.rows[DATA_TRAIN];
    return status;
}

static enum status attach(struct session *session, size_t index, struct error *error) {
    if (session->data[index].attached)
        return STATUS_OK;
    struct text payload;
    text_init(&payload);
    message_u64(&payload, index);
    struct frame frame;
    bool died;
    enum status status =
        child_call(&session->helper, MESSAGE_ATTACH, &payload, session->data[index].fd, &frame, NULL, &died, error);
    session->data[index].attached = status == STATUS_OK;
    text_clear(&payload);
    return status;
}

enum status session_plan(struct session *session, const struct tree *trial, size_t data, bool foreign,
                         struct arena *arena, struct plan_facts *facts, struct text *where, struct error *error) {
    struct text payload, text;
    text_init(&payload);
    text_init(&text);
    *facts = (struct plan_facts){.known = false};
    message_u64(&payload, data);
    tree_write(trial, &text);
    message_string(&payload, text.data);
    struct frame frame;
    bool died = false;
    enum status status = helper_start(session, error);
    if (status == STATUS_OK)
        status = attach(session, data, error);
    session->spoilt = session->spoilt || foreign;
    session->helper.patience = session->patience;
    if (status == STATUS_OK)
        status = child_call(&session->helper, MESSAGE_PLAN, &payload, -1, &frame, where, &died, error);
    if (died) /* a plugin that does so will cost its trials */
        status = take_last_words(session, error) == STATUS_ENVIRONMENT
                     ? error_prefix(error, "the worker ended while it planned a trial")
                     : STATUS_OK;
    else if (status == STATUS_OK && !plan_facts_read(&frame, arena, facts))
        status = error_set(error, STATUS_ENVIRONMENT, "a worker sent a broken message");
    text_clear(&text);
    text_clear(&payload);
    return status;
}

enum status session_test(struct session *session, const char *file, const char *component,
                         const struct tree *parameters, session_on_check *on_check, void *context,
                         struct error *error) {
    struct text payload, tree;
    text_init(&payload);
    text_init(&tree);
    if (parameters != NULL)
        tree_write(parameters, &tree);
    message_string(&payload, file);
    message_string(&payload, component);
    message_string(&payload, tree.data);
    struct frame frame;
    bool died = false;
    session_rest(session);
    enum status status = helper_start(session, error);
    if (status == STATUS_OK)
        status = child_call(&session->helper, MESSAGE_TEST, &payload, -1, &frame, NULL, &died, error);
    while (status == STATUS_OK && frame.type == MESSAGE_CHECK) {
        struct message_reader reader;
        message_reader_init(&reader, frame.payload, frame.length);
        struct session_check check = {.outcome = message_read_u64(&reader)};
        check.component = message_read_string(&reader);
        check.check = message_read_string(&reader);
        check.reason = message_read_string(&reader);
        on_check(context, &check);
        status = child_next(&session->helper, &frame, &died, error);
    }
    if (died) {
        take_last_words(session, error);
        error->status = STATUS_TRIAL;
        status = error_prefix(error, "the plugin ended the process that tests it");
    }
    text_clear(&tree);
    text_clear(&payload);
    return status;
}
