/*
 * The kernels for one vector width; included by kernels_*.c, which define WIDTH (floats of a vector), BLOCK_ROWS, LAST_STEPS (see
 * block_panel()), the type vec and, as inline functions, vec_fma(a, b, c) = a b + c, vec_load_part(p, n) and vec_store_part(p, v, n) for
 * the first n < WIDTH floats, vec_nonzero(v) with bit i for v[i] != 0, and vec_entries(found, v, column, to) for those of v with a bit in
 * `found`, v[0] being in that column: it may write up to WIDTH entries. VEC_SEGMENTS is defined where that is fast; then there are
 * vec_nonzero_bytes() of a segment's and vec_byte_entries() or, with VEC_ALL_BYTES, vec_all_bytes(), and vec_spread(p, found): as many of
 * the WIDTH values from p on as `found` has ones, in their places.
 *
 * Dense products: kernels_dense.h, of groups of rows, of blocks of sums, with kernels_turned.h or kernels_fours.h for few rows. Then one row by a
 * transposed matrix (kernels_dots.h), one row otherwise (kernels_row.h), and sparse rows (kernels_sparse.h).
 */
#include "runner/host/kernels_dense.h"
#ifdef SQUARE
#include "runner/host/kernels_turned.h"
#elif defined(MOST_TWOS)
#include "runner/host/kernels_fours.h"
#else
#define TURNED_ROWS 0
#define TURNED NULL
#endif
#include "runner/host/kernels_dots.h"
#include "runner/host/kernels_row.h"
#include "runner/host/kernels_sparse.h"
#if PAIRED_ROWS > 0
#include "runner/host/kernels_pairs.h"
#else
#define MASKED_FEW NULL
#endif

#define KERNELS(name)                                                                                                  \
    const struct kernels name = {.packed_rows = PACKED_ROWS,                                                           \
                                 .packed_depth = PACKED_DEPTH,                                                         \
                                 .panel = PANEL * WIDTH,                                                               \
                                 .dense = dense,                                                                       \
                                 .turned_rows = TURNED_ROWS,                                                           \
                                 .turned = TURNED,                                                                     \
                                 .dots = dots,                                                                         \
                                 .entries = entries,                                                                   \
                                 .segment = segment,                                                                   \
                                 .segment_bytes = segment_bytes,                                                       \
                                 .spread = spread,                                                                     \
                                 .turn_masks = turn_masks,                                                             \
                                 .sparse = sparse,                                                                     \
                                 .paired_rows = PAIRED_ROWS,                                                           \
                                 .masked_few = MASKED_FEW,                                                             \
                                 .masked = masked,                                                                     \
                                 .transpose = transpose,                                                               \
                                 .row = row,                                                                           \
                                 .row_sum = row_sum,                                                                   \
                                 .row_after = row_after,                                                               \
                                 .row_due = row_due,                                                                   \
                                 .outer = outer}
