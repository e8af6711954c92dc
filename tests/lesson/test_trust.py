"""How alpha and temperature are chosen."""

from functools import partial

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import (
    make_classification,
    make_multilabel_classification,
)
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold
from skorch.callbacks import Callback

from skdistill import (
    Mixup,
    NeuralStudentClassifier,
    SoftDecisionTreeClassifier,
    soft_targets,
)
from skdistill.lesson import trust
from skdistill.lesson.knowledge import Knowledge
from skdistill.lesson.trust import TEMPERATURES, best_setting, split_rows
from skdistill.losses import kl

STUDENTS = [
    NeuralStudentClassifier,
    partial(SoftDecisionTreeClassifier, max_depth=3),
    partial(SoftDecisionTreeClassifier, max_depth=3, loss="dist"),
    partial(NeuralStudentClassifier, loss="dist"),
]
BOTH = STUDENTS[:2]


@pytest.fixture(scope="module")
def task():
    X, y = make_classification(
        400, 6, n_informative=5, n_redundant=0, n_classes=3, random_state=0
    )
    teacher = RandomForestClassifier(20, random_state=0).fit(X[:200], y[:200])
    return teacher, (X[:200], y[:200]), (X[200:], y[200:])


class Counting(torch.optim.SGD):
    steps = 0

    def step(self, closure=None):
        Counting.steps += 1
        return super().step(closure)


@pytest.mark.parametrize("Student", BOTH)
@pytest.mark.parametrize(
    "max_epochs", [1, 2, 6, *(pytest.param(n, marks=pytest.mark.slow) for n in (3, 8))]
)
def test_it_costs_no_more_than_two_fits(task, Student, max_epochs):
    teacher, (X, y), (X_val, y_val) = task
    options = {"optimizer": Counting, "max_epochs": max_epochs, "random_state": 0}
    steps = {}
    for temperature in (2.0, "auto"):
        for given in ({}, {"X_val": X_val, "y_val": y_val}):
            Counting.steps = 0
            student = Student(teacher, temperature=temperature, **options)
            student.fit(X, y, **given)
            steps[temperature, len(given)] = Counting.steps
            assert student.n_iter_ == len(student.history_) == max_epochs
    assert student.temperature == "auto" and student.temperature_ in TEMPERATURES
    is_tried = max_epochs > 1
    for n in (0, 2):
        assert steps[2.0, n] <= steps["auto", n] <= 2 * steps[2.0, n]
        assert is_tried == (steps["auto", n] > steps[2.0, n])


@pytest.mark.parametrize("Student", STUDENTS)
@pytest.mark.parametrize("labels", [True, False])
def test_short_runs_are_scored_at_1_as_the_final_student_is(
    task, Student, labels, monkeypatch
):
    teacher, (X, y), (X_val, y_val) = task
    seen = []

    def spy(losses, weight):
        seen.append(losses)
        return best_setting(losses, weight)

    monkeypatch.setattr(trust, "best_setting", spy)
    given = {"X_val": X_val, **({"y_val": y_val} if labels else {})}
    auto = Student(teacher, temperature="auto", transfer=None, random_state=0)
    auto.set_params(max_epochs=9).fit(X, y, **given)
    (losses,) = seen
    assert auto.temperature_ == best_setting(losses, np.ones(len(X_val))).temperature
    P = soft_targets(teacher, X_val)
    for (_, temperature), of_rows in losses.items():
        short = clone(auto).set_params(temperature=temperature, max_epochs=2).fit(X, y)
        log_q = short.predict_log_proba(X_val)
        expected = (P * (np.log(P) - log_q)).sum(axis=1)
        if labels:
            expected = -log_q[np.arange(len(y_val)), y_val]
        # Trained side by side they are the same but for rounding.
        np.testing.assert_allclose(of_rows, expected, rtol=2e-3, atol=1e-6)
    final = clone(auto).set_params(temperature=auto.temperature_).fit(X, y, **given)
    np.testing.assert_array_equal(final.predict_proba(X), auto.predict_proba(X))


@pytest.mark.parametrize("Student", BOTH)
@pytest.mark.parametrize("params", [{}, {"cv": 3}, {"transfer": Mixup(2.0)}])
def test_same_seed_same_bits(task, Student, params):
    teacher, (X, y), _ = task
    auto = Student(teacher, temperature="auto", max_epochs=4, random_state=0, **params)
    first, again = auto.fit(X, y), clone(auto).fit(X, y)
    np.testing.assert_array_equal(first.predict_proba(X), again.predict_proba(X))
    fixed = clone(auto).set_params(temperature=first.temperature_).fit(X, y)
    np.testing.assert_array_equal(first.predict_proba(X), fixed.predict_proba(X))


@pytest.mark.filterwarnings("ignore:teacher does not agree:UserWarning")
def test_labels_that_the_teacher_may_have_seen_choose_nothing(task, monkeypatch):
    teacher, (X, y), _ = task
    seen = []

    def spy(losses, weight):
        seen.append(np.stack(list(losses.values())))
        return best_setting(losses, weight)

    monkeypatch.setattr(trust, "best_setting", spy)
    other = np.random.default_rng(0).permutation(y)
    student = NeuralStudentClassifier(
        teacher, temperature="auto", max_epochs=8, random_state=0
    )
    P = [student.fit(X, labels).predict_proba(X) for labels in (y, other)]
    np.testing.assert_array_equal(seen[0], seen[1])
    np.testing.assert_array_equal(P[0], P[1])


def knowledge(unseen, parents, n=40, only_transfer=False):
    random = np.random.default_rng(0)
    total = n + len(parents)
    log_p = np.log(random.dirichlet(np.ones(3), size=total))
    weight = random.uniform(1, 2, total)
    weight[:n][::7] = 0.0
    if only_transfer:
        weight[:n] = 0.0
    labels = random.integers(0, 3, (n, 1))
    return Knowledge(
        log_p, None, weight, np.ones(n), parents, 2.0, labels=labels, unseen=unseen
    ).balanced()


@pytest.mark.parametrize("only_transfer", [False, True])
@pytest.mark.parametrize("unseen", [False, True])
def test_held_out_rows_teach_nothing(unseen, only_transfer):
    if only_transfer and unseen:
        pytest.skip("folds always answer for rows of X")
    n, strata = 40, np.arange(40) % 2
    parents = np.concatenate(
        [
            np.stack([np.arange(40), np.roll(np.arange(40), 1)], axis=1),
            np.full((30, 2), -1),
        ]
    )
    whole = knowledge(unseen, parents, n, only_transfer)
    parts = split_rows(whole, strata, np.random.RandomState(0), "a test")
    weight = dict(zip(parts.train, parts.train_knowledge.soft_weight, strict=True))
    assert not any(weight.get(row, 0.0) for row in parts.held)
    of_X = parts.held[parts.held < n]
    assert len(of_X) == (0 if only_transfer else 7)  # a fifth of those that count
    made_from = (np.isin(parents, of_X)).any(axis=1)
    assert not any(weight[n + row] for row in np.flatnonzero(made_from))
    own = parts.train_knowledge.soft_weight[: parts.train_knowledge.n_labelled].sum()
    assert only_transfer or np.isclose(
        parts.train_knowledge.soft_weight[parts.train_knowledge.n_labelled :].sum(),
        2 * own,
    )
    if unseen:
        np.testing.assert_array_equal(
            parts.held_knowledge.hard, whole.labels[parts.held]
        )
        assert (parts.held < n).all() and parts.held_knowledge.soft is None
        assert whole.soft_weight[parts.held].all()  # no clone answered for the others
    else:
        np.testing.assert_array_equal(parts.held_knowledge.soft, whole.soft[parts.held])
        assert parts.held_knowledge.hard is None
        orphans = parts.held[parts.held >= n + 40]
        assert len(orphans) == 6


def test_only_folds_let_labels_choose(task, monkeypatch):
    _, (X, y), _ = task
    seen = []

    def spy(*given):
        seen.append(split_rows(*given))
        return seen[-1]

    monkeypatch.setattr(trust, "split_rows", spy)
    folds = [(np.arange(100, 200), np.arange(100))]
    for cv in (folds, None):
        teacher = RandomForestClassifier(5, random_state=0)
        auto = NeuralStudentClassifier(teacher, temperature="auto", cv=cv, max_epochs=4)
        auto.set_params(transfer=None).fit(X, y)
    by_folds, plain = (parts.held_knowledge for parts in seen)
    assert (
        by_folds.soft is None and len(by_folds.hard) == 20
    )  # a fifth of the first 100
    assert plain.hard is None and len(plain.soft) == 40


@pytest.mark.parametrize("Student", BOTH)
def test_a_control_has_no_temperature_to_choose(task, Student):
    teacher, (X, y), _ = task
    options = {"optimizer": Counting, "max_epochs": 4, "random_state": 0}
    for params in ({}, {"teacher": teacher, "alpha": 0.0}):
        Counting.steps = 0
        plain = Student(**params, **options).fit(X, y)
        steps = Counting.steps
        control = Student(**params, temperature="auto", **options).fit(X, y)
        assert control.temperature_ == 1.0 and Counting.steps == 2 * steps
        np.testing.assert_array_equal(control.predict_proba(X), plain.predict_proba(X))
    grid = {"teacher": [None, LogisticRegression()]}
    search = GridSearchCV(
        control.set_params(alpha=1.0), grid, cv=2, error_score="raise"
    )
    assert search.fit(X, y).best_estimator_.temperature_ in TEMPERATURES


@pytest.mark.parametrize("Student", BOTH)
def test_what_cannot_be_chosen_is_refused(task, Student):
    teacher, (X, y), _ = task
    auto = Student(teacher, temperature="auto", max_epochs=4)
    with pytest.raises(ValueError, match="temperature='auto' has no effect with loss="):
        clone(auto).set_params(loss="mse_logits").fit(X, y)
    one_of_each = np.unique(teacher.predict(X), return_index=True)[1]
    with pytest.raises(AttributeError, match="partial_fit"):
        auto.partial_fit(X, y)
    with pytest.raises(
        ValueError, match='temperature="auto" holds out 0 rows of n_samp'
    ):
        clone(auto).fit(X[one_of_each], [0, 1, 2])
    assert not hasattr(auto, "temperature_")
    with pytest.raises(ValueError, match="The 'temperature' parameter of"):
        clone(auto).set_params(temperature="best").fit(X, y)


def test_only_transfer_rows_may_have_soft_targets(task):
    teacher, (X, y), (more, _) = task
    outputs = {"X_transfer": more, "transfer_output": soft_targets(teacher, more)}
    student = NeuralStudentClassifier(temperature="auto", max_epochs=4, random_state=0)
    assert student.fit(X, y, **outputs).temperature_ in TEMPERATURES
    two = {name: rows[:2] for name, rows in outputs.items()}
    with pytest.raises(ValueError, match="holds out 0 of 2 rows with soft targets"):
        student.fit(X, y, **two)


def test_several_labels_have_one_temperature():
    X, Y = make_multilabel_classification(200, 6, random_state=0)
    for cv in (None, KFold(3)):
        student = NeuralStudentClassifier(
            RandomForestClassifier(10, random_state=0),
            temperature="auto",
            teacher_calibration=None if cv is None else "temperature",
            cv=cv,
            max_epochs=4,
            random_state=0,
        ).fit(X, Y)
        assert student.temperature_ in TEMPERATURES
        assert (student.teacher_temperature_ == 1) == (cv is None)


def test_a_warm_start_goes_on_at_its_temperature(task):
    teacher, (X, y), _ = task
    student = NeuralStudentClassifier(
        teacher, temperature=4.0, max_epochs=4, warm_start=True, random_state=0
    ).fit(X, y)
    assert student.set_params(temperature="auto").fit(X, y).temperature_ == 4.0
    auto = clone(student).fit(X, y)
    before = auto.temperature_
    assert auto.set_params(random_state=1).fit(X, y).temperature_ == before


class Listening(Callback):
    epochs = 0

    def on_epoch_end(self, net, **kwargs):
        Listening.epochs += 1


def test_callbacks_and_printing_are_for_the_final_fit_alone(task, capsys):
    teacher, (X, y), _ = task
    Listening.epochs = 0
    NeuralStudentClassifier(
        teacher, temperature="auto", max_epochs=4, callbacks=[Listening()], verbose=2
    ).fit(X, y)
    assert Listening.epochs == 4
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.strip().startswith("epoch") for line in lines) == 1
    assert len(lines) == 2 + 4  # a title, a rule, and one for each epoch


@pytest.mark.parametrize("in_short_run", [True, False])
def test_ctrl_c_in_a_short_run_ends_the_fit(task, in_short_run):
    teacher, (X, y), _ = task
    calls, stop_at = [], [np.inf]

    def loss(output, target, temperature):
        calls.append(temperature)
        if len(calls) == stop_at[0]:
            raise KeyboardInterrupt
        return kl(output, target, temperature)

    student = NeuralStudentClassifier(
        teacher, loss=loss, temperature="auto", max_epochs=12, random_state=0
    ).fit(X, y)
    P, temperature = student.predict_proba(X), student.temperature_
    # in the second short run, whose first epoch is done; in the fit itself, late
    stop_at[0] = len(calls) // 6 if in_short_run else 7 * len(calls) // 8
    calls.clear()
    student.set_params(random_state=1)
    if in_short_run:
        with pytest.raises(KeyboardInterrupt):
            student.fit(X, y)
        assert calls[0] != calls[-1] == 2.0
        assert student.temperature_ == temperature
        np.testing.assert_array_equal(student.predict_proba(X), P)
    else:
        with pytest.warns(UserWarning, match="the student keeps the weights of epoch"):
            student.fit(X, y)
        assert 1 <= student.n_iter_ < 12


def test_the_first_within_one_standard_error_is_chosen():
    random = np.random.default_rng(0)
    base, noise = random.uniform(1, 2, 400), random.normal(size=400)
    noise = (noise - noise.mean()) / noise.std()
    error = 1 / np.sqrt(400)
    for gap, chosen in [(0.9 * error, 1.0), (1.1 * error, 4.0)]:
        losses = {1.0: base + gap + noise, 2.0: base + 9, 4.0: base, 8.0: base + 1e-9}
        assert best_setting(losses, np.full(400, 3.0)) == chosen
    twice = {T: np.repeat(loss, 2) for T, loss in losses.items()}
    none = np.tile([1.0, 0.0], 400)
    assert best_setting(twice, none) == 4.0


def test_auto_beside_early_stopping_and_drawn_rows(iris):
    X, y = iris
    teacher = RandomForestClassifier(5, random_state=0)
    student = NeuralStudentClassifier(
        teacher,
        temperature="auto",
        early_stopping=True,
        transfer="munge",
        max_epochs=8,
        random_state=0,
    ).fit(X, y)
    assert student.temperature_ in (1, 2, 4, 8)
