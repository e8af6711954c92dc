"""XGBoost's classifier, grown on soft targets.

While it is grown by a function, its booster keeps the objective that it would have had,
and so answers with probabilities by itself.
"""

import numpy as np

from .booster import SoftBooster, version_of

_FLOOR = 1e-6  # of a base score in single precision


class XGBoostClassifier(SoftBooster):
    """An ``xgboost.XGBClassifier``, which calls the classes by their numbers."""

    library, name = "xgboost", "XGBClassifier"
    own = frozenset({None, "binary:logistic", "multi:softprob", "multi:softmax"})
    others = frozenset({"binary:logitraw", "binary:hinge"})
    of_labels = {"scale_pos_weight": 1.0}
    rounds = ("early_stopping_rounds",)

    def curvature(self, n_classes):
        """XGBoost's own, for however many classes."""
        return 2.0

    def start(self, prior):
        """The base score: a probability, a list of scores, or None for XGBoost's own."""
        if self.params["base_score"] is not None:
            return self.params["base_score"]
        prior = np.clip(prior, _FLOOR, 1 - _FLOOR)
        if len(prior) == 2:
            return float(prior[1])
        # Before, XGBoost began at equal shares of many classes, as it does with None.
        if version_of(self.library) < (3, 1):
            return None
        scores = np.log(prior)
        return (scores - scores.mean()).tolist()

    def grow(self, whole, X, codes, classes, loss, start, arguments, exam):
        """Fit on numbers of classes: XGBoost knows no others."""
        model, params = self.model, {"objective": loss, "base_score": start}
        if exam is not None:
            params["eval_metric"] = _watched(exam)
            arguments |= {"eval_set": [(exam.x, exam.codes())], "verbose": False}
        objective = "binary:logistic" if len(classes) == 2 else "multi:softprob"
        before = {name: self.params[name] for name in params}
        model.set_params(**params)
        whole.fit(X, codes, **self.named(arguments))
        # As after a fit of its own, which names the objective too.
        model.set_params(**before | {"objective": objective})


def _watched(exam):
    """The metric: XGBoost's signature, and its name in ``evals_result``."""

    def loss(y_true, scores):
        return exam.loss(scores)

    return loss
