"""What the peers share: the MNIST files, and the line protocol of bench_run (bench/serve.h).

A line `BATCH OPTIMIZER [NETWORK]` prepares a training step, of the lecture's network where none is named: each variant (a way in which a
user would write it) is tried, and the fastest is kept.
`go SECONDS [WARM]` makes steps for about SECONDS, one at least, and answers with their number and the median microseconds; before that it makes
steps for WARM seconds, one at least, or none where WARM is 0.
"""
import gzip
import os
import statistics
import sys
import time

import numpy as np

TRIAL_SECONDS = float(os.environ.get("BENCH_TRIAL_SECONDS", "0.1"))
WARM = 0.005  # SERVE_WARM


def read_idx(name):
    path = os.path.join(os.environ.get("RUNNER_DATA", "."), "mnist", name)
    opener = open if os.path.exists(path) else gzip.open
    with opener(path if opener is open else path + ".gz", "rb") as file:
        data = file.read()
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3])


def mnist():
    """Images as float32 in [0, 1], [60000, 784], and labels as int64."""
    images = read_idx("train-images-idx3-ubyte").reshape(-1, 784).astype(np.float32) / np.float32(255)
    return images, read_idx("train-labels-idx1-ubyte").astype(np.int64)


def batches(rows, batch):
    """Endless shuffled batches of row numbers, all full."""
    random = np.random.default_rng(0)
    while True:
        order = random.permutation(rows)
        for start in range(0, rows - batch + 1, batch):
            yield order[start : start + batch]


def measure(step, seconds, warm=0.0):
    times = []
    before = time.perf_counter()
    end = before + warm
    while warm > 0 and before < end:
        step()
        before = time.perf_counter()
    end = before + seconds
    while len(times) < 1 or before < end:
        step()
        after = time.perf_counter()
        times.append(after - before)
        before = after
    return len(times), 1e6 * statistics.median(times)


def fastest(variants):
    """variants: {name: function that makes (step, steps that one call of it makes)}. Three turns each, so that noise hits all alike."""
    steps, times = {}, {}
    for name, make in variants.items():
        try:
            steps[name] = make()
            for _ in range(3):
                steps[name][0]()
        except Exception as error:  # a variant that does not run here
            steps.pop(name, None)
            print(f"{name}: {type(error).__name__}: {error}"[:500], file=sys.stderr)
    for _ in range(3 if len(steps) > 1 else 1):
        for name, (step, calls) in steps.items():
            times[name] = min(times.get(name, float("inf")), measure(step, TRIAL_SECONDS)[1] / calls)
    for name in times:
        print(f"  {name}: {times[name]:.1f} us", file=sys.stderr)
    best = min(times, key=times.get) if times else None
    return best, steps.get(best)


def serve(make_variants):
    """make_variants(batch, optimizer[, network]) -> variants, as fastest() takes them."""
    name, kept = None, None
    for line in sys.stdin:
        words = line.split()
        if words[0] == "go":
            step, calls = kept
            count, time_of_call = measure(step, float(words[1]), float(words[2]) if len(words) > 2 else WARM)
            print(f"{count * calls} {time_of_call / calls:.3f}", flush=True)
            continue
        kept = None  # frees its memory
        print(line.strip(), file=sys.stderr)
        name, kept = fastest(make_variants(int(words[0]), *words[1:]))
        print(f"ready {name}" if kept else "none no variant of it runs here", flush=True)
