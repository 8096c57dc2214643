/*
 * The commands and options of the program as data: what options.c reads, `runner help` prints and complete.c offers.
 */
#ifndef RUNNER_CLI_USAGE_H
#define RUNNER_CLI_USAGE_H

#include "runner/base/text.h"
#include "runner/cli/options.h"

enum usage_words {
    USAGE_SUBJECT = 1,    /* one word, the subject; has to be there where `wanted` says what it is */
    USAGE_OVERRIDES = 2,  /* then path=value, where the subject is a config */
    USAGE_RESULTS = 4,    /* the subject may be a results folder instead */
    USAGE_FOLDERS = 8,    /* then more folders, where it is one */
    USAGE_ARGUMENTS = 16, /* then words that the command reads itself, and checks as well as the subject */
};

struct usage_command {
    const char *name;
    enum command command;
    enum status (*run)(const struct options *options, struct error *error);
    unsigned words;        /* that stand behind it, as bits of enum usage_words */
    bool winds_up;         /* a signal lets it write down and end what it is at; others end at once */
    const char *wanted;    /* "a config" */
    const char *arguments; /* "CONFIG [path=value...]" */
    const char *summary;   /* one line */
    const char *text;      /* paragraphs and examples of `runner help NAME` */
};
extern const struct usage_command usage_commands[];
extern const size_t usage_n_commands;

struct usage_option {
    const char *name;
    int key;              /* enum usage_key, or the letter of the short form */
    const char *argument; /* NULL: none; "[N]": may be left out */
    const char *doc;
    unsigned commands; /* bits 1 << enum command; 0: all */
};
enum usage_key {
    KEY_RESULTS = 256,
    KEY_WORKERS,
    KEY_THREADS,
    KEY_FRESH,
    KEY_RETRY,
    KEY_FAIL_FAST,
    KEY_WAIT,
    KEY_SAMPLE,
    KEY_TRIAL,
    KEY_WEIGHTS,
    KEY_JSON,
    KEY_OUTPUT,
    KEY_INTO,
    KEY_TIMEOUT,
    KEY_PLUGIN_DIR,
    KEY_CXX,
    KEY_BY,
    KEY_METRIC,
    KEY_SHOW,
    KEY_WHERE,
    KEY_FORMAT,
    KEY_LONG,
    KEY_CHECK_CLAIMS,
    KEY_MAN,
    KEY_VERSION
};
extern const struct usage_option usage_options[];
extern const size_t usage_n_options;

struct usage_status {
    int status; /* of the program's exit */
    const char *doc;
};
extern const struct usage_status usage_statuses[];
extern const size_t usage_n_statuses;

/* NULL where there is none. */
const struct usage_command *usage_find(const char *name);
const struct usage_command *usage_of(enum command command);
bool usage_has_option(const struct usage_command *command, const struct usage_option *option);

/* All commands; one of them. */
void usage_write(struct text *out);
void usage_write_command(const struct usage_command *command, struct text *out);
/* runner(1), for man; manual.c. */
void usage_write_manual(struct text *out);

#endif
