/* runner fetch: the published files of a data set, into the folder in which it looks for them. */
#include "runner/base/clock.h"
#include "runner/base/file.h"
#include "runner/cli/commands.h"
#include "runner/cli/download.h"
#include "runner/cli/job.h"
#include "runner/cli/live.h"
#include "runner/cli/published.h"
#include "runner/cli/words.h"
#include "runner/host/params_words.h"
#include "runner/host/places.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE = 30 /* seconds */ };

struct fetch {
    const struct options *options;
    const struct catalog_component *dataset;
    const char *folder;
    const char *shared; /* that is looked at before it; NULL: none */
    const char *program;
    struct arena *arena;
    size_t fetched;
};

/* ---- The line on a terminal ------------------------------------------------------------------------------------------ */

struct line {
    const char *file;
    bool wanted;
    double drawn_at; /* 0: never */
};

/* `length` is 0 where it is not known. */
static void draw(struct line *line, uint64_t got, uint64_t length) {
    const double now = clock_seconds();
    if (!line->wanted || (line->drawn_at > 0 && now - line->drawn_at < 0.1))
        return;
    line->drawn_at = now;
    char some[WORDS_SIZE], all[WORDS_SIZE];
    struct terminal terminal = {.columns = 80};
    struct text words, out;
    text_init(&words);
    text_init(&out);
    terminal_measure(&terminal);
    text_printf(&words, "%s: %s", line->file, words_bytes((double)got, some));
    if (length >= got)
        text_printf(&words, " of %s, %.0f %%", words_bytes((double)length, all), 100 * (double)got / (double)length);
    text_add(&out, "\r\033[K");
    words_cut(words.data, terminal.columns - 1, &out);
    fwrite(out.data, 1, out.length, stderr);
    text_clear(&out);
    text_clear(&words);
}

static void erase(const struct line *line) {
    if (line->drawn_at > 0)
        fputs("\r\033[K", stderr);
}

/* ---- One file -------------------------------------------------------------------------------------------------------- */

/* What comes from one address: it goes into a temporary file, and is hashed on the way. */
struct attempt {
    struct file_writer file;
    struct published published;
    struct line line;
    uint64_t got, length;
    bool refused; /* the bytes are others, or there is no room for them */
};

static enum status take(void *context, const unsigned char *bytes, size_t n, struct error *error) {
    struct attempt *attempt = context;
    attempt->got += n;
    file_writer_add(&attempt->file, bytes, n);
    enum status status = attempt->file.code != 0 ? error_set(error, STATUS_ENVIRONMENT, "cannot write")
                                                 : published_add(&attempt->published, bytes, n, error);
    attempt->refused = status != STATUS_OK;
    draw(&attempt->line, attempt->got, attempt->length);
    return status;
}

static enum status download(const struct fetch *fetch, struct attempt *attempt, const char *url, struct error *error) {
    const struct options *options = fetch->options;
    const struct download download = {.program = fetch->program,
                                      .url = url,
                                      .most = gzip_most(attempt->published.file->size),
                                      .seconds = options->timeout > 0 ? options->timeout : PATIENCE,
                                      .interrupt = options->interrupt,
                                      .take = take,
                                      .length = &attempt->length,
                                      .context = attempt};
    attempt->line =
        (struct line){.file = attempt->published.file->file, .wanted = !options->log.quiet && terminal_is_live()};
    enum status status = download_get(&download, error);
    erase(&attempt->line);
    if (status == STATUS_OK)
        return published_end(&attempt->published, error);
    return status == STATUS_INTERRUPTED || attempt->refused ? status : error_prefix(error, "%s", url);
}

static bool has_suffix(const char *name, const char *suffix) {
    const size_t length = strlen(name), end = strlen(suffix);
    return length >= end && strcmp(name + length - end, suffix) == 0;
}

/* Where the file goes: as NAME, or NAME.gz where it came as gzip. */
static const char *path_of(const struct fetch *fetch, const struct published *published) {
    const char *name = published->file->file;
    const bool packed = published->unpacker.packed && !has_suffix(name, ".gz");
    return path_join(fetch->arena, fetch->folder, packed ? arena_printf(fetch->arena, "%s.gz", name) : name);
}

/* The file as the address has it, once its bytes are the published ones, in place of `before` (NULL: none), which may be that with or
   without .gz and be found first. `again`: whether another address may help. */
static enum status get(struct fetch *fetch, const struct catalog_download *published, const char *url,
                       const char *before, bool *again, struct error *error) {
    char size[WORDS_SIZE];
    struct error written;
    struct attempt attempt = {.got = 0};
    published_init(&attempt.published, published, url);
    file_writer_open(&attempt.file, path_of(fetch, &attempt.published));
    enum status status = attempt.file.code == 0 ? download(fetch, &attempt, url, error) : STATUS_OK;
    const char *path = path_of(fetch, &attempt.published);
    published_clear(&attempt.published);
    file_writer_rename(&attempt.file, path);
    const bool writes = file_writer_close(&attempt.file, status == STATUS_OK, &written) == STATUS_OK;
    *again = writes && status != STATUS_INTERRUPTED;
    if (!writes && status != STATUS_INTERRUPTED)
        status = error_set(error, written.status, "%s", written.text);
    if (status != STATUS_OK)
        return status;
    if (before != NULL && strcmp(before, path) != 0)
        unlink(before);
    log_info(&fetch->options->log, "%s: %s from %s", path, words_bytes((double)attempt.got, size), url);
    fetch->fetched++;
    return STATUS_OK;
}

/* From the first address that has it. */
static enum status get_somewhere(struct fetch *fetch, const struct catalog_download *published, const char *before,
                                 struct error *error) {
    struct text reasons;
    text_init(&reasons);
    enum status status = STATUS_ENVIRONMENT;
    bool again = true;
    for (size_t i = 0; i < published->n_urls && status != STATUS_OK && again; i++) {
        status = get(fetch, published, published->urls[i], before, &again, error);
        if (status == STATUS_OK || !again)
            continue;
        text_printf(&reasons, "%s%s", i > 0 ? "; " : "", error->text);
        if (i + 1 < published->n_urls && !fetch->options->log.quiet)
            log_warning(&fetch->options->log, "%s; trying the next address", error->text);
    }
    if (status != STATUS_OK && again)
        status = error_set(error, STATUS_ENVIRONMENT,
                           "cannot fetch %s: %s; try again later, or put the file into %s by other ways",
                           published->file, reasons.data, fetch->folder);
    text_clear(&reasons);
    return status;
}

/* Whether the folder has the file with the published bytes. `path` is that of the file, whatever its bytes, or NULL; `error` says what is
   wrong with it. */
static bool is_there(const struct fetch *fetch, const struct catalog_download *published, const char *folder,
                     const char **path, struct error *error) {
    *path = places_find(fetch->arena, folder, published->file);
    if (*path == NULL || published_check_file(published, *path, error) != STATUS_OK)
        return false;
    log_info(&fetch->options->log, "%s: is there, %s", published->file, *path);
    return true;
}

/* Early, so that nothing is fetched in vain. */
static enum status make_folder(const struct fetch *fetch, struct error *error) {
    enum status status = folder_make(fetch->folder, error);
    const char *real = status == STATUS_OK ? path_real(fetch->arena, fetch->folder) : NULL; /* --into may name a link */
    if (real != NULL)
        folder_remove_remains(real); /* of one that was killed, which may be large */
    if (status == STATUS_OK && access(fetch->folder, W_OK | X_OK) != 0)
        status = error_set(error, STATUS_ENVIRONMENT, "cannot write into %s: %s", fetch->folder, strerror(errno));
    if (status != STATUS_OK)
        status = error_set(error, status, "%s; wanted a folder for the files: --into DIR takes another",
                           arena_copy_text(fetch->arena, error->text));
    return status;
}

static enum status fetch_file(struct fetch *fetch, const struct catalog_download *published, struct error *error) {
    const struct log *log = &fetch->options->log;
    struct error found;
    const char *before = NULL;
    if (is_there(fetch, published, fetch->shared, &before, &found))
        return STATUS_OK;
    if (before != NULL)
        log_warning(log, "%s; it is found before what is fetched: remove it", found.text);
    if (is_there(fetch, published, fetch->folder, &before, &found))
        return STATUS_OK;
    if (before != NULL)
        log_info(log, "%s; fetching it anew", found.text);
    enum status status = make_folder(fetch, error);
    return status == STATUS_OK ? get_somewhere(fetch, published, before, error) : status;
}

/* ---- The command ----------------------------------------------------------------------------------------------------- */

static enum status find_dataset(const struct catalog *catalog, const char *name,
                                const struct catalog_component **dataset, struct error *error) {
    *dataset = catalog_find(catalog, RUNNER_DATASET, name);
    if (*dataset != NULL)
        return STATUS_OK;
    const char *nearest = words_nearest(catalog, RUNNER_DATASET, name);
    if (nearest != NULL)
        return error_set(error, STATUS_CONFIG, "no data set is called '%s'; did you mean '%s'?", name, nearest);
    return error_set(error, STATUS_CONFIG, "no data set is called '%s'; `runner plugins dataset` lists them", name);
}

/* Where the files go, and the program that gets them, which lies beside the worker. */
static enum status find_places(struct fetch *fetch, const struct session *session, struct error *error) {
    const char *name = fetch->dataset->name;
    if (fetch->dataset->n_downloads == 0)
        return error_set(error, STATUS_CONFIG,
                         "%s names no files to fetch; if it looks for files, they belong in %s, and `runner plugins "
                         "%s` tells which",
                         name, places_words(fetch->arena, name), name);
    fetch->shared = fetch->options->into == NULL ? places_shared(fetch->arena, name) : NULL;
    fetch->folder = fetch->options->into != NULL ? fetch->options->into : places_cache(fetch->arena, name);
    if (fetch->folder == NULL)
        return error_set(error, STATUS_ENVIRONMENT,
                         "found neither XDG_CACHE_HOME nor HOME; wanted the user's cache: set one of them, or give a "
                         "folder by --into DIR");
    const char *folder = path_folder(fetch->arena, session->settings.worker);
    fetch->program = path_join(fetch->arena, folder, "runner-fetch");
    if (access(fetch->program, X_OK) != 0)
        return error_set(error, STATUS_ENVIRONMENT,
                         "%s: %s; it is built where libcurl is: install its development files (libcurl4-openssl-dev), "
                         "then build or install again",
                         fetch->program, strerror(errno));
    return STATUS_OK;
}

static enum status fetch_all(struct fetch *fetch, struct error *error) {
    const size_t n = fetch->dataset->n_downloads;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < n && status == STATUS_OK; i++)
        status = fetch_file(fetch, &fetch->dataset->downloads[i], error);
    if (status != STATUS_OK)
        return status;
    if (fetch->fetched == 0 && n == 1)
        log_info(&fetch->options->log, "%s: nothing to fetch, the file is there", fetch->dataset->name);
    else if (fetch->fetched == 0)
        log_info(&fetch->options->log, "%s: nothing to fetch, all %zu files are there", fetch->dataset->name, n);
    else
        log_info(&fetch->options->log, "%s: %zu of %zu files were fetched into %s", fetch->dataset->name,
                 fetch->fetched, n, fetch->folder);
    return STATUS_OK;
}

enum status command_fetch(const struct options *options, struct error *error) {
    struct job job;
    struct arena arena;
    arena_init(&arena);
    struct fetch fetch = {.options = options, .arena = &arena};
    enum status status = job_open(&job, options, error);
    if (status == STATUS_OK) {
        session_rest(&job.session);
        status = find_dataset(&job.session.catalog, options->subject, &fetch.dataset, error);
    }
    if (status == STATUS_OK)
        status = find_places(&fetch, &job.session, error);
    if (status == STATUS_OK)
        status = fetch_all(&fetch, error);
    job_close(&job);
    arena_clear(&arena);
    return status;
}
