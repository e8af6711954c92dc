"""The unit of targets, and of weights, changes no student.

Powers of two change no digit, so a student of the same targets in another unit is the same
to rounding. What adds a large number moves their last digits, so a training may differ
then, but not how good it is.
"""

import numpy as np
import pytest
import torch
from printed_trees import lines_of, value_of
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
)
from sklearn.linear_model import (
    Lasso,
    LinearRegression,
    PoissonRegressor,
    Ridge,
    TweedieRegressor,
)
from sklearn.metrics import r2_score
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neighbors import KNeighborsRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR
from sklearn.tree import DecisionTreeRegressor, ExtraTreeRegressor

from skdistill import (
    HardDecisionTreeRegressor,
    NeuralStudentRegressor,
    SoftDecisionTreeRegressor,
    StudentRegressor,
    export_text,
)
from skdistill.export import to_numpy
from skdistill.search.smallest import smallest_student
from skdistill.tasks.units import Unit, unit_for

TINY, HUGE, FAR = 2.0**-40, 2.0**40, 2.0**30
N = 120
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(N, 3))
# Multiples of a millionth: no digit of theirs is lost by adding FAR.
Y = np.round((np.sin(X[:, 0]) + 0.5 * X[:, 1]) * 2**20) / 2**20
TOLD = np.round((Y + 0.1 * X[:, 2]) * 2**20) / 2**20
WEIGHT = RANDOM.uniform(0.5, 1.5, N)


def absolute(output, target, temperature):
    return (output - target).abs().mean(dim=1)


def module(n_inputs, n_outputs):
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Linear(n_inputs, 8), torch.nn.Tanh(), torch.nn.Linear(8, n_outputs)
    )


FAST = {"max_epochs": 3, "lr": 0.02, "random_state": 0}
STUDENTS = {
    "net": NeuralStudentRegressor(**FAST),
    "huber": NeuralStudentRegressor(loss="huber", alpha=0.5, **FAST),
    "own loss": NeuralStudentRegressor(loss=absolute, **FAST),
    "own module": NeuralStudentRegressor(module=module, **FAST),
    "stopped": NeuralStudentRegressor(early_stopping=True, **FAST),
    "soft tree": SoftDecisionTreeRegressor(max_depth=2, alpha=0.5, **FAST),
    "hard tree": HardDecisionTreeRegressor(max_leaf_nodes=6, alpha=0.5, random_state=0),
    **{
        str(model): StudentRegressor(student=model, alpha=0.5, random_state=0)
        for model in (
            None,
            DecisionTreeRegressor(criterion="absolute_error", max_depth=3),
            ExtraTreeRegressor(max_depth=3),
            make_pipeline(StandardScaler(), DecisionTreeRegressor(max_depth=3)),
            MLPRegressor(hidden_layer_sizes=(4,), max_iter=20),
            SVR(),
            Lasso(alpha=0.1),
            Ridge(),
            LinearRegression(),
            LinearRegression(positive=True),
            KNeighborsRegressor(),
            HistGradientBoostingRegressor(max_iter=5),
            GradientBoostingRegressor(n_estimators=5),
            RandomForestRegressor(n_estimators=5, max_depth=4),
        )
    },
}
EACH = pytest.mark.parametrize("student", STUDENTS.values(), ids=STUDENTS)


def answers(student, scale=1.0, shift=0.0, weight=None):
    """What a student of targets in another unit says, back in the first one."""
    student.fit(
        X,
        scale * Y + shift,
        sample_weight=weight,
        teacher_output=scale * TOLD + shift,
    )
    return (student.predict(X) - shift) / scale


@EACH
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer:UserWarning")
def test_targets_in_another_unit_are_learnt_as_well(student):
    plain = answers(student)
    for scale in (TINY, HUGE):
        np.testing.assert_allclose(answers(student, scale), plain, rtol=0, atol=1e-9)
    far = answers(student, shift=FAR)
    assert abs(r2_score(TOLD, far) - r2_score(TOLD, plain)) < 0.05
    if isinstance(student, StudentRegressor):
        alone = student.student_.predict(X)
        np.testing.assert_array_equal((alone - FAR).ravel(), far)
    else:
        is_own = getattr(student, "module", None) is not None
        served = (student if is_own else to_numpy(student)).predict(X)
        np.testing.assert_allclose(served - FAR, far, atol=1e-5)


@EACH
def test_weights_count_in_proportion(student):
    if isinstance(student.get_params().get("student"), KNeighborsRegressor):
        pytest.skip("takes no weights")
    if isinstance(student.get_params().get("student"), MLPRegressor):
        pytest.skip("takes weights in scikit-learn's newer versions only")
    plain = answers(student, weight=WEIGHT)
    for factor in (2.0**-900, HUGE):
        other = answers(student, weight=factor * WEIGHT)
        np.testing.assert_allclose(other, plain, rtol=0, atol=1e-9)


def test_quantiles_in_another_unit():
    told = TOLD[:, None] + np.array([-0.25, 0.0, 0.25])
    student = NeuralStudentRegressor(
        loss="quantile", quantiles=[0.1, 0.5, 0.9], alpha=0.5, **FAST
    )
    plain, tiny = (
        student.fit(X, scale * Y, teacher_output=scale * told).predict(X) / scale
        for scale in (1.0, TINY)
    )
    np.testing.assert_allclose(tiny, plain, rtol=0, atol=1e-9)


@pytest.mark.parametrize("model", [None, SVR(), DecisionTreeRegressor(max_depth=4)])
def test_several_targets_in_units_of_their_own(model):
    three = np.column_stack([Y, TOLD, X[:, 2]])
    student = StudentRegressor(student=model, random_state=0)
    plain = student.fit(X, three).predict(X)
    scale, shift = np.array([TINY, HUGE, 1.0]), np.array([0.0, 0.0, FAR])
    other = (student.fit(X, three * scale + shift).predict(X) - shift) / scale
    skill = [r2_score(three, each, multioutput="raw_values") for each in (plain, other)]
    np.testing.assert_allclose(*skill, atol=0.05)
    assert (student.student_.predict(X) == student.predict(X)).all()


@pytest.mark.parametrize("criterion", ["squared_error", "absolute_error"])
def test_a_tree_stands_in_the_targets_unit(criterion):
    tree = DecisionTreeRegressor(criterion=criterion, max_leaf_nodes=6, random_state=0)
    y, is_square = 1000 * Y + 300, criterion == "squared_error"
    fitted = StudentRegressor(student=tree, preprocessor=None).fit(X, y).student_
    ours, paths = fitted.tree_, fitted.decision_path(X).toarray().astype(bool)
    for node, rows in enumerate(paths.T):
        middle = np.mean(y[rows]) if is_square else np.median(y[rows])
        off = np.abs(y[rows] - middle)
        assert ours.value[node, 0, 0] == pytest.approx(middle, rel=1e-3)
        impurity = np.mean(off**2 if is_square else off)
        assert ours.impurity[node] == pytest.approx(impurity, rel=1e-3, abs=1e-3)
    if is_square:  # of absolute errors there are ties, which rounding decides
        plain = tree.fit(X, y).tree_
        np.testing.assert_array_equal(ours.feature, plain.feature)
        np.testing.assert_allclose(ours.value, plain.value)


def logarithms():
    return TransformedTargetRegressor(Ridge(), func=np.log, inverse_func=np.exp)


@pytest.mark.parametrize(
    ("model", "unit"),
    [
        (SVR(), "both"),
        (Lasso(), "both"),
        (LinearRegression(positive=True), "both"),
        (HistGradientBoostingRegressor(loss="quantile", quantile=0.5), "both"),
        (PoissonRegressor(), "scale"),
        (make_pipeline(StandardScaler(), TweedieRegressor(power=1.5)), "scale"),
        (HistGradientBoostingRegressor(loss="gamma"), "scale"),
        (DecisionTreeRegressor(criterion="poisson"), "scale"),
        (Lasso(fit_intercept=False), "scale"),
        (Ridge(), None),
        (logarithms(), None),
        (MultiOutputRegressor(logarithms()), None),
    ],
    ids=str,
)
def test_zero_and_units_that_mean_something(model, unit):
    y = np.exp(Y)[:, None]
    found = unit_for(model, y, np.ones(N))
    if unit is None:
        assert found is None
        return
    assert (found.center == 0).all() == (unit == "scale")
    scaled = [
        StudentRegressor(student=model, random_state=0)
        .fit(X, y[:, 0] * scale)
        .predict(X)
        / scale
        for scale in (1.0, TINY)
    ]
    np.testing.assert_allclose(*scaled, rtol=1e-6)


def test_students_that_know_their_unit_learn_in_it():
    y = np.exp(3 * Y)
    student = StudentRegressor(student=logarithms()).fit(X, y)
    plain = logarithms().fit(student.preprocessor_.transform(X), y)
    np.testing.assert_allclose(
        student.predict(X), plain.predict(student.preprocessor_.transform(X))
    )
    boosters = pytest.importorskip("lightgbm")
    for objective in ("poisson", "mape", "cross_entropy", lambda y, f: (f - y, y * 0)):
        model = boosters.LGBMRegressor(objective=objective)
        found = unit_for(model, y[:, None], np.ones(N))
        knows = not isinstance(objective, str) or objective == "cross_entropy"
        assert (found is None) == knows


def test_a_unit_is_that_of_the_rows_that_count():
    values, weight = np.array([[1.0], [1e300], [3.0]]), np.array([1e-300, 0.0, 1e-300])
    unit = Unit.of(values, weight)
    assert unit.center == 2 and unit.scale == 1
    back = unit.restored(unit.measured(values[[0, 2]]))
    np.testing.assert_array_equal(back, values[[0, 2]])
    for constant in (TINY, 0.0, -FAR):
        same = Unit.of(np.full((3, 1), constant), np.ones(3))
        assert same.center == constant and 0 < same.scale <= 1
        assert (same.measured(np.full((2, 1), constant)) == 0).all()


def test_labels_of_one_number_have_no_unit():
    """Where y is not known, and only the teacher's outputs count."""
    student = NeuralStudentRegressor(**FAST).set_params(max_epochs=40)
    shared = {"teacher_output": TINY * TOLD[:40]}
    unknown = student.fit(X[:40], np.zeros(40), **shared).predict(X[:40])
    without = student.fit(X[:40], **shared).predict(X[:40])
    np.testing.assert_array_equal(unknown, without)
    assert r2_score(shared["teacher_output"], unknown) > 0.5


def test_later_parts_keep_the_first_unit():
    for Student in (NeuralStudentRegressor, SoftDecisionTreeRegressor):
        student = Student(random_state=0).partial_fit(X, TINY * Y)
        unit = student._task.unit
        student.partial_fit(X, 5 * TINY * Y + TINY)
        now = student._task.unit
        assert now.center == unit.center and now.scale == unit.scale


class Told(RegressorMixin, BaseEstimator):
    """A teacher that knows better than y."""

    def fit(self, X, y):
        self.fitted_ = True
        return self

    def predict(self, X):
        return TINY * X[:, 0]


def test_a_poor_student_is_not_small_enough_because_its_errors_are():
    tree = DecisionTreeRegressor(random_state=0)
    y = TINY * (X[:, 0] + 0.1 * X[:, 1])
    student = StudentRegressor(Told().fit(X, y), student=tree)
    shared = {"X_val": X, "y_val": TINY * X[:, 0]}
    shared |= {"scoring": "neg_mean_squared_error", "tolerance": 0.1}
    with pytest.warns(UserWarning, match="No size falls short"):
        found = smallest_student(
            student, X, y, sizes={"student__max_leaf_nodes": [2]}, **shared
        )
    assert 0.1 < found.curve[0]["shortfall"] < 1


@pytest.mark.parametrize("seed", range(4))
def test_a_tree_is_pruned_alike_in_any_unit(seed):
    tree = SoftDecisionTreeRegressor(max_depth=5, max_epochs=6, lr=0.05)
    tree.set_params(random_state=seed)
    plain, tiny = (clone(tree).fit(X, scale * Y) for scale in (1.0, TINY))
    for limit in (3, 6):
        kept = [
            fitted.prune(X, scale * Y, X_eval=X, max_leaf_nodes=limit).predict(X)
            / scale
            for fitted, scale in ((plain, 1.0), (tiny, TINY))
        ]
        np.testing.assert_allclose(*kept, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    "tree",
    [
        HardDecisionTreeRegressor(max_leaf_nodes=4, random_state=0),
        SoftDecisionTreeRegressor(max_depth=2, **FAST),
    ],
)
def test_leaves_that_differ_are_told_apart_in_print(tree):
    text = export_text(tree.fit(X, FAR + Y), digits=4)
    leaves = [words for _, words in lines_of(text) if "% of rows" in words]
    assert len(leaves) == 4 and len(set(map(value_of, leaves))) == 4


@pytest.mark.parametrize("least", [5e-324, 1e-310, 1e-300])
def test_a_spread_below_the_smallest_floats_is_no_division_by_zero(least):
    y, ones = np.array([[0.0], [least], [0.0], [0.0]]), np.ones(4)
    for unit in (Unit.of(y, ones), Unit.around_zero(y, ones)):
        measured = unit.measured(y)
        assert np.isfinite(measured).all() and np.abs(measured).max() < 3
        np.testing.assert_allclose(unit.restored(measured), y, atol=least)
    student = HardDecisionTreeRegressor(max_leaf_nodes=2, random_state=0)
    assert np.isfinite(student.fit(X[:4], y[:, 0]).predict(X[:4])).all()
