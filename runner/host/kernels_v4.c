/* Kernels for x86-64-v4: 32 registers of 16 floats. Compiled for it (cmake/Components.cmake); run only where kernels_get() finds it. */
#if defined(__x86_64__)
#include "runner/host/kernels.h"

#include <immintrin.h>
#include <stdbool.h>

#define WIDTH 16
#define BLOCK_ROWS 13
#define LAST_STEPS 2
#define GROUP_ROWS 192
#define EQUAL_BLOCKS 1
#define DEPTH 1024
#define PACKED_ROWS 64
#define PACKED_DEPTH 100 /* so that packed rows and a panel share the first-level cache */
#define SPARSE_PANEL 8
#define MASKED_PANEL 8
#define PAIRED_ROWS 0
#define ROW_PANEL 16
#define WIDE_PANEL 4
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

static inline unsigned vec_nonzero(vec v) {
    return _mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_NEQ_UQ);
}

#define VEC_SEGMENTS

#define VEC_ALL_BYTES

/* n <= 64 bytes, and zeros behind them, as floats. Bit i of the result: p[i] is not zero. */
static inline uint64_t vec_all_bytes(const unsigned char *p, unsigned long n, vec v[4]) {
    const __m512i x = _mm512_maskz_loadu_epi8(n < 64 ? (UINT64_C(1) << n) - 1 : UINT64_MAX, p);
    v[0] = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm512_castsi512_si128(x)));
    v[1] = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(x, 1)));
    v[2] = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(x, 2)));
    v[3] = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(x, 3)));
    return _mm512_test_epi8_mask(x, x);
}

/* The values of 16 entries, and as many values as `found` has ones in their places. */
static inline vec vec_values(const struct sparse_entry *p) {
    const __m512i odd = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    return _mm512_castsi512_ps(
        _mm512_permutex2var_epi32(_mm512_loadu_si512(p), odd, _mm512_loadu_si512((const char *)p + sizeof(vec))));
}

static inline vec vec_spread(const float *p, unsigned found) {
    return _mm512_maskz_expand_ps((__mmask16)found, _mm512_loadu_ps(p));
}

/* Bit i of to[b]: bit b of x[i] is 1, for n of 64 bytes, behind which the others are zero. */
static inline void vec_bits(unsigned long n, const unsigned char *x, uint64_t *to) {
    (void)n;
    const __m512i v = _mm512_loadu_si512(x);
    for (int b = 0; b < 8; b++)
        to[b] = _mm512_test_epi8_mask(v, _mm512_set1_epi8((char)(1 << b)));
}

/* Byte b of the word x[i] to byte i of to[b * KERNEL_ROWS], for 8 words. */
static inline void vec_words(const uint64_t *x, unsigned char *to) {
    const __m512i v = _mm512_loadu_si512(x);
    for (int b = 0; b < 8; b++)
        _mm_storel_epi64((__m128i *)(to + b * KERNEL_ROWS),
                         _mm512_cvtepi64_epi8(_mm512_srl_epi64(v, _mm_cvtsi32_si128(8 * b))));
}

/* Columns and values in pairs, those of the first half of the registers or of the second. A compressed store to memory takes an AMD Zen
   some 100 cycles. */
static inline void vec_entries(unsigned found, vec v, unsigned column, struct sparse_entry *to) {
    const __m512i places = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const __m512i high = _mm512_add_epi32(low, _mm512_set1_epi32(8));
    const __mmask16 those = (__mmask16)found;
    __m512i columns = _mm512_maskz_compress_epi32(those, _mm512_add_epi32(places, _mm512_set1_epi32((int)column)));
    __m512i values = _mm512_maskz_compress_epi32(those, _mm512_castps_si512(v));
    _mm512_storeu_si512(to, _mm512_permutex2var_epi32(columns, low, values));
    if (__builtin_popcount(found) > 8)
        _mm512_storeu_si512(to + 8, _mm512_permutex2var_epi32(columns, high, values));
}

#define HALF 8
typedef __m256 half;

static inline half half_of(vec v) {
    return _mm512_castps512_ps256(v);
}

static inline half half_fma(half a, half b, half c) {
    return _mm256_fmadd_ps(a, b, c);
}

static inline half half_load_part(const float *p, unsigned long n) {
    return _mm256_maskz_loadu_ps((__mmask8)((1u << n) - 1), p);
}

static inline void half_store_part(float *p, half v, unsigned long n) {
    _mm256_mask_storeu_ps(p, (__mmask8)((1u << n) - 1), v);
}

#define SQUARE 16

/* The rows of a square become its columns: by pairs of rows, of pairs, of fours and of eights. */
__attribute__((always_inline)) static inline void transpose_square(vec t[SQUARE]) {
    vec s[SQUARE];
#pragma GCC unroll 16
    for (int i = 0; i < SQUARE; i += 2) {
        s[i] = _mm512_unpacklo_ps(t[i], t[i + 1]);
        s[i + 1] = _mm512_unpackhi_ps(t[i], t[i + 1]);
    }
#pragma GCC unroll 16
    for (int i = 0; i < SQUARE; i += 4) {
        t[i] = _mm512_shuffle_ps(s[i], s[i + 2], 0x44);
        t[i + 1] = _mm512_shuffle_ps(s[i], s[i + 2], 0xee);
        t[i + 2] = _mm512_shuffle_ps(s[i + 1], s[i + 3], 0x44);
        t[i + 3] = _mm512_shuffle_ps(s[i + 1], s[i + 3], 0xee);
    }
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) {
        vec low = _mm512_shuffle_f32x4(t[j], t[j + 4], 0x88), low_odd = _mm512_shuffle_f32x4(t[j], t[j + 4], 0xdd);
        vec high = _mm512_shuffle_f32x4(t[j + 8], t[j + 12], 0x88);
        vec high_odd = _mm512_shuffle_f32x4(t[j + 8], t[j + 12], 0xdd);
        s[j] = _mm512_shuffle_f32x4(low, high, 0x88);
        s[j + 4] = _mm512_shuffle_f32x4(low_odd, high_odd, 0x88);
        s[j + 8] = _mm512_shuffle_f32x4(low, high, 0xdd);
        s[j + 12] = _mm512_shuffle_f32x4(low_odd, high_odd, 0xdd);
    }
#pragma GCC unroll 16
    for (int i = 0; i < SQUARE; i++)
        t[i] = s[i];
}

#include "runner/host/kernels_body.h"

KERNELS(kernels_v4);
#endif
