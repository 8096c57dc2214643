/* The commands. Each returns its status with the text in `error`; an empty text means that it is already said. */
#ifndef RUNNER_CLI_COMMANDS_H
#define RUNNER_CLI_COMMANDS_H

#include "runner/cli/options.h"
#include "runner/results/results.h"

enum status command_run(const struct options *options, struct error *error);
enum status command_check(const struct options *options, struct error *error);
enum status command_plugins(const struct options *options, struct error *error);
enum status command_plugin(const struct options *options, struct error *error);
enum status command_verify(const struct options *options, struct error *error);
enum status command_evaluate(const struct options *options, struct error *error);
enum status command_diff(const struct options *options, struct error *error);
enum status command_table(const struct options *options, struct error *error);
enum status command_report(const struct options *options, struct error *error);
enum status command_fetch(const struct options *options, struct error *error);
enum status command_schema(const struct options *options, struct error *error);
enum status command_completion(const struct options *options, struct error *error);
enum status command_help(const struct options *options, struct error *error);

/* The report of a run that has ended. It never fails the run: what is wrong is said as a warning. Whether it was made. */
bool report_after_run(const struct results *results, const char *folder, const struct log *log);

#endif
