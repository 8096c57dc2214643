#include "bench/machine.h"

#include "runner/base/cpu.h"
#include "runner/host/products.h"

#include <cblas.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { WIDTH = 8, UNROLLED = 8, ROUNDS = 4096, CHAINS = 12 };
typedef float vec __attribute__((vector_size(WIDTH * sizeof(float)), may_alias));

static volatile float sink;

void machine_read(size_t n, const float *x) {
    const vec *v = (const vec *)x;
    vec sum[UNROLLED] = {{0}};
    for (size_t i = 0; i < n / WIDTH; i += UNROLLED)
        for (size_t u = 0; u < UNROLLED; u++)
            sum[u] += v[i + u];
    for (size_t u = 1; u < UNROLLED; u++)
        sum[0] += sum[u];
    sink = sum[0][0] + sum[0][WIDTH - 1];
}

void machine_write(size_t n, float *x) {
    vec *v = (vec *)x;
    const vec value = (vec){0} + 1.0f;
    for (size_t i = 0; i < n / WIDTH; i += UNROLLED) {
        for (size_t u = 0; u < UNROLLED; u++)
            v[i + u] = value;
        __asm__ volatile("" : : "r"(v) : "memory"); /* no memset() */
    }
}

void machine_copy(size_t n, const float *from, float *to) {
    const vec *source = (const vec *)from;
    vec *target = (vec *)to;
    for (size_t i = 0; i < n / WIDTH; i += UNROLLED) {
        for (size_t u = 0; u < UNROLLED; u++)
            target[i + u] = source[i + u];
        __asm__ volatile("" : : "r"(target) : "memory"); /* no memcpy() */
    }
}

static void update_one(size_t n, vec *v) {
    for (size_t i = 0; i < n / WIDTH; i += UNROLLED)
        for (size_t u = 0; u < UNROLLED; u++)
            v[i + u] = v[i + u] * 0.5f + 0.5f;
}

static void update_two(size_t n, vec *v, vec *w) {
    for (size_t i = 0; i < n / WIDTH; i += UNROLLED / 2)
        for (size_t u = 0; u < UNROLLED / 2; u++) {
            v[i + u] = v[i + u] * 0.5f + 0.5f;
            w[i + u] = w[i + u] * 0.5f + 0.5f;
        }
}

static void update_three(size_t n, vec *v, vec *w, vec *x) {
    for (size_t i = 0; i < n / WIDTH; i += UNROLLED / 2)
        for (size_t u = 0; u < UNROLLED / 2; u++) {
            v[i + u] = v[i + u] * 0.5f + 0.5f;
            w[i + u] = w[i + u] * 0.5f + 0.5f;
            x[i + u] = x[i + u] * 0.5f + 0.5f;
        }
}

void machine_update(size_t n, int arrays, float *const *x) {
    switch (arrays) {
    case 1: update_one(n, (vec *)x[0]); break;
    case 2: update_two(n, (vec *)x[0], (vec *)x[1]); break;
    default: update_three(n, (vec *)x[0], (vec *)x[1], (vec *)x[2]); break;
    }
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
