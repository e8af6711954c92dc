"""Several labels and targets, quantiles, parts of the rows, and extremes."""

import itertools
import pickle
import re
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import make_classification, make_multilabel_classification
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import log_loss, mean_pinball_loss, roc_auc_score
from sklearn.model_selection import cross_val_predict, cross_val_score

from skdistill import (
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    SoftDecisionTreeClassifier,
    SoftDecisionTreeRegressor,
    StudentClassifier,
    export_text,
)
from skdistill.losses import cross_entropy, kl, pinball
from skdistill.training.objective import REGISTRY, Loss, over_targets

CLASSIFIERS = [NeuralStudentClassifier, SoftDecisionTreeClassifier]
REGRESSORS = [NeuralStudentRegressor, SoftDecisionTreeRegressor]
# Nets and soft trees take the same way here: soft trees in ``make test-all``.
ONE_HERE = [CLASSIFIERS[0], pytest.param(CLASSIFIERS[1], marks=pytest.mark.slow)]


@pytest.fixture(scope="module")
def labels():
    return make_multilabel_classification(200, 8, n_classes=3, random_state=0)


@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_the_loss_of_several_targets_is_that_of_their_joint_distribution(temperature):
    generator = torch.Generator().manual_seed(0)
    widths = [2, 3]
    out, to = (torch.randn(4, 5, generator=generator).double() for _ in range(2))
    soft, hard = over_targets(REGISTRY["kl"], Loss("classifier", cross_entropy), widths)
    ours = soft.compare(out, soft.prepared(to, temperature), temperature)

    def joint(logits):
        a, b = logits.split(widths, dim=1)
        return (a[:, :, None] + b[:, None, :]).flatten(start_dim=1)

    torch.testing.assert_close(ours, kl(joint(out), joint(to), temperature))
    codes = torch.tensor([[0, 2], [1, 0], [1, 1], [0, 1]])
    together = cross_entropy(joint(out), 3 * codes[:, 0] + codes[:, 1])
    torch.testing.assert_close(hard.row_losses(out, codes, 1.0), together)


@pytest.mark.parametrize("Student", ONE_HERE)
def test_labels_have_scikit_learns_forms(labels, Student):
    X, Y = labels
    forest = RandomForestClassifier(20, min_samples_leaf=3, random_state=0).fit(X, Y)
    student = Student(forest, max_epochs=60, random_state=0).fit(X, Y)
    P = student.predict_proba(X)
    assert P.shape == (200, 3) and student.classes_.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(student.predict(X), P > 0.5)
    teacher = np.column_stack([p[:, 1] for p in forest.predict_proba(X)])
    assert np.abs(P - teacher).mean() < 0.1
    np.testing.assert_allclose(
        student.decision_function(X), np.log(P / (1 - P)), rtol=1e-5, atol=1e-6
    )
    sparse_fit = Student(forest, max_epochs=60, random_state=0)
    sparse_fit.fit(X, sparse.csr_matrix(Y))
    np.testing.assert_array_equal(sparse_fit.predict_proba(X), P)
    out = cross_val_predict(
        Student(max_epochs=2, random_state=0), X, Y, cv=2, method="predict_proba"
    )
    assert out.shape == (200, 3)
    assert 0 <= cross_val_score(Student(max_epochs=2), X, Y, cv=2).mean() <= 1


def test_one_label_is_the_same_as_two_classes(labels):
    """A single target, given as two labels that are alike, is learnt twice."""
    X, Y = labels
    P = np.clip(Y[:, :1] * 0.8 + 0.1, 0, 1)
    # Least squares: a tree would choose among equal splits by the last digit.
    student = StudentClassifier(student=LinearRegression())
    both = clone(student).fit(
        X, np.hstack([Y[:, :1], Y[:, :1]]), teacher_output=np.hstack([P, P])
    )
    one = clone(student).fit(X, Y[:, 0], teacher_output=P)
    for column in both.predict_proba(X).T:
        np.testing.assert_allclose(column, one.predict_proba(X)[:, 1], atol=1e-6)


@pytest.mark.parametrize(
    "Student",
    [
        NeuralStudentClassifier,
        pytest.param(SoftDecisionTreeClassifier, marks=pytest.mark.slow),
        StudentClassifier,
    ],
)
def test_targets_of_other_classes_are_lists(labels, Student):
    X, Y = labels
    targets = np.column_stack(
        [np.array(["a", "b", "c"])[Y[:, 0] + Y[:, 1]], np.array(["u", "v"])[Y[:, 2]]]
    )
    forest = RandomForestClassifier(20, random_state=0).fit(X, targets)
    params = {} if Student is StudentClassifier else {"max_epochs": 40}
    student = Student(forest, random_state=0, **params).fit(X, targets)
    assert [p.shape for p in student.predict_proba(X)] == [(200, 3), (200, 2)]
    assert [c.tolist() for c in student.classes_] == [["a", "b", "c"], ["u", "v"]]
    agreement = (student.predict(X) == forest.predict(X)).mean(axis=0)
    assert (agreement > 0.75).all()
    outputs = forest.predict_proba(X)
    for given in (outputs, np.hstack(outputs)):
        from_file = Student(random_state=0, **params)
        from_file.fit(X, targets, teacher_output=given)
        assert [p.shape for p in from_file.predict_proba(X)] == [(200, 3), (200, 2)]
    alike = pickle.loads(pickle.dumps(student))
    np.testing.assert_array_equal(alike.predict(X), student.predict(X))


def test_a_hot_tree_of_several_targets_is_refitted_at_temperature_1(labels):
    X, Y = (table[:49] for table in labels)  # too few rows to warn of such a teacher
    P = np.tile([0.2, 0.9, 0.5], (49, 1))
    tree = SoftDecisionTreeClassifier(
        temperature=8.0, max_depth=2, random_state=0, max_epochs=50
    )
    tree.fit(X, Y, teacher_output=P)
    # Softened by T=8, they are 0.46, 0.57 and 0.5.
    np.testing.assert_allclose(tree.predict_proba(X), P, atol=0.03)
    text = export_text(tree, class_names=["x", "y", "z"], digits=1)
    said = re.search(r"labels: y (\S+) %, z (\S+) %, x (\S+) %; observed", text)
    np.testing.assert_allclose(np.double(said.groups()), [90, 50, 20], atol=3)


def test_weights_of_several_targets_are_multiplied(labels):
    X, Y = labels
    weights = [{0: 1.0, 1: 3.0}, {0: 2.0, 1: 1.0}, {0: 1.0, 1: 1.0}]
    ours = StudentClassifier(class_weight=weights, random_state=0).fit(X, Y)
    rows = np.array([1.0, 3.0])[Y[:, 0]] * np.array([2.0, 1.0])[Y[:, 1]]
    plain = StudentClassifier(random_state=0).fit(X, Y, sample_weight=rows)
    np.testing.assert_allclose(
        np.asarray(ours.predict_proba(X)), np.asarray(plain.predict_proba(X))
    )
    with pytest.raises(ValueError, match="class_weight has 2 entries"):
        StudentClassifier(class_weight=weights[:2]).fit(X, Y)
    with pytest.raises(
        ValueError, match="for several targets is .balanced., or a list"
    ):
        StudentClassifier(class_weight=weights[0]).fit(X, Y)


def test_pinball_is_scikit_learns():
    random = np.random.default_rng(0)
    y, predicted = random.normal(size=50), random.normal(size=(50, 3))
    levels = [0.1, 0.5, 0.8]
    ours = pinball(*map(torch.tensor, (predicted, y[:, None], levels)))
    each = [
        mean_pinball_loss(y, p, alpha=q)
        for p, q in zip(predicted.T, levels, strict=True)
    ]
    np.testing.assert_allclose(ours.mean(), np.mean(each))


@pytest.mark.parametrize("Student", REGRESSORS)
def test_quantiles_cover_and_never_cross(Student):
    random = np.random.default_rng(0)
    X = random.uniform(-1, 1, (1500, 2))
    y = X[:, 0] + (0.2 + 0.3 * (X[:, 1] > 0)) * random.normal(size=1500)
    levels = [0.1, 0.5, 0.9]
    student = Student(
        quantiles=levels, early_stopping=False, max_epochs=50, random_state=0
    )
    if Student is NeuralStudentRegressor:  # a wide one knows the noise by heart
        student.set_params(hidden_layer_sizes=(64, 64))
    student.fit(X[:1000], y[:1000])
    far = student.predict(1e3 * X)
    assert (np.diff(far, axis=1) >= 0).all()
    covered = (y[1000:, None] <= student.predict(X[1000:])).mean(axis=0)
    np.testing.assert_allclose(covered, levels, atol=0.06)
    wide = np.diff(student.predict(X)[:, [0, 2]], axis=1)[:, 0]
    assert wide[X[:, 1] > 0].mean() > 1.5 * wide[X[:, 1] < 0].mean()
    assert 0 < student.score(X[1000:], y[1000:]) < 1


@pytest.mark.parametrize("Student", REGRESSORS)
def test_a_teacher_of_quantiles_is_followed(Student, diabetes):
    X, y = diabetes

    def teacher(rows):
        middle = 150 + 500 * rows[:, 2]
        return np.column_stack([middle - 40, middle, middle + 90])

    student = Student(
        teacher, quantiles=[0.2, 0.5, 0.9], max_epochs=50, random_state=0
    ).fit(X, y)
    error = np.abs(student.predict(X) - teacher(X)).mean()
    assert error < 12, error


@pytest.mark.parametrize(
    "quantiles", [[], [0.5, 0.1], [0.0, 0.5], ["a"], [[0.1]], [np.nan]]
)
def test_bad_quantiles(quantiles, diabetes):
    student = NeuralStudentRegressor(quantiles=quantiles, max_epochs=1)
    with pytest.raises(ValueError, match="must ascend between 0 and 1"):
        student.fit(*diabetes)


@pytest.mark.slow
@pytest.mark.parametrize("Student", ONE_HERE)
def test_parts_of_the_rows_teach_as_the_whole(Student):
    X, y = make_classification(600, 6, n_informative=4, n_classes=3, random_state=0)
    student = Student(max_epochs=50, random_state=0, lr=0.01)
    for _epoch, part in itertools.product(range(40), np.split(np.arange(600), 3)):
        student.partial_fit(X[part], y[part], classes=[0, 1, 2])
        assert student.n_iter_ == len(student.history_)
    assert student.n_iter_ == 120
    whole, by_chance = (
        Student(max_epochs=50, random_state=0).fit(X, y).score(X, y),
        1 / 3,
    )
    assert student.score(X, y) - by_chance > (whole - by_chance) / 2
    only = np.flatnonzero(y == 1)[:30]
    student.partial_fit(X[only], y[only])  # a part that lacks classes
    assert student.predict_proba(X).shape == (600, 3)
    with pytest.raises(ValueError, match="are not those of the first call"):
        student.partial_fit(X, y, classes=[0, 1])
    before = student.predict_proba(X)
    with pytest.raises(ValueError, match="infinity"):
        student.partial_fit(np.where(X > 2, np.inf, X), y)
    np.testing.assert_array_equal(student.predict_proba(X), before)
    assert not hasattr(Student(LogisticRegression()), "partial_fit")


def test_partial_fit_keeps_the_optimizer_and_fit_starts_anew(diabetes):
    X, y = diabetes
    student = NeuralStudentRegressor(
        random_state=0, hidden_layer_sizes=(64, 64), max_epochs=50
    )
    student.partial_fit(X, y).partial_fit(X, y)
    for moments in student._parts.moments.values():
        assert float(moments["step"]) == 2 * -(-len(X) // 27)
    names = dict(student.module_.named_parameters())
    assert student._parts.moments.keys() == names.keys()
    student.set_params(max_epochs=3)
    fresh = clone(student).fit(X, y)
    student.fit(X, y)
    np.testing.assert_array_equal(student.predict(X), fresh.predict(X))


@pytest.mark.parametrize("Student", CLASSIFIERS)
def test_half_a_per_cent_of_positives(Student):
    """Such a teacher predicts none, is not warned of, and its ranking is learnt."""
    random = np.random.default_rng(0)
    X = random.normal(size=(12_000, 4))
    p = 1 / (1 + np.exp(7.2 - 1.5 * X[:, 0] - X[:, 1]))
    noisy = 1.5 * X[:, 0] + X[:, 1] + random.logistic(size=12_000)
    y = (noisy >= np.sort(noisy)[-60]).astype(int)
    teacher = LogisticRegression().fit(X, y)
    student = Student(teacher, max_epochs=8, random_state=0).fit(X, y)
    ours, theirs = (
        roc_auc_score(y, m.predict_proba(X)[:, 1]) for m in (student, teacher)
    )
    assert ours > theirs - 0.05
    assert (
        log_loss(p > 0.5, student.predict_proba(X)[:, 1], labels=[False, True]) < 0.05
    )


@pytest.mark.parametrize("Student", [*CLASSIFIERS, StudentClassifier])
@pytest.mark.parametrize(
    ("n", "n_features", "n_classes"),
    [(600, 5, 200), (60, 5, 20), (50, 1, 2), (80, 5000, 2)],
)
def test_many_classes_few_rows_one_column_many_columns(
    Student, n, n_features, n_classes
):
    random = np.random.default_rng(0)
    y = np.arange(n) % n_classes
    X = random.normal(size=(n, n_features))
    X[:, 0] += y
    teacher = RandomForestClassifier(5, random_state=0).fit(X, y)
    params = {} if Student is StudentClassifier else {"max_epochs": 3}
    student = Student(teacher, random_state=0, **params).fit(X, y)
    P = student.predict_proba(X)
    assert P.shape == (n, n_classes)
    np.testing.assert_allclose(P.sum(axis=1), 1)


def test_a_frame_of_transfer_rows():
    random = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "k": pd.Categorical(random.choice(list("abc"), 300)),
            "z": random.normal(size=300),
        }
    )
    X.loc[::10, "z"] = np.nan
    y = np.where((X.k == "a") ^ (X.z > 0), "in", "out")
    teacher = HistGradientBoostingClassifier(categorical_features="from_dtype").fit(
        X, y
    )
    small, rest = X[:20], X[20:]
    alone = NeuralStudentClassifier(
        teacher, transfer=None, max_epochs=300, random_state=0
    )
    more = clone(alone).fit(small, y[:20], X_transfer=rest)
    alone.fit(small, y[:20])
    target = teacher.predict_proba(rest)
    errors = [np.abs(s.predict_proba(rest) - target).mean() for s in (alone, more)]
    assert errors[1] < 0.8 * errors[0]
    with pytest.raises(ValueError, match="X_transfer: The feature names"):
        more.fit(small, y[:20], X_transfer=rest.rename(columns={"z": "w"}))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["net", "tree", "surrogate"])
def test_a_million_rows_within_two_gigabytes(name):
    import subprocess
    import sys

    code = f"""
import resource, numpy as np, torch
torch.set_num_threads(1)
from skdistill import *
random = np.random.default_rng(0)
X = random.normal(size=(1_000_000, 20))
y = (X[:, 0] + random.normal(size=len(X)) > 0).astype(int)
student = dict(
    net=NeuralStudentClassifier(max_epochs=1),
    tree=SoftDecisionTreeClassifier(max_epochs=1),
    surrogate=StudentClassifier(),
)[{name!r}]
student.fit(X, y, teacher_output=0.1 + 0.8 * y).predict_proba(X)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert int(run.stdout) < 2_000_000  # kilobytes


def test_a_label_that_is_constant_in_a_fold_keeps_its_form(labels):
    X, Y = labels
    rare = np.column_stack([Y[:, 0], np.zeros(200, int), Y[:, 1]])
    teacher = RandomForestClassifier(10, random_state=0).fit(X, rare)
    assert [p.shape[1] for p in teacher.predict_proba(X)] == [2, 1, 2]
    for student in (
        NeuralStudentClassifier(max_epochs=5),
        NeuralStudentClassifier(teacher, max_epochs=5),
        StudentClassifier(teacher),
    ):
        with warnings.catch_warnings():
            warnings.filterwarnings(
                "ignore", "teacher never saw the classes", UserWarning
            )
            P = student.fit(X, rare).predict_proba(X)
        assert P.shape == (200, 3) and (P[:, 1] < 0.2).all()
    targets = np.where(rare == 0, "no", "yes")
    one_class = RandomForestClassifier(10, random_state=0).fit(X, targets)
    fitted = StudentClassifier(one_class).fit(X, targets)
    assert [p.shape[1] for p in fitted.predict_proba(X)] == [2, 1, 2]


def test_targets_of_numbers_and_strings_in_a_frame(labels):
    X, Y = labels
    frame = pd.DataFrame({"n": Y[:, 0] + Y[:, 1], "s": np.array(["u", "v"])[Y[:, 2]]})
    student = NeuralStudentClassifier(max_epochs=5).fit(X, frame)
    assert [c.tolist() for c in student.classes_] == [[0, 1, 2], ["u", "v"]]
    assert student.predict(X).shape == (200, 2)


def test_one_wrong_target_of_several_is_noticed(labels):
    X, Y = labels
    P = np.clip(Y, 0.1, 0.9)
    P[:, 1] = 1 - P[:, 1]
    student = StudentClassifier()
    with pytest.warns(UserWarning, match="beyond chance .kappa of target 1 ="):
        student.fit(X, Y, teacher_output=P)
    weight = np.r_[np.ones(100), np.zeros(100)]
    P = np.clip(Y, 0.1, 0.9)
    P[100:] = 1 - P[100:]  # of no weight
    student.fit(X, Y, teacher_output=P, sample_weight=weight)


def test_partial_fit_takes_todays_learning_rate_and_optimizer(diabetes):
    X, y = diabetes
    student = NeuralStudentRegressor(
        random_state=0, hidden_layer_sizes=(64, 64), max_epochs=50
    ).partial_fit(X, y)
    before = student.predict(X)
    student.set_params(lr=1e-12).partial_fit(X, y)
    np.testing.assert_allclose(student.predict(X), before, rtol=1e-6)
    student.set_params(lr=0.01, optimizer="sgd").partial_fit(X, y)
    assert (student.predict(X) != before).any()


def test_later_parts_may_lack_classes(labels):
    X, Y = labels
    y = np.array(["a", "b", "c"])[Y[:, 0] + Y[:, 1]]
    student = NeuralStudentClassifier().partial_fit(X, y)
    student.partial_fit(X[y == "a"], y[y == "a"])
    assert student.classes_.tolist() == ["a", "b", "c"]
    ragged = [["a", "b", "c"], [0, 1]]
    several = NeuralStudentClassifier()
    both = pd.DataFrame({"y": y, "z": Y[:, 2]})
    several.partial_fit(X, both, classes=ragged).partial_fit(X, both, classes=ragged)


def test_importances_do_not_count_rows_of_no_weight():
    random = np.random.default_rng(0)
    X = random.normal(size=(200, 3))
    y = X[:, 0]
    wild = np.vstack([X, X * [1, 1, 1000]])
    weight = np.r_[np.ones(200), np.zeros(200)]
    params = {"batch_size": 400, "max_epochs": 5, "random_state": 0}
    tree = SoftDecisionTreeRegressor(**params)
    tree.fit(wild, np.r_[y, y], sample_weight=weight)
    assert tree.feature_importances_[2] < 0.5


def as_objects(y):
    return np.array(y, dtype=object)


@pytest.mark.parametrize(
    ("gap", "wrap"),
    [
        *itertools.product([None, np.nan], [list, pd.Series, as_objects]),
        (pd.NA, pd.Series),
    ],
)
def test_labels_that_are_missing_are_named(gap, wrap):
    X, y = np.arange(20.0).reshape(10, 2), ["a", "b"] * 5
    y[3] = gap
    student = SoftDecisionTreeClassifier(max_epochs=1)
    with pytest.raises(
        ValueError, match="y has no label in 1 rows, the first .* row 3"
    ):
        student.fit(X, wrap(y))
    both = pd.DataFrame({"one": ["a", "b"] * 5, "two": pd.Series(y, dtype=object)})
    with pytest.raises(ValueError, match=r"y has no label in 1 rows"):
        student.fit(X, both)
    assert not hasattr(student, "net_")
    tree = student.fit(X, ["a", "b"] * 5)
    with pytest.raises(ValueError, match="y has no label in 1 rows"):
        tree.harden(X, wrap(y))
