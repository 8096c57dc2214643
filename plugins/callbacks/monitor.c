/* Keras' EarlyStopping and ReduceLROnPlateau (keras 3.15, MonitorCallback): both watch one column of epochs.csv. An epoch in
   which that column has no value counts for nothing. */
#include <math.h>
#include <runner/plugin.h>
#include <string.h>

enum mode { MODE_AUTO, MODE_MIN, MODE_MAX };
static const char *const modes[] = {"auto", "min", "max", NULL};

struct monitor {
    const char *name; /* of the column; `loss` and `accuracy` are Keras' names for train_loss and train_accuracy */
    double min_delta;
    int32_t mode;
};

struct early_stopping {
    struct monitor monitor;
    int64_t patience, start_from_epoch;
    double baseline; /* NaN: none */
    int32_t restore_best_weights;
};

struct reduce_lr_on_plateau {
    struct monitor monitor;
    int64_t patience, cooldown;
    double factor, min_lr;
};

#define MONITOR_PARAMS(S, delta)                                                                                       \
    {"monitor", RUNNER_TEXT,                                                                                           \
     0,         offsetof(S, monitor.name),                                                                             \
     0,         "val_loss",                                                                                            \
     0,         0,                                                                                                     \
     NULL,      "column of epochs.csv that is watched: val_* or train_*"},                                             \
        {"min_delta", RUNNER_FLOAT,                                                                                    \
         0,           offsetof(S, monitor.min_delta),                                                                  \
         0,           delta,                                                                                           \
         0,           1e30,                                                                                            \
         NULL,        "a change of no more than its magnitude is no improvement"},                                     \
    {                                                                                                                  \
        "mode", RUNNER_CHOICE, 0, offsetof(S, monitor.mode), 0, "auto", 0, 0, modes,                                   \
            "whether small or large values are good; auto knows losses, errors and accuracies"                         \
    }

static const runner_param early_params[] = {
    MONITOR_PARAMS(struct early_stopping, "0"),
    RUNNER_PARAM_INT(struct early_stopping, patience, "0", 0, 1e15, "epochs without improvement after which to stop"),
    {"baseline", RUNNER_FLOAT, RUNNER_NULLABLE, offsetof(struct early_stopping, baseline), 0, "null", -1e300, 1e300,
     NULL, "patience runs on until the monitor is better than this"},
    RUNNER_PARAM_BOOL(struct early_stopping, restore_best_weights, "false",
                      "end with the weights of the best epoch instead of the last"),
    RUNNER_PARAM_INT(struct early_stopping, start_from_epoch, "0", 0, 1e15, "epochs at the start that do not count"),
};

static const runner_param plateau_params[] = {
    MONITOR_PARAMS(struct reduce_lr_on_plateau, "0.0001"),
    {"factor", RUNNER_FLOAT, RUNNER_OPEN_MAX, offsetof(struct reduce_lr_on_plateau, factor), 0, "0.1", 0, 1, NULL,
     "what the learning rate is multiplied by"},
    RUNNER_PARAM_INT(struct reduce_lr_on_plateau, patience, "10", 0, 1e15,
                     "epochs without improvement after which to reduce"),
    RUNNER_PARAM_INT(struct reduce_lr_on_plateau, cooldown, "0", 0, 1e15, "epochs after a reduction that do not count"),
    RUNNER_PARAM_FLOAT(struct reduce_lr_on_plateau, min_lr, "0", 0, 1e30, "the learning rate falls no further"),
};

/* ---- The monitor ---- */

static const char *metric_of(const char *name) {
    return strncmp(name, "val_", 4) == 0           ? name + 4
           : strncmp(name, "train_eval_", 11) == 0 ? name + 11
           : strncmp(name, "train_", 6) == 0       ? name + 6
                                                   : name;
}

/* Index among the columns, or -1. */
static int64_t find(const char *const *names, uint32_t n_names, const char *name) {
    for (uint32_t i = 0; i < n_names; i++)
        if (strcmp(names[i], name) == 0 ||
            (metric_of(name) == name && strncmp(names[i], "train_", 6) == 0 && strcmp(names[i] + 6, name) == 0))
            return (int64_t)i;
    return -1;
}

static enum mode mode_of(const struct monitor *monitor) {
    static const char *const small[] = {"loss", "error", "crossentropy", "huber", "divergence", "poisson", "hinge"};
    static const char *const large[] = {"accuracy"};
    if (monitor->mode != MODE_AUTO)
        return (enum mode)monitor->mode;
    const char *metric = metric_of(monitor->name);
    for (size_t i = 0; i < sizeof large / sizeof large[0]; i++)
        if (strstr(metric, large[i]) != NULL)
            return MODE_MAX;
    for (size_t i = 0; i < sizeof small / sizeof small[0]; i++)
        if (strstr(metric, small[i]) != NULL)
            return MODE_MIN;
    return MODE_AUTO;
}

static int plan(const struct monitor *monitor, runner_call *call, const char *const *names, uint32_t n_names) {
    const char *name = monitor->name;
    if (strncmp(name, "test_", 5) == 0)
        return call->host->fail(call,
                                "monitor is '%s', but nothing is selected on test data; wanted val_%s, with "
                                "`validation` of the data set",
                                name, name + 5);
    if (find(names, n_names, name) < 0) {
        if (strncmp(name, "val_", 4) != 0)
            return call->host->fail(call,
                                    "monitor is '%s', which is no column of the results; known: train_loss, "
                                    "val_loss and the metrics, likewise",
                                    name);
        for (uint32_t i = 0; i < n_names; i++)
            if (strncmp(names[i], "val_", 4) == 0)
                return call->host->fail(call, "monitor is '%s', but '%s' is not among the metrics", name, name + 4);
        return call->host->fail(call,
                                "monitor is '%s', but there are no validation rows; set `validation` of the data "
                                "set (0.1 is a tenth of the training rows) or monitor train_%s",
                                name, name + 4);
    }
    if (mode_of(monitor) == MODE_AUTO)
        return call->host->fail(call,
                                "mode is auto, but whether small values of '%s' are good is not known; wanted "
                                "mode: min or max",
                                name);
    return RUNNER_OK;
}

static double value_of(const struct monitor *monitor, const runner_epoch *epoch) {
    int64_t i = find(epoch->names, epoch->n_values, monitor->name);
    return i < 0 ? (double)NAN : epoch->values[i];
}

static int improves(const struct monitor *monitor, double value, double best) {
    double delta = fabs(monitor->min_delta);
    return mode_of(monitor) == MODE_MIN ? value + delta < best : value - delta > best;
}

/* What both keep from epoch to epoch, and where. */
enum { HAS_BEST, BEST, WAIT, COOLDOWN };

/* ---- early_stopping ---- */

static int early_plan(const void *config, runner_call *call, const char *const *names, uint32_t n_names) {
    return plan(&((const struct early_stopping *)config)->monitor, call, names, n_names);
}

static uint32_t early_epoch(const void *config, runner_epoch *epoch) {
    const struct early_stopping *early = config;
    double *memory = epoch->memory, value = value_of(&early->monitor, epoch);
    if (isnan(value) || epoch->epoch <= (uint64_t)early->start_from_epoch)
        return 0;
    memory[WAIT]++;
    if (memory[HAS_BEST] == 0 || improves(&early->monitor, value, memory[BEST])) {
        memory[HAS_BEST] = 1;
        memory[BEST] = value;
        if (isnan(early->baseline) || improves(&early->monitor, value, early->baseline))
            memory[WAIT] = 0;
        return RUNNER_KEEP | (early->restore_best_weights ? RUNNER_RESTORE : 0u);
    }
    return memory[WAIT] >= (double)early->patience && epoch->epoch > 1 ? RUNNER_STOP : 0;
}

/* ---- reduce_lr_on_plateau ---- */

static int plateau_plan(const void *config, runner_call *call, const char *const *names, uint32_t n_names) {
    return plan(&((const struct reduce_lr_on_plateau *)config)->monitor, call, names, n_names);
}

static void reduce(const struct reduce_lr_on_plateau *plateau, runner_epoch *epoch) {
    double rate = epoch->rate * plateau->factor;
    if (!(epoch->rate > plateau->min_lr))
        return;
    rate = rate < plateau->min_lr ? plateau->min_lr : rate;
    epoch->rate_factor *= rate / epoch->rate;
    epoch->memory[COOLDOWN] = (double)plateau->cooldown;
    epoch->memory[WAIT] = 0;
}

static uint32_t plateau_epoch(const void *config, runner_epoch *epoch) {
    const struct reduce_lr_on_plateau *plateau = config;
    double *memory = epoch->memory, value = value_of(&plateau->monitor, epoch);
    if (isnan(value))
        return 0;
    if (memory[COOLDOWN] > 0) {
        memory[COOLDOWN]--;
        memory[WAIT] = 0;
    }
    if (memory[HAS_BEST] == 0 || improves(&plateau->monitor, value, memory[BEST])) {
        memory[HAS_BEST] = 1;
        memory[BEST] = value;
        memory[WAIT] = 0;
    } else if (!(memory[COOLDOWN] > 0) && ++memory[WAIT] >= (double)plateau->patience) {
        reduce(plateau, epoch);
    }
    return 0;
}

static const runner_callback_ops early_ops = {.size = sizeof early_ops, .plan = early_plan, .epoch = early_epoch};
static const runner_callback_ops plateau_ops = {
    .size = sizeof plateau_ops, .plan = plateau_plan, .epoch = plateau_epoch};

static const runner_component components[] = {
    {.kind = RUNNER_CALLBACK,
     .config_size = sizeof(struct early_stopping),
     .name = "early_stopping",
     .doc = "stops when the monitor no longer improves",
     .params = early_params,
     .n_params = RUNNER_COUNT(early_params),
     .ops = &early_ops},
    {.kind = RUNNER_CALLBACK,
     .config_size = sizeof(struct reduce_lr_on_plateau),
     .name = "reduce_lr_on_plateau",
     .doc = "reduces the learning rate when the monitor no longer improves",
     .params = plateau_params,
     .n_params = RUNNER_COUNT(plateau_params),
     .ops = &plateau_ops},
};
RUNNER_PLUGIN(components, "1.0.0")
