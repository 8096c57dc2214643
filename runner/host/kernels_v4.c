/* Kernels for x86-64-v4: 32 registers of 16 floats. Compiled for it (cmake/Components.cmake); run only where kernels_get() finds it. */
#if defined(__x86_64__)
#include "runner/host/kernels_avx.h"

#include <stdbool.h>

#define WIDTH 16
#define BLOCK_ROWS 12
#define GROUP_ROWS 192
#define EQUAL_BLOCKS 1
#define DEPTH 1024
#define PACKED_ROWS 64
#define PACKED_DEPTH 256
#define SPARSE_PANEL 8
#define ROW_PANEL 16
typedef __m512 vec;

static inline vec vec_fma(vec a, vec b, vec c) {
    return _mm512_fmadd_ps(a, b, c);
}

static inline vec vec_load_part(const float *p, unsigned long n) {
    return _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
}

static inline void vec_store_part(float *p, vec v, unsigned long n) {
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), v);
}

#include "runner/host/kernels_body.h"

KERNELS(kernels_v4);
#endif
