/* Kernels for x86-64-v3: 16 registers of 8 floats. */
#if defined(__x86_64__)
#include "runner/host/kernels.h"
#include "runner/host/kernels_avx.h"

#include <stdbool.h>

#define WIDTH 8
#define BLOCK_ROWS 6
#define LAST_STEPS 0
#define GROUP_ROWS 96
#define EQUAL_BLOCKS 0
#define DEPTH 512
#define LOW_ROWS 4
#define LOW_PANEL 3
#define OWN_LEVEL 1 /* a panel of DEPTH rows fills a cache of 32 KiB */
#define PACKED_ROWS GROUP_ROWS
#define PACKED_DEPTH 256
#define SPARSE_PANEL 12
#define ROW_PANEL 0 /* a row does not fit the registers */
#define WIDE_PANEL 3
typedef __m256 vec;

static inline vec vec_fma(vec a, vec b, vec c) {
    return _mm256_fmadd_ps(a, b, c);
}

static inline __m256i part(unsigned long n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

static inline vec vec_load_part(const float *p, unsigned long n) {
    if (__builtin_constant_p(n == WIDTH / 2) && n == WIDTH / 2)
        return _mm256_zextps128_ps256(_mm_loadu_ps(p));
    return _mm256_maskload_ps(p, part(n));
}

/* By halves: a masked store takes an AMD Zen some 20 cycles. */
static inline void vec_store_part(float *p, vec v, unsigned long n) {
    __m128 half = _mm256_castps256_ps128(v);
    if (n & 8) {
        _mm256_storeu_ps(p, v);
        return;
    }
    if (n & 4) {
        _mm_storeu_ps(p, half);
        half = _mm256_extractf128_ps(v, 1);
        p += 4;
    }
    if (n & 2) {
        _mm_storel_pi((__m64 *)p, half);
        half = _mm_movehl_ps(half, half);
        p += 2;
    }
    if (n & 1)
        _mm_store_ss(p, half);
}

static inline unsigned vec_nonzero(vec v) {
    return (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(v, _mm256_setzero_ps(), _CMP_NEQ_UQ));
}

static inline void vec_entries(unsigned found, vec v, unsigned column, struct sparse_entry *to) {
    float values[WIDTH];
    _mm256_storeu_ps(values, v);
    if (found == (1u << WIDTH) - 1) {
        for (unsigned i = 0; i < WIDTH; i++)
            to[i] = (struct sparse_entry){column + i, values[i]};
        return;
    }
    for (unsigned left = found; left != 0; left &= left - 1) {
        const unsigned i = (unsigned)__builtin_ctz(left);
        *to++ = (struct sparse_entry){column + i, values[i]};
    }
}

#include "runner/host/kernels_body.h"

KERNELS(kernels_v3);
#endif
