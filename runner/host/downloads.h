/*
 * Files that a data set says are published (runner_download of plugin.h), as plain data, and what holds for each. The supervisor fetches
 * them and writes under these names what it was sent, so that it believes a worker's list no more than the worker a plugin's. Thread-safe.
 */
#ifndef RUNNER_HOST_DOWNLOADS_H
#define RUNNER_HOST_DOWNLOADS_H

#include "runner/host/catalog.h"

enum { DOWNLOADS_MOST = 1000, DOWNLOAD_URLS_MOST = 16, DOWNLOAD_TEXT_MOST = 2000 };
#define DOWNLOAD_SIZE_MOST ((uint64_t)1 << 50)

/* The name of a file in one folder, not hidden, without control characters, of at most 200 bytes. */
bool download_file_is_well(const char *file);
/* Neither is found in place of the other: not the same name, nor that of its gzip. */
bool download_files_differ(const char *a, const char *b);
/* 64 digits, lower case. */
bool download_sha256_is_well(const char *sha256);
/* http:// or https:// and more, without blanks and what is not ASCII, which belongs there as %20 and the like. */
bool download_url_is_well(const char *url);

/* NULL where the component, which may be NULL, names no such file. */
const struct catalog_download *download_find(const struct catalog_component *component, const char *file);

#endif
