/* What the two x86 widths of the kernels share. */
#include <immintrin.h>

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
