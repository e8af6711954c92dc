"""Which columns speak for a net's answer."""

import re

import numpy as np
import pandas as pd
import pytest
import torch
from pages import LABELS, TARGETS, VALUES, X, Y
from printed_trees import as_number
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdistill import (
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    explain,
    importances,
)
from skdistill.inspection.integrated import integrated_gradients

HIGH = np.where(Y == "high", "Yes", "No")
FEW = {"max_epochs": 8, "transfer": None, "random_state": 0}
SMALL = {"hidden_layer_sizes": (64, 64), **FEW}
NETS = {
    "kinks": NeuralStudentClassifier(**SMALL),
    "smooth": NeuralStudentClassifier(
        numeric_embedding=None, activation="tanh", clip=3.0, **SMALL
    ),
    "waves": NeuralStudentClassifier(numeric_embedding="periodic", **SMALL),
    "members": NeuralStudentClassifier(n_members=3, dropout=0.1, **SMALL),
    "scaled": NeuralStudentClassifier(loss="dist", **SMALL),
    "own": NeuralStudentClassifier(module=torch.nn.Linear, **FEW),
}

MORE = ("members", "waves", "scaled", "own")


def blocks_of(text):
    """For each answer: of the average row, of the columns, of this row."""
    found, parts = [], None
    for line in text.splitlines():
        name, _, said = line.rpartition(": ")
        if line.startswith("average row: "):
            first, parts = said, {}
        elif line.startswith("this row: "):
            found.append((first, parts, said))
        else:
            parts[name] = as_number(re.match(r"[+-][\d.,]+", said)[0])
    return found


def log_odds(said):
    return float(said.rpartition("log odds ")[2])


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if name in MORE else ())
        for name in NETS
    ],
)
def test_parts_add_up_to_the_answer(name):
    teacher = "dist" in repr(NETS[name].loss)
    y = {"teacher_output": np.eye(2)[(HIGH == "Yes") * 1]} if teacher else {}
    net = NETS[name].fit(X, HIGH, **y)
    for i in range(3):
        text = explain(net, X[i : i + 1], max_terms=None, digits=8)
        ((first, parts, last),) = blocks_of(text)
        p = net.predict_proba(X[i : i + 1])[0, 1]
        assert log_odds(last) == pytest.approx(np.log(p / (1 - p)), abs=1e-6)
        total = log_odds(first) + sum(parts.values())
        # Single precision, in which users' modules answer, has fewer digits.
        assert log_odds(last) == pytest.approx(
            total, abs=1e-6 if name != "own" else 1e-4
        )
        assert len(parts) == X.shape[1]


def test_columns_that_speak_most_come_first_and_the_others_are_summed():
    net = NETS["kinks"].fit(X, HIGH)
    ((_, parts, _),) = blocks_of(explain(net, X[:1], max_terms=None, digits=6))
    sizes = np.abs(list(parts.values()))
    assert (np.diff(sizes) <= 1e-9).all()
    text = explain(net, X[:1], digits=6)
    ((_, few, last),) = blocks_of(text)
    assert list(few)[:3] == list(parts)[:3] and list(few)[3] == "2 other columns"
    assert few["2 other columns"] == pytest.approx(sum([*parts.values()][3:]), abs=1e-4)
    assert last.startswith("Yes ")
    for column, value in parts.items():
        side = "against" if value < 0 else "for"
        assert column not in few or f"{column}: {value:+.5f}, {side} Yes\n" in text


def test_what_the_row_holds_is_said_in_the_columns_own_words():
    net = NETS["kinks"].fit(X, HIGH)
    gap = X[X.age.isna() & X.plan.isna()][:1]
    said = explain(net, gap, max_terms=None)
    assert "\nage is missing: " in said and "\nplan is missing: " in said
    row = X[X.plan.eq("plus") & X.age.notna()][:1]
    said = explain(net, row, max_terms=None)
    assert "\nplan = plus: " in said and f"\nage = {row.age.iloc[0]:g}: " in said
    assert explain(net, row.iloc[0], max_terms=None) == said


def test_terms_of_a_column_are_one():
    net = NETS["kinks"].fit(X, HIGH)
    z = np.asarray(net._view(X[:1]), dtype=float)
    parts, _, _ = integrated_gradients(
        lambda rows: net._slopes(rows, 1), np.zeros(z.shape[1]), z, 1e-9
    )
    ((_, told, _),) = blocks_of(explain(net, X[:1], max_terms=None, digits=7))
    for j, name in enumerate(X.columns):
        terms = [k for k, t in enumerate(net.preprocessor_.terms_) if t.column == j]
        (value,) = (told[key] for key in told if key.startswith(f"{name} "))
        assert value == pytest.approx(parts[0, terms].sum(), abs=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("scaled", [False, True])
def test_a_linear_net_gives_its_weights_times_the_way(scaled):
    random = np.random.default_rng(0)
    rows = random.normal(3, 2, size=(200, 3))
    y = 100 + rows @ [30.0, 0.0, -10.0]
    view = "auto" if scaled else None
    net = NeuralStudentRegressor(module=torch.nn.Linear, preprocessor=view, **FEW)
    net.fit(rows, y)
    net.module_.weight.data[:, 1] = 0
    ways = rows[:9] - rows.mean(axis=0)
    slope = [net.predict(rows[:9] + 1.0 * (np.arange(3) == j)) for j in range(3)]
    wanted = ways * (np.array(slope) - net.predict(rows[:9])).T
    for row, parts in zip(rows, wanted, strict=False):
        ((first, told, last),) = blocks_of(explain(net, row, max_terms=None, digits=9))
        for j in range(3):
            (value,) = (told[k] for k in told if k.startswith(f"feature_{j} = "))
            assert value == pytest.approx(parts[j], rel=1e-3, abs=1e-3)
        assert as_number(last) == pytest.approx(net.predict([row])[0], rel=1e-6)
        total = as_number(first) + sum(told.values())
        assert as_number(last) == pytest.approx(total, rel=1e-5)
    share = importances(net, rows)
    assert share[1] == 0 and share.sum() == pytest.approx(1)
    size = np.abs(rows - rows.mean(axis=0)).mean(axis=0) * np.abs(wanted / ways)[0]
    np.testing.assert_allclose(share, size / size.sum(), atol=1e-3)


def test_several_classes_labels_targets_and_values():
    net = NeuralStudentClassifier(**FEW)
    ((first, _, last),) = blocks_of(explain(net.fit(X, Y), X[:1], digits=7))
    likeliest = net.predict(X[:1])[0]
    assert last.startswith(f"{likeliest} ") and first.startswith(f"{likeliest} ")
    p = net.predict_proba(X[:1]).max()
    assert log_odds(last) == pytest.approx(np.log(p / (1 - p)), rel=1e-4, abs=1e-5)
    text = explain(net.fit(X, LABELS), X[:1], class_names=["a", "b", "c"])
    assert [line.split()[2] for line in text.splitlines() if "this row" in line] == [
        *"abc"
    ]
    text = explain(net.fit(X, TARGETS), X[:1])
    assert "\nthis row: target_0: " in text and "\nthis row: target_1: " in text
    both = np.column_stack([VALUES, -VALUES])
    for y, quantiles, n in ((both, None, 2), (VALUES, [0.1, 0.5, 0.9], 3)):
        values = NeuralStudentRegressor(quantiles=quantiles, **FEW).fit(X, y)
        blocks = blocks_of(explain(values, X[:1], max_terms=None, digits=9))
        answers = values.predict(X[:1])[0]
        assert len(blocks) == n
        for (first, parts, last), answer in zip(blocks, answers, strict=True):
            assert as_number(last) == pytest.approx(answer, rel=1e-7)
            total = as_number(first) + sum(parts.values())
            assert as_number(last) == pytest.approx(total, rel=1e-5, abs=1e-2)


def test_it_explains_what_the_net_answers_now():
    net = NeuralStudentClassifier(**FEW).fit(X, Y).adjust_class_prior([0.9, 0.05, 0.05])
    ((first, parts, last),) = blocks_of(explain(net, X[:1], max_terms=None, digits=8))
    p = net.predict_proba(X[:1]).max()
    assert log_odds(last) == pytest.approx(np.log(p / (1 - p)), rel=1e-5, abs=1e-6)
    total = log_odds(first) + sum(parts.values())
    assert log_odds(last) == pytest.approx(total, abs=1e-6)


class Jumping(torch.nn.Module):
    """A net with a jump."""

    def __init__(self, n_inputs, n_outputs):
        super().__init__()
        self.linear = torch.nn.Linear(n_inputs, n_outputs)

    def forward(self, x):
        x += 0.0  # in place, which is its own business
        return self.linear(x) + 2 * torch.sign(x[:, :1])


@pytest.mark.slow
def test_what_no_slope_tells_is_said():
    rows = np.random.default_rng(0).normal(size=(100, 2))
    net = NeuralStudentRegressor(module=Jumping, preprocessor=None, **FEW)
    net.fit(rows, rows[:, 0] * 7)
    text = explain(net, np.abs(rows[0]) + 1, digits=6)
    ((first, parts, last),) = blocks_of(text)
    assert abs(parts["jumps, of which no slope tells"]) > 1
    total = as_number(first) + sum(parts.values())
    assert as_number(last) == pytest.approx(total, rel=1e-3)


def test_shares_of_a_net_whose_kinks_are_known():
    def net(x):
        hinge = x[:, 0] > 1
        return np.where(hinge, x[:, 0] - 1, 0) + x[:, 1], np.column_stack(
            [hinge, np.ones(len(x))]
        ).astype(float)

    ends = np.array([[3.0, 1.0], [0.5, -1.0], [0.0, 0.0]])
    shares, first, last = integrated_gradients(net, np.zeros(2), ends, 1e-9)
    np.testing.assert_allclose(shares, [[2, 1], [0, -1], [0, 0]], atol=1e-9)
    assert first == 0 and last.tolist() == [3, -1, 0]


def test_of_a_pipeline_the_net_is_explained_on_rows_as_it_sees_them():
    rows = X[["income", "is new"]].astype(float)
    pipe = make_pipeline(StandardScaler(), NeuralStudentClassifier(**FEW)).fit(
        rows, HIGH
    )
    seen = pipe[:-1].transform(rows[:1])
    alone = explain(pipe[-1], seen, feature_names=list(rows))
    assert explain(pipe, rows[:1]) == alone
    np.testing.assert_array_equal(
        importances(pipe, rows), importances(pipe[-1], pipe[:-1].transform(rows))
    )


def test_the_average_row_of_a_view_of_the_users():
    rows = pd.DataFrame({"a": [1.0, 2, 3, 6] * 20, "b": [0.0, 1] * 40})
    weight = np.tile([1.0, 1.0, 1.0, 0.0], 20)
    y = ["n", "y", "y", "n"] * 20
    for view in (None, StandardScaler(with_mean=False)):
        net = NeuralStudentClassifier(preprocessor=view, **FEW)
        net.fit(rows, y, sample_weight=weight)
        middle = pd.DataFrame({"a": [2.0], "b": [1 / 3]})
        ((first, parts, last),) = blocks_of(explain(net, middle, digits=6))
        assert log_odds(first) == pytest.approx(log_odds(last), abs=1e-4)
        assert max(map(abs, parts.values())) < 1e-4


def test_what_is_no_row_is_refused():
    net = NeuralStudentClassifier(**FEW).fit(X, HIGH)
    with pytest.raises(ValueError, match="x has 3 rows: give one"):
        explain(net, X[:3])
    with pytest.raises(ValueError, match="feature_names has 1 names"):
        explain(net, X[:1], feature_names=["a"])
