/* `runner help --man`: the manual page, from the tables of usage.c. */
#include "runner/base/build.h"
#include "runner/cli/usage.h"

#include <string.h>

/* A hyphen as such would be set as a typographic one; a dot or quote that begins a line would be a request. */
static void add_escaped(const char *text, size_t length, struct text *out) {
    if (length > 0 && (text[0] == '.' || text[0] == '\''))
        text_add(out, "\\&");
    for (size_t i = 0; i < length; i++)
        if (text[i] == '\\')
            text_add(out, "\\e");
        else if (text[i] == '-')
            text_add(out, "\\-");
        else
            text_add_char(out, text[i]);
}

static void add_line(const char *text, struct text *out) {
    add_escaped(text, strlen(text), out);
    text_add_char(out, '\n');
}

/* Lines that are indented stay as they are; an empty one begins a paragraph. */
static void add_paragraphs(const char *text, struct text *out) {
    bool example = false, gap = false;
    for (size_t length; *text != '\0'; text += length + (text[length] == '\n')) {
        length = strcspn(text, "\n");
        if ((text[0] == ' ') != example) {
            example = !example;
            text_add(out, example ? ".PP\n.nf\n" : ".fi\n");
            gap = false;
        }
        if (gap && length > 0)
            text_add(out, ".PP\n");
        gap = length == 0;
        if (length == 0)
            continue;
        add_escaped(text, length, out);
        text_add_char(out, '\n');
    }
    text_add(out, example ? ".fi\n" : "");
}

static void add_option(const struct usage_option *option, struct text *out) {
    text_add(out, ".TP\n.B ");
    if (option->key < 256)
        text_printf(out, "\\-%c\\fR,\\fB ", option->key);
    text_add(out, "\\-\\-");
    add_escaped(option->name, strlen(option->name), out);
    if (option->argument != NULL)
        text_printf(out, " \\fI%s", option->argument);
    text_add_char(out, '\n');
    add_line(option->doc, out);
}

void usage_write_manual(struct text *out) {
    text_printf(out, ".TH RUNNER 1 \"\" \"runner %s\" \"User Commands\"\n.SH NAME\n", RUNNER_VERSION);
    text_add(out, "runner \\- train grids of small neural networks and compare them\n.SH SYNOPSIS\n.nf\n");
    text_add(out, ".BI runner \" CONFIG \" [path=value...]\n");
    for (size_t i = 0; i < usage_n_commands; i++) {
        text_printf(out, ".B runner %s ", usage_commands[i].name);
        add_line(usage_commands[i].arguments, out);
    }
    text_add(
        out,
        ".fi\n.SH DESCRIPTION\n"
        "An experiment is one YAML file: a data set, a network, and a grid of what is to be compared. Each point of "
        "the "
        "grid is trained with several seeds, and the tables tell what is better, by how much and how sure that is. The "
        "same config gives the same tables to the byte.\n.SH COMMANDS\n");
    for (size_t i = 0; i < usage_n_commands; i++) {
        const struct usage_command *command = &usage_commands[i];
        text_printf(out, ".SS %s ", command->name);
        add_line(command->arguments, out);
        add_line(command->summary, out);
        text_add(out, command->text[0] != '\0' ? ".PP\n" : "");
        add_paragraphs(command->text, out);
        bool some = false;
        for (size_t o = 0; o < usage_n_options; o++) {
            const struct usage_option *option = &usage_options[o];
            if (option->commands == 0 || !usage_has_option(command, option))
                continue;
            text_add(out, some ? ", \\-\\-" : ".PP\nOptions: \\-\\-");
            add_escaped(option->name, strlen(option->name), out);
            some = true;
        }
        text_add(out, some ? ".\n" : "");
    }
    text_add(out, ".SH OPTIONS\n");
    for (size_t i = 0; i < usage_n_options; i++)
        add_option(&usage_options[i], out);
    text_add(out, ".SH EXIT STATUS\n");
    for (size_t i = 0; i < usage_n_statuses; i++) {
        text_printf(out, ".TP\n.B %d\n", usage_statuses[i].status);
        add_line(usage_statuses[i].doc, out);
    }
    text_add(
        out,
        ".SH ENVIRONMENT\n"
        ".TP\n.B RUNNER_PLUGIN_PATH\n"
        "folders of plugins, separated by colons, that are searched behind those of \\-\\-plugin\\-dir\n"
        ".TP\n.B RUNNER_PLUGIN_WRITE_PATH\n"
        "where it is set, plugins write files only in these folders, separated by colons, and in a temporary one of "
        "their process\n"
        ".TP\n.B RUNNER_DATA\n"
        "the folder that holds the files of data sets, such as mnist/\n"
        ".TP\n.B XDG_CACHE_HOME\n"
        "where set, the files that fetch gets are kept in its folder runner/ and not in ~/.cache/runner/\n"
        ".TP\n.BR http_proxy \", \" https_proxy \", \" no_proxy\n"
        "by which way fetch gets at files, as libcurl reads them\n"
        ".TP\n.B RUNNER_CPU_LEVEL\n"
        "3 makes it act as on a processor without AVX\\-512\n");
}
