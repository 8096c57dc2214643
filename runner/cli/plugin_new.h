/* runner plugin new KIND NAME: a folder with a plugin that can be built and tested at once, made from the files in templates/. */
#ifndef RUNNER_CLI_PLUGIN_NEW_H
#define RUNNER_CLI_PLUGIN_NEW_H

#include "runner/cli/options.h"

/* Nothing is written where the folder is there already; what was begun is removed where something fails. */
enum status plugin_new(const struct options *options, struct error *error);

#endif
