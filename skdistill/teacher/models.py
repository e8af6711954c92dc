"""How each kind of model is asked, and what it says of itself.

scikit-learn's interface is the default; boosters with an interface of their own, ONNX
files and torch modules each have a class here. No library is imported before a model of
its own is there.
"""

import json
import re
import sys
from pathlib import Path

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.utils import _safe_indexing, get_tags
from sklearn.utils.validation import check_is_fitted

from ..tables.table import is_frame
from .columns import SPELLINGS, known_columns, named_by, names_of, spelling_of
from .nets import for_skorch, innermost, is_module, module_outputs, torch_restored

#: What the numbers of an answer are. Shares are what a classifier calls probabilities:
#: not negative, and perhaps of one class against all others, each by itself.
LABEL, SHARE, PROBABILITY, LOGIT = "label", "share", "probability", "logit"
_ROWS_TO_TELL = 20


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
            For a frozen model that is not fitted.
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
        if isinstance(model, FrozenEstimator) or not hasattr(model, "fit"):
            return True
        if hasattr(model, "__sklearn_tags__"):
            try:
                check_is_fitted(model)
            except NotFittedError:
                return False
            return True
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
            None where it says nothing.
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
            None where it does not know.
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
            None where it does not know.
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
            None for what does not predict, and cannot tell.
        """
        model = self.model
        if not hasattr(model, "predict"):
            return None
        with torch_restored(model):
            first = model.predict(*for_skorch(model, _safe_indexing(X, [0])))
        return bool(np.prod(np.shape(first)) > 1)  # sparse labels have a shape too

    def ask(self, X, classify, labels=None):
        """Its raw answer for rows, and the scale on which that is.

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
            As the model gave it.
        scale : {"label", "share", "probability", "logit"}
            Of no meaning for predictions.
        """
        model = self.model
        methods = {"predict": LABEL}
        if classify:
            methods = {"predict_proba": SHARE, "decision_function": LOGIT, **methods}
        method = next((name for name in methods if hasattr(model, name)), None)
        with torch_restored(model):
            if method is None:
                return model(X), PROBABILITY
            if method == "predict_proba" and returns_raw_scores(model):
                return model.predict(X, raw_score=True), LOGIT
            answer = getattr(model, method)(for_skorch(model, X)[0])
        if methods[method] == LOGIT and isinstance(labels, np.ndarray):
            check_not_pairwise(model, answer, X, labels, "teacher")
        return answer, methods[method]


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


class TorchModule(Model):
    """A torch module, whose ``forward`` returns logits, or values."""

    def __repr__(self):
        return type(self.model).__name__

    @staticmethod
    def takes(model):
        """Whether it is a ``torch.nn.Module``."""
        return is_module(model)

    def is_ready(self):
        """A module is."""
        return True

    def predicts_several(self, X):
        """A module cannot tell."""
        return None

    def ask(self, X, classify, labels=None):
        """Its outputs in eval mode."""
        outputs = module_outputs(self.model, X)
        if classify:
            self._check_not_probabilities(outputs)
        return outputs, LOGIT

    def _check_not_probabilities(self, outputs):
        """Refuse a module that has its softmax or sigmoid inside."""
        if not np.isfinite(outputs).all():
            return  # refused by whoever reads them
        inside = len(outputs) >= _ROWS_TO_TELL and outputs.max() <= 1
        if outputs.ndim == 2 and outputs.shape[1] > 1:
            inside |= np.abs(outputs.sum(axis=1) - 1).max() < 1e-4
        if outputs.min() >= 0 and inside:
            raise ValueError(
                f"teacher={self!r} is a torch module and must return logits, but its "
                "outputs are probabilities: leave out the last softmax or sigmoid, or "
                "give a callable that returns the probabilities."
            )


def _is_from(model, library, name):
    return any(
        c.__name__ == name and c.__module__.partition(".")[0] == library
        for c in type(model).__mro__
    )


class Booster(Model):
    """What native boosters share: they are fitted, and name no classes."""

    classifies: tuple = ()
    regresses: tuple = ()

    def is_ready(self):
        """A native booster is."""
        return True

    def labels(self):
        """They number the classes, and do not name them."""
        return None

    def objective(self):
        """Name of the loss that it was trained for.

        Returns
        -------
        str
            As its library names it; empty if it was a function.
        """
        raise NotImplementedError

    def kind(self):
        """From the objective."""
        objective = self.objective()
        if objective.startswith(self.regresses):
            return "regressor"
        return "classifier" if objective.startswith(self.classifies) else None


class LightGBMBooster(Booster):
    """A ``lightgbm.Booster``, trained or loaded from a file."""

    classifies = ("binary", "multiclass", "cross_entropy", "xentropy")
    regresses = (
        *("regression", "huber", "fair", "poisson", "quantile", "mape", "gamma"),
        *("tweedie", "cross_entropy_lambda", "xentlambda"),
    )

    @staticmethod
    def takes(model):
        """Whether it is LightGBM's."""
        return _is_from(model, "lightgbm", "Booster")

    def objective(self):
        """As the model's text has it; as JSON, a tab in a name would break it."""
        text = self.model.model_to_string(num_iteration=1)
        found = re.search("^objective=(.*)$", text, re.MULTILINE)
        return found[1] if found else ""

    def columns(self):
        """As the booster has them."""
        return self.model.feature_name()

    def width(self):
        """As the booster has it."""
        return self.model.num_feature()

    def predicts_several(self, X):
        """None of its objectives does."""
        return False

    def ask(self, X, classify, labels=None):
        """Shares; raw scores where the objective was a function."""
        answer = self.model.predict(X)
        objective = self.objective()
        if classify and objective and self.kind() != "classifier":
            raise ValueError(
                f"teacher={self!r} was trained for the objective {objective!r}, and "
                "cannot tell classes."
            )
        return answer, SHARE if objective.startswith(self.classifies) else LOGIT


class XGBoostBooster(Booster):
    """An ``xgboost.Booster``, trained or loaded from a file."""

    classifies = ("binary:", "multi:")
    regresses = ("reg:", "count:", "survival:")

    @staticmethod
    def takes(model):
        """Whether it is XGBoost's."""
        return _is_from(model, "xgboost", "Booster")

    def _learner(self):
        return json.loads(self.model.save_config())["learner"]

    def objective(self):
        """As the model's configuration has it."""
        return self._learner()["objective"]["name"]

    def predicts_several(self, X):
        """As the model's configuration has it."""
        return int(self._learner()["learner_model_param"].get("num_target", 1)) > 1

    def kind(self):
        """A logistic regression may be either."""
        objective = self.objective()
        return None if objective == "reg:logistic" else super().kind()

    def columns(self):
        """As the booster has them."""
        return self.model.feature_names

    def width(self):
        """As the booster has it."""
        return self.model.num_features()

    def ask(self, X, classify, labels=None):
        """Margins, up to the best iteration if training stopped early."""
        if not is_frame(X):
            X = np.asarray(X)
        # Without names, X's own could have marks that XGBoost refuses.
        names = self.model.feature_names or [f"f{j}" for j in range(X.shape[1])]
        matrix = sys.modules["xgboost"].DMatrix(
            X, enable_categorical=True, feature_names=names
        )
        best = getattr(self.model, "best_iteration", None)
        trees = (0, 0) if best is None else (0, best + 1)
        answer = self.model.predict(
            matrix, output_margin=classify, iteration_range=trees
        )
        return answer, LOGIT


class CatBoostModel(Model):
    """A native ``catboost.CatBoost``; its scikit-learn classes need nothing special."""

    @staticmethod
    def takes(model):
        """Whether it is CatBoost's native class itself."""
        return type(model).__name__ == "CatBoost" and _is_from(
            model, "catboost", "CatBoost"
        )

    def is_ready(self):
        """Once it is trained."""
        return bool(self.model.is_fitted())

    def _loss(self):
        return str(self.model.get_all_params().get("loss_function", ""))

    def kind(self):
        """From the loss that it was trained for."""
        loss = self._loss()
        classes = ("Logloss", "CrossEntropy", "MultiClass", "MultiLog", "MultiCross")
        if loss.startswith(classes):
            return "classifier"
        ranks = ("Pair", "Query", "Yeti", "Stochastic", "Lambda")
        return None if loss.startswith(ranks) else "regressor"

    def predicts_several(self, X):
        """From the loss that it was trained for."""
        return self._loss().startswith(("MultiLog", "MultiCross"))

    def labels(self):
        """As the model has them; a regressor has none."""
        return super().labels() if self.kind() == "classifier" else None

    def columns(self):
        """As the model has them."""
        return self.model.feature_names_

    def ask(self, X, classify, labels=None):
        """Shares, or raw values."""
        answer = "Probability" if classify else "RawFormulaVal"
        if self._loss().startswith(("Poisson", "Tweedie")):  # trained on logarithms
            answer = "Exponent"
        return self.model.predict(X, prediction_type=answer), SHARE


class OnnxModel(Model):
    """An ONNX file, by its path, or an ``onnxruntime.InferenceSession``.

    A classifier's file has probabilities as its last output (a table, or a list of dicts
    by label); a net's has logits.
    """

    @staticmethod
    def takes(model):
        """Whether it is a path that ends in .onnx, or a session."""
        if isinstance(model, str | Path):
            return str(model).endswith(".onnx")
        return _is_from(model, "onnxruntime", "InferenceSession")

    def content(self):
        """The file's bytes."""
        if isinstance(self.model, str | Path):
            return Path(self.model).read_bytes()
        return getattr(self.model, "_model_bytes", None) or self.model

    def check(self):
        """Refuse a path without a file."""
        if isinstance(self.model, str | Path) and not Path(self.model).is_file():
            raise ValueError(f"teacher={str(self.model)!r}: there is no such file.")

    def is_ready(self):
        """A file is."""
        return True

    def _session(self):
        if not isinstance(self.model, str | Path):
            return self.model
        try:
            import onnxruntime
        except ImportError as error:
            raise ImportError(
                f"teacher={str(self.model)!r} needs the package onnxruntime: "
                "pip install onnxruntime."
            ) from error
        return onnxruntime.InferenceSession(
            str(self.model), providers=["CPUExecutionProvider"]
        )

    def labels(self):
        """Named where the last output is a dict by label for each row."""
        session = self._session()
        if "map(" not in session.get_outputs()[-1].type:
            return None
        try:
            *_, answer = session.run(None, _one_empty_row(session.get_inputs()))
        except Exception:  # no row for it, with an empty category: then y names them
            return None
        return np.array(list(answer[0]))

    def predicts_several(self, X):
        """A classifier's first output is the labels."""
        session = self._session()
        first, *others = session.run(
            None, _feeds(session.get_inputs(), _safe_indexing(X, [0]))
        )
        return bool(np.size(first) > 1) if others else None

    def ask(self, X, classify, labels=None):
        """Its last output."""
        session = self._session()
        feeds = _feeds(session.get_inputs(), X)
        try:
            *_, answer = session.run(None, feeds)
        except Exception as error:  # each of its errors has a class of its own
            raise ValueError(
                f"teacher={self!r} could not answer rows of shape {np.shape(X)}: {error}"
            ) from error
        if isinstance(answer, list):  # one dict by label for each row
            keys = list(answer[0]) if labels is None else labels.tolist()
            table = np.array([[row.get(key, 0.0) for key in keys] for row in answer])
            return table, SHARE
        answer = np.asarray(answer, dtype=np.float64)
        if not _are_probabilities(answer):
            return answer, LOGIT
        # Before a classifier's probabilities its file has the labels.
        return answer, PROBABILITY if len(session.get_outputs()) == 1 else SHARE


_ONNX_TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(bool)": np.bool_,
    "tensor(string)": object,
}


def _feeds(inputs, X):
    """All columns for a file with one input; else one column for each, by name."""
    if len(inputs) == 1:
        only = inputs[0]
        try:
            return {only.name: np.asarray(X).astype(_ONNX_TYPES[only.type])}
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"teacher is an ONNX file that takes one {only.type}, and X is none: "
                f"{error}"
            ) from error
    if not is_frame(X):
        raise ValueError(
            f"teacher is an ONNX file with the inputs {[i.name for i in inputs]}: give X "
            "as a frame with these columns."
        )
    names = [each.name for each in inputs]
    X = known_columns(X, names, SPELLINGS["onnx"], "teacher, an ONNX file,")
    return {
        each.name: np.asarray(_safe_indexing(X, j, axis=1)).astype(
            _ONNX_TYPES[each.type]
        )[:, None]
        for j, each in enumerate(inputs)
    }


def _one_empty_row(inputs):
    """A row to run a file on, only to see what its outputs are called."""
    rows = {}
    for each in inputs:
        shape = [size if isinstance(size, int) else 1 for size in each.shape]
        rows[each.name] = np.zeros(shape, _ONNX_TYPES[each.type])
        if each.type == "tensor(string)":
            rows[each.name] = np.full(shape, "", dtype=object)
    return rows


def _are_probabilities(answer):
    """Of classes, or of several labels: all between 0 and 1."""
    return answer.min(initial=0.0) >= 0 and answer.max(initial=1.0) <= 1


#: In this order; the last takes any model.
DIALECTS = (
    TorchModule,
    LightGBMBooster,
    XGBoostBooster,
    CatBoostModel,
    OnnxModel,
    Model,
)


def as_model(model):
    """The class that knows how to ask a model, around it.

    Parameters
    ----------
    model : object
        A single teacher.

    Returns
    -------
    Model
        Ready to be asked.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skdistill.teacher.models import as_model
    >>> as_model(LogisticRegression()).is_ready()
    False
    """
    return next(dialect for dialect in DIALECTS if dialect.takes(model))(model)
