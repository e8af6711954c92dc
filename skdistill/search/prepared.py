"""Fits of a search, prepared before scikit-learn scores them.

All candidates are fitted on all folds here: each fit is brought to the training that it
waits for, trainings of one kind are done as one program, and the fits are ended. Then
scikit-learn runs its search over an estimator whose ``fit`` hands over the next one.
"""

import contextlib
import time
from dataclasses import dataclass
from typing import Any

from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils.metaestimators import _safe_split
from sklearn.utils.validation import _check_method_params

from ..training.fits import advanced, collected_by
from ..training.joint import can_be_joined, train_all
from .kept import Rounds


class Prepared:
    """An estimator whose ``fit`` takes what was prepared for it, where something was.

    Everything else is as in the estimator.

    Parameters
    ----------
    estimator : estimator
        What the search is over.
    preparation : Preparation
        Where fits come from.
    """

    def __init__(self, estimator, preparation):
        self.estimator = estimator
        self.preparation = preparation

    def __sklearn_clone__(self):
        """Clone the estimator; the preparation is shared."""
        return Prepared(clone(self.estimator), self.preparation)

    def __getattr__(self, name):
        if name in ("estimator", "preparation"):  # a copy that is being made has none
            raise AttributeError(name)
        return getattr(self.estimator, name)

    def __repr__(self):
        return repr(self.estimator)

    def set_params(self, **params):
        """Set parameters of the estimator.

        Parameters
        ----------
        **params : dict
            Values by name.

        Returns
        -------
        Prepared
            Itself.
        """
        self.estimator.set_params(**params)
        return self

    def fit(self, X, y=None, **params):
        """Take the next fit, or fit like any other estimator where there is none.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.
        y : array-like, default=None
            Labels or values.
        **params : dict
            The other arguments of ``fit``.

        Returns
        -------
        Prepared
            Itself.
        """
        # scikit-learn fits candidate by candidate, fold by fold: the order of `open`.
        if self.preparation.is_open:
            self.estimator = self.preparation.next()
            return self
        with self.preparation.rounds.refit():
            self.estimator.fit(X, *(() if y is None else (y,)), **params)
        return self


class Splits:
    """A splitter that reports its folds before the first fit.

    Parameters
    ----------
    cv : splitter
        Whose folds these are.
    preparation : Preparation
        Where the folds are reported.
    """

    def __init__(self, cv, preparation):
        self.cv = cv
        self.preparation = preparation

    def split(self, X, y=None, **params):
        """Return the folds.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.
        y : array-like, default=None
            Labels or values.
        **params : dict
            Such as groups.

        Returns
        -------
        list of (train, test)
            Row numbers.
        """
        # scikit-learn splits before the first fit of a round: all of them start here.
        folds = list(self.cv.split(X, y, **params))
        self.preparation.open(X, y, [train for train, _ in folds])
        return folds

    def get_n_splits(self, *args, **params):
        """Return the number of folds.

        Parameters
        ----------
        *args : object
            Rows and labels.
        **params : dict
            Such as groups.

        Returns
        -------
        int
            As many as the splitter has.
        """
        return self.cv.get_n_splits(*args, **params)


class Preparation:
    """The fits of one search, some at a time: all candidates on all folds.

    Parameters
    ----------
    estimator : estimator
        What the search is over; it is cloned.
    params : dict
        Arguments of its ``fit``, with a row for each of X or without.
    most_fits : int
        Number of fits that are held at once.
    run : Run, default=None
        Where trainings are kept.

    Attributes
    ----------
    seconds : list of float
        Seconds of each fit, with its share of a training of several fits.
    is_open : bool
        Whether there are fits to hand over.
    """

    def __init__(self, estimator, params, most_fits, run=None):
        self.estimator, self.params, self.most_fits = estimator, params, most_fits
        self.seconds, self.is_open, self.rounds = [], False, Rounds(run)

    def start(self, candidates):
        """Take the candidates of a round.

        Parameters
        ----------
        candidates : list of dict
            Their parameters.
        """
        self._candidates = candidates

    def open(self, X, y, folds):
        """Begin to hand over fits, in scikit-learn's order.

        Parameters
        ----------
        X, y : array-like
            All rows and labels.
        folds : list of ndarray of int
            The training rows of each fold.
        """
        self.rounds.start(self._candidates, folds)
        jobs = [(candidate, rows) for candidate in self._candidates for rows in folds]
        jobs = [(i, *job) for i, job in enumerate(jobs)]
        self._fits, self.is_open = self._made(X, y, jobs), True

    def end(self):
        """Hand over nothing more."""
        self._fits, self.is_open = None, False

    def next(self):
        """Return the next fit.

        Returns
        -------
        estimator
            Fitted. What went wrong in its fit is raised.
        """
        fit = next(self._fits)
        self.seconds.append(fit.seconds)
        if fit.error is not None:
            raise fit.error
        return fit.estimator

    def _made(self, X, y, jobs):
        # Lazily: the next batch of fits begins when all of this one are handed over.
        for start in range(0, len(jobs), self.most_fits):
            fits = [
                self._begun(X, y, *job) for job in jobs[start : start + self.most_fits]
            ]
            _train_together(fits)
            yield from fits

    def _begun(self, X, y, number, candidate, rows):
        """A fit that has ended, or waits for a training."""
        fit = _Fit(clone(self.estimator))
        with fit.timed():
            # scikit-learn does the same in each fit of a search.
            fit.estimator.set_params(**clone(candidate, safe=False))
            params = _check_method_params(X, params=self.params, indices=rows)
            X_train, y_train = _safe_split(fit.estimator, X, y, rows)
            targets = () if y_train is None else (y_train,)
            pool = fit if _ends_in_its_fit(fit.estimator) else None
            with collected_by(pool), self.rounds.job(number):
                fit.estimator.fit(X_train, *targets, **params)
        return fit


def _ends_in_its_fit(estimator):
    """Whether nothing follows the fit of the student: it may be ended later."""
    # In a pipeline the student is the last step; elsewhere a wrapper goes on after it.
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    return hasattr(estimator, "teacher")


@dataclass
class _Fit:
    """One candidate on one fold."""

    estimator: Any
    steps: Any = None
    request: Any = None
    error: Any = None
    seconds: float = 0.0

    takes = staticmethod(can_be_joined)

    def add(self, steps, request):
        """Wait for a training."""
        self.steps, self.request = steps, request

    def go_on(self, answer):
        """Take the training's outcome, until the fit ends or waits for another."""
        self.request = None
        with self.timed():
            self.request = advanced(self.steps, answer, self.takes)

    @contextlib.contextmanager
    def timed(self):
        """Count the seconds of the block, and keep what it raises."""
        start = time.perf_counter()
        try:
            yield
        except Exception as error:
            # Raised when scikit-learn asks for this fit, so that `error_score` applies.
            self.error = error
        finally:
            self.seconds += time.perf_counter() - start


def _train_together(fits):
    """Do the trainings that fits wait for, until none waits."""
    while waiting := [fit for fit in fits if fit.request is not None]:
        start = time.perf_counter()
        answers = train_all([fit.request for fit in waiting])
        share = (time.perf_counter() - start) / len(waiting)
        for fit, answer in zip(waiting, answers, strict=True):
            fit.seconds += share
            fit.go_on(answer)
