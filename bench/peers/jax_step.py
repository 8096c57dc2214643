"""The training step in JAX: jax_step.py THREADS. One jitted function a step with donated weights, or one that scans over ten steps."""
import os
import sys

if sys.argv[1] == "1":
    os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_cpu_multi_thread_eigen=false"
os.environ["JAX_PLATFORMS"] = "cpu"

import functools

import jax
import jax.numpy as jnp
import numpy as np

import common

SCAN = 10  # steps of one call
images, labels = (jnp.asarray(array) for array in common.mnist())
UNITS = [784, 500, 500, 10]


def initial(optimizer):
    random = np.random.default_rng(0)
    weights = []
    for inputs, outputs in zip(UNITS, UNITS[1:]):
        limit = np.sqrt(6 / (inputs + outputs))
        weights.append(jnp.asarray(random.uniform(-limit, limit, (inputs, outputs)).astype(np.float32)))
        weights.append(jnp.zeros(outputs, jnp.float32))
    slots = {"sgd": 0, "momentum": 1, "adam": 2}[optimizer]
    return weights, [[jnp.zeros_like(w) for w in weights] for _ in range(slots)], jnp.zeros((), jnp.float32)


def loss(weights, x, y):
    for kernel, bias in zip(weights[:-2:2], weights[1:-2:2]):
        x = jax.nn.sigmoid(x @ kernel + bias)
    logits = jax.nn.log_softmax(x @ weights[-2] + weights[-1])
    return -jnp.take_along_axis(logits, y[:, None], 1).mean()


def update(optimizer, state, rows, x, y):
    weights, slots, number = state
    gradients = jax.grad(loss)(weights, x[rows], y[rows])
    number = number + 1
    if optimizer == "sgd":
        return [w - 0.01 * g for w, g in zip(weights, gradients)], slots, number
    if optimizer == "momentum":
        moments = [0.9 * m + g for m, g in zip(slots[0], gradients)]
        return [w - 0.01 * m for w, m in zip(weights, moments)], [moments], number
    first = [0.9 * m + 0.1 * g for m, g in zip(slots[0], gradients)]
    second = [0.999 * v + 0.001 * g * g for v, g in zip(slots[1], gradients)]
    rate = 0.001 * jnp.sqrt(1 - 0.999**number) / (1 - 0.9**number)
    weights = [w - rate * m / (jnp.sqrt(v) + 1e-7) for w, m, v in zip(weights, first, second)]
    return weights, [first, second], number


def make_step(batch, optimizer, scan):
    state = initial(optimizer)
    rows = (numbers.astype(np.int32) for numbers in common.batches(len(labels), batch))
    one = functools.partial(update, optimizer)
    if scan == 1:
        run = jax.jit(one, donate_argnums=0)
    else:
        def many(state, rows, x, y):
            return jax.lax.scan(lambda s, r: (one(s, r, x, y), None), state, rows)[0]

        run = jax.jit(many, donate_argnums=0)

    def step():
        nonlocal state
        numbers = next(rows) if scan == 1 else np.stack([next(rows) for _ in range(scan)])
        state = run(state, numbers, images, labels)
        jax.block_until_ready(state)

    return step, scan


def variants(batch, optimizer):
    made = {"jit": lambda: make_step(batch, optimizer, 1)}
    if batch <= 1000:
        made["jit+scan"] = lambda: make_step(batch, optimizer, SCAN)
    return made


common.serve(variants)
