"""Writes keras_values.h: what Keras 3 makes of the layers of keras_layers_test.c.

    KERAS_BACKEND=torch python keras_values.py > keras_values.h

with keras 3.15.1 and torch 2.13.0 on the CPU. Inputs, tensors and deltas are small fractions that C computes without rounding, in
float32. Pooling with padding that differs from side to side comes from torch alone: Keras' torch back end takes that padding for zeros of
the image, which its other back ends do not.
"""
import numpy as np
import keras
import torch


def values(shape, step, start, modulus, scale):
    index = np.arange(int(np.prod(shape)))
    return (((index * step + start) % modulus - modulus // 2) / scale).astype(np.float32).reshape(shape)


def inputs(shape):
    return values(shape, 37, 11, 101, 32)


def deltas(shape):
    return values(shape, 29, 5, 89, 64)


def tensor(shape):
    return values(shape, 53, 7, 97, 64)


class PoolingSame:
    """Keras' padding `same`, where it differs from side to side: padding is no part of a maximum or of an average."""

    def __init__(self, pool, strides, average):
        self.pool, self.strides, self.average, self.trainable_weights, self.weights = pool, strides, average, [], []

    def __call__(self, x, training):
        pads = []
        for size, pool, stride in zip(x.shape[1:3], self.pool, self.strides):
            total = max((-(-size // stride) - 1) * stride + pool - size, 0)
            pads = [total // 2, total - total // 2] + pads
        x = x.permute(0, 3, 1, 2)
        functional = torch.nn.functional
        if self.average:
            sums, cells = (functional.avg_pool2d(functional.pad(v, pads), self.pool, self.strides, divisor_override=1)
                           for v in (x, torch.ones_like(x)))
            return (sums / cells).permute(0, 2, 3, 1)
        return functional.max_pool2d(functional.pad(x, pads, value=-torch.inf), self.pool, self.strides).permute(0, 2, 3, 1)


def c_array(array):
    numbers = [f"{float(x):.9g}" for x in np.asarray(array, np.float32).ravel()]
    return "{" + ", ".join(n + ("f" if "." in n or "e" in n else ".0f") for n in numbers) + "}"


def write(number, component, layer, shape, rows, numbers=(), lists=(), training=True):
    x = torch.tensor(inputs((rows, *shape)), requires_grad=True)
    if isinstance(layer, keras.Layer):
        layer.build((rows, *shape))
        for weight in layer.weights:
            start = tensor(tuple(weight.shape))
            weight.assign(abs(start) + 0.25 if weight.name == "moving_variance" else start)
    y = layer(x, training=training)
    y.backward(torch.tensor(deltas(tuple(y.shape))))
    print(f"static const float output_{number}[] = {c_array(y.detach())};")
    print(f"static const float input_delta_{number}[] = {c_array(x.grad)};")
    gradients = []
    for i, weight in enumerate(layer.trainable_weights):
        print(f"static const float gradient_{number}_{i}[] = {c_array(weight.value.grad)};")
        gradients.append(f"gradient_{number}_{i}")
    state = []
    for i, weight in enumerate(w for w in layer.weights if not w.trainable and "moving" in w.name):
        print(f"static const float state_{number}_{i}[] = {c_array(weight.numpy())};")
        state.append(f"state_{number}_{i}")
    fields = {
        "component": f'"{component}"',
        "shape": f"{{{len(shape)}, {{{', '.join(map(str, shape))}}}}}",
        "rows": rows,
        "training": int(training),
        "numbers": ", ".join(f'{{"{k}", {v}}}' for k, v in numbers),
        "lists": ", ".join(f'{{"{k}", {len(v)}, {{{", ".join(map(str, v))}}}}}' for k, v in lists),
        "output": f"output_{number}",
        "input_delta": f"input_delta_{number}",
        "gradients": ", ".join(gradients),
        "state": ", ".join(state),
    }
    braces = ("numbers", "lists", "gradients", "state")
    return "{" + ", ".join(f".{k} = {{{v}}}" if k in braces else f".{k} = {v}" for k, v in fields.items() if v != "") + "},"


L = keras.layers
CASES = [
    ("elu", L.ELU(alpha=1.5), (7,), 3, [("alpha", 1.5)]),
    ("selu", L.Activation("selu"), (7,), 3),
    ("gelu", L.Activation("gelu"), (7,), 3),
    ("gelu", L.Activation(lambda x: keras.activations.gelu(x, approximate=True)), (7,), 3, [("approximate", 1)]),
    ("silu", L.Activation("silu"), (7,), 3),
    ("softplus", L.Activation("softplus"), (7,), 3),
    ("leaky_relu", L.LeakyReLU(), (7,), 3),
    ("relu", L.ReLU(max_value=0.75, negative_slope=0.25, threshold=0.26), (7,), 3,
     [("max_value", 0.75), ("negative_slope", 0.25), ("threshold", 0.26)]),
    ("prelu", L.PReLU(), (2, 3), 3),
    ("prelu", L.PReLU(shared_axes=[1, 2]), (2, 3, 2), 2, [], [("shared_axes", [1, 2])]),
    ("layer_normalization", L.LayerNormalization(), (11,), 3),
    ("layer_normalization", L.LayerNormalization(epsilon=1e-5), (2, 2, 3), 2, [("epsilon", 1e-5)]),
    ("batch_normalization", L.BatchNormalization(), (3,), 5),
    ("batch_normalization", L.BatchNormalization(momentum=0.9, epsilon=1e-5), (2, 3, 2), 3, [("momentum", 0.9), ("epsilon", 1e-5)]),
    ("batch_normalization", L.BatchNormalization(center=False), (3,), 4, [("center", 0)]),
    ("batch_normalization", L.BatchNormalization(), (2, 2, 3), 2, [], [], False),
    ("conv2d", L.Conv2D(3, 3), (5, 4, 2), 2, [("filters", 3)], [("kernel_size", [3])]),
    ("conv2d", L.Conv2D(2, (3, 2), strides=2, padding="same"), (5, 4, 2), 2, [("filters", 2), ("padding", 1)],
     [("kernel_size", [3, 2]), ("strides", [2])]),
    ("conv2d", L.Conv2D(2, (2, 3), dilation_rate=(2, 3), padding="same", use_bias=False), (4, 5, 1), 2,
     [("filters", 2), ("padding", 1), ("use_bias", 0)], [("kernel_size", [2, 3]), ("dilation_rate", [2, 3])]),
    ("conv2d", L.Conv2D(2, 2, strides=(1, 2)), (3, 5, 3), 2, [("filters", 2)], [("kernel_size", [2]), ("strides", [1, 2])]),
    ("max_pooling2d", L.MaxPooling2D(), (4, 5, 2), 2),
    ("max_pooling2d", L.MaxPooling2D((3, 2), strides=(2, 1)), (5, 4, 2), 2, [], [("pool_size", [3, 2]), ("strides", [2, 1])]),
    ("max_pooling2d", PoolingSame((3, 2), (2, 2), False), (4, 5, 2), 2, [("padding", 1)], [("pool_size", [3, 2]), ("strides", [2])]),
    ("average_pooling2d", L.AveragePooling2D(2), (4, 5, 2), 2),
    ("average_pooling2d", L.AveragePooling2D(3, strides=2, padding="same"), (5, 5, 2), 2, [("padding", 1)],
     [("pool_size", [3]), ("strides", [2])]),
    ("average_pooling2d", PoolingSame((2, 3), (2, 1), True), (3, 4, 2), 2, [("padding", 1)],
     [("pool_size", [2, 3]), ("strides", [2, 1])]),
    ("global_average_pooling2d", L.GlobalAveragePooling2D(), (3, 4, 2), 2),
    ("flatten", L.Flatten(), (2, 3, 2), 2),
]

print("/* Written by keras_values.py; keras", keras.__version__, "with torch", torch.__version__, "*/")
print("/* clang-format off */")
rows = [write(i, *case) for i, case in enumerate(CASES)]
print("static const struct keras_case cases[] = {")
print("\n".join("    " + row for row in rows))
print("};")
