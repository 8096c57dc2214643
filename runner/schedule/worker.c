#include "runner/schedule/worker.h"

#include "runner/conformance/conformance.h"
#include "runner/host/products.h"
#include "runner/schedule/facts.h"
#include "runner/schedule/worker_data.h"
#include "runner/schedule/worker_guard.h"
#include "runner/schedule/worker_train.h"
#include "runner/train/fault.h"
#include "runner/train/numerics.h"
#include "runner/train/planner.h"
#include "runner/train/train.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct worker {
    const char *own;    /* folder of the installation's plugins */
    const char *folder; /* for temporary files; NULL: none */
    const char **files; /* of plugins from elsewhere, in search order */
    size_t n_files;
    struct loader loader;
    struct worker_means means;
    bool loaded, apart, guarded; /* apart: from other processes */
    struct worker_data data;
};

static enum status send_error(enum status status, const char *text, struct error *error) {
    struct text out;
    text_init(&out);
    message_u64(&out, (uint64_t)status);
    message_string(&out, text);
    enum status sent = frame_write(WORKER_SOCKET, MESSAGE_ERROR, out.data, out.length, error);
    text_clear(&out);
    return sent;
}

static void load(struct worker *worker) {
    if (!worker->loaded) {
        loader_open(&worker->loader, &worker->own, 1, 1);
        for (size_t i = worker->n_files; i-- > 0;) /* each comes before what is there */
            loader_open_file(&worker->loader, worker->files[i]);
    }
    worker->loaded = true;
}

static void keep_apart(struct worker *worker) {
    struct report *report = worker->means.report;
    if (!worker->apart)
        worker_guard_others(worker->folder);
    if (!worker->apart && report != NULL)
        fault_watch(&report->full_stack, &report->lacked_memory);
    worker->apart = true;
}

static void load_guarded(struct worker *worker) {
    if (worker->guarded)
        return;
    keep_apart(worker);
    load(worker);
    worker_guard_processes();
    worker->guarded = true;
}

static const char **read_strings(struct message_reader *reader, struct arena *arena, size_t *n) {
    *n = message_read_count(reader, 9);
    const char **strings = arena_array(arena, *n, sizeof *strings);
    for (size_t i = 0; i < *n; i++)
        strings[i] = message_read_string(reader);
    return strings;
}

struct refused {
    const char **files;
    size_t n;
};

/* Where the process ends or hangs in the file the supervisor knows which one it was. */
static bool tell_opening(void *context, const char *file, bool foreign) {
    const struct refused *refused = context;
    for (size_t i = 0; i < refused->n; i++)
        if (strcmp(refused->files[i], file) == 0)
            return false;
    struct text out;
    text_init(&out);
    message_string(&out, file);
    message_u64(&out, foreign);
    frame_write(WORKER_SOCKET, MESSAGE_OPENING, out.data, out.length, NULL);
    text_clear(&out);
    return true;
}

static enum status answer_catalog(struct worker *worker, const struct frame *request, struct error *error) {
    struct message_reader reader;
    message_reader_init(&reader, request->payload, request->length);
    struct arena arena;
    arena_init(&arena);
    size_t n_folders;
    const char **folders = read_strings(&reader, &arena, &n_folders);
    struct refused refused;
    refused.files = read_strings(&reader, &arena, &refused.n);
    struct text out, blas;
    text_init(&out);
    text_init(&blas);
    keep_apart(worker);
    loader_open_watched(&worker->loader, folders, n_folders, 1,
                        &(struct loader_watcher){.opens = tell_opening, .context = &refused});
    worker->loaded = true;
    message_u64(&out, RUNNER_NUMERICS);
    products_describe_blas(&blas);
    message_string(&out, blas.data);
    message_tree(&out, catalog_write(&worker->loader.catalog, &arena));
    enum status status = frame_write(WORKER_SOCKET, MESSAGE_REPLY, out.data, out.length, error);
    text_clear(&blas);
    text_clear(&out);
    arena_clear(&arena);
    return status;
}

static enum status answer_data(struct worker *worker, const struct frame *request, struct error *error) {
    struct message_reader reader;
    message_reader_init(&reader, request->payload, request->length);
    struct arena arena;
    arena_init(&arena);
    struct text out;
    text_init(&out);
    int fd = -1;
    struct data data = {0};
    struct error failure = {0};
    load_guarded(worker);
    const struct tree *tree = message_read_tree(&reader, &arena);
    enum status status = tree == NULL ? message_misread(&failure) : data_build(&worker->loader, tree, &fd, &failure);
    if (status == STATUS_OK)
        status = data_map(fd, &data, &failure);
    if (status != STATUS_OK) {
        status = send_error(status, failure.text, error);
    } else {
        struct data_facts facts = {.hash = data.hash, .size = data.mapping_size, .files = data.files};
        memcpy(facts.rows, data.rows, sizeof facts.rows);
        data_facts_write(&facts, &out);
        status = frame_write_fd(WORKER_SOCKET, MESSAGE_REPLY, out.data, out.length, fd, error);
        data_unmap(&data);
    }
    if (fd >= 0)
        close(fd);
    text_clear(&out);
    arena_clear(&arena);
    malloc_trim(0); /* what reading took is not counted against a trial */
    return status;
}

static enum status attach(struct worker *worker, const struct frame *request, struct error *error) {
    struct message_reader reader;
    message_reader_init(&reader, request->payload, request->length);
    if (request->fd < 0)
        return error_set(error, STATUS_ENVIRONMENT, "no data came with an attach request");
    return worker_data_attach(&worker->data, message_read_u64(&reader), request->fd, error);
}

static void detach(struct worker *worker, const struct frame *request) {
    struct message_reader reader;
    message_reader_init(&reader, request->payload, request->length);
    worker_data_detach(&worker->data, message_read_u64(&reader));
}

static void write_plan(const struct train_plan *plan, struct text *out) {
    message_u64(out, plan->status);
    if (plan->status != STATUS_OK) {
        message_string(out, plan->where);
        message_string(out, plan->message);
        return;
    }
    const struct train_summary *summary = &plan->summary;
    struct plan_facts facts = {.parameters = summary->parameters,
                               .memory = summary->memory,
                               .updates_per_epoch = summary->updates_per_epoch,
                               .epochs = summary->epochs,
                               .flops_per_example = summary->flops_per_example,
                               .columns = summary->columns.names,
                               .n_columns = summary->columns.count,
                               .n_layers = summary->count,
                               .doubt_where = summary->doubt_where,
                               .doubt = summary->doubt};
    facts.layers = memory_alloc(summary->count + 1, sizeof *facts.layers);
    for (size_t i = 0; i < summary->count; i++)
        facts.layers[i] = (struct layer_facts){summary->layers[i].name, summary->layers[i].component,
                                               summary->layers[i].output, summary->layers[i].parameters};
    plan_facts_write(&facts, out);
    free(facts.layers);
}

struct sections {
    const char **names;
    size_t n_names;
    struct tree **trees;
    size_t n_trees;
};

static void read_sections(struct message_reader *reader, struct arena *arena, struct sections *sections) {
    sections->names = read_strings(reader, arena, &sections->n_names);
    sections->n_trees = message_read_count(reader, 2);
    sections->trees = arena_array(arena, sections->n_trees, sizeof *sections->trees);
    for (size_t i = 0; i < sections->n_trees && !reader->bad; i++)
        sections->trees[i] = message_read_tree(reader, arena);
}

/* The next point, a map of sections that are there already. */
static bool read_point(struct message_reader *reader, const struct sections *sections, struct tree *point) {
    for (size_t i = 0; i < sections->n_names; i++) {
        uint64_t number = message_read_u64(reader);
        if (reader->bad || number >= sections->n_trees)
            return false;
        point->items[i] = sections->trees[number];
    }
    return true;
}

static enum status answer_plan(struct worker *worker, const struct frame *request, struct error *error) {
    struct message_reader reader;
    message_reader_init(&reader, request->payload, request->length);
    const struct data *data = worker_data_get(&worker->data, message_read_u64(&reader));
    struct arena arena;
    arena_init(&arena);
    struct text plans, numbers, out;
    text_init(&plans);
    text_init(&numbers);
    text_init(&out);
    struct error failure = {0};
    load_guarded(worker);
    struct sections sections;
    read_sections(&reader, &arena, &sections);
    size_t n_points = message_read_count(&reader, 8 * sections.n_names);
    struct tree point = {.type = TREE_MAP, .count = (uint32_t)sections.n_names, .keys = sections.names};
    point.items = arena_array(&arena, sections.n_names, sizeof *point.items);
    struct planner planner;
    planner_init(&planner, &worker->loader, data);
    size_t written = 0;
    enum status status = STATUS_OK;
    if (data == NULL)
        status = error_set(&failure, STATUS_ENVIRONMENT, "a plan was asked for data that is not attached");
    for (size_t p = 0; p < n_points && status == STATUS_OK; p++) {
        if (!read_point(&reader, &sections, &point)) {
            status = message_misread(&failure);
            break;
        }
        const struct train_plan *plan = planner_plan(&planner, &point);
        if (plan->number == written) {
            write_plan(plan, &plans);
            written++;
        }
        message_u64(&numbers, plan->number);
    }
    planner_clear(&planner);
    message_u64(&out, written);
    text_add_bytes(&out, plans.data, plans.length);
    text_add_bytes(&out, numbers.data, numbers.length);
    status = status != STATUS_OK ? send_error(status, failure.text, error)
                                 : frame_write(WORKER_SOCKET, MESSAGE_REPLY, out.data, out.length, error);
    text_clear(&out);
    text_clear(&numbers);
    text_clear(&plans);
    arena_clear(&arena);
    return status;
}

/* In the process of a check, before it runs the plugin. */
static void guard_check(void *context, bool opened) {
    const struct worker *worker = context;
    worker_guard_others(worker->folder);
    if (opened)
        worker_guard_processes();
}

static void send_check(void *context, const struct conformance_line *line) {
    struct text out;
    text_init(&out);
    message_u64(&out, (uint64_t)line->outcome);
    message_string(&out, line->component);
    message_string(&out, line->check);
    message_string(&out, line->reason);
    frame_write(WORKER_SOCKET, MESSAGE_CHECK, out.data, out.length, context);
    text_clear(&out);
}

static enum status answer_test(struct worker *worker, const struct frame *request, struct error *error) {
    struct message_reader reader;
    message_reader_init(&reader, request->payload, request->length);
    const char *file = message_read_string(&reader), *component = message_read_string(&reader);
    struct error failure = {0};
    struct arena arena;
    arena_init(&arena);
    const struct tree *parameters = message_read_tree(&reader, &arena);
    struct conformance_request test = {.file = file[0] != '\0' ? file : NULL,
                                       .component = component[0] != '\0' ? component : NULL,
                                       .on_line = send_check,
                                       .context = error,
                                       .guard = guard_check,
                                       .guard_of = worker};
    if (parameters != NULL && parameters->type == TREE_MAP)
        test.settings = parameters;
    worker_guard_files(worker->folder); /* it opens the plugin as well, and ends processes that hang */
    load(worker);
    enum status status = conformance_run(&worker->loader, &test, &failure);
    status = status != STATUS_OK ? send_error(status, failure.text, error)
                                 : frame_write(WORKER_SOCKET, MESSAGE_REPLY, "", 0, error);
    arena_clear(&arena);
    return status;
}

static enum status answer(struct worker *worker, const struct frame *request, struct error *error) {
    switch (request->type) {
    case MESSAGE_CATALOG: return answer_catalog(worker, request, error);
    case MESSAGE_DATA: return answer_data(worker, request, error);
    case MESSAGE_ATTACH: return attach(worker, request, error);
    case MESSAGE_DETACH: detach(worker, request); return STATUS_OK;
    case MESSAGE_PLAN: return answer_plan(worker, request, error);
    case MESSAGE_TEST: return answer_test(worker, request, error);
    case MESSAGE_TRAIN:
        load_guarded(worker);
        return worker_train(&worker->loader, &worker->data, &worker->means, request, error);
    default:
        return error_set(error, STATUS_ENVIRONMENT, "the supervisor sent a message of unknown type %u", request->type);
    }
}

static enum status serve(struct worker *worker, struct error *error) {
    struct text payload;
    text_init(&payload);
    enum status status = products_prepare(error);
    if (status != STATUS_OK)
        send_error(status, error->text, NULL);
    while (status == STATUS_OK) {
        struct frame request = {.fd = -1};
        status = frame_read_fd(WORKER_SOCKET, &payload, &request.type, &request.fd, error);
        if (status != STATUS_OK || request.type == FRAME_END)
            break;
        request.payload = payload.data;
        request.length = (uint32_t)payload.length;
        status = answer(worker, &request, error);
        if (request.fd >= 0)
            close(request.fd);
    }
    text_clear(&payload);
    return status;
}

static bool is_socket(int fd) {
    int type = 0;
    socklen_t size = sizeof type;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
}

int worker_main(int argc, char **argv) {
    if (argc < 3 || !is_socket(WORKER_SOCKET)) {
        fputs("runner-worker: error: this program is started by runner\n", stderr);
        return STATUS_CONFIG;
    }
    struct worker worker = {.own = argv[1],
                            .folder = argv[2][0] != '\0' ? argv[2] : NULL,
                            .files = (const char **)(argv + 3),
                            .n_files = (size_t)(argc - 3),
                            .means = {.peak = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC), .once = argc > 3}};
    void *orders = mmap(NULL, sizeof *worker.means.orders, PROT_READ, MAP_SHARED, WORKER_ORDERS, 0);
    worker.means.orders = orders == MAP_FAILED ? NULL : orders;
    void *report = mmap(NULL, sizeof(struct report), PROT_READ | PROT_WRITE, MAP_SHARED, WORKER_REPORT, 0);
    worker.means.report = report == MAP_FAILED ? NULL : report;
    if (report != MAP_FAILED && worker_memory_report != NULL)
        worker_memory_report(report);
    struct error error = {0};
    worker_volunteer();
    enum status status = serve(&worker, &error);
    if (status == STATUS_OK &&
        !is_socket(WORKER_SOCKET)) /* a plugin has put something else in its place, which came to an end */
        status = error_set(&error, STATUS_ENVIRONMENT, "the connection to the supervisor was replaced");
    if (status != STATUS_OK)
        fprintf(stderr, "runner-worker: error: %s\n", error.text);
    worker_data_clear(&worker.data);
    if (worker.loaded)
        loader_close(&worker.loader);
    return status == STATUS_OK ? 0 : WORKER_LOST;
}
