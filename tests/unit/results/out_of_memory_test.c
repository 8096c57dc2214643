/*
 * Every allocation fails in turn, in what reads files, in what makes a grid of a config, and in what writes and reads results: each run
 * ends with a clear word and STATUS_ENVIRONMENT, or well, and no file is torn.
 * ctest: timeout 120
 * ctest: no-thread-sanitizer (one thread, and an allocator of its own)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/failing_memory.h"
#include "tests/fuzz/catalog.h"
#include "tests/unit/host/archive_form.h"
#include "tests/unit/results/lab.h"

#include "runner/base/file.h"
#include "runner/base/npy.h"
#include "runner/base/zip.h"
#include "runner/base/zip_write.h"
#include "runner/results/artifact.h"
#include "runner/results/folder.h"
#include "runner/results/journal.h"
#include "runner/results/manifest.h"
#include "runner/results/memory.h"
#include "runner/results/tables.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <jansson.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_ALLOCATIONS = 100000, SECONDS = 20 };
#ifdef __SANITIZE_ADDRESS__
enum { STEP = 3 }; /* a process costs 30 times as much */
#else
enum { STEP = 1 };
#endif

static const char config[] = "experiment: memory\n"
                             "description: all that a config may hold\n"
                             "include: part.yaml\n"
                             "let: {n: 7, fill: ones, place: data}\n"
                             "model:\n"
                             "  - residual: {layers: [{dense: {units: $n, activation: relu}}]}\n"
                             "  - &last {dense: {units: 10, fill: $fill, strides: [1, 2]}}\n"
                             "  - *last\n"
                             "loss: mean_squared_error\n"
                             "metrics: [accuracy]\n"
                             "train: {batch_size: 10, epochs: 3 epochs}\n"
                             "grid:\n"
                             "  optimizer: {slow: {sgd: {learning_rate: \"= 0.01 * n\"}}, adam: adam}\n"
                             "  train.batch_size: [10, full]\n"
                             "cases:\n"
                             "  size: {small: {n: 3}, large: {n: 8, grid: {fill: [zeros, ones]}}}\n"
                             "baseline: {optimizer: slow}\n"
                             "claims: [\"test_accuracy(optimizer=adam) > 2 * test_accuracy(optimizer=slow) - 1\"]\n"
                             "seeds: 2\n";
static const char part[] = "dataset: {digits: {train: 50, path: \"${place}/x\", columns: [a, \"b c\"]}}\n";

static enum status count_rows(void *context, const struct tree *dataset, double time_limit, int64_t *rows,
                              struct error *error) {
    (void)time_limit;
    (void)context, (void)dataset, (void)error;
    *rows = 50;
    return STATUS_OK;
}

static void put(const char *path, const void *bytes, size_t n) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static enum status load(struct experiment *experiment, struct error *error) {
    static const char *const overrides[] = {"train.epochs=2", "optimizer.adam.nesterov=true"};
    const struct experiment_source source = {
        .file = "config.in", .overrides = overrides, .n_overrides = 2, .rows = count_rows};
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    enum status status = experiment_load(&source, fuzz_catalog(), &diagnostics, experiment);
    if (status != STATUS_OK && diagnostics.count > 0)
        error_set(error, status, "%s", diagnostics.items[0].message);
    diagnostics_clear(&diagnostics);
    return status;
}

/* ---- The runs: each does its work in the current folder, in which `prepare` has put its input -------------------- */

static void prepare_files(void) {
    struct archive archive;
    archive_init(&archive);
    archive_array(&archive, "x", "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }",
                  "abcdabcdabcdabcdabcdabcd", 24);
    archive_member(&archive, "y.txt", "text", 4);
    archive_end(&archive);
    put("in.npz", archive.bytes.data, archive.bytes.length);
    archive_clear(&archive);
    static char text[100000];
    memset(text, 'x', sizeof text);
    gzFile packed = gzopen("in.gz", "wb");
    assert_true(packed != NULL && gzwrite(packed, text, sizeof text) == (int)sizeof text && gzclose(packed) == Z_OK);
}

static enum status read_archive(struct arena *arena, struct error *error) {
    unsigned char *bytes = NULL, *member = NULL;
    size_t n;
    struct zip zip;
    struct npy npy;
    enum status status = file_read(path_join(arena, ".", "in.npz"), 1 << 20, &bytes, &n, error);
    if (status == STATUS_OK)
        status = zip_open(bytes, n, "in.npz", arena, &zip, error);
    if (status == STATUS_OK)
        status = zip_read(&zip, zip_find(&zip, "x.npy"), 1 << 20, &member, error);
    if (status == STATUS_OK)
        status = npy_read(member, zip_find(&zip, "x.npy")->size, &npy, error);
    free(member);
    free(bytes);
    return status;
}

static enum status write_archive(struct error *error) {
    struct zip_writer writer;
    int fd = memfd_create("out.npz", MFD_CLOEXEC);
    assert_true(fd >= 0);
    zip_writer_init(&writer, fd);
    enum status status = STATUS_OK;
    for (int i = 0; i < 20 && status == STATUS_OK; i++) {
        char name[20];
        snprintf(name, sizeof name, "member %d", i);
        status = zip_writer_add(&writer, name, "head", 4, "body", 4, error);
    }
    status = zip_writer_finish(&writer, status, error);
    close(fd);
    return status;
}

static enum status run_files(struct error *error) {
    struct arena arena;
    unsigned char *bytes = NULL;
    size_t n = 0;
    arena_init(&arena);
    enum status status = read_archive(&arena, error);
    if (status == STATUS_OK)
        status = write_archive(error);
    if (status == STATUS_OK)
        status = file_read_all_gzip("in.gz", 1 << 20, &bytes, &n, error);
    if (status == STATUS_OK)
        status = folder_make("a/b", error);
    if (status == STATUS_OK)
        status = file_write_whole("a/b/whole", bytes, n, error);
    free(bytes);
    arena_clear(&arena);
    return status;
}

static void prepare_config(void) {
    put("config.in", config, sizeof config - 1);
    put("part.yaml", part, sizeof part - 1);
}

static enum status run_config(struct error *error) {
    struct experiment experiment;
    struct text out;
    text_init(&out);
    enum status status = load(&experiment, error);
    if (status == STATUS_OK) {
        tree_write_yaml(experiment.config, &out, 0);
        status = file_write_whole("config.yaml", out.data, out.length, error);
    }
    experiment_clear(&experiment);
    text_clear(&out);
    return status;
}

static enum status write_results(struct folder *folder, struct results *results, struct error *error) {
    static const char *const columns[] = {"train_loss", "test_loss", "test_accuracy"};
    struct journal journal;
    enum status status = journal_open(folder_file(folder, FOLDER_JOURNAL), JOURNAL_RECORDS, &journal, error);
    if (status != STATUS_OK)
        return status;
    bool added;
    status = journal_add_grid(&journal, results, &added, error);
    for (size_t t = 0; t < results->n_trials && status == STATUS_OK; t++) {
        struct record *record = lab_record(&folder->arena, t + 1, TRIAL_DONE, columns, 3, 2);
        for (size_t r = 0; r < 2; r++)
            for (size_t c = 0; c < 3; c++)
                lab_set(record, r, c, (double)(t * t + r * c) / 7);
        const struct record *kept;
        if (journal_find(&journal, record->key) == NULL)
            status = journal_add(&journal, record, &kept, error);
    }
    enum status closed = journal_close(&journal, status == STATUS_OK ? error : NULL);
    return status != STATUS_OK ? status : closed;
}

static enum status show_results(struct folder *folder, const struct results *results, struct error *error) {
    const struct catalog_component *component = &fuzz_catalog()->components[0];
    const struct manifest_data data = {
        .name = "digits", .resolved = "{\"digits\": {}}", .hash = "00", .bytes = 7, .files = "[{\"path\": \"x\"}]"};
    char *argv[] = {(char[]){"runner"}, (char[]){"caf\xe9.yaml"}};
    const struct manifest manifest = {.config = "config.yaml",
                                      .argc = 2,
                                      .argv = argv,
                                      .blas = "none",
                                      .components = &component,
                                      .n_components = 1,
                                      .data = &data,
                                      .n_data = 1};
    enum status status = tables_write(results, folder->path, error);
    if (status == STATUS_OK)
        status = manifest_write(&manifest, results, folder_file(folder, "manifest.json"), error);
    struct csv_table table;
    unsigned char *bytes = NULL;
    size_t n;
    if (status == STATUS_OK)
        status = file_read(folder_file(folder, "epochs.csv"), 1 << 20, &bytes, &n, error);
    if (status == STATUS_OK)
        status = csv_read((const char *)bytes, n, "epochs.csv", &folder->arena, &table, error);
    free(bytes);
    return status;
}

/* Writes a journal, reads it back and makes the tables of what it says. */
static enum status run_results(struct error *error) {
    static const char *const axes[] = {"optimizer", "size"};
    static const char *const labels[] = {"adam", "=1+1", "sgd", NULL};
    const struct log log = {.quiet = true};
    struct folder folder;
    struct journal journal;
    struct results results, read;
    enum status status = folder_open(&folder, ".", "out", false, &log, NULL, error);
    if (status != STATUS_OK)
        return status;
    lab_results(&results, axes, 2, labels, 2, 2);
    lab_test_rows(&results, 0, 0);
    status = write_results(&folder, &results, error);
    results_clear(&results);
    if (status == STATUS_OK)
        status = journal_read(folder_file(&folder, FOLDER_JOURNAL), JOURNAL_RECORDS, &journal, error);
    if (status == STATUS_OK) {
        assert_int_equal(journal.count, 4);
        assert_int_equal(journal.skipped, 0);
        struct text grid;
        text_init(&grid);
        journal_grid(&journal, &grid);
        json_t *json = json_loadb(grid.data, grid.length, 0, NULL);
        assert_true(json != NULL && results_read(json, &read));
        json_decref(json);
        text_clear(&grid);
        journal_join(&journal, &read);
        status = show_results(&folder, &read, error);
        results_clear(&read);
        journal_close(&journal, NULL);
    }
    int fd = memfd_create("artifact", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_true(fd >= 0 && write(fd, "weights", 7) == 7 && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_WRITE) == 0);
    if (status == STATUS_OK)
        status = artifact_write_weights(folder_file(&folder, "weights"), 0x123, 7, fd, error);
    close(fd);
    folder_close(&folder);
    return status;
}

/* ---- What is left behind ----------------------------------------------------------------------------------------- */

static unsigned char *contents(const char *folder, const char *name, size_t *n) {
    char path[PATH_MAX];
    unsigned char *bytes;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return file_read(path, 1 << 20, &bytes, n, NULL) == STATUS_OK ? bytes : NULL;
}

/* The journal may end early, but after a line. manifest.json and the lock have times in them. */
static bool is_whole(const char *name, const unsigned char *found, size_t n, const unsigned char *whole,
                     size_t length) {
    if (strcmp(name, ".lock") == 0)
        return true;
    if (strcmp(name, "manifest.json") == 0) {
        json_t *json = json_loadb((const char *)found, n, 0, NULL);
        bool good = json_object_size(json_object_get(json, "machine")) > 0 &&
                    json_array_size(json_object_get(json, "plugins")) == 1 &&
                    json_array_size(json_object_get(json, "command")) == 2;
        json_decref(json);
        return good;
    }
    if (strcmp(name, FOLDER_JOURNAL) == 0)
        return n <= length && memcmp(found, whole, n) == 0 && (n == 0 || found[n - 1] == '\n');
    return n == length && memcmp(found, whole, n) == 0;
}

/* Each file of `folder` is there in `good` as well, and whole; but for one that was to be put in place, where some may be left. */
static void check_folder(const char *folder, const char *good, bool left, uint64_t at) {
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        char path[PATH_MAX], other[PATH_MAX];
        snprintf(path, sizeof path, "%s/%s", folder, name);
        snprintf(other, sizeof other, "%s/%s", good, name);
        if (entries[i]->d_type == DT_DIR && strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
            check_folder(path, other, left, at);
        } else if (entries[i]->d_type == DT_REG && !(left && strncmp(name, ".runner-", 8) == 0)) {
            size_t n, length = 0;
            unsigned char *found = contents(folder, name, &n), *whole = contents(good, name, &length);
            if (found == NULL || whole == NULL || !is_whole(name, found, n, whole, length))
                fail_msg("allocation %llu: %s is not what it should be", (unsigned long long)at, path);
            free(whole);
            free(found);
        }
        free(entries[i]);
    }
    free(entries);
}

/* ---- One run after the other ------------------------------------------------------------------------------------- */

/* Runs in the child: its exit status is that of the run; 100 where memory did not fail and the run was well. */
static _Noreturn void run_once(enum status (*run)(struct error *error), uint64_t at) {
    struct error error = {0};
    alarm(SECONDS);
    memory_fail_at(at);
    enum status status = run(&error);
    bool failed = memory_failed();
    memory_fail_at(0);
    if (status != STATUS_OK)
        fprintf(stderr, "error: %s\n", error.text);
    exit(status == STATUS_OK && !failed ? 100 : (int)status);
}

/* What the child says on stderr is put into `said`. */
static int run_child(enum status (*run)(struct error *error), const char *folder, uint64_t at, char said[4096]) {
    int pipes[2], state;
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (chdir(folder) < 0 || dup2(pipes[1], STDERR_FILENO) < 0)
            _exit(99);
        run_once(run, at);
    }
    close(pipes[1]);
    size_t length = 0;
    for (ssize_t n = 1; n > 0 && length<4095; length += n> 0 ? (size_t)n : 0)
        n = read(pipes[0], said + length, 4095 - length);
    said[length] = '\0';
    close(pipes[0]);
    assert_int_equal(waitpid(child, &state, 0), child);
    return WIFEXITED(state) ? WEXITSTATUS(state) : 1000 + WTERMSIG(state);
}

static int remove_one(const char *path, const struct stat *facts, int type, struct FTW *place) {
    (void)facts, (void)type, (void)place;
    return remove(path);
}

static void remove_all(const char *folder) {
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void fresh(const char *folder, void (*prepare)(void)) {
    remove_all(folder);
    assert_int_equal(mkdir(folder, 0777), 0);
    assert_int_equal(chdir(folder), 0);
    prepare();
    assert_int_equal(chdir(".."), 0);
}

static void all_fail(enum status (*run)(struct error *error), void (*prepare)(void)) {
    char base[40], home[PATH_MAX], said[4096];
    snprintf(base, sizeof base, "%s/runner-memory-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(getcwd(home, sizeof home));
    assert_true(mkdtemp(base) != NULL && chdir(base) == 0);
    fresh("now", prepare); /* the same folder for all: its path may stand in files */
    int status = run_child(run, "now", 0, said);
    if (status != 100)
        fail_msg("without failures: status %d: %s", status, said);
    assert_int_equal(rename("now", "good"), 0);
    uint64_t at = 1, ended = 0;
    for (; status != 100 || at == 1; at += STEP) {
        assert_true(at < MOST_ALLOCATIONS);
        fresh("now", prepare);
        status = run_child(run, "now", at, said);
        ended += status == STATUS_ENVIRONMENT;
        if (status != STATUS_OK && status != 100 && (status != STATUS_ENVIRONMENT || strstr(said, "memory") == NULL))
            fail_msg("allocation %llu: status %d: %s", (unsigned long long)at, status, said);
        check_folder("now", "good", true, at);
        /* The next run, with memory, goes on and ends in the same files. */
        if (at % 16 == 0) {
            assert_int_equal(run_child(run, "now", 0, said), 100);
            check_folder("good", "now", false, at);
            check_folder("now", "good", false, at);
        }
    }
    print_message("%llu allocations, one in %d failed; %llu runs ended for it\n", (unsigned long long)at, STEP,
                  (unsigned long long)ended);
    assert_true(ended > 10);
    assert_int_equal(chdir(home), 0);
    remove_all(base);
}

static void files_of_data(void **state) {
    (void)state;
    all_fail(run_files, prepare_files);
}

static void a_config(void **state) {
    (void)state;
    all_fail(run_config, prepare_config);
}

static void nothing(void) {
}

static void results_and_tables(void **state) {
    (void)state;
    all_fail(run_results, nothing);
}

int main(void) {
    results_memory();
    fuzz_catalog();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_of_data),
        cmocka_unit_test(a_config),
        cmocka_unit_test(results_and_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
