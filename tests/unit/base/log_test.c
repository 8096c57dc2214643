#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/base/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char captured[4096];

/* What `talk` writes to stderr. */
static const char *capture(void (*talk)(const struct log *), const struct log *log) {
    FILE *file = tmpfile();
    int before = dup(STDERR_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    talk(log);
    dup2(before, STDERR_FILENO);
    close(before);
    rewind(file);
    captured[fread(captured, 1, sizeof captured - 1, file)] = '\0';
    fclose(file);
    return captured;
}

static void talk(const struct log *log) {
    struct error error;
    error_set(&error, STATUS_CONFIG, "wrong");
    log_info(log, "trial %d", 1);
    log_warning(log, "odd \x1b[1m\n%s", "name");
    log_error(log, &error);
}

static void messages_are_one_line_each(void **state) {
    (void)state;
    assert_string_equal(capture(talk, &(struct log){.quiet = false}),
                        "trial 1\nwarning: odd ?[1m?name\nerror: wrong\n");
}

static void quiet_drops_info_only(void **state) {
    (void)state;
    assert_string_equal(capture(talk, &(struct log){.quiet = true}), "warning: odd ?[1m?name\nerror: wrong\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_one_line_each),
        cmocka_unit_test(quiet_drops_info_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
