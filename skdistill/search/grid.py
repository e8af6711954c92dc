"""Searches whose candidates share one pass of the teacher, and one training."""

import copy
from contextlib import closing, nullcontext
from typing import Self

from sklearn.base import is_classifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, check_cv
from sklearn.utils.validation import _num_features, _num_samples

from ..teacher.members import any_ready
from ..teacher.memory import TeacherMemory, shared_by
from ..training.led import led_fit
from .kept import search_run
from .prepared import Preparation, Prepared, Splits

# Fits, and numbers in their rows (1 GB of float32), that are held at once.
_MOST_FITS, _MOST_CELLS = 128, 1 << 28
_MOST_DRAWN = 250_000


class _Together:
    """A search whose fits share one pass of the teacher, and one training."""

    def fit(self, X, y=None, *, checkpoint=None, **params) -> Self:
        """Fit all candidates on all folds, and the best one on all rows.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.
        y : array-like of shape (n,) or (n, n_targets), default=None
            Labels or values.
        checkpoint : str, path or Checkpoint, default=None
            A folder in which trainings are kept at times, by candidate and fold: a search
            that was cut short, and is called again with the same arguments, goes on from
            there. With the student's ``memory`` the teacher is not asked again either.
        **params : dict
            For the student's ``fit``; arrays with a row for each of X are split.

        Returns
        -------
        object
            The search itself.

        Raises
        ------
        ValueError
            If what `checkpoint` holds is damaged, or of another search.
        """
        led_fit(self, lambda: self._fit(X, y, checkpoint, params))
        return self

    def _fit(self, X, y, checkpoint, params):
        # A twin, so that the search keeps the parameters that the user gave.
        twin = copy.copy(self)
        fit_params = self._get_routed_params_for_fit(params).estimator.fit
        run = search_run(self, X, y, fit_params, checkpoint)
        twin._preparation = Preparation(self.estimator, fit_params, _most_fits(X), run)
        twin.estimator = Prepared(self.estimator, twin._preparation)
        twin.cv = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        twin.n_jobs = 1  # jobs for the teacher alone: fits are handed over one by one
        memory = TeacherMemory.in_process(self.n_jobs)
        with shared_by(memory), nullcontext() if run is None else closing(run):
            super(_Together, twin).fit(X, y, **params)
        parameters = self.get_params(deep=False)
        attributes = {k: v for k, v in vars(twin).items() if k not in parameters}
        del attributes["_preparation"]
        if "best_estimator_" in attributes:
            attributes["best_estimator_"] = attributes["best_estimator_"].estimator
        vars(self).update(attributes)

    def _run_search(self, evaluate_candidates, *, callback_ctx=None):
        preparation = self._preparation

        def evaluated(candidates, cv=None, *more, **named):
            candidates = _frozen(candidates)
            preparation.start(candidates)
            splits = Splits(self.cv if cv is None else cv, preparation)
            return evaluate_candidates(candidates, splits, *more, **named)

        # scikit-learn has contexts for callbacks from 1.9 on.
        context = {} if callback_ctx is None else {"callback_ctx": callback_ctx}
        super()._run_search(evaluated, **context)
        preparation.end()  # the refit is a fit like any other

    def _format_results(self, candidate_params, n_splits, out, more_results=None):
        """The results of scikit-learn, with the seconds of fits that were prepared."""
        # scikit-learn has timed no more than the handing over.
        for one, seconds in zip(out, self._preparation.seconds, strict=True):
            one["fit_time"] = seconds
        return super()._format_results(candidate_params, n_splits, out, more_results)


class DistillationSearchCV(_Together, GridSearchCV):
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
        As in GridSearchCV.
    n_jobs : int, default=None
        Number of a teacher's clones that are fitted, and of parts of a long pass that are
        computed, at once; all candidates are fitted in this process.
    refit : bool, str or callable, default=True
        As in GridSearchCV.
    cv : int, splitter or iterable, default=None
        As in GridSearchCV.
    verbose : int, default=0
        As in GridSearchCV.
    error_score : "raise" or float, default=nan
        As in GridSearchCV.
    return_train_score : bool, default=False
        As in GridSearchCV.

    Attributes
    ----------
    cv_results_ : dict of ndarray
        As in GridSearchCV; the seconds of trainings that were one are divided among them.
    best_estimator_, best_params_, best_score_, best_index_ : object
        As in GridSearchCV.
    scorer_, n_splits_, refit_time_, multimetric_ : object
        As in GridSearchCV.

    See Also
    --------
    HalvingDistillationSearchCV : Most candidates are given up early.
    skdistill.soft_targets : One pass of the teacher, for searches of other kinds.

    Notes
    -----
    Trained together are nets without dropout, and soft trees whose gates see all columns
    and whose leaves are constant; all without callbacks, ``compile``, a moving average of
    the weights, or a sampler's ``refresh``. Other students share the teacher alone, and
    are fitted one after the other: for these, GridSearchCV with ``memory=`` and its
    ``n_jobs`` may be faster.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from skdistill import DistillationSearchCV, NeuralStudentClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> student = NeuralStudentClassifier(
    ...     RandomForestClassifier(20, random_state=0), max_epochs=5, random_state=0
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


class HalvingDistillationSearchCV(_Together, HalvingGridSearchCV):
    """A search that gives all candidates little, and the best of them more [1]_.

    The interface, and the scores, are those of scikit-learn's
    :class:`~sklearn.model_selection.HalvingGridSearchCV`; the cost is less, as it is with
    :class:`DistillationSearchCV`.

    Parameters
    ----------
    estimator : estimator
        A student, or a pipeline that holds one.
    param_grid : dict or list of dict
        As in HalvingGridSearchCV. A fitted teacher among the values is frozen, so that it
        is used as it is.
    factor : int or float, default=3
        One in so many candidates goes on to the next round, with so many times more.
    resource : str, default="n_samples"
        What there is more of in each round: rows; or a parameter of the estimator, such
        as "max_epochs". With the latter all rounds have the same rows, about which the
        teacher is asked once.
    max_resources : int or "auto", default="auto"
        Resources of the last round; "auto", all rows, for "n_samples" alone.
    min_resources : int, "smallest" or "exhaust", default="exhaust"
        Resources of the first round. "exhaust": so many that the last one has most.
    aggressive_elimination : bool, default=False
        As in HalvingGridSearchCV.
    cv : int, splitter or iterable, default=5
        As in HalvingGridSearchCV.
    scoring : str or callable, default=None
        As in HalvingGridSearchCV.
    refit : bool or callable, default=True
        As in HalvingGridSearchCV.
    error_score : "raise" or float, default=nan
        As in HalvingGridSearchCV.
    return_train_score : bool, default=False
        Whether training rows are scored too.
    random_state : int, RandomState instance or None, default=None
        Draws the rows of a round.
    n_jobs : int, default=None
        Number of a teacher's clones that are fitted, and of parts of a long pass that are
        computed, at once; all candidates are fitted in this process.
    verbose : int, default=0
        As in HalvingGridSearchCV.

    Attributes
    ----------
    n_resources_, n_candidates_ : list of int
        Numbers of each round.
    n_iterations_, n_remaining_candidates_, min_resources_, max_resources_ : int
        As in HalvingGridSearchCV.
    cv_results_, best_estimator_, best_params_, best_score_, best_index_ : object
        As in DistillationSearchCV; the results say the round, "iter", too.

    See Also
    --------
    DistillationSearchCV : All candidates to the end.

    Notes
    -----
    scikit-learn calls its halving searches experimental: they may change.

    References
    ----------
    .. [1] Jamieson, Talwalkar: Non-stochastic Best Arm Identification and Hyperparameter
       Optimization, 2016.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from skdistill import HalvingDistillationSearchCV, NeuralStudentClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> student = NeuralStudentClassifier(
    ...     RandomForestClassifier(20), hidden_layer_sizes=32, random_state=0
    ... )
    >>> grid = {"temperature": [1, 2, 4], "lr": [0.003, 0.01, 0.03]}
    >>> search = HalvingDistillationSearchCV(
    ...     student, grid, resource="max_epochs", max_resources=9, cv=3
    ... )
    >>> search.fit(X, y).n_candidates_, search.n_resources_
    ([9, 3, 1], [1, 3, 9])
    """

    def __init__(
        self,
        estimator,
        param_grid,
        *,
        factor=3,
        resource="n_samples",
        max_resources="auto",
        min_resources="exhaust",
        aggressive_elimination=False,
        cv=5,
        scoring=None,
        refit=True,
        error_score=float("nan"),
        return_train_score=False,
        random_state=None,
        n_jobs=None,
        verbose=0,
    ):
        super().__init__(
            estimator,
            param_grid,
            factor=factor,
            resource=resource,
            max_resources=max_resources,
            min_resources=min_resources,
            aggressive_elimination=aggressive_elimination,
            cv=cv,
            scoring=scoring,
            refit=refit,
            error_score=error_score,
            return_train_score=return_train_score,
            random_state=random_state,
            n_jobs=n_jobs,
            verbose=verbose,
        )


def _most_fits(X):
    """The number of fits that memory bears, each with its usual transfer rows."""
    try:
        n, n_columns = _num_samples(X), max(1, _num_features(X))
    except (TypeError, ValueError):  # no table: whoever reads it will say so
        return _MOST_FITS
    rows = n + min(24 * n, _MOST_DRAWN)  # as transfer="auto" draws them
    return int(min(_MOST_FITS, max(1, _MOST_CELLS // max(1, rows * n_columns))))


def _frozen(candidates):
    """Candidates whose fitted teachers a clone leaves as they are."""
    return [
        {name: _frozen_value(name, value) for name, value in candidate.items()}
        for candidate in candidates
    ]


def _frozen_value(name, value):
    if name.rpartition("__")[2] != "teacher" or value is None:
        return value
    if isinstance(value, list | tuple):
        return [_frozen_value(name, member) for member in value]
    # scikit-learn clones the values of a grid, which would unfit a teacher.
    can_be_cloned = hasattr(value, "get_params") and not isinstance(
        value, FrozenEstimator
    )
    return FrozenEstimator(value) if can_be_cloned and any_ready(value) else value
