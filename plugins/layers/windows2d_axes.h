/*
 * Windows on an image [height][width][channels], for windows2d.c.
 */
#ifndef WINDOWS2D_AXES_H
#define WINDOWS2D_AXES_H

#include <runner/plugin.h>
#include <stdbool.h>
#include <string.h>

struct axis {
    uint32_t in, out, size, stride, dilation, before; /* size: of the window; before: padding */
};

struct windows {
    struct axis y, x;
    uint32_t channels;
};

/* The part of a window that lies on the image: its cells first .. end - 1, the first of them at `at`. */
struct cut {
    uint32_t first, end, at;
};

static const char *const paddings[] = {"valid", "same", NULL};

static inline struct cut axis_cut(const struct axis *axis, uint32_t output) {
    int64_t start = (int64_t)output * axis->stride - axis->before, step = axis->dilation;
    int64_t first = start < 0 ? -start : 0, end = axis->in - start;
    if (step > 1) { /* divisions take long */
        first = (first + step - 1) / step;
        end = (end + step - 1) / step;
    }
    end = end > axis->size ? axis->size : end;
    return (struct cut){(uint32_t)first, (uint32_t)(end < first ? first : end), (uint32_t)(start + first * step)};
}

/* From the first cell of the first window to the last of the last, padding among them. */
static inline uint64_t axis_covered(const struct axis *axis) {
    return (uint64_t)(axis->out - 1) * axis->stride + (uint64_t)(axis->size - 1) * axis->dilation + 1;
}

static inline bool axis_is_padded(const struct axis *axis) {
    return axis_covered(axis) > axis->in;
}

/* How many windows from this one on, which is that of the output and cut so, lie on the image whole; 0: this one does not. */
static inline uint32_t axis_whole(const struct axis *axis, struct cut cut, uint32_t output) {
    if (cut.first > 0 || cut.end < axis->size)
        return 0;
    const uint32_t n = (axis->in - 1 - (axis->size - 1) * axis->dilation - cut.at) / axis->stride + 1;
    return n < axis->out - output ? n : axis->out - output;
}

/* One number for both axes, or one for each; none: `otherwise`. */
static inline uint32_t of_axis(const runner_ints *ints, int axis, uint32_t otherwise) {
    return ints->count == 0 ? otherwise : (uint32_t)ints->values[ints->count == 1 ? 0 : axis];
}

static inline int axis_plan(runner_call *call, const char *name, bool same, struct axis *axis) {
    uint64_t reach = (uint64_t)(axis->size - 1) * axis->dilation + 1;
    if (!same && reach > axis->in)
        return call->host->fail(call, "a window of %s reaches over %llu of %u values; make it or the padding fit", name,
                                (unsigned long long)reach, axis->in);
    axis->out = same ? (axis->in - 1) / axis->stride + 1 : (uint32_t)((axis->in - reach) / axis->stride + 1);
    uint64_t covered = axis_covered(axis);
    axis->before = same && covered > axis->in ? (uint32_t)((covered - axis->in) / 2) : 0;
    return RUNNER_OK;
}

static inline int windows_plan(struct windows *windows, runner_call *call, const char *name, const runner_shape *input,
                               const runner_ints *size, const runner_ints *strides, const runner_ints *dilation,
                               bool same) {
    if (input->rank != 3)
        return call->host->fail(call,
                                "%s takes images [height, width, channels]; found %u dimension%s; put it before "
                                "flatten and dense, or give the data set such a shape",
                                name, input->rank, input->rank == 1 ? "" : "s");
    if (size->count < 1 || size->count > 2 || strides->count > 2 || dilation->count > 2)
        return call->host->fail(call, "%s wants one number for both axes, or [height, width]", name);
    for (int i = 0; i < 2; i++) {
        struct axis *axis = i == 0 ? &windows->y : &windows->x;
        uint32_t cells = of_axis(size, i, 1);
        *axis = (struct axis){.in = input->size[i],
                              .size = cells,
                              .stride = of_axis(strides, i, cells),
                              .dilation = of_axis(dilation, i, 1)};
        if (axis_plan(call, name, same, axis) != RUNNER_OK)
            return RUNNER_FAILED;
    }
    windows->channels = input->size[2];
    return RUNNER_OK;
}

static inline void zero_rows(const runner_view *view) {
    for (uint64_t i = 0; i < view->rows; i++)
        memset(view->data + i * view->pitch, 0, view->columns * sizeof(float));
}

#endif
