#include "runner/cli/cli.h"

#include "runner/base/build.h"
#include "runner/base/interrupt.h"
#include "runner/cli/commands.h"

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum status run_command(const struct options *options, struct error *error) {
    switch (options->command) {
    case COMMAND_RUN: return command_run(options, error);
    case COMMAND_CHECK: return command_check(options, error);
    case COMMAND_PLUGINS: return command_plugins(options, error);
    case COMMAND_PLUGIN: return command_plugin(options, error);
    case COMMAND_VERIFY: return command_verify(options, error);
    case COMMAND_EVALUATE: return command_evaluate(options, error);
    case COMMAND_DIFF: return command_diff(options, error);
    case COMMAND_TABLE: return command_table(options, error);
    case COMMAND_REPORT: return command_report(options, error);
    case COMMAND_FETCH: return command_fetch(options, error);
    case COMMAND_SCHEMA: return command_schema(options, error);
    case COMMAND_COMPLETION: return command_completion(options, error);
    case COMMAND_HELP: return command_help(options, error);
    case COMMAND_VERSION: puts("runner " RUNNER_VERSION); return STATUS_OK;
    default: return error_set(error, STATUS_CONFIG, "unknown command");
    }
}

/* A standard descriptor that is closed would be that of the next file which is opened, and what is printed would go there. This one cannot
   be written, which is told at the end. */
static void hold_descriptors(void) {
    int fd;
    do {
        fd = open("/dev/null", O_RDONLY);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

/* 0, or the errno of writing. Where that failed before, another byte tells why: errno has gone through many hands since. */
static int flush_output(void) {
    bool failed = ferror(stdout) != 0;
    clearerr(stdout);
    if (failed)
        putchar('\n');
    return fflush(stdout) == 0 ? 0 : errno;
}

int cli_main(int argc, char **argv) {
    /* A reader that has gone, or a file that may not grow, is an error of write() then. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    hold_descriptors();
    struct options options;
    struct error error = {0};
    enum status status = options_read(&options, argc, argv, &error);
    struct interrupt interrupt;
    /* Others have nothing to write down or to end, and end at once. */
    bool goes_on = options.command == COMMAND_RUN || options.command == COMMAND_VERIFY ||
                   options.command == COMMAND_EVALUATE || options.command == COMMAND_FETCH;
    if (status == STATUS_OK && goes_on && (status = interrupt_open(&interrupt, &error)) == STATUS_OK)
        options.interrupt = &interrupt;
    if (status == STATUS_OK)
        status = run_command(&options, &error);
    if (status != STATUS_OK && error.text[0] != '\0')
        fprintf(stderr, "runner: error: %s\n", error.text);
    int code = flush_output();
    if (code != 0 && code != EPIPE && status == STATUS_OK) {
        fprintf(stderr, "runner: error: cannot write to the standard output: %s\n", strerror(code));
        status = STATUS_ENVIRONMENT;
    }
    int exit_status = interrupt_exit_status(options.interrupt, status);
    if (options.interrupt != NULL)
        interrupt_close(&interrupt);
    options_clear(&options);
    return exit_status;
}
