"""Fidelity as a score: in scikit-learn's tools, in skore and in MLflow."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from skdistill import StudentClassifier, StudentRegressor, soft_targets
from skdistill.metrics import fidelity, fidelity_scorer


@pytest.fixture
def tree(iris_forest):
    inner = DecisionTreeClassifier(max_leaf_nodes=3, random_state=0)
    return StudentClassifier(iris_forest, student=inner, transfer=None)


def test_it_is_fidelity_to_the_student_s_teacher(iris, iris_forest, tree):
    X, y = iris
    tree.fit(X[::2], y[::2])
    q = tree.predict_proba(X)
    p = soft_targets(iris_forest, X)
    weight = np.linspace(0, 1, len(X))
    expected = fidelity(q, p, sample_weight=weight)
    for name in ("agreement", "kappa", "auc", "spearman"):
        found = fidelity_scorer(name)(tree, X, sample_weight=weight)
        assert found == pytest.approx(expected[name])
    found = pickle.loads(pickle.dumps(fidelity_scorer("neg_kl")))(tree, X, y)
    assert found == pytest.approx(-fidelity(q, p)["kl"])
    # A teacher in another order of classes is asked by name.
    reverse = {"a": X, "b": X[:, ::-1]}
    assert set(reverse) == {"a", "b"}
    other = fidelity_scorer(teacher=lambda rows: iris_forest.predict_proba(rows))
    assert other(tree, X) == fidelity_scorer()(tree, X)


def test_in_cross_validate_and_in_a_search(iris, tree):
    X, y = iris
    scoring = {"follows": fidelity_scorer(), "right": "accuracy"}
    found = cross_validate(tree, X, y, scoring=scoring, cv=3)
    assert (found["test_follows"] > 0.8).all() and (found["test_right"] > 0.8).all()
    grid = {"student__max_leaf_nodes": [2, 8]}
    search = GridSearchCV(tree, grid, scoring=fidelity_scorer("neg_kl"), cv=3)
    search.fit(X, y)
    assert search.best_params_ == {"student__max_leaf_nodes": 8}
    scores = search.cv_results_["mean_test_score"]
    assert scores[0] < scores[1] <= 0
    # The fitted search is asked as the student inside it is.
    assert fidelity_scorer()(search, X) == fidelity_scorer()(search.best_estimator_, X)


def test_in_a_pipeline_the_student_s_teacher_gets_its_rows(iris, iris_forest):
    X, y = iris
    scaled = StandardScaler().fit_transform(X)
    inner = LogisticRegression().fit(scaled, y)
    student = StudentClassifier(inner, student=DecisionTreeClassifier(), transfer=None)
    pipe = make_pipeline(StandardScaler(), student).fit(X, y)
    assert fidelity_scorer()(pipe, X) > 0.95
    # One that is given gets the rows as the pipeline does.
    raw = fidelity_scorer(teacher=iris_forest)(pipe, X)
    same = pipe.predict(X) == iris_forest.predict(X)
    assert raw == pytest.approx(same.mean())
    alone = make_pipeline(student).fit(scaled, y)
    assert fidelity_scorer()(alone, scaled) == fidelity_scorer()(pipe, X)


def test_values_and_several_labels(diabetes, diabetes_forest, iris):
    X, y = diabetes
    inner = DecisionTreeRegressor(max_leaf_nodes=8, random_state=0)
    student = StudentRegressor(diabetes_forest, student=inner, transfer=None).fit(X, y)
    p, q = diabetes_forest.predict(X), student.predict(X)
    expected = fidelity(q[:, None], p[:, None])
    assert fidelity_scorer("r2")(student, X, y) == pytest.approx(expected["r2"])
    found = fidelity_scorer("neg_rmse", diabetes_forest)(
        LinearRegression().fit(X, y), X
    )
    assert found < 0
    X, y = iris
    labels = np.column_stack([y == "setosa", y != "virginica"]).astype(int)
    teacher = DecisionTreeClassifier(max_depth=1, random_state=0).fit(X, labels)
    inner = DecisionTreeClassifier(random_state=0)
    student = StudentClassifier(teacher, student=inner, transfer=None, alpha=0)
    student.fit(X, labels)
    same = (student.predict(X) == teacher.predict(X)).mean()
    assert fidelity_scorer()(student, X) == pytest.approx(same) and same < 1


def test_what_cannot_be_scored_says_why(iris, diabetes, diabetes_forest, tree):
    with pytest.raises(ValueError, match="metric"):
        fidelity_scorer("kl")
    alone = DecisionTreeClassifier().fit(*iris)
    with pytest.raises(ValueError, match="give fidelity_scorer"):
        fidelity_scorer()(alone, iris[0])
    dropped = pickle.loads(pickle.dumps(tree.set_params(keep_teacher=False).fit(*iris)))
    with pytest.raises(ValueError, match="keep_teacher=True"):
        fidelity_scorer()(dropped, iris[0])
    X, y = diabetes
    with pytest.raises(ValueError, match=r"one of \['r2', 'rmse', 'spearman'\]"):
        fidelity_scorer(teacher=diabetes_forest)(LinearRegression().fit(X, y), X)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of other libraries
def test_in_skore(iris, tree):
    skore = pytest.importorskip("skore")
    X, y = iris
    frame = pd.DataFrame(X, columns=list("abcd"))
    report = skore.EstimatorReport(
        tree,
        X_train=frame[::2],
        y_train=y[::2],
        X_test=frame[1::2],
        y_test=y[1::2],
    )
    report.metrics.add(fidelity_scorer(), name="fidelity", position="first")
    shown = report.metrics.summarize(metric="fidelity").frame()
    expected = fidelity_scorer()(report.estimator_, frame[1::2])
    assert np.ravel(shown)[0] == pytest.approx(expected)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_in_mlflow(iris, tree, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    mlflow = pytest.importorskip("mlflow")
    mlflow.set_tracking_uri((tmp_path / "runs").as_uri())
    search = GridSearchCV(
        tree, {"student__max_leaf_nodes": [2, 8]}, scoring=fidelity_scorer(), cv=3
    )
    mlflow.sklearn.autolog(log_models=False, log_datasets=False)
    try:
        with mlflow.start_run() as run:
            search.fit(*iris)
    finally:
        mlflow.sklearn.autolog(disable=True)
    kept = mlflow.get_run(run.info.run_id).data
    assert kept.metrics["best_cv_score"] == pytest.approx(search.best_score_)
    assert kept.params["best_student__max_leaf_nodes"] == "8"
