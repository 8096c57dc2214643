/* A growing string. Always terminated; may hold NUL bytes. Single-threaded. Out of memory ends the program (arena.h). */
#ifndef RUNNER_BASE_TEXT_H
#define RUNNER_BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
    char *data; /* never NULL after text_init */
    size_t length, capacity;
};

void text_init(struct text *text);
void text_clear(struct text *text);
void text_reset(struct text *text); /* empties it, keeps the memory */
void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const void *bytes, size_t length);
void text_add_char(struct text *text, char c);
void text_add_uint(struct text *text, uint64_t number); /* in decimal */
__attribute__((format(printf, 2, 3))) void text_printf(struct text *text, const char *format, ...);
__attribute__((format(printf, 2, 0))) void text_printf_v(struct text *text, const char *format, va_list arguments);
/* The string, which the caller frees; the text is empty afterwards. */
char *text_take(struct text *text);

/* Length of the UTF-8 sequence at `bytes`, of which `left` may be read, and its code point; 0 where there is none (RFC 3629). */
size_t text_utf8(const void *bytes, size_t left, uint32_t *code);
/* Whether a code point steers a terminal or the reader's eye instead of being shown: control characters, Unicode's ends of line, marks
   that turn the direction of writing (Unicode Standard Annex 9), and what is no character. */
bool text_is_control(uint32_t code);
/* Makes a text of others safe to print, in place: each text_is_control(), but for the characters of `keep`, and each byte that is no
   UTF-8 become "?". Returns the new length; where that is shorter, a NUL follows. */
size_t text_tame(char *bytes, size_t n, const char *keep);

/* Shortest decimal text that reads back as exactly this double ("0.1", "1e-07", "100", "nan", "inf", "-inf"), independent of
   the locale. NUMBER_TEXT_SIZE bytes are enough. Returns `out`. */
#define NUMBER_TEXT_SIZE 40
char *number_write(double number, char out[NUMBER_TEXT_SIZE]);
/* The same, shortest that reads back as exactly this float. */
char *number_write_float(float number, char out[NUMBER_TEXT_SIZE]);
/* Digits of a whole number right before `end`, 20 at most. Returns the first of them. */
char *number_write_uint(uint64_t number, char *end);
/* Reads the whole string as a decimal number, independent of the locale; false where it is none ("", "1x", " 1", "0x10") or beyond
   a double ("1e999"). Reads what number_write() writes, so exactly "nan", "inf" and "-inf" as well. */
bool number_read(const char *string, double *number);
bool number_read_bytes(const char *bytes, size_t length, double *number); /* the same; no NUL need stand behind them */
/* Reads the decimal number that the bytes up to `end` begin with, however they go on. Returns where it ends; NULL where there is none, or
   one beyond a double. */
const char *number_take(const char *bytes, const char *end, double *number);
bool number_read_int(const char *string, int64_t *number); /* false outside int64 as well */

/* Whether the word is one of a list. */
bool text_among(const char *word, const char *const *list, size_t n);
/* The candidate nearest to `word` by edit distance (with transpositions, case ignored), or NULL where none is near enough
   to be a likely slip: one in a longer word below six letters, else at most a third of it, and at most 3. The first of
   equals. Where no slip is likely, the shortest candidate that `word` is short for, by its initials (lr) or its beginning
   (acc). Only the first 1000 candidates, for slips of at most 200 bytes, count. */
const char *text_nearest(const char *word, const char *const *candidates, size_t count);

#endif
