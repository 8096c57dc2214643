/*
 * For LD_PRELOAD: the RUNNER_FAIL_AT-th allocation of the program RUNNER_FAIL_PROGRAM fails (malloc() and its like, mmap(),
 * memfd_create()), and the file RUNNER_FAIL_MARK is made when it does. RUNNER_FAIL_MARK.calls gets the number of allocations of a
 * program that ends by exit().
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static atomic_ulong calls;
static unsigned long fails_at;
static const char *mark;

__attribute__((constructor)) static void arm(void) {
    const char *at = getenv("RUNNER_FAIL_AT"), *program = getenv("RUNNER_FAIL_PROGRAM");
    mark = getenv("RUNNER_FAIL_MARK");
    if (at != NULL && mark != NULL && program != NULL && strcmp(program, program_invocation_short_name) == 0)
        fails_at = strtoul(at, NULL, 10);
}

__attribute__((destructor)) static void tell(void) {
    char path[4096];
    unsigned long all = atomic_load(&calls);
    if (fails_at == 0)
        return;
    fails_at = 0;
    snprintf(path, sizeof path, "%s.calls", mark);
    FILE *file = fopen(path, "w");
    if (file != NULL) {
        fprintf(file, "%lu\n", all);
        fclose(file);
    }
}

static int fails(void) {
    if (fails_at == 0 || atomic_fetch_add(&calls, 1) + 1 != fails_at)
        return 0;
    int fd = open(mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fd >= 0)
        close(fd);
    errno = ENOMEM;
    return 1;
}

/* The worker has a malloc() of its own, before this one, and that calls __libc_malloc(). */
#define STAND_IN(name, failure, type, parameters, arguments)                                                           \
    type name parameters;                                                                                              \
    type name parameters {                                                                                             \
        static type(*real) parameters;                                                                                 \
        if (real == NULL)                                                                                              \
            *(void **)&real = dlsym(RTLD_NEXT, #name);                                                                 \
        return fails() ? failure : real arguments;                                                                     \
    }
#define STAND_IN_MEMORY(name, parameters, arguments)                                                                   \
    STAND_IN(name, NULL, void *, parameters, arguments)                                                                \
    STAND_IN(__libc_##name, NULL, void *, parameters, arguments)

STAND_IN_MEMORY(malloc, (size_t size), (size))
STAND_IN_MEMORY(calloc, (size_t count, size_t size), (count, size))
STAND_IN_MEMORY(realloc, (void *memory, size_t size), (memory, size))
STAND_IN_MEMORY(memalign, (size_t alignment, size_t size), (alignment, size))
STAND_IN(mmap, MAP_FAILED, void *, (void *at, size_t size, int protection, int flags, int fd, off_t offset),
         (at, size, protection, flags, fd, offset))
STAND_IN(memfd_create, -1, int, (const char *name, unsigned flags), (name, flags))

/* The C library's would call its own realloc(). */
void *reallocarray(void *memory, size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(memory, bytes);
}
