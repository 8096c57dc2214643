#include "runner/base/philox.h"

#include "runner/base/cpu.h"

#include <Random123/philox.h>
#include <string.h>

static void one_by_one(const uint32_t key[2], uint64_t row, uint64_t first, uint64_t n, uint32_t *out) {
    for (uint64_t i = 0; i < n; i++) {
        const uint64_t block = first + i;
        philox4x32_ctr_t counter = {{(uint32_t)row, (uint32_t)(row >> 32), (uint32_t)block, (uint32_t)(block >> 32)}};
        counter = philox4x32_R(10, counter, (philox4x32_key_t){{key[0], key[1]}});
        memcpy(out + 4 * i, counter.v, sizeof counter.v);
    }
}

#if defined(__x86_64__)
#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* A word of four counters, each in the lower half of a lane: there a product has it, and the multiplication reads no more. */
typedef uint64_t quad __attribute__((vector_size(32)));
enum { QUAD = 4, ROUNDS = 10, WORDS = 4, CHAINS = 4 };

/* What all counters of a run have in common, since the row and the upper half of the block are: of the first two rounds' four products two
   are made once for all. */
struct run {
    uint64_t words[WORDS];    /* of words 0 of round 1, then 0, 2 and 1 of round 2, all but a product */
    uint64_t keys[ROUNDS][2]; /* of each round */
};

INLINE quad splat(uint64_t x) {
    return x - (quad){0};
}

/* Of lower halves. Written as a product the compiler multiplies the upper ones as well. */
INLINE quad product(quad a, quad b) {
    return (quad)_mm256_mul_epu32((__m256i)a, (__m256i)b);
}

INLINE quad swapped(quad x) {
    return (quad)_mm256_shuffle_epi32((__m256i)x, 0xb1);
}

static struct run run_of(const uint32_t key[2], uint64_t row, uint32_t block_high) {
    struct run run = {.keys = {{key[0], key[1]}}};
    for (int r = 1; r < ROUNDS; r++) {
        run.keys[r][0] = (uint32_t)run.keys[r - 1][0] + PHILOX_W32_0;
        run.keys[r][1] = (uint32_t)run.keys[r - 1][1] + PHILOX_W32_1;
    }
    const uint64_t a = (row & 0xffffffffu) * PHILOX_M4x32_0;
    const uint64_t b = ((a >> 32) ^ block_high ^ key[1]) * PHILOX_M4x32_1;
    run.words[0] = (row >> 32) ^ key[0];
    run.words[1] = (b >> 32) ^ run.keys[1][0];
    run.words[2] = (uint32_t)a ^ run.keys[1][1];
    run.words[3] = (uint32_t)b;
    return run;
}

/* Four counters wait long for their next product: some such chains go side by side. Their order within four lets words of two neighbours
   meet without crossing the middle of a vector. */
INLINE void chains_of(const int chains, const struct run *run, uint64_t first, uint32_t *out) {
    quad x[CHAINS][WORDS];
    const quad m0 = splat(PHILOX_M4x32_0), m1 = splat(PHILOX_M4x32_1);
    UNROLL for (int c = 0; c < chains; c++) {
        const quad b = product(splat(first + (uint64_t)(c * QUAD)) + (quad){0, 2, 1, 3}, m1);
        const quad a = product((b >> 32) ^ splat(run->words[0]), m0);
        x[c][0] = b ^ splat(run->words[1]);
        x[c][1] = splat(run->words[3]);
        x[c][2] = (a >> 32) ^ splat(run->words[2]);
        x[c][3] = a;
    }
    UNROLL for (int r = 2; r < ROUNDS - 1; r++) UNROLL for (int c = 0; c < chains; c++) {
        const quad a = product(x[c][0], m0), b = product(x[c][2], m1);
        x[c][0] = (b >> 32) ^ x[c][1] ^ splat(run->keys[r][0]);
        x[c][1] = b;
        x[c][2] = (a >> 32) ^ x[c][3] ^ splat(run->keys[r][1]);
        x[c][3] = a;
    }
    UNROLL for (int c = 0; c < chains; c++, out += WORDS * QUAD) {
        /* Words 0, 1 and 2, 3 in one: a product with its halves changed. */
        const quad a = product(x[c][0], m0), b = product(x[c][2], m1);
        const quad low = swapped(b) ^ (x[c][1] & 0xffffffffu) ^ splat(run->keys[ROUNDS - 1][0]);
        const quad high = swapped(a) ^ (x[c][3] & 0xffffffffu) ^ splat(run->keys[ROUNDS - 1][1]);
        const quad first_words = __builtin_shufflevector(low, high, 0, 4, 2, 6);
        const quad other_words = __builtin_shufflevector(low, high, 1, 5, 3, 7);
        /* One by one: of an array gcc 12 copies 64 bytes as if it were so aligned, which the address sanitizer's stack is not. */
        memcpy(out, &first_words, sizeof first_words);
        memcpy(out + 2 * QUAD, &other_words, sizeof other_words);
    }
}

/* Two copies, by hand: see vector_math.c. */
#define LOOP(name, attributes)                                                                                         \
    attributes static void name(const struct run *run, uint64_t first, uint64_t n, uint32_t *out) {                    \
        uint64_t i = 0;                                                                                                \
        for (; n - i >= CHAINS * QUAD; i += CHAINS * QUAD)                                                             \
            chains_of(CHAINS, run, first + i, out + WORDS * i);                                                        \
        for (; n - i >= 2 * QUAD; i += 2 * QUAD)                                                                       \
            chains_of(2, run, first + i, out + WORDS * i);                                                             \
        if (i < n)                                                                                                     \
            chains_of(1, run, first + i, out + WORDS * i);                                                             \
    }
LOOP(blocks_v3, )
LOOP(blocks_v4, __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq"))))

void philox_blocks(const uint32_t key[2], uint64_t row, uint64_t first, uint64_t n, uint32_t *out) {
    const uint64_t whole = n / QUAD * QUAD;
    if (whole == 0 || first >> 32 != (first + n) >> 32) { /* the latter once in 2^32 blocks */
        one_by_one(key, row, first, n, out);
        return;
    }
    const struct run run = run_of(key, row, (uint32_t)(first >> 32));
    if (cpu_level() >= 4)
        blocks_v4(&run, first, whole, out);
    else
        blocks_v3(&run, first, whole, out);
    one_by_one(key, row, first + whole, n - whole, out + WORDS * whole);
}

#else

void philox_blocks(const uint32_t key[2], uint64_t row, uint64_t first, uint64_t n, uint32_t *out) {
    one_by_one(key, row, first, n, out);
}

#endif
