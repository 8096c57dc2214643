#include "runner/base/arena.h"

#include "runner/base/status.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ALIGNMENT = 16, LINE = 64, SMALLEST_BLOCK = 4096, LARGEST_BLOCK = 1 << 20, LARGE_PAGE = 2 << 20 };

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    size_t mapped; /* bytes, by mmap(); 0: it comes from calloc() */
    max_align_t bytes[];
};

/* No stdio and no exit handlers: those may want memory, and another thread may hold their locks. */
void memory_exhausted(void) {
    static const char message[] =
        "error: out of memory; free some, or lower --workers, batch sizes or the data set's size\n";
    if (memory_lacks) {
        memory_lacks();
    }
    if (write(STDERR_FILENO, message, sizeof message - 1) < 0) {
        _exit(STATUS_ENVIRONMENT);
    }
    _exit(STATUS_ENVIRONMENT);
}

void *memory_alloc(size_t count, size_t size) {
    void *memory = calloc(count ? count : 1, size ? size : 1);
    if (!memory) {
        memory_exhausted();
    }
    return memory;
}

void *memory_resize(void *memory, size_t count, size_t size) {
    void *larger = reallocarray(memory, count ? count : 1, size ? size : 1);
    if (!larger) {
        memory_exhausted();
    }
    return larger;
}

char *memory_copy_text(const char *text) {
    size_t size = strlen(text) + 1;
    return memcpy(memory_alloc(size, 1), text, size);
}

void arena_init(struct arena *arena) {
    arena->blocks = NULL;
}

void arena_clear(struct arena *arena) {
    for (struct arena_block *block = arena->blocks, *next; block; block = next) {
        next = block->next;
        if (block->mapped > 0) {
            munmap(block, block->mapped);
        } else {
            free(block);
        }
    }
    arena->blocks = NULL;
}

static struct arena_block *block_new(size_t size) {
    if (size > SIZE_MAX - sizeof(struct arena_block)) {
        memory_exhausted();
    }
    struct arena_block *block = memory_alloc(1, sizeof *block + size);
    block->size = size;
    return block;
}

/* Of whole large pages, for which mmap() gives no address by itself: of one more than wanted, the ends go back. */
static struct arena_block *block_map(size_t size) {
    size_t whole, all;
    if (__builtin_add_overflow(size, sizeof(struct arena_block) + LARGE_PAGE - 1, &whole) ||
        __builtin_add_overflow(whole -= whole % LARGE_PAGE, LARGE_PAGE, &all)) {
        memory_exhausted();
    }
    char *start = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) {
        memory_exhausted();
    }
    const size_t before = -(uintptr_t)start % LARGE_PAGE;
    if (before > 0) {
        munmap(start, before);
    }
    munmap(start + before + whole, LARGE_PAGE - before);
    struct arena_block *block = (void *)(start + before);
#ifdef MADV_HUGEPAGE
    madvise(block, whole, MADV_HUGEPAGE); /* else it is slower, and nothing more */
#endif
    block->mapped = whole;
    block->size = whole - sizeof *block;
    return block;
}

void arena_reserve(struct arena *arena, size_t size) {
    if (size < LARGE_PAGE) {
        return;
    }
    struct arena_block *block = block_map(size);
    block->next = arena->blocks;
    arena->blocks = block;
}

void *arena_alloc(struct arena *arena, size_t size) {
    if (size > SIZE_MAX - ALIGNMENT) {
        memory_exhausted();
    }
    size_t rounded = size ? (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT : ALIGNMENT;
    struct arena_block *head = arena->blocks;
    if (head && head->size - head->used >= rounded) {
        void *memory = (char *)head->bytes + head->used;
        head->used += rounded;
        return memory;
    }
    size_t usual = !head ? SMALLEST_BLOCK : head->size < LARGEST_BLOCK ? head->size * 2 : LARGEST_BLOCK;
    if (head && rounded > usual / 4) { /* a block of its own, behind the head, whose rest stays in use */
        struct arena_block *own = block_new(rounded);
        own->used = rounded;
        own->next = head->next;
        head->next = own;
        return own->bytes;
    }
    struct arena_block *block = block_new(rounded > usual ? rounded : usual);
    block->used = rounded;
    block->next = head;
    arena->blocks = block;
    return block->bytes;
}

void *arena_array(struct arena *arena, size_t count, size_t size) {
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        memory_exhausted();
    }
    return arena_alloc(arena, total);
}

void *arena_lines(struct arena *arena, size_t count, size_t size) {
    size_t total;
    if (__builtin_mul_overflow(count, size, &total) || __builtin_add_overflow(total, 2 * LINE, &total)) {
        memory_exhausted();
    }
    char *memory = arena_alloc(arena, total);
    return memory + (-(uintptr_t)memory & (LINE - 1));
}

char *arena_copy_bytes(struct arena *arena, const void *bytes, size_t length) {
    if (length == SIZE_MAX) {
        memory_exhausted();
    }
    char *copy = arena_alloc(arena, length + 1);
    if (length > 0) {
        memcpy(copy, bytes, length);
    }
    return copy;
}

char *arena_copy_text(struct arena *arena, const char *text) {
    return arena_copy_bytes(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) {
        memory_exhausted();
    }
    char *text = arena_alloc(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}
