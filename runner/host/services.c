#include "runner/host/services.h"

#include "runner/host/files.h"
#include "runner/host/vector_math.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 64
#define FIRST_SCRATCH (64 * 1024)

struct call_scratch {
    struct call_scratch *next;
    uint64_t size;
    unsigned char *bytes;
};

static struct call *call_of(runner_call *public) {
    return (struct call *)public;
}

void call_init(struct call *call, struct error *error) {
    *call = (struct call){.public = {&services_host}, .error = error};
}

static void scratch_free(struct call_scratch *block) {
    while (block != NULL) {
        struct call_scratch *next = block->next;
        free(block->bytes);
        free(block);
        block = next;
    }
}

void call_clear(struct call *call) {
    scratch_free(call->scratch);
    free(call->workspace);
    call->scratch = NULL;
    call->workspace = NULL;
}

void call_reset(struct call *call) {
    call->scratch_used = 0;
    /* The newest block is the largest: once it is there, the others are not needed. */
    if (call->scratch != NULL) {
        scratch_free(call->scratch->next);
        call->scratch->next = NULL;
    }
}

static void *aligned_memory(uint64_t bytes) {
    void *memory = aligned_alloc(ALIGNMENT, (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    if (memory == NULL) {
        fprintf(stderr, "runner: out of memory: %llu bytes of scratch wanted\n", (unsigned long long)bytes);
        exit(STATUS_ENVIRONMENT);
    }
    return memory;
}

static void *scratch(runner_call *public, uint64_t bytes) {
    struct call *call = call_of(public);
    uint64_t wanted = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (call->scratch == NULL || call->scratch->size - call->scratch_used < wanted) {
        uint64_t size = call->scratch == NULL ? FIRST_SCRATCH : 2 * call->scratch->size;
        while (size < wanted)
            size *= 2;
        struct call_scratch *block = memory_alloc(1, sizeof *block);
        *block = (struct call_scratch){.next = call->scratch, .size = size, .bytes = aligned_memory(size)};
        call->scratch = block;
        call->scratch_used = 0;
    }
    void *memory = call->scratch->bytes + call->scratch_used;
    call->scratch_used += wanted;
    return memory;
}

__attribute__((format(printf, 2, 3))) static int fail(runner_call *public, const char *format, ...) {
    struct call *call = call_of(public);
    if (call->failed)
        return RUNNER_FAILED; /* the first reason counts */
    va_list arguments;
    va_start(arguments, format);
    error_set_v(call->error, STATUS_CONFIG, format, arguments);
    va_end(arguments);
    call->failed = true;
    return RUNNER_FAILED;
}

__attribute__((format(printf, 2, 3))) static void note(runner_call *public, const char *format, ...) {
    struct call *call = call_of(public);
    if (call->notes == NULL)
        return;
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    text_add(call->notes, line);
    text_add_char(call->notes, '\n');
}

static void *memory(runner_call *public, uint64_t bytes) {
    struct call *call = call_of(public);
    if (call->memory == NULL) {
        fail(public, "the plugin asks for memory outside open() and plan()");
        return NULL;
    }
    if (bytes > SIZE_MAX - ALIGNMENT) {
        fail(public, "the plugin asks for %llu bytes of memory", (unsigned long long)bytes);
        return NULL;
    }
    uintptr_t address = (uintptr_t)arena_alloc(call->memory, bytes + ALIGNMENT);
    return (void *)((address + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
}

static void product(runner_call *public, uint32_t flags, float alpha, const runner_view *a, const runner_view *b,
                    float beta, const runner_view *c) {
    struct call *call = call_of(public);
    const uint64_t slice = (flags & RUNNER_TRANSPOSE_A) == 0 && a->rows > call->slice_rows ? call->slice_rows : 0;
    uint64_t wanted = slice > 0 ? product_slices_workspace(call->gemm, slice, flags, a, b)
                                : product_workspace(call->gemm, flags, a, b);
    if (wanted > call->workspace_size) {
        free(call->workspace);
        call->workspace = aligned_memory(wanted);
        call->workspace_size = wanted;
    }
    if (call->keeps_zeros)
        product_run_as(call->gemm, &(struct product_choice){0}, flags, alpha, a, b, beta, c, call->workspace);
    else if (slice > 0)
        product_run_slices(call->gemm, slice, flags, alpha, a, b, beta, c, call->workspace);
    else
        product_run(call->gemm, flags, alpha, a, b, beta, c, call->workspace);
}

static void bits(runner_call *public, uint64_t row, uint64_t first, uint64_t n, uint32_t *out) {
    random_fill_bits(call_of(public)->random, row, first, n, out);
}

static void uniform(runner_call *public, uint64_t row, uint64_t first, uint64_t n, float *out) {
    random_fill_uniform(call_of(public)->random, row, first, n, out);
}

static void normal(runner_call *public, uint64_t row, uint64_t first, uint64_t n, float *out) {
    random_fill_normal(call_of(public)->random, row, first, n, out);
}

static void truncated_normal(runner_call *public, uint64_t row, uint64_t first, uint64_t n, float *out) {
    random_fill_truncated_normal(call_of(public)->random, row, first, n, out);
}

static const runner_constant *constant(runner_call *public, const char *name) {
    const struct call *call = call_of(public);
    for (uint32_t i = 0; i < call->n_constants; i++)
        if (strcmp(call->constants[i].name, name) == 0)
            return &call->constants[i];
    return NULL;
}

/* "logistic": a pointer to a function as exp is, which the shipped `sigmoid` takes. */
static const void *extension(const char *id) {
    static void (*const logistic)(uint64_t n, const float *x, float *y) = vector_logistic;
    return strcmp(id, "logistic") == 0 ? &logistic : NULL;
}

const struct runner_host services_host = {
    .size = sizeof(struct runner_host),
    .abi_minor = RUNNER_ABI_MINOR,
    .fail = fail,
    .note = note,
    .scratch = scratch,
    .memory = memory,
    .product = product,
    .exp = vector_exp,
    .log = vector_log,
    .tanh = vector_tanh,
    .erf = vector_erf,
    .bits = bits,
    .uniform = uniform,
    .normal = normal,
    .truncated_normal = truncated_normal,
    .read_file = files_read,
    .read_member = files_read_member,
    .find_file = files_find,
    .open_as = files_open_as,
    .constant = constant,
    .extension = extension,
};
