/*
 * Memory that is released all at once. Single-threaded. Out of memory ends the program with status 4 and one line on
 * stderr: no caller of a small allocation has anything better to do, and the journal makes that safe.
 */
#ifndef RUNNER_BASE_ARENA_H
#define RUNNER_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *blocks;
};

void arena_init(struct arena *arena);
void arena_clear(struct arena *arena);

/* Zeroed, aligned to 16 bytes. A size of 0 gives a valid pointer. */
void *arena_alloc(struct arena *arena, size_t size);
/* As arena_alloc(count * size); an overflow is out of memory. */
void *arena_array(struct arena *arena, size_t count, size_t size);
/* The same, aligned to a cache line, so that no other memory shares one with it. */
void *arena_lines(struct arena *arena, size_t count, size_t size);
/* Makes room for `size` bytes, in large pages where the system has them and that is worth it: what is allocated next lies there, one piece
   behind the other. Passes over much memory wait less so. */
void arena_reserve(struct arena *arena, size_t size);
char *arena_copy_text(struct arena *arena, const char *text);
/* Copies `length` bytes and adds a NUL. */
char *arena_copy_bytes(struct arena *arena, const void *bytes, size_t length);
__attribute__((format(printf, 2, 3))) char *arena_printf(struct arena *arena, const char *format, ...);

/* malloc and friends with the same promise: they return, or the program ends with status 4. */
void *memory_alloc(size_t count, size_t size); /* zeroed */
void *memory_resize(void *memory, size_t count, size_t size);
char *memory_copy_text(const char *text);
/* How the program ends then; for memory that a library was to allocate. */
_Noreturn void memory_exhausted(void);
/* Is told first, where a program has it. */
void memory_lacks(void) __attribute__((weak));

#endif
