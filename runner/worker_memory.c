/*
 * The worker's malloc() and mmap() and their like: the C library's, but that one which finds no memory leaves a note for the supervisor, in
 * memory that both see, and a line on stderr for people. The note tells a plugin that uses what it did not get under a memory limit
 * from one that crashes for another reason.
 *
 * Not built with sanitizers, which have an allocator of their own.
 */
#include "runner/base/arena.h"
#include "runner/host/loader.h"
#include "runner/schedule/worker.h"

#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef __GLIBC__

#define EXPORT __attribute__((visibility("default")))

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

/* Allocators get nothing but sizes, so these are the process's. */
static struct report *present;
static void *(*next_mmap)(void *, size_t, int, int, int, off_t);

void worker_memory_report(struct report *report) {
    void *found = loader_next_symbol("mmap");
    memcpy(&next_mmap, &found, sizeof next_mmap); /* ISO C has no cast from an object's to a function's pointer */
    present = report;
}

EXPORT void memory_lacks(void) {
    if (present != NULL)
        atomic_store_explicit(&present->lacked_memory, 1, memory_order_relaxed);
}

static void *told(void *memory, size_t size) {
    static const char line[] = "runner-worker: error: out of memory: an allocation failed\n";
    if (memory != NULL || size == 0)
        return memory;
    memory_lacks();
    if (write(STDERR_FILENO, line, sizeof line - 1) <= 0)
        errno = ENOMEM; /* as malloc() leaves it */
    return memory;
}

EXPORT void *malloc(size_t size) {
    return told(__libc_malloc(size), size);
}

EXPORT void *calloc(size_t count, size_t size) {
    return told(__libc_calloc(count, size), count);
}

EXPORT void *realloc(void *memory, size_t size) {
    return told(__libc_realloc(memory, size), size);
}

EXPORT void *memalign(size_t alignment, size_t size) {
    return told(__libc_memalign(alignment, size), size);
}

EXPORT void *aligned_alloc(size_t alignment, size_t size) {
    return memalign(alignment, size);
}

EXPORT int posix_memalign(void **memory, size_t alignment, size_t size) {
    if (alignment == 0 || alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0)
        return EINVAL;
    void *found = memalign(alignment, size);
    if (found == NULL)
        return ENOMEM;
    *memory = found;
    return 0;
}

static void *mapped(void *memory) {
    if (memory == MAP_FAILED && errno == ENOMEM)
        memory_lacks();
    return memory;
}

EXPORT void *mmap(void *at, size_t length, int protection, int flags, int fd, off_t offset) {
    if (next_mmap != NULL)
        return mapped(next_mmap(at, length, protection, flags, fd, offset));
    return (void *)syscall(SYS_mmap, at, length, protection, flags, fd, offset); /* before main() */
}

EXPORT void *mmap64(void *at, size_t length, int protection, int flags, int fd, off_t offset) {
    return mmap(at, length, protection, flags, fd, offset);
}

EXPORT void *mremap(void *old, size_t length, size_t wanted, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    void *at = (flags & MREMAP_FIXED) != 0 ? va_arg(rest, void *) : NULL;
    va_end(rest);
    return mapped((void *)syscall(SYS_mremap, old, length, wanted, flags, at));
}

#endif
