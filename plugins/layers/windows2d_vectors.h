/*
 * Vectors of the compiler for layers that pass over memory: 8 floats, and 4 floats as doubles. For its size a loop over an array on the
 * stack does as well, but leaves the array there, while a variable of these types stays in a register.
 */
#ifndef WINDOWS2D_VECTORS_H
#define WINDOWS2D_VECTORS_H

#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

enum { WIDTH = 8, QUAD = 4 };

typedef float vec __attribute__((vector_size(32)));
typedef int32_t vec_ints __attribute__((vector_size(32))); /* of a comparison: -1 or 0 */
typedef double quad_doubles __attribute__((vector_size(32)));

INLINE vec load(const float *p) {
    vec v;
    memcpy(&v, p, sizeof v);
    return v;
}

INLINE void store(float *p, vec v) {
    memcpy(p, &v, sizeof v);
}

/* Loops over the elements, which the compiler makes one instruction of; to wider elements __builtin_convertvector() of gcc 12 takes halves. */

/* a where it is above b, else b, be it that one is NaN. */
INLINE vec larger(vec a, vec b) {
    vec found;
    for (int i = 0; i < WIDTH; i++)
        found[i] = a[i] > b[i] ? a[i] : b[i];
    return found;
}

INLINE quad_doubles load_doubles(const float *p) {
    return (quad_doubles){(double)p[0], (double)p[1], (double)p[2], (double)p[3]};
}

INLINE void store_doubles(float *p, quad_doubles v) {
    for (int i = 0; i < QUAD; i++)
        p[i] = (float)v[i];
}

INLINE vec_ints load_shorts(const uint16_t *p) {
    return (vec_ints){p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7]};
}

INLINE void store_shorts(uint16_t *p, vec_ints v) {
    typedef uint16_t shorts __attribute__((vector_size(16)));
    const shorts narrow = __builtin_convertvector(v, shorts);
    memcpy(p, &narrow, sizeof narrow);
}

#endif
