"""Writes the numbers of callbacks_test.c: what keras.callbacks do with given columns.

keras 3.15.1, KERAS_BACKEND=torch (torch 2.13.0). A callback is handed the logs of one epoch after the other, as fit() would, with
a model that is nothing but an optimizer and a mark of the epoch in place of weights. Columns hold quarters, so that float32,
in which Keras compares, holds them exactly.
"""
import os
import warnings

os.environ["KERAS_BACKEND"] = "torch"
warnings.simplefilter("ignore")
import keras  # noqa: E402

COLUMNS = {
    "falling": [4, 3, 2.5, 2.25, 2.25, 2, 1.75, 1.75, 1.5, 1.25, 1.25, 1],
    "valley": [4, 3, 2.5, 2.75, 2.25, 2.5, 2.5, 2.25, 2.5, 2, 3, 3.25],
    "gaps": [4, None, 3, None, 3.25, None, 3.5, None, 2, None, 2.5, None],
    "rising": [0.25, 0.5, 0.25, 0.5, 0.75, 0.75, 0.75, 1, 0.5, 0.75, 1, 1],
}
EARLY = [
    ("falling", {}),
    ("falling", {"patience": 1}),
    ("falling", {"patience": 2, "min_delta": 0.25}),
    ("falling", {"patience": 2, "min_delta": -0.5}),
    ("valley", {}),
    ("valley", {"patience": 2}),
    ("valley", {"patience": 3}),
    ("valley", {"patience": 3, "restore_best_weights": True}),
    ("valley", {"patience": 50, "restore_best_weights": True}),
    ("valley", {"patience": 2, "start_from_epoch": 4}),
    ("valley", {"patience": 1, "start_from_epoch": 11, "restore_best_weights": True}),
    ("valley", {"patience": 4, "baseline": 2.25}),
    ("valley", {"patience": 5, "baseline": 2.5, "restore_best_weights": True}),
    ("valley", {"patience": 2, "mode": "max"}),
    ("gaps", {}),
    ("gaps", {"patience": 2, "restore_best_weights": True}),
    ("rising", {"patience": 2, "mode": "max"}),
    ("rising", {"patience": 3, "mode": "max", "min_delta": 0.25}),
    ("rising", {"patience": 3, "mode": "max", "baseline": 0.5, "restore_best_weights": True}),
    ("rising", {"patience": 2, "mode": "min"}),
]
PLATEAU = [
    ("falling", {}),
    ("falling", {"patience": 1, "factor": 0.5}),
    ("falling", {"patience": 1, "factor": 0.5, "min_delta": 0.25}),
    ("falling", {"patience": 2, "factor": 0.5, "min_delta": 1, "cooldown": 2}),
    ("valley", {"patience": 1, "factor": 0.5}),
    ("valley", {"patience": 1, "factor": 0.5, "cooldown": 1}),
    ("valley", {"patience": 2, "factor": 0.25, "cooldown": 3}),
    ("valley", {"patience": 1, "factor": 0.5, "min_lr": 0.3}),
    ("valley", {"patience": 0, "factor": 0.5}),
    ("gaps", {"patience": 1, "factor": 0.5}),
    ("rising", {"patience": 2, "factor": 0.5, "mode": "max"}),
    ("rising", {"patience": 1, "factor": 0.5, "mode": "min", "cooldown": 2}),
]


class Model:
    def __init__(self):
        self.optimizer = keras.optimizers.SGD(1.0)
        self.stop_training = False
        self.weights = 0

    def get_weights(self):
        return self.weights

    def set_weights(self, weights):
        self.weights = weights


def feed(callback, column):
    model = Model()
    callback.set_model(model)
    callback.on_train_begin()
    rates, last = [], 0
    for epoch, value in enumerate(column):
        model.weights = last = epoch + 1
        callback.on_epoch_end(epoch, {} if value is None else {"val_loss": value})
        rates.append(float(model.optimizer.learning_rate))
        if model.stop_training:
            break
    callback.on_train_end()
    return last, model.weights, rates


def settings(given):
    names = {"min": 1, "max": 2, True: 1}
    return "{" + ", ".join(f'{{"{k}", {names.get(v, v) if isinstance(v, (str, bool)) else v}}}' for k, v in given.items()) + "}"


for name, given in EARLY:
    last, weights, _ = feed(keras.callbacks.EarlyStopping(**given), COLUMNS[name])
    print(f"    {{{name.upper()}, {settings(given) if given else '{{NULL, 0}}'}, {last}, {weights}}},")
for name, given in PLATEAU:
    _, _, rates = feed(keras.callbacks.ReduceLROnPlateau(**given), COLUMNS[name])
    print(f"    {{{name.upper()}, {settings(given) if given else '{{NULL, 0}}'}, {{{', '.join(f'{r:.9g}' for r in rates)}}}}},")
