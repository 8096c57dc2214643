#include "runner/cli/cli.h"

#include "runner/base/build.h"
#include "runner/base/interrupt.h"
#include "runner/cli/usage.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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
    const struct usage_command *command = usage_of(options.command); /* NULL: of COMMAND_VERSION */
    bool winds_up = command != NULL && command->winds_up;
    if (status == STATUS_OK && winds_up && (status = interrupt_open(&interrupt, &error)) == STATUS_OK)
        options.interrupt = &interrupt;
    if (status == STATUS_OK && command != NULL)
        status = command->run(&options, &error);
    else if (status == STATUS_OK)
        puts("runner " RUNNER_VERSION);
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
