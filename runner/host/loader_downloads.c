/* The table of files that a data set says are published, while it is a plugin's own memory. */
#include "runner/host/downloads.h"
#include "runner/host/loader_check.h"

#include <inttypes.h>
#include <string.h>

/* Some addresses, and NULL behind them. `at` is where that ends, or is not so. */
static bool urls_are_well(const char *const *urls, uint32_t *at) {
    for (*at = 0; *at <= DOWNLOAD_URLS_MOST && memory_is_readable(urls + *at, sizeof *urls); ++*at) {
        if (urls[*at] == NULL)
            return *at > 0;
        if (!memory_is_text(urls[*at], DOWNLOAD_TEXT_MOST) || !download_url_is_well(urls[*at]))
            return false;
    }
    return false;
}

static enum status check_download(const char *dataset, const runner_dataset_ops *ops, uint32_t index,
                                  struct error *error) {
    const runner_download download = plugin_download(ops, index);
    uint32_t at;
    if (!memory_is_text(download.file, DOWNLOAD_TEXT_MOST) || !download_file_is_well(download.file))
        return error_set(error, STATUS_CONFIG,
                         "dataset '%s': download %u has no well-formed file; wanted a name without '/' that does not "
                         "begin with '.'",
                         dataset, index);
    for (uint32_t i = 0; i < index; i++) {
        const char *other = plugin_download(ops, i).file;
        if (!download_files_differ(other, download.file))
            return error_set(
                error, STATUS_CONFIG,
                "dataset '%s': download '%s': found '%s' in the table, too; wanted each name once, with or "
                "without .gz",
                dataset, download.file, other);
    }
    if (!memory_is_text(download.sha256, DOWNLOAD_TEXT_MOST) || !download_sha256_is_well(download.sha256))
        return error_set(error, STATUS_CONFIG,
                         "dataset '%s': download '%s': found no SHA-256; wanted 64 digits as sha256sum writes them",
                         dataset, download.file);
    if (download.size == 0 || download.size > DOWNLOAD_SIZE_MOST)
        return error_set(error, STATUS_CONFIG,
                         "dataset '%s': download '%s': found a size of %" PRIu64 "; wanted the bytes of the file",
                         dataset, download.file, download.size);
    if (!urls_are_well(download.urls, &at))
        return error_set(error, STATUS_CONFIG,
                         "dataset '%s': download '%s': found no well-formed address at place %u of its urls; wanted 1 "
                         "to %d that begin with http:// or https://, and NULL behind them",
                         dataset, download.file, at, DOWNLOAD_URLS_MOST);
    return STATUS_OK;
}

runner_download plugin_download(const runner_dataset_ops *ops, uint32_t index) {
    runner_download download = {0};
    memcpy(&download, (const char *)ops->downloads + (size_t)index * ops->download_size,
           ops->download_size < sizeof download ? ops->download_size : sizeof download);
    return download;
}

enum status plugin_check_downloads(const runner_component *component, struct error *error) {
    runner_dataset_ops ops = {0};
    uint32_t size;
    memcpy(&size, component->ops, sizeof size);
    memcpy(&ops, component->ops, size < sizeof ops ? size : sizeof ops);
    if (ops.n_downloads > DOWNLOADS_MOST)
        return error_set(error, STATUS_CONFIG, "dataset '%s': found %u downloads; wanted at most %d", component->name,
                         ops.n_downloads, DOWNLOADS_MOST);
    if (ops.n_downloads == 0)
        return STATUS_OK;
    enum status status = plugin_check_size("runner_download", ops.download_size, THROUGH(runner_download, urls),
                                           sizeof(runner_download), error);
    if (status != STATUS_OK)
        return error_prefix(error, "dataset '%s'", component->name);
    if (!memory_is_readable(ops.downloads, (size_t)ops.n_downloads * ops.download_size))
        return error_set(error, STATUS_CONFIG, "dataset '%s': found no table for its %u downloads", component->name,
                         ops.n_downloads);
    for (uint32_t i = 0; i < ops.n_downloads && status == STATUS_OK; i++)
        status = check_download(component->name, &ops, i, error);
    return status;
}
