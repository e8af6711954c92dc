"""What people give who export for the first time, and what they are told."""

import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdistill import HardDecisionTreeClassifier, prune, quantize
from skdistill.export import to_c, to_numpy, to_onnx, to_sklearn_tree, to_sql

X, y = load_iris(return_X_y=True)
TREE = HardDecisionTreeClassifier(max_leaf_nodes=4)


@pytest.fixture(scope="module")
def tree():
    return HardDecisionTreeClassifier(max_leaf_nodes=4).fit(X, y)


@pytest.mark.parametrize(
    ("model", "remedy"),
    [
        (make_pipeline(StandardScaler(), TREE), "give its last step, pipeline"),
        (GridSearchCV(TREE, {"max_leaf_nodes": [3, 4]}, cv=2), "its best_estimator_"),
        (LogisticRegression(max_iter=1000), "distil it before"),
    ],
)
def test_what_is_around_a_student_is_none(model, remedy, tmp_path):
    model.fit(X, y)
    message = f"{type(model).__name__} is no student of skdistill: .*{remedy}"
    for export in (
        to_numpy,
        to_sklearn_tree,
        lambda model: to_sql(model, table="t"),
        lambda model: to_c(model, tmp_path / "a.h"),
        lambda model: to_onnx(model, tmp_path / "a.onnx"),
    ):
        with pytest.raises(TypeError, match=f"^{message}"):
            export(model)
    for shrink in (lambda model: prune(model, X), quantize):
        with pytest.raises(TypeError, match="is none: give a net itself"):
            shrink(model)
