"""The training step in scikit-learn: sklearn_step.py THREADS. partial_fit() of one batch is one update."""
import sys
import warnings

import threadpoolctl
from sklearn.neural_network import MLPClassifier

import common

threadpoolctl.threadpool_limits(int(sys.argv[1]))
warnings.simplefilter("ignore")
images, labels = common.mnist()


def make_step(batch, optimizer):
    solver = {"solver": "adam"} if optimizer == "adam" else {"solver": "sgd", "nesterovs_momentum": False}
    if solver["solver"] == "sgd":
        solver["momentum"] = 0.9 if optimizer == "momentum" else 0.0
    model = MLPClassifier((500, 500), activation="logistic", alpha=0.0, batch_size=batch, shuffle=False, **solver)
    rows = common.batches(len(labels), batch)

    def step():
        numbers = next(rows)
        model.partial_fit(images[numbers], labels[numbers], classes=range(10))

    return step, 1


common.serve(lambda batch, optimizer: {"partial_fit": lambda: make_step(batch, optimizer)})
