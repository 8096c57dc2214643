/*
 * The nearest of some names: optimal string alignment distance (insert, delete, replace, swap neighbours; each costs 1), or else what
 * the word is short for.
 */
#include "runner/base/arena.h"
#include "runner/base/text.h"

#include <stdlib.h>
#include <string.h>

/* Bytes of a name that people write (the work grows with the square), and how many of the candidates are looked at. */
enum { LONGEST = 200, MOST = 1000 };

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

/* `rows` holds three rows of strlen(b) + 1. */
static size_t distance(const char *a, const char *b, size_t *rows) {
    size_t n = strlen(a), m = strlen(b);
    size_t *before = rows, *above = rows + m + 1, *row = rows + 2 * (m + 1);
    for (size_t j = 0; j <= m; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= n; i++) {
        size_t *oldest = before;
        before = above;
        above = row;
        row = oldest;
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t replace = above[j - 1] + (lower(a[i - 1]) != lower(b[j - 1]));
            row[j] = smaller(replace, smaller(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1])) {
                row[j] = smaller(row[j], before[j - 2] + 1);
            }
        }
    }
    return row[m];
}

/* lr of learning_rate: the first letters of two words or more. */
static bool is_initials(const char *word, const char *name) {
    const char *w = word;
    for (const char *n = name; *n; n++) {
        if ((n == name || n[-1] == '_') && lower(*w++) != lower(*n)) {
            return false;
        }
    }
    return !*w && w > word + 1;
}

/* acc of accuracy, batchnorm of batch_normalization: three letters or more, without regard to `_`. */
static bool is_beginning(const char *word, const char *name) {
    size_t letters = 0;
    for (; *word; word++) {
        if (*word == '_') {
            continue;
        }
        name += *name == '_';
        if (lower(*word) != lower(*name++)) {
            return false;
        }
        letters++;
    }
    return letters > 2;
}

/* The shortest of the candidates that `word` may be short for. */
static const char *long_form(const char *word, const char *const *candidates, size_t count) {
    const char *shortest = NULL;
    for (size_t i = 0; i < count && i < MOST; i++) {
        if ((is_initials(word, candidates[i]) || is_beginning(word, candidates[i])) &&
            (!shortest || strlen(candidates[i]) < strlen(shortest))) {
            shortest = candidates[i];
        }
    }
    return shortest;
}

bool text_among(const char *word, const char *const *list, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i], word) == 0)
            return true;
    return false;
}

const char *text_nearest(const char *word, const char *const *candidates, size_t count) {
    const char *nearest = NULL;
    size_t least = SIZE_MAX, length = strlen(word);
    for (size_t i = 0; i < count && i < MOST; i++) {
        size_t other = strlen(candidates[i]), longer = length > other ? length : other;
        size_t likely = longer < 6 ? 1 : smaller(longer / 3, 3); /* slips in a word of this length */
        if (longer > LONGEST || longer - smaller(length, other) > likely) {
            continue;
        }
        size_t *rows = memory_alloc(3 * (other + 1), sizeof *rows);
        size_t d = distance(word, candidates[i], rows);
        free(rows);
        if (d <= likely && (d == 0 || d < longer) && d < least) {
            least = d;
            nearest = candidates[i];
        }
    }
    return nearest ? nearest : long_form(word, candidates, count);
}
