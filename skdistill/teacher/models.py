"""How a model is asked for its answers, and what is known of it.

scikit-learn's interface is the default, here. Boosters with another interface,
ONNX files, torch modules and transformers have a class each, in ``boosters``, ``onnx``,
``torch_module`` and ``transformers_model``; ``dialects`` finds the class of a model.
"""

from contextlib import contextmanager

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.utils import _safe_indexing, get_tags
from sklearn.utils.validation import check_is_fitted

from ..tables.containers import is_frame
from .columns import known_columns, named_by, names_of, spelling_of
from .nets import for_skorch, innermost, torch_restored

#: What the numbers of an answer are. Shares are what a classifier calls probabilities:
#: not negative, and perhaps of one class against all others, each by itself.
LABEL, SHARE, PROBABILITY, LOGIT = "label", "share", "probability", "logit"
#: What rows must have, for they go to a model as they are.
AS_FITTED = "the columns, dtypes and categories that it was fitted on"


class Model:
    """A single teacher of scikit-learn's interface, or a function.

    Parameters
    ----------
    model : object
        As the user gave it; never changed.
    """

    def __init__(self, model):
        self.model = model
        self.has_warned = False  # of shares, once for all parts of a pass

    def __repr__(self):
        return repr(self.model)

    @staticmethod
    def takes(model):
        """Whether this class knows how to ask the model.

        Parameters
        ----------
        model : object
            As the user gave it.

        Returns
        -------
        bool
            The first class that does is taken.
        """
        return True

    def content(self):
        """What its answers depend on, besides the rows.

        Returns
        -------
        object
            The model, or a file's bytes.
        """
        return self.model

    def check(self):
        """Refuse what cannot answer at all.

        Raises
        ------
        TypeError
            For a class, or an object without any method to ask.
        NotFittedError
            If the model is frozen and not fitted.
        """
        model = self.model
        if isinstance(model, type):
            raise TypeError(
                f"teacher is the class {model.__name__}; give an instance, "
                f"{model.__name__}(...)."
            )
        answers = ("predict_proba", "decision_function", "predict", "fit")
        if not (callable(model) or any(hasattr(model, name) for name in answers)):
            raise TypeError(
                f"teacher={model!r} cannot be asked: it has no predict_proba, "
                "decision_function or predict and is not callable."
            )
        if isinstance(model, FrozenEstimator) and not model.__sklearn_is_fitted__():
            raise NotFittedError(f"teacher={model!r} holds a model that is not fitted.")

    def is_ready(self):
        """Whether it answers as it is, without being fitted.

        Returns
        -------
        bool
            True for fitted and frozen estimators and for what has no ``fit``.
        """
        model = self.model
        # A class is refused by `check`; a student that holds one can still be repaired.
        if isinstance(model, type):
            return False
        # What has no `fit`, such as a function or a predictor from a file, cannot be
        # unfitted.
        if isinstance(model, FrozenEstimator) or not hasattr(model, "fit"):
            return True
        # check_is_fitted raises for classes without scikit-learn's tags.
        if hasattr(model, "__sklearn_tags__"):
            try:
                check_is_fitted(model)
            except NotFittedError:
                return False
            return True
        # What CatBoost, AutoGluon and others call it.
        for name in ("__sklearn_is_fitted__", "is_fitted", "is_fit"):
            says = getattr(model, name, None)
            if says is not None:
                return bool(says() if callable(says) else says)
        return any(n.endswith("_") and not n.startswith("__") for n in vars(model))

    def kind(self):
        """What it says of itself.

        Returns
        -------
        {"classifier", "regressor"}, another str or None
            None where the model says nothing.
        """
        if hasattr(self.model, "__sklearn_tags__"):
            return get_tags(self.model).estimator_type
        problem = getattr(self.model, "problem_type", None)  # as AutoGluon names it
        if isinstance(problem, str):
            is_class = problem in {"binary", "multiclass", "softclass"}
            return "classifier" if is_class else "regressor"
        return getattr(self.model, "_estimator_type", None)

    def labels(self):
        """The classes in the order of its columns.

        Returns
        -------
        ndarray of shape (n_classes,), list of ndarray, or None
            A list for several targets; None where it does not name them.
        """
        for name in ("classes_", "class_labels"):
            labels = getattr(self.model, name, None)
            if labels is None or not len(labels):
                continue
            if isinstance(labels, list) and np.ndim(labels[0]) == 1:
                return [np.asarray(each) for each in labels]
            return np.asarray(labels)
        return None

    def columns(self):
        """Names of the columns that it was fitted on.

        Returns
        -------
        list of str or None
            None where the model does not know.
        """
        return names_of(named_by(self.model))

    def rows(self, X):
        """The columns of a frame that it knows, in its order.

        Parameters
        ----------
        X : array-like or frame of shape (n, n_features)
            As the user gave it.

        Returns
        -------
        array-like or frame
            X itself, unless the model knows other columns, all of which X has.

        Raises
        ------
        ValueError
            If X lacks some, or has two that could be one of them, and the model's library
            would use others in their place.
        """
        names = self.columns() if is_frame(X) else None
        if names is None:
            return X
        spelling = spelling_of(named_by(self.model))
        return known_columns(X, names, spelling, f"teacher={self!r}")

    def width(self):
        """Number of columns that it was fitted on.

        Returns
        -------
        int or None
            None where the model does not know.
        """
        return getattr(self.model, "n_features_in_", None)

    def predicts_several(self, X):
        """Whether it predicts several targets, or labels, at once.

        Parameters
        ----------
        X : array-like or frame of shape (n, n_features)
            Rows, the columns that ``rows`` returns; the first one is asked about.

        Returns
        -------
        bool or None
            None for a model that does not predict, and cannot tell.
        """
        model = self.model
        if not hasattr(model, "predict"):
            return None
        # Libraries have no common attribute for it; the shape of one prediction tells.
        with self._speaking():
            first = model.predict(*for_skorch(model, _safe_indexing(X, [0])))
        return bool(np.prod(np.shape(first)) > 1)  # sparse labels have a shape too

    def ask(self, X, classify, labels=None):
        """The model's raw answer for rows, and the scale on which that is.

        Parameters
        ----------
        X : array-like or frame of shape (n, n_features)
            Rows, the columns that ``rows`` returns.
        classify : bool
            Whether probabilities are wanted, rather than predictions.
        labels : ndarray or None
            What its columns mean, where that is known.

        Returns
        -------
        answer : array-like, frame or list of these
            The answer in whatever container the model gave it.
        scale : {"label", "share", "probability", "logit"}
            What the numbers are; it has no meaning for predictions.
        """
        model = self.model
        methods = {"predict": LABEL}
        if classify:
            methods = {"predict_proba": SHARE, "decision_function": LOGIT, **methods}
        method = next((name for name in methods if hasattr(model, name)), None)
        with self._speaking():
            if method is None:
                return model(X), PROBABILITY
            if method == "predict_proba" and returns_raw_scores(model):
                return model.predict(X, raw_score=True), LOGIT
            answer = getattr(model, method)(for_skorch(model, X)[0])
        if methods[method] == LOGIT and isinstance(labels, np.ndarray):
            check_not_pairwise(model, answer, X, labels, "teacher")
        return answer, methods[method]

    @contextmanager
    def _speaking(self):
        """The model answers; an error of its library then says whose it is."""
        try:
            with torch_restored(self.model):
                yield
        except Exception as error:  # whatever the library raises
            error.add_note(
                f"{kind_of(self.model)} was given the rows as they are: they must have "
                f"{AS_FITTED}."
            )
            raise


def kind_of(model):
    """What a model is, in a word or two.

    Parameters
    ----------
    model : object or list of objects
        Any.

    Returns
    -------
    str
        Such as "HardDecisionTreeClassifier", or "list of 3".
    """
    if isinstance(model, list | tuple):
        return f"list of {len(model)}"
    last = innermost(model)
    return last.__name__ if hasattr(last, "__name__") else type(last).__name__


def check_not_pairwise(model, scores, X, labels, name):
    """Refuse scores of pairs of classes, which may be as many as the classes.

    Parameters
    ----------
    model : object
        A fitted classifier.
    scores : ndarray of shape (n,) or (n, n_scores)
        Its ``decision_function`` for some rows.
    X : array-like of shape (n, n_features)
        These rows.
    labels : ndarray of shape (n_classes,)
        What the scores should be of.
    name : str
        The parameter that an error names.

    Raises
    ------
    ValueError
        If the class of the highest score is mostly not the predicted one.
    """
    head = np.arange(min(len(scores), 100))
    if np.ndim(scores) != 2 or not hasattr(model, "predict"):
        return
    matches = scores.shape[1] == len(labels)
    if matches:
        decided = model.predict(_safe_indexing(X, head))
        if np.prod(np.shape(decided)) != len(head):
            return  # several labels: whoever wants a single one refuses them
        # Not all have to agree: an SVC predicts by votes of pairs, and breaks ties apart.
        likeliest = labels[scores[head].argmax(axis=1)]
        matches = (likeliest == np.ravel(decided)).mean() >= 0.5
    if not matches:
        raise ValueError(
            f"{name}={model!r}: its decision_function does not score the classes that it "
            "predicts. Scores of pairs of classes cannot teach or be taught: for an SVC "
            'set decision_function_shape="ovr".'
        )


def returns_raw_scores(model):
    """Whether ``predict_proba`` returns scores instead of probabilities.

    Parameters
    ----------
    model : object
        A fitted classifier.

    Returns
    -------
    bool
        True for LightGBM's classifiers with an objective that is a function.
    """
    model = innermost(model)
    library = type(model).__module__.partition(".")[0]
    return library == "lightgbm" and callable(getattr(model, "objective", None))
