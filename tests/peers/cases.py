"""Writes cases.txt: what independent programs make of the components that peers runs.

    KERAS_BACKEND=jax python cases.py [layers] [losses] [optimizers] [small] [torch] > cases.txt

It takes some minutes; --full prints all values instead of ten of each array. Made with keras 3.15.1 on jax 0.10.2, torch 2.13.0,
scipy 1.17.1 and numpy 2.4.6 on the CPU, in float64 but for the crossentropies of values, whose cuts at epsilon are those of float32. What
comes from none of them is worked out here, from the formula of the paper.
"""
import os
import sys

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ["JAX_ENABLE_X64"] = "1"
import jax
import jax.numpy as jnp
import keras
import numpy as np
import scipy.stats
import torch

FULL = "--full" in sys.argv
SOME = 10
keras.config.set_floatx("float64")
torch.set_default_dtype(torch.float64)
L, O = keras.layers, keras.optimizers


def value(seed, n):
    """Numbers in [-2, 2) that float32 holds; case_value() in cases.c."""
    h = np.uint32((seed * 2654435761 + 0x9E3779B9) % 2**32) + np.arange(n, dtype=np.uint32) * np.uint32(2246822519)
    h = (h ^ (h >> np.uint32(15))) * np.uint32(0x85EBCA6B)
    h = (h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    h ^= h >> np.uint32(16)
    return ((h >> np.uint32(8)).astype(np.int64) - 2**23) / 2.0**22


def shaped(seed, shape):
    return value(seed, int(np.prod(shape))).reshape(shape)


def text(x):
    if isinstance(x, bool):
        return str(x).lower()
    if x is None:
        return "null"
    if isinstance(x, (list, tuple)):
        return ",".join(map(text, x)) or "[]"
    return str(x)


def begin(kind, name, settings, **options):
    print("case", kind, name, *(f"{k}={text(v)}" for k, v in settings.items()))
    for key, option in options.items():
        if option is not None:
            print(key, *(map(str, option) if isinstance(option, (list, tuple)) else [str(option)]))


def expect(name, array):
    a = np.asarray(array, np.float64).ravel()
    count = len(a) if FULL else min(SOME, len(a))
    finite = np.abs(a[np.isfinite(a)])
    print("=", name, len(a), count, f"{finite.max() if len(finite) else 0:.3g}", *(f"{a[k * len(a) // count]:.9g}" for k in range(count)))


# ---- Layers ----


def as_layer(f):
    return f if isinstance(f, keras.Layer) else L.Activation(f)


def fill(layers):
    """The tensors of all layers in order, tensor t having the values of seed 100 + t."""
    t = 0
    for layer in layers:
        for w in layer.weights:
            if "seed" in w.path:
                continue
            v = shaped(100 + t, tuple(w.shape))
            w.assign(abs(v) + 0.25 if w.name == "moving_variance" else v)
            t += 1


def layer(name, peer, shape, settings={}, rows=7, training=1, tolerance=None, factor=None, branch=False):
    """`peer`: a Keras layer, a function, or a list of them (in the order of their tensors)."""
    peers = [as_layer(p) for p in (peer if isinstance(peer, list) else [peer])]
    x = shaped(1, (rows, *shape)) * (factor or 1)
    xs = tuple(x.shape)
    for p in peers:
        p.build(xs)
        xs = p.compute_output_shape(xs)
    fill(peers)

    def run(trained, x):
        y, states = x, []
        for p, w in zip(peers, trained):
            y, state = p.stateless_call(w, [v.value for v in p.non_trainable_variables], y, **({"training": bool(training)} if p._call_has_training_arg else {}))
            states += [s for s, v in zip(state, p.non_trainable_variables) if "seed" not in v.path]
        return (y + x if branch else y), states

    trained = [[v.value for v in p.trainable_variables] for p in peers]
    y, pull, states = jax.vjp(run, trained, jnp.asarray(x), has_aux=True)
    if y.dtype != jnp.float64:
        print(name, settings, "is in", y.dtype, file=sys.stderr)
    begin("layer", name, settings, **{"in": (rows, *shape)}, training=0 if not training else None, factor=factor, tolerance=tolerance)
    expect("output", y)
    if training:
        gradients, delta = pull(jnp.asarray(shaped(2, tuple(y.shape)), y.dtype))
        expect("delta", delta)
        for g in gradients:
            for one in g:
                expect("gradient", one)
    for s in states:
        expect("state", s)


EXACT = "1e-6 1e-3"  # activations: close to each value by itself
A = keras.activations


def layers():
    acts = [("linear", A.linear, {}), ("relu", A.relu, {}), ("sigmoid", A.sigmoid, {}), ("tanh", A.tanh, {}), ("selu", A.selu, {}),
            ("elu", A.elu, {}), ("gelu", A.gelu, {}), ("silu", A.silu, {}), ("softplus", A.softplus, {}), ("softmax", A.softmax, {}),
            ("gelu", lambda x: A.gelu(x, approximate=True), {"approximate": True}), ("leaky_relu", L.LeakyReLU(), {}),
            ]
    for name, f, settings in acts:
        for factor, shape, rows in ((1, (11,), 7), (8, (5, 3), 7), (0.01, (2, 3, 4), 1), (30, (600,), 1)):
            # what saturates loses digits against float64: dx = d (1 - y) y of a float32 y
            layer(name, f, shape, settings, rows, factor=factor, tolerance="2e-6 1" if factor == 30 or "soft" in name else "2e-6 2e-2")
    for alpha in (0.0, 0.5, 1.5):
        layer("elu", L.ELU(alpha=alpha), (9,), {"alpha": alpha}, 3)
    for slope in (0.0, 0.01, 0.2, 1.0):
        layer("leaky_relu", L.LeakyReLU(negative_slope=slope), (9,), {"negative_slope": slope}, 3)
    for m, s, t in ((None, 0.1, 0.0), (1.0, 0.0, 0.0), (6.0, 0.25, 0.5), (0.75, 0.5, 0.25), (None, 0.0, 1.0), (0.5, 0.0, 1.0), (0.5, 0.1, 1.0)):
        layer("relu", L.ReLU(max_value=m, negative_slope=s, threshold=t), (40,), {"max_value": m, "negative_slope": s, "threshold": t}, 3)
    for shape, shared in (((5,), None), ((2, 3, 4), None), ((2, 3, 4), [1, 2]), ((2, 3, 4), [1]), ((2, 3, 4), [3]), ((2, 3, 4), [1, 2, 3]), ((2, 3, 4), [2, 3]), ((3, 2, 2, 2), [1, 3])):
        for rows in (1, 7):
            layer("prelu", L.PReLU(shared_axes=shared), shape, {} if shared is None else {"shared_axes": shared}, rows)

    for rows in (1, 7):
        layer("dense", L.Dense(4), (5,), {"units": 4}, rows)
        layer("dense", L.Dense(1, use_bias=False), (13,), {"units": 1, "use_bias": False}, rows)
        layer("dense", [L.Flatten(), L.Dense(3, activation="tanh")], (2, 3, 2), {"units": 3, "activation": "tanh"}, rows)
        layer("dense", L.Dense(10, activation="softmax"), (17,), {"units": 10, "activation": "softmax"}, rows, factor=0.1)
        layer("flatten", L.Flatten(), (2, 3, 2), {}, rows)
    layer("residual", [as_layer(A.relu), as_layer(A.tanh)], (6,), {"layers": ["relu", "tanh"]}, 3, branch=True)
    layer("maxout", Maxout(4, 2), (5,), {"units": 4}, 7)
    layer("maxout", Maxout(3, 5), (5,), {"units": 3, "pieces": 5}, 3)
    for rate in (0.0, 0.3):
        layer("dropout", L.Dropout(rate), (6,), {"rate": rate}, 3, training=0)
        layer("gaussian_noise", L.GaussianNoise(rate), (6,), {"stddev": rate}, 3, training=0)
    layer("dropout", L.Dropout(0.0), (6,), {"rate": 0.0}, 3)

    norms = [{}, {"epsilon": 1e-5}, {"center": False}, {"scale": False}, {"center": False, "scale": False}, {"epsilon": 0.1}]
    for shape in ((1,), (11,), (3, 4), (2, 3, 5)):
        for rows, training in ((1, 1), (7, 1), (7, 0)):
            for settings in norms if shape == (2, 3, 5) else norms[:2]:
                layer("layer_normalization", L.LayerNormalization(**settings), shape, settings, rows, training, tolerance="5e-6 1")
                if rows == 1 and np.prod(shape[:-1]) == 1:
                    continue  # the variance of one value is 0
                layer("batch_normalization", L.BatchNormalization(**settings), shape, settings, rows, training, tolerance="5e-6 1")
    for momentum in (0.0, 0.5, 1.0):
        layer("batch_normalization", L.BatchNormalization(momentum=momentum), (3,), {"momentum": momentum}, 7)
    n = 0
    for size in (1, 2, 3, (3, 2), (1, 4), 5):
        for padding in ("valid", "same"):
            for strides, dilation in ((1, 1), (2, 1), ((2, 3), 1), (1, 2), (1, (1, 3)), (3, 1)):
                shape = [(7, 8, 1), (11, 9, 3), (12, 13, 2), (9, 10, 5)][n % 4]
                n += 1
                if padding == "valid" and any(((s if isinstance(size, int) is False else size) - 1) * d + 1 > e for s, d, e in
                                              zip(size if isinstance(size, tuple) else (size,) * 2, dilation if isinstance(dilation, tuple) else (dilation,) * 2, shape)):
                    continue
                settings = {"filters": 1 + n % 4, "kernel_size": size, "strides": strides, "padding": padding, "dilation_rate": dilation, "use_bias": n % 5 > 0}
                layer("conv2d", L.Conv2D(**settings), shape, settings, (1, 7, 2)[n % 3], tolerance="3e-6 1")
    layer("conv2d", L.Conv2D(4, 3, activation="relu"), (6, 6, 2), {"filters": 4, "kernel_size": 3, "activation": "relu"}, 2)
    n = 0
    for size in (2, 3, (3, 2), (2, 5), 1):
        for padding in ("valid", "same"):
            for strides in (None, 1, 2, (1, 3), 4):
                n += 1
                shape = [(7, 8, 1), (11, 9, 3), (5, 6, 70), (9, 10, 5)][n % 4]
                settings = {"pool_size": size, "strides": strides, "padding": padding}
                layer("max_pooling2d", L.MaxPooling2D(**settings), shape, settings, (1, 7, 2)[n % 3])
                layer("average_pooling2d", L.AveragePooling2D(**settings), shape, settings, (1, 7, 2)[n % 3])
    layer("max_pooling2d", L.MaxPooling2D(), (6, 5, 3), {}, 3)
    for keepdims in (False, True):
        layer("global_average_pooling2d", L.GlobalAveragePooling2D(keepdims=keepdims), (3, 5, 4), {"keepdims": keepdims}, 3)


def by_torch_module():
    """Variants of PyTorch's own."""
    x = shaped(1, (7, 3))
    peer = torch.nn.BatchNorm1d(3, eps=1e-3, momentum=0.1)
    with torch.no_grad():
        for t, tensor in enumerate((peer.weight, peer.bias, peer.running_mean, peer.running_var)):
            v = torch.tensor(shaped(100 + t, (3,)))
            tensor.copy_(abs(v) + 0.25 if t == 3 else v)
    xt = torch.tensor(x, requires_grad=True)
    y = peer(xt)
    y.backward(torch.tensor(shaped(2, (7, 3))))
    begin("layer", "batch_normalization", {"momentum": 0.9, "unbiased_moving_variance": True}, **{"in": (7, 3)}, tolerance="5e-6 1")
    for name, array in (("output", y), ("delta", xt.grad), ("gradient", peer.weight.grad), ("gradient", peer.bias.grad), ("state", peer.running_mean), ("state", peer.running_var)):
        expect(name, array.detach())
    for shape in ((7, 10), (3, 1)):
        for beta in (0.3, 1.0, 2.5):
            y = torch.tensor(form("raw", 1, shape), requires_grad=True)
            values = torch.nn.functional.smooth_l1_loss(y, torch.tensor(form("raw", 2, shape)), beta=beta, reduction="none").mean(1)
            values.mean().backward()
            begin("loss", "huber", {"delta": beta, "over_delta": True}, **{"in": shape}, prediction="raw", targets="raw")
            expect("values", values.detach())
            expect("delta", y.grad)


class Maxout(keras.Layer):
    """Goodfellow et al. 2013: numpy."""

    def __init__(self, units, pieces):
        super().__init__()
        self.units, self.pieces = units, pieces

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], self.units * self.pieces))
        self.bias = self.add_weight(shape=(self.units * self.pieces,))

    def call(self, x):
        return keras.ops.max(keras.ops.reshape(x @ self.kernel + self.bias, (-1, self.units, self.pieces)), axis=2)

    def compute_output_shape(self, shape):
        return (shape[0], self.units)


# ---- Losses and metrics ----


def form(name, seed, shape):
    n = int(np.prod(shape))
    v, i = value(seed, n), np.arange(n)
    if name == "wide":
        v = 8 * v
    elif name == "binary":
        v = np.where(v < 0, 0.0, 1.0)
    elif name in ("unit", "edge"):
        v = (v + 2) / 4
        if name == "edge":
            v = np.where(i % 5 == 0, np.where(i % 2 == 0, 0.0, 1.0), v)
    return v.reshape(shape)


def labels(rows, classes):
    return ((value(2, rows) + 2) / 4 * classes).astype(int)


def objective(kind, name, peer, shape, settings={}, classes=0, prediction="raw", targets=None, logits=None, sparse=False, float32=False, tolerance=None):
    rows, n = shape
    dtype = np.float32 if float32 else np.float64
    y = form(prediction, 1, shape).astype(np.float32).astype(dtype)
    if classes:
        t = labels(rows, classes)
        if not sparse:
            t = t[:, None].astype(dtype) if n == 1 else np.eye(n)[t].astype(dtype)
    else:
        t = form(targets, 2, shape).astype(np.float32).astype(dtype)
    begin(kind, name, settings, **{"in": shape}, classes=classes or None, prediction=prediction, targets=targets, logits=logits, tolerance=tolerance)
    if kind == "metric":
        peer.update_state(jnp.asarray(t), jnp.asarray(y))
        expect("value", peer.result())
        return
    each = lambda y: peer(jnp.asarray(t), y)
    expect("values", each(jnp.asarray(y)))
    expect("delta", jax.grad(lambda y: jnp.mean(each(y)))(jnp.asarray(y)))


def losses():
    def loss(name, cls, shape, settings={}, keras_settings={}, **rest):
        f = getattr(keras.losses, cls)(reduction=None, dtype="float32" if rest.get("float32") else None, **{**settings, **keras_settings})
        objective("loss", name, f, shape, settings, **rest)

    def metric(name, cls, shape, settings={}, keras_settings={}, **rest):
        m = getattr(keras.metrics, cls)(dtype="float32" if rest.get("float32") else None, **{**settings, **keras_settings})
        objective("metric", name, m, shape, settings, **rest)

    for shape in ((1, 3), (7, 10), (3, 1)):
        for t in ("raw", "wide"):
            loss("mean_squared_error", "MeanSquaredError", shape, targets=t)
            loss("mean_absolute_error", "MeanAbsoluteError", shape, targets=t)
            for delta in (1.0, 0.3, 5.0):
                loss("huber", "Huber", shape, {"delta": delta}, targets=t)
            metric("mean_squared_error", "MeanSquaredError", shape, targets=t)
            metric("mean_absolute_error", "MeanAbsoluteError", shape, targets=t)
            metric("root_mean_squared_error", "RootMeanSquaredError", shape, targets=t)
    for shape in ((1, 2), (7, 10), (5, 3)):
        classes = shape[1]
        for smoothing in (0.0, 0.1, 0.5, 1.0):
            s = {"label_smoothing": smoothing}
            for prediction in ("raw", "wide"):
                loss("categorical_crossentropy", "CategoricalCrossentropy", shape, {**s, "from_logits": True}, classes=classes, prediction=prediction)
                loss("categorical_crossentropy", "CategoricalCrossentropy", shape, s, {"from_logits": True}, logits=1, classes=classes, prediction=prediction)
                loss("binary_crossentropy", "BinaryCrossentropy", shape, {**s, "from_logits": True}, targets="binary", prediction=prediction)
                loss("binary_crossentropy", "BinaryCrossentropy", shape, s, {"from_logits": True}, logits=1, targets="unit", prediction=prediction)
            for prediction in ("unit", "edge"):
                rest = dict(prediction=prediction, float32=True, tolerance="1e-5 1")
                loss("categorical_crossentropy", "CategoricalCrossentropy", shape, s, classes=classes, **rest)
                loss("binary_crossentropy", "BinaryCrossentropy", shape, s, targets="binary", **rest)
                metric("categorical_crossentropy", "CategoricalCrossentropy", shape, s, classes=classes, **rest)
                metric("binary_crossentropy", "BinaryCrossentropy", shape, s, targets="binary", **rest)
        for prediction in ("raw", "wide"):
            loss("sparse_categorical_crossentropy", "SparseCategoricalCrossentropy", shape, {"from_logits": True}, classes=classes, prediction=prediction, sparse=True)
            metric("sparse_categorical_crossentropy", "SparseCategoricalCrossentropy", shape, {"from_logits": True}, classes=classes, prediction=prediction, sparse=True)
        for prediction in ("unit", "edge"):
            loss("sparse_categorical_crossentropy", "SparseCategoricalCrossentropy", shape, classes=classes, prediction=prediction, sparse=True, float32=True, tolerance="1e-5 1")
        metric("accuracy", "SparseCategoricalAccuracy", shape, classes=classes, sparse=True)
        for k in (1, 2, 5):
            metric("top_k_categorical_accuracy", "TopKCategoricalAccuracy", shape, {"k": min(k, classes)}, classes=classes)
            metric("sparse_top_k_categorical_accuracy", "SparseTopKCategoricalAccuracy", shape, {"k": min(k, classes)}, classes=classes, sparse=True)
        for threshold in (0.5, 0.2):
            metric("binary_accuracy", "BinaryAccuracy", shape, {"threshold": threshold}, targets="binary", prediction="edge", float32=True)
    loss("binary_crossentropy", "BinaryCrossentropy", (7, 1), {}, classes=2, prediction="unit", float32=True, tolerance="1e-5 1")
    metric("accuracy", "BinaryAccuracy", (7, 1), {}, classes=2, prediction="unit")


# ---- Optimizers ----


def gradient(t, shape, scale):
    g = shaped(10 + t, shape) * scale
    i = np.arange(g.size).reshape(shape)
    return np.where((i + t) % 7 == 0, 0.0, g).astype(np.float32).astype(np.float64)


def optimizer(name, peer, shape, settings={}, steps=12, falls=0, scale=1, tolerance=None):
    """`peer`: a Keras optimizer, or a function from rates, start and gradients to weights."""
    w = shaped(1, shape)
    gradients = [gradient(t, shape, scale) for t in range(1, steps + 1)]
    if isinstance(peer, O.Optimizer):
        v = keras.Variable(w, name="kernel")
        peer.build([v])
        rate = float(peer.learning_rate)
        for t, g in enumerate(gradients, 1):
            if falls:
                peer.learning_rate = rate / t
            peer.apply([jnp.asarray(g)], [v])
        w = v.numpy()
    else:
        w = peer(w, gradients, falls)
    begin("optimizer", name, settings, **{"in": shape}, steps=steps if steps != 12 else None, falls=1 if falls else None, scale=scale if scale != 1 else None, tolerance=tolerance)
    expect("weights", w)


def by_torch(cls, lr, groups=None, **settings):
    def run(w, gradients, falls):
        p = torch.nn.Parameter(torch.tensor(w))
        o = cls([p], lr=lr, **settings)
        for t, g in enumerate(gradients, 1):
            for group in o.param_groups:
                group["lr"] = lr / t if falls else lr
            p.grad = torch.tensor(g)
            o.step()
        return p.detach().numpy()
    return run


SHAPES = ((6,), (13, 5), (3, 2, 4, 5), (1, 9), (9, 1), (2, 3, 4), (1,))


def optimizers():
    keras_settings = [
        ("sgd", O.SGD, [{}, {"learning_rate": 0.1, "momentum": 0.9}, {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True}, {"learning_rate": 0.5, "momentum": 0.5}]),
        ("adam", O.Adam, [{}, {"learning_rate": 0.1}, {"beta_1": 0.5, "beta_2": 0.9}, {"epsilon": 0.1}, {"amsgrad": True, "learning_rate": 0.05, "beta_2": 0.5}, {"beta_1": 0.0}]),
        ("adamw", O.AdamW, [{}, {"weight_decay": 0.1, "learning_rate": 0.1}, {"weight_decay": 0.0}, {"amsgrad": True, "beta_2": 0.6, "learning_rate": 0.01}]),
        ("rmsprop", O.RMSprop, [{}, {"rho": 0.5, "learning_rate": 0.01}, {"momentum": 0.9, "learning_rate": 0.01}, {"centered": True}, {"centered": True, "momentum": 0.5, "rho": 0.7, "epsilon": 1e-3}, {"epsilon": 0.1}]),
        ("nadam", O.Nadam, [{}, {"learning_rate": 0.1, "beta_1": 0.8, "beta_2": 0.9}, {"epsilon": 0.01}]),
        ("adagrad", O.Adagrad, [{}, {"learning_rate": 0.1, "initial_accumulator_value": 0.5}, {"epsilon": 0.1}]),
        ("lion", O.Lion, [{}, {"learning_rate": 0.01, "beta_1": 0.5, "beta_2": 0.6}]),
        ("lamb", O.Lamb, [{}, {"learning_rate": 0.1, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3}]),
        ("adafactor", O.Adafactor, [{}, {"learning_rate": 0.5}, {"beta_2_decay": -0.5, "epsilon_1": 1e-3, "epsilon_2": 0.1, "clip_threshold": 0.7}, {"relative_step": False, "learning_rate": 0.5}]),
        ("muon", O.Muon, [{}, {"learning_rate": 0.05, "momentum": 0.8, "nesterov": False, "ns_steps": 3}, {"rms_rate": None, "weight_decay": 0.1, "adam_weight_decay": 0.2}, {"muon_a": 2.0, "muon_b": -1.5, "muon_c": 0.5, "adam_lr_ratio": 0.5, "adam_beta_1": 0.7, "adam_beta_2": 0.8, "epsilon": 1e-3}]),
    ]
    for name, cls, all_settings in keras_settings:
        for settings in all_settings:
            for k, shape in enumerate(SHAPES):
                falls = k == 1
                scale = (1, 1e-3, 1, 100, 1, 1, 1)[k]
                if name == "muon" and scale == 100:
                    scale = 1
                optimizer(name, cls(**settings), shape, settings, falls=falls, scale=scale, tolerance="5e-6 1" if name == "muon" else None)
    T = torch.optim
    rest = {"learning_rate": 0.05}
    cases = [
        ("sgd", T.SGD, {}, {"momentum": 0.9, "dampening": 0.3}, {"momentum": 0.9, "dampening": 0.3, "rate_in_momentum": False}),
        ("sgd", T.SGD, {}, {"momentum": 0.9}, {"momentum": 0.9, "rate_in_momentum": False}),
        ("sgd", T.SGD, {}, {"momentum": 0.9, "nesterov": True}, {"momentum": 0.9, "nesterov": True, "rate_in_momentum": False}),
        ("adam", T.Adam, {}, {"eps": 0.1}, {"epsilon": 0.1, "epsilon_corrected": True}),
        ("adam", T.Adam, {}, {"eps": 0.1, "amsgrad": True, "betas": (0.8, 0.5)}, {"epsilon": 0.1, "epsilon_corrected": True, "amsgrad": True, "beta_1": 0.8, "beta_2": 0.5}),
        ("adamw", T.AdamW, {}, {"eps": 1e-8}, {"epsilon": 1e-8, "epsilon_corrected": True, "weight_decay": 0.01}),
        ("rmsprop", T.RMSprop, {}, {"eps": 0.1, "alpha": 0.99, "momentum": 0.9}, {"epsilon": 0.1, "rho": 0.99, "momentum": 0.9, "epsilon_inside_root": False, "rate_in_momentum": False}),
        ("rmsprop", T.RMSprop, {}, {"eps": 0.1, "centered": True}, {"epsilon": 0.1, "rho": 0.99, "centered": True, "epsilon_inside_root": False, "rate_in_momentum": False}),
        ("nadam", T.NAdam, {}, {"eps": 0.1}, {"epsilon": 0.1, "momentum_decay": 0.004}),
        ("adagrad", T.Adagrad, {}, {"eps": 0.1}, {"epsilon": 0.1, "initial_accumulator_value": 0.0, "epsilon_inside_root": False}),
        ("adafactor", T.Adafactor, {}, {"eps": (0.3, 1e-3)}, {"epsilon_1": 0.3, "epsilon_1_is_floor": True}),
    ]
    for name, cls, _, theirs, ours in cases:
        for k, shape in enumerate(SHAPES[:3]):
            optimizer(name, by_torch(cls, 0.05, **theirs), shape, {**rest, **ours}, falls=k == 1)

    def lamb(decay):
        def run(w, gradients, falls):
            m, v = 0, 0
            for t, g in enumerate(gradients, 1):
                m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
                u = m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-6) + decay * w
                w = w - (0.05 / t if falls else 0.05) * np.linalg.norm(w) / np.linalg.norm(u) * u
            return w
        return run

    def muon(w, gradients, falls):  # Jordan 2024: s = sqrt(max(1, rows / columns))
        m = 0
        for t, g in enumerate(gradients, 1):
            m = 0.95 * m + g
            x = g + 0.95 * m
            x = x / (np.linalg.norm(x) + 1e-7)
            x = x.T if w.shape[0] > w.shape[1] else x
            for _ in range(5):
                a = x @ x.T
                x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
            x = x.T if w.shape[0] > w.shape[1] else x
            w = w - (0.05 / t if falls else 0.05) * max(1, w.shape[0] / w.shape[1]) ** 0.5 * x
        return w

    for k, shape in enumerate(SHAPES[:3]):
        optimizer("lamb", lamb(0.3), shape, {"learning_rate": 0.05, "epsilon": 1e-6, "coupled_weight_decay": 0.3}, falls=k == 1)
    for shape in ((13, 5), (5, 13)):
        optimizer("muon", muon, shape, {"learning_rate": 0.05, "weight_decay": 0.0, "adjust_lr": "original"}, tolerance="5e-6 1")


# ---- Schedules, regularizers, constraints, initializers ----


def small():
    S = O.schedules
    updates = [0, 1, 2, 3, 5, 9, 10, 11, 19, 20, 21, 50, 99, 100, 101, 150, 1000]

    def schedule(name, cls, settings):
        s = cls(**settings)
        begin("schedule", name, settings, updates=updates, tolerance="3e-7 1")
        expect("rates", [float(s(jnp.asarray(u))) for u in updates])

    for staircase in (False, True):
        for rate in (0.96, 0.5, 1.5):
            schedule("exponential_decay", S.ExponentialDecay, {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": rate, "staircase": staircase})
    for alpha in (0.0, 0.1):
        schedule("cosine_decay", S.CosineDecay, {"initial_learning_rate": 0.1, "decay_steps": 100, "alpha": alpha})
        schedule("cosine_decay", S.CosineDecay, {"initial_learning_rate": 0.0, "decay_steps": 100, "alpha": alpha, "warmup_target": 0.5, "warmup_steps": 20})
        schedule("cosine_decay", S.CosineDecay, {"initial_learning_rate": 0.2, "decay_steps": 50, "alpha": alpha, "warmup_target": 0.5, "warmup_steps": 10})
    schedule("piecewise_constant_decay", S.PiecewiseConstantDecay, {"boundaries": [10, 20], "values": [0.1, 0.05, 0.01]})
    schedule("piecewise_constant_decay", S.PiecewiseConstantDecay, {"boundaries": [100], "values": [1.0, 0.5]})

    def weights(shape, factor=1):
        w = value(1, int(np.prod(shape))) * factor
        w[4::9] = 0
        return w.astype(np.float32).astype(np.float64).reshape(shape)

    R, C = keras.regularizers, keras.constraints
    for name, cls, settings in (("l1", R.L1, {}), ("l2", R.L2, {}), ("l1_l2", R.L1L2, {}), ("l1", R.L1, {"l1": 0.3}), ("l2", R.L2, {"l2": 0.2}),
                                ("l1_l2", R.L1L2, {"l1": 0.1, "l2": 0.05}), ("l1_l2", R.L1L2, {"l1": 0.1}), ("l1_l2", R.L1L2, {"l2": 0.1})):
        f, w = cls(**settings), torch.tensor(weights((5, 7)), requires_grad=True)
        begin("regularizer", name, settings, **{"in": (5, 7)})
        expect("penalty", f(jnp.asarray(w.detach().numpy())))
        penalty = float(f.l1) * abs(w).sum() if name == "l1" else float(f.l2) * (w * w).sum() if name == "l2" else float(f.l1) * abs(w).sum() + float(f.l2) * (w * w).sum()
        penalty.backward()  # where w is 0, jax takes the slope of |w| for 1, Keras' other back ends for 0
        expect("slopes", w.grad)

    def constraint(name, cls, shape, settings={}, factor=1):
        begin("constraint", name, settings, **{"in": shape}, factor=factor)
        expect("weights", cls(**settings)(jnp.asarray(weights(shape, factor))))

    for factor in (0.1, 1, 4):
        for shape in ((8, 3), (9,), (1, 5), (5, 1)):
            constraint("non_neg", C.NonNeg, shape, {}, factor)
            for axis in (0, 1, -1) if len(shape) > 1 and shape[0] > 1 else (0,):
                if shape == (1, 5):
                    continue  # a matrix of one row is taken for a vector
                constraint("max_norm", C.MaxNorm, shape, {"axis": axis}, factor)
                constraint("unit_norm", C.UnitNorm, shape, {"axis": axis}, factor)
                constraint("min_max_norm", C.MinMaxNorm, shape, {"min_value": 0.9, "max_value": 2.5, "rate": 0.7, "axis": axis}, factor)
        constraint("max_norm", C.MaxNorm, (8, 3), {"max_value": 0.5}, factor)
        constraint("max_norm", C.MaxNorm, (8, 3), {"axis": [0, 1]}, factor)
        constraint("min_max_norm", C.MinMaxNorm, (8, 3), {}, factor)

    def initializer(name, distribution, least, most, shape, settings={}, fans=None):
        n = int(np.prod(shape))
        mean, deviation = distribution.mean(), distribution.std()
        kurtosis = float(distribution.stats("k")) + 3 if deviation > 0 else 3
        off = [6 * deviation / n**0.5 + 1e-7, 6 * deviation * ((kurtosis - 1) / 4 / n) ** 0.5 + 1e-7]
        if np.isinf(most):  # the ends of n draws: between their 1e-6 quantiles
            ends = [distribution.ppf(1 - (1 - q) ** (1 / n)) for q in (1e-6, 1 - 1e-6)], [distribution.ppf(q ** (1 / n)) for q in (1e-6, 1 - 1e-6)]
            ends = [(sum(e) / 2, (e[1] - e[0]) / 2 + 1e-7) for e in ends]
        else:  # they are nearly reached
            ends = [(least, 5 * deviation * 20 / n + 2e-7 * abs(least)), (most, 5 * deviation * 20 / n + 2e-7 * abs(most))]
        begin("initializer", name, settings, **{"in": shape}, fans=fans, statistics=[f"{x:.6g}" for x in (mean, deviation, ends[0][0], ends[1][0])],
              off=[f"{x:.3g}" for x in (*off, ends[0][1], ends[1][1])])

    U = scipy.stats.uniform

    def uniform(limit):
        return U(-limit, 2 * limit), -limit, limit

    def truncated(mean, stddev):  # two standard deviations of the normal that is cut
        return scipy.stats.truncnorm(-2, 2, mean, stddev), mean - 2 * stddev, mean + 2 * stddev

    CUT = scipy.stats.truncnorm(-2, 2).std()
    normal = lambda mean, stddev: (scipy.stats.norm(mean, stddev), -np.inf, np.inf)
    for shape, (fan_in, fan_out) in (((200, 100), (200, 100)), ((3, 5, 20, 64), (300, 960)), ((20000,), (20000, 20000))):
        fans = (fan_in, fan_out)
        average = (fan_in + fan_out) / 2
        initializer("glorot_uniform", *uniform((3 / average) ** 0.5), shape, fans=fans)
        initializer("glorot_normal", *truncated(0, average**-0.5 / CUT), shape, fans=fans)
        initializer("he_uniform", *uniform((6 / fan_in) ** 0.5), shape, fans=fans)
        initializer("he_normal", *truncated(0, (2 / fan_in) ** 0.5 / CUT), shape, fans=fans)
        initializer("lecun_uniform", *uniform((3 / fan_in) ** 0.5), shape, fans=fans)
        initializer("lecun_normal", *truncated(0, (1 / fan_in) ** 0.5 / CUT), shape, fans=fans)
        for mode, fan in (("fan_in", fan_in), ("fan_out", fan_out), ("fan_avg", average)):
            for scale in (1.0, 0.3):
                initializer("variance_scaling", *truncated(0, (scale / fan) ** 0.5 / CUT), shape, {"scale": scale, "mode": mode}, fans)
                initializer("variance_scaling", *normal(0, (scale / fan) ** 0.5), shape, {"scale": scale, "mode": mode, "distribution": "untruncated_normal"}, fans)
                initializer("variance_scaling", *uniform((3 * scale / fan) ** 0.5), shape, {"scale": scale, "mode": mode, "distribution": "uniform"}, fans)
    for mean, stddev in ((0.0, 0.05), (1.0, 2.0)):
        settings = {"mean": mean, "stddev": stddev}
        initializer("random_normal", *normal(mean, stddev), (100, 200), settings)
        initializer("truncated_normal", *truncated(mean, stddev), (100, 200), settings)
    initializer("random_normal", *normal(0, 0.05), (100, 200))
    initializer("truncated_normal", *truncated(0, 0.05), (100, 200))
    initializer("random_uniform", *uniform(0.05), (100, 200))
    initializer("random_uniform", U(-1, 4), -1, 3, (100, 200), {"minval": -1.0, "maxval": 3.0})
    for name, constant, settings in (("zeros", 0, {}), ("ones", 1, {}), ("constant", 0, {}), ("constant", 0.25, {"value": 0.25})):
        begin("initializer", name, settings, **{"in": (3, 4)}, statistics=[constant, 0, constant, constant], off=[0, 0, 0, 0])
    for gain in (1.0, 2.0):  # a column of an orthogonal matrix [n][n] has n values of variance 1 / n
        begin("initializer", "orthogonal", {"gain": gain}, **{"in": (60, 60)}, statistics=[0, gain / 60**0.5, -gain / 2, gain / 2], off=[0.02, 0.002, gain / 2, gain / 2])


SECTIONS = {"layers": layers, "losses": losses, "optimizers": optimizers, "small": small, "torch": by_torch_module}
print("# Written by cases.py; keras", keras.__version__, "on jax", jax.__version__, "and torch", torch.__version__)
for section in [name for name in SECTIONS if name in sys.argv] or SECTIONS:
    SECTIONS[section]()
