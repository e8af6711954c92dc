"""Other data and other trainings from the same tests: SKDISTILL_TEST_SEED shifts seeds.

A training is chaotic, and a seed is an accident: what a test claims must hold for others
too. Imported before scikit-learn's estimators, which take `check_random_state` by name.
The examples of docstrings and of the guide keep their seeds: they print what came out.
"""

import os
import sys
from functools import wraps

import numpy as np
import sklearn.utils
import sklearn.utils.validation
import torch

SHIFT = int(os.environ.get("SKDISTILL_TEST_SEED", "0"))


def _is_the_checks_own():
    """Whether scikit-learn's checks make their data: their bounds are for these alone."""
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name.startswith("skdistill"):
            return False
        if name == "sklearn.utils.estimator_checks":
            return True
        frame = frame.f_back
    return False


def _shifted(function, position):
    """`function`, whose argument at `position` is a seed, with whole numbers shifted."""

    @wraps(function)
    def shifting(*args, **kwargs):
        test = os.environ.get("PYTEST_CURRENT_TEST", "tests/")
        if test.startswith("tests/") and not _is_the_checks_own():
            args = tuple(
                value + SHIFT
                if i == position and isinstance(value, int | np.integer)
                else value
                for i, value in enumerate(args)
            )
        return function(*args, **kwargs)

    return shifting


def _shift_seeds():
    check = _shifted(sklearn.utils.validation.check_random_state, 0)
    sklearn.utils.check_random_state = check
    sklearn.utils.validation.check_random_state = check
    np.random.default_rng = _shifted(np.random.default_rng, 0)
    torch.manual_seed = _shifted(torch.manual_seed, 0)


if SHIFT:
    _shift_seeds()
