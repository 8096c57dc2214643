#include "runner/train/settings.h"

#include <string.h>

/* The config has checked types and ranges; a missing or null key takes `otherwise`. */
static uint64_t whole(const struct tree *map, const char *key, uint64_t otherwise) {
    const struct tree *value = tree_get(map, key);
    return value != NULL && value->type == TREE_INT ? (uint64_t)value->value.integer : otherwise;
}

static bool truth(const struct tree *map, const char *key) {
    const struct tree *value = tree_get(map, key);
    return value != NULL && value->type == TREE_BOOL && value->value.truth;
}

static enum status fail_at(struct text *where, const char *path) {
    if (where != NULL)
        text_add(where, path);
    return STATUS_CONFIG;
}

/* "5 epochs", "3000 updates", "10 minutes" or "90 seconds", as the config has resolved it. */
static void read_checkpoint(const struct tree *train, struct train_settings *settings) {
    const struct tree *value = tree_get(train, "checkpoint");
    char digits[NUMBER_TEXT_SIZE] = "";
    double number;
    if (value == NULL || value->type != TREE_TEXT)
        return;
    size_t length = strcspn(value->text, " ");
    const char *unit = value->text + length;
    if (length >= sizeof digits)
        return;
    memcpy(digits, value->text, length);
    if (!number_read(digits, &number) || !(number > 0) || number > 1e18)
        return;
    if (strcmp(unit, " epochs") == 0)
        settings->checkpoint_epochs = (uint64_t)number;
    else if (strcmp(unit, " updates") == 0)
        settings->checkpoint_updates = (uint64_t)number;
    else
        settings->checkpoint_seconds = strcmp(unit, " minutes") == 0 ? 60 * number : number;
}

enum status train_settings_read(const struct tree *trial, const struct data *data, struct train_settings *settings,
                                struct text *where, struct error *error) {
    const struct tree *train = tree_get(trial, "train"), *engine = tree_get(trial, "engine");
    const struct tree *shuffle = tree_get(train, "shuffle");
    uint64_t rows = data->rows[DATA_TRAIN];
    *settings = (struct train_settings){
        .batch_rows = whole(train, "batch_size", rows),
        .micro_rows = whole(engine, "micro_batch", 4096),
        .epochs =
            tree_get(train, "epochs") == NULL ? 1 : whole(train, "epochs", UINT64_MAX), /* null: `updates` ends it */
        .evaluate_train = truth(train, "evaluate_train"),
        .evaluate_every = whole(train, "evaluate_every", 1),
        .seed = whole(trial, "seed", 0),
    };
    read_checkpoint(train, settings);
    settings->init_seed = whole(train, "init_seed", settings->seed);
    settings->order_seed = whole(train, "order_seed", settings->seed);
    if (shuffle != NULL && strcmp(shuffle->text, "once") == 0)
        settings->shuffle = SHUFFLE_ONCE;
    else if (shuffle != NULL && strcmp(shuffle->text, "never") == 0)
        settings->shuffle = SHUFFLE_NEVER;
    if (rows > UINT32_MAX) {
        error_set(error, STATUS_CONFIG, "the data set has %llu training rows; at most 2^32 - 1 are possible",
                  (unsigned long long)rows);
        return fail_at(where, "dataset");
    }
    bool drop = truth(train, "drop_last");
    settings->updates_per_epoch = rows / settings->batch_rows + (!drop && rows % settings->batch_rows != 0 ? 1 : 0);
    if (settings->updates_per_epoch == 0) {
        error_set(error, STATUS_CONFIG,
                  "batch_size is %llu with drop_last, but there %s only %llu training row%s: no batch would be left",
                  (unsigned long long)settings->batch_rows, rows == 1 ? "is" : "are", (unsigned long long)rows,
                  rows == 1 ? "" : "s");
        return fail_at(where, "train.batch_size");
    }
    if (settings->batch_rows > rows)
        settings->batch_rows = rows;
    if (__builtin_mul_overflow(settings->epochs, settings->updates_per_epoch, &settings->total_updates))
        settings->total_updates = UINT64_MAX;
    uint64_t limit = whole(train, "updates", UINT64_MAX);
    if (limit <= settings->total_updates) {
        settings->total_updates = limit;
        settings->updates_limited = true;
    }
    return STATUS_OK;
}
