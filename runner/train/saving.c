#include "runner/train/saving.h"

#include <math.h>
#include <string.h>

enum status saving_read(struct saving *saving, const struct tree *trial, const struct data *data, struct text *where,
                        struct error *error) {
    const struct tree *list = tree_get(trial, "save");
    *saving = (struct saving){.list = list != NULL && list->type == TREE_LIST ? list : NULL};
    for (size_t i = 0; saving->list != NULL && i < list->count; i++) {
        saving->best |= strcmp(list->items[i]->text, "best") == 0;
        saving->last |= strcmp(list->items[i]->text, "last") == 0;
    }
    if (!saving->best || data->rows[DATA_VALIDATION] > 0)
        return STATUS_OK;
    if (where != NULL)
        text_add(where, "save");
    return error_set(error, STATUS_CONFIG,
                     "save is best, but there are no validation rows to choose by; set `validation` of the data set "
                     "(0.1 is a tenth of the training rows) or save last");
}

static bool listed(const struct saving *saving, uint64_t epoch) {
    for (size_t i = 0; saving->list != NULL && i < saving->list->count; i++) {
        const struct tree *item = saving->list->items[i];
        if (item->type == TREE_INT && (uint64_t)item->value.integer == epoch)
            return true;
    }
    return false;
}

static enum status hand_out(const struct saving *saving, const struct model *model, const struct weights_copy *copy,
                            uint64_t epoch, struct error *error) {
    const struct train_request *request = saving->request;
    if (request == NULL || request->on_weights == NULL)
        return STATUS_OK;
    return request->on_weights(request->context, epoch, model, copy, error);
}

enum status saving_epoch(struct saving *saving, const struct model *model, uint64_t epoch, double val_loss,
                         struct arena *arena, struct error *error) {
    if (saving->best && epoch > 0 && isfinite(val_loss) && (!saving->copy.kept || val_loss < saving->value)) {
        weights_keep(&saving->copy, model, epoch, arena);
        saving->value = val_loss;
    }
    return listed(saving, epoch) ? hand_out(saving, model, NULL, epoch, error) : STATUS_OK;
}

enum status saving_end(const struct saving *saving, const struct model *model, const struct callbacks *callbacks,
                       struct train_result *result, struct error *error) {
    const struct weights_copy *best = callbacks_best(callbacks);
    uint64_t last = result->restored ? result->restored_epoch : result->epochs;
    if (best == NULL && saving->copy.kept)
        best = &saving->copy;
    result->has_best = best != NULL;
    result->best_epoch = best != NULL ? best->epoch : 0;
    enum status status = STATUS_OK;
    if (saving->best && best != NULL && !listed(saving, best->epoch))
        status = hand_out(saving, model, best, best->epoch, error);
    bool handed = listed(saving, last) || (saving->best && best != NULL && best->epoch == last);
    if (status == STATUS_OK && saving->last && !handed)
        status = hand_out(saving, model, NULL, last, error);
    return status;
}
