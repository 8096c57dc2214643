/* Reads memory through the kernel, so that a plugin's wild pointer is an error message and not a fault. */
#include "runner/host/loader_check.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CHUNK = 256 };

/* Copies from an address that may be wild. False where there is nothing to be read. */
static bool fetch(const void *address, void *copy, size_t size) {
    struct iovec here = {copy, size}, there = {(void *)(uintptr_t)address, size};
    ssize_t got = process_vm_readv(getpid(), &here, 1, &there, 1, 0);
    if (got < 0 && errno != EFAULT) { /* a sandbox without that call */
        memcpy(copy, address, size);
        return true;
    }
    return got == (ssize_t)size;
}

bool memory_is_readable(const void *address, size_t size) {
    char copy[CHUNK];
    if (address == NULL || (uintptr_t)address > UINTPTR_MAX - size) {
        return false;
    }
    for (size_t at = 0; at < size; at += CHUNK) {
        size_t n = size - at < CHUNK ? size - at : CHUNK;
        if (!fetch((const char *)address + at, copy, n)) {
            return false;
        }
    }
    return true;
}

bool memory_is_text(const char *text, size_t most) {
    char copy[CHUNK];
    if (text == NULL) {
        return false;
    }
    for (size_t at = 0; at <= most;) {
        size_t n = CHUNK - ((uintptr_t)text + at) % CHUNK; /* not across a page */
        if (!fetch(text + at, copy, n)) {
            return false;
        }
        for (size_t i = 0; i < n && at <= most; i++, at++) {
            if (copy[i] == '\0') {
                return true;
            }
            if ((unsigned char)copy[i] < 0x20 || copy[i] == 0x7f) {
                return false;
            }
        }
    }
    return false;
}
