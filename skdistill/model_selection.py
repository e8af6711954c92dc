"""Searches whose candidates share one pass of the teacher, and one training."""

import contextlib
import warnings
from functools import partial

from joblib import parallel_backend
from joblib._parallel_backends import ParallelBackendBase
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, ParameterGrid
from sklearn.utils.validation import _num_features, _num_samples

from .cohort import Cohort
from .joint_training import train_all
from .memory import TeacherMemory, shared_by
from .teacher import any_ready
from .training import train

_MOST_FITS, _MOST_CELLS = 64, 1 << 28  # fits, and their rows, that are held at once
_MOST_DRAWN = 250_000


class DistillationSearchCV(GridSearchCV):
    """A grid search that asks the teacher once, and trains candidates together.

    The interface, and the scores, are those of scikit-learn's
    :class:`~sklearn.model_selection.GridSearchCV`. What differs is the cost: for each fold
    the teacher is fitted and asked once, for all candidates; and nets whose candidates
    differ only in numbers (temperature, alpha, learning rate, weight decay, seed) are
    trained as one program.

    Parameters
    ----------
    estimator : estimator
        A student, or a pipeline that holds one.
    param_grid : dict or list of dict
        As in GridSearchCV. A fitted teacher among the values is frozen, so that it is
        used as it is.
    scoring : str, callable, list, tuple or dict, default=None
        As there.
    n_jobs : int, default=None
        So many clones of a teacher are fitted, and so many parts of a long pass asked, at
        once; all candidates are fitted in this process.
    refit : bool, str or callable, default=True
        As there.
    cv : int, splitter or iterable, default=None
        As there.
    verbose : int, default=0
        As there.
    error_score : "raise" or float, default=nan
        As there.
    return_train_score : bool, default=False
        As there.

    Attributes
    ----------
    cv_results_ : dict of ndarray
        As there; the seconds of trainings that were one are divided among them.
    best_estimator_, best_params_, best_score_, best_index_ : object
        As there.
    scorer_, n_splits_, refit_time_, multimetric_ : object
        As there.

    See Also
    --------
    skdistill.soft_targets : One pass of the teacher, for searches of other kinds.

    Notes
    -----
    Trained together are nets without dropout, ``n_members``, learnt embeddings, callbacks,
    early stopping or a moving average, on the losses "kl" and "mse" of one target. Other
    students share the teacher alone, and are fitted one after the other: for these,
    GridSearchCV with ``memory=`` and its ``n_jobs`` may be faster.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from skdistill import DistillationSearchCV, NeuralStudentClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> student = NeuralStudentClassifier(
    ...     RandomForestClassifier(random_state=0), max_epochs=10, random_state=0
    ... )
    >>> search = DistillationSearchCV(student, {"temperature": [1, 2, 4, 8]}, cv=3)
    >>> search.fit(X, y).best_params_["temperature"] in (1, 2, 4, 8)
    True
    """

    def __init__(
        self,
        estimator,
        param_grid,
        *,
        scoring=None,
        n_jobs=None,
        refit=True,
        cv=None,
        verbose=0,
        error_score=float("nan"),
        return_train_score=False,
    ):
        super().__init__(
            estimator,
            param_grid,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch="all",
            error_score=error_score,
            return_train_score=return_train_score,
        )

    def fit(self, X, y=None, **params):
        """Fit all candidates on all folds, and the best one on all rows.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.
        y : array-like of shape (n,) or (n, n_targets), default=None
            Labels or values.
        **params : dict
            For the student's ``fit``; arrays with a row for each of X are split.

        Returns
        -------
        DistillationSearchCV
            Itself.
        """
        with contextlib.ExitStack() as stack:
            stack.enter_context(shared_by(TeacherMemory.in_process(self.n_jobs)))
            with contextlib.ExitStack() as joined:
                backend = _TogetherBackend(_most_fits(X))
                joined.enter_context(parallel_backend(backend, n_jobs=_MOST_FITS))
                self._joined = joined
                try:
                    return super().fit(X, y, **params)
                finally:
                    del self._joined

    def _run_search(self, evaluate_candidates):
        evaluate_candidates(_frozen(ParameterGrid(self.param_grid)))
        self._joined.close()  # the refit is a fit like any other


def _most_fits(X):
    """So many as memory bears, had each its usual transfer rows."""
    try:
        n, n_columns = _num_samples(X), max(1, _num_features(X))
    except (TypeError, ValueError):  # no table: whoever reads it will say so
        return _MOST_FITS
    rows = n + min(24 * n, _MOST_DRAWN)
    return int(min(_MOST_FITS, max(1, _MOST_CELLS // max(1, rows * n_columns))))


def _frozen(candidates):
    """Candidates whose fitted teachers a clone leaves as they are."""
    return [
        {name: _kept(name, value) for name, value in candidate.items()}
        for candidate in candidates
    ]


def _kept(name, value):
    if name.rpartition("__")[2] != "teacher" or value is None:
        return value
    if isinstance(value, list | tuple):
        return [_kept(name, member) for member in value]
    can_be_cloned = hasattr(value, "get_params") and not isinstance(
        value, FrozenEstimator
    )
    return FrozenEstimator(value) if can_be_cloned and any_ready(value) else value


class _TogetherBackend(ParallelBackendBase):
    """Runs the jobs of joblib as cohorts, when the first result is asked for."""

    supports_sharedmem = True
    uses_threads = True

    def __init__(self, most_fits=_MOST_FITS, **options):
        super().__init__(**options)
        self._most_fits = most_fits

    def effective_n_jobs(self, n_jobs):
        """As many as are held at once.

        Parameters
        ----------
        n_jobs : int
            Ignored.

        Returns
        -------
        int
            More than one.
        """
        return _MOST_FITS

    def start_call(self):
        """Begin with no job."""
        self._waiting = []

    def submit(self, func, callback=None):
        """Remember a job.

        Parameters
        ----------
        func : callable
            Returns a list of results.
        callback : callable, default=None
            Told of the result.

        Returns
        -------
        object
            With ``get``.
        """
        future = _Future(self, func, callback)
        self._waiting.append(future)
        return future

    apply_async = submit

    def run_waiting(self):
        """Run what was remembered."""
        waiting, self._waiting = self._waiting, []
        with warnings.catch_warnings():  # which jobs in turn put back in disorder
            for start in range(0, len(waiting), self._most_fits):
                self._run(waiting[start : start + self._most_fits])

    def _run(self, some):
        """Jobs as one cohort."""
        cohort = Cohort(partial(train_all, train=train))
        jobs = [future.func for future in some]
        for future, (result, waited) in zip(some, cohort.run(jobs), strict=True):
            for each in result:
                if isinstance(each, dict) and "fit_time" in each:
                    each["fit_time"] = max(each["fit_time"] - waited, 0.0)
            future.done(result)


class _Future:
    """A job's result, made when it is asked for."""

    def __init__(self, backend, func, callback):
        self.backend, self.func, self.callback = backend, func, callback
        self.result = None

    def done(self, result):
        self.result = result
        if self.callback is not None:
            self.callback(result)

    def get(self, timeout=None):
        if self.result is None:
            self.backend.run_waiting()
        return self.result
