/* The journal as a damaged disk or another hand may leave it. Lines are given the checksum that their JSON would have, so that the
   fuzzer gets behind it; with an odd first byte the bytes are the file as they are. */
#include "tests/fuzz/fuzz.h"

#include "runner/results/journal.h"
#include "runner/results/tables.h"

#include <jansson.h>

static void add_checksums(const char *bytes, size_t n, struct text *out) {
    for (const char *at = bytes, *end = bytes + n; at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t length = stop != NULL ? (size_t)(stop - at) : (size_t)(end - at);
        char digits[HASH_SHORT_TEXT_SIZE];
        text_printf(out, "%s ", hash128_write_short(hash128_of(at, length), digits));
        text_add_bytes(out, at, length);
        text_add_char(out, '\n');
        at += length + 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct text file, out;
    text_init(&file);
    text_init(&out);
    if (n > 0 && bytes[0] % 2 == 1)
        text_add_bytes(&file, bytes + 1, n - 1);
    else if (n > 0)
        add_checksums((const char *)bytes + 1, n - 1, &file);
    struct journal journal;
    struct error error = {0};
    FUZZ_CHECK(journal_read(fuzz_file(file.data, file.length), JOURNAL_RECORDS, &journal, &error) == STATUS_OK);
    for (size_t i = 0; i < journal.count; i++) {
        struct arena arena;
        arena_init(&arena);
        /* of lines with the same key the last counts */
        const struct record *kept = journal_find(&journal, journal.lines[i]->key),
                            *whole = journal_whole(&journal, kept, &arena);
        FUZZ_CHECK(whole != NULL && whole->n_rows >= kept->n_rows);
        text_reset(&out);
        record_write(whole, &out);
        json_t *json = json_loadb(out.data, out.length, 0, NULL);
        struct record again;
        FUZZ_CHECK(json != NULL && record_read(out.data, out.length, &arena, &again));
        FUZZ_CHECK(hash128_equal(again.key, whole->key) && again.n_rows == whole->n_rows);
        json_decref(json);
        arena_clear(&arena);
    }
    struct results results;
    text_reset(&out);
    journal_grid(&journal, &out);
    json_t *json = json_loadb(out.data, out.length, 0, NULL);
    if (json != NULL && results_read(json, &results)) {
        journal_join(&journal, &results);
        text_reset(&out);
        struct csv csv;
        csv_init(&csv, &out);
        table_trials(&results, &csv);
        table_epochs(&results, &csv);
        table_timing(&results, &csv);
        table_summary(&results, &csv);
        results_clear(&results);
    }
    json_decref(json);
    FUZZ_CHECK(journal_close(&journal, &error) == STATUS_OK);
    text_clear(&out);
    text_clear(&file);
    return 0;
}
