/*
 * The steps of adam_plain.h with gradients of 0 by vectors of one width, where weights and slots stay in registers for many steps; included once for
 * each width, which defines TARGET, NAME, WIDTH and VECTORS.
 *
 * The divider takes 5 cycles for 8 roots and 3 for 8 quotients (Zen 3 and 4), while adders and multipliers idle. So most roots come from an
 * estimate s by one correction with d = v - s^2: root(v) = s + d / (root(v) + s). Where a lower and an upper bound of the factor of d give the
 * same float, that is the rounded root, since rounding keeps the order. Else, once in some thousand groups, the plain loops make the steps. d is
 * rounded but not lost where v is at least 2^-76: it is 0, or 2^-124 or more.
 */
#define VEC NAME(vec)
#define BITS NAME(lanes)
#define LOAD(p) (*(const NAME(unaligned) *)(p))
#define STORE(p, x) (*(NAME(unaligned) *)(p) = (x))
#define SPLAT(x) ((x) - (VEC){0})
#define GROUP (VECTORS * WIDTH)
#define EACH(j) UNROLL for (int j = 0; j < VECTORS; j++)
#define ESTIMATED(j) UNROLL for (int j = 1; j < VECTORS; j++) /* the first has the divider */

typedef int32_t NAME(lanes) __attribute__((vector_size(4 * WIDTH)));
typedef float NAME(unaligned) __attribute__((vector_size(4 * WIDTH), aligned(4), may_alias));

/*
 * In a step v loses gain_2 of itself, at most half, so s and 1 / (2 root(v)) are those of the step before times a constant. In units of 2^-24 of
 * the value, a root is exact to 1 and s to 4 (roundings of the root before, of `fall` and of their product, and half of v's two). `low` begins
 * 64 too low, give or take 9 (the estimate's square, and roundings), and drifts by 3 at most in a step, by 48 in all; 1 / (root(v) + s) is within
 * 2 of 1 / (2 root(v)), and d is exact to 1. So `low` is a lower bound, by 128 at most: MARGIN last places, of 1 to 2 each, make an upper one.
 * False, and nothing done, where a root is in doubt.
 */
INLINE int NAME(zeros_group)(const struct zero_steps *steps, float *w_, float *m_, float *v_) {
    enum { MARGIN = 144 };
    const float gain_1 = steps->gain_1, gain_2 = steps->gain_2, fall = steps->fall, rise = steps->rise;
    VEC w[VECTORS], m[VECTORS], v[VECTORS], s[VECTORS], low[VECTORS], high[VECTORS], d[VECTORS];
    BITS doubt = {0};
    EACH(j) {
        w[j] = LOAD(w_ + j * WIDTH);
        m[j] = LOAD(m_ + j * WIDTH);
        v[j] = LOAD(v_ + j * WIDTH);
        m[j] -= m[j] * SPLAT(gain_1);
        v[j] -= v[j] * SPLAT(gain_2);
        s[j] = NAME(root)(v[j]);
    }
    ESTIMATED(j) {
        low[j] = NAME(inverse_root)(v[j]);
        low[j] = NAME(fma)(low[j], NAME(fnma)(low[j], s[j], SPLAT(1.0f)), low[j]);
        low[j] *= SPLAT(0.5f - 0x1p-19f);
    }
    EACH(j) w[j] -= m[j] * SPLAT(steps->alpha[0]) / (s[j] + SPLAT(steps->epsilon[0]));
    for (uint64_t k = 1; k < steps->count; k++) {
        EACH(j) {
            m[j] -= m[j] * SPLAT(gain_1);
            v[j] -= v[j] * SPLAT(gain_2);
        }
        s[0] = NAME(root)(v[0]);
        ESTIMATED(j) {
            s[j] *= SPLAT(fall);
            low[j] *= SPLAT(rise);
        }
        ESTIMATED(j) d[j] = NAME(fnma)(s[j], s[j], v[j]);
        ESTIMATED(j) {
            high[j] = NAME(fma)(d[j], (VEC)((BITS)low[j] + MARGIN), s[j]);
            s[j] = NAME(fma)(d[j], low[j], s[j]);
        }
        EACH(j) w[j] -= m[j] * SPLAT(steps->alpha[k]) / (s[j] + SPLAT(steps->epsilon[k]));
        ESTIMATED(j) doubt |= (BITS)s[j] ^ (BITS)high[j];
    }
    ESTIMATED(j) doubt |= ~(v[j] >= SPLAT(0x1p-76f)); /* nor NaN */
    if (!NAME(is_zero)((NAME(bits))doubt))
        return 0;
    EACH(j) {
        STORE(w_ + j * WIDTH, w[j]);
        STORE(m_ + j * WIDTH, m[j]);
        STORE(v_ + j * WIDTH, v[j]);
    }
    return 1;
}

/* As many weights as a group has, at most. */
TARGET static void NAME(zeros_rest)(const struct zero_steps *steps, uint64_t n, float *w, float *m, float *v) {
    float padded[3][GROUP];
    for (uint64_t i = 0; i < GROUP; i++) {
        padded[0][i] = i < n ? w[i] : 0.0f;
        padded[1][i] = i < n ? m[i] : 0.0f;
        padded[2][i] = i < n ? v[i] : 1.0f;
    }
    if (n < GROUP / 4 || !NAME(zeros_group)(steps, padded[0], padded[1], padded[2])) {
        zeros_plain(steps, n, w, m, v);
        return;
    }
    memcpy(w, padded[0], n * sizeof *w);
    memcpy(m, padded[1], n * sizeof *m);
    memcpy(v, padded[2], n * sizeof *v);
}

TARGET static void NAME(zeros)(const struct zero_steps *steps, uint64_t n, float *w, float *m, float *v) {
    uint64_t i = 0;
    for (; i + GROUP <= n; i += GROUP)
        if (!NAME(zeros_group)(steps, w + i, m + i, v + i))
            zeros_plain(steps, GROUP, w + i, m + i, v + i);
    NAME(zeros_rest)(steps, n - i, w + i, m + i, v + i);
}

TARGET static void NAME(fade)(uint64_t count, float gain, uint64_t n, float *x_) {
    enum { AT_A_TIME = 8 };
    uint64_t i = 0;
    for (; i + AT_A_TIME * WIDTH <= n; i += AT_A_TIME * WIDTH) {
        VEC x[AT_A_TIME];
        UNROLL for (int j = 0; j < AT_A_TIME; j++) x[j] = LOAD(x_ + i + j * WIDTH);
        for (uint64_t k = 0; k < count; k++)
            UNROLL for (int j = 0; j < AT_A_TIME; j++) x[j] -= x[j] * SPLAT(gain);
        UNROLL for (int j = 0; j < AT_A_TIME; j++) STORE(x_ + i + j * WIDTH, x[j]);
    }
    fade_plain(count, gain, n - i, x_ + i);
}

#undef VEC
#undef BITS
#undef LOAD
#undef STORE
#undef SPLAT
#undef GROUP
#undef EACH
#undef ESTIMATED
