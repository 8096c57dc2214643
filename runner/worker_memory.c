/*
 * The worker's malloc() and friends: the C library's, but that an allocation which fails leaves a line on stderr, which goes to the
 * trial's log. It tells a plugin that dereferences what malloc() gave it under a memory limit from one that crashes for another
 * reason: the supervisor looks for the line (schedule/trial_log.h).
 *
 * Not built with sanitizers, which have an allocator of their own.
 */
#include <errno.h>
#include <malloc.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef __GLIBC__

#define EXPORT __attribute__((visibility("default")))

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static void *told(void *memory, size_t size) {
    static const char line[] = "runner-worker: error: out of memory: an allocation failed\n";
    if (memory == NULL && size > 0 && write(STDERR_FILENO, line, sizeof line - 1) <= 0)
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

#endif
