"""Hard trees in integers: what they promise, and that they keep it."""

import numpy as np
import pytest
from c_cells import cell, compiled, needs_compiler, proven_in_c, said, table
from exported import SMALL
from sklearn.datasets import load_iris

from skdistill import HardDecisionTreeClassifier, NeuralStudentClassifier
from skdistill.export import to_c, verify
from skdistill.export.arrays import predictor_of
from skdistill.export.c.fixed import quanta_of
from skdistill.export.c.reading import read_engine

pytestmark = needs_compiler


@pytest.mark.parametrize("dtype", ["int16", "int32"])
@pytest.mark.parametrize(
    ("task", "kind"),
    [
        ("two", "frame"),
        ("five", "array"),
        ("labels", "frame"),
        ("targets", "as it is"),
        ("value", "frame"),
        ("values", "array"),
    ],
)
def test_a_cell_of_the_matrix(task, kind, dtype, tmp_path):
    student, X = cell("hard", task, kind)
    proof = to_c(student, tmp_path / "tree.h", dtype=dtype, X=X)
    assert proof["labels_that_differ"] in (0, None)
    assert verify(tmp_path / "tree.h", student, X)["rows"] == proof["rows"]


@pytest.mark.parametrize("dtype", ["int16", "int32"])
def test_only_numbers_less_than_a_quantum_above_a_threshold_go_another_way(
    dtype, tmp_path
):
    X, y = load_iris(return_X_y=True)
    tree = HardDecisionTreeClassifier(max_leaf_nodes=8).fit(X, y)
    to_c(tree, tmp_path / "tree.h", dtype=dtype)
    engine = read_engine(tmp_path / "tree.h", predictor_of(tree))
    quanta = {j: 1 / factor for j, _, factor in engine.about["quanta"]}
    arrays = predictor_of(tree).arrays
    asks = arrays["children_left"] >= 0
    rows, is_free = [], []
    pairs = zip(arrays["feature"][asks], arrays["threshold"][asks], strict=True)
    for j, t in pairs:
        for shift in (-1e-9, 0, 0.5, 1.0, 1.001):
            row = X[60].copy()
            row[j] = t + shift * quanta[j]
            rows.append(row)
            is_free.append(shift == 0.5)
    rows, is_free = np.array(rows), np.array(is_free)
    _, _, labels = engine.run(list(rows.T))
    differs = tree.classes_[labels[:, 0]] != tree.predict(rows)
    assert not differs[~is_free].any()
    assert differs[is_free].any()
    meant = np.column_stack(engine.meant(list(rows.T)))
    np.testing.assert_array_equal(tree.classes_[labels[:, 0]], tree.predict(meant))


def test_outputs_are_whole_parts_of_65535(tmp_path):
    student, X = cell("hard", "five", "array")
    to_c(student, tmp_path / "tree.h", dtype="int16")
    engine = read_engine(tmp_path / "tree.h", predictor_of(student))
    _, outputs, _ = engine.run(list(X.T))
    np.testing.assert_allclose(outputs, student.predict_proba(X), atol=0.51 / 65535)


def test_no_floating_point_unless_asked_for(tmp_path):
    X = table("frame")[["age */", "plan"]]
    tree = HardDecisionTreeClassifier(max_leaf_nodes=4)
    tree.fit(X, X["age */"].fillna(0) > 0)
    to_c(tree, tmp_path / "tree.h", dtype="int16")
    program = compiled(
        tmp_path,
        '#include <stdio.h>\n#include "tree.h"\n'
        "int main(void) {\n"
        "    int16_t x[tree_N_COLUMNS] = {0};\n"
        "    uint16_t out[tree_N_OUTPUTS];\n"
        "    x[tree_at_plan] = tree_code_plan(0);\n"
        '    printf("%d ", tree_predict(x, out));\n'
        "    x[tree_at_age] = 30000;\n"
        '    printf("%d ", tree_label(x));\n'
        "    x[tree_at_age] = tree_INFINITY;\n"
        '    printf("%d ", tree_label(x));\n'
        "    x[tree_at_age] = tree_MISSING;\n"
        "    x[tree_at_plan] = 99;\n"
        '    printf("%d\\n", tree_label(x));\n'
        "    return 0;\n}\n",
    )
    assert said(program) == "0 1 -2 -3\n"
    text = (tmp_path / "tree.h").read_text()
    plain = text.partition("#ifndef tree_H")[2].partition(
        "#ifdef tree_WITH_DOUBLES\n/*"
    )[0]
    assert "double" not in plain


def test_thresholds_stay_apart_or_are_refused(tmp_path):
    far = quanta_of([1e6, 1e6 + 1], 0.0, 16, "x")
    assert len(set(far.places([1e6, 1e6 + 1]))) == 2
    assert far.offset
    near = quanta_of([-3.0, 2.5], 40.0, 16, "x")
    assert near.offset == 0
    assert near.places(39.0) < 2**15 - 1
    X = np.concatenate([np.arange(60.0), [1e9, 2e9, 3e9]])[:, None]
    y = np.isin(np.arange(63), [20, 21, 22, 61])
    tree = HardDecisionTreeClassifier(max_leaf_nodes=6).fit(X, y)
    with pytest.raises(ValueError, match=r"the thresholds .* of column .*feature_0"):
        to_c(tree, tmp_path / "tree.h", dtype="int16")
    assert not list(tmp_path.iterdir())
    proven_in_c(tree, X, tmp_path)


def test_other_students_have_no_integers(tmp_path):
    X, y = load_iris(return_X_y=True)
    net = NeuralStudentClassifier(**SMALL).fit(X, y)
    with pytest.raises(TypeError, match=r"for hard trees.*NeuralStudentClassifier"):
        to_c(net, tmp_path / "net.h", dtype="int16")
