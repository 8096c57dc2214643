#include "bench/machine.h"

#include "runner/base/cpu.h"
#include "runner/host/products.h"

#include <cblas.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { ROUNDS = 4096, CHAINS = 12, AHEAD = 512 /* floats */ };

static volatile float sink;

#if defined(__x86_64__)
/* A load, and nothing else. */
#define LOADED(value, sum) __asm__ volatile("" : : "v"(value))
#else
#define LOADED(value, sum) ((sum) += (value))
#endif

#define WIDTH 8
#define PASS(name) name##_8
#include "bench/machine_passes.h"
#undef WIDTH
#undef PASS

#if defined(__x86_64__) && !defined(__clang__) /* which has no such pragmas */
#pragma GCC push_options
#pragma GCC target("avx512f")
#define WIDTH 16
#define PASS(name) name##_16
#include "bench/machine_passes.h"
#undef WIDTH
#undef PASS
#pragma GCC pop_options
/* The widest vectors that the processor has. */
#define CALL(name, ...) (cpu_level() >= 4 ? name##_16(__VA_ARGS__) : name##_8(__VA_ARGS__))
#else
#define CALL(name, ...) name##_8(__VA_ARGS__)
#endif

/* Does a working set of so many floats lie beyond the second-level cache? Up to there it costs more to fetch ahead than it gains. */
static bool far(size_t floats) {
    return floats > 131072;
}

void machine_read(size_t n, const float *x) {
    CALL(read, n, x, far(n));
}

void machine_write(size_t n, float *x) {
    CALL(write, n, x, far(n));
}

void machine_copy(size_t n, const float *from, float *to) {
    CALL(copy, n, from, to, far(2 * n));
}

void machine_update(size_t n, int arrays, float *const *x) {
    CALL(update, n, arrays, x, far((size_t)arrays * n));
}

#if defined(__x86_64__)

static float fma_v3(void) {
    __m256 sum[CHAINS], factor = _mm256_set1_ps(0.999f), one = _mm256_set1_ps(1.0f);
    for (int c = 0; c < CHAINS; c++)
        sum[c] = _mm256_set1_ps((float)c);
    for (int r = 0; r < ROUNDS; r++) {
#pragma GCC unroll 12
        for (int c = 0; c < CHAINS; c++)
            sum[c] = _mm256_fmadd_ps(sum[c], factor, one);
    }
    float total = 0;
    for (int c = 0; c < CHAINS; c++)
        total += _mm256_cvtss_f32(sum[c]);
    return total;
}

__attribute__((target("avx512f"))) static float fma_v4(void) {
    __m512 sum[CHAINS], factor = _mm512_set1_ps(0.999f), one = _mm512_set1_ps(1.0f);
    for (int c = 0; c < CHAINS; c++)
        sum[c] = _mm512_set1_ps((float)c);
    for (int r = 0; r < ROUNDS; r++) {
#pragma GCC unroll 12
        for (int c = 0; c < CHAINS; c++)
            sum[c] = _mm512_fmadd_ps(sum[c], factor, one);
    }
    float total = 0;
    for (int c = 0; c < CHAINS; c++)
        total += _mm512_cvtss_f32(sum[c]);
    return total;
}

bool machine_has_fma(void) {
    return true;
}

void machine_fma(void) {
    sink = cpu_level() >= 4 ? fma_v4() : fma_v3();
}

double machine_fma_flops(void) {
    return 2.0 * ROUNDS * CHAINS * (cpu_level() >= 4 ? 16 : 8);
}

#else

bool machine_has_fma(void) {
    return false;
}

void machine_fma(void) {
}

double machine_fma_flops(void) {
    return 0;
}

#endif

static runner_view view(const float *data, size_t n) {
    return (runner_view){.data = (float *)data, .rows = n, .columns = n, .pitch = n};
}

void machine_product(void *context) {
    const struct machine_product *p = context;
    const size_t n = (size_t)p->size;
    if (!p->own) {
        openblas_set_num_threads(1);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, p->size, p->size, p->size, 1, p->a, p->size, p->b,
                    p->size, 0, p->c, p->size);
        return;
    }
    const runner_view a = view(p->a, n), b = view(p->b, n), c = view(p->c, n);
    product_run(GEMM_PORTABLE, 0, 1, &a, &b, 0, &c, p->workspace);
}
