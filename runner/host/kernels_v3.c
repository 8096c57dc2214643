/* Kernels for x86-64-v3: 16 registers of 8 floats. */
#if defined(__x86_64__)
#include "runner/host/kernels.h"

#include <immintrin.h>
#include <stdbool.h>
#include <string.h>

#define WIDTH 8
#define BLOCK_ROWS 6
#define LAST_STEPS 0
#define GROUP_ROWS 96
#define EQUAL_BLOCKS 0
#define DEPTH 1024
#define LOW_ROWS 4
#define LOW_PANEL 3
/* Rows of a group of which some make low blocks; more are cut into blocks of BLOCK_ROWS and one row less, with loops of their own. */
#define MOST_LOW 47
#define WHOLE_DEPTH 64 /* from which on they have these */
#define OWN_LEVEL 1    /* a panel of more than 512 rows does not fit a cache of 32 KiB */
#define PACKED_ROWS GROUP_ROWS
#define PACKED_BLOCKS 64 /* not below SMALL_DEPTH */
#define PACKED_DEPTH 256
#define SPARSE_PANEL 12
#define MASKED_PANEL 6
#define PAIRED_ROWS 16 /* of which 18 KiB stay in a cache of 32 */
#define ROW_PANEL 0    /* a row does not fit the registers */
#define WIDE_PANEL 3
#define MOST_TWOS 5 /* of rows, with two vectors of sums each */
#define HELD_ROWS 6 /* with PANEL vectors of each, as many of c, and a factor they fill the registers */
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

/* Byte i of firsts[x]: where the i'th one of x is. */
#define FIRST(x, bit) ((x) >> (bit)&1 ? (uint64_t)(bit) << 8 * __builtin_popcount((x) & ((1u << (bit)) - 1)) : 0)
#define FIRSTS(x) FIRST(x, 1) | FIRST(x, 2) | FIRST(x, 3) | FIRST(x, 4) | FIRST(x, 5) | FIRST(x, 6) | FIRST(x, 7)
#define FIRSTS_4(x) FIRSTS(x), FIRSTS(x + 1), FIRSTS(x + 2), FIRSTS(x + 3)
#define FIRSTS_16(x) FIRSTS_4(x), FIRSTS_4(x + 4), FIRSTS_4(x + 8), FIRSTS_4(x + 12)
#define FIRSTS_64(x) FIRSTS_16(x), FIRSTS_16(x + 16), FIRSTS_16(x + 32), FIRSTS_16(x + 48)
static const uint64_t firsts[256] = {FIRSTS_64(0u), FIRSTS_64(64u), FIRSTS_64(128u), FIRSTS_64(192u)};

static inline void half_entries(unsigned found, __m128 v, unsigned column, struct sparse_entry *to) {
    const __m128i at = _mm_cvtepu8_epi32(_mm_cvtsi32_si128((int)firsts[found]));
    const __m128 values = _mm_permutevar_ps(v, at);
    const __m128 columns = _mm_castsi128_ps(_mm_add_epi32(at, _mm_set1_epi32((int)column)));
    _mm_storeu_ps((float *)to, _mm_unpacklo_ps(columns, values));
    _mm_storeu_ps((float *)(to + 2), _mm_unpackhi_ps(columns, values));
}

static inline void vec_entries(unsigned found, vec v, unsigned column, struct sparse_entry *to) {
    half_entries(found & 15, _mm256_castps256_ps128(v), column, to);
    half_entries(found >> 4, _mm256_extractf128_ps(v, 1), column + 4, to + __builtin_popcount(found & 15));
}

#define VEC_SEGMENTS

/* Bit i: p[i] is not zero, for 64 bytes. */
static inline uint64_t vec_nonzero_bytes(const unsigned char *p) {
    const __m256i zero = _mm256_setzero_si256();
    const __m256i low = _mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *)p), zero);
    const __m256i high = _mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *)(p + 32)), zero);
    return ~((unsigned)_mm256_movemask_epi8(low) | (uint64_t)(unsigned)_mm256_movemask_epi8(high) << 32);
}

/* Four entries of `pairs`, each a byte of a column and one of a value. */
static inline void byte_entries(__m128i pairs, __m256i column, vec scale, struct sparse_entry *to) {
    const __m256i wide = _mm256_cvtepu8_epi32(pairs);
    const vec columns = _mm256_castsi256_ps(_mm256_add_epi32(wide, column));
    _mm256_storeu_ps((float *)to, _mm256_blend_ps(columns, _mm256_cvtepi32_ps(wide) * scale, 0xaa));
}

/* As vec_entries(), of 8 bytes. */
static inline void vec_byte_entries(unsigned found, const unsigned char *p, vec scale, unsigned column,
                                    struct sparse_entry *to) {
    const __m128i at = _mm_loadl_epi64((const __m128i *)&firsts[found]);
    const __m128i pairs = _mm_unpacklo_epi8(at, _mm_shuffle_epi8(_mm_loadl_epi64((const __m128i *)p), at));
    const __m256i first = _mm256_set1_epi64x(column);
    byte_entries(pairs, first, scale, to);
    byte_entries(_mm_srli_si128(pairs, 8), first, scale, to + 4);
}

/* The values of 8 entries. */
static inline vec vec_values(const struct sparse_entry *p) {
    const vec odd = _mm256_shuffle_ps(_mm256_loadu_ps((const float *)p), _mm256_loadu_ps((const float *)(p + 4)), 0xdd);
    return _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(odd), 0xd8));
}

/* Float j of places[x], for a shuffle of bytes: as many floats on as x has ones below bit j, where that is one; else zero. */
#define ONES_BELOW(x, j) ((unsigned)(((x)&1 & ((j) > 0)) + ((x) >> 1 & 1 & ((j) > 1)) + ((x) >> 2 & 1 & ((j) > 2))))
#define PLACE(x, j) ((x) >> (j)&1 ? 0x03020100u + 0x04040404u * ONES_BELOW(x, j) : 0x80808080u)
#define PLACES(x)                                                                                                      \
    { PLACE(x, 0), PLACE(x, 1), PLACE(x, 2), PLACE(x, 3) }
static const _Alignas(16) unsigned places[16][4] = {
    PLACES(0), PLACES(1), PLACES(2),  PLACES(3),  PLACES(4),  PLACES(5),  PLACES(6),  PLACES(7),
    PLACES(8), PLACES(9), PLACES(10), PLACES(11), PLACES(12), PLACES(13), PLACES(14), PLACES(15)};

static inline __m128 half_spread(const float *p, unsigned found) {
    const __m128i at = _mm_load_si128((const __m128i *)places[found]);
    return _mm_castsi128_ps(_mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)p), at));
}

static inline vec vec_spread(const float *p, unsigned found) {
    const float *rest = p + __builtin_popcount(found & 15);
    return _mm256_set_m128(half_spread(rest, found >> 4), half_spread(p, found & 15));
}

/* Bit i of to[b]: bit b of x[i] is 1, for n of 64 bytes. */
static inline void vec_bits(unsigned long n, const unsigned char *x, uint64_t *to) {
    if (n <= 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)x);
        for (int b = 8; b-- > 0; v = _mm_add_epi8(v, v))
            to[b] = (unsigned)_mm_movemask_epi8(v);
        return;
    }
    __m256i low = _mm256_loadu_si256((const __m256i *)x), high = _mm256_loadu_si256((const __m256i *)(x + 32));
    for (int b = 8; b-- > 0; low = _mm256_add_epi8(low, low), high = _mm256_add_epi8(high, high))
        to[b] = (unsigned)_mm256_movemask_epi8(low) | (uint64_t)(unsigned)_mm256_movemask_epi8(high) << 32;
}

/* Byte b of the word x[i] to byte i of to[b * KERNEL_ROWS], for 8 words. */
static inline void vec_words(const uint64_t *x, unsigned char *to) {
    /* By bytes of pairs of words, by pairs of bytes, then by fours. */
    __m128i w[4], s[4];
    for (int i = 0; i < 4; i++) {
        const __m128i pair = _mm_loadu_si128((const __m128i *)(x + 2 * i));
        w[i] = _mm_unpacklo_epi8(pair, _mm_unpackhi_epi64(pair, pair));
    }
    s[0] = _mm_unpacklo_epi16(w[0], w[1]);
    s[1] = _mm_unpackhi_epi16(w[0], w[1]);
    s[2] = _mm_unpacklo_epi16(w[2], w[3]);
    s[3] = _mm_unpackhi_epi16(w[2], w[3]);
    for (int i = 0; i < 2; i++) {
        w[2 * i] = _mm_unpacklo_epi32(s[i], s[i + 2]);
        w[2 * i + 1] = _mm_unpackhi_epi32(s[i], s[i + 2]);
    }
    for (int i = 0; i < 4; i++) {
        _mm_storel_epi64((__m128i *)(to + 2 * i * KERNEL_ROWS), w[i]);
        _mm_storel_epi64((__m128i *)(to + (2 * i + 1) * KERNEL_ROWS), _mm_unpackhi_epi64(w[i], w[i]));
    }
}

/* By halves: pairs of rows, then of pairs, then of four (the usual network of unpack, shuffle and permute). */
static inline void transpose_8x8(const float *from, unsigned long from_pitch, float *to, unsigned long to_pitch) {
    __m256 r[8], s[8];
    for (unsigned i = 0; i < 8; i++)
        r[i] = _mm256_loadu_ps(from + i * from_pitch);
    for (unsigned i = 0; i < 8; i += 2) {
        s[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
        s[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
    for (unsigned i = 0; i < 8; i += 4)
        for (unsigned j = 0; j < 2; j++) {
            r[i + 2 * j] = _mm256_shuffle_ps(s[i + j], s[i + j + 2], 0x44);
            r[i + 2 * j + 1] = _mm256_shuffle_ps(s[i + j], s[i + j + 2], 0xee);
        }
    for (unsigned i = 0; i < 4; i++) {
        _mm256_storeu_ps(to + i * to_pitch, _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));
        _mm256_storeu_ps(to + (i + 4) * to_pitch, _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
    }
}

/* ---- Vectors of four elements of each of two rows (kernels_fours.h) ---- */

/* The first or second four of 8 floats from x on, and of as many from y on. By blends, of which an AMD Zen makes four in a cycle: an insertion takes a
   unit of the multiply-adds. */
static inline vec vec_halves(const bool second, const float *x, const float *y) {
    return second ? _mm256_blend_ps(_mm256_broadcast_ps((const __m128 *)(x + 4)), _mm256_loadu_ps(y), 0xf0)
                  : _mm256_blend_ps(_mm256_broadcast_ps((const __m128 *)y), _mm256_loadu_ps(x), 0x0f);
}

/* The first n of four. */
static inline vec vec_halves_part(unsigned long n, const float *x, const float *y) {
    const __m128i there = _mm256_castsi256_si128(part(n));
    return _mm256_set_m128(_mm_maskload_ps(y, there), _mm_maskload_ps(x, there));
}

/* Element q of each four: of x's first four twice, of y's first four twice, and so of the second ones. */
static inline vec vec_each_twice(const int q, vec x, vec y) {
    switch (q) {
    case 0: return _mm256_shuffle_ps(x, y, 0x00);
    case 1: return _mm256_shuffle_ps(x, y, 0x55);
    case 2: return _mm256_shuffle_ps(x, y, 0xaa);
    default: return _mm256_shuffle_ps(x, y, 0xff);
    }
}

/* Two floats, four times. */
static inline vec vec_two(const float *p) {
    return _mm256_castpd_ps(_mm256_broadcast_sd((const double *)p));
}

/* x[0], y[0] .. x[3], y[3] */
static inline void vec_twos(const float *x, const float *y, float *to) {
    const __m128 a = _mm_loadu_ps(x), b = _mm_loadu_ps(y);
    _mm_storeu_ps(to, _mm_unpacklo_ps(a, b));
    _mm_storeu_ps(to + 4, _mm_unpackhi_ps(a, b));
}

static inline vec even_middle(vec v) {
    return _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(v), 0xd8));
}

/* Of two rows of 8: the first and the second four columns, element by element of both. */
static inline void vec_part_columns(vec first, vec second, vec *columns) {
    const vec a = even_middle(first), b = even_middle(second);
    columns[0] = _mm256_unpacklo_ps(a, b);
    columns[1] = _mm256_unpackhi_ps(a, b);
}

static inline void vec_join_columns(const vec *columns, vec *rows) {
    rows[0] = even_middle(_mm256_shuffle_ps(columns[0], columns[1], 0x88));
    rows[1] = even_middle(_mm256_shuffle_ps(columns[0], columns[1], 0xdd));
}

/* sum += a b, in its register: where gcc chooses, the sums of all registers wander, and some of them to memory. */
static inline void vec_add_product(vec *sum, vec a, vec b) {
    __asm__("vfmadd231ps %2, %1, %0" : "+x"(*sum) : "x"(a), "x"(b));
}

#include "runner/host/kernels_body.h"

KERNELS(kernels_v3);
#endif
