/* Arithmetic of values: a finite number, or an error with a text. */
#include "tests/fuzz/fuzz.h"

#include "runner/config/expression.h"

#include <math.h>

static enum status lookup(void *context, const char *name, double *number, struct error *error) {
    (void)context;
    *number = (double)strlen(name) - 3;
    return strchr(name, 'q') == NULL ? STATUS_OK : error_set(error, STATUS_CONFIG, "no %.60s", name);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    char *text = fuzz_text(bytes, n);
    double number;
    struct error error = {0};
    enum status status = expression_evaluate(text, lookup, NULL, &number, &error);
    FUZZ_CHECK(status == STATUS_OK ? isfinite(number) : error.text[0] != '\0');
    free(text);
    return 0;
}
