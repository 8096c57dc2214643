/* Products of small depth with many rows, as gradients of few examples are; a part of kernels_body.h. Up to HELD_ROWS rows of b stay in registers
   while all rows of c pass: a row's chains are that short, and the next rows' are begun meanwhile. */

#define LEAST_HELD 32 /* rows of c from which on it pays to load those of b first */

/* All rows of c by up to PANEL vectors of its columns. */
INLINE void held_panel(const int depth, const int panel, const bool full, uint64_t last, uint64_t m, const float *a,
                       uint64_t a_row, uint64_t a_k, const float *b, uint64_t b_pitch, float beta, float *c,
                       uint64_t c_pitch) {
    vec line[HELD_ROWS][PANEL];
    UNROLL(16)
    for (int p = 0; p < depth; p++)
        UNROLL(4)
    for (int v = 0; v < panel; v++)
        line[p][v] = kept(load_of(b + (uint64_t)p * b_pitch, v, panel, full, last));
    for (; m > 0; m--, a += a_row, c += c_pitch) {
        vec sum[PANEL];
        UNROLL(4)
        for (int v = 0; v < panel; v++)
            sum[v] = started(beta, c, v, panel, full, last);
        UNROLL(16)
        for (int p = 0; p < depth; p++) {
            const vec factor = splat(a[(uint64_t)p * a_k]);
            UNROLL(4)
            for (int v = 0; v < panel; v++)
                sum[v] = vec_fma(factor, line[p][v], sum[v]);
        }
        UNROLL(4)
        for (int v = 0; v < panel; v++)
            store_of(c, v, sum[v], panel, full, last);
    }
}

static void held_rows(uint64_t depth, uint64_t n, uint64_t m, const float *a, uint64_t a_row, uint64_t a_k,
                      const float *b, uint64_t b_pitch, float beta, float *c, uint64_t c_pitch) {
    const uint64_t last = n > WIDTH ? n - WIDTH : n;
    /* Half a vector needs no mask. */
    switch (4 * depth + (n == PANEL * WIDTH ? 3 : n > WIDTH ? 2 : n == WIDTH / 2)) {
#define PART(depth, panel, full, last)                                                                                 \
    held_panel(depth, panel, full, last, m, a, a_row, a_k, b, b_pitch, beta, c, c_pitch)
#define DEPTHS(depth)                                                                                                  \
    case 4 * depth: PART(depth, 1, false, last); break;                                                                \
    case 4 * depth + 1: PART(depth, 1, false, WIDTH / 2); break;                                                       \
    case 4 * depth + 2: PART(depth, PANEL, false, last); break;                                                        \
    case 4 * depth + 3: PART(depth, PANEL, true, WIDTH); break;
        CASES(HELD_ROWS, DEPTHS)
#undef DEPTHS
#undef PART
    default: break;
    }
}

/* k > 0 */
static void held(uint64_t m, uint64_t n, uint64_t k, const float *a, uint64_t a_row, uint64_t a_k, const float *b,
                 uint64_t b_pitch, float beta, float *c, uint64_t c_pitch) {
    const uint64_t width = PANEL * WIDTH;
    for (uint64_t j = 0; j < n; j += width) {
        uint64_t groups = (k + HELD_ROWS - 1) / HELD_ROWS;
        for (uint64_t p = 0, depth; p < k; p += depth, groups--) {
            depth = (k - p + groups - 1) / groups;
            held_rows(depth, n - j < width ? n - j : width, m, a + p * a_k, a_row, a_k, b + p * b_pitch + j, b_pitch,
                      p == 0 ? beta : 1, c + j, c_pitch);
        }
    }
}

static void shallow(uint64_t m, uint64_t n, uint64_t k, const float *a, uint64_t a_row, uint64_t a_k, const float *b,
                    uint64_t b_pitch, float beta, float *c, uint64_t c_pitch) {
    if (m >= LEAST_HELD && k > 0)
        held(m, n, k, a, a_row, a_k, b, b_pitch, beta, c, c_pitch);
    else
        wide(m, n, k, a, a_row, a_k, b, b_pitch, beta, c, c_pitch);
}
