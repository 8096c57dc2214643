/* Lower blocks of longer rows, for what fills no block of BLOCK_ROWS rows or no panel; a part of kernels_body.h. LOW_ROWS rows of LOW_PANEL vectors
   have as many sums as a block; a block of as few rows would wait for its own. */

/* Up to LOW_ROWS rows of c by up to LOW_PANEL vectors. */
static void low_block(uint64_t rows, uint64_t n, uint64_t k, const float *a, uint64_t a_row, uint64_t a_k,
                      const float *b, uint64_t b_pitch, float beta, float *c, uint64_t c_pitch) {
    const uint64_t ahead = PREFETCH_ROWS * b_pitch, last = n - (LOW_PANEL - 1) * WIDTH;
    if (n <= PANEL * WIDTH) {
        block(rows, n, k, a, a_row, a_k, b, b_pitch, 1, ahead, beta, c, c_pitch);
        return;
    }
    /* Half a vector needs no mask, which would not stay in a register. */
    switch (3 * rows + (last == WIDTH ? 2 : last == WIDTH / 2)) {
#define PART(high, full, last)                                                                                         \
    block_panel(high, (struct shape){LOW_PANEL, full, false, last}, k, a, a_row, a_k, b, b_pitch, 1, ahead, beta, c,   \
                c_pitch)
#define ROWS(rows)                                                                                                     \
    case 3 * rows: PART(rows, false, last); break;                                                                     \
    case 3 * rows + 1: PART(rows, false, WIDTH / 2); break;                                                            \
    case 3 * rows + 2: PART(rows, true, WIDTH); break;
        CASES(LOW_ROWS, ROWS)
#undef ROWS
#undef PART
    default: break;
    }
}

static void low(uint64_t rows, uint64_t n, uint64_t k, const float *a, uint64_t a_row, uint64_t a_k, const float *b,
                uint64_t b_pitch, float beta, float *c, uint64_t c_pitch) {
    const uint64_t width = LOW_PANEL * WIDTH;
    for (; n > 0; b += width, c += width, n -= n < width ? n : width)
        for (uint64_t i = 0; i < rows; i += LOW_ROWS)
            low_block(rows - i < LOW_ROWS ? rows - i : LOW_ROWS, n < width ? n : width, k, a + i * a_row, a_row, a_k, b,
                      b_pitch, beta, c + i * c_pitch, c_pitch);
}

/* Of the rows of a group, the last ones that make low blocks of three rows and more: those behind the last whole block, or with it. */
INLINE uint64_t low_rows(uint64_t rows) {
    const uint64_t rest = rows % BLOCK_ROWS, low = rest < 3 ? rest + BLOCK_ROWS : rest;
    return rest > 0 && rest <= LOW_ROWS && low <= rows ? low : 0;
}

/* group(), with low blocks: of all rows for the last columns, where these do not fill a panel, and of the last rows. So that b is read once, those
   come after each run of columns that panels and two low blocks fill. */
static void mixed_group(uint64_t rows, uint64_t n, uint64_t k, const float *a, uint64_t a_row, uint64_t a_k,
                        const float *b, uint64_t b_pitch, float beta, float *c, uint64_t c_pitch, struct soon soon) {
    const uint64_t width = PANEL * WIDTH, rest = n % width, tail = rest > 0 && rest <= WIDTH ? width + rest : 0;
    const uint64_t few = low_rows(rows), many = rows - few, most = few > 0 ? 2 * LOW_PANEL * WIDTH : n;
    if (k < SMALL_DEPTH || n <= width) {
        group(rows, n, k, a, a_row, a_k, b, b_pitch, beta, c, c_pitch, soon);
        return;
    }
    for (uint64_t left = n - tail, columns; left > 0; left -= columns, b += columns, c += columns) {
        columns = left < most ? left : most;
        if (many > 0)
            group(many, columns, k, a, a_row, a_k, b, b_pitch, beta, c, c_pitch,
                  first_of(&soon, soon.rows * columns / (left + tail)));
        if (few > 0)
            low(few, columns, k, a + many * a_row, a_row, a_k, b, b_pitch, beta, c + many * c_pitch, c_pitch);
    }
    fetch(&soon, soon.rows);
    if (tail > 0)
        low(rows, tail, k, a, a_row, a_k, b, b_pitch, beta, c, c_pitch);
}
