/* Compared against: libm's double functions (errors below 1e-9 float ulps); the special values of C17 F.10. */
#include "runner/host/vector_math.h"

#include "runner/base/cpu.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

typedef void (*vector_function)(uint64_t n, const float *x, float *y);

static double logistic(double x) {
    return 1 / (1 + exp(-x));
}

static const struct {
    const char *name;
    vector_function function;
    double (*exact)(double x);
    double ulps;   /* allowed: what the header says */
    uint64_t hash; /* FNV-1a of the result's bits for the sweep, NaN as one value; made with gcc -O0 */
} functions[] = {
    {"exp", vector_exp, exp, 1.02, UINT64_C(0x4ce426272e1b2d53)},
    {"log", vector_log, log, 0.93, UINT64_C(0x68cf85b56e4b5949)},
    {"tanh", vector_tanh, tanh, 1.07, UINT64_C(0x8073ebf18947d739)},
    {"erf", vector_erf, erf, 1.09, UINT64_C(0xf29ae8286467434e)},
    {"logistic", vector_logistic, logistic, 2.35, UINT64_C(0x98960dd346906092)},
};
enum { FUNCTIONS = sizeof functions / sizeof functions[0], BLOCK = 4096 };

static float float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* The distance from the exact value in units of its last place as a float. Infinite where the kinds differ. */
static double ulps(float y, double exact) {
    if (isnan(exact) || isnan(y))
        return isnan(exact) && isnan(y) ? 0 : (double)INFINITY;
    if (fabs(exact) <
        (double)FLT_MIN) /* a subnormal result is a zero, but for rounding up to the smallest normal number */
        return y == 0 || (fabsf(y) == FLT_MIN && fabs(exact) > (double)FLT_MIN * (1 - 0x1p-22)) ? 0 : (double)INFINITY;
    if (isinf(y) || isinf((float)exact))
        return y == (float)exact ? 0 : (double)INFINITY;
    int exponent;
    frexp(exact, &exponent);
    return fabs((double)y - exact) / ldexp(1, exponent - FLT_MANT_DIG);
}

/* All floats in steps of 509 (a prime), 8.4 million of them: every exponent, both signs, NaNs and infinities' neighbours. */
static void sweep(int f, double *worst, uint64_t *hash) {
    static float x[BLOCK], y[BLOCK];
    *worst = 0;
    *hash = UINT64_C(0xcbf29ce484222325);
    for (uint64_t bits = 0; bits <= UINT32_MAX;) {
        uint64_t n = 0;
        for (; n < BLOCK && bits <= UINT32_MAX; bits += 509)
            x[n++] = float_of((uint32_t)bits);
        functions[f].function(n, x, y);
        for (uint64_t i = 0; i < n; i++) {
            double argument = fabsf(x[i]) < FLT_MIN ? (double)copysignf(0, x[i]) : (double)x[i];
            double error = ulps(y[i], functions[f].exact(argument));
            if (!(error <= *worst)) {
                *worst = error;
                if (error > functions[f].ulps)
                    print_error("%s(%a) = %a, %g ulps\n", functions[f].name, (double)x[i], (double)y[i], error);
            }
            *hash = (*hash ^ (isnan(y[i]) ? 0x7fc00000u : bits_of(y[i]))) * UINT64_C(0x100000001b3);
        }
    }
}

static void errors_are_as_promised_and_bits_as_recorded(void **state) {
    (void)state;
    for (int level = cpu_level() < 4 ? 3 : 4; level >= 3; level--) {
        cpu_level_limit(level);
        for (int f = 0; f < FUNCTIONS; f++) {
            double worst;
            uint64_t hash;
            sweep(f, &worst, &hash);
            assert_true(worst <= functions[f].ulps);
            assert_true(worst > 0.5); /* the sweep does reach hard values */
            if (hash != functions[f].hash)
                fail_msg("%s, level %d: the bits have the hash 0x%016llx", functions[f].name, level,
                         (unsigned long long)hash);
        }
    }
    cpu_level_limit(4);
}

static void the_logistic_function_is_made_of_exp(void **state) {
    (void)state;
    static float x[BLOCK], e[BLOCK], y[BLOCK];
    for (uint64_t first = 0; first <= UINT32_MAX; first += BLOCK * 509) {
        for (uint64_t i = 0; i < BLOCK; i++) {
            x[i] = float_of((uint32_t)(first + 509 * i));
            e[i] = -fabsf(x[i]);
        }
        vector_exp(BLOCK, e, e);
        vector_logistic(BLOCK, x, y);
        for (int i = 0; i < BLOCK; i++) {
            float wanted = (x[i] < 0 ? e[i] : 1.0f) / (1.0f + e[i]);
            if (bits_of(y[i]) != bits_of(wanted))
                fail_msg("logistic(%a) = %a, not %a", (double)x[i], (double)y[i], (double)wanted);
        }
    }
}

/* A value of every kind, in an order without pattern. */
static void fill(uint64_t n, float *x) {
    static const float special[] = {0,         -0.0f,      INFINITY, -INFINITY, NAN,      1,        -1,
                                    0x1p-149f, -0x1p-130f, FLT_MIN,  -FLT_MIN,  FLT_MAX,  -FLT_MAX, 88.72f,
                                    88.73f,    -87.3f,     -87.4f,   -104,      0x1p-64f, 0.75f,    -0.74999f,
                                    1.0f,      0.9999f,    3.9f,     4,         9,        1e9f};
    uint32_t random = 12345;
    for (uint64_t i = 0; i < n; i++) {
        random = random * 1664525u + 1013904223u;
        if (i % 7 == 3)
            x[i] = special[random / 65536 % (sizeof special / sizeof special[0])];
        else
            x[i] = (float)(int32_t)random * (i % 3 == 0 ? 0x1p-24f : 0x1p-30f);
    }
}

static void bits_do_not_depend_on_place_length_or_alignment(void **state) {
    (void)state;
    enum { N = 300 };
    float x[N], whole[N], part[N + 1];
    fill(N, x);
    for (int f = 0; f < FUNCTIONS; f++) {
        functions[f].function(N, x, whole);
        for (uint64_t first = 0; first < 40; first++)
            for (uint64_t n = 0; n <= 70; n++) {
                part[n] = 42;
                functions[f].function(n, x + first, part);
                assert_memory_equal(part, whole + first, n * sizeof(float));
                assert_true(part[n] == 42);
            }
    }
}

static void the_result_may_replace_the_argument(void **state) {
    (void)state;
    enum { N = 300 };
    float x[N], y[N], again[N];
    fill(N, x);
    for (int f = 0; f < FUNCTIONS; f++)
        for (uint64_t n = 1; n <= N; n += 13) {
            functions[f].function(n, x, y);
            memcpy(again, x, sizeof x);
            functions[f].function(n, again, again);
            assert_memory_equal(again, y, n * sizeof(float));
        }
}

#if defined(__SSE__)
static void bits_do_not_depend_on_flushing_of_subnormals(void **state) {
    (void)state;
    enum { N = 1000 };
    static float x[N], kept[N], flushed[N];
    fill(N, x);
    for (uint32_t i = 0; i < 300; i++) /* small and smallest numbers, and exp's near underflow */
        x[i] = i < 150 ? float_of((i << 17) | (i << 31) | i) : -87 - (float)i * 0.01f;
    for (int f = 0; f < FUNCTIONS; f++) {
        unsigned before = __builtin_ia32_stmxcsr();
        __builtin_ia32_ldmxcsr(before & ~0x8040u);
        functions[f].function(N, x, kept);
        __builtin_ia32_ldmxcsr(before | 0x8040u);
        functions[f].function(N, x, flushed);
        __builtin_ia32_ldmxcsr(before);
        assert_memory_equal(kept, flushed, sizeof kept);
    }
}
#endif

static float one(vector_function function, float x) {
    float y;
    function(1, &x, &y);
    return y;
}

static void assert_same(float y, float wanted) {
    assert_int_equal(bits_of(y), bits_of(wanted));
}

static void special_values_are_those_of_the_standard(void **state) {
    (void)state;
    assert_same(one(vector_exp, 0.0f), 1);
    assert_same(one(vector_exp, -0.0f), 1);
    assert_same(one(vector_exp, INFINITY), INFINITY);
    assert_same(one(vector_exp, -INFINITY), 0);
    assert_same(one(vector_exp, 88.73f), INFINITY);
    assert_same(one(vector_exp, FLT_MAX), INFINITY);
    assert_true(isfinite(one(vector_exp, 88.72f)));
    assert_same(one(vector_exp, -87.34f), 0); /* e^-87.34 = 1.17e-38 is subnormal */
    assert_true(one(vector_exp, -87.33f) >= FLT_MIN);
    assert_same(one(vector_exp, -FLT_MAX), 0);

    assert_same(one(vector_log, 1), 0);
    assert_same(one(vector_log, 0.0f), -INFINITY);
    assert_same(one(vector_log, -0.0f), -INFINITY);
    assert_same(one(vector_log, 0x1p-149f), -INFINITY);
    assert_same(one(vector_log, INFINITY), INFINITY);
    assert_true(isnan(one(vector_log, -1)) && isnan(one(vector_log, -INFINITY)) && isnan(one(vector_log, -FLT_MIN)));

    const vector_function odd[] = {vector_tanh, vector_erf};
    for (int f = 0; f < 2; f++) {
        assert_same(one(odd[f], 0.0f), 0.0f);
        assert_same(one(odd[f], -0.0f), -0.0f);
        assert_same(one(odd[f], INFINITY), 1);
        assert_same(one(odd[f], -INFINITY), -1);
        assert_same(one(odd[f], 9.5f), 1);
        assert_same(one(odd[f], -FLT_MAX), -1);
        assert_same(one(odd[f], -0x1p-149f), -0.0f);
        for (float x = 0; x < 12; x += 0.001f) {
            assert_same(one(odd[f], -x), -one(odd[f], x));
            assert_true(one(odd[f], x) <= 1);
        }
    }
    for (int f = 0; f < FUNCTIONS; f++) {
        assert_true(isnan(one(functions[f].function, NAN)));
        assert_true(isnan(one(functions[f].function, -NAN)));
        assert_true(isnan(one(functions[f].function, float_of(0x7fffffff))));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_are_as_promised_and_bits_as_recorded),
        cmocka_unit_test(the_logistic_function_is_made_of_exp),
        cmocka_unit_test(bits_do_not_depend_on_place_length_or_alignment),
        cmocka_unit_test(the_result_may_replace_the_argument),
#if defined(__SSE__)
        cmocka_unit_test(bits_do_not_depend_on_flushing_of_subnormals),
#endif
        cmocka_unit_test(special_values_are_those_of_the_standard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
