"""What the losses make of the students that are torch modules."""

import pickle
from functools import partial

import numpy as np
import pytest
import torch
from scipy.special import softmax
from sklearn.base import clone
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.ensemble import RandomForestClassifier

from skdistill import (
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    SoftDecisionTreeClassifier,
    soft_targets,
)
from skdistill.learners.soft_tree import SoftTreeLearner
from skdistill.losses import dist, dkd, kl
from skdistill.training.objective import REGISTRY

CLASSIFIERS = [NeuralStudentClassifier, SoftDecisionTreeClassifier]
OF_CLASSES = sorted(n for n in REGISTRY if REGISTRY[n].task == "classifier")
SCALE_FREE = ["dist", "logit_standard"]


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True)


@pytest.fixture(scope="module")
def iris_forest(iris):
    return RandomForestClassifier(20, min_samples_leaf=2, random_state=0).fit(*iris)


@pytest.fixture(scope="module")
def few(iris):
    """Too few rows to warn of a teacher that denies the labels."""
    X, y = iris
    return X[::4], y[::4]


def divergence(student, teacher, X):
    """Mean KL of the student from the teacher, nats."""
    P = soft_targets(teacher, X)
    return (P * (np.log(P) - student.predict_log_proba(X))).sum(axis=1).mean()


@pytest.mark.parametrize(
    ("loss", "Student"),
    [
        pytest.param(loss, Student, marks=pytest.mark.slow if is_more else ())
        for loss in OF_CLASSES
        for Student in CLASSIFIERS
        for is_more in [Student is not CLASSIFIERS[0] and loss not in ("kl", "dist")]
    ],
)
def test_every_loss_brings_the_student_to_its_teacher(iris, iris_forest, Student, loss):
    X, y = iris
    student = Student(iris_forest, loss=loss, max_epochs=50, random_state=0).fit(X, y)
    P = soft_targets(iris_forest, X)
    of_the_mean = (P * np.log(P / P.mean(axis=0))).sum(axis=1).mean()
    assert divergence(student, iris_forest, X) < 0.25 * of_the_mean
    assert (student.predict(X) == iris_forest.predict(X)).mean() > 0.9


@pytest.mark.parametrize("loss", SCALE_FREE)
def test_an_open_scale_is_fitted_to_the_teacher(iris, iris_forest, loss):
    X, y = iris
    plain = {"transfer": None, "random_state": 0}  # the scale is fitted to X alone
    plain |= {"hidden_layer_sizes": (64, 64), "max_epochs": 50}
    student = NeuralStudentClassifier(iris_forest, loss=loss, **plain).fit(X, y)
    by_kl = NeuralStudentClassifier(iris_forest, **plain).fit(X, y)
    assert not hasattr(by_kl, "output_scale_")
    fitted = divergence(student, iris_forest, X)
    assert fitted < divergence(by_kl, iris_forest, X) + 0.1
    z, P = student.decision_function(X), soft_targets(iris_forest, X)
    gain = ((softmax(z, axis=1) - P) * z).sum(axis=1).mean()
    assert abs(gain) < 1e-2  # the derivative by the logarithm of the scale
    (scale,) = vars(student).pop("output_scale_")
    np.testing.assert_allclose(scale * student.decision_function(X), z)
    assert divergence(student, iris_forest, X) > fitted - 1e-6  # no other is better


def test_an_open_scale_lives_as_long_as_its_fit(iris, iris_forest):
    X, y = iris
    student = NeuralStudentClassifier(
        iris_forest, loss="dist", max_epochs=10, warm_start=True, random_state=0
    ).fit(X, y)
    first, P = student.output_scale_, student.predict_proba(X)
    twin = pickle.loads(pickle.dumps(student))
    np.testing.assert_array_equal(twin.predict_proba(X), P)
    assert not hasattr(clone(student), "output_scale_")
    scaled = student.fit(X, y).output_scale_
    assert scaled != first
    assert student.partial_fit(X, y).output_scale_ != scaled
    before = student.output_scale_
    with pytest.raises(ValueError, match="has no effect with loss='mse_logits'"):
        student.set_params(loss="mse_logits", temperature=2.0).fit(X, y)
    assert student.output_scale_ is before
    student.set_params(temperature=1.0)
    assert not hasattr(student.set_params(loss="kl").fit(X, y), "output_scale_")
    mixed = NeuralStudentClassifier(iris_forest, loss="dist", alpha=0.5, max_epochs=2)
    assert not hasattr(mixed.fit(X, y), "output_scale_")  # labels set the scale
    control = NeuralStudentClassifier(loss="dist", max_epochs=2).fit(X, y)
    assert not hasattr(control, "output_scale_")


@pytest.mark.parametrize("loss", SCALE_FREE)
def test_a_tree_of_open_scale_gets_sharper_gates_and_new_leaves(
    iris, iris_forest, loss, monkeypatch
):
    X, y = iris
    tree = SoftDecisionTreeClassifier(
        iris_forest, loss=loss, max_depth=3, max_epochs=25, random_state=0
    )
    fitted = divergence(tree.fit(X, y), iris_forest, X)
    assert np.allclose(tree.leaf_values().sum(axis=1), 1)
    monkeypatch.setattr(SoftTreeLearner, "_sharpen_gates", lambda *_: None)
    open_ = divergence(clone(tree).fit(X, y), iris_forest, X)
    assert fitted < open_ / 2
    monkeypatch.undo()
    monkeypatch.setattr("skdistill.learners.soft_tree._SEARCH_ROWS", 60)
    sought_on_some = divergence(clone(tree).fit(X, y), iris_forest, X)
    assert sought_on_some < open_ / 2


def test_several_targets_have_scales_of_their_own(iris):
    X, y = iris
    Y = np.column_stack([y, np.array(["a", "b", "c"])[np.digitize(X[:, 2], [2, 5])]])
    forest = RandomForestClassifier(20, min_samples_leaf=3, random_state=0).fit(X, Y)
    student = NeuralStudentClassifier(
        forest, loss="dist", transfer=None, max_epochs=30, random_state=0
    ).fit(X, Y)
    assert student.output_scale_.shape == (2,)
    for q, p in zip(student.predict_proba(X), soft_targets(forest, X), strict=True):
        # The derivative by the logarithm of the scale is 0 on the rows that fitted it.
        gain = ((q - p) * np.log(q)).sum(axis=1).mean()
        assert gain == pytest.approx(0, abs=1e-4)


def test_what_is_standardised_away_is_refused(iris, iris_forest):
    X, y = iris
    two = NeuralStudentClassifier(
        iris_forest,
        loss="logit_standard",
        classes=[0, 1],
        hidden_layer_sizes=(64, 64),
        max_epochs=50,
    )
    forest = RandomForestClassifier(random_state=0).fit(X[:100], y[:100])
    with pytest.raises(ValueError, match="only which is likelier"):
        two.set_params(teacher=forest).fit(X[:100], y[:100])
    stopped = NeuralStudentClassifier(
        iris_forest,
        loss="dist",
        early_stopping=True,
        hidden_layer_sizes=(64, 64),
        max_epochs=50,
    )
    with pytest.raises(ValueError, match="leave y_val out"):
        stopped.fit(X, y, X_val=X, y_val=y)
    stopped.set_params(max_epochs=2).fit(X, y, X_val=X)


class Heard:
    """A loss that remembers what it was given."""

    def __init__(self):
        self.labels, self.weights, self.rows = [], [], []

    def __call__(self, output, target, temperature, labels, weight=None):
        self.labels.append(labels)
        self.weights.append(weight)
        self.rows.append(target)
        return kl(output, target, temperature)


@pytest.mark.parametrize("alpha", [1.0, 0.5])
def test_a_users_loss_gets_labels_and_weights(few, iris_forest, alpha):
    """The label where there is one, the teacher's likeliest class elsewhere."""
    X, y = few
    heard, weight = Heard(), np.linspace(0.1, 1.9, 38)
    student = NeuralStudentClassifier(
        iris_forest, loss=heard, alpha=alpha, max_epochs=2, batch_size=999
    )
    student.fit(X, (y + 1) % 3, sample_weight=weight, X_transfer=X[:30])
    labels, target, weights = heard.labels[0], heard.rows[0], heard.weights[0]
    assert labels.dtype == torch.int64 and labels.shape == (68,)
    likeliest = target.argmax(dim=1)
    assert (labels[:38] == (likeliest[:38] + 1) % 3).float().mean() > 0.95
    np.testing.assert_array_equal(labels[38:], likeliest[38:])
    assert sorted(labels[:38].tolist()) == sorted((y + 1) % 3)
    assert weights.mean().item() == pytest.approx(1) and weights.std() > 0.3
    assert student.predict(X[:1]).shape == (1,)


def test_without_labels_the_teacher_says_the_class(iris, iris_forest):
    X, _ = iris
    heard = Heard()
    NeuralStudentClassifier(iris_forest, loss=heard, max_epochs=1).fit(X)
    for labels, target in zip(heard.labels, heard.rows, strict=True):
        np.testing.assert_array_equal(labels, target.argmax(dim=1))


def test_what_is_watched_hears_no_labels(few, iris_forest):
    """The teacher may know the labels of held out rows by heart."""
    X, y = few
    heard = Heard()
    NeuralStudentClassifier(
        iris_forest,
        loss=heard,
        transfer=None,
        early_stopping=True,
        max_epochs=1,
        batch_size=999,
    ).fit(X, (y + 1) % 3)
    taught, watched = heard.labels
    assert len(taught) == 34 and len(watched) == 4
    np.testing.assert_array_equal(watched, heard.rows[1].argmax(dim=1))


def test_labels_of_several_targets_and_parts():
    X, Y = make_multilabel_classification(40, 5, n_classes=2, random_state=0)
    heard = Heard()
    P = np.full((40, 2), 0.3)
    student = NeuralStudentClassifier(loss=heard, max_epochs=1, batch_size=999)
    student.fit(X, Y, teacher_output=P)
    first, second = heard.labels
    assert [first.sum().item(), second.sum().item()] == Y.sum(axis=0).tolist()
    student.partial_fit(X[:20], Y[:20], teacher_output=P[:20])
    assert len(heard.labels[-1]) == 20


def test_dkd_learns_by_the_labels(few, iris_forest):
    """A partial of it is it, with other parameters, and labels reach it."""
    X, y = few

    def proba(loss, y):
        student = NeuralStudentClassifier(
            iris_forest, loss=loss, max_epochs=5, random_state=0
        )
        return student.fit(X, y).predict_proba(X)

    named = proba("dkd", y)
    np.testing.assert_allclose(proba(partial(dkd, beta=8.0), y), named, atol=1e-5)
    assert np.abs(proba(partial(dkd, beta=0.0), y) - named).max() > 0.05
    assert np.abs(proba("dkd", (y + 1) % 3) - named).max() > 0.05
    np.testing.assert_array_equal(proba("kl", (y + 1) % 3), proba("kl", y))


def test_a_partial_of_dist_is_scaled_too(iris, iris_forest):
    student = NeuralStudentClassifier(
        iris_forest, loss=partial(dist, gamma=2.0), max_epochs=5
    )
    assert student.fit(*iris).output_scale_ > 0


def test_label_smoothing_is_refused_where_labels_do_not_count(iris, iris_forest):
    X, y = iris
    student = NeuralStudentClassifier(iris_forest, label_smoothing=0.1, max_epochs=1)
    with pytest.raises(ValueError, match=r"label_smoothing=0\.1 has no effect"):
        student.fit(X, y)
    student.set_params(alpha=0.5).fit(X, y)
    student.set_params(teacher=None, alpha=1.0).fit(X, y)
    P = iris_forest.predict_proba(X)
    with pytest.raises(ValueError, match="lower alpha"):
        student.fit(X, y, teacher_output=P)
    with pytest.raises(ValueError, match="label_smoothing"):
        student.set_params(label_smoothing=1.0).fit(X, y)


def test_histories_of_parts_survive_a_pickle():
    X, y = load_iris(return_X_y=True)
    student = NeuralStudentClassifier(max_epochs=2, random_state=0).fit(X, y)
    student.partial_fit(X, y).partial_fit(X, y)
    twin = pickle.loads(pickle.dumps(student))
    assert len(twin.history_) == 4 and len(twin.net_.history) == 1
    assert twin.history_ == student.history_
    twin.partial_fit(X, y)
    assert len(twin.history_) == 5


ONCE = {"max_epochs": 1, "transfer": None, "random_state": 0}


@pytest.mark.parametrize("Student", CLASSIFIERS)
def test_parts_teach_a_student_that_drops_its_teacher(few, iris_forest, Student):
    X, y = few
    options = {"keep_teacher": False, **ONCE}
    student = Student(iris_forest, **options).partial_fit(X, y).partial_fit(X, y)
    Student(iris_forest, **options).fit(X, y).partial_fit(X, y)
    assert student.teacher is iris_forest and not hasattr(student, "teacher_")
    kept = Student(iris_forest, **ONCE).partial_fit(X, y).partial_fit(X, y)
    np.testing.assert_array_equal(student.predict_proba(X), kept.predict_proba(X))
    warm = Student(iris_forest, warm_start=True, **options).fit(X, y).fit(X, y)
    assert warm.teacher is iris_forest


@pytest.mark.parametrize("Student", CLASSIFIERS)
@pytest.mark.parametrize("is_fitted", [True, False])
def test_parts_of_a_pickle_without_its_teacher(few, iris_forest, Student, is_fitted):
    X, y = few
    teacher = iris_forest if is_fitted else clone(iris_forest)
    student = Student(teacher, keep_teacher=False, **ONCE).fit(X, y)
    back = pickle.loads(pickle.dumps(student))
    before = back.predict_proba(X)
    for given in ({}, {"teacher_output": iris_forest.predict_proba(X)}):
        with pytest.raises(ValueError, match=r"teacher was left out .*teacher=None"):
            back.partial_fit(X, y, **given)
    np.testing.assert_array_equal(back.predict_proba(X), before)
    back.set_params(teacher=iris_forest).partial_fit(X, y)
    back.set_params(teacher=None).partial_fit(X, y, **given)
    assert (back.predict_proba(X) != before).any()


def test_a_pruned_tree_has_the_teacher_of_its_original(few, iris_forest):
    X, y = few
    tree = SoftDecisionTreeClassifier(iris_forest, keep_teacher=False, **ONCE)
    pruned = tree.fit(X, y).prune(X, max_leaf_nodes=2)
    assert pruned.teacher is iris_forest


@pytest.mark.parametrize("Student", CLASSIFIERS)
def test_errors_of_later_parts_speak_of_partial_fit(Student):
    X = np.arange(24.0).reshape(12, 2)
    y = np.arange(12) % 2
    begun = Student(**ONCE).partial_fit(X, y)
    new = "partial_fit goes on with the classes .0, 1., and now there are .*`classes`"
    with pytest.raises(ValueError, match=new):
        begun.partial_fit(X, np.arange(12) % 3)
    with pytest.raises(ValueError, match=new):
        Student(**ONCE).fit(X, y).partial_fit(X, np.arange(12) % 3)
    for labels in (np.where(y, "a", "b"), np.stack([y, 1 - y], axis=1)):
        with pytest.raises(ValueError, match=r"partial_fit goes on .*0, 1"):
            begun.partial_fit(X, labels)
    with pytest.raises(ValueError, match=r"first call, \[0, 1\]: .*from the start"):
        begun.partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="one class only.*partial_fit.*`classes`"):
        Student(**ONCE).partial_fit(X, 0 * y)
    Student(**ONCE).partial_fit(X, 0 * y, classes=[0, 1]).partial_fit(X, y)
    warm = Student(warm_start=True, **ONCE).fit(X, y)
    with pytest.raises(ValueError, match="^warm_start=True goes on with the classes"):
        warm.fit(X, np.arange(12) % 3)


@pytest.mark.parametrize("Student", CLASSIFIERS)
def test_parts_leave_the_parameters_as_they_were_set(few, iris_forest, Student):
    (X, y), error = few, None

    def teacher(rows):
        if error is not None:
            raise error
        return iris_forest.predict_proba(rows)

    options = {"max_epochs": 7, "lr_schedule": "cosine", "early_stopping": True}
    random = np.random.RandomState(0)
    student = Student(teacher, transfer="auto", random_state=random, **options)
    params = student.get_params(deep=False)
    student.partial_fit(X, y, classes=[0, 1, 2]).partial_fit(X, y)
    assert student.get_params(deep=False) == params and student.n_iter_ == 2
    before = dict(vars(student))
    for error in (ZeroDivisionError(), KeyboardInterrupt()):
        with pytest.raises(type(error)):
            student.partial_fit(X, y)
        assert vars(student).keys() == before.keys()
        assert all(vars(student)[name] is before[name] for name in before)
    error = None
    assert student.partial_fit(X, y).n_iter_ == 3
    student.set_params(warm_start=True, early_stopping=False)
    with pytest.raises(ValueError, match="^warm_start=True goes on with the classes"):
        student.fit(X, y + 1)
    assert student.fit(X, y).n_iter_ == 7


def test_errors_of_later_parts_name_other_parameters_and_targets():
    X = np.arange(24.0).reshape(12, 2)
    values = NeuralStudentRegressor(numeric_embedding=None, **ONCE)
    values.partial_fit(X, X[:, 0])
    with pytest.raises(ValueError, match="partial_fit goes on with 1 targets"):
        values.partial_fit(X, X)
    for changed in ({"hidden_layer_sizes": (3,)}, {"numeric_embedding": "periodic"}):
        student = clone(values).partial_fit(X, X[:, 0]).set_params(**changed)
        with pytest.raises(ValueError, match="^partial_fit goes on with the"):
            student.partial_fit(X, X[:, 0])
