/* Adam's steps by vectors (plugins/optimizers/adam_vectors.h) against its plain loops: the same bits, for all mantissas of
   the mean square and for what the estimates are not made for. The loops of both levels are run where this processor has them. */
#include "plugins/optimizers/adam_vectors.h"

#include "runner/base/cpu.h"
#include "runner/train/step.h"
#include "runner/train/thread_numbers.h"
#include "tests/sanitized.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#if defined(__x86_64__)

enum { N = 1024 + 11 /* with a part of a group */ };
/* From one run of mantissas to the next: sanitizers look at memory, which is the same for all. */
enum { NEXT = SANITIZED ? 61 * N : N };

static float plain[3][N], vectors[3][N];

static float of_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static struct zero_steps steps_of(uint64_t count, double beta_1, double beta_2) {
    struct zero_steps steps = {.count = count, .gain_1 = (float)(1 - beta_1), .gain_2 = (float)(1 - beta_2)};
    steps.fall = (float)sqrt(1 - (double)steps.gain_2);
    steps.rise = (float)(1 / sqrt(1 - (double)steps.gain_2));
    for (uint64_t k = 0; k < count; k++) {
        steps.alpha[k] = 0.001f * (1 + (float)k / 32);
        steps.epsilon[k] = k % 2 == 0 ? 0.0f : 1e-7f; /* 0: the root itself divides */
    }
    return steps;
}

/* Weights of 0 keep every bit of the quotients, and others show that they are not mixed up. */
static void set(uint64_t i, float square) {
    plain[0][i] = i % 2 == 0 ? 0.0f : 0.01f * (float)(i % 61);
    plain[1][i] = 1e-3f * (float)(1 + i % 89);
    plain[2][i] = square;
}

static void compare(const struct zero_steps *steps, uint64_t n) {
    static float wanted[3][N];
    memcpy(wanted, plain, sizeof wanted);
    zeros_plain(steps, n, wanted[0], wanted[1], wanted[2]);
    for (int level = 3; level <= cpu_level(); level++) {
        memcpy(vectors, plain, sizeof vectors);
        (level == 3 ? zeros_v3 : zeros_v4)(steps, n, vectors[0], vectors[1], vectors[2]);
        for (int a = 0; a < 3; a++)
            if (memcmp(vectors[a], wanted[a], n * sizeof(float)) != 0)
                fail_msg("level %d, %d steps, v from %a: array %d differs", level, (int)steps->count,
                         (double)plain[2][0], a);
    }
}

/* Two factors of 2, since a root's mantissa tells whether the exponent is odd. */
static void all_mantissas(void **state) {
    (void)state;
    unsigned before = thread_numbers_set();
    for (uint32_t first = 0x3f800000; first < 0x40800000; first += NEXT) {
        for (uint32_t i = 0; i < N; i++)
            set(i, of_bits(first + i));
        static const double betas[][2] = {{0.9, 0.999}, {0.5, 0.95}, {0.99, 0.5}};
        for (int b = 0; b < 3; b++) {
            struct zero_steps steps = steps_of(ZERO_STEPS, betas[b][0], betas[b][1]);
            compare(&steps, N);
        }
    }
    thread_numbers_restore(before);
}

static void all_exponents_and_counts(void **state) {
    (void)state;
    unsigned before = thread_numbers_set();
    for (uint64_t count = 1; count <= ZERO_STEPS; count++) {
        struct zero_steps steps = steps_of(count, 0.9, 0.999);
        for (uint32_t e = 0; e < 512; e++) { /* with signs, subnormals, infinity and NaN */
            for (uint32_t i = 0; i < N; i++)
                set(i, of_bits((e << 23) + i * 8101u));
            compare(&steps, N);
        }
    }
    thread_numbers_restore(before);
}

/* One odd value among good ones, at each place of a group. */
static void values_in_doubt_alone(void **state) {
    (void)state;
    static const float odd[] = {0, -0.0f, 1e-40f, 0x1p-77f, 0x1p-76f, 3e38f, -1, INFINITY, NAN};
    struct zero_steps steps = steps_of(5, 0.9, 0.999);
    for (size_t o = 0; o < sizeof odd / sizeof odd[0]; o++)
        for (uint64_t place = 0; place < 100; place++) {
            for (uint64_t i = 0; i < N; i++)
                set(i, 1e-6f * (float)(1 + i));
            plain[2][place] = odd[o];
            compare(&steps, 100);
        }
}

static void runs_of_all_lengths(void **state) {
    (void)state;
    struct zero_steps steps = steps_of(7, 0.9, 0.999);
    for (uint64_t n = 0; n < 200; n++) {
        for (uint64_t i = 0; i < N; i++)
            set(i, 1e-6f * (float)(1 + i));
        compare(&steps, n);
    }
}

/* With gradients: g where `outer` is 0, else x g. The new mean squares are those of the slot plus a share of g^2 - v. */
static void compare_steps(const struct adam_step *step, const float *g, uint64_t n) {
    static float wanted[3][N];
    memcpy(wanted, plain, sizeof wanted);
    step_plain(step, n, wanted[0], g, wanted[1], wanted[2]);
    for (int level = n < 2 * NARROW ? 4 : 3; level <= cpu_level(); level++) {
        memcpy(vectors, plain, sizeof vectors);
        (level == 3 ? step_v3 : step_v4)(step, n, vectors[0], g, vectors[1], vectors[2]);
        for (int a = 0; a < 3; a++)
            if (memcmp(vectors[a], wanted[a], n * sizeof(float)) != 0)
                fail_msg("level %d, outer %d, v from %a: array %d differs", level, step->outer, (double)plain[2][0], a);
    }
}

static void steps_with_gradients(void **state) {
    (void)state;
    static float g[N];
    struct adam_step step = {.alpha = 0.001f, .gain_1 = 0.1f, .gain_2 = 0, .x = -0.7f};
    unsigned before = thread_numbers_set();
    for (uint32_t shift = 0; shift < 3; shift++) /* so that each place of a group has every mantissa */
        for (uint32_t first = 0x3f800000 - shift * 16; first < 0x40800000; first += NEXT) {
            for (uint32_t i = 0; i < N; i++) {
                set(i, of_bits(first + i));
                g[i] = i % 7 == 0 ? 0 : 0.01f * (float)(i % 13);
            }
            compare_steps(&step, g, N);
        }
    for (uint32_t e = 0; e < 512; e++) {
        for (uint32_t i = 0; i < N; i++)
            set(i, of_bits((e << 23) + i * 8101u));
        g[e % N] = e % 2 == 0 ? 1e30f : 1e-30f; /* an infinite square */
        step.outer = e % 3 == 0;
        step.gain_2 = 0;
        compare_steps(&step, g, N);
        step.gain_2 = 0.001f;
        compare_steps(&step, g, N);
    }
    for (uint64_t i = 0; i < N; i += 2) /* whose sign that of a product must not change */
        plain[1][i] = i % 4 == 0 ? 0.0f : -0.0f;
    step.epsilon = 1e-7f;
    for (step.outer = 0; step.outer < 2; step.outer++)
        for (uint64_t n = 0; n < 200; n++)
            compare_steps(&step, g, n);
    thread_numbers_restore(before);
}

static void slots_fade(void **state) {
    (void)state;
    static const float gains[] = {0.1f, 0.001f, 1.0f};
    for (uint64_t n = 0; n < 300; n++)
        for (int g = 0; g < 3; g++) {
            float wanted[300], x[300];
            for (int level = 3; level <= cpu_level(); level++) {
                for (uint64_t i = 0; i < n; i++)
                    wanted[i] = x[i] = i % 3 == 0 || i < 128 ? (n % 2 == 0 ? 0.0f : -0.0f) : 1e-3f * (float)i;
                fade_plain(40, gains[g], n, wanted);
                (level == 3 ? fade_v3 : fade_v4)(40, gains[g], n, x);
                assert_memory_equal(x, wanted, n * sizeof(float));
            }
        }
}

/* What the plain loops leave out against step() with a gradient of 0. */
static void a_slot_fades_as_by_a_gradient_of_0(void **state) {
    (void)state;
    for (uint64_t i = 0; i < UINT64_C(1) << 32; i += 4099) {
        volatile float x = of_bits((uint32_t)i), gain = 0.1f, moved = x;
        moved += (0.0f - x) * gain;
        volatile float shorter = faded(x, gain);
        if (x == x && memcmp((const void *)&shorter, (const void *)&moved, sizeof x) != 0)
            fail_msg("%a", (double)x);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_mantissas),
        cmocka_unit_test(all_exponents_and_counts),
        cmocka_unit_test(values_in_doubt_alone),
        cmocka_unit_test(runs_of_all_lengths),
        cmocka_unit_test(steps_with_gradients),
        cmocka_unit_test(slots_fade),
        cmocka_unit_test(a_slot_fades_as_by_a_gradient_of_0),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else
int main(void) {
    return 77; /* skipped */
}
#endif
