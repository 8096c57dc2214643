/* Layers that look at an image [height][width][channels] through windows: conv2d, max_pooling2d, average_pooling2d and
   global_average_pooling2d, with Keras' parameters and its padding: `same` gives ceil(size / stride) outputs and pads what that
   takes, half before and the rest after; padding counts neither for a maximum nor for an average. */
#include "windows2d_convolution.h"
#include "windows2d_pooling.h"

static const runner_component components[] = {
    {.kind = RUNNER_LAYER,
     .config_size = sizeof(struct conv2d),
     .name = "conv2d",
     .doc = "convolution over images: activation(windows kernel + bias)",
     .params = conv2d_params,
     .n_params = RUNNER_COUNT(conv2d_params),
     .ops = &conv2d_ops},
    {.kind = RUNNER_LAYER,
     .config_size = sizeof(struct pooling),
     .name = "max_pooling2d",
     .doc = "the largest value of each window and channel",
     .params = pooling_params,
     .n_params = RUNNER_COUNT(pooling_params),
     .ops = &max_ops},
    {.kind = RUNNER_LAYER,
     .config_size = sizeof(struct pooling),
     .name = "average_pooling2d",
     .doc = "the mean of each window and channel",
     .params = pooling_params,
     .n_params = RUNNER_COUNT(pooling_params),
     .ops = &average_ops},
    {.kind = RUNNER_LAYER,
     .config_size = sizeof(struct pooling),
     .name = "global_average_pooling2d",
     .doc = "the mean of each channel over the image",
     .params = global_params,
     .n_params = RUNNER_COUNT(global_params),
     .ops = &global_ops},
};
RUNNER_PLUGIN(components, "1.0.0")
