/* Numbers to text and back. The C library converts digits without a decimal point, which no locale can change. */
#include "runner/base/arena.h"
#include "runner/base/text.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A finite number as sign, digits d1 d2 ... and exponent e: 0.d1d2... * 10^e with d1 not 0 (or the one digit 0). */
struct decimal {
    bool negative;
    int count, exponent;
    char digits[20];
};

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static void drop_zeros(struct decimal *decimal) {
    while (decimal->count > 1 && decimal->digits[decimal->count - 1] == '0') {
        decimal->count--;
    }
    decimal->digits[decimal->count] = '\0';
}

/* Rounded to `count` significant digits, trailing zeros dropped. */
static void decimal_from(double number, int count, struct decimal *decimal) {
    char scientific[64]; /* [-]d<point>ddde[+-]dd, where the locale chooses the point */
    snprintf(scientific, sizeof scientific, "%.*e", count - 1, number);
    const char *c = scientific;
    decimal->negative = *c == '-';
    decimal->count = 0;
    for (; *c != 'e'; c++) {
        if (is_digit(*c)) {
            decimal->digits[decimal->count++] = *c;
        }
    }
    decimal->exponent = (int)strtol(c + 1, NULL, 10) + 1;
    drop_zeros(decimal);
}

static void whole_digits(const struct decimal *decimal, char out[64]) {
    char *end = out;
    int exponent = decimal->exponent - decimal->count, size = abs(exponent);
    if (decimal->negative)
        *end++ = '-';
    end = stpcpy(end, decimal->digits);
    *end++ = 'e';
    *end++ = exponent < 0 ? '-' : '+';
    if (size >= 100)
        *end++ = (char)('0' + size / 100);
    *end++ = (char)('0' + size / 10 % 10);
    *end++ = (char)('0' + size % 10);
    *end = '\0';
}

static char *put(char *end, const char *bytes, int n) {
    memcpy(end, bytes, (size_t)n);
    return end + n;
}

/* Plain notation from 0.0001 to below 1e16, as Python and JavaScript do about the same. */
static char *decimal_write(const struct decimal *decimal, char out[NUMBER_TEXT_SIZE]) {
    const char *digits = decimal->digits;
    int count = decimal->count, exponent = decimal->exponent;
    if (exponent < -3 || exponent > 16) {
        snprintf(out, NUMBER_TEXT_SIZE, "%s%c%s%se%c%02d", decimal->negative ? "-" : "", digits[0],
                 count > 1 ? "." : "", digits + 1, exponent > 0 ? '+' : '-', abs(exponent - 1));
        return out;
    }
    char *end = decimal->negative ? put(out, "-", 1) : out;
    if (exponent <= 0) {
        end = put(end, "0.000", 2 - exponent);
        end = put(end, digits, count);
    } else if (count <= exponent) {
        end = put(end, digits, count);
        end = put(end, "0000000000000000", exponent - count);
    } else {
        end = put(end, digits, exponent);
        end = put(end, ".", 1);
        end = put(end, digits + exponent, count - exponent);
    }
    *end = '\0';
    return out;
}

static char *write_special(double number, char out[NUMBER_TEXT_SIZE]) {
    return strcpy(out, isnan(number) ? "nan" : number > 0 ? "inf" : number < 0 ? "-inf" : signbit(number) ? "-0" : "0");
}

/* A product of 64 bits by 64, and 5^0 .. 5^27, the powers that fit: with them most conversions are exact sums of integers, and take a fifth
   of the C library's time. */
__extension__ typedef unsigned __int128 product;

static const uint64_t fives[] = {UINT64_C(1),
                                 UINT64_C(5),
                                 UINT64_C(25),
                                 UINT64_C(125),
                                 UINT64_C(625),
                                 UINT64_C(3125),
                                 UINT64_C(15625),
                                 UINT64_C(78125),
                                 UINT64_C(390625),
                                 UINT64_C(1953125),
                                 UINT64_C(9765625),
                                 UINT64_C(48828125),
                                 UINT64_C(244140625),
                                 UINT64_C(1220703125),
                                 UINT64_C(6103515625),
                                 UINT64_C(30517578125),
                                 UINT64_C(152587890625),
                                 UINT64_C(762939453125),
                                 UINT64_C(3814697265625),
                                 UINT64_C(19073486328125),
                                 UINT64_C(95367431640625),
                                 UINT64_C(476837158203125),
                                 UINT64_C(2384185791015625),
                                 UINT64_C(11920928955078125),
                                 UINT64_C(59604644775390625),
                                 UINT64_C(298023223876953125),
                                 UINT64_C(1490116119384765625),
                                 UINT64_C(7450580596923828125)};
enum { MOST_PLACES = sizeof fives / sizeof *fives - 1 };

#define TEN_TO_16 UINT64_C(10000000000000000)

static void decimal_of_digits(uint64_t digits, struct decimal *decimal) {
    char reversed[20];
    int count = 0;
    for (; digits > 0; digits /= 10)
        reversed[count++] = (char)('0' + digits % 10);
    decimal->count = count;
    for (int i = 0; i < count; i++)
        decimal->digits[i] = reversed[count - 1 - i];
}

/* decimal_from(number, 17) of a normal number; false below 2^-36 and from 2^51 on, which take other integers. */
static bool decimal_of_17(double number, struct decimal *decimal) {
    int exponent;
    const uint64_t mantissa = (uint64_t)ldexp(frexp(fabs(number), &exponent), DBL_MANT_DIG);
    int places = 16 - (int)floor((exponent - 1) * 0.30103); /* log10(2): right, or one too many */
    for (; places >= 0 && places <= MOST_PLACES; places--) {
        const int shift = DBL_MANT_DIG - exponent - places;
        if (shift < 1 || shift > 127)
            return false;
        const product scaled = (product)mantissa * fives[places], half = (product)1 << (shift - 1);
        const product rest = scaled & (2 * half - 1);
        uint64_t digits = (uint64_t)(scaled >> shift);
        if (digits >= 10 * TEN_TO_16)
            continue;
        digits += rest > half || (rest == half && digits % 2 == 1) ? 1 : 0;
        decimal_of_digits(digits, decimal);
        decimal->negative = number < 0;
        decimal->exponent = decimal->count - places;
        drop_zeros(decimal);
        return true;
    }
    return false;
}

/* digits / 10^places, places up to MOST_PLACES, to the nearest: the quotient has 63 bits at least, and its last bit stands for what is left, too,
   so that it is rounded once. */
static double divided(uint64_t digits, int places) {
    if (digits == 0)
        return 0;
    const int shift = __builtin_clzll(digits), shift_divisor = __builtin_clzll(fives[places]);
    const product dividend = (product)(digits << shift) << 63;
    const uint64_t divisor = fives[places] << shift_divisor, quotient = (uint64_t)(dividend / divisor);
    const uint64_t left = (product)quotient * divisor != dividend;
    return ldexp((double)(quotient | left), shift_divisor - shift - 63 - places);
}

#define EXACT (UINT64_C(1) << 53) /* whole numbers below it are doubles */

static const double exact_powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                      1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* digits * 10^exponent, to the nearest; false where that takes longer numbers. */
static bool scaled(uint64_t digits, ptrdiff_t exponent, double *number) {
    if (digits < EXACT && exponent >= -22 && exponent <= 22) {
        /* exact operands: one rounding, as it should be (Clinger 1990, section 4) */
        const double power = exact_powers[exponent < 0 ? -exponent : exponent];
        *number = exponent < 0 ? (double)digits / power : (double)digits * power;
        return true;
    }
    if (exponent > 0 || exponent < -MOST_PLACES)
        return false;
    *number = divided(digits, (int)-exponent);
    return true;
}

/* `from` rounded to fewer digits; false where that might differ from rounding what `from` itself was rounded from: at a tie. */
static bool decimal_round(const struct decimal *from, int count, struct decimal *to) {
    *to = *from;
    if (from->count <= count)
        return true;
    if (from->digits[count] == '5' && from->count == count + 1)
        return false;
    to->count = count;
    int i = count;
    if (from->digits[count] >= '5') {
        while (i > 0 && to->digits[i - 1] == '9')
            to->digits[--i] = '0';
        if (i > 0)
            to->digits[i - 1]++;
        else {
            to->digits[0] = '1'; /* 99 became 100: the zeros are dropped */
            to->exponent++;
        }
    }
    drop_zeros(to);
    return true;
}

static bool reads_back(const struct decimal *decimal, double number) {
    uint64_t digits = 0;
    double magnitude;
    for (int i = 0; i < decimal->count; i++)
        digits = digits * 10 + (uint64_t)(decimal->digits[i] - '0');
    if (scaled(digits, decimal->exponent - decimal->count, &magnitude))
        return magnitude == fabs(number);
    char whole[64];
    whole_digits(decimal, whole);
    return strtod(whole, NULL) == number;
}

/* With 17 digits every number reads back; one that does with fewer is close enough to them for rounding to find it. */
char *number_write(double number, char out[NUMBER_TEXT_SIZE]) {
    if (!isnormal(number) && fpclassify(number) != FP_SUBNORMAL) {
        return write_special(number, out);
    }
    struct decimal decimal, longest;
    if (isnormal(number) && !decimal_of_17(number, &longest)) {
        decimal_from(number, 17, &longest);
    }
    for (int count = isnormal(number) ? 15 : 1; count <= 17; count++) {
        if (!isnormal(number) || !decimal_round(&longest, count, &decimal)) {
            decimal_from(number, count, &decimal);
        }
        if (count == 17 || reads_back(&decimal, number)) {
            break;
        }
    }
    return decimal_write(&decimal, out);
}

char *number_write_float(float number, char out[NUMBER_TEXT_SIZE]) {
    if (!isnormal(number) && fpclassify(number) != FP_SUBNORMAL) {
        return write_special((double)number, out);
    }
    struct decimal decimal;
    for (int count = isnormal(number) ? 6 : 1; count <= 9; count++) {
        char whole[64];
        decimal_from((double)number, count, &decimal);
        whole_digits(&decimal, whole);
        if (strtof(whole, NULL) == number) {
            break;
        }
    }
    return decimal_write(&decimal, out);
}

/* The place of the point in the digits, or -1 where the string is no decimal number. `*exponent` is held within +-`bound`,
   far beyond which every number is 0 or infinite. */
static ptrdiff_t scan(const char *string, ptrdiff_t bound, ptrdiff_t *exponent) {
    const char *c = string + (*string == '-' || *string == '+');
    ptrdiff_t before = 0, after = 0;
    for (; is_digit(*c); c++) {
        before++;
    }
    if (*c == '.') {
        for (c++; is_digit(*c); c++) {
            after++;
        }
    }
    *exponent = 0;
    if (before + after == 0) {
        return -1;
    }
    if (*c == 'e' || *c == 'E') {
        c++;
        ptrdiff_t sign = *c == '-' ? -1 : 1;
        c += *c == '-' || *c == '+';
        if (!is_digit(*c)) {
            return -1;
        }
        for (; is_digit(*c); c++) {
            *exponent = *exponent >= bound ? bound : *exponent * 10 + (*c - '0');
        }
        *exponent *= sign;
    }
    *exponent -= after;
    return *c ? -1 : before;
}

static bool read_special(const char *string, double *number) {
    static const struct {
        const char *text;
        double number;
    } special[] = {{"nan", (double)NAN}, {"inf", (double)INFINITY}, {"-inf", -(double)INFINITY}};
    for (size_t i = 0; i < sizeof special / sizeof special[0]; i++) {
        if (strcmp(string, special[i].text) == 0) {
            *number = special[i].number;
            return true;
        }
    }
    return false;
}

/* A number of any length, as scan() found it. */
static double read_long(const char *string, ptrdiff_t exponent) {
    const size_t length = strlen(string);
    char *whole = memory_alloc(length + 24, 1), *end = whole;
    for (const char *c = string; *c && *c != 'e' && *c != 'E'; c++) {
        if (*c != '.')
            *end++ = *c;
    }
    snprintf(end, 24, "e%td", exponent);
    const double read = strtod(whole, NULL);
    free(whole);
    return read;
}

bool number_read(const char *string, double *number) {
    ptrdiff_t exponent;
    if (scan(string, 1000000000, &exponent) < 0)
        return read_special(string, number);
    uint64_t digits = 0;
    bool fits = true;
    for (const char *c = string; *c && *c != 'e' && *c != 'E'; c++) {
        if (!is_digit(*c))
            continue;
        fits = fits && digits < 100 * TEN_TO_16; /* 19 digits */
        digits = fits ? digits * 10 + (uint64_t)(*c - '0') : digits;
    }
    double read;
    if (fits && scaled(digits, exponent, &read))
        read = *string == '-' ? -read : read;
    else
        read = read_long(string, exponent);
    if (isinf(read)) {
        return false;
    }
    *number = read;
    return true;
}

bool number_read_int(const char *string, int64_t *number) {
    const char *first = string + (*string == '-' || *string == '+');
    if (!is_digit(*first)) {
        return false;
    }
    int64_t sum = 0;
    for (const char *c = first; *c; c++) {
        int64_t digit = *string == '-' ? '0' - *c : *c - '0';
        if (!is_digit(*c) || __builtin_mul_overflow(sum, (int64_t)10, &sum) ||
            __builtin_add_overflow(sum, digit, &sum)) {
            return false;
        }
    }
    *number = sum;
    return true;
}
