/* CSV: what reads is written and read again as the same fields. */
#include "tests/fuzz/fuzz.h"

#include "runner/base/csv.h"

#include <stdbool.h>

/* But for the apostrophe that keeps a spreadsheet from working a text out; one that looks so already gets another. */
static bool same(const char *read, const char *written) {
    const char *text = written + strspn(written, "'");
    bool shielded = *text != '\0' && strchr("=+-@\t\r", *text) != NULL;
    return strcmp(read, written) == 0 || (shielded && *read == '\'' && strcmp(read + 1, written) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct arena arena;
    struct text out;
    struct csv csv;
    struct csv_table table, again;
    struct error error = {0};
    arena_init(&arena);
    text_init(&out);
    if (csv_read((const char *)bytes, n, "fuzz", &arena, &table, &error) == STATUS_OK) {
        csv_init(&csv, &out);
        for (size_t r = 0; r < table.count; r++) {
            for (size_t f = 0; f < table.rows[r].count; f++)
                csv_text(&csv, table.rows[r].fields[f]);
            csv_end_row(&csv);
        }
        FUZZ_CHECK(csv_read(out.data, out.length, "again", &arena, &again, &error) == STATUS_OK);
        FUZZ_CHECK(again.count == table.count);
        for (size_t r = 0; r < table.count; r++) {
            FUZZ_CHECK(again.rows[r].count == table.rows[r].count);
            for (size_t f = 0; f < table.rows[r].count; f++)
                FUZZ_CHECK(same(again.rows[r].fields[f], table.rows[r].fields[f]));
        }
        csv_column(&table, "trial");
    } else {
        FUZZ_CHECK(error.text[0] != '\0');
    }
    text_clear(&out);
    arena_clear(&arena);
    return 0;
}
