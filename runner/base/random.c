#include "runner/base/random.h"

#include "runner/base/philox.h"
#include "runner/base/text.h"

#include <Random123/philox.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>
#include <xxhash.h>

__extension__ typedef unsigned __int128 uint128;

enum { WORDS = 4, CHUNK = 256 };

static void add_u64(struct text *text, uint64_t number) {
    for (int i = 0; i < 8; i++) {
        text_add_char(text, (char)(unsigned char)(number >> (8 * i)));
    }
}

struct random_key random_key(uint64_t seed, const char *stream, uint64_t number) {
    struct text bytes;
    text_init(&bytes);
    add_u64(&bytes, seed);
    text_add(&bytes, stream);
    add_u64(&bytes, number);
    uint64_t hash = XXH3_64bits(bytes.data, bytes.length);
    text_clear(&bytes);
    return (struct random_key){{(uint32_t)hash, (uint32_t)(hash >> 32)}};
}

static inline philox4x32_ctr_t block_of(struct random_key key, uint64_t row, uint64_t block) {
    philox4x32_ctr_t counter = {{(uint32_t)row, (uint32_t)(row >> 32), (uint32_t)block, (uint32_t)(block >> 32)}};
    return philox4x32_R(10, counter, (philox4x32_key_t){{key.words[0], key.words[1]}});
}

uint32_t random_bits(struct random_key key, uint64_t row, uint64_t index) {
    return block_of(key, row, index / WORDS).v[index % WORDS];
}

/* Words 2*index, 2*index + 1: a pair never straddles two blocks. */
static uint64_t random_bits64(struct random_key key, uint64_t row, uint64_t index) {
    philox4x32_ctr_t block = block_of(key, row, index / 2);
    size_t word = index % 2 * 2;
    return (uint64_t)block.v[word + 1] << 32 | block.v[word];
}

double random_uniform53(struct random_key key, uint64_t row, uint64_t index) {
    return (double)(random_bits64(key, row, index) >> 11) * 0x1p-53;
}

/* The 64 bits as a fraction, times n. */
static inline uint64_t below(uint64_t bits, uint64_t n) {
    return (uint64_t)((uint128)bits * n >> 64);
}

uint64_t random_below(struct random_key key, uint64_t row, uint64_t index, uint64_t n) {
    return below(random_bits64(key, row, index), n);
}

void random_fill_bits(struct random_key key, uint64_t row, uint64_t first, size_t n, uint32_t *out) {
    size_t i = 0;
    for (; i < n && (first + i) % WORDS; i++) {
        out[i] = random_bits(key, row, first + i);
    }
    philox_blocks(key.words, row, (first + i) / WORDS, (n - i) / WORDS, out + i);
    i += (n - i) / WORDS * WORDS;
    for (; i < n; i++) {
        out[i] = random_bits(key, row, first + i);
    }
}

/* x = m 2^e with m in [sqrt 1/2, sqrt 2), and log m = 2 atanh((m - 1)/(m + 1)) as a series, whose next term is below 1e-18. */
static inline double logarithm(double x) {
    static const double ln2_high = 0x1.62e42fefa38p-1; /* 43 bits, so that its product with e is exact */
    static const double ln2_low = 0x1.ef35793c7673p-45;
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int exponent = (int)(bits >> 52 & 0x7ff) - 1023;
    bits = (bits & 0xfffffffffffff) | (uint64_t)1023 << 52;
    double m;
    memcpy(&m, &bits, sizeof m);
    if (m >= 1.41421356237309504880) {
        m *= 0.5;
        exponent++;
    }
    double f = m - 1, s = f / (m + 1), z = s * s, sum = 0;
    for (int k = 23; k >= 3; k -= 2) {
        sum = (sum + 1.0 / k) * z;
    }
    double e = exponent;
    /* 2s = f - s f, so that the greatest part of the result, f, is exact. */
    return e * ln2_high + (f - (s * (f - 2 * sum) - e * ln2_low));
}

double random_log(double x) {
    return logarithm(x);
}

static inline double ratio(const double p[8], const double q[8], double r) {
    double above = p[7], below = q[7];
    for (int i = 6; i >= 0; i--) {
        above = above * r + p[i];
        below = below * r + q[i];
    }
    return above / below;
}

/* Is the probability 0.5 + q near the median? There its quantile is a ratio without a branch. */
static inline bool is_central(double q) {
    return fabs(q) <= 0.425;
}

static inline double central_quantile(double q) {
    static const double a[] = {3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
                               1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
                               3.3430575583588128105e4, 2.5090809287301226727e3};
    static const double b[] = {1.0,
                               4.2313330701600911252e1,
                               6.8718700749205790830e2,
                               5.3941960214247511077e3,
                               2.1213794301586595867e4,
                               3.9307895800092710610e4,
                               2.8729085735721942674e4,
                               5.2264952788528545610e3};
    return q * ratio(a, b, 0.180625 - q * q);
}

#define FAR 5

/* Minus the quantile of a probability below 1/2 that is not central, from r = sqrt(-log p) <= FAR. */
static inline double near_tail(double r) {
    static const double c[] = {1.42343711074968357734e0,  4.63033784615654529590e0, 5.76949722146069140550e0,
                               3.64784832476320460504e0,  1.27045825245236838258e0, 2.41780725177450611770e-1,
                               2.27238449892691845833e-2, 7.74545014278341407640e-4};
    static const double d[] = {1.0,
                               2.05319162663775882187e0,
                               1.67638483018380384940e0,
                               6.89767334985100004550e-1,
                               1.48103976427480074590e-1,
                               1.51986665636164571966e-2,
                               5.47593808499534494600e-4,
                               1.05075007164441684324e-9};
    return ratio(c, d, r - 1.6);
}

/* The same for r above FAR, where the probability is below 2^-36. */
static double far_tail(double r) {
    static const double e[] = {6.65790464350110377720e0,  5.46378491116411436990e0,  1.78482653991729133580e0,
                               2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                               2.71155556874348757815e-5, 2.01033439929228813265e-7};
    static const double f[] = {1.0,
                               5.99832206555887937690e-1,
                               1.36929880922735805310e-1,
                               1.48753612908506148525e-2,
                               7.86869131145613259100e-4,
                               1.84631831751005468180e-5,
                               1.42151175831644588870e-7,
                               2.04426310338993978564e-15};
    return ratio(e, f, r - 5);
}

double random_normal_quantile(double p) {
    double q = p - 0.5;
    if (is_central(q)) {
        return central_quantile(q);
    }
    double r = sqrt(-logarithm(q < 0 ? p : 1 - p));
    double x = r <= FAR ? near_tail(r) : far_tail(r);
    return q < 0 ? -x : x;
}

/* Draws `n` words a chunk at a time and maps each to a float. */
static inline void fill(struct random_key key, uint64_t row, uint64_t first, size_t n, float *out,
                        void (*map)(size_t n, const uint32_t *, float *)) {
    uint32_t words[CHUNK];
    for (size_t done = 0, count; done < n; done += count) {
        count = n - done < CHUNK ? n - done : CHUNK;
        random_fill_bits(key, row, first + done, count, words);
        map(count, words, out + done);
    }
}

/* Below 2^24, so that the conversion from signed numbers, which processors have, does. */
static inline void to_uniform(size_t n, const uint32_t *words, float *out) {
    for (size_t i = 0; i < n; i++) {
        out[i] = (float)(int32_t)(words[i] >> 8) * 0x1p-24F;
    }
}

static inline double to_open_unit(uint32_t word) {
    return ((double)word + 0.5) * 0x1p-32;
}

/* 2 * P(0 < X < 2) = erf(sqrt 2). */
#define WITHIN_TWO 0.95449973610364158560

static inline double to_within_two(uint32_t word) {
    double centred = to_open_unit(word) - 0.5; /* symmetric about 0 */
    return 0.5 + centred * WITHIN_TWO;
}

/* The quantiles of probability(word), n <= CHUNK: first all as if they were near the median, which makes vectors, then those that are not,
   side by side so that they make vectors, too. No word's probability is so small that its tail is far. */
static inline __attribute__((always_inline)) void to_quantiles(size_t n, const uint32_t *words, float *out,
                                                               double (*probability)(uint32_t)) {
    for (size_t i = 0; i < n; i++) {
        out[i] = (float)central_quantile(probability(words[i]) - 0.5);
    }
    uint32_t places[CHUNK];
    double far[CHUNK];
    size_t n_far = 0;
    for (size_t i = 0; i < n; i++) { /* without a branch, which would often be foretold wrongly */
        places[n_far] = (uint32_t)i;
        n_far += !is_central(probability(words[i]) - 0.5);
    }
    for (size_t i = 0; i < n_far; i++) {
        double p = probability(words[places[i]]), q = p - 0.5;
        far[i] = copysign(near_tail(sqrt(-logarithm(q < 0 ? p : 1 - p))), q);
    }
    for (size_t i = 0; i < n_far; i++) {
        out[places[i]] = (float)far[i];
    }
}

static inline void to_normal(size_t n, const uint32_t *words, float *out) {
    to_quantiles(n, words, out, to_open_unit);
}

static inline void to_truncated_normal(size_t n, const uint32_t *words, float *out) {
    to_quantiles(n, words, out, to_within_two);
}

void random_fill_uniform(struct random_key key, uint64_t row, uint64_t first, size_t n, float *out) {
    fill(key, row, first, n, out, to_uniform);
}

void random_fill_normal(struct random_key key, uint64_t row, uint64_t first, size_t n, float *out) {
    fill(key, row, first, n, out, to_normal);
}

void random_fill_truncated_normal(struct random_key key, uint64_t row, uint64_t first, size_t n, float *out) {
    fill(key, row, first, n, out, to_truncated_normal);
}

void random_permutation(struct random_key key, size_t n, uint32_t *out) {
    for (size_t i = 0; i < n; i++) {
        out[i] = (uint32_t)i;
    }
    uint32_t words[CHUNK];
    size_t first = n; /* of the steps whose words are drawn */
    for (size_t i = n; i-- > 1;) {
        if (i < first) {
            size_t steps = CHUNK / 2;
            first = i + 1 > steps ? i + 1 - steps : 0;
            random_fill_bits(key, 0, 2 * first, 2 * (i + 1 - first), words);
        }
        size_t j = (size_t)below((uint64_t)words[2 * (i - first) + 1] << 32 | words[2 * (i - first)], i + 1);
        uint32_t swapped = out[i];
        out[i] = out[j];
        out[j] = swapped;
    }
}
