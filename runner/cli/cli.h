/*
 * The command line: `runner CONFIG [path=value...]` and the other commands. Data goes to stdout, all else to stderr.
 */
#ifndef RUNNER_CLI_CLI_H
#define RUNNER_CLI_CLI_H

/* Returns the exit status (enum status). */
int cli_main(int argc, char **argv);

#endif
