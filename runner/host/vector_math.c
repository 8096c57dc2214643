/*
 * Each function is a scalar one of +, *, /, explicit fused multiply-adds, bit operations and selects, without branches, so that the
 * compiler vectorises the loop over it and every lane has the scalar's bits.
 *
 * The polynomials were fitted for this file: least weighted maximum of the relative error of the function (Lawson's iteration
 * at 600 Chebyshev nodes on values of 40 digits), coefficients rounded to float from the lowest up, each time refitting the rest.
 */
#include "runner/host/vector_math.h"

#include "runner/base/cpu.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define INLINE static inline __attribute__((always_inline))

enum { LANES = 16 }; /* of the longest vector */

INLINE uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

INLINE float float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

INLINE float fma_(float a, float b, float c) {
    return __builtin_fmaf(a, b, c);
}

/* A subnormal number becomes a zero of its sign. */
INLINE float flush(float x) {
    uint32_t bits = bits_of(x);
    return float_of((bits & 0x7f800000u) == 0 ? bits & 0x80000000u : bits);
}

#define SHIFTER 0x1.8p23f /* x + SHIFTER holds x, rounded to an integer, in its lowest bits, for |x| < 2^22 */
#define LOG2_E 0x1.715476p0f
#define LN_2_HIGH 0x1.62e43p-1f
#define LN_2_LOW -0x1.05c610p-29f

#define EXP_HIGH 0x1.62e42ep6f /* above it exp is past FLT_MAX */
#define EXP_LOW -0x1.5d58a0p6f /* up to it, under FLT_MIN; exp_core() gives no subnormal number above it */

#define EXP_0 0x1.fffffcp-2f /* of q(r), below */
#define EXP_1 0x1.555492p-3f
#define EXP_2 0x1.5558bep-5f
#define EXP_3 0x1.1239e0p-7f
#define EXP_4 0x1.6a3fb4p-10f

/* exp for x in (EXP_LOW, EXP_HIGH]: x = k log 2 + r (Cody and Waite 1980; k times the high part and the difference are exact in
   the fma), exp r = 1 + r + r^2 q(r) with |r| <= 0.3475, relative error of the fit 3.2e-9; k goes into the exponent. */
INLINE float exp_core(float x) {
    float shifted = fma_(x, LOG2_E, SHIFTER), k = shifted - SHIFTER;
    float r = fma_(k, -LN_2_LOW, fma_(k, -LN_2_HIGH, x));
    float q = fma_(EXP_4, r, EXP_3);
    q = fma_(q, r, EXP_2);
    q = fma_(q, r, EXP_1);
    q = fma_(q, r, EXP_0);
    float p = 1.0f + fma_(r * r, q, r);
    return float_of(bits_of(p) + (bits_of(shifted) << 23));
}

INLINE float exp_one(float x) {
    float y = exp_core(x);
    y = x > EXP_HIGH ? __builtin_inff() : y;
    y = x <= EXP_LOW ? 0.0f : y;
    return x != x ? x : y;
}

/* From e = exp(-|x|), which never overflows. */
INLINE float logistic_one(float x) {
    float below = float_of(bits_of(x) | 0x80000000u), e = exp_core(below); /* -|x| */
    e = below <= EXP_LOW ? 0.0f : e;
    return (x < 0.0f ? e : 1.0f) / (x != x ? below : 1.0f + e);
}

/* x = 2^k (1 + f) with 1 + f in [sqrt 1/2, sqrt 2); log(1 + f) = f - f^2 / 2 + f^3 q(f), relative error of the fit 5.9e-9. */
INLINE float log_one(float x) {
    uint32_t shifted = bits_of(x) - 0x3f3504f3u; /* bits of sqrt 1/2 */
    float k = (float)((int32_t)shifted >> 23);
    float f = float_of((shifted & 0x7fffffu) + 0x3f3504f3u) - 1.0f;
    float q = -0x1.38c974p-4f;
    q = fma_(q, f, 0x1.055eaep-3f);
    q = fma_(q, f, -0x1.0d8246p-3f);
    q = fma_(q, f, 0x1.22d930p-3f);
    q = fma_(q, f, -0x1.54728ap-3f);
    q = fma_(q, f, 0x1.99a01cp-3f);
    q = fma_(q, f, -0x1.000226p-2f);
    q = fma_(q, f, 0x1.555554p-2f);
    float square = f * f;
    float rest = fma_(k, LN_2_LOW, square * fma_(f, q, -0.5f));
    float y = fma_(k, LN_2_HIGH, f + rest);
    y = x > 0x1.fffffep127f ? x : y;
    y = x < 0x1p-126f ? -__builtin_inff() : y;
    y = x <= -0x1p-126f ? __builtin_nanf("") : y;
    return x != x ? x : y;
}

/* |x| < 0.75: x + x^3 p(x^2), relative error of the fit 1.7e-9; else 1 - 2 / (1 + exp 2|x|), which is 1 from 9.02 on. */
INLINE float tanh_one(float x) {
    float size = __builtin_fabsf(flush(x)), square = size * size;
    float p = 0x1.c89750p-10f;
    p = fma_(p, square, -0x1.f662fep-8f);
    p = fma_(p, square, 0x1.5f9082p-6f);
    p = fma_(p, square, -0x1.b98108p-5f);
    p = fma_(p, square, 0x1.110ddap-3f);
    p = fma_(p, square, -0x1.55554ap-2f);
    float small = fma_(size * square, p, size);
    float large = 1.0f - 2.0f / (1.0f + exp_core(size < 10.0f ? 2.0f * size : 20.0f));
    float y = __builtin_copysignf(size < 0.75f ? small : large, x);
    return x != x ? x : y;
}

/* |x| < 1: x + x p(x^2), relative error of the fit 1.5e-9; else 1 - exp(l(|x|)) with l fitted to log erfc on [1, 4], relative
   error of erf 1.1e-9; erf is 1 from 3.92 on. */
INLINE float erf_one(float x) {
    float size = __builtin_fabsf(flush(x)), square = size * size;
    float p = 0x1.4771fcp-14f;
    p = fma_(p, square, -0x1.a3515ep-11f);
    p = fma_(p, square, 0x1.53f224p-8f);
    p = fma_(p, square, -0x1.b7f71ap-6f);
    p = fma_(p, square, 0x1.ce2ce6p-4f);
    p = fma_(p, square, -0x1.81273ep-2f);
    p = fma_(p, square, 0x1.06eba8p-3f);
    float small = fma_(size, p, size);
    float cut = size < 4.0f ? size : 4.0f;
    float l = 0x1.86ddc6p-13f;
    l = fma_(l, cut, -0x1.825ab0p-9f);
    l = fma_(l, cut, 0x1.65cb36p-6f);
    l = fma_(l, cut, -0x1.a6531ep-4f);
    l = fma_(l, cut, -0x1.46baf0p-1f);
    l = fma_(l, cut, -0x1.2088eap0f);
    l = fma_(l, cut, -0x1.661ce8p-12f);
    float y = __builtin_copysignf(size < 1.0f ? small : 1.0f - exp_core(l), x);
    return x != x ? x : y;
}

#define LOOP(name, one)                                                                                                \
    static void name(uint64_t n, const float *x, float *y) {                                                           \
        for (uint64_t i = 0; i < n; i++)                                                                               \
            y[i] = one(x[i]);                                                                                          \
    }

/* Two copies of each loop, by hand: target_clones is missing in clang 14, and its ifuncs run before the sanitizers' set-up. */
#if defined(__x86_64__)
#define WIDE __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq")))
/* What is left behind whole vectors is part of one, and no loop of its own. */
#define LOOP_WIDE(name, one)                                                                                           \
    WIDE static void name(uint64_t n, const float *x, float *y) {                                                      \
        float values[LANES];                                                                                           \
        uint64_t i = 0;                                                                                                \
        for (; i + LANES <= n; i += LANES) {                                                                           \
            for (uint64_t j = 0; j < LANES; j++)                                                                       \
                values[j] = one(x[i + j]);                                                                             \
            memcpy(y + i, values, sizeof values);                                                                      \
        }                                                                                                              \
        if (i == n)                                                                                                    \
            return;                                                                                                    \
        const __mmask16 rest = (__mmask16)((1u << (n - i)) - 1);                                                       \
        _mm512_storeu_ps(values, _mm512_maskz_loadu_ps(rest, x + i));                                                  \
        for (uint64_t j = 0; j < LANES; j++)                                                                           \
            values[j] = one(values[j]);                                                                                \
        _mm512_mask_storeu_ps(y + i, rest, _mm512_loadu_ps(values));                                                   \
    }
#define VECTOR(function, one)                                                                                          \
    LOOP(one##_base, one)                                                                                              \
    LOOP_WIDE(one##_wide, one)                                                                                         \
    void function(uint64_t n, const float *x, float *y) {                                                              \
        if (cpu_level() >= 4 && n >= LANES)                                                                            \
            one##_wide(n, x, y);                                                                                       \
        else                                                                                                           \
            one##_base(n, x, y);                                                                                       \
    }
#else
#define VECTOR(function, one)                                                                                          \
    LOOP(one##_base, one)                                                                                              \
    void function(uint64_t n, const float *x, float *y) {                                                              \
        one##_base(n, x, y);                                                                                           \
    }
#endif

VECTOR(vector_exp, exp_one)
VECTOR(vector_log, log_one)
VECTOR(vector_tanh, tanh_one)
VECTOR(vector_erf, erf_one)

#if defined(__x86_64__)
enum { SIDE = 4, SIDE_FLOATS = SIDE * 8 };

#define ALL(x) _mm256_set1_ps(x)
#if defined(__clang__)
#define SIDE_BY_SIDE _Pragma("unroll") for (int i = 0; i < SIDE; i++)
#else
#define SIDE_BY_SIDE _Pragma("GCC unroll 4") for (int i = 0; i < SIDE; i++)
#endif

/* logistic_one() of several vectors side by side: of one after another a core does not see far enough ahead to fill the time that a chain of
   operations takes. Nothing is selected by comparing floats, which takes a unit of the multiply-adds. */
INLINE void logistic_side(const __m256 x[SIDE], float *y) {
    __m256 below[SIDE], shifted[SIDE], k[SIDE], r[SIDE], q[SIDE], e[SIDE];
    SIDE_BY_SIDE below[i] = _mm256_or_ps(x[i], ALL(-0.0f)); /* -|x| */
    SIDE_BY_SIDE shifted[i] = _mm256_fmadd_ps(below[i], ALL(LOG2_E), ALL(SHIFTER));
    SIDE_BY_SIDE k[i] = shifted[i] - ALL(SHIFTER);
    SIDE_BY_SIDE r[i] = _mm256_fmadd_ps(k[i], ALL(-LN_2_HIGH), below[i]);
    SIDE_BY_SIDE r[i] = _mm256_fmadd_ps(k[i], ALL(-LN_2_LOW), r[i]);
    SIDE_BY_SIDE q[i] = _mm256_fmadd_ps(ALL(EXP_4), r[i], ALL(EXP_3));
    SIDE_BY_SIDE q[i] = _mm256_fmadd_ps(q[i], r[i], ALL(EXP_2));
    SIDE_BY_SIDE q[i] = _mm256_fmadd_ps(q[i], r[i], ALL(EXP_1));
    SIDE_BY_SIDE q[i] = _mm256_fmadd_ps(q[i], r[i], ALL(EXP_0));
    SIDE_BY_SIDE e[i] = ALL(1) + _mm256_fmadd_ps(r[i] * r[i], q[i], r[i]);
    SIDE_BY_SIDE {
        const __m256i power = _mm256_slli_epi32(_mm256_castps_si256(shifted[i]), 23);
        const __m256i bits = _mm256_add_epi32(_mm256_castps_si256(e[i]), power);
        /* Of negative floats the larger one has the smaller bits: false up to EXP_LOW, and for NaN. */
        const __m256i above = _mm256_cmpgt_epi32(_mm256_castps_si256(ALL(EXP_LOW)), _mm256_castps_si256(below[i]));
        e[i] = _mm256_castsi256_ps(_mm256_and_si256(bits, above));
    }
    SIDE_BY_SIDE {
        const __m256 above = _mm256_blendv_ps(ALL(1), e[i], x[i]); /* of -0, e is 1, too */
        const __m256 sum = _mm256_max_ps(ALL(1) + e[i], below[i]); /* which is `below` where that is NaN */
        _mm256_storeu_ps(y + i * 8, above / sum);
    }
}

INLINE void load_side(const float *x, __m256 to[SIDE]) {
    SIDE_BY_SIDE to[i] = _mm256_loadu_ps(x + i * 8);
}

/* What is left at the end is made with some values before it, read first: y may be x. */
static void logistic_sides(uint64_t n, const float *x, float *y) {
    __m256 side[SIDE], last[SIDE];
    load_side(x + n - SIDE_FLOATS, last);
    for (uint64_t i = 0; i + SIDE_FLOATS <= n; i += SIDE_FLOATS) {
        load_side(x + i, side);
        logistic_side(side, y + i);
    }
    if (n % SIDE_FLOATS > 0)
        logistic_side(last, y + n - SIDE_FLOATS);
}

LOOP(logistic_base, logistic_one)
LOOP_WIDE(logistic_wide, logistic_one)

void vector_logistic(uint64_t n, const float *x, float *y) {
    if (cpu_level() >= 4 && n >= LANES)
        logistic_wide(n, x, y);
    else if (n >= SIDE_FLOATS)
        logistic_sides(n, x, y);
    else
        logistic_base(n, x, y);
}
#else
VECTOR(vector_logistic, logistic_one)
#endif
