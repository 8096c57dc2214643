#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/base/hash_table.h"

#include <string.h>

struct thing {
    uint64_t hash;
    char name[16];
    int value;
};

static bool same_name(const void *item, const void *wanted) {
    return strcmp(((const struct thing *)item)->name, wanted) == 0;
}

static void an_empty_table_has_nothing(void **state) {
    (void)state;
    struct hash_table table = {0};
    assert_null(hash_table_find(&table, 7, same_name, "a"));
    hash_table_clear(&table);
}

/* All in one place at the end of the table, so that looking goes around its end, through many growths. */
static void things_of_one_hash_are_told_apart(void **state) {
    (void)state;
    static struct thing things[1000];
    struct hash_table table = {0};
    for (int i = 0; i < 1000; i++) {
        things[i].hash = UINT64_MAX - (uint64_t)(i % 2);
        memcpy(things[i].name, (char[]){(char)('a' + i % 10), (char)('a' + i / 10 % 10), (char)('a' + i / 100), 0}, 4);
        hash_table_add(&table, things[i].hash, &things[i]);
        assert_null(hash_table_find(&table, things[i].hash, same_name, "none"));
    }
    assert_int_equal(table.count, 1000);
    for (int i = 0; i < 1000; i++) {
        assert_ptr_equal(hash_table_find(&table, things[i].hash, same_name, things[i].name), &things[i]);
        assert_null(hash_table_find(&table, things[i].hash ^ 1, same_name, things[i].name));
    }
    hash_table_clear(&table);
    assert_int_equal(table.count, 0);
}

static void setting_replaces_what_is_the_same_alone(void **state) {
    (void)state;
    struct thing first = {.name = "a", .value = 1}, second = {.name = "b", .value = 2},
                 third = {.name = "a", .value = 3};
    struct hash_table table = {0};
    hash_table_set(&table, 5, same_name, "a", &first);
    hash_table_set(&table, 5, same_name, "b", &second);
    hash_table_set(&table, 5, same_name, "a", &third);
    assert_int_equal(table.count, 2);
    assert_ptr_equal(hash_table_find(&table, 5, same_name, "a"), &third);
    assert_ptr_equal(hash_table_find(&table, 5, same_name, "b"), &second);
    hash_table_clear(&table);
}

static void things_are_found_by_their_name(void **state) {
    (void)state;
    const char *names[] = {"train", "trainer", "tr", ""};
    struct hash_table table = {0};
    for (int i = 0; i < 4; i++)
        hash_table_add_name(&table, &names[i]);
    for (int i = 0; i < 4; i++)
        assert_ptr_equal(hash_table_find_name(&table, names[i], strlen(names[i])), &names[i]);
    assert_ptr_equal(hash_table_find_name(&table, "train.epochs", 5), &names[0]);
    assert_null(hash_table_find_name(&table, "train", 3));
    hash_table_clear(&table);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_table_has_nothing),
        cmocka_unit_test(things_of_one_hash_are_told_apart),
        cmocka_unit_test(setting_replaces_what_is_the_same_alone),
        cmocka_unit_test(things_are_found_by_their_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
