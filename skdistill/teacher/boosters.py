"""Boosters with another interface than scikit-learn's: LightGBM, XGBoost, CatBoost.

No library is imported before one of its models is there.
"""

import json
import re
import sys

import numpy as np

from ..tables.containers import is_frame
from .libraries import is_from
from .models import LOGIT, SHARE, Model


class Booster(Model):
    """What native boosters share: they are fitted, and name no classes."""

    classifies: tuple = ()
    regresses: tuple = ()

    def is_ready(self):
        """A native booster exists only after its training."""
        return True

    def labels(self):
        """Native boosters number the classes, and do not name them."""
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
        """The kind follows from the objective."""
        objective = self.objective()
        # Regressions first: cross_entropy_lambda is one, and begins as cross_entropy
        # does.
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
        return is_from(model, "lightgbm", "Booster")

    def objective(self):
        """The model's text names it; as JSON, a tab in a name would break it."""
        # One tree: the head names the objective, and the text of all trees may be many
        # MB.
        text = self.model.model_to_string(num_iteration=1)
        match = re.search("^objective=(.*)$", text, re.MULTILINE)
        return match[1] if match else ""

    def columns(self):
        """The booster keeps the names."""
        return self.model.feature_name()

    def width(self):
        """The booster keeps the number of features."""
        return self.model.num_feature()

    def predicts_several(self, X):
        """No objective of LightGBM has several targets."""
        return False

    def ask(self, X, classify, labels=None):
        """Shares; raw scores where the objective was a function."""
        with self._speaking():
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
        return is_from(model, "xgboost", "Booster")

    def _learner(self):
        return json.loads(self.model.save_config())["learner"]

    def objective(self):
        """The model's configuration names it."""
        return self._learner()["objective"]["name"]

    def predicts_several(self, X):
        """The model's configuration counts the targets."""
        return int(self._learner()["learner_model_param"].get("num_target", 1)) > 1

    def kind(self):
        """The kind follows from the objective, but a logistic regression may be either."""
        objective = self.objective()
        return None if objective == "reg:logistic" else super().kind()

    def columns(self):
        """The booster keeps the names, if it was given any."""
        return self.model.feature_names

    def width(self):
        """The booster keeps the number of features."""
        return self.model.num_features()

    def ask(self, X, classify, labels=None):
        """Margins, up to the best iteration if training stopped early."""
        if not is_frame(X):
            X = np.asarray(X)
        # Without names in the model, those of X could have marks that XGBoost refuses.
        names = self.model.feature_names or [f"f{j}" for j in range(X.shape[1])]
        with self._speaking():
            return self._margins(X, names, classify), LOGIT

    def _margins(self, X, names, classify):
        matrix = sys.modules["xgboost"].DMatrix(
            X, enable_categorical=True, feature_names=names
        )
        # XGBoost's `predict` uses all trees of a native booster; its scikit-learn
        # classes stop at the best one.
        best = getattr(self.model, "best_iteration", None)
        trees = (0, 0) if best is None else (0, best + 1)
        # Margins whatever the objective: multi:softmax would answer with labels alone.
        return self.model.predict(matrix, output_margin=classify, iteration_range=trees)


class CatBoostModel(Model):
    """A native ``catboost.CatBoost``; its scikit-learn classes need nothing special."""

    @staticmethod
    def takes(model):
        """Whether it is CatBoost's native class itself."""
        return type(model).__name__ == "CatBoost" and is_from(
            model, "catboost", "CatBoost"
        )

    def is_ready(self):
        """The model answers once it is trained."""
        return bool(self.model.is_fitted())

    def _loss(self):
        return str(self.model.get_all_params().get("loss_function", ""))

    def kind(self):
        """The kind follows from the loss that the model was trained for."""
        loss = self._loss()
        classes = ("Logloss", "CrossEntropy", "MultiClass", "MultiLog", "MultiCross")
        if loss.startswith(classes):
            return "classifier"
        ranks = ("Pair", "Query", "Yeti", "Stochastic", "Lambda")
        return None if loss.startswith(ranks) else "regressor"

    def predicts_several(self, X):
        """The loss that the model was trained for tells."""
        return self._loss().startswith(("MultiLog", "MultiCross"))

    def labels(self):
        """The model names its classes; a regressor has none."""
        # CatBoost's regressors have an empty `classes_`.
        return super().labels() if self.kind() == "classifier" else None

    def columns(self):
        """The model keeps the names."""
        return self.model.feature_names_

    def ask(self, X, classify, labels=None):
        """Shares, or raw values."""
        answer = "Probability" if classify else "RawFormulaVal"
        if self._loss().startswith(("Poisson", "Tweedie")):  # trained on logarithms
            answer = "Exponent"
        with self._speaking():
            return self.model.predict(X, prediction_type=answer), SHARE
