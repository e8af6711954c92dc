"""Models of other libraries: native ones answer as their scikit-learn classes do."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_diabetes, load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from skdistill import NeuralStudentClassifier, StudentClassifier, soft_targets
from skdistill.teacher.models import as_model


@pytest.fixture(scope="module", params=["two", "three"])
def wine(request):
    X, y = load_wine(return_X_y=True, as_frame=True)
    X["kind"] = pd.cut(X["alcohol"], 3, labels=["low", "mid", "high"])
    kept = y < 2 if request.param == "two" else y < 3
    return X[kept], y[kept].to_numpy()


@pytest.fixture(scope="module")
def values():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    return X, y.to_numpy()


def test_lightgbm(wine, values):
    lightgbm = pytest.importorskip("lightgbm")
    X, y = wine
    common = {"n_estimators": 15, "verbose": -1, "n_jobs": 1}
    model = lightgbm.LGBMClassifier(**common).fit(X, y)
    expected = model.predict_proba(X)
    for teacher in (model, model.booster_):
        soft = soft_targets(teacher, X, classes=model.classes_)
        np.testing.assert_allclose(soft, expected, atol=1e-6)
    one_for_each = lightgbm.LGBMClassifier(objective="multiclassova", **common)
    if len(model.classes_) == 3:
        sigmoids = one_for_each.fit(X, y).predict_proba(X)
        expected = sigmoids / sigmoids.sum(axis=1, keepdims=True)
        for teacher in (one_for_each, one_for_each.booster_):
            np.testing.assert_allclose(soft_targets(teacher, X), expected, atol=1e-6)
        with pytest.raises(ValueError, match="predicts one target, and y has several"):
            soft_targets(one_for_each.booster_, X, classes=[[0, 1]] * 3)
    for objective in ("regression", "poisson", "tweedie"):
        regressor = lightgbm.LGBMRegressor(objective=objective, **common).fit(*values)
        assert as_model(regressor.booster_).kind() == "regressor"
        np.testing.assert_allclose(
            soft_targets(regressor.booster_, values[0])[:, 0],
            regressor.predict(values[0]),
        )
    ranker = lightgbm.LGBMRanker(**common).fit(X, y, group=[len(y)])
    with pytest.raises(ValueError, match="objective 'lambdarank.*cannot tell classes"):
        NeuralStudentClassifier(ranker.booster_).fit(X, y)


def test_xgboost(wine, values):
    xgboost = pytest.importorskip("xgboost")
    X, y = wine
    common = {"n_estimators": 30, "n_jobs": 1, "enable_categorical": True}
    model = xgboost.XGBClassifier(early_stopping_rounds=2, **common)
    shuffled = np.random.default_rng(0).permutation(y)
    model.fit(X, y, eval_set=[(X, shuffled)], verbose=False)
    assert model.best_iteration < 29
    expected = model.predict_proba(X)
    for teacher in (model, model.get_booster()):
        soft = soft_targets(teacher, X, classes=model.classes_)
        np.testing.assert_allclose(soft, expected, atol=1e-5)
    X, Y = values[0], (values[0].to_numpy()[:, :3] > 0).astype(int)
    labels = xgboost.XGBClassifier(n_estimators=3, n_jobs=1).fit(X, Y)
    for teacher in (labels, labels.get_booster()):
        soft = soft_targets(teacher, X, classes=[[0, 1]] * 3)
        for part, p in zip(soft, labels.predict_proba(X).T, strict=True):
            np.testing.assert_allclose(part[:, 1], p, atol=1e-5)
        with pytest.raises(ValueError, match="several labels at once"):
            soft_targets(teacher, X)
    for objective in ("reg:squarederror", "count:poisson"):
        regressor = xgboost.XGBRegressor(objective=objective, **common).fit(*values)
        np.testing.assert_allclose(
            soft_targets(regressor.get_booster(), values[0])[:, 0],
            regressor.predict(values[0]),
            rtol=1e-5,
        )


@pytest.mark.filterwarnings("ignore::DeprecationWarning:catboost")
@pytest.mark.filterwarnings("ignore::FutureWarning:catboost")
def test_catboost(wine, values):
    catboost = pytest.importorskip("catboost")
    X, y = wine
    common = {"iterations": 15, "verbose": False, "thread_count": 1, "random_seed": 0}
    common |= {"cat_features": ["kind"], "allow_writing_files": False}
    model = catboost.CatBoostClassifier(**common).fit(X, y)
    loss = "Logloss" if len(model.classes_) == 2 else "MultiClass"
    native = catboost.CatBoost({**common, "loss_function": loss}).fit(X, y)
    for teacher in (model, native):
        np.testing.assert_allclose(
            soft_targets(teacher, X, classes=model.classes_),
            model.predict_proba(X),
            atol=1e-6,
        )
    del common["cat_features"]
    Z, Y = values[0], (values[0].to_numpy()[:, [0, 2, 3]] > 0).astype(int)
    params = {**common, "loss_function": "MultiClassOneVsAll"}
    one_for_each = catboost.CatBoostClassifier(**params).fit(Z, Y.sum(axis=1))
    sigmoids = one_for_each.predict_proba(Z)
    for teacher in (one_for_each, catboost.CatBoost(params).fit(Z, Y.sum(axis=1))):
        np.testing.assert_allclose(
            soft_targets(teacher, Z),
            sigmoids / sigmoids.sum(axis=1, keepdims=True),
            atol=1e-6,
        )
        with pytest.raises(ValueError, match="predicts one target, and y has several"):
            soft_targets(teacher, Z, classes=[[0, 1]] * 4)
    params = {**common, "loss_function": "MultiLogloss"}
    labels = catboost.CatBoostClassifier(**params).fit(Z, Y)
    for teacher in (labels, catboost.CatBoost(params).fit(Z, Y)):
        soft = soft_targets(teacher, Z, classes=[[0, 1]] * 3)
        for part, p in zip(soft, labels.predict_proba(Z).T, strict=True):
            np.testing.assert_allclose(part[:, 1], p, atol=1e-6)
        with pytest.raises(ValueError, match="several labels at once"):
            soft_targets(teacher, Z)
    for objective in ("RMSE", "Poisson"):
        params = {**common, "loss_function": objective}
        regressor = catboost.CatBoostRegressor(**params).fit(*values)
        for teacher in (regressor, catboost.CatBoost(params).fit(*values)):
            np.testing.assert_allclose(
                soft_targets(teacher, values[0])[:, 0], regressor.predict(values[0])
            )
    assert not as_model(catboost.CatBoost(params)).is_ready()


def test_columns_are_found_by_name_whatever_their_order(wine):
    X, y = wine
    model = LogisticRegression(max_iter=5000).fit(X[["hue", "alcohol"]], y)
    expected = model.predict_proba(X[["hue", "alcohol"]])
    for frame in (X, X[["alcohol", "hue"]]):
        np.testing.assert_allclose(soft_targets(model, frame), expected, atol=1e-6)
    with pytest.raises(ValueError, match="was fitted on 2 columns and X has 1"):
        soft_targets(model, X[["hue"]])


@pytest.fixture
def onnx(tmp_path):
    skl2onnx = pytest.importorskip("skl2onnx")
    pytest.importorskip("onnxruntime")

    def write(model, X, **options):
        path = tmp_path / "model.onnx"
        proto = skl2onnx.to_onnx(model, X[:1], options=options or None)
        path.write_bytes(proto.SerializeToString())
        return path

    return write


def test_onnx_files(values, onnx):
    onnxruntime = pytest.importorskip("onnxruntime")
    X, y = load_wine(return_X_y=True)
    X = X.astype(np.float32)
    names = np.array(["b", "a", "c"])[y]
    model = RandomForestClassifier(9, random_state=0).fit(X, names)
    expected = model.predict_proba(X)
    for options in ({}, {"zipmap": False}):
        path = onnx(model, X, **options)
        for teacher in (path, str(path), onnxruntime.InferenceSession(str(path))):
            soft = soft_targets(teacher, X, classes=model.classes_)
            np.testing.assert_allclose(soft, expected, atol=1e-5)
    named = onnx(model, X)  # dicts by label: a fold of y that lacks a class works
    kept = names != "b"
    student = StudentClassifier(str(named)).fit(X, np.where(kept, names, "a"))
    assert student.classes_.tolist() == model.classes_.tolist()
    linear = LinearRegression().fit(*values)
    path = onnx(linear, values[0].to_numpy())
    np.testing.assert_allclose(
        soft_targets_of_values(path, values[0].to_numpy()),
        linear.predict(values[0]),
        rtol=1e-4,
    )
    with pytest.raises(ValueError, match="could not answer rows of shape"):
        soft_targets(str(named), X[:, :3], classes=model.classes_)
    with pytest.raises(ValueError, match="there is no such file"):
        soft_targets("nowhere.onnx", X)


def test_onnx_files_of_several_labels(onnx):
    X, y = load_wine(return_X_y=True)
    X = (X / X.max(axis=0)).astype(np.float32)
    Y = np.column_stack([y > 0, y > 1, X[:, 0] > X[:, 0].mean()]).astype(int)
    model = OneVsRestClassifier(LogisticRegression()).fit(X, Y)
    path = onnx(model, X, zipmap=False)
    soft = soft_targets(path, X, classes=[[0, 1]] * 3)
    for part, p in zip(soft, model.predict_proba(X).T, strict=True):
        np.testing.assert_allclose(part[:, 1], p, atol=1e-5)
    with pytest.raises(ValueError, match="several labels at once"):
        soft_targets(path, X)


def soft_targets_of_values(teacher, X):
    return as_model(teacher).ask(X, classify=False)[0][:, 0]


def test_frames_as_outputs_are_matched_by_name():
    X, y = load_wine(return_X_y=True)
    model = make_pipeline(
        make_column_transformer(("passthrough", [0, 6, 9])), RandomForestClassifier(20)
    ).fit(X, y)
    P = model.predict_proba(X)
    expected = StudentClassifier(random_state=0).fit(X, y, teacher_output=P).predict(X)
    for names in ([0, 1, 2], ["0", "1", "2"], ["0.0", "1.0", "2.0"]):
        frame = pd.DataFrame(P, columns=names).iloc[:, [2, 0, 1]]
        for labels in (y, y.astype(float)):
            student = StudentClassifier(random_state=0)
            student.fit(X, labels, teacher_output=frame)
            np.testing.assert_array_equal(student.predict(X), expected)
    other = pd.DataFrame(P, columns=["p_first", "p_second", "p_third"])
    student = StudentClassifier(random_state=0).fit(X, y, teacher_output=other)
    np.testing.assert_array_equal(student.predict(X), expected)
    with pytest.raises(ValueError, match="name each class, or none"):
        StudentClassifier().fit(
            X, y, teacher_output=other.set_axis([0, 1, "z"], axis=1)
        )
    second = pd.DataFrame({"good": P[:, 0]})
    binary = np.where(y == 0, "good", "bad")
    both = StudentClassifier(random_state=0).fit(X, binary, teacher_output=second)
    assert both.score(X, binary) > 0.95
