#include "runner/host/downloads.h"

#include <string.h>

enum { FILE_MOST = 200 /* with room for .gz and the name of a temporary file */ };

bool download_file_is_well(const char *file) {
    const size_t length = strlen(file);
    for (const char *c = file; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return false;
    return length > 0 && length <= FILE_MOST && file[0] != '.' && strchr(file, '/') == NULL;
}

bool download_files_differ(const char *a, const char *b) {
    const size_t length_a = strlen(a), length_b = strlen(b), common = length_a < length_b ? length_a : length_b;
    const char *rest = length_a < length_b ? b + common : a + common;
    return strncmp(a, b, common) != 0 || (rest[0] != '\0' && strcmp(rest, ".gz") != 0);
}

bool download_sha256_is_well(const char *sha256) {
    return strlen(sha256) == 64 && strspn(sha256, "0123456789abcdef") == 64;
}

bool download_url_is_well(const char *url) {
    const size_t scheme = strncmp(url, "https://", 8) == 0 ? 8 : strncmp(url, "http://", 7) == 0 ? 7 : 0;
    for (const char *c = url; *c != '\0'; c++)
        if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7f)
            return false;
    return scheme > 0 && url[scheme] != '\0' && url[scheme] != '/';
}

const struct catalog_download *download_find(const struct catalog_component *component, const char *file) {
    for (size_t i = 0; component != NULL && i < component->n_downloads; i++)
        if (strcmp(component->downloads[i].file, file) == 0)
            return &component->downloads[i];
    return NULL;
}
