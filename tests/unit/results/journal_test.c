#include "tests/unit/results/lab.h"

#include "runner/base/file.h"
#include "runner/results/brief.h"
#include "runner/results/column.h"
#include "runner/results/journal.h"

#include <float.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const columns[] = {"train_loss", "test_loss"};

struct place {
    char folder[64], path[96];
    struct arena arena;
};

static int make_place(void **state) {
    struct place *place = calloc(1, sizeof *place);
    snprintf(place->folder, sizeof place->folder, "/tmp/runner-journal-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->path, sizeof place->path, "%s/journal.jsonl", place->folder);
    arena_init(&place->arena);
    *state = place;
    return 0;
}

static int remove_place(void **state) {
    struct place *place = *state;
    unlink(place->path);
    rmdir(place->folder);
    arena_clear(&place->arena);
    free(place);
    return 0;
}

static void add(struct place *place, size_t number, double loss) {
    struct error error = {0};
    struct journal journal;
    struct record *record = lab_record(&place->arena, number, TRIAL_DONE, columns, 2, 2);
    lab_set(record, 1, 1, loss);
    assert_int_equal(journal_open(place->path, JOURNAL_RECORDS, &journal, &error), STATUS_OK);
    const struct record *kept;
    assert_int_equal(journal_add(&journal, record, &kept, &error), STATUS_OK);
    assert_ptr_equal(kept, journal_find(&journal, record->key));
    assert_int_equal(journal_close(&journal, &error), STATUS_OK);
}

/* Changes the file by hand: cuts it to `length` bytes, or puts `byte` at `at`. */
static size_t file_length(const char *path) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    long length = ftell(file);
    fclose(file);
    return (size_t)length;
}

static void put_byte(const char *path, size_t at, char byte) {
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    fseek(file, (long)at, SEEK_SET);
    fputc(byte, file);
    fclose(file);
}

static double loss_of(const struct journal *journal, size_t number) {
    const struct record *record = journal_find(journal, (struct hash128){.low = number});
    double value = -1;
    return record != NULL && record_final(record, "test_loss", &value) ? value : -1;
}

static void a_missing_journal_is_empty(void **state) {
    struct place *place = *state;
    struct journal journal;
    struct error error = {0};
    assert_int_equal(journal_read(place->path, JOURNAL_RECORDS, &journal, &error), STATUS_OK);
    assert_int_equal(journal.count, 0);
    assert_int_not_equal(access(place->path, F_OK), 0);
    journal_close(&journal, NULL);
}

static void numbers_read_back_exactly(void **state) {
    struct place *place = *state;
    const double numbers[] = {
        0.1, 1.0 / 3, DBL_MIN, DBL_MAX, 4.9406564584124654e-324, -0.0, 1, 1e22, 0.30000000000000004};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        add(place, i + 1, numbers[i]);
    add(place, 100, (double)NAN);
    add(place, 101, (double)INFINITY);
    add(place, 102, -(double)INFINITY);
    struct journal journal;
    assert_int_equal(journal_read(place->path, JOURNAL_RECORDS, &journal, NULL), STATUS_OK);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        double found = loss_of(&journal, i + 1);
        assert_memory_equal(&found, &numbers[i], sizeof found);
    }
    assert_true(isnan(loss_of(&journal, 100)));
    assert_true(loss_of(&journal, 101) == (double)INFINITY);
    assert_true(loss_of(&journal, 102) == -(double)INFINITY);
    assert_int_equal(journal.skipped, 0);
    journal_close(&journal, NULL);
}

static void a_record_reads_back_whole(void **state) {
    struct place *place = *state;
    struct record *record = lab_record(&place->arena, 7, TRIAL_DIVERGED, columns, 2, 2);
    record->reason = "loss is nan in epoch 1, \"so\" \\ \xc3\xa9\t\x01\n";
    record->stopped_by = "diverged";
    record->epochs = 1;
    record->updates = UINT64_C(9007199254740993); /* 2^53 + 1: no double holds it */
    record->threads = 3;
    record->attempts = 2;
    record->peak_memory = 123456789;
    record->rows[1].seconds = 0.25;
    record->rows[1].evaluate_seconds = 0.125;
    struct journal journal;
    struct error error = {0};
    assert_int_equal(journal_open(place->path, JOURNAL_RECORDS, &journal, &error), STATUS_OK);
    const struct record *kept;
    assert_int_equal(journal_add(&journal, record, &kept, &error), STATUS_OK);
    assert_ptr_equal(kept, journal_find(&journal, record->key));
    assert_int_equal(journal_close(&journal, &error), STATUS_OK);
    assert_int_equal(journal_read(place->path, JOURNAL_RECORDS, &journal, &error), STATUS_OK);
    const struct record *found = journal_whole(&journal, journal_find(&journal, record->key), &place->arena);
    assert_non_null(found);
    assert_true(found->id == record->id);
    assert_int_equal(found->status, TRIAL_DIVERGED);
    assert_string_equal(found->reason, record->reason);
    assert_string_equal(found->stopped_by, "diverged");
    assert_true(found->updates == record->updates);
    assert_int_equal(found->threads, 3);
    assert_int_equal(found->attempts, 2);
    assert_int_equal(found->peak_memory, 123456789);
    assert_int_equal(found->n_rows, 2);
    assert_int_equal(found->rows[1].examples, 100);
    assert_true(found->rows[1].learning_rate == 0.1);
    assert_true(found->rows[1].seconds == 0.25);
    assert_true(found->rows[1].evaluate_seconds == 0.125);
    assert_false(found->rows[1].known[0]);
    journal_close(&journal, NULL);
}

static bool reads(struct place *place, const char *line) {
    struct record record;
    return record_read(line, strlen(line), &place->arena, &record);
}

static void a_line_whose_rows_are_broken_is_no_record(void **state) {
    struct place *place = *state;
#define HEAD(columns)                                                                                                  \
    "{\"kind\":\"trial\",\"key\":\"00000000000000000000000000000001\",\"id\":\"0000000000000001\",\"status\":"         \
    "\"done\","                                                                                                        \
    "\"reason\":\"\",\"stopped_by\":\"epochs\",\"epochs\":1,\"updates\":1,\"threads\":1,\"attempts\":1,\"peak_"        \
    "memory\":0,"                                                                                                      \
    "\"columns\":" columns ",\"rows\":"
    assert_true(reads(place, HEAD("[]") "[[0,0,0,0.1,0,0]]}"));
    assert_true(reads(place, HEAD("[\"a\",\"b\"]") "[]}"));
    assert_true(reads(place, HEAD("[\"a\",\"b\"]") "[[0,0,0,0.1,0,0,null,\"nan\"],[1,1,1,1e-3,0,0,2,-0.5]]}"));
    static const char *const rows[] = {
        "[[0,0,0,0.1,0,0]]}",       "[[0,0,0,0.1,0,0,1,2]]}",   "[[0,0,0,null,0,0,1]]}",
        "[[0,0,0,0.1,0,0,\"1\"]]}", "[[0,0,0,0.1,0,0,\"nan]]}", "[[0,0,0,0.1,0,0,nan]]}",
        "[[0,0,0,0.1,0,0,1]]",      "[[0,0,0,0.1,0,0,1]]}}",    "[[0,0,0,0.1,0,0,1][1,0,0,0.1,0,0,1]]}",
        "[[0,,0,0.1,0,0,1]]}",      "[[0,-1,0,0.1,0,0,1]]}",    "[[0,18446744073709551616,0,0.1,0,0,1]]}",
        "[[0,0,0,0.1,0,0,1e]]}",    "[[0,0,0,0.1,0,0,1], [",    "[[0,0,0,0.1,0,0,1.5x]]}",
        "[[[[[[[[[[[[[[[[[[[[]]}",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char line[512];
        snprintf(line, sizeof line, "%s%s", HEAD("[\"a\"]"), rows[i]);
        assert_false(reads(place, line));
    }
    char line[512]; /* whose key is not found again */
    snprintf(line, sizeof line, "%s[]}", HEAD("[]"));
    assert_true(reads(place, line));
    memmove(strstr(line, ":\"0000") + 2, strstr(line, ":\"0000") + 1, strlen(strstr(line, ":\"0000")));
    strstr(line, ":\"\"0000")[1] = ' ';
    assert_false(reads(place, line));
#undef HEAD
}

static void assert_cell(const struct record_cell *cell, const char *text) {
    assert_int_equal(cell->length, strlen(text));
    assert_memory_equal(cell->text, text, cell->length);
}

/* What the table of epochs copies. */
static void rows_of_a_line_are_read_as_text(void **state) {
    struct place *place = *state;
    struct record *record = lab_record(&place->arena, 7, TRIAL_DONE, columns, 2, 2);
    lab_set(record, 0, 0, 0.1 + 0.2);
    lab_set(record, 1, 1, -(double)INFINITY);
    struct text line;
    text_init(&line);
    record_write(record, &line);
    assert_true(record_is_line(record, line.data, line.length));
    struct record other = *record;
    other.key.low++;
    assert_false(record_is_line(&other, line.data, line.length));
    struct record_cell cells[RECORD_VALUES + 2];
    struct record_rows rows;
    record_rows_open(&rows, line.data, line.length);
    assert_true(record_rows_next(&rows, cells, RECORD_VALUES + 2));
    assert_cell(&cells[RECORD_EPOCH], "0");
    assert_cell(&cells[RECORD_RATE], "0.1");
    assert_cell(&cells[RECORD_VALUES], "0.30000000000000004");
    assert_int_equal(cells[RECORD_VALUES + 1].length, 0);
    assert_true(record_rows_next(&rows, cells, RECORD_VALUES + 2));
    assert_cell(&cells[RECORD_EPOCH], "1");
    assert_cell(&cells[RECORD_VALUES + 1], "-inf");
    assert_false(record_rows_next(&rows, cells, RECORD_VALUES + 2));
    assert_false(rows.bad);
    assert_false(record_rows_next(&rows, cells, RECORD_VALUES + 2));
    record_rows_open(&rows, line.data, line.length);
    assert_false(record_rows_next(&rows, cells, RECORD_VALUES + 1)); /* not as many columns */
    assert_true(rows.bad);
    record_rows_open(&rows, line.data, line.length - 1); /* torn */
    while (record_rows_next(&rows, cells, RECORD_VALUES + 2)) {
    }
    assert_true(rows.bad);
    record_rows_open(&rows, "{}", 2);
    assert_false(record_rows_next(&rows, cells, RECORD_VALUES + 2));
    assert_true(rows.bad);
    text_clear(&line);
}

static void the_last_record_of_a_key_counts(void **state) {
    struct place *place = *state;
    add(place, 1, 0.5);
    add(place, 2, 0.75);
    add(place, 1, 0.25);
    struct journal journal;
    assert_int_equal(journal_read(place->path, JOURNAL_RECORDS, &journal, NULL), STATUS_OK);
    assert_true(loss_of(&journal, 1) == 0.25);
    assert_true(loss_of(&journal, 2) == 0.75);
    journal_close(&journal, NULL);
}

/* Wherever the machine stopped within the last line, the lines before it count, and what is added later is whole. */
static void a_torn_end_costs_its_own_line_only(void **state) {
    struct place *place = *state;
    add(place, 1, 0.5);
    size_t one = file_length(place->path);
    add(place, 2, 0.75);
    size_t two = file_length(place->path);
    unsigned char *bytes;
    size_t n;
    assert_int_equal(file_read(place->path, 1 << 20, &bytes, &n, NULL), STATUS_OK);
    for (size_t cut = one + 1; cut < two; cut += 13) {
        assert_int_equal(file_write_whole(place->path, bytes, cut, NULL), STATUS_OK);
        struct journal journal;
        assert_int_equal(journal_read(place->path, JOURNAL_RECORDS, &journal, NULL), STATUS_OK);
        assert_int_equal(journal.count, 1);
        assert_int_equal(journal.skipped, 1);
        assert_true(loss_of(&journal, 1) == 0.5);
        journal_close(&journal, NULL);
        add(place, 3, 0.125);
        assert_int_equal(journal_read(place->path, JOURNAL_RECORDS, &journal, NULL), STATUS_OK);
        assert_int_equal(journal.count, 2);
        assert_int_equal(journal.skipped, 0);
        assert_true(loss_of(&journal, 3) == 0.125);
        journal_close(&journal, NULL);
    }
    free(bytes);
}

static void a_damaged_line_costs_itself_only(void **state) {
    struct place *place = *state;
    add(place, 1, 0.5);
    size_t one = file_length(place->path);
    add(place, 2, 0.75);
    size_t two = file_length(place->path);
    add(place, 3, 0.25);
    for (size_t at = one; at + 1 < two; at += 7) {
        unsigned char *bytes;
        size_t n;
        assert_int_equal(file_read(place->path, 1 << 20, &bytes, &n, NULL), STATUS_OK);
        put_byte(place->path, at, bytes[at] == '~' ? '!' : '~');
        struct journal journal;
        assert_int_equal(journal_read(place->path, JOURNAL_RECORDS, &journal, NULL), STATUS_OK);
        assert_int_equal(journal.count, 2);
        assert_int_equal(journal.skipped, 1);
        assert_true(loss_of(&journal, 2) == -1);
        assert_true(loss_of(&journal, 3) == 0.25);
        journal_close(&journal, NULL);
        assert_int_equal(file_write_whole(place->path, bytes, n, NULL), STATUS_OK);
        free(bytes);
    }
}

static void the_grid_reads_back(void **state) {
    struct place *place = *state;
    static const char *const axes[] = {"train.batch_size", "optimizer"}, *const labels[] = {"10", "a\tb\nc\\t\\",
                                                                                            "full", NULL};
    struct results results, found;
    bool added;
    lab_results(&results, axes, 2, labels, 2, 2);
    struct journal journal;
    struct error error = {0};
    assert_int_equal(journal_open(place->path, JOURNAL_RECORDS, &journal, &error), STATUS_OK);
    assert_int_equal(journal_add_grid(&journal, &results, &added, &error), STATUS_OK);
    size_t once = file_length(place->path);
    assert_int_equal(journal_add_grid(&journal, &results, &added, &error), STATUS_OK);
    assert_int_equal(file_length(place->path), once); /* the same grid is not written twice */
    assert_int_equal(journal_close(&journal, &error), STATUS_OK);
    add(place, 4, 0.5);
    assert_int_equal(journal_read(place->path, JOURNAL_RECORDS, &journal, &error), STATUS_OK);
    struct text grid;
    text_init(&grid);
    journal_grid(&journal, &grid);
    json_t *json = json_loadb(grid.data, grid.length, 0, NULL);
    text_clear(&grid);
    assert_true(results_read(json, &found));
    json_decref(json);
    journal_join(&journal, &found);
    assert_int_equal(found.n_points, 2);
    assert_string_equal(found.axes[1], "optimizer");
    assert_string_equal(found.labels[0][1], labels[1]);
    assert_string_equal(found.labels[1][0], "full");
    assert_null(found.labels[1][1]);
    assert_int_equal(found.n_trials, 4);
    assert_int_equal(found.trials[3].seed, 1);
    assert_int_equal(found.trials[3].point, 1);
    assert_null(found.trials[2].record);
    assert_non_null(found.trials[3].record);
    journal_close(&journal, NULL);
    results_clear(&found);
    results_clear(&results);
}

/* What statistics read is the same with a brief record as with the whole one, and a record that has many epochs is no larger. */
static void a_brief_record_has_the_values_that_statistics_read(void **state) {
    struct place *place = *state;
    static const char *const names[] = {"train_loss", "val_loss", "test_loss"};
    enum { EPOCHS = 50 };
    for (int form = 0; form < 4; form++) { /* plain, best_epoch kept, weights brought back, both */
        struct record *record = lab_record(&place->arena, 20 + (size_t)form, TRIAL_DONE, names, 3, EPOCHS);
        for (size_t r = 0; r < EPOCHS; r++) {
            lab_set(record, r, 0, 1.0 / (double)(r + 1));
            lab_set(record, r, 1, r == 30 || r == 40 ? 0.25 : 1 + (double)r);
            lab_set(record, r, 2, 100 + (double)r);
            record->rows[r].seconds = r == 0 ? 100 : 0.5 * (double)(r % 7);
            record->rows[r].evaluate_seconds = 0.125;
        }
        record->has_best = form % 2 == 1;
        record->best_epoch = 17;
        record->restored = form >= 2;
        record->restored_epoch = 12;
        struct record *brief = record_brief(record, &place->arena);
        record_brief_rows(brief, record, &place->arena);
        assert_int_equal(brief->n_rows, 2);
        double wanted, found, evaluate[2];
        for (size_t c = 0; c < 3; c++) {
            assert_true(record_final(record, names[c], &wanted) && record_final(brief, names[c], &found));
            assert_true(wanted == found);
        }
        const struct record_row *best = column_best_row(brief);
        assert_int_equal(best->epoch, form % 2 == 1 ? 17 : 30);
        assert_true(best->values[2] == (form % 2 == 1 ? 117 : 130));
        assert_true(record_seconds(record, &evaluate[0]) == record_seconds(brief, &evaluate[1]));
        assert_true(evaluate[0] == evaluate[1] && evaluate[0] == 0.125 * EPOCHS);
        assert_true(record_seconds_per_epoch(record) == record_seconds_per_epoch(brief));
    }
}

/* Rows are read from the file when they are wanted; a file that another hand has changed meanwhile is noticed. */
static void a_journal_that_changes_below_its_reader_is_noticed(void **state) {
    struct place *place = *state;
    add(place, 1, 0.5);
    add(place, 2, 0.75);
    struct journal journal;
    struct error error = {0};
    struct arena arena;
    arena_init(&arena);
    assert_int_equal(journal_read(place->path, JOURNAL_RECORDS, &journal, &error), STATUS_OK);
    assert_int_equal(journal_whole(&journal, journal.lines[1]->record, &arena)->n_rows, 2);
    assert_int_equal(journal_status(&journal, &error), STATUS_OK);
    put_byte(place->path, file_length(place->path) - 10, '#');
    assert_non_null(journal_whole(&journal, journal.lines[0]->record, &arena));
    assert_null(journal_whole(&journal, journal.lines[1]->record, &arena));
    assert_int_equal(journal_status(&journal, &error), STATUS_ENVIRONMENT);
    arena_clear(&arena);
    journal_close(&journal, NULL);
}

/* Postponed records tell how their trials ended, and no more; the file gives them back, with those of trials that ended meanwhile. */
static void postponed_records_come_back(void **state) {
    struct place *place = *state;
    static const char *const axes[] = {"x"}, *const labels[] = {"a"};
    struct results results;
    struct journal journal;
    struct error error = {0};
    const struct record *kept;
    add(place, 1, 0.5);
    struct record *failed = lab_record(&place->arena, 2, TRIAL_FAILED, columns, 0, 0),
                  *late = lab_record(&place->arena, 3, TRIAL_DONE, columns, 2, 2);
    failed->reason = "SIGKILL";
    failed->attempts = 3;
    lab_set(late, 1, 1, 0.75);
    lab_results(&results, axes, 1, labels, 1, 3);
    assert_int_equal(journal_open(place->path, JOURNAL_POSTPONED, &journal, &error), STATUS_OK);
    assert_int_equal(journal_add(&journal, failed, &kept, &error), STATUS_OK);
    for (int again = 0; again < 2; again++) {
        journal_join(&journal, &results);
        assert_int_equal(results.trials[0].record->status, TRIAL_DONE);
        assert_true(loss_of(&journal, 1) == -1);
        assert_int_equal(results.trials[1].record->status, TRIAL_FAILED);
        assert_int_equal(results.trials[1].record->attempts, 3);
        assert_string_equal(results.trials[1].record->reason, "SIGKILL");
        assert_true(again == 0 ? results.trials[2].record == NULL
                               : results.trials[2].record == results.trials[0].record); /* they ended alike */
        journal_complete(&journal, &results);
        assert_true(loss_of(&journal, 1) == 0.5);
        assert_ptr_equal(results.trials[0].record, journal_find(&journal, results.trials[0].key));
        assert_string_equal(results.trials[1].record->reason, "SIGKILL");
        assert_true(again == 0 || loss_of(&journal, 3) == 0.75);
        assert_int_equal(results.trials[0].record->n_columns, 2);
        journal_postpone(&journal, &results);
        if (again == 0)
            assert_int_equal(journal_add(&journal, late, &kept, &error), STATUS_OK);
    }
    assert_int_equal(journal_close(&journal, &error), STATUS_OK);
    results_clear(&results);
}

static void a_journal_that_was_removed_is_written_again(void **state) {
    struct place *place = *state;
    struct journal journal;
    struct error error = {0};
    add(place, 1, 0.5);
    assert_int_equal(journal_open(place->path, JOURNAL_RECORDS, &journal, &error), STATUS_OK);
    size_t length = file_length(place->path);
    assert_int_equal(unlink(place->path), 0);
    assert_int_equal(journal_flush(&journal, &error), STATUS_OK);
    assert_int_equal(journal.restored, 1);
    assert_int_equal(file_length(place->path), length);
    assert_int_equal(journal_close(&journal, &error), STATUS_OK);
    add(place, 2, 0.75);
    assert_int_equal(journal_read(place->path, JOURNAL_RECORDS, &journal, &error), STATUS_OK);
    assert_int_equal(journal.count, 2);
    assert_int_equal(journal.skipped, 0);
    journal_close(&journal, NULL);
}

/* What was cut off is lost; what is added later is not, wherever the cut was. */
static void a_journal_that_was_cut_keeps_what_is_added(void **state) {
    struct place *place = *state;
    add(place, 1, 0.5);
    struct journal journal;
    struct error error = {0};
    struct arena arena;
    arena_init(&arena);
    const struct record *kept, *record = lab_record(&place->arena, 2, TRIAL_DONE, columns, 2, 2);
    assert_int_equal(journal_open(place->path, JOURNAL_RECORDS, &journal, &error), STATUS_OK);
    assert_int_equal(truncate(place->path, 20), 0);
    assert_int_equal(journal_add(&journal, record, &kept, &error), STATUS_OK);
    assert_non_null(journal_whole(&journal, kept, &arena));
    arena_clear(&arena);
    assert_int_equal(journal_close(&journal, &error), STATUS_OK);
    assert_int_equal(journal_read(place->path, JOURNAL_RECORDS, &journal, &error), STATUS_OK);
    assert_int_equal(journal.count, 1);
    assert_int_equal(journal.skipped, 1);
    journal_close(&journal, NULL);
}

static void a_journal_that_was_moved_is_noticed(void **state) {
    struct place *place = *state;
    struct journal journal;
    struct error error = {0};
    char moved[sizeof place->path + 8];
    snprintf(moved, sizeof moved, "%s.moved", place->path);
    assert_int_equal(journal_open(place->path, JOURNAL_RECORDS, &journal, &error), STATUS_OK);
    assert_int_equal(journal_flush(&journal, &error), STATUS_OK);
    assert_int_equal(rename(place->path, moved), 0);
    assert_int_equal(journal_flush(&journal, &error), STATUS_ENVIRONMENT);
    assert_non_null(strstr(error.text, "moved while the run went on"));
    assert_int_equal(rename(moved, place->path), 0);
    assert_int_equal(journal_close(&journal, &error), STATUS_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_missing_journal_is_empty, make_place, remove_place),
        cmocka_unit_test_setup_teardown(postponed_records_come_back, make_place, remove_place),
        cmocka_unit_test_setup_teardown(a_journal_that_was_removed_is_written_again, make_place, remove_place),
        cmocka_unit_test_setup_teardown(a_journal_that_was_cut_keeps_what_is_added, make_place, remove_place),
        cmocka_unit_test_setup_teardown(numbers_read_back_exactly, make_place, remove_place),
        cmocka_unit_test_setup_teardown(a_record_reads_back_whole, make_place, remove_place),
        cmocka_unit_test_setup_teardown(a_line_whose_rows_are_broken_is_no_record, make_place, remove_place),
        cmocka_unit_test_setup_teardown(rows_of_a_line_are_read_as_text, make_place, remove_place),
        cmocka_unit_test_setup_teardown(the_last_record_of_a_key_counts, make_place, remove_place),
        cmocka_unit_test_setup_teardown(a_torn_end_costs_its_own_line_only, make_place, remove_place),
        cmocka_unit_test_setup_teardown(a_damaged_line_costs_itself_only, make_place, remove_place),
        cmocka_unit_test_setup_teardown(the_grid_reads_back, make_place, remove_place),
        cmocka_unit_test_setup_teardown(a_brief_record_has_the_values_that_statistics_read, make_place, remove_place),
        cmocka_unit_test_setup_teardown(a_journal_that_changes_below_its_reader_is_noticed, make_place, remove_place),
        cmocka_unit_test_setup_teardown(a_journal_that_was_moved_is_noticed, make_place, remove_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
