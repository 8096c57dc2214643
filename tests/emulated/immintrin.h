/*
 * <immintrin.h> for tests of vectors of 512 bits on machines that have none: those of its functions that this project uses, by vectors of 256
 * bits and plain loops, as "Intel 64 and IA-32 Architectures Software Developer's Manual" volume 2 defines the instructions. Found before
 * the compiler's own by what is compiled for such tests (see CMakeLists.txt), which includes nothing else of this folder.
 */
#ifndef EMULATED_IMMINTRIN_H
#define EMULATED_IMMINTRIN_H

#pragma GCC system_header /* include_next is no part of C */

#include <math.h>
#include <stdint.h>
#include <string.h>

#include_next <immintrin.h>

#define EMULATED static __attribute__((noinline, unused))
#define EACH_OF(n, i) for (int i = 0; i < (n); i++)

typedef union {
    __m512 floats;
    __m512i whole;
    __m256 half[2];
    __m128i quarter[4];
    float f[16];
    uint32_t u[16];
    uint64_t q[8];
    unsigned char b[64];
} emulated;

EMULATED emulated emulated_floats(__m512 x) {
    return (emulated){.floats = x};
}

EMULATED emulated emulated_whole(__m512i x) {
    return (emulated){.whole = x};
}

EMULATED __m512i emulated_set1(uint32_t x) {
    emulated r;
    EACH_OF(16, i) r.u[i] = x;
    return r.whole;
}

EMULATED __m512i emulated_setr(const uint32_t x[16]) {
    emulated r;
    memcpy(&r, x, sizeof r);
    return r.whole;
}

/* ---- Memory: lanes without a bit in the mask are neither read nor written ---- */

EMULATED emulated emulated_load(const void *p) {
    emulated r;
    memcpy(&r, p, sizeof r);
    return r;
}

EMULATED void emulated_store(void *p, emulated x) {
    memcpy(p, &x, sizeof x);
}

EMULATED emulated emulated_masked_load(__mmask16 mask, const float *p) {
    emulated r = {.u = {0}};
    EACH_OF(16, i) if (mask >> i & 1) r.f[i] = p[i];
    return r;
}

EMULATED void emulated_masked_store(float *p, __mmask16 mask, emulated x) {
    EACH_OF(16, i) if (mask >> i & 1) p[i] = x.f[i];
}

EMULATED __m512i emulated_masked_bytes(__mmask64 mask, const unsigned char *p) {
    emulated r = {.u = {0}};
    EACH_OF(64, i) if (mask >> i & 1) r.b[i] = p[i];
    return r.whole;
}

EMULATED __m256 emulated_masked_load_256(__mmask8 mask, const float *p) {
    return emulated_masked_load(mask, p).half[0];
}

EMULATED void emulated_masked_store_256(float *p, __mmask8 mask, __m256 x) {
    emulated_masked_store(p, mask, (emulated){.half = {x}});
}

/* ---- Arithmetic ---- */

EMULATED __m512 emulated_fmadd(__m512 a, __m512 b, __m512 c) {
    emulated x = {.floats = a}, y = {.floats = b}, z = {.floats = c};
    EACH_OF(2, h) z.half[h] = _mm256_fmadd_ps(x.half[h], y.half[h], z.half[h]);
    return z.floats;
}

EMULATED __m512 emulated_fnmadd(__m512 a, __m512 b, __m512 c) {
    emulated x = {.floats = a}, y = {.floats = b}, z = {.floats = c};
    EACH_OF(2, h) z.half[h] = _mm256_fnmadd_ps(x.half[h], y.half[h], z.half[h]);
    return z.floats;
}

EMULATED __m512 emulated_sqrt(__m512 a) {
    emulated x = {.floats = a};
    EACH_OF(2, h) x.half[h] = _mm256_sqrt_ps(x.half[h]);
    return x.floats;
}

/* Any value is right whose relative error is below 2^-14: processors differ. These are as wrong as that, too low or too high by lanes. */
EMULATED __m512 emulated_rsqrt14(__m512 a) {
    emulated x = {.floats = a};
    EACH_OF(16, i) {
        const double error = ((x.u[i] >> 3 ^ (unsigned)i) & 1 ? 0.99 : -0.99) * 0x1p-14;
        x.f[i] = (float)((1 + error) / sqrt((double)x.f[i]));
    }
    return x.floats;
}

/* Of kinds _CMP_NEQ_UQ and _CMP_LT_OQ. */
EMULATED __mmask16 emulated_compare(__m512 a, __m512 b, int how) {
    emulated x = {.floats = a}, y = {.floats = b};
    unsigned mask = 0;
    EACH_OF(16, i) mask |= (unsigned)(how == _CMP_NEQ_UQ ? !(x.f[i] == y.f[i]) : x.f[i] < y.f[i]) << i;
    return (__mmask16)mask;
}

EMULATED __m512 emulated_cvtepi32_ps(__m512i a) {
    emulated x = {.whole = a};
    EACH_OF(16, i) x.f[i] = (float)(int32_t)x.u[i];
    return x.floats;
}

EMULATED __m512i emulated_cvtepu8_epi32(__m128i a) {
    emulated x = {.quarter = {a}}, r;
    EACH_OF(16, i) r.u[i] = x.b[i];
    return r.whole;
}

EMULATED __m128i emulated_cvtepi64_epi8(__m512i a) {
    emulated x = {.whole = a}, r = {.u = {0}};
    EACH_OF(8, i) r.b[i] = (unsigned char)x.q[i];
    return r.quarter[0];
}

EMULATED __m512i emulated_add_epi32(__m512i a, __m512i b) {
    emulated x = {.whole = a}, y = {.whole = b};
    EACH_OF(16, i) x.u[i] += y.u[i];
    return x.whole;
}

EMULATED __m512i emulated_srl_epi64(__m512i a, __m128i count) {
    emulated x = {.whole = a}, n = {.quarter = {count}};
    EACH_OF(8, i) x.q[i] = n.q[0] < 64 ? x.q[i] >> n.q[0] : 0;
    return x.whole;
}

EMULATED __mmask64 emulated_test_epi8(__m512i a, __m512i b) {
    emulated x = {.whole = a}, y = {.whole = b};
    __mmask64 mask = 0;
    EACH_OF(64, i) mask |= (__mmask64)((x.b[i] & y.b[i]) != 0) << i;
    return mask;
}

EMULATED __mmask16 emulated_test_epi32(__m512i a, __m512i b) {
    emulated x = {.whole = a}, y = {.whole = b};
    unsigned mask = 0;
    EACH_OF(16, i) mask |= (unsigned)((x.u[i] & y.u[i]) != 0) << i;
    return (__mmask16)mask;
}

/* ---- Order of lanes ---- */

EMULATED __m512i emulated_permutex2var(__m512i a, __m512i order, __m512i b) {
    emulated x = {.whole = a}, y = {.whole = b}, from = {.whole = order}, r;
    EACH_OF(16, i) r.u[i] = (from.u[i] & 16 ? y.u : x.u)[from.u[i] & 15];
    return r.whole;
}

EMULATED __m512i emulated_compress(__mmask16 mask, __m512i a) {
    emulated x = {.whole = a}, r = {.u = {0}};
    int n = 0;
    EACH_OF(16, i) if (mask >> i & 1) r.u[n++] = x.u[i];
    return r.whole;
}

EMULATED __m512 emulated_expand(__mmask16 mask, __m512 a) {
    emulated x = {.floats = a}, r = {.u = {0}};
    int n = 0;
    EACH_OF(16, i) if (mask >> i & 1) r.u[i] = x.u[n++];
    return r.floats;
}

/* By quarters of four lanes. */
EMULATED __m512 emulated_unpack(__m512 a, __m512 b, int high) {
    emulated x = {.floats = a}, y = {.floats = b}, r;
    EACH_OF(16, i) r.u[i] = (i & 1 ? y.u : x.u)[(i & 12) + 2 * high + (i >> 1 & 1)];
    return r.floats;
}

EMULATED __m512 emulated_shuffle(__m512 a, __m512 b, int order) {
    emulated x = {.floats = a}, y = {.floats = b}, r;
    EACH_OF(16, i) r.u[i] = (i & 2 ? y.u : x.u)[(i & 12) + (order >> 2 * (i & 3) & 3)];
    return r.floats;
}

EMULATED __m512 emulated_shuffle_quarters(__m512 a, __m512 b, int order) {
    emulated x = {.floats = a}, y = {.floats = b}, r;
    EACH_OF(4, i) r.quarter[i] = (i & 2 ? y.quarter : x.quarter)[order >> 2 * i & 3];
    return r.floats;
}

/* ---- Names ---- */

#undef _mm512_loadu_ps
#define _mm512_loadu_ps(p) emulated_load(p).floats
#undef _mm512_loadu_si512
#define _mm512_loadu_si512(p) emulated_load(p).whole
#undef _mm512_storeu_ps
#define _mm512_storeu_ps(p, x) emulated_store(p, emulated_floats(x))
#undef _mm512_storeu_si512
#define _mm512_storeu_si512(p, x) emulated_store(p, emulated_whole(x))
#undef _mm512_maskz_loadu_ps
#define _mm512_maskz_loadu_ps(mask, p) emulated_masked_load(mask, p).floats
#undef _mm512_mask_storeu_ps
#define _mm512_mask_storeu_ps(p, mask, x) emulated_masked_store(p, mask, emulated_floats(x))
#undef _mm512_maskz_loadu_epi8
#define _mm512_maskz_loadu_epi8(mask, p) emulated_masked_bytes(mask, p)
#undef _mm256_maskz_loadu_ps
#define _mm256_maskz_loadu_ps(mask, p) emulated_masked_load_256(mask, p)
#undef _mm256_mask_storeu_ps
#define _mm256_mask_storeu_ps(p, mask, x) emulated_masked_store_256(p, mask, x)
#undef _mm512_setzero_ps
#define _mm512_setzero_ps() ((__m512){0})
#undef _mm512_set1_ps
#define _mm512_set1_ps(x) ((float)(x) - (__m512){0})
#undef _mm512_set1_epi32
#define _mm512_set1_epi32(x) emulated_set1((uint32_t)(x))
#undef _mm512_set1_epi8
#define _mm512_set1_epi8(x) emulated_set1((unsigned char)(x)*0x01010101u)
#undef _mm512_setr_epi32
#define _mm512_setr_epi32(...) emulated_setr((const uint32_t[16]){__VA_ARGS__})
#undef _mm512_castps_si512
#define _mm512_castps_si512(x) ((__m512i)(x))
#undef _mm512_castsi512_ps
#define _mm512_castsi512_ps(x) ((__m512)(x))
#undef _mm512_castps512_ps256
#define _mm512_castps512_ps256(x) (emulated_floats(x).half[0])
#undef _mm512_castsi512_si128
#define _mm512_castsi512_si128(x) (emulated_whole(x).quarter[0])
#undef _mm512_extracti32x4_epi32
#define _mm512_extracti32x4_epi32(x, i) (emulated_whole(x).quarter[i])
#undef _mm512_fmadd_ps
#define _mm512_fmadd_ps emulated_fmadd
#undef _mm512_fnmadd_ps
#define _mm512_fnmadd_ps emulated_fnmadd
#undef _mm512_sqrt_ps
#define _mm512_sqrt_ps emulated_sqrt
#undef _mm512_rsqrt14_ps
#define _mm512_rsqrt14_ps emulated_rsqrt14
#undef _mm512_cmp_ps_mask
#define _mm512_cmp_ps_mask(a, b, how) emulated_compare(a, b, how)
#undef _mm512_cvtepi32_ps
#define _mm512_cvtepi32_ps emulated_cvtepi32_ps
#undef _mm512_cvtepu8_epi32
#define _mm512_cvtepu8_epi32 emulated_cvtepu8_epi32
#undef _mm512_cvtepi64_epi8
#define _mm512_cvtepi64_epi8 emulated_cvtepi64_epi8
#undef _mm512_add_epi32
#define _mm512_add_epi32 emulated_add_epi32
#undef _mm512_srl_epi64
#define _mm512_srl_epi64 emulated_srl_epi64
#undef _mm512_test_epi8_mask
#define _mm512_test_epi8_mask emulated_test_epi8
#undef _mm512_test_epi32_mask
#define _mm512_test_epi32_mask emulated_test_epi32
#undef _mm512_permutex2var_epi32
#define _mm512_permutex2var_epi32 emulated_permutex2var
#undef _mm512_maskz_compress_epi32
#define _mm512_maskz_compress_epi32 emulated_compress
#undef _mm512_maskz_expand_ps
#define _mm512_maskz_expand_ps emulated_expand
#undef _mm512_unpacklo_ps
#define _mm512_unpacklo_ps(a, b) emulated_unpack(a, b, 0)
#undef _mm512_unpackhi_ps
#define _mm512_unpackhi_ps(a, b) emulated_unpack(a, b, 1)
#undef _mm512_shuffle_ps
#define _mm512_shuffle_ps emulated_shuffle
#undef _mm512_shuffle_f32x4
#define _mm512_shuffle_f32x4 emulated_shuffle_quarters

/* ---- Level 4 is found, and what is compiled for it is compiled for level 3 ---- */

#define __builtin_cpu_supports(feature) 1
#define target(features) target("avx2,fma")
#endif
