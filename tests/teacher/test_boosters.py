"""Native boosters answer as their scikit-learn classes do."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, load_wine

from skdistill import NeuralStudentClassifier, soft_targets
from skdistill.teacher.dialects import as_model


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
        NeuralStudentClassifier(
            ranker.booster_, hidden_layer_sizes=(64, 64), max_epochs=50
        ).fit(X, y)


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


def test_a_boosters_predict_is_a_function(iris):
    lightgbm = pytest.importorskip("lightgbm")
    X, y = iris
    model = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1, n_jobs=1).fit(X, y)
    for teacher in (model.booster_, model.booster_.predict):
        P = soft_targets(teacher, X, classes=model.classes_)
        np.testing.assert_allclose(P, model.predict_proba(X), atol=1e-6)
