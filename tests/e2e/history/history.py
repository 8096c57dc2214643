"""Writes what tests/e2e/history.sh reads beside the configs: data, initial weights, and the losses of every epoch as PyTorch has them.

    cd tests/e2e/history && python history.py

train.csv, test.csv     images of 6 x 7 pixels, row by row, each a digit that stands for eighths, and a class
dense.npz, conv2d.npz   initial weights, under the names and in the shapes of the runner
history.txt             case MODEL OPTIMIZER, then lines of EPOCH TRAIN_LOSS TEST_LOSS; MODEL.yaml is the config

Made with torch 2.13.0 and numpy 2.4.6 on the CPU, in float64. Nothing here calls the runner.
"""
import copy

import numpy as np
import torch
from torch import nn, optim

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
rng = np.random.default_rng(1)
EPOCHS, BATCH, CLASSES, HEIGHT, WIDTH = 8, 20, 3, 6, 7

templates = rng.integers(-1, 2, (CLASSES, HEIGHT * WIDTH))


def rows(name, n):
    """Writes a table and returns its inputs, [n][1][HEIGHT][WIDTH], and classes."""
    y = rng.integers(0, CLASSES, n)
    x = np.clip(np.rint(4.5 + templates[y] + rng.normal(0, 2, (n, HEIGHT * WIDTH))), 0, 9).astype(int)
    with open(name, "w") as f:
        for values, label in zip(x, y):
            print(*values, label, sep=",", file=f)
    return torch.tensor(x / 8.0).reshape(n, 1, HEIGHT, WIDTH), torch.tensor(y)


class Flatten(nn.Module):
    """[batch][channels][height][width] to the order of the runner: channels last."""

    def forward(self, x):
        return x.permute(0, 2, 3, 1).flatten(1)


def put(tensor, values):
    with torch.no_grad():
        tensor.copy_(torch.tensor(values, dtype=torch.float64).reshape(tensor.shape))


def begin(name, net):
    """Gives the network random weights that float32 holds, and writes them."""
    count, weights = {}, {}
    for m in net:
        kind = {nn.Linear: "dense", nn.Conv2d: "conv2d", nn.BatchNorm2d: "batch_normalization"}.get(type(m))
        if not kind:
            continue
        count[kind] = count.get(kind, 0) + 1
        layer = f"{kind}_{count[kind]}/"

        def new(tensor, shape, mean, deviation, order):
            values = (mean + deviation * rng.normal(size=shape)).astype(np.float32)
            weights[layer + tensor] = values
            return values.transpose(order)

        if kind == "dense":
            n, m_in = m.weight.shape
            put(m.weight, new("kernel", (m_in, n), 0, m_in**-0.5, (1, 0)))
            put(m.bias, new("bias", (n,), 0, 0.1, (0,)))
        elif kind == "conv2d":
            n, channels, height, width = m.weight.shape
            put(m.weight, new("kernel", (height, width, channels, n), 0, (height * width * channels) ** -0.5, (3, 2, 0, 1)))
            if m.bias is not None:
                put(m.bias, new("bias", (n,), 0, 0.1, (0,)))
        else:
            put(m.weight, new("gamma", m.weight.shape, 1, 0.2, (0,)))
            put(m.bias, new("beta", m.bias.shape, 0, 0.2, (0,)))
            put(m.running_mean, new("moving_mean", m.bias.shape, 0, 0.2, (0,)))
            put(m.running_var, new("moving_variance", m.bias.shape, 1, 0.1, (0,)))
    np.savez(f"{name}.npz", **weights)
    return net


X, Y = rows("train.csv", 3 * BATCH + 4)  # a short last batch
XT, YT = rows("test.csv", 24)
NETS = {
    "dense": nn.Sequential(Flatten(), nn.Linear(HEIGHT * WIDTH, 8), nn.Tanh(), nn.Linear(8, CLASSES)),
    # PyTorch's moving variance is the unbiased one, and its momentum of 0.1 the runner's 0.9. A bias before the normalization
    # would have no gradient but rounding, which adam and its like make steps of.
    "conv2d": nn.Sequential(nn.Conv2d(1, 4, 3, bias=False), nn.BatchNorm2d(4, eps=1e-5, momentum=0.1), nn.ReLU(), nn.MaxPool2d(2),
                            nn.Conv2d(4, 5, 2, padding="same"), nn.Tanh(), Flatten(), nn.Linear(2 * 2 * 5, CLASSES)),
}
OPTIMIZERS = {
    "{sgd: {learning_rate: 0.1}}": lambda p: optim.SGD(p, 0.1),
    "{sgd: {learning_rate: 0.05, momentum: 0.9, nesterov: true}}": lambda p: optim.SGD(p, 0.05, momentum=0.9, nesterov=True),
    "{adam: {learning_rate: 0.01, epsilon: 1e-8, epsilon_corrected: true}}": lambda p: optim.Adam(p, 0.01),
    "{adagrad: {learning_rate: 0.05, initial_accumulator_value: 0.1, epsilon: 1e-10, epsilon_inside_root: false}}":
        lambda p: optim.Adagrad(p, 0.05, initial_accumulator_value=0.1),
    "{rmsprop: {learning_rate: 0.005, rho: 0.99, momentum: 0.5, epsilon: 1e-8, epsilon_inside_root: false, rate_in_momentum: false}}":
        lambda p: optim.RMSprop(p, 0.005, momentum=0.5),
    "{adamw: {learning_rate: 0.01, weight_decay: 0.02, epsilon: 1e-8, epsilon_corrected: true}}":
        lambda p: optim.AdamW(p, 0.01, weight_decay=0.02),
}
loss = nn.CrossEntropyLoss()


def history(net, make):
    """The mean over the rows of an epoch, each with the weights it was trained on; test rows after the epoch."""
    optimizer = make(net.parameters())
    for epoch in range(EPOCHS + 1):
        total = 0
        net.train()
        for i in range(0, len(X) if epoch else 0, BATCH):
            optimizer.zero_grad()
            batch = loss(net(X[i:i + BATCH]), Y[i:i + BATCH])
            batch.backward()
            optimizer.step()
            total += batch.item() * len(X[i:i + BATCH])
        net.eval()
        with torch.no_grad():
            yield epoch, total / len(X) if epoch else None, loss(net(XT), YT).item()


with open("history.txt", "w") as f:
    print(f"# Written by history.py; torch {torch.__version__}, float64", file=f)
    for name, net in NETS.items():
        begin(name, net)
        for text, make in OPTIMIZERS.items():
            print("case", name, text, file=f)
            for epoch, train, test in history(copy.deepcopy(net), make):
                print(epoch, f"{train:.10g}" if epoch else "-", f"{test:.10g}", file=f)
