/*
 * malloc() and its like of the program that includes this: from memory_fail_at(k) on the k-th allocation fails, and no other; 0: none.
 * They stand before those of the C library and of the address sanitizer, for libraries of the program as well.
 */
#ifndef TESTS_FAILING_MEMORY_H
#define TESTS_FAILING_MEMORY_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPORT __attribute__((visibility("default")))

#ifdef __SANITIZE_ADDRESS__
#define REAL(name) __interceptor_##name
#else
#define REAL(name) __libc_##name
#endif

extern void *REAL(malloc)(size_t size);
extern void *REAL(calloc)(size_t count, size_t size);
extern void *REAL(realloc)(void *memory, size_t size);
extern void *REAL(memalign)(size_t alignment, size_t size);

static uint64_t memory_calls, memory_fails_at;

static inline void memory_fail_at(uint64_t call) {
    memory_calls = 0;
    memory_fails_at = call;
}

/* Whether the call that was to fail has come. */
static inline bool memory_failed(void) {
    return memory_fails_at != 0 && memory_calls >= memory_fails_at;
}

static inline bool memory_fails(void) {
    if (memory_fails_at == 0 || ++memory_calls != memory_fails_at)
        return false;
    errno = ENOMEM;
    return true;
}

EXPORT void *malloc(size_t size);
EXPORT void *malloc(size_t size) {
    return memory_fails() ? NULL : REAL(malloc)(size);
}

EXPORT void *calloc(size_t count, size_t size);
EXPORT void *calloc(size_t count, size_t size) {
    return memory_fails() ? NULL : REAL(calloc)(count, size);
}

EXPORT void *realloc(void *memory, size_t size);
EXPORT void *realloc(void *memory, size_t size) {
    return memory_fails() ? NULL : REAL(realloc)(memory, size);
}

/* The C library's would call its own realloc(). */
EXPORT void *reallocarray(void *memory, size_t count, size_t size);
EXPORT void *reallocarray(void *memory, size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(memory, bytes);
}

EXPORT void *memalign(size_t alignment, size_t size);
EXPORT void *memalign(size_t alignment, size_t size) {
    return memory_fails() ? NULL : REAL(memalign)(alignment, size);
}

EXPORT void *aligned_alloc(size_t alignment, size_t size);
EXPORT void *aligned_alloc(size_t alignment, size_t size) {
    return memalign(alignment, size);
}

#endif
