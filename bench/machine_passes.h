/*
 * Passes over memory in vectors of WIDTH floats; machine_loops.c includes it for each width, whose functions PASS() names. With `ahead` floats, 0
 * or more, the loops fetch as far ahead, which some levels of the memory need in order to give what they can; inlined with a constant.
 */
#define VEC PASS(vec)
#define UNROLLED ((size_t)64 / WIDTH) /* 4 cache lines */

typedef float VEC __attribute__((vector_size(WIDTH * sizeof(float)), may_alias));

#define FETCH(at, write)                                                                                               \
    for (size_t line = 0; ahead > 0 && line < 64; line += 16)                                                          \
    __builtin_prefetch((const float *)(at) + ahead + line, write)

static inline __attribute__((always_inline)) void PASS(read_by)(size_t n, const float *x, size_t ahead) {
    const VEC *v = (const VEC *)x;
    VEC sum = {0};
    for (size_t i = 0; i < n / WIDTH; i += UNROLLED) {
        FETCH(v + i, 0);
        for (size_t u = 0; u < UNROLLED; u++)
            LOADED(v[i + u], sum);
    }
    sink = sum[0];
}

static inline __attribute__((always_inline)) void PASS(write_by)(size_t n, float *x, size_t ahead) {
    VEC *v = (VEC *)x;
    const VEC value = (VEC){0} + 1.0f;
    for (size_t i = 0; i < n / WIDTH; i += UNROLLED) {
        FETCH(v + i, 1);
        for (size_t u = 0; u < UNROLLED; u++)
            v[i + u] = value;
        __asm__ volatile("" : : "r"(v) : "memory"); /* no memset() */
    }
}

static inline __attribute__((always_inline)) void PASS(copy_by)(size_t n, const float *from, float *to, size_t ahead) {
    const VEC *source = (const VEC *)from;
    VEC *target = (VEC *)to;
    for (size_t i = 0; i < n / WIDTH; i += UNROLLED) {
        FETCH(source + i, 0);
        FETCH(target + i, 1);
        for (size_t u = 0; u < UNROLLED; u++)
            target[i + u] = source[i + u];
        __asm__ volatile("" : : "r"(target) : "memory"); /* no memcpy() */
    }
}

/* One subtraction a vector: where a multiply-add stands between them, a Zen 5 makes two loads and stores in three cycles, not in two. */
static inline __attribute__((always_inline)) void PASS(update_by)(size_t n, int arrays, float *const *x, size_t ahead) {
    VEC *v[MACHINE_ARRAYS];
    for (int a = 0; a < arrays; a++)
        v[a] = (VEC *)x[a];
    for (size_t i = 0; i < n / WIDTH; i += UNROLLED)
        for (int a = 0; a < arrays; a++) {
            FETCH(v[a] + i, 1);
            for (size_t u = 0; u < UNROLLED; u++)
                v[a][i + u] = 0.5f - v[a][i + u];
        }
}

static void PASS(read)(size_t n, const float *x, bool far) {
    if (far)
        PASS(read_by)(n, x, AHEAD);
    else
        PASS(read_by)(n, x, 0);
}

static void PASS(write)(size_t n, float *x, bool far) {
    if (far)
        PASS(write_by)(n, x, AHEAD);
    else
        PASS(write_by)(n, x, 0);
}

static void PASS(copy)(size_t n, const float *from, float *to, bool far) {
    if (far)
        PASS(copy_by)(n, from, to, AHEAD);
    else
        PASS(copy_by)(n, from, to, 0);
}

static void PASS(update)(size_t n, int arrays, float *const *x, bool far) {
    switch (2 * arrays + far) {
    case 2: PASS(update_by)(n, 1, x, 0); break;
    case 3: PASS(update_by)(n, 1, x, AHEAD); break;
    case 4: PASS(update_by)(n, 2, x, 0); break;
    case 5: PASS(update_by)(n, 2, x, AHEAD); break;
    case 6: PASS(update_by)(n, 3, x, 0); break;
    default: PASS(update_by)(n, 3, x, AHEAD); break;
    }
}

#undef FETCH
#undef UNROLLED
#undef VEC
