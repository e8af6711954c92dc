"""How fast samplers draw: 1,000,000 rows from a mixed table of 50,000 x 30.

The table has 12 columns of numbers, 3 more with gaps, 6 of whole numbers, 6 of categories
(5 to 200 of them) and 3 of strings, as a pandas frame. Each sampler runs in a process of
its own, on two threads where scikit-learn uses them; memory is the most that the process
held, less what it held before, with the drawn frame in it.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "2")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import multiprocessing
import resource
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pandas as pd

from benchmarks._report import arguments, report
from skdistill import Bootstrap, ConditionalSampler, GaussianNoise, Mixup, Munge

SAMPLERS = {
    "Bootstrap()": Bootstrap(),
    "GaussianNoise(p=0.1)": GaussianNoise(p=0.1),
    "Mixup()": Mixup(),
    "Munge()": Munge(),
    'Munge(neighbors="leaves")': Munge(neighbors="leaves"),
    "Munge(max_distance=1)": Munge(max_distance=1.0),
    "ConditionalSampler()": ConditionalSampler(),
}


def mixed_table(n):
    """Numbers with and without gaps, whole numbers, categories and strings."""
    random = np.random.default_rng(0)
    hidden = random.normal(size=(n, 4)) @ random.normal(size=(4, 30))
    columns = {}
    for j in range(30):
        x = hidden[:, j] + random.normal(size=n)
        if j < 12:
            columns[f"number {j}"] = x
        elif j < 15:
            columns[f"gaps {j}"] = np.where(random.random(n) < 0.2, np.nan, x)
        elif j < 21:
            columns[f"whole {j}"] = np.round(10 * x).astype(int)
        elif j < 27:
            count = (5, 10, 20, 50, 100, 200)[j - 21]
            codes = np.clip(count * (x + 5) / 10, 0, count - 1).astype(int)
            names = [f"category {i}" for i in range(count)]
            columns[f"category {j}"] = pd.Categorical.from_codes(codes, names)
        else:
            columns[f"string {j}"] = np.where(x > 0, "yes", "no")
    return pd.DataFrame(columns)


def timed(sampler, n_rows, n_drawn):
    """Seconds of fit and sample, and the memory that both took in GB."""
    X = mixed_table(n_rows)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    sampler.fit(X)
    fitted = time.perf_counter()
    drawn, _ = sampler.sample(n_drawn, random_state=0)
    sampled = time.perf_counter()
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    held = drawn.memory_usage().sum() / 1e9
    return fitted - start, sampled - fitted, (after - before) * 1024 / 1e9, held


def main():
    quick = arguments(__doc__).quick
    n_rows, n_drawn = (5000, 50_000) if quick else (50_000, 1_000_000)
    rows = []
    for name, sampler in SAMPLERS.items():
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=spawn) as pool:
            found = pool.submit(timed, sampler, n_rows, n_drawn).result()
        fit, sample, memory, held = (round(float(value), 2) for value in found)
        rows.append(
            {
                "sampler": name,
                "fit, s": fit,
                "sample, s": sample,
                "memory, GB": memory,
                "of it the frame": held,
            }
        )
        print(rows[-1], flush=True)
    title = f"Samplers: {n_drawn:,} rows from a mixed table of {n_rows:,} x 30"
    report("samplers", title, rows, save=not quick)


if __name__ == "__main__":
    main()
