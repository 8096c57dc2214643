#include "runner/cli/usage.h"

#include "runner/cli/commands.h"
#include "runner/cli/words.h"

#include <string.h>

#define LINE_WIDTH 110

#define RUN (1u << COMMAND_RUN)
#define CHECK (1u << COMMAND_CHECK)
#define PLUGINS (1u << COMMAND_PLUGINS)
#define PLUGIN (1u << COMMAND_PLUGIN)
#define SCHEMA (1u << COMMAND_SCHEMA)
#define TABLE (1u << COMMAND_TABLE)
#define EVALUATE (1u << COMMAND_EVALUATE)
#define VERIFY (1u << COMMAND_VERIFY)
#define DIFF (1u << COMMAND_DIFF)
#define REPORT (1u << COMMAND_REPORT)
#define FETCH (1u << COMMAND_FETCH)
#define HELP (1u << COMMAND_HELP)

const struct usage_command usage_commands[] = {
    {"run", COMMAND_RUN, command_run, USAGE_SUBJECT | USAGE_OVERRIDES, true, "a config", "CONFIG [path=value...]",
     "train the grid of an experiment, or show it where it is finished",
     "Trains every trial of the grid that has no result yet, then prints the comparison. The tables are in\n"
     "results/EXPERIMENT/. After an interruption the same command goes on. `runner CONFIG` is the same.\n"
     "\n"
     "path=value sets a value of the config; of an axis of the grid it fixes the axis, and a list replaces its\n"
     "values. Results of such a run go to a folder of their own, so that a quick try never replaces a long run.\n"
     "\n"
     "Examples:\n"
     "  runner configs/batchsize.yaml\n"
     "  runner configs/batchsize.yaml train.epochs=1 'train.batch_size=[10, 100]'\n"
     "  runner first.yaml optimizer='{sgd: {learning_rate: 0.1}}' --workers 4\n"
     "  runner first.yaml --json | jq 'select(.event == \"trial_end\")'\n"},
    {"check", COMMAND_CHECK, command_check, USAGE_SUBJECT | USAGE_OVERRIDES, false, "a config",
     "CONFIG [path=value...]", "check the config; list trials, layers, memory and work; train nothing",
     "Reports every mistake of the config with its place, all at once. Without mistakes it shows the axes, the\n"
     "data, each distinct model layer by layer, and an estimate of memory and work.\n"
     "\n"
     "Examples:\n"
     "  runner check first.yaml\n"
     "  runner check first.yaml model.0.dense.units=500\n"},
    {"plugins", COMMAND_PLUGINS, command_plugins, USAGE_SUBJECT, false, NULL, "[NAME]",
     "list the plugins; one with its parameters",
     "Without NAME: all data sets, layers, losses, optimizers and other components. With a kind: those of\n"
     "that kind. With NAME (or KIND/NAME): its parameters with types, defaults and ranges, how it stands in a config, "
     "and\n"
     "the file it comes from.\n"
     "\n"
     "Examples:\n"
     "  runner plugins\n"
     "  runner plugins optimizer\n"
     "  runner plugins adam\n"
     "  runner plugins layer/dense\n"
     "  runner plugins sign --plugin-dir .\n"},
    {"plugin", COMMAND_PLUGIN, command_plugin, USAGE_SUBJECT | USAGE_ARGUMENTS, false, NULL,
     "test FILE|NAME, plugin new KIND NAME", "check that a plugin keeps the contract; write the beginnings of one",
     "plugin test FILE|NAME [COMPONENT] [PARAMETER=VALUE...] tries the components of a plugin, in this tree or not, "
     "each\n"
     "property in a process of its own: parameters and their bounds, memory, derivatives, the same bits however the "
     "work\n"
     "is cut and on any number of threads, no state between calls. A line each: ok, FAIL with the reason, or skipped. "
     "The\n"
     "exit status is 1 where one has failed. A parameter that must be given gets a value from the middle of its range\n"
     "unless it is given here.\n"
     "\n"
     "plugin new KIND NAME writes a plugin that can be built and tested into the folder NAME, which must not be there "
     "yet.\n"
     "\n"
     "Examples:\n"
     "  runner plugin new optimizer sign && make -C sign test\n"
     "  runner plugin test ./sign.so\n"
     "  runner plugin test layer/dense units=17 use_bias=false\n"},
    {"table", COMMAND_TABLE, command_table, USAGE_SUBJECT | USAGE_OVERRIDES | USAGE_RESULTS, false,
     "a results folder or a config", "FOLDER|CONFIG [path=value...]",
     "show the table of results, also while they are being made",
     "Shows the comparison of a results folder, or of the folder that the config writes to. The folder may belong\n"
     "to a run that still goes on. Without options: a row a grid point.\n"
     "\n"
     "--by takes axes by their names or the shortest suffixes that no other axis has; two axes make rows and columns.\n"
     "Axes that are not named are averaged over, seed by seed, which the title says, unless --where holds them fixed.\n"
     "--metric takes columns of trials.csv, best_COLUMN for the epoch with the least val_loss, epochs, updates,\n"
     "epoch_seconds, seconds, updates_per_second, peak_memory_bytes, and epochs_to_, updates_to_ or seconds_to_ before "
     "a\n"
     "target of the config, such as epochs_to_val_accuracy_0.95.\n"
     "\n"
     "Examples:\n"
     "  runner table results/batchsize\n"
     "  runner table results/batchsize --by batch_size --metric test_accuracy,epoch_seconds --show n,mean,sd,median\n"
     "  runner table results/first --by batch_size,optimizer --metric test_accuracy --format markdown\n"
     "  runner table results/first --by batch_size --where optimizer=adam --format csv\n"
     "  runner table configs/batchsize.yaml train.epochs=1\n"},
    {"evaluate", COMMAND_EVALUATE, command_evaluate, USAGE_SUBJECT | USAGE_OVERRIDES, true, "a config",
     "CONFIG --weights FILE [path=value...]", "evaluate the weights of a file on all rows of the data; train nothing",
     "Prints the loss and the metrics of the training, validation and test rows for the weights of an .npz file, "
     "which\n"
     "`save`, numpy or Keras may have written. Where the config has a grid, path=value has to fix its axes; of "
     "several\n"
     "seeds the first is taken. Nothing is written to the results folder.\n"
     "\n"
     "Examples:\n"
     "  runner evaluate first.yaml --weights weights.npz\n"
     "  runner evaluate configs/batchsize.yaml --weights weights.npz train.batch_size=10\n"},
    {"verify", COMMAND_VERIFY, command_verify, USAGE_SUBJECT, true, "a results folder", "FOLDER",
     "train the trials of a results folder again and compare every cell",
     "Trains again what FOLDER/config.yaml says, in a folder of its own, and compares trials.csv, epochs.csv and the\n"
     "other tables with those recorded. Each cell that differs is named, and then what may be why: another engine,\n"
     "processor, plugin or data. With engine.gemm=portable the bytes are the same on every machine. The exit status\n"
     "is 0 where nothing differs, else 3.\n"
     "\n"
     "Examples:\n"
     "  runner verify results/batchsize\n"
     "  runner verify results/batchsize --sample 3\n"
     "  runner verify results/batchsize --trial 7\n"},
    {"diff", COMMAND_DIFF, command_diff, USAGE_SUBJECT | USAGE_ARGUMENTS, false, NULL, "FOLDER FOLDER",
     "compare two results folders, seed by seed",
     "Pairs the trials of both folders by their settings and seed, and tells for each grid point and metric whether "
     "the\n"
     "means differ by more than the seeds explain (paired t test with Holm's correction, 95 %). Cells that are equal\n"
     "in all digits are counted. The exit status is 0 where nothing differs beyond noise, else 3; grid points that "
     "only one\n"
     "folder has, and trials that ended otherwise, are differences.\n"
     "\n"
     "Examples:\n"
     "  runner diff results/before results/after\n"},
    {"report", COMMAND_REPORT, command_report, USAGE_SUBJECT | USAGE_OVERRIDES | USAGE_RESULTS | USAGE_FOLDERS, false,
     "a results folder or a config", "FOLDER|CONFIG [path=value...], report FOLDER FOLDER...",
     "make report.html of results again, or one page that compares several",
     "Every run ends with results/EXPERIMENT/report.html: the claims and comparisons as sentences, pictures, tables,\n"
     "failures and provenance on one page that needs nothing but itself. This makes it again, also while the run "
     "still\n"
     "goes on. Pictures need gnuplot; their scripts and data are in plots/ beside it.\n"
     "\n"
     "With several folders the runs stand side by side, grid points matched by their labels, in comparison.html or "
     "the\n"
     "file of --output.\n"
     "\n"
     "Examples:\n"
     "  runner report results/batchsize\n"
     "  runner report configs/batchsize.yaml train.epochs=1\n"
     "  runner report results/before results/after --output before_after.html\n"},
    {"fetch", COMMAND_FETCH, command_fetch, USAGE_SUBJECT, true,
     "the name of a data set; `runner plugins dataset` lists them", "DATASET", "get the published files of a data set",
     "Gets the files of a data set from where they are published, checks that they are the published ones by their\n"
     "SHA-256, and puts them where the data set looks for them: into the user's cache, $XDG_CACHE_HOME/runner/DATASET "
     "or\n"
     "~/.cache/runner/DATASET. A file that is there and right stays, and nothing half-written does. `runner plugins "
     "DATASET`\n"
     "lists the files and the first address of each. http_proxy, https_proxy and no_proxy are followed.\n"
     "\n"
     "Examples:\n"
     "  runner fetch mnist\n"
     "  runner fetch mnist --into data/mnist\n"},
    {"schema", COMMAND_SCHEMA, command_schema, 0, false, NULL, "",
     "write a JSON Schema of configs, for completion and checks in editors",
     "Writes a JSON Schema (draft 7) with all keys, and the parameters of all plugins that are found, to the standard\n"
     "output. An editor with a YAML language server takes it from the first line of a config:\n"
     "  # yaml-language-server: $schema=runner.schema.json\n"
     "\n"
     "Examples:\n"
     "  runner schema > runner.schema.json\n"
     "  runner schema --plugin-dir ~/plugins > runner.schema.json\n"},
    {"completion", COMMAND_COMPLETION, command_completion, USAGE_SUBJECT, false, "bash, zsh or fish", "bash|zsh|fish",
     "write a script that completes commands in a shell",
     "Completes commands, options, files, paths of the config's values (train.epochs=) and names of plugins. An "
     "installed\n"
     "runner has these scripts where the shells look for them.\n"
     "\n"
     "Examples:\n"
     "  source <(runner completion bash)\n"
     "  runner completion zsh > ~/.zsh/completions/_runner\n"
     "  runner completion fish | source\n"},
    {"help", COMMAND_HELP, command_help, USAGE_SUBJECT, false, NULL, "[COMMAND]",
     "show this text; with a command, how it is used", ""},
};
const size_t usage_n_commands = sizeof usage_commands / sizeof usage_commands[0];

const struct usage_option usage_options[] = {
    {"results", KEY_RESULTS, "DIR",
     "where results are kept, each experiment in a folder of its name (default: results)", RUN | TABLE | REPORT},
    {"workers", KEY_WORKERS, "N", "trials that are trained at the same time (default: one a processor)", RUN | VERIFY},
    {"threads", KEY_THREADS, "N",
     "threads of each trial (default: processors shared out among the trials that run); results do not depend on it",
     RUN | EVALUATE | VERIFY},
    {"fresh", KEY_FRESH, NULL, "train all trials again", RUN},
    {"retry", KEY_RETRY, "[N]", "train those trials again that failed, before or now, up to N times (default: 1)", RUN},
    {"fail-fast", KEY_FAIL_FAST, NULL, "stop at the first trial that fails", RUN},
    {"wait", KEY_WAIT, NULL, "where another runner works in the results folder, wait until it has ended", RUN},
    {"json", KEY_JSON, NULL, "write what happens to the standard output, a JSON object a line, in place of the table",
     RUN},
    {"output", KEY_OUTPUT, "FILE", "report: write the page to this file alone", REPORT},
    {"into", KEY_INTO, "DIR",
     "fetch: put the files into this folder; a config then names it as `path`, unless it is $RUNNER_DATA/DATASET",
     FETCH},
    {"timeout", KEY_TIMEOUT, "SECONDS",
     "fetch: give an address up where next to nothing comes for so long (default: 30)", FETCH},
    {"plugin-dir", KEY_PLUGIN_DIR, "DIR",
     "look for plugins here first; may be given several times; then $RUNNER_PLUGIN_PATH is searched",
     RUN | CHECK | PLUGINS | PLUGIN | TABLE | EVALUATE | VERIFY | SCHEMA | REPORT | FETCH},
    {"weights", KEY_WEIGHTS, "FILE", "evaluate: the .npz file with the weights", EVALUATE},
    {"sample", KEY_SAMPLE, "N", "verify: N trials, spread over the grid (default: all)", VERIFY},
    {"trial", KEY_TRIAL, "ID", "verify: one trial, by its number or id in trials.csv", VERIFY},
    {"by", KEY_BY, "AXIS,...", "table: group by these axes of the grid; two make rows and columns", TABLE},
    {"metric", KEY_METRIC, "NAME,...", "table: these columns (default: metrics and loss on test rows, updates, time)",
     TABLE},
    {"show", KEY_SHOW, "WHAT,...",
     "table: n, mean, sd, se, ci, median, min, max, sampling_se, reached (default: mean \u00b1 half of the 95 % "
     "interval "
     "and n; all of them as CSV)",
     TABLE},
    {"where", KEY_WHERE, "AXIS=LABEL,...", "table: only grid points with these labels", TABLE},
    {"format", KEY_FORMAT, "FORMAT", "table: terminal, csv, markdown or latex (default: terminal)", TABLE},
    {"long", KEY_LONG, NULL, "table: a row for each pair of labels, where --by names two axes", TABLE},
    {"check-claims", KEY_CHECK_CLAIMS, NULL,
     "exit status 3 where not all claims of the config hold; one that is undecided is not shown to hold", RUN | TABLE},
    {"cxx", KEY_CXX, NULL, "plugin new: in C++ instead of C", PLUGIN},
    {"man", KEY_MAN, NULL, "help: the manual page, for man", HELP},
    {"quiet", 'q', NULL, "show nothing but errors", 0},
    {"help", 'h', NULL, "show this text; behind a command, how it is used", 0},
    {"version", KEY_VERSION, NULL, "show the version", 0},
};
const size_t usage_n_options = sizeof usage_options / sizeof usage_options[0];

const struct usage_status usage_statuses[] = {
    {0, "all trials done"},
    {1, "some failed"},
    {2, "wrong use or config"},
    {3, "a question was answered with no"},
    {4, "disk, network, lock or installation"},
    {130, "interrupted (SIGTERM: 143, SIGHUP: 129; 128 + the number of the signal)"},
};
const size_t usage_n_statuses = sizeof usage_statuses / sizeof usage_statuses[0];

const struct usage_command *usage_find(const char *name) {
    for (size_t i = 0; i < usage_n_commands; i++)
        if (strcmp(usage_commands[i].name, name) == 0)
            return &usage_commands[i];
    return NULL;
}

const struct usage_command *usage_of(enum command command) {
    for (size_t i = 0; i < usage_n_commands; i++)
        if (usage_commands[i].command == command)
            return &usage_commands[i];
    return NULL;
}

bool usage_has_option(const struct usage_command *command, const struct usage_option *option) {
    return option->commands == 0 || (option->commands & (1u << command->command)) != 0;
}

/* Words of `text` from column `at` on, continued at column `indent`. */
static void wrap(const char *text, size_t at, size_t indent, struct text *out) {
    bool first = true;
    while (*text != '\0') {
        size_t length = strcspn(text, " ");
        if (!first && at + 1 + length > LINE_WIDTH) {
            text_add_char(out, '\n');
            for (at = 0; at < indent; at++)
                text_add_char(out, ' ');
        } else if (!first) {
            text_add_char(out, ' ');
            at++;
        }
        text_add_bytes(out, text, length);
        at += length;
        text += length + (text[length] == ' ' ? 1 : 0);
        first = false;
    }
    text_add_char(out, '\n');
}

static void write_option(const struct usage_option *option, struct text *out) {
    size_t start = out->length;
    if (option->key < 256)
        text_printf(out, "  -%c, --%s", option->key, option->name);
    else
        text_printf(out, "      --%s", option->name);
    if (option->argument != NULL)
        text_printf(out, " %s", option->argument);
    do
        text_add_char(out, ' ');
    while (out->length - start < 25);
    wrap(option->doc, out->length - start, 25, out);
}

static void write_summaries(struct text *out) {
    text_add(out, "usage: runner CONFIG [path=value...]\n\nCommands:\n");
    size_t widest = 0;
    for (size_t i = 0; i < usage_n_commands; i++) {
        size_t width = strlen(usage_commands[i].name) + 1 + strlen(usage_commands[i].arguments);
        widest = width > widest ? width : widest;
    }
    for (size_t i = 0; i < usage_n_commands; i++) {
        const struct usage_command *command = &usage_commands[i];
        size_t start = out->length;
        text_printf(out, "  %s %s", command->name, command->arguments);
        while (out->length - start < widest + 4)
            text_add_char(out, ' ');
        wrap(command->summary, out->length - start, widest + 4, out);
    }
}

void usage_write(struct text *out) {
    write_summaries(out);
    text_add(out, "\n`runner CONFIG` is `runner run CONFIG`. path=value sets a value of the config (train.epochs=2); "
                  "results of such\n"
                  "a run go to a folder of their own. `runner help COMMAND` tells more, with examples.\n"
                  "\nOptions:\n");
    for (size_t i = 0; i < usage_n_options; i++)
        write_option(&usage_options[i], out);
    struct text statuses;
    text_init(&statuses);
    for (size_t i = 0; i < usage_n_statuses; i++)
        text_printf(&statuses, "%s%d %s", i > 0 ? ", " : "Exit status: ", usage_statuses[i].status,
                    usage_statuses[i].doc);
    text_add(&statuses, ".");
    text_add_char(out, '\n');
    wrap(statuses.data, 0, 0, out);
    text_clear(&statuses);
}

void usage_write_command(const struct usage_command *command, struct text *out) {
    text_printf(out, "usage: runner %s %s\n\n", command->name, command->arguments);
    text_printf(out, "%s: %s\n\n%s\nOptions:\n", command->name, command->summary, command->text);
    for (size_t i = 0; i < usage_n_options; i++)
        if (usage_has_option(command, &usage_options[i]))
            write_option(&usage_options[i], out);
}
