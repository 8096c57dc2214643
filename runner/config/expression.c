#include "runner/config/expression.h"

#include "runner/base/text.h"

#include <math.h>
#include <string.h>

enum { MAX_DEPTH = 100, MAX_ARGUMENTS = 16 };

struct parser {
    const char *text, *at;
    expression_lookup *lookup;
    void *context;
    struct error *error;
    int depth;
};

static enum status sum(struct parser *parser, double *number);
static enum status signed_factor(struct parser *parser, double *number);

static void skip_space(struct parser *parser) {
    parser->at += strspn(parser->at, " \t\r\n");
}

static bool accept(struct parser *parser, const char *symbol) {
    skip_space(parser);
    size_t length = strlen(symbol);
    if (strncmp(parser->at, symbol, length) != 0) {
        return false;
    }
    parser->at += length;
    return true;
}

static enum status wanted(struct parser *parser, const char *what) {
    skip_space(parser);
    if (!*parser->at) {
        return error_set(parser->error, STATUS_CONFIG, "expression '=%s' ends where %s is wanted", parser->text, what);
    }
    return error_set(parser->error, STATUS_CONFIG, "expression '=%s' wants %s, found '%s'", parser->text, what,
                     parser->at);
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static enum status literal(struct parser *parser, double *number) {
    const char *end = parser->at + strspn(parser->at, "0123456789.");
    if (*end == 'e' || *end == 'E') {
        const char *exponent = end + 1 + (end[1] == '-' || end[1] == '+');
        if (is_digit(*exponent)) {
            end = exponent + strspn(exponent, "0123456789");
        }
    }
    struct text digits;
    text_init(&digits);
    text_add_bytes(&digits, parser->at, (size_t)(end - parser->at));
    enum status status = STATUS_OK;
    if (is_letter(*end) || !number_read(digits.data, number)) {
        status = error_set(parser->error, STATUS_CONFIG, "expression '=%s': '%s%.1s' is no number", parser->text,
                           digits.data, end);
    }
    parser->at = end;
    text_clear(&digits);
    return status;
}

/* The end of the name at `at`: letters and digits, points, quoted segments. */
static const char *name_end(const char *at) {
    for (;;) {
        if (*at == '"') {
            for (at++; *at && *at != '"'; at++) {
                at += *at == '\\' && at[1];
            }
            at += *at == '"';
        } else {
            while (is_letter(*at) || is_digit(*at)) {
                at++;
            }
        }
        if (*at != '.' || (at[1] != '"' && !is_letter(at[1]) && !is_digit(at[1]))) {
            return at;
        }
        at++;
    }
}

struct function {
    const char *name;
    int least, most; /* arguments */
    double (*one)(double);
    double (*two)(double, double);
};

static double smaller(double a, double b) {
    return a < b ? a : b;
}

static double larger(double a, double b) {
    return a > b ? a : b;
}

static const struct function functions[] = {
    {"sqrt", 1, 1, sqrt, NULL},
    {"exp", 1, 1, exp, NULL},
    {"log", 1, 1, log, NULL},
    {"log2", 1, 1, log2, NULL},
    {"log10", 1, 1, log10, NULL},
    {"floor", 1, 1, floor, NULL},
    {"ceil", 1, 1, ceil, NULL},
    {"round", 1, 1, round, NULL},
    {"abs", 1, 1, fabs, NULL},
    {"pow", 2, 2, NULL, pow},
    {"min", 1, MAX_ARGUMENTS, NULL, smaller},
    {"max", 1, MAX_ARGUMENTS, NULL, larger},
};
enum { N_FUNCTIONS = sizeof functions / sizeof functions[0] };

static enum status call(struct parser *parser, const char *name, double *number) {
    const char *names[N_FUNCTIONS];
    const struct function *function = NULL;
    for (size_t i = 0; i < N_FUNCTIONS; i++) {
        names[i] = functions[i].name;
        if (strcmp(name, names[i]) == 0) {
            function = &functions[i];
        }
    }
    if (!function) {
        const char *near = text_nearest(name, names, N_FUNCTIONS);
        return near ? error_set(parser->error, STATUS_CONFIG, "unknown function '%s'; did you mean '%s'?", name, near)
                    : error_set(parser->error, STATUS_CONFIG, "unknown function '%s'", name);
    }
    double arguments[MAX_ARGUMENTS];
    int count = 0;
    do {
        if (count == function->most) {
            return error_set(parser->error, STATUS_CONFIG, "function '%s' takes %d argument%s, found more", name,
                             function->most, function->most == 1 ? "" : "s");
        }
        enum status status = sum(parser, &arguments[count++]);
        if (status != STATUS_OK) {
            return status;
        }
    } while (accept(parser, ","));
    if (!accept(parser, ")")) {
        return wanted(parser, "')'");
    }
    if (count < function->least) {
        return error_set(parser->error, STATUS_CONFIG, "function '%s' takes %d arguments, found %d", name,
                         function->least, count);
    }
    *number = function->one ? function->one(arguments[0]) : arguments[0];
    for (int i = 1; i < count; i++) {
        *number = function->two(*number, arguments[i]);
    }
    if (!isfinite(*number)) {
        return error_set(parser->error, STATUS_CONFIG, "expression '=%s': %s is not finite there", parser->text, name);
    }
    return STATUS_OK;
}

static enum status name_or_call(struct parser *parser, double *number) {
    const char *end = name_end(parser->at);
    struct text name;
    text_init(&name);
    text_add_bytes(&name, parser->at, (size_t)(end - parser->at));
    parser->at = end;
    enum status status = accept(parser, "(") ? call(parser, name.data, number)
                                             : parser->lookup(parser->context, name.data, number, parser->error);
    text_clear(&name);
    return status;
}

static enum status atom(struct parser *parser, double *number) {
    skip_space(parser);
    if (accept(parser, "(")) {
        enum status status = sum(parser, number);
        return status != STATUS_OK ? status : accept(parser, ")") ? STATUS_OK : wanted(parser, "')'");
    }
    if (is_digit(*parser->at) || (*parser->at == '.' && is_digit(parser->at[1]))) {
        return literal(parser, number);
    }
    if (is_letter(*parser->at) || *parser->at == '"') {
        return name_or_call(parser, number);
    }
    return wanted(parser, "a number, a name or '('");
}

static enum status power(struct parser *parser, double *number) {
    enum status status = atom(parser, number);
    if (status != STATUS_OK || (!accept(parser, "^") && !accept(parser, "**"))) {
        return status;
    }
    double exponent;
    status = signed_factor(parser, &exponent);
    if (status != STATUS_OK) {
        return status;
    }
    *number = pow(*number, exponent);
    return STATUS_OK;
}

static enum status signed_factor(struct parser *parser, double *number) {
    if (parser->depth++ >= MAX_DEPTH) {
        return error_set(parser->error, STATUS_CONFIG, "expression '=%.40s...' is nested deeper than %d levels",
                         parser->text, MAX_DEPTH);
    }
    enum status status;
    if (accept(parser, "-")) {
        status = signed_factor(parser, number);
        *number = status == STATUS_OK ? -*number : 0;
    } else {
        status = accept(parser, "+") ? signed_factor(parser, number) : power(parser, number);
    }
    parser->depth--;
    return status;
}

static enum status product(struct parser *parser, double *number) {
    enum status status = signed_factor(parser, number);
    while (status == STATUS_OK) {
        bool times = accept(parser, "*");
        if (!times && !accept(parser, "/")) {
            break;
        }
        double other;
        status = signed_factor(parser, &other);
        if (status != STATUS_OK) {
            break;
        }
        if (!times && other == 0) {
            return error_set(parser->error, STATUS_CONFIG, "expression '=%s' divides by zero", parser->text);
        }
        *number = times ? *number * other : *number / other;
    }
    return status;
}

static enum status sum(struct parser *parser, double *number) {
    enum status status = product(parser, number);
    while (status == STATUS_OK) {
        bool plus = accept(parser, "+");
        if (!plus && !accept(parser, "-")) {
            break;
        }
        double other;
        status = product(parser, &other);
        if (status == STATUS_OK) {
            *number = plus ? *number + other : *number - other;
        }
    }
    return status;
}

enum status expression_evaluate(const char *text, expression_lookup *lookup, void *context, double *number,
                                struct error *error) {
    struct parser parser = {.text = text, .at = text, .lookup = lookup, .context = context, .error = error};
    enum status status = sum(&parser, number);
    if (status != STATUS_OK) {
        return status;
    }
    skip_space(&parser);
    if (*parser.at) {
        return wanted(&parser, "an operator");
    }
    if (!isfinite(*number)) {
        return error_set(error, STATUS_CONFIG, "expression '=%s' is not finite", text);
    }
    return STATUS_OK;
}
