"""Nets as headers of C, compiled and compared with their student."""

import json

import numpy as np
import pytest
from c_cells import CELLS, DTYPES, cell, needs_compiler, proven_in_c, table
from exported import FEW, SMALL
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from skdistill import NeuralStudentClassifier, NeuralStudentRegressor, Periodic
from skdistill.export import to_c

pytestmark = needs_compiler

CLASSIFIERS = {
    **{
        name: {"activation": name}
        for name in ("gelu", "silu", "tanh", "logistic", "identity")
    },
    "two layers": {"hidden_layer_sizes": (9, 5)},
    "no layer": {"hidden_layer_sizes": ()},
    "plain": {"numeric_embedding": None},
    "waves": {"numeric_embedding": Periodic(3)},
    "clipped": {"clip": 2.0},
    "members": {"n_members": 3},
    "wavy members": {"n_members": 2, "numeric_embedding": Periodic(3)},
    "no layer of members": {"n_members": 2, "hidden_layer_sizes": ()},
}


@pytest.mark.slow  # on more cases what test_matrix.py shows
@pytest.mark.parametrize(("task", "kind"), CELLS)
def test_a_cell_of_the_matrix(task, kind, tmp_path):
    proven_in_c(*cell("net", task, kind), tmp_path, DTYPES[kind])


@pytest.mark.slow  # on more cases what other tests show
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_every_form_of_a_net(name, tmp_path):
    X = table("frame")
    y = np.digitize(X["income"], [0.5, 2])
    options = {**SMALL, **CLASSIFIERS[name]}
    proven_in_c(NeuralStudentClassifier(**options).fit(X, y), X, tmp_path)


@pytest.mark.slow
def test_members_of_quantiles_and_several_targets(tmp_path):
    X = table("array")
    options = {"n_members": 2, "hidden_layer_sizes": (6,), **FEW}
    quantiles = NeuralStudentRegressor(quantiles=[0.2, 0.8], **options).fit(X, X[:, 0])
    proven_in_c(quantiles, X, tmp_path)
    several = np.column_stack([X[:, 0] > 0, np.digitize(X[:, 1], [-1, 1])])
    proven_in_c(NeuralStudentClassifier(**options).fit(X, several), X, tmp_path)


def test_a_scale_of_the_outputs(tmp_path):
    X, y = load_iris(return_X_y=True)
    teacher = LogisticRegression(max_iter=1000)
    student = NeuralStudentClassifier(teacher, loss="dist", **SMALL).fit(X, y)
    proven_in_c(student, X, tmp_path)


def test_an_adjusted_prior(tmp_path):
    X, y = load_iris(return_X_y=True)
    student = NeuralStudentClassifier(**SMALL).fit(X, y)
    before = to_c(student, tmp_path / "before.h")
    student.adjust_class_prior([0.9, 0.05, 0.05])
    proven_in_c(student, X, tmp_path)
    assert before["labels_that_differ"] == 0
    text = (tmp_path / "student_double.h").read_text()
    assert "shift[3]" in text
    assert "shift[3]" not in (tmp_path / "before.h").read_text()


@pytest.mark.slow
def test_how_long_a_row_takes_and_what_it_needs(tmp_path):
    random = np.random.default_rng(0)
    X = random.normal(size=(300, 20))
    net = NeuralStudentClassifier(
        hidden_layer_sizes=(64, 64), numeric_embedding="piecewise_linear", **FEW
    ).fit(X, X[:, 0] > 0)
    proof = to_c(net, tmp_path / "net.h")
    assert proof["seconds_for_one_row"] < 1e-4  # 2 us; a busy machine is slower
    assert proof["stack_bytes"] < 4096
    text = (tmp_path / "net.h").read_text()
    (line,) = (line for line in text.splitlines() if line.startswith(" * skdistill"))
    stored = json.loads(line.removeprefix(" * skdistill "))["proof"]
    assert stored.items() <= proof.items()
    wide = NeuralStudentClassifier(hidden_layer_sizes=(5000,), max_epochs=1)
    wide.fit(X[:40, :1], X[:40, 0] > 0)
    assert to_c(wide, tmp_path / "wide.h")["stack_bytes"] > 1 << 15
