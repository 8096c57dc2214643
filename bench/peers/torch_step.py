"""The training step in PyTorch: torch_step.py THREADS [compile]"""
import functools
import sys

import torch
from torch import nn

import common

torch.set_num_threads(int(sys.argv[1]))
torch.set_num_interop_threads(1)
torch.set_flush_denormal(True)
images, labels = (torch.from_numpy(array) for array in common.mnist())


# As in bench/network.c; of images [channels][height][width] where there is a convolution.
NETWORKS = {
    "lecture": lambda: [nn.Linear(784, 500), nn.Sigmoid(), nn.Linear(500, 500), nn.Sigmoid(), nn.Linear(500, 10)],
    "dropout": lambda: [
        *(nn.Linear(784, 512), nn.ReLU(), nn.Dropout(0.2), nn.Linear(512, 512), nn.ReLU(), nn.Dropout(0.2)),
        nn.Linear(512, 10),
    ],
    "normalized": lambda: [
        *(nn.Linear(784, 500), nn.BatchNorm1d(500, 1e-3), nn.ReLU()),
        *(nn.Linear(500, 500), nn.LayerNorm(500, 1e-3), nn.ReLU(), nn.Linear(500, 10)),
    ],
    "lenet": lambda: [
        *(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(1600, 128), nn.ReLU(), nn.Linear(128, 10)),
    ],
    "cnn": lambda: [
        *(nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16, 1e-3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32, 1e-3), nn.ReLU(), nn.AvgPool2d(2)),
        *(nn.Flatten(), nn.Dropout(0.2), nn.Linear(1568, 10)),
    ],
}


def has_images(network):
    return any(isinstance(layer, nn.Conv2d) for layer in NETWORKS[network]())


def make_optimizer(parameters, optimizer, how):
    if optimizer == "adam":
        return torch.optim.Adam(parameters, lr=1e-3, **how)
    return torch.optim.SGD(parameters, lr=0.01, momentum=0.9 if optimizer == "momentum" else 0.0, **how)


def make_step(batch, optimizer, network, how, last, compiled):
    torch.manual_seed(0)
    model = nn.Sequential(*NETWORKS[network]())
    inputs = images
    if has_images(network):
        inputs = images.view(-1, 1, 28, 28)
    if last:
        model = model.to(memory_format=torch.channels_last)
    loss = nn.CrossEntropyLoss()
    update = make_optimizer(model.parameters(), optimizer, how)
    rows = (torch.from_numpy(numbers) for numbers in common.batches(len(labels), batch))

    def losses(x, y):
        return loss(model(x), y)

    if compiled:
        losses = torch.compile(losses, fullgraph=True, dynamic=False)

    def step():
        numbers = next(rows)
        update.zero_grad(set_to_none=True)
        losses(inputs[numbers], labels[numbers]).backward()
        update.step()

    return step, 1


def variants(batch, optimizer, network="lecture"):
    hows = {"loop": {"foreach": False}, "foreach": {"foreach": True}, "fused": {"fused": True}}
    made = {}
    for last in (False, True) if has_images(network) else (False,):
        for how, options in hows.items():
            for compiled in (False, True) if "compile" in sys.argv[2:] and how != "loop" else (False,):
                name = how + "+channels_last" * last + "+compile" * compiled
                made[name] = functools.partial(make_step, batch, optimizer, network, options, last, compiled)
    return made


common.serve(variants)
