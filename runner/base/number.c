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

static char *put(char *end, const char *bytes, int n) {
    memcpy(end, bytes, (size_t)n);
    return end + n;
}

/* "e", a sign and two digits at least. */
static char *put_exponent(char *end, int exponent) {
    char digits[20], *last = digits + sizeof digits, *first = number_write_uint((uint64_t)abs(exponent), last);
    if (last - first == 1)
        *--first = '0';
    *end++ = 'e';
    *end++ = exponent < 0 ? '-' : '+';
    return put(end, first, (int)(last - first));
}

static void whole_digits(const struct decimal *decimal, char out[64]) {
    char *end = decimal->negative ? put(out, "-", 1) : out;
    end = put(end, decimal->digits, decimal->count);
    *put_exponent(end, decimal->exponent - decimal->count) = '\0';
}

/* Plain notation from 0.0001 to below 1e16, as Python and JavaScript do about the same. */
static char *decimal_write(const struct decimal *decimal, char out[NUMBER_TEXT_SIZE]) {
    const char *digits = decimal->digits;
    int count = decimal->count, exponent = decimal->exponent;
    char *end = decimal->negative ? put(out, "-", 1) : out;
    if (exponent < -3 || exponent > 16) {
        end = put(end, digits, 1);
        if (count > 1) {
            end = put(end, ".", 1);
            end = put(end, digits + 1, count - 1);
        }
        end = put_exponent(end, exponent - 1);
    } else if (exponent <= 0) {
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
    char text[20], *end = text + sizeof text, *first = number_write_uint(digits, end);
    decimal->count = (int)(end - first);
    memcpy(decimal->digits, first, (size_t)decimal->count);
}

/* A number between two doubles, as an integer: number * 10^places = (digits + rest / 2^shift), where doubles beside it are `gap` / 2^shift away. */
struct exact {
    uint64_t digits;
    product rest, gap;
    int shift;
    bool even, lowest; /* its mantissa; `lowest` of its power of two, so that the double below is half as far away */
};

/* The number to the nearest multiple of `unit` (ties to even); whether that reads back. */
static inline bool round_to(const struct exact *exact, uint64_t unit, uint64_t *digits) {
    const uint64_t count = exact->digits / unit;
    const product past = ((product)(exact->digits % unit) << exact->shift) + exact->rest,
                  left = ((product)unit << exact->shift) - past;
    const bool up = past > left || (past == left && count % 2 == 1);
    const product distance = up ? 2 * left : exact->lowest ? 4 * past : 2 * past;
    *digits = (count + (up ? 1 : 0)) * unit;
    return distance < exact->gap || (distance == exact->gap && exact->even);
}

/* Of a normal number; false below 2^-36 and from 2^51 on, which take other integers. With 17 digits every number reads back. */
static bool shortest(double number, struct decimal *decimal) {
    uint64_t bits, digits;
    memcpy(&bits, &number, sizeof bits);
    const uint64_t leading = UINT64_C(1) << (DBL_MANT_DIG - 1), fraction = bits & (leading - 1);
    const int exponent = (int)(bits >> (DBL_MANT_DIG - 1) & 0x7ff) - 1075; /* number = mantissa * 2^exponent */
    int places = 16 - ((exponent + DBL_MANT_DIG - 1) * 1233 >> 12);        /* by log10(2): right, or one too many */
    for (; places >= 0 && places <= MOST_PLACES; places--) {
        const int shift = -exponent - places;
        if (shift < 1 || shift > 64)
            return false;
        const product scaled = (product)(leading | fraction) * fives[places];
        const struct exact exact = {.digits = (uint64_t)(scaled >> shift),
                                    .rest = scaled & (((product)1 << shift) - 1),
                                    .gap = fives[places],
                                    .shift = shift,
                                    .even = fraction % 2 == 0,
                                    .lowest = fraction == 0};
        if (exact.digits >= 10 * TEN_TO_16)
            continue;
        if (!round_to(&exact, 100, &digits) && !round_to(&exact, 10, &digits))
            round_to(&exact, 1, &digits);
        decimal_of_digits(digits, decimal);
        decimal->negative = number < 0;
        decimal->exponent = decimal->count - places;
        drop_zeros(decimal);
        return true;
    }
    return false;
}

static double power_of_2(int exponent) {
    const uint64_t bits = (uint64_t)(exponent + DBL_MAX_EXP - 1) << (DBL_MANT_DIG - 1);
    double power;
    memcpy(&power, &bits, sizeof power);
    return power;
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
    return (double)(quotient | left) * power_of_2(shift_divisor - shift - 63 - places);
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

char *number_write(double number, char out[NUMBER_TEXT_SIZE]) {
    if (!isnormal(number) && fpclassify(number) != FP_SUBNORMAL) {
        return write_special(number, out);
    }
    struct decimal decimal;
    for (int count = isnormal(number) ? 15 : 1; !isnormal(number) || !shortest(number, &decimal); count++) {
        char whole[64];
        decimal_from(number, count, &decimal);
        whole_digits(&decimal, whole);
        if (count == 17 || strtod(whole, NULL) == number) {
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

/* A decimal number as it stands: digits * 10^exponent. */
struct scan {
    uint64_t digits;    /* of no use where these are more than 19, zeros before them not counted */
    ptrdiff_t exponent; /* held within +-BOUND, far beyond which every number is 0 or infinite */
    bool negative, fits;
};
#define BOUND 1000000000

/* The next eight bytes, where all are digits: first pairs, then fours are joined within the word. */
static bool eight_digits(const char *c, uint64_t *digits) {
    uint64_t word;
    memcpy(&word, c, sizeof word);
    if (((word + UINT64_C(0x4646464646464646)) | (word - UINT64_C(0x3030303030303030))) & UINT64_C(0x8080808080808080))
        return false;
    word -= UINT64_C(0x3030303030303030);
    word = (word * 10 + (word >> 8)) & UINT64_C(0x00ff00ff00ff00ff);
    word = (word * 100 + (word >> 16)) & UINT64_C(0x0000ffff0000ffff);
    *digits = (word * 10000 + (word >> 32)) & UINT64_C(0xffffffff);
    return true;
}

static const char *skip_zeros(const char *c, const char *end) {
    while (c < end && *c == '0')
        c++;
    return c;
}

/* Digits are added behind those that are there. */
static const char *take_digits(const char *c, const char *end, uint64_t *digits) {
    uint64_t eight;
    for (; end - c >= 8 && eight_digits(c, &eight); c += 8)
        *digits = *digits * 100000000 + eight;
    for (; c < end && is_digit(*c); c++)
        *digits = *digits * 10 + (uint64_t)(*c - '0');
    return c;
}

static const char *take_exponent(const char *c, const char *end, ptrdiff_t *exponent) {
    const bool negative = c < end && *c == '-';
    ptrdiff_t sum = 0;
    c += c < end && (*c == '-' || *c == '+');
    if (c == end || !is_digit(*c))
        return NULL;
    for (; c < end && is_digit(*c); c++)
        sum = sum >= BOUND ? BOUND : sum * 10 + (*c - '0');
    *exponent += negative ? -sum : sum;
    return c;
}

/* Returns its end; NULL where the bytes do not begin with a decimal number. */
static const char *scan_number(const char *c, const char *end, struct scan *scan) {
    *scan = (struct scan){.negative = c < end && *c == '-'};
    c += c < end && (*c == '-' || *c == '+');
    const char *first = c, *significant = c = skip_zeros(c, end);
    c = take_digits(c, end, &scan->digits);
    ptrdiff_t count = c - significant, all = c - first;
    if (c < end && *c == '.') {
        const char *point = ++c;
        if (count == 0)
            c = skip_zeros(c, end);
        significant = c;
        c = take_digits(c, end, &scan->digits);
        count += c - significant;
        all += c - point;
        scan->exponent = point - c;
    }
    scan->fits = count <= 19;
    if (all > 0 && c < end && (*c == 'e' || *c == 'E'))
        c = take_exponent(c + 1, end, &scan->exponent);
    return all > 0 ? c : NULL;
}

static bool read_special(const char *bytes, size_t length, double *number) {
    static const struct {
        const char *text;
        double number;
    } special[] = {{"nan", (double)NAN}, {"inf", (double)INFINITY}, {"-inf", -(double)INFINITY}};
    for (size_t i = 0; i < sizeof special / sizeof special[0]; i++) {
        if (strlen(special[i].text) == length && memcmp(bytes, special[i].text, length) == 0) {
            *number = special[i].number;
            return true;
        }
    }
    return false;
}

/* A number of any length, as scan_number() found it. */
static double read_long(const char *bytes, size_t length, ptrdiff_t exponent) {
    char *whole = memory_alloc(length + 24, 1), *out = whole;
    for (const char *c = bytes; c < bytes + length && *c != 'e' && *c != 'E'; c++) {
        if (*c != '.')
            *out++ = *c;
    }
    snprintf(out, 24, "e%td", exponent);
    const double read = strtod(whole, NULL);
    free(whole);
    return read;
}

const char *number_take(const char *bytes, const char *end, double *number) {
    struct scan scan;
    double read;
    const char *after = scan_number(bytes, end, &scan);
    if (after == NULL)
        return NULL;
    if (scan.fits && scaled(scan.digits, scan.exponent, &read))
        read = scan.negative ? -read : read;
    else
        read = read_long(bytes, (size_t)(after - bytes), scan.exponent);
    if (isinf(read))
        return NULL;
    *number = read;
    return after;
}

bool number_read_bytes(const char *bytes, size_t length, double *number) {
    double read;
    if (number_take(bytes, bytes + length, &read) != bytes + length || length == 0)
        return read_special(bytes, length, number);
    *number = read;
    return true;
}

bool number_read(const char *string, double *number) {
    return number_read_bytes(string, strlen(string), number);
}

char *number_write_uint(uint64_t number, char *end) {
    static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
                                "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
                                "8081828384858687888990919293949596979899";
    for (; number >= 100; number /= 100)
        end = memcpy(end - 2, pairs + 2 * (number % 100), 2);
    if (number >= 10)
        return memcpy(end - 2, pairs + 2 * number, 2);
    *--end = (char)('0' + number);
    return end;
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
