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

/* Word w of four counters, each in the lower half of a lane: there a product has it, and the multiplication reads no more. */
typedef uint64_t quad __attribute__((vector_size(32)));
enum { QUAD = 4, ROUNDS = 10, MOST_CHAINS = 4 };

INLINE quad splat(uint64_t x) {
    return x - (quad){0};
}

/* Of lower halves. Written as a product the compiler multiplies the upper ones as well. */
INLINE quad product(quad a, quad b) {
    return (quad)_mm256_mul_epu32((__m256i)a, (__m256i)b);
}

/* Four counters wait long for their next product: some such chains go side by side. */
INLINE void chains_of(const int chains, const uint32_t key[2], uint64_t row, uint64_t first, uint32_t *out) {
    quad x[MOST_CHAINS][4];
    UNROLL for (int c = 0; c < chains; c++) {
        x[c][0] = splat((uint32_t)row);
        x[c][1] = splat(row >> 32);
        x[c][2] = splat(first + (uint64_t)(c * QUAD)) + (quad){0, 1, 2, 3};
        x[c][3] = x[c][2] >> 32;
    }
    uint32_t k0 = key[0], k1 = key[1];
    UNROLL for (int r = 0; r < ROUNDS; r++) {
        UNROLL for (int c = 0; c < chains; c++) {
            const quad a = product(x[c][0], splat(PHILOX_M4x32_0)), b = product(x[c][2], splat(PHILOX_M4x32_1));
            x[c][0] = (b >> 32) ^ x[c][1] ^ splat(k0);
            x[c][1] = b;
            x[c][2] = (a >> 32) ^ x[c][3] ^ splat(k1);
            x[c][3] = a;
        }
        k0 += PHILOX_W32_0;
        k1 += PHILOX_W32_1;
    }
    UNROLL for (int c = 0; c < chains; c++, out += 4 * QUAD) {
        const quad low = (x[c][0] & 0xffffffffu) | x[c][1] << 32, high = (x[c][2] & 0xffffffffu) | x[c][3] << 32;
        const quad first_words = __builtin_shufflevector(low, high, 0, 4, 1, 5);
        const quad other_words = __builtin_shufflevector(low, high, 2, 6, 3, 7);
        /* One by one: of an array gcc 12 copies 64 bytes as if it were so aligned, which the address sanitizer's stack is not. */
        memcpy(out, &first_words, sizeof first_words);
        memcpy(out + 2 * QUAD, &other_words, sizeof other_words);
    }
}

/* Two copies, by hand: see vector_math.c. */
#define LOOP(name, chains, attributes)                                                                                 \
    attributes static void name(const uint32_t key[2], uint64_t row, uint64_t first, uint64_t n, uint32_t *out) {      \
        const uint64_t step = (uint64_t)(chains)*QUAD;                                                                 \
        for (; n >= step; n -= step, first += step, out += 4 * step)                                                   \
            chains_of(chains, key, row, first, out);                                                                   \
        for (; n >= QUAD; n -= QUAD, first += QUAD, out += 4 * QUAD)                                                   \
            chains_of(1, key, row, first, out);                                                                        \
        one_by_one(key, row, first, n, out);                                                                           \
    }
LOOP(blocks_v3, 2, )
LOOP(blocks_v4, 4, __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq"))))

void philox_blocks(const uint32_t key[2], uint64_t row, uint64_t first, uint64_t n, uint32_t *out) {
    if (cpu_level() >= 4)
        blocks_v4(key, row, first, n, out);
    else
        blocks_v3(key, row, first, n, out);
}

#else

void philox_blocks(const uint32_t key[2], uint64_t row, uint64_t first, uint64_t n, uint32_t *out) {
    one_by_one(key, row, first, n, out);
}

#endif
