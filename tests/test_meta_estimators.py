"""A student inside every meta-estimator, with every kind of teacher.

Meta-estimators of three libraries, found by their signatures so that a new one is met. A
fitted teacher answers the same before and after. Where one slices columns or renames
classes, a fitted teacher cannot teach, and the student says so.
"""

import inspect
import pickle
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from sklearn import (
    calibration,
    compose,
    ensemble,
    feature_selection,
    frozen,
    impute,
    linear_model,
    model_selection,
    multiclass,
    multioutput,
    pipeline,
)
from sklearn import inspection as looks
from sklearn import semi_supervised as semi
from sklearn.base import MetaEstimatorMixin, clone, is_classifier
from sklearn.experimental import (  # noqa: F401
    enable_halving_search_cv,
    enable_iterative_imputer,
)
from sklearn.frozen import FrozenEstimator
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils import all_estimators

from skdistill import (
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    StudentClassifier,
    StudentRegressor,
)

random = np.random.default_rng(0)
X = random.normal(size=(60, 3))
VALUES = X[:, 0] - X[:, 1]
TWO = (VALUES > 0).astype(int)
CODES = np.digitize(VALUES, [-0.6, 0.6])
THREE = np.array(["a", "b", "c"])[CODES]
FLAGS = np.stack([TWO, VALUES > 0.3], axis=1).astype(int)
TARGETS = np.stack([VALUES, VALUES + 0.1 * X[:, 2]], axis=1)
PARTLY = np.where(np.arange(60) % 3, TWO, -1)  # -1: no label
GAPS = np.where(random.random(X.shape) < 0.1, np.nan, X)

#: Errors of a fitted teacher that gets other columns, or other classes.
COLUMNS = r"(?s)teacher=.*was fitted on 3 columns and X has"
CLASSES = r"teacher and y share no class|some labels are strings and some are numbers"


@dataclass
class Meta:
    """A meta-estimator around a student, what it is fitted to, and what must fail."""

    make: Any
    y: Any
    X: Any = None
    error: str | None = None  # with a fitted teacher


def importances(student):
    return student.student_["model"].feature_importances_


def searched(search, **options):
    return lambda s: search(s, {"alpha": [0.5, 1.0]}, cv=2, **options)


def around(C, y, **options):
    """One that takes the student first."""
    error = options.pop("error", None)
    return Meta(lambda s: C(s, **options), y, error=error)


TWICE, LIGHT = {"n_estimators": 2, "random_state": 0}, {"cv": 2}
SLICES = {"importance_getter": importances, "error": COLUMNS}
SKLEARN = {
    "AdaBoostClassifier": around(ensemble.AdaBoostClassifier, THREE, **TWICE),
    "AdaBoostRegressor": around(ensemble.AdaBoostRegressor, VALUES, **TWICE),
    "BaggingClassifier": around(ensemble.BaggingClassifier, CODES, **TWICE),
    "BaggingRegressor": around(ensemble.BaggingRegressor, VALUES, **TWICE),
    "CalibratedClassifierCV": around(
        calibration.CalibratedClassifierCV, THREE, **LIGHT
    ),
    "ClassifierChain": around(multioutput.ClassifierChain, FLAGS, error=COLUMNS),
    "RegressorChain": around(multioutput.RegressorChain, TARGETS, error=COLUMNS),
    "FixedThresholdClassifier": around(model_selection.FixedThresholdClassifier, TWO),
    "TunedThresholdClassifierCV": around(
        model_selection.TunedThresholdClassifierCV, TWO, thresholds=3, **LIGHT
    ),
    "FrozenEstimator": Meta(lambda s: frozen.FrozenEstimator(s.fit(X, TWO)), TWO),
    "GridSearchCV": Meta(searched(model_selection.GridSearchCV), THREE),
    "RandomizedSearchCV": Meta(
        searched(model_selection.RandomizedSearchCV, n_iter=2), VALUES
    ),
    "HalvingGridSearchCV": Meta(
        searched(model_selection.HalvingGridSearchCV, min_resources=30), TWO
    ),
    "HalvingRandomSearchCV": Meta(
        searched(model_selection.HalvingRandomSearchCV, min_resources=30), VALUES
    ),
    "IterativeImputer": Meta(
        lambda s: impute.IterativeImputer(s, max_iter=1, tol=1e9),
        VALUES,
        GAPS,
        error=COLUMNS,
    ),
    "MultiOutputClassifier": around(multioutput.MultiOutputClassifier, FLAGS),
    "MultiOutputRegressor": around(multioutput.MultiOutputRegressor, TARGETS),
    "OneVsOneClassifier": around(multiclass.OneVsOneClassifier, THREE, error=CLASSES),
    "OneVsRestClassifier": around(multiclass.OneVsRestClassifier, THREE, error=CLASSES),
    "OutputCodeClassifier": around(
        multiclass.OutputCodeClassifier, THREE, random_state=0, error=CLASSES
    ),
    "Pipeline": Meta(lambda s: pipeline.make_pipeline(s), THREE),
    "RANSACRegressor": around(
        linear_model.RANSACRegressor,
        VALUES,
        min_samples=30,
        max_trials=1,
        random_state=0,
    ),
    "RFE": around(feature_selection.RFE, TWO, n_features_to_select=1, **SLICES),
    "RFECV": around(feature_selection.RFECV, TWO, **LIGHT, **SLICES),
    "SelectFromModel": around(
        feature_selection.SelectFromModel, TWO, importance_getter=importances
    ),
    "SequentialFeatureSelector": around(
        feature_selection.SequentialFeatureSelector, TWO, **LIGHT, error=COLUMNS
    ),
    "SelfTrainingClassifier": around(semi.SelfTrainingClassifier, PARTLY, max_iter=2),
    "StackingClassifier": Meta(
        lambda s: ensemble.StackingClassifier(
            [("s", s)], DecisionTreeClassifier(max_depth=2), cv=2
        ),
        CODES,
    ),
    "StackingRegressor": Meta(
        lambda s: ensemble.StackingRegressor([("s", s)], cv=2), VALUES
    ),
    "TransformedTargetRegressor": around(compose.TransformedTargetRegressor, VALUES),
    "VotingClassifier": Meta(
        lambda s: ensemble.VotingClassifier([("s", s), ("t", s)], voting="soft"), CODES
    ),
    "VotingRegressor": Meta(
        lambda s: ensemble.VotingRegressor([("s", s), ("t", s)]), VALUES
    ),
}
NOT_AROUND_STUDENTS = {
    *("ColumnTransformer", "FeatureUnion"),  # hold transformers
    *("ExtraTreesClassifier", "ExtraTreesRegressor"),  # hold trees of their own
    *("RandomForestClassifier", "RandomForestRegressor", "RandomTreesEmbedding"),
    *("GradientBoostingClassifier", "GradientBoostingRegressor", "IsolationForest"),
}
TAKES = {
    *("estimator", "estimators", "base_estimator", "regressor", "classifier", "steps"),
    *("transformers", "transformer_list", "clf", "clfs", "classifiers", "regressors"),
}


def takes_estimators(C):
    return bool(TAKES & set(inspect.signature(C.__init__).parameters))


def test_every_meta_estimator_of_scikit_learn_is_met():
    found = {
        name
        for name, C in all_estimators()
        if issubclass(C, MetaEstimatorMixin) or takes_estimators(C)
    }
    assert not found - set(SKLEARN) - NOT_AROUND_STUDENTS


def of_mlxtend():
    pytest.importorskip("mlxtend", minversion="0.24")  # of scikit-learn 1.8
    classifier = pytest.importorskip("mlxtend.classifier")
    regressor = pytest.importorskip("mlxtend.regressor")
    selection = pytest.importorskip("mlxtend.feature_selection")
    last, line = DecisionTreeClassifier(max_depth=2), linear_model.LinearRegression()
    select = {"cv": 2, "error": COLUMNS}
    return {
        "EnsembleVoteClassifier": Meta(
            lambda s: classifier.EnsembleVoteClassifier([s, s], voting="soft"), TWO
        ),
        "StackingClassifier": Meta(
            lambda s: classifier.StackingClassifier([s, s], last), TWO
        ),
        "StackingCVClassifier": Meta(
            lambda s: classifier.StackingCVClassifier([s], last, random_state=0), TWO
        ),
        "StackingRegressor": Meta(
            lambda s: regressor.StackingRegressor([s], line), VALUES
        ),
        "StackingCVRegressor": Meta(
            lambda s: regressor.StackingCVRegressor([s], line, cv=2, random_state=0),
            VALUES,
        ),
        "ExhaustiveFeatureSelector": around(
            selection.ExhaustiveFeatureSelector, TWO, print_progress=False, **select
        ),
        "SequentialFeatureSelector": around(
            selection.SequentialFeatureSelector, TWO, k_features=1, **select
        ),
    }


def of_imblearn():
    combined = pytest.importorskip("imblearn.ensemble")
    under = pytest.importorskip("imblearn.under_sampling")
    imblearn = pytest.importorskip("imblearn.pipeline")
    return {
        "BalancedBaggingClassifier": around(
            combined.BalancedBaggingClassifier, TWO, **TWICE
        ),
        "EasyEnsembleClassifier": Meta(
            lambda s: combined.EasyEnsembleClassifier(2, s, random_state=0), TWO
        ),
        "RUSBoostClassifier": around(combined.RUSBoostClassifier, TWO, **TWICE),
        "Pipeline": Meta(
            lambda s: imblearn.make_pipeline(under.RandomUnderSampler(), s), TWO
        ),
        "InstanceHardnessThreshold": Meta(
            lambda s: under.InstanceHardnessThreshold(estimator=s, cv=2), TWO
        ),
    }


def test_every_meta_estimator_of_the_others_is_met():
    others = of_imblearn(), of_mlxtend()
    testing = pytest.importorskip("imblearn.utils.testing")
    found = {name for name, C in testing.all_estimators() if takes_estimators(C)}
    # ClusterCentroids takes a clustering.
    assert not found - set(others[0]) - {"ClusterCentroids"}
    mlxtend = [
        pytest.importorskip(f"mlxtend.{part}")
        for part in ("classifier", "regressor", "feature_selection")
    ]
    found = {
        name
        for module in mlxtend
        for name, C in vars(module).items()
        if isinstance(C, type) and takes_estimators(C)
    }
    assert not found - set(others[1])


def teacher_for(y, kind):
    """An unfitted tree, or one that was fitted, frozen, or listed with another."""
    first = y if y.ndim == 1 else y[:, 0]
    C = DecisionTreeRegressor if y.dtype.kind == "f" else DecisionTreeClassifier
    if kind == "none":
        return None, None
    if kind == "unfitted":
        return C(max_depth=3), None
    rows = first != -1 if first.dtype.kind == "i" else np.ones(len(X), bool)
    tree = C(max_depth=3, random_state=7).fit(X[rows], first[rows])
    wrapped = {"fitted": tree, "frozen": FrozenEstimator(tree), "list": [tree, tree]}
    return wrapped[kind], tree


def student_of(teacher, y, is_net):
    if is_net:
        C = NeuralStudentRegressor if y.dtype.kind == "f" else NeuralStudentClassifier
        net = {"hidden_layer_sizes": (8,), "max_epochs": 8, "batch_size": 8, "lr": 0.03}
        return C(teacher, transfer=None, random_state=0, **net)
    if y.dtype.kind == "f":
        return StudentRegressor(teacher, student=DecisionTreeRegressor(max_depth=2))
    return StudentClassifier(teacher, student=DecisionTreeClassifier(max_depth=2))


def check_bears(meta, kind, is_net=False):
    """Fitted and asked, or refused; the teacher is as it was."""
    teacher, tree = teacher_for(meta.y, kind)
    state, rows = pickle.dumps(tree), X if meta.X is None else meta.X
    student = student_of(teacher, meta.y, is_net)
    made = meta.make(student)
    fit = made.fit_resample if hasattr(made, "fit_resample") else made.fit
    if tree is not None and meta.error is not None:
        with pytest.raises(ValueError, match=meta.error):
            fit(rows, meta.y)
    else:
        fit(rows, meta.y)
        if hasattr(made, "predict"):
            assert len(made.predict(X)) == len(X)
        elif hasattr(made, "transform"):
            assert len(made.transform(rows)) == len(X)
    assert student.teacher is teacher
    assert pickle.dumps(tree) == state
    assert tree is not None or not hasattr(teacher, "tree_")


KINDS = ("fitted", "frozen", "list", "unfitted", "none")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SKLEARN)
def test_scikit_learn(name, kind):
    check_bears(SKLEARN[name], kind)


@pytest.mark.parametrize(
    "name",
    [
        "AdaBoostClassifier",
        "BaggingRegressor",
        "GridSearchCV",
        "SelfTrainingClassifier",
    ],
)
def test_scikit_learn_around_a_net(name):
    check_bears(SKLEARN[name], "fitted", is_net=True)


@pytest.mark.parametrize(
    "name", ["BaggingClassifier", "StackingClassifier", "VotingClassifier"]
)
def test_who_numbers_the_classes_is_told_of_the_teachers(name):
    check_bears(replace(SKLEARN[name], y=THREE, error=CLASSES), "fitted")
    check_bears(replace(SKLEARN[name], y=THREE), "unfitted")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("library", [of_mlxtend, of_imblearn])
def test_other_libraries(library, kind):
    for meta in library().values():
        check_bears(meta, kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("y", [THREE, VALUES], ids=["classes", "values"])
def test_functions_of_model_selection_and_inspection(y, kind):
    teacher, tree = teacher_for(y, kind)
    student, state = student_of(teacher, y, is_net=False), pickle.dumps(tree)
    assert len(model_selection.cross_val_predict(student, X, y, cv=2)) == len(X)
    scores = model_selection.cross_validate(student, X, y, cv=2, error_score="raise")
    assert np.isfinite(scores["test_score"]).all()
    curve = {"cv": 2, "error_score": "raise"}
    model_selection.learning_curve(student, X, y, train_sizes=[1.0], **curve)
    grid = {"param_name": "alpha", "param_range": [0.5, 1.0], **curve}
    model_selection.validation_curve(student, X, y, **grid)
    fitted = clone(student).fit(X, y)
    found = looks.permutation_importance(fitted, X, y, n_repeats=1, random_state=0)
    assert found.importances.shape == (3, 1)
    target = {"response_method": "predict_proba"} if is_classifier(student) else {}
    looks.partial_dependence(fitted, X, [0], grid_resolution=3, **target)
    assert student.teacher is teacher and pickle.dumps(tree) == state
