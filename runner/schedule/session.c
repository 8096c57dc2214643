#include "runner/schedule/session.h"

#include "runner/base/build.h"
#include "runner/base/file.h"
#include "runner/host/params.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LEAST_PATIENCE 1.0 /* seconds for a plan, where others took too long */
#define OPEN_PATIENCE 10.0 /* seconds for all plugins from elsewhere together that do not let go of who opens them */
#define OWN_PATIENCE 120.0 /* seconds for each of the installation's: a disk or a machine that is busy takes its time */

enum { POINTS_MOST = 4096, PACKED_MOST = 1 << 17 }; /* points planned together, and bytes of their sections */

/* The built tree has the worker and the plugins beside the runner; the installed one where build.h says. */
static enum status find_installation(struct session *session, struct error *error) {
    struct arena *arena = &session->arena;
    const char *executable;
    enum status status = path_of_executable(arena, &executable, error);
    if (status != STATUS_OK)
        return status;
    const char *folder = path_folder(arena, executable);
    const char *worker = path_join(arena, folder, "runner-worker");
    const char *plugins = path_join(arena, folder, "plugins");
    if (access(worker, X_OK) < 0) {
        worker = path_join(arena, path_join(arena, folder, RUNNER_LIBEXEC_RELATIVE), "runner-worker");
        plugins = path_join(arena, folder, RUNNER_PLUGINS_RELATIVE);
        const char *real = path_real(arena, plugins);
        if (real != NULL)
            plugins = real;
    }
    session->settings.worker = worker;
    session->settings.own = plugins;
    return STATUS_OK;
}

static void find_folders(struct session *session, const char *const *given, size_t n_given) {
    const char *variable = getenv("RUNNER_PLUGIN_PATH");
    size_t most = n_given + 2;
    for (const char *c = variable; c != NULL && *c != '\0'; c++)
        most += *c == ':';
    const char **folders = arena_array(&session->arena, most, sizeof *folders);
    size_t n = 0;
    for (size_t i = 0; i < n_given; i++)
        folders[n++] = arena_copy_text(&session->arena, given[i]);
    for (const char *folder; variable != NULL && (folder = path_take(&session->arena, &variable)) != NULL;)
        folders[n++] = folder;
    folders[n++] = session->settings.own;
    session->folders = folders;
    session->n_folders = n;
}

static bool holds(const struct plugin_files *files, const char *file) {
    for (size_t i = 0; i < files->count; i++)
        if (files->items[i] == file)
            return true;
    return false;
}

static bool contains(const struct plugin_files *files, const struct plugin_files *others) {
    for (size_t i = 0; i < others->count; i++)
        if (!holds(files, others->items[i]))
            return false;
    return true;
}

struct plugin_files session_files(const struct session *session, const struct components *used, struct arena *arena) {
    const struct plugin_files *all = &session->foreign;
    const char **files = arena_array(arena, all->count, sizeof *files);
    size_t n = 0;
    for (size_t i = 0; i < all->count; i++) {
        bool needed = false;
        for (size_t u = 0; u < used->count; u++)
            needed = needed || (used->items[u]->foreign && strcmp(used->items[u]->file, all->items[i]) == 0);
        if (needed)
            files[n++] = all->items[i];
    }
    return (struct plugin_files){files, n};
}

static struct plugin_files unite(struct session *session, const struct plugin_files *a, const struct plugin_files *b) {
    const struct plugin_files *all = &session->foreign;
    const char **files = arena_array(&session->arena, all->count, sizeof *files);
    size_t n = 0;
    for (size_t i = 0; i < all->count; i++)
        if (holds(a, all->items[i]) || holds(b, all->items[i]))
            files[n++] = all->items[i];
    return (struct plugin_files){files, n};
}

enum status session_start(struct session *session, const struct plugin_files *files, struct child *child,
                          struct error *error) {
    struct child_settings settings = session->settings;
    settings.files = files->items;
    settings.n_files = files->count;
    enum status status = inventory_check(&session->inventory, error);
    if (status != STATUS_OK)
        return status;
    status = child_start(child, &settings, error);
    child->writes = session->inventory.writes;
    return status;
}

/* A helper that has opened these files; `files` live as long as the session. */
static enum status helper_start(struct session *session, const struct plugin_files *files, struct error *error) {
    child_clear(&session->helper);
    for (size_t i = 0; i < session->n_data; i++)
        session->data[i].attached = false;
    session->spoilt = false;
    session->helper_files = *files;
    return session_start(session, files, &session->helper, error);
}

void session_rest(struct session *session) {
    child_clear(&session->helper);
}

bool session_hand_over(struct session *session, struct child *child, bool *attached) {
    if (session->helper.pid <= 0 || session->spoilt || session->helper_files.count > 0) {
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
   lacks memory leaves with STATUS_ENVIRONMENT (base/arena.h); any other death is that of a plugin. */
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
    bool memory = strcmp(error->text, lacking) == 0 && child_lacked_memory(&session->helper);
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

/* Plugin files that are left out, and what is being opened. */
struct openings {
    const char **refused, **why; /* [n_refused] */
    size_t n_refused, capacity;
    const char **files; /* from outside the installation, in this attempt */
    size_t n_files, files_capacity;
    const char *last; /* of them; NULL: none */
    double patience;  /* seconds, for a file of them */
};

static const char **append(const char **items, size_t count, size_t *capacity, const char *item) {
    if (count == *capacity) {
        *capacity = *capacity == 0 ? 16 : 2 * *capacity;
        items = memory_resize(items, *capacity, sizeof *items);
    }
    items[count] = item;
    return items;
}

/* The helper gets the time that the file may take. */
static void note_opening(struct session *session, struct openings *openings, const struct frame *frame) {
    struct message_reader reader;
    message_reader_init(&reader, frame->payload, frame->length);
    const char *file = message_read_string(&reader);
    bool foreign = message_read_u64(&reader) != 0;
    session->helper.patience = foreign ? openings->patience : OWN_PATIENCE;
    if (reader.bad || !foreign)
        return;
    openings->last = arena_copy_text(&session->arena, file);
    openings->files = append(openings->files, openings->n_files, &openings->files_capacity, openings->last);
    openings->n_files++;
}

static void write_strings(struct text *out, const char *const *strings, size_t n) {
    message_u64(out, n);
    for (size_t i = 0; i < n; i++)
        message_string(out, strings[i]);
}

/* All plugins but those that are refused are opened in a new helper, which tells each file before it opens it. */
static enum status ask_catalog(struct session *session, struct openings *openings, struct frame *frame, bool *died,
                               struct error *error) {
    openings->last = NULL;
    openings->n_files = 0;
    enum status status = helper_start(session, &(struct plugin_files){NULL, 0}, error);
    if (status != STATUS_OK)
        return status;
    struct text payload;
    text_init(&payload);
    write_strings(&payload, session->folders, session->n_folders);
    write_strings(&payload, openings->refused, openings->n_refused);
    session->helper.patience = OWN_PATIENCE;
    status = child_call(&session->helper, MESSAGE_CATALOG, &payload, -1, frame, died, error);
    while (status == STATUS_OK && frame->type == MESSAGE_OPENING) {
        note_opening(session, openings, frame);
        status = child_next(&session->helper, frame, died, error);
    }
    text_clear(&payload);
    return status;
}

/* The helper has died. False where no file from outside the installation can be to blame. What a library leaves behind (a thread) may end
   the process in a later file. */
static bool refuse(struct session *session, struct openings *openings, struct error *error) {
    bool late = session->helper.late;
    if (take_last_words(session, error) == STATUS_ENVIRONMENT || openings->last == NULL)
        return false;
    openings->why = memory_resize(openings->why, openings->n_refused + 1, sizeof *openings->why);
    openings->why[openings->n_refused] =
        late ? arena_printf(&session->arena,
                            "%s: opening it came to no end within %g second%s; it is left out: mend or remove it",
                            openings->last, session->helper.patience, session->helper.patience == 1 ? "" : "s")
             : arena_printf(&session->arena,
                            "%s: ends the process that opens it (%s); it is left out: mend or remove it",
                            openings->last, error->text);
    openings->refused = append(openings->refused, openings->n_refused, &openings->capacity, openings->last);
    openings->n_refused++;
    if (late)
        openings->patience /= 2;
    return true;
}

static enum status take_catalog(struct session *session, const struct openings *openings, const struct frame *frame,
                                struct error *error) {
    struct message_reader reader;
    message_reader_init(&reader, frame->payload, frame->length);
    session->numerics = message_read_u64(&reader);
    session->blas = arena_copy_text(&session->arena, message_read_string(&reader));
    if (reader.bad || frame->type != MESSAGE_REPLY)
        return error_set(error, STATUS_ENVIRONMENT, "%s: not of the same build as the runner",
                         session->settings.worker);
    struct catalog *catalog = &session->catalog;
    struct arena arena;
    arena_init(&arena);
    enum status status = catalog_read(message_read_tree(&reader, &arena), catalog, error);
    arena_clear(&arena);
    if (status != STATUS_OK)
        return status;
    const char **problems = arena_array(&catalog->arena, catalog->n_problems + openings->n_refused, sizeof *problems);
    for (size_t i = 0; i < catalog->n_problems; i++)
        problems[i] = catalog->problems[i];
    for (size_t i = 0; i < openings->n_refused; i++)
        problems[catalog->n_problems++] = openings->why[i];
    catalog->problems = problems;
    const char **files = arena_array(&session->arena, openings->n_files, sizeof *files);
    for (size_t i = 0; i < openings->n_files; i++)
        files[i] = openings->files[i];
    session->foreign = (struct plugin_files){files, openings->n_files};
    inventory_take(&session->inventory, session->settings.worker, catalog, &session->arena);
    return STATUS_OK;
}

static enum status read_catalog(struct session *session, struct error *error) {
    struct openings openings = {.patience = OPEN_PATIENCE / 2};
    struct frame frame;
    bool died = false;
    enum status status;
    do {
        status = ask_catalog(session, &openings, &frame, &died, error);
    } while (died && refuse(session, &openings, error));
    if (died) {
        error->status = status = STATUS_ENVIRONMENT;
        error_prefix(error, "%s: the worker ended while it opened the installation's plugins",
                     session->settings.worker);
    }
    if (status == STATUS_OK)
        status = take_catalog(session, &openings, &frame, error);
    if (openings.n_files > 0)
        session_rest(session); /* it has run code of theirs */
    free(openings.refused);
    free(openings.why);
    free(openings.files);
    return status;
}

enum status session_open(struct session *session, const char *const *folders, size_t n_folders,
                         const struct interrupt *interrupt, struct error *error) {
    *session = (struct session){.helper = {.pidfd = -1, .socket = -1, .log = -1}, .settings.interrupt = interrupt};
    arena_init(&session->arena);
    enum status status = find_installation(session, error);
    if (getenv(PLUGIN_WRITE_PATH) != NULL &&
        scratch_open(&session->scratch, "workers", &session->arena, NULL) == STATUS_OK)
        session->settings.scratch = &session->scratch;
    if (status == STATUS_OK) {
        find_folders(session, folders, n_folders);
        status = read_catalog(session, error);
    }
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
    if (session->settings.scratch != NULL)
        scratch_close(&session->scratch);
    catalog_clear(&session->catalog);
    arena_clear(&session->arena);
    *session = (struct session){.helper = {.pidfd = -1, .socket = -1, .log = -1}};
}

static enum status read_data(struct session *session, const struct tree *resolved, const char *canonical,
                             double time_limit, struct error *error) {
    struct text payload;
    text_init(&payload);
    message_tree(&payload, resolved);
    struct frame frame = {.fd = -1};
    bool died = false;
    struct session_data data = {.resolved = arena_copy_text(&session->arena, canonical),
                                .name = arena_copy_text(&session->arena, component_name(resolved))};
    struct components used = {0};
    components_add_part(&used, &session->catalog, RUNNER_DATASET, resolved);
    struct plugin_files files = session_files(session, &used, &session->arena);
    components_clear(&used);
    const struct plugin_files *opened = &session->helper_files;
    bool fits = session->helper.pid > 0 && !session->spoilt && opened->count == files.count && contains(opened, &files);
    enum status status = fits ? STATUS_OK : helper_start(session, &files, error);
    session->helper.patience = time_limit;
    if (status == STATUS_OK)
        status = child_call(&session->helper, MESSAGE_DATA, &payload, -1, &frame, &died, error);
    const char *reason = "error";
    if (died)
        reason = session->helper.late ? "time limit" : arena_copy_text(&session->arena, error->text);
    if (died && session->helper.late) {
        status =
            error_set(error, STATUS_CONFIG,
                      "the data set %s was not read within %g second%s (data_time_limit), and its process was ended; "
                      "give it more time with data_time_limit, or mend the plugin or the disk",
                      data.name, time_limit, time_limit == 1 ? "" : "s");
    } else if (died) {
        take_last_words(session, error);
        status = error_prefix(error, "the data set %s ended the process that read it", data.name);
    } else if (status == STATUS_OK && (frame.fd < 0 || !data_facts_read(&frame, &session->arena, &data.facts))) {
        status = error_set(error, STATUS_ENVIRONMENT, "a worker sent a broken message");
    }
    if (status == STATUS_OK || status == STATUS_CONFIG) {
        data.fd = status == STATUS_OK ? frame.fd : -1;
        if (status != STATUS_OK) {
            data.facts = (struct data_facts){.files = "[]"};
            data.problem = arena_copy_text(&session->arena, error->text);
            data.reason = arena_printf(&session->arena, "data set: %s", reason);
        }
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
    else if (session->data[i].problem != NULL)
        status = error_set(error, STATUS_CONFIG, "%s", session->data[i].problem);
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
        child_call(&session->helper, MESSAGE_ATTACH, &payload, session->data[index].fd, &frame, &died, error);
    session->data[index].attached = status == STATUS_OK;
    text_clear(&payload);
    return status;
}

/* Plans of trials with other files take turns: a helper that has opened those of all plans so far serves them all. */
static enum status helper_for_plans(struct session *session, const struct plugin_files *files, struct error *error) {
    if (!contains(&session->planned, files))
        session->planned = unite(session, &session->planned, files);
    bool fits = session->helper.pid > 0 && contains(&session->helper_files, files);
    return fits ? STATUS_OK : helper_start(session, &session->planned, error);
}

struct packed {
    const struct tree *tree;
    uint64_t number;
};

static bool same_tree(const void *item, const void *wanted) {
    return ((const struct packed *)item)->tree == wanted;
}

/* The sections of the first points, each once, then the points: `most` of them, and fewer where they are long. How many they are. */
static size_t pack_points(const struct experiment *experiment, const size_t *points, size_t most, struct text *out) {
    struct text trees, numbers;
    text_init(&trees);
    text_init(&numbers);
    struct hash_table known = {0};
    struct arena arena;
    arena_init(&arena);
    size_t n = 0;
    for (; n < most && trees.length < PACKED_MOST; n++)
        for (size_t i = 0; i < N_SECTIONS; i++) {
            const struct tree *tree = experiment_section(experiment, points[n], (enum section)i);
            uint64_t hash = hash_pointer(tree);
            struct packed *packed = hash_table_find(&known, hash, same_tree, tree);
            if (packed == NULL) {
                packed = arena_alloc(&arena, sizeof *packed);
                *packed = (struct packed){tree, known.count};
                hash_table_add(&known, hash, packed);
                message_tree(&trees, tree);
            }
            message_u64(&numbers, packed->number);
        }
    message_u64(out, N_SECTIONS);
    for (size_t i = 0; i < N_SECTIONS; i++)
        message_string(out, section_names[i]);
    message_u64(out, known.count);
    text_add_bytes(out, trees.data, trees.length);
    message_u64(out, n);
    text_add_bytes(out, numbers.data, numbers.length);
    hash_table_clear(&known);
    arena_clear(&arena);
    text_clear(&numbers);
    text_clear(&trees);
    return n;
}

static bool read_answers(const struct frame *frame, size_t n, struct arena *arena, struct plan_answer **answers) {
    struct message_reader reader;
    message_reader_init(&reader, frame->payload, frame->length);
    size_t count = message_read_count(&reader, 8);
    struct plan_answer *all = arena_array(arena, count, sizeof *all);
    for (size_t i = 0; i < count && !reader.bad; i++) {
        all[i].status = (enum status)message_read_u64(&reader);
        if (all[i].status == STATUS_OK) {
            plan_facts_read(&reader, arena, &all[i].facts);
            continue;
        }
        all[i].where = arena_copy_text(arena, message_read_string(&reader));
        all[i].message = arena_copy_text(arena, message_read_string(&reader));
    }
    for (size_t p = 0; p < n && !reader.bad; p++) {
        uint64_t number = message_read_u64(&reader);
        reader.bad = reader.bad || number >= count;
        answers[p] = reader.bad ? NULL : &all[number];
    }
    return !reader.bad;
}

/* The first points, *n of them. *died: the helper did, for which one of them is to blame. */
static enum status plan_together(struct session *session, const struct session_points *request, size_t at, size_t most,
                                 size_t *n, bool *died, struct error *error) {
    struct text payload;
    text_init(&payload);
    message_u64(&payload, request->data);
    *n = pack_points(request->experiment, request->points + at, most, &payload);
    struct frame frame;
    *died = false;
    enum status status = helper_for_plans(session, request->files, error);
    if (status == STATUS_OK)
        status = attach(session, request->data, error);
    session->spoilt = session->spoilt || request->files->count > 0;
    session->helper.patience = session->patience;
    if (status == STATUS_OK)
        status = child_call(&session->helper, MESSAGE_PLAN, &payload, -1, &frame, died, error);
    if (*died && session->helper.late && session->patience > LEAST_PATIENCE) /* a grid may have many such points */
        session->patience /= 2;
    if (*died && take_last_words(session, error) == STATUS_ENVIRONMENT)
        status = error_prefix(error, "the worker ended while it planned a trial");
    else if (*died)
        status = STATUS_OK;
    else if (status == STATUS_OK && !read_answers(&frame, *n, request->arena, request->answers + at))
        status = error_set(error, STATUS_ENVIRONMENT, "a worker sent a broken message");
    text_clear(&payload);
    return status;
}

enum status session_plan(struct session *session, const struct session_points *request, struct error *error) {
    enum status status = STATUS_OK;
    size_t suspects = 0; /* points that ended a helper together: each is asked for alone */
    for (size_t at = 0, n; status == STATUS_OK && at < request->n_points; at += n) {
        size_t left = request->n_points - at;
        bool died;
        status = plan_together(session, request, at,
                               suspects > 0         ? 1
                               : left < POINTS_MOST ? left
                                                    : POINTS_MOST,
                               &n, &died, error);
        suspects -= suspects > 0;
        if (died && n > 1) {
            suspects = n;
            n = 0;
        } else if (died) { /* a plugin that does so will cost its trials */
            request->answers[at] = arena_alloc(request->arena, sizeof **request->answers);
        }
    }
    return status;
}

enum status session_test(struct session *session, const char *file, const char *component,
                         const struct tree *parameters, session_on_check *on_check, void *context,
                         struct error *error) {
    static const struct tree none = {.type = TREE_NULL};
    struct text payload;
    text_init(&payload);
    message_string(&payload, file);
    message_string(&payload, component);
    message_tree(&payload, parameters != NULL ? parameters : &none);
    struct frame frame;
    bool died = false;
    enum status status = helper_start(session, &session->foreign, error);
    session->helper.patience = 0;
    if (status == STATUS_OK)
        status = child_call(&session->helper, MESSAGE_TEST, &payload, -1, &frame, &died, error);
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
    text_clear(&payload);
    return status;
}
