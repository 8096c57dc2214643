/* Numbers: what reads is written and read again as the same bits. */
#include "tests/fuzz/fuzz.h"

#include "runner/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    char *text = fuzz_text(bytes, n), buffer[NUMBER_TEXT_SIZE];
    double number, again;
    int64_t integer;
    if (number_read(text, &number)) {
        FUZZ_CHECK(number_read(number_write(number, buffer), &again));
        FUZZ_CHECK(memcmp(&number, &again, sizeof number) == 0);
    }
    if (number_read_int(text, &integer)) {
        int64_t back;
        snprintf(buffer, sizeof buffer, "%lld", (long long)integer);
        FUZZ_CHECK(number_read_int(buffer, &back) && back == integer);
    }
    if (n >= sizeof number) { /* any bits at all, but that NaN has one text only */
        memcpy(&number, bytes, sizeof number);
        FUZZ_CHECK(number_read(number_write(number, buffer), &again));
        FUZZ_CHECK(number != number ? again != again : memcmp(&number, &again, sizeof number) == 0);
    }
    free(text);
    return 0;
}
