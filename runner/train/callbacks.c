#include "runner/train/callbacks.h"

#include "runner/host/part.h"
#include "runner/host/services.h"

#include <math.h>
#include <string.h>

static void choose_columns(struct callbacks *callbacks, const struct train_columns *columns, struct arena *arena) {
    callbacks->names = arena_array(arena, columns->count, sizeof *callbacks->names);
    callbacks->columns = arena_array(arena, columns->count, sizeof *callbacks->columns);
    callbacks->values = arena_array(arena, columns->count, sizeof *callbacks->values);
    for (size_t i = 0; i < columns->count; i++) {
        if (strncmp(columns->names[i], "test_", 5) == 0)
            continue;
        callbacks->names[callbacks->n_columns] = columns->names[i];
        callbacks->columns[callbacks->n_columns++] = i;
    }
}

static enum status plan(const struct callbacks *callbacks, const struct runner_part *part, struct error *error) {
    struct call call;
    call_init(&call, error);
    const runner_callback_ops *ops = part->ops;
    enum status status = STATUS_OK;
    if (ops->plan(part->config, &call.public, callbacks->names, callbacks->n_columns) != RUNNER_OK) {
        if (!call.failed)
            error_set(error, STATUS_CONFIG, "plan() failed without a reason");
        status = error_prefix(error, "%s", part->name);
    }
    call_clear(&call);
    return status;
}

enum status callbacks_plan(struct callbacks *callbacks, const struct loader *loader, const struct tree *trial,
                           const struct train_columns *columns, struct arena *arena, struct text *where,
                           struct error *error) {
    const struct tree *list = tree_get(trial, "callbacks");
    *callbacks = (struct callbacks){.count = list == NULL ? 0 : list->count, .rate_factor = 1};
    callbacks->items = arena_array(arena, callbacks->count, sizeof *callbacks->items);
    callbacks->asked = arena_array(arena, callbacks->count, sizeof *callbacks->asked);
    choose_columns(callbacks, columns, arena);
    for (size_t i = 0; i < callbacks->count; i++) {
        struct runner_part *part = NULL;
        const char *path = arena_printf(arena, "callbacks.%zu", i);
        enum status status = part_bind(loader, RUNNER_CALLBACK, list->items[i], path, arena, &part, error);
        if (status == STATUS_OK)
            status = plan(callbacks, part, error);
        if (status != STATUS_OK) {
            if (where != NULL)
                text_add(where, path);
            return status;
        }
        callbacks->items[i].part = part;
    }
    return STATUS_OK;
}

uint32_t callbacks_ask(struct callbacks *callbacks, uint64_t epoch, double rate, const double *values,
                       const bool *known) {
    uint32_t flags = 0;
    for (uint32_t i = 0; i < callbacks->n_columns; i++) {
        size_t column = callbacks->columns[i];
        callbacks->values[i] = known[column] ? values[column] : (double)NAN;
    }
    for (size_t i = 0; i < callbacks->count; i++) {
        struct callback *callback = &callbacks->items[i];
        const runner_callback_ops *ops = callback->part->ops;
        double before = callbacks->rate_factor;
        runner_epoch seen = {.size = sizeof seen,
                             .n_values = callbacks->n_columns,
                             .epoch = epoch,
                             .names = callbacks->names,
                             .values = callbacks->values,
                             .rate = rate,
                             .rate_factor = before};
        memcpy(seen.memory, callback->memory, sizeof seen.memory);
        callbacks->asked[i] = ops->epoch(callback->part->config, &seen);
        memcpy(callback->memory, seen.memory, sizeof seen.memory);
        callbacks->rate_factor = seen.rate_factor;
        if (seen.rate_factor != before) /* the next one sees the rate that is to come */
            rate *= seen.rate_factor / before;
        callback->restores |= (callbacks->asked[i] & RUNNER_RESTORE) != 0;
        flags |= callbacks->asked[i];
    }
    return flags;
}

void callbacks_keep(struct callbacks *callbacks, const struct model *model, uint64_t epoch, struct arena *arena) {
    for (size_t i = 0; i < callbacks->count; i++)
        if ((callbacks->asked[i] & RUNNER_KEEP) != 0)
            weights_keep(&callbacks->items[i].copy, model, epoch, arena);
}

const char *callbacks_stopped_by(const struct callbacks *callbacks) {
    for (size_t i = 0; i < callbacks->count; i++)
        if ((callbacks->asked[i] & RUNNER_STOP) != 0)
            return callbacks->items[i].part->name;
    return NULL;
}

bool callbacks_restore(const struct callbacks *callbacks, struct model *model, uint64_t *epoch) {
    for (size_t i = callbacks->count; i-- > 0;) {
        const struct callback *callback = &callbacks->items[i];
        if (!callback->restores || !callback->copy.kept)
            continue;
        weights_restore(&callback->copy, model);
        *epoch = callback->copy.epoch;
        return true;
    }
    return false;
}

const struct weights_copy *callbacks_best(const struct callbacks *callbacks) {
    for (size_t i = 0; i < callbacks->count; i++)
        if (callbacks->items[i].copy.kept)
            return &callbacks->items[i].copy;
    return NULL;
}
