/* Numbers to text and back. The C library converts digits without a decimal point, which no locale can change. */
#include "runner/base/text.h"

#include <errno.h>
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
    while (decimal->count > 1 && decimal->digits[decimal->count - 1] == '0') {
        decimal->count--;
    }
    decimal->digits[decimal->count] = '\0';
}

static void whole_digits(const struct decimal *decimal, char out[64]) {
    snprintf(out, 64, "%s%se%d", decimal->negative ? "-" : "", decimal->digits, decimal->exponent - decimal->count);
}

/* Plain notation from 0.0001 to below 1e16, as Python and JavaScript do about the same. */
static char *decimal_write(const struct decimal *decimal, char out[NUMBER_TEXT_SIZE]) {
    const char *sign = decimal->negative ? "-" : "", *digits = decimal->digits;
    int count = decimal->count, exponent = decimal->exponent;
    if (exponent < -3 || exponent > 16) {
        snprintf(out, NUMBER_TEXT_SIZE, "%s%c%s%se%c%02d", sign, digits[0], count > 1 ? "." : "", digits + 1,
                 exponent > 0 ? '+' : '-', abs(exponent - 1));
    } else if (exponent <= 0) {
        snprintf(out, NUMBER_TEXT_SIZE, "%s0.%.*s%s", sign, -exponent, "000", digits);
    } else if (count <= exponent) {
        snprintf(out, NUMBER_TEXT_SIZE, "%s%s%.*s", sign, digits, exponent - count, "0000000000000000");
    } else {
        snprintf(out, NUMBER_TEXT_SIZE, "%s%.*s.%s", sign, exponent, digits, digits + exponent);
    }
    return out;
}

static char *write_special(double number, char out[NUMBER_TEXT_SIZE]) {
    return strcpy(out, isnan(number) ? "nan" : number > 0 ? "inf" : number < 0 ? "-inf" : signbit(number) ? "-0" : "0");
}

/* A number of at most DBL_DIG (FLT_DIG) digits is found by rounding to so many, unless it is subnormal; so start there. */
char *number_write(double number, char out[NUMBER_TEXT_SIZE]) {
    if (!isnormal(number) && fpclassify(number) != FP_SUBNORMAL) {
        return write_special(number, out);
    }
    struct decimal decimal;
    for (int count = isnormal(number) ? 15 : 1; count <= 17; count++) {
        char whole[64];
        decimal_from(number, count, &decimal);
        whole_digits(&decimal, whole);
        if (strtod(whole, NULL) == number) {
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

bool number_read(const char *string, double *number) {
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
    ptrdiff_t exponent;
    if (scan(string, 1000000000, &exponent) < 0) {
        return false;
    }
    struct text whole;
    text_init(&whole);
    for (const char *c = string; *c && *c != 'e' && *c != 'E'; c++) {
        if (*c != '.') {
            text_add_char(&whole, *c);
        }
    }
    text_printf(&whole, "e%td", exponent);
    double read = strtod(whole.data, NULL);
    text_clear(&whole);
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
