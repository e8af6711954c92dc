"""LightGBM's classifier, grown on soft targets.

Its own objectives are not there while it is grown by a function: it then begins at 0, and
answers with raw scores. Both are written into the model's text afterwards.
"""

import contextlib
import re
import sys

import numpy as np

from .booster import SoftBooster, version_of

_FLOOR = 1e-15  # LightGBM's own, for classes that no row has
# What a tree adds to a score: of leaves, of inner nodes, of leaves with linear models.
_VALUES = ("leaf_value=", "internal_value=", "leaf_const=")


class LightGBMClassifier(SoftBooster):
    """A ``lightgbm.LGBMClassifier``."""

    library, name = "lightgbm", "LGBMClassifier"
    own = frozenset(
        {None, "binary", "multiclass", "softmax", "cross_entropy", "xentropy"}
    )
    others = frozenset({"multiclassova", "multiclass_ova", "ova", "ovr"})
    aliases = ("objective_type", "app", "application", "loss")
    of_labels = {
        **{"class_weight": None, "scale_pos_weight": 1.0, "sigmoid": 1.0},
        **dict.fromkeys(("is_unbalance", "unbalance", "unbalanced_sets"), False),
    }
    rounds = (
        *("early_stopping_round", "early_stopping_rounds", "early_stopping"),
        "n_iter_no_change",
    )

    def learns_softly(self):
        """Not as a random forest: LightGBM grows none by a function."""
        names = ("boosting_type", "boosting", "boost")
        is_forest = {self.params.get(name) for name in names} & {"rf", "random_forest"}
        return super().learns_softly() and not is_forest

    def curvature(self, n_classes):
        """Friedman's, of symmetric scores."""
        return n_classes / (n_classes - 1)

    def start(self, prior):
        """Scores (n_outputs,)."""
        prior = np.clip(prior, _FLOOR, 1 - _FLOOR)
        start = np.log(prior) if len(prior) > 2 else np.log(prior[1:] / prior[:1])
        return start * (self.params.get("boost_from_average", True) is not False)

    def grow(self, whole, X, codes, classes, loss, start, arguments, exam):
        """Fit beside the start's scores, which then become part of the first trees."""
        model = self.model
        arguments["init_score"] = _repeated(start, len(codes))
        # LightGBM would drop columns that no leaf may split, and fail if none is left.
        params = {"objective": loss, "feature_pre_filter": False}
        if exam is not None:
            # Early stopping would watch each metric that there is.
            params["metric"] = "None"
            arguments |= _to_watch(exam, start, classes)
        with _set_meanwhile(model, params), _explained():
            whole.fit(X, classes[codes], **self.named(arguments))
        # LightGBM has no public way to put a booster into its classifier.
        model._Booster = _answering(model.booster_, start)
        model._objective = "binary" if len(start) == 1 else "multiclass"


def _answering(booster, start):
    """The booster as one of LightGBM's own objective, from its start on."""
    text = _with_start(booster.model_to_string(num_iteration=-1), start)
    n = len(start)
    objective = "binary sigmoid:1" if n == 1 else f"multiclass num_class:{n}"
    head = f"\nobjective={objective}\nfeature_names="
    told = type(booster)(model_str=text.replace("\nfeature_names=", head, 1))
    told.best_iteration, told.best_score = booster.best_iteration, booster.best_score
    return told


@contextlib.contextmanager
def _explained():
    """Say what it means that LightGBM has no column left."""
    try:
        yield
    except sys.modules["lightgbm"].basic.LightGBMError as error:
        if "num_features" not in str(error):
            raise
        raise ValueError(
            "LightGBM finds no column to split, for the student's view of each is "
            "constant: give other columns."
        ) from error


def _repeated(start, n):
    return np.tile(start, (n, 1)) if len(start) > 1 else np.full(n, start[0])


def _to_watch(exam, start, classes):
    """Fit parameters by which LightGBM watches the rows."""

    def loss(y_true, scores):
        return "loss", exam.loss(scores), False

    codes = exam.codes()
    watched = {"eval_X": exam.x, "eval_y": codes}
    if version_of("lightgbm") < (4, 7):
        watched = {"eval_set": [(exam.x, classes[codes])]}
    scores = [_repeated(start, len(codes))]
    return watched | {"eval_init_score": scores, "eval_metric": loss}


@contextlib.contextmanager
def _set_meanwhile(model, params):
    """Set parameters for the time of a fit, which leave no trace in the model."""
    before = {**vars(model), "_other_params": dict(model._other_params)}
    model.set_params(**params)
    yield
    names = {*model.get_params(), "_other_params", "_objective"}
    fitted = {name: value for name, value in vars(model).items() if name not in names}
    vars(model).clear()
    vars(model).update(before | fitted)


def _with_start(text, start):
    """A model's text whose first trees, one for each output, begin at a score."""
    head, *trees = re.split("(?m)^(?=Tree=)", text)
    # The sizes of the trees' texts would be wrong; without them LightGBM looks.
    head = re.sub("(?m)^tree_sizes=.*\n", "", head)
    for k, score in enumerate(start):
        trees[k] = re.sub(
            f"(?m)^({'|'.join(_VALUES)})(.+)$",
            lambda line, score=score: line[1] + _moved(line[2], float(score)),
            trees[k],
        )
    return head + "".join(trees)


def _moved(values, score):
    return " ".join(repr(float(value) + score) for value in values.split())
