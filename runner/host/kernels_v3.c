/* Kernels for x86-64-v3: 16 registers of 8 floats. */
#if defined(__x86_64__)
#include "runner/host/kernels_avx.h"

#include <stdbool.h>

#define WIDTH 8
#define BLOCK_ROWS 6
#define GROUP_ROWS 96
#define EQUAL_BLOCKS 0
#define DEPTH 256
#define PACKED_ROWS GROUP_ROWS
#define PACKED_DEPTH DEPTH
#define SPARSE_PANEL 12
typedef __m256 vec;

static inline vec vec_fma(vec a, vec b, vec c) {
    return _mm256_fmadd_ps(a, b, c);
}

static inline __m256i part(unsigned long n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

static inline vec vec_load_part(const float *p, unsigned long n) {
    return _mm256_maskload_ps(p, part(n));
}

static inline void vec_store_part(float *p, vec v, unsigned long n) {
    _mm256_maskstore_ps(p, part(n), v);
}

#include "runner/host/kernels_body.h"

KERNELS(kernels_v3);
#endif
