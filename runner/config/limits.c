#include "runner/config/limits.h"

#include "runner/base/text.h"

#include <string.h>

struct unit {
    const char *name;
    double factor;
};

static const struct unit times[] = {
    {"", 1},         {"s", 1},     {"sec", 1},     {"second", 1},   {"seconds", 1}, {"ms", 0.001},
    {"min", 60},     {"m", 60},    {"minute", 60}, {"minutes", 60}, {"h", 3600},    {"hour", 3600},
    {"hours", 3600}, {"d", 86400}, {"day", 86400}, {"days", 86400},
};
static const struct unit sizes[] = {
    {"", 1},     {"b", 1},     {"byte", 1},     {"bytes", 1},       {"kb", 1e3},           {"mb", 1e6},
    {"gb", 1e9}, {"tb", 1e12}, {"kib", 1024.0}, {"mib", 1048576.0}, {"gib", 1073741824.0}, {"tib", 1099511627776.0},
};

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* "1.5 GB": a decimal number, perhaps spaces, a unit in any case. */
static bool read_quantity(const char *text, const struct unit *units, size_t n_units, double *quantity) {
    size_t length = strspn(text, "0123456789.");
    if ((text[length] == 'e' || text[length] == 'E') && strspn(text + length + 1, "0123456789") > 0)
        length += 1 + strspn(text + length + 1, "0123456789");
    const char *unit = text + length + strspn(text + length, " ");
    char digits[64], name[16];
    if (length == 0 || length >= sizeof digits || strlen(unit) >= sizeof name)
        return false;
    memcpy(digits, text, length);
    digits[length] = '\0';
    for (size_t i = 0; i <= strlen(unit); i++)
        name[i] = lower(unit[i]);
    double number;
    if (!number_read(digits, &number))
        return false;
    for (size_t i = 0; i < n_units; i++) {
        if (strcmp(name, units[i].name) == 0) {
            *quantity = number * units[i].factor;
            return true;
        }
    }
    return false;
}

bool limit_read_time(const char *text, double *seconds) {
    return read_quantity(text, times, sizeof times / sizeof times[0], seconds) && *seconds > 0 && *seconds <= 1e9;
}

bool limit_read_memory(const char *text, uint64_t *bytes) {
    double size;
    if (!read_quantity(text, sizes, sizeof sizes / sizeof sizes[0], &size) || !(size >= 1) || size > 9007199254740992.0)
        return false;
    *bytes = (uint64_t)size;
    return true;
}

/* The text of the key's value; NULL where there is none. */
static const char *value_of(const struct tree *root, const char *key, const struct tree **value) {
    *value = tree_get(root, key);
    if (*value == NULL || (*value)->type == TREE_NULL)
        return NULL;
    return tree_is_scalar(*value) ? (*value)->text : "";
}

static void read_time(const struct tree *root, const char *key, const char *what, double *seconds,
                      struct diagnostics *diagnostics) {
    const struct tree *value;
    const char *text = value_of(root, key, &value);
    double found;
    if (text == NULL)
        return;
    if (limit_read_time(text, &found))
        *seconds = found;
    else
        diagnostics_error(diagnostics, value->mark,
                          "%s is %.60s; wanted the time %s, such as 90 (seconds), 10 minutes or 2 h", key,
                          *text != '\0' ? text : tree_type_name(value->type), what);
}

void limits_read(const struct tree *root, struct limits *limits, struct diagnostics *diagnostics) {
    *limits = (struct limits){.data_time = DATA_TIME_LIMIT};
    read_time(root, "time_limit", "of a trial", &limits->time, diagnostics);
    read_time(root, "data_time_limit", "of reading a data set", &limits->data_time, diagnostics);
    const struct tree *value;
    const char *text = value_of(root, "memory_limit", &value);
    if (text != NULL && !limit_read_memory(text, &limits->memory)) {
        limits->memory = 0;
        diagnostics_error(
            diagnostics, value->mark,
            "memory_limit is %.60s; wanted the memory of a trial beside the data, such as 500 MB or 2 GiB",
            *text != '\0' ? text : tree_type_name(value->type));
    }
}
