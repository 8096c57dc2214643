"""The training step in Keras on TensorFlow: keras_step.py THREADS. train_on_batch(), or a tf.function; each with and without XLA."""
import os
import sys

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import tensorflow as tf

import common

tf.config.threading.set_intra_op_parallelism_threads(int(sys.argv[1]))
tf.config.threading.set_inter_op_parallelism_threads(1)
images, labels = common.mnist()
images_tensor, labels_tensor = tf.constant(images), tf.constant(labels)


def make_model():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((784,)),
            keras.layers.Dense(500, activation="sigmoid"),
            keras.layers.Dense(500, activation="sigmoid"),
            keras.layers.Dense(10),
        ]
    )


def make_optimizer(optimizer):
    if optimizer == "adam":
        return keras.optimizers.Adam()
    return keras.optimizers.SGD(momentum=0.9 if optimizer == "momentum" else 0.0)


def on_batch(batch, optimizer, xla):
    model = make_model()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=make_optimizer(optimizer), loss=loss, jit_compile=xla)
    rows = common.batches(len(labels), batch)

    def step():
        numbers = next(rows)
        model.train_on_batch(images[numbers], labels[numbers])

    return step, 1


def by_function(batch, optimizer, xla):
    model, update = make_model(), make_optimizer(optimizer)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    update.build(model.trainable_variables)
    rows = common.batches(len(labels), batch)

    @tf.function(jit_compile=xla)
    def train(numbers):
        x, y = tf.gather(images_tensor, numbers), tf.gather(labels_tensor, numbers)
        with tf.GradientTape() as tape:
            value = loss(y, model(x, training=True))
        update.apply_gradients(zip(tape.gradient(value, model.trainable_variables), model.trainable_variables))
        return value

    def step():
        train(tf.constant(next(rows))).numpy()

    return step, 1


def variants(batch, optimizer):
    return {
        "train_on_batch": lambda: on_batch(batch, optimizer, False),
        "train_on_batch+xla": lambda: on_batch(batch, optimizer, True),
        "function": lambda: by_function(batch, optimizer, False),
        "function+xla": lambda: by_function(batch, optimizer, True),
    }


common.serve(variants)
