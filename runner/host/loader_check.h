/* Helpers of loader.c: what plugin_check() is made of. Messages do not name the file; the loader puts it before them. */
#ifndef RUNNER_HOST_LOADER_CHECK_H
#define RUNNER_HOST_LOADER_CHECK_H

#include "runner/base/status.h"
#include "runner/plugin.h"

#include <stdbool.h>
#include <stddef.h>

/* Whether `size` bytes there can be read. True where the system does not tell. */
bool memory_is_readable(const void *address, size_t size);
/* A string that can be read to its end, of at most `most` bytes, without control characters. */
bool memory_is_text(const char *text, size_t most);

/* Lower case, digits and '_', a letter first; short enough for a line. */
bool plugin_name_is_well(const char *name);

/* The parameter table of a component: all that a host can see without other plugins. `stride` is the plugin's param_size. */
enum status plugin_check_params(const runner_component *component, size_t stride, struct error *error);

/* The downloads of a data set whose ops are well but for these. */
enum status plugin_check_downloads(const runner_component *component, struct error *error);
/* Download `index` as this host knows them: what the plugin's download_size does not cover is zero. */
runner_download plugin_download(const runner_dataset_ops *ops, uint32_t index);

/* Whether a struct of the table's has `found` bytes: `first`, those of the version that brought it, to `now`, those that this host knows. */
enum status plugin_check_size(const char *what, uint32_t found, size_t first, size_t now, struct error *error);
/* The bytes of a struct to the end of its field `last`: of a version that is past. Where a struct grows, its `first` stays. */
#define THROUGH(type, last) (offsetof(type, last) + sizeof(((type *)0)->last))

/* Bytes and alignment of a parameter's field; 0 for an unknown type. */
size_t param_field_size(uint32_t type);
size_t param_field_alignment(uint32_t type);

/* Size of the kind's ops struct as this host knows it. */
size_t ops_size(enum runner_kind kind);

#endif
