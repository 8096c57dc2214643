#include "runner/cli/commands.h"
#include "runner/cli/usage.h"

#include <stdio.h>

enum status command_help(const struct options *options, struct error *error) {
    const struct usage_command *command = options->subject != NULL ? usage_find(options->subject) : NULL;
    if (options->subject != NULL && command == NULL)
        return error_set(error, STATUS_CONFIG, "no command is called '%s'; `runner help` lists them", options->subject);
    struct text out;
    text_init(&out);
    if (options->man)
        usage_write_manual(&out);
    else if (command != NULL && command->text[0] != '\0')
        usage_write_command(command, &out);
    else
        usage_write(&out);
    fwrite(out.data, 1, out.length, stdout);
    text_clear(&out);
    return STATUS_OK;
}
