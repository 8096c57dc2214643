#include "runner/base/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

char *words_number(double number, char out[WORDS_SIZE]) {
    double size = fabs(number);
    if (isnan(number))
        snprintf(out, WORDS_SIZE, "nan");
    else if (isinf(number))
        snprintf(out, WORDS_SIZE, number > 0 ? "inf" : "-inf");
    else if (size == 0 || (size >= 0.001 && size < 1000))
        snprintf(out, WORDS_SIZE, "%.4f", number);
    else if (size >= 1000 && size < 1e6)
        snprintf(out, WORDS_SIZE, "%.1f", number);
    else
        snprintf(out, WORDS_SIZE, "%.2e", number);
    return out;
}

char *words_number_like(double number, const char *like, char out[WORDS_SIZE]) {
    const char *point = strchr(like, '.');
    if (point == NULL || strchr(like, 'e') != NULL || !isfinite(number) || fabs(number) >= 1e9)
        return words_number(number, out);
    snprintf(out, WORDS_SIZE, "%.*f", (int)strlen(point + 1), number);
    return out;
}

char *words_clock(double seconds, char out[WORDS_SIZE]) {
    if (!(seconds >= 0) || seconds > 1e9) {
        snprintf(out, WORDS_SIZE, "?");
        return out;
    }
    long all = (long)(seconds + 0.5);
    if (all >= 3600)
        snprintf(out, WORDS_SIZE, "%ld:%02ld:%02ld", all / 3600, all / 60 % 60, all % 60);
    else
        snprintf(out, WORDS_SIZE, "%ld:%02ld", all / 60, all % 60);
    return out;
}

char *words_seconds(double seconds, char out[WORDS_SIZE]) {
    if (isnan(seconds))
        out[0] = '\0';
    else
        snprintf(out, WORDS_SIZE, "%.*f", seconds >= 100 ? 0 : seconds >= 1 ? 2 : seconds >= 0.001 ? 4 : 6, seconds);
    return out;
}

char *words_bytes(double bytes, char out[WORDS_SIZE]) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    for (; bytes >= 1024 && unit + 1 < sizeof units / sizeof units[0]; unit++)
        bytes /= 1024;
    snprintf(out, WORDS_SIZE, "%.*f %s", unit == 0 || bytes >= 100 ? 0 : 1, bytes, units[unit]);
    return out;
}
