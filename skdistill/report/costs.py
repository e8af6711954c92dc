"""What each model weighs, and how long it takes to answer."""

import inspect
import math
import pickle
import time

import numpy as np

from ..tables.containers import rows_of
from ..teacher.dialects import as_model
from ..teacher.models import Model
from .alone import without_teacher
from .askers import CLASSES, LABELS
from .models import TEACHER, inner
from .result import NAN, Cost

# The best of so many calls is taken, but no further one after so many seconds.
_CALLS, _SECONDS = 5, 0.5
# Where a tenth of the thousand rows takes longer, the rest is not waited for.
_SLOW = 2.0


def measure_costs(asked, fit_seconds=None):
    """Measure the size and the speed of each model.

    Parameters
    ----------
    asked : Asked
        Rows and models.
    fit_seconds : dict of str to float, default=None
        For students by name, how long their fit took; by default what their history
        says, where they have one.

    Returns
    -------
    tuple of Cost
        The best of several calls, on this machine as busy as it is now.
    """
    times = {name: _times(asked, name) for name in asked.names}
    costs = []
    for name, (one_row, thousand_rows) in times.items():
        n_bytes, note = _size(asked.models[name])
        even = NAN
        if name in asked.students:
            fit = (fit_seconds or {}).get(name, _seconds_of_fit(asked.models[name]))
            even = _break_even(fit, times[TEACHER][1], thousand_rows)
        costs.append(Cost(name, n_bytes, one_row, thousand_rows, even, note))
    return tuple(costs)


def _break_even(fit, slow, fast):
    if math.isnan(fit):
        return NAN
    return 1000 * fit / (slow - fast) if fast < slow else math.inf


def _seconds_of_fit(model):
    epochs = getattr(inner(model)[0], "history_", None) or []
    seconds = [epoch["dur"] for epoch in epochs if "dur" in epoch]
    return float(sum(seconds)) if seconds else NAN


class _Weigher:
    """A file that only counts."""

    n_bytes = 0

    def write(self, data):
        """Count."""  # numpydoc ignore=PR01
        self.n_bytes += memoryview(data).nbytes


def _size(model):
    """Bytes of the pickle; NaN and the reason where there is none."""
    if inspect.isroutine(model):
        return NAN, "a function, whose pickle is no more than its name"
    weigher = _Weigher()
    try:
        pickle.Pickler(weigher, protocol=5).dump(without_teacher(model))
    except Exception as error:  # of whatever library the model is
        reason = str(error).partition("\n")[0] or type(error).__name__
        return NAN, f"cannot be pickled: {reason}"
    return weigher.n_bytes, ""


def _times(asked, name):
    """Seconds for one row, and for 1,000."""
    ask, X = _asker(asked, name)
    one_row = _best(ask, rows_of(X, np.array([0])))
    positions = np.arange(1000) % len(asked)
    tenth = _best(ask, rows_of(X, positions[:100]))
    if tenth > _SLOW:
        return one_row, 10 * tenth
    return one_row, _best(ask, rows_of(X, positions))


def _asker(asked, name):
    """The model's own method and its rows, where it has one; else as students ask it."""
    model = asked.models[name]
    method = "predict_proba" if asked.task in (CLASSES, LABELS) else "predict"
    is_list, before = (
        isinstance(model, list | tuple),
        getattr(asked.askers[name], "before", ()),
    )
    if is_list or before or not hasattr(model, method):
        return lambda X: asked.ask(name, X), asked.X
    spoken = as_model(model)
    if type(spoken) is not Model:
        return lambda X: asked.ask(name, X), asked.X
    return getattr(model, method), spoken.rows(asked.X)


def _best(ask, X):
    best, start = math.inf, time.perf_counter()
    for _ in range(_CALLS):
        before = time.perf_counter()
        ask(X)
        after = time.perf_counter()
        best = min(best, after - before)
        if after - start > _SECONDS:
            break
    return best
