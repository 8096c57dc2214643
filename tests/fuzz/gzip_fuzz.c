/* Gzip, as data files may be: decompressed within the limit, or refused; what is no gzip comes as it is. */
#include "tests/fuzz/fuzz.h"

#include "runner/base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    enum { LIMIT = 1 << 20 };
    unsigned char *read = NULL;
    size_t length = 0;
    struct error error = {0};
    enum status status = file_read_all_gzip(fuzz_file(bytes, n), LIMIT, &read, &length, &error);
    FUZZ_CHECK(status == STATUS_OK || status == STATUS_CONFIG);
    FUZZ_CHECK((status == STATUS_OK) == (read != NULL) && (status == STATUS_OK) == (error.text[0] == '\0'));
    if (status == STATUS_OK) {
        FUZZ_CHECK(length <= LIMIT && read[length] == '\0');
        FUZZ_CHECK((n >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b) || (length == n && memcmp(read, bytes, n) == 0));
    }
    free(read);
    return 0;
}
