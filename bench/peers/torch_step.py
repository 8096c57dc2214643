"""The training step in PyTorch: torch_step.py THREADS [compile]"""
import sys

import torch
from torch import nn

import common

torch.set_num_threads(int(sys.argv[1]))
torch.set_num_interop_threads(1)
torch.set_flush_denormal(True)
images, labels = (torch.from_numpy(array) for array in common.mnist())


def make_optimizer(parameters, optimizer, how):
    if optimizer == "adam":
        return torch.optim.Adam(parameters, lr=1e-3, **how)
    return torch.optim.SGD(parameters, lr=0.01, momentum=0.9 if optimizer == "momentum" else 0.0, **how)


def make_step(batch, optimizer, how, compiled):
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(784, 500), nn.Sigmoid(), nn.Linear(500, 500), nn.Sigmoid(), nn.Linear(500, 10)
    )
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
        losses(images[numbers], labels[numbers]).backward()
        update.step()

    return step, 1


def variants(batch, optimizer):
    hows = {"loop": {"foreach": False}, "foreach": {"foreach": True}, "fused": {"fused": True}}
    made = {}
    for name, how in hows.items():
        made[name] = lambda how=how: make_step(batch, optimizer, how, False)
        if "compile" in sys.argv[2:] and name != "loop":
            made[name + "+compile"] = lambda how=how: make_step(batch, optimizer, how, True)
    return made


common.serve(variants)
