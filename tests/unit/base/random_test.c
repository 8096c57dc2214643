#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/base/random.h"

#include "runner/base/hash.h"

#include <Random123/philox.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Known answers of philox4x32-10 from Random123's kat_vectors. */
static void philox_gives_the_known_answers(void **state) {
    (void)state;
    static const struct {
        struct random_key key;
        uint64_t row, block;
        uint32_t words[4];
    } cases[] = {
        {{{0, 0}}, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{{0xa4093822, 0x299f31d0}},
         0x85a308d3243f6a88,
         0x0370734413198a2e,
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (unsigned word = 0; word < 4; word++) {
            assert_int_equal(random_bits(cases[i].key, cases[i].row, cases[i].block * 4 + word), cases[i].words[word]);
        }
    }
    /* No index reaches this counter. */
    philox4x32_ctr_t ones = {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}};
    philox4x32_ctr_t block = philox4x32_R(10, ones, (philox4x32_key_t){{0xffffffff, 0xffffffff}});
    static const uint32_t wanted[] = {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd};
    assert_memory_equal(block.v, wanted, sizeof wanted);
}

static void keys_depend_on_all_they_are_made_from(void **state) {
    (void)state;
    struct random_key keys[] = {random_key(0, "order", 0), random_key(1, "order", 0),
                                random_key(0, "order", 1), random_key(0, "orders", 0),
                                random_key(0, "", 0),      random_key(1ULL << 63, "order", 0)};
    for (size_t i = 0; i < 6; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(&keys[i], &keys[j], sizeof keys[i]);
        }
    }
    struct random_key again = random_key(0, "order", 0);
    assert_memory_equal(&again, &keys[0], sizeof again);
}

enum { LENGTH = 1000 };

static void any_cut_of_a_row_gives_the_same_values(void **state) {
    (void)state;
    struct random_key key = random_key(7, "cut", 0);
    const uint64_t start = (1ULL << 40) + 3;
    uint32_t bits[LENGTH], one_bits[LENGTH];
    float whole[3][LENGTH], pieces[3][LENGTH];
    void (*const fill[3])(struct random_key, uint64_t, uint64_t, size_t,
                          float *) = {random_fill_uniform, random_fill_normal, random_fill_truncated_normal};
    random_fill_bits(key, 5, start, LENGTH, bits);
    for (size_t kind = 0; kind < 3; kind++) {
        fill[kind](key, 5, start, LENGTH, whole[kind]);
    }
    for (size_t most = 1; most < 200; most += 13) {
        for (size_t done = 0, step = 0; done < LENGTH; done += step) {
            step = (done * 31 + most) % most + 1;
            step = step < LENGTH - done ? step : LENGTH - done;
            random_fill_bits(key, 5, start + done, step, one_bits + done);
            for (size_t kind = 0; kind < 3; kind++) {
                fill[kind](key, 5, start + done, step, pieces[kind] + done);
            }
        }
        assert_memory_equal(one_bits, bits, sizeof bits);
        assert_memory_equal(pieces, whole, sizeof whole);
    }
    for (size_t i = 0; i < LENGTH; i++) {
        assert_int_equal(random_bits(key, 5, start + i), bits[i]);
    }
    random_fill_bits(key, 6, start, LENGTH, one_bits);
    assert_memory_not_equal(one_bits, bits, sizeof bits);
    random_fill_bits(key, 5, 0, 0, NULL);
}

static void sixty_four_bits_are_two_words_of_the_row(void **state) {
    (void)state;
    struct random_key key = random_key(3, "pairs", 0);
    for (uint64_t i = 0; i < 100; i++) {
        uint64_t pair = (uint64_t)random_bits(key, 9, 2 * i + 1) << 32 | random_bits(key, 9, 2 * i);
        assert_true(random_uniform53(key, 9, i) == (double)(pair >> 11) / 9007199254740992.0);
        assert_true(random_below(key, 9, i, 1ULL << 32) == pair >> 32);
    }
}

/* The values of version 1, from this code itself: who changes them changes every result, and must mean to. */
static void the_bits_are_those_of_the_first_version(void **state) {
    (void)state;
    enum { N = 100000 };
    float *values = malloc(3 * N * sizeof *values);
    assert_non_null(values);
    struct random_key key = random_key(42, "dense_1/kernel", 7);
    assert_int_equal(key.words[0], 0xfa935444);
    assert_int_equal(key.words[1], 0x2635912b);
    random_fill_uniform(key, 1, 0, N, values);
    random_fill_normal(key, 2, 0, N, values + N);
    random_fill_truncated_normal(key, 3, 0, N, values + 2 * N);
    char text[HASH_TEXT_SIZE];
    hash128_write(hash128_of(values, 3 * N * sizeof *values), text);
    free(values);
    assert_string_equal(text, "516030eaa13531e3877f36bded57daa1");
}

struct moments {
    double mean, variance, skewness, kurtosis, least, most;
};

static struct moments moments_of(const float *values, size_t n) {
    struct moments m = {.least = (double)values[0], .most = (double)values[0]};
    for (size_t i = 0; i < n; i++) {
        m.mean += (double)values[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        double d = (double)values[i] - m.mean;
        m.variance += d * d / (double)n;
        m.skewness += d * d * d / (double)n;
        m.kurtosis += d * d * d * d / (double)n;
        m.least = fmin(m.least, (double)values[i]);
        m.most = fmax(m.most, (double)values[i]);
    }
    return m;
}

/* Tolerances are five standard errors or more. The truncated normal's variance is 1 - 4 phi(2) / (2 Phi(2) - 1). */
static void moments_are_those_of_the_distributions(void **state) {
    (void)state;
    enum { N = 1000000 };
    float *values = malloc(N * sizeof *values);
    assert_non_null(values);
    struct random_key key = random_key(1, "moments", 0);
    random_fill_uniform(key, 0, 0, N, values);
    struct moments m = moments_of(values, N);
    assert_true(fabs(m.mean - 0.5) < 0.0015 && fabs(m.variance - 1.0 / 12) < 0.0004);
    assert_true(m.least >= 0 && m.least < 1e-5 && m.most < 1 && m.most > 1 - 1e-5);
    random_fill_normal(key, 0, 0, N, values);
    m = moments_of(values, N);
    assert_true(fabs(m.mean) < 0.005 && fabs(m.variance - 1) < 0.008);
    assert_true(fabs(m.skewness) < 0.02 && fabs(m.kurtosis - 3) < 0.06);
    assert_true(m.least < -4.4 && m.most > 4.4);
    random_fill_truncated_normal(key, 0, 0, N, values);
    m = moments_of(values, N);
    assert_true(fabs(m.mean) < 0.005 && fabs(m.variance - 0.773741) < 0.005);
    assert_true(m.least >= -2 && m.least < -1.999 && m.most <= 2 && m.most > 1.999);
    free(values);
}

/* Computed with mpmath 1.3 at 40 digits from erfc; 0.975 is in every table. */
static void normal_quantiles_are_exact_to_a_few_bits(void **state) {
    (void)state;
    static const struct {
        double p, x;
    } cases[] = {
        {0x1p-33, -6.3379577545537892525},     {1e-10, -6.3613409024040561991},  {0.001, -3.0902323061678135354},
        {0.02425, -1.9729610513118848376},     {0.075, -1.4395314709384559349},  {0.0749999, -1.4395321773759005864},
        {0.3, -0.52440051270804081597},        {0.975, 1.9599639845400538556},   {0.99999, 4.2648907939238407699},
        {0.5000001, 2.5066282733116483012e-7}, {1e-12, -7.0344838253011319326},  {1e-15, -7.9413453261709967713},
        {1e-100, -21.273453560965324294},      {1e-300, -37.047096299361199237},

    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double x = random_normal_quantile(cases[i].p);
        assert_true(fabs(x / cases[i].x - 1) < 2e-15);
    }
    assert_true(random_normal_quantile(0.5) == 0);
    assert_true(fabs(random_normal_quantile(0.975) - 1.959963984540054) < 1e-15);
}

static void quantiles_are_symmetric_and_rise(void **state) {
    (void)state;
    double before = -10;
    for (int i = 1; i < 4096; i++) {
        double x = random_normal_quantile(i / 4096.0);
        assert_true(x > before);
        assert_true(x == -random_normal_quantile(1 - i / 4096.0));
        before = x;
    }
}

/* Computed with mpmath 1.3 at 40 digits. */
static void logarithms_are_exact_to_a_few_bits(void **state) {
    (void)state;
    static const struct {
        double x, log;
    } cases[] = {
        {1.5, 0.40546510810816438198},
        {0.1, -2.3025850929940456285},
        {1e-300, -690.77552789821370518},
        {0x1p-33, -22.873856958478195211},
        {0.9999999, -1.0000000494736474329e-7},
        {1.0000001, 9.9999995058387045178e-8},
        {1.41421356237309, 0.34657359027996911185},
        {1.4142135623731, 0.34657359027997617727},
        {3e300, 691.87414018688181495},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(fabs(random_log(cases[i].x) / cases[i].log - 1) < 5e-16);
    }
    assert_true(random_log(1) == 0);
    struct random_key key = random_key(0, "log", 0);
    for (uint64_t i = 0; i < 100000; i++) { /* the C library's log is within one unit in the last place */
        double x = random_uniform53(key, 0, i) * (i % 2 ? 1 : 2) + 0x1p-60;
        assert_true(fabs(random_log(x) - log(x)) <= 5e-16 * fabs(log(x)));
    }
}

static void draws_below_n_are_even(void **state) {
    (void)state;
    struct random_key key = random_key(4, "below", 0);
    int counts[7] = {0};
    for (uint64_t i = 0; i < 70000; i++) {
        uint64_t draw = random_below(key, 1, i, 7);
        assert_true(draw < 7);
        counts[draw]++;
    }
    for (int i = 0; i < 7; i++) {
        assert_in_range(counts[i], 9500, 10500); /* 5.4 standard deviations */
    }
    assert_int_equal(random_below(key, 0, 0, 1), 0);
}

static void permutations_hold_each_number_once(void **state) {
    (void)state;
    enum { N = 1009 };
    uint32_t order[N], again[N];
    unsigned char seen[N] = {0};
    random_permutation(random_key(1, "order", 0), N, order);
    for (size_t i = 0; i < N; i++) {
        assert_true(order[i] < N && !seen[order[i]]);
        seen[order[i]] = 1;
    }
    random_permutation(random_key(1, "order", 0), N, again);
    assert_memory_equal(order, again, sizeof order);
    random_permutation(random_key(1, "order", 1), N, again);
    assert_memory_not_equal(order, again, sizeof order);
    random_permutation(random_key(1, "order", 1), 0, NULL);
    random_permutation(random_key(1, "order", 1), 1, again);
    assert_int_equal(again[0], 0);
}

static void permutations_take_random_below(void **state) {
    (void)state;
    enum { N = 300 };
    struct random_key key = random_key(1, "order", 2);
    for (size_t n = 0; n <= N; n++) {
        uint32_t wanted[N], order[N];
        for (size_t i = 0; i < n; i++)
            wanted[i] = (uint32_t)i;
        for (size_t i = n; i-- > 1;) {
            size_t j = (size_t)random_below(key, 0, i, i + 1);
            uint32_t swapped = wanted[i];
            wanted[i] = wanted[j];
            wanted[j] = swapped;
        }
        random_permutation(key, n, order);
        assert_memory_equal(order, wanted, n * sizeof *order);
    }
}

/* Each alone, and many at a time. */
static void normal_numbers_are_quantiles(void **state) {
    (void)state;
    enum { N = 20000 };
    static uint32_t words[N];
    static float normal[N], truncated[N];
    struct random_key key = random_key(1, "quantiles", 0);
    random_fill_bits(key, 0, 3, N, words);
    random_fill_normal(key, 0, 3, N, normal);
    random_fill_truncated_normal(key, 0, 3, N, truncated);
    for (size_t i = 0; i < N; i++) {
        double p = ((double)words[i] + 0.5) / 4294967296.0;
        assert_true(normal[i] == (float)random_normal_quantile(p));
        double within = 0.5 + (p - 0.5) * 0.95449973610364158560;
        assert_true(truncated[i] == (float)random_normal_quantile(within));
    }
}

static void all_permutations_are_alike_probable(void **state) {
    (void)state;
    int counts[27] = {0};
    for (uint64_t i = 0; i < 60000; i++) {
        uint32_t order[3];
        random_permutation(random_key(1, "three", i), 3, order);
        counts[order[0] * 9 + order[1] * 3 + order[2]]++;
    }
    int kinds = 0;
    for (int i = 0; i < 27; i++) {
        if (counts[i] > 0) {
            assert_in_range(counts[i], 9540, 10460); /* five standard deviations */
            kinds++;
        }
    }
    assert_int_equal(kinds, 6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_gives_the_known_answers),
        cmocka_unit_test(keys_depend_on_all_they_are_made_from),
        cmocka_unit_test(any_cut_of_a_row_gives_the_same_values),
        cmocka_unit_test(sixty_four_bits_are_two_words_of_the_row),
        cmocka_unit_test(the_bits_are_those_of_the_first_version),
        cmocka_unit_test(moments_are_those_of_the_distributions),
        cmocka_unit_test(normal_quantiles_are_exact_to_a_few_bits),
        cmocka_unit_test(quantiles_are_symmetric_and_rise),
        cmocka_unit_test(logarithms_are_exact_to_a_few_bits),
        cmocka_unit_test(draws_below_n_are_even),
        cmocka_unit_test(permutations_hold_each_number_once),
        cmocka_unit_test(permutations_take_random_below),
        cmocka_unit_test(normal_numbers_are_quantiles),
        cmocka_unit_test(all_permutations_are_alike_probable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
