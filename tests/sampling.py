"""Samplers, and a table of columns of every kind for them."""

import numpy as np
import pandas as pd

from skdistill import (
    Bootstrap,
    ConditionalSampler,
    GaussianNoise,
    Mixup,
    Munge,
)

SAMPLERS = [
    Munge(3.0),
    GaussianNoise(3.0, p=0.3),
    Mixup(3.0, alpha=1.0),
    Bootstrap(3.0),
    ConditionalSampler(3.0),
]


def mixed(n=80):
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "x": random.normal(size=n),
            "count": random.integers(0, 9, n),
            "whole": random.integers(0, 9, n).astype(float),
            "flag": random.random(n) > 0.5,
            "kind": pd.Categorical(random.choice(list("abc"), n)),
            "text": random.choice(["u", "v"], n),
            "gaps": np.where(random.random(n) < 0.2, np.nan, random.normal(size=n)),
            "nullable": pd.array(random.choice([1, 2, 5, None], n), "Int64"),
        }
    )
    return frame


def by_name(sampler):
    return type(sampler).__name__
