"""A frame's columns are found by name, as the model's library wrote it, or refused."""

from importlib.metadata import version

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.fixes import parse_version

from skdistill import StudentClassifier, StudentRegressor, soft_targets
from skdistill.teacher.columns import AS_THEY_ARE, SPELLINGS, known_columns, named_by

NAMES = ["body mass", "heart.rate", "age"]


@pytest.fixture
def rows():
    values = np.random.default_rng(0).normal(size=(90, 3))
    return values, (values[:, 0] + values[:, 1] ** 2 > 0.5).astype(int)


def lightgbm_model(kind="Classifier", **options):
    lightgbm = pytest.importorskip("lightgbm")
    options = {"n_estimators": 8, "verbose": -1, "n_jobs": 1, **options}
    return getattr(lightgbm, f"LGBM{kind}")(**options)


def xgboost_model(kind="Classifier"):
    xgboost = pytest.importorskip("xgboost")
    return getattr(xgboost, f"XGB{kind}")(n_estimators=8, n_jobs=1)


def catboost_model(kind="Classifier"):
    catboost = pytest.importorskip("catboost")
    options = {"iterations": 8, "verbose": 0, "thread_count": 1}
    model = getattr(catboost, f"CatBoost{kind}")
    return model(allow_writing_files=False, **options)


BOOSTERS = {
    "lightgbm": lightgbm_model,
    "xgboost": xgboost_model,
    "catboost": catboost_model,
}


def takes_polars(library):
    """CatBoost does from 1.2.9 or 1.2.10 on."""
    if library != "catboost":
        return True
    return parse_version(version(library)) > parse_version("1.2.8")


catboosts_own = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning:catboost", "ignore::FutureWarning:catboost"
)
WRAPPERS = {
    "bare": lambda model: model,
    "pipeline": lambda model: make_pipeline(
        StandardScaler().set_output(transform="pandas"), model
    ),
    "no first step": lambda model: Pipeline([("no", "passthrough"), ("model", model)]),
    "search": lambda model: GridSearchCV(model, {"max_depth": [2]}, cv=2),
    "vote": lambda model: VotingClassifier([("model", model)], voting="soft"),
    "stack": lambda model: StackingClassifier([("model", model)], cv=2),
    "calibrated": lambda model: CalibratedClassifierCV(model, cv=2),
    "bag": lambda model: BaggingClassifier(model, 2, random_state=0),
}


def native(model):
    """The booster inside, if it has a class of its own."""
    for name in ("booster_", "get_booster"):
        if hasattr(model, name):
            booster = getattr(model, name)
            return booster() if callable(booster) else booster
    return model


@catboosts_own
@pytest.mark.parametrize("library", BOOSTERS)
@pytest.mark.parametrize(
    "names",
    [NAMES, [10, 20, 30], ["a", 1, 2], ["a\tb", "ä ö", "$x$"]],
    ids=["spaces", "numbers", "mixed", "marks"],
)
def test_boosters_find_their_columns(library, names, rows):
    """In another order, among others, and in a frame of another library."""
    values, y = rows
    X = pd.DataFrame(values, columns=names)
    model = BOOSTERS[library]().fit(X, y)
    expected = model.predict_proba(X)
    turned = X.iloc[:, ::-1]
    wider = turned.copy()
    wider.insert(1, "more", 0.0)
    polars = pl.DataFrame({str(name): wider[name].to_numpy() for name in wider})
    frames = [X, turned, wider, polars]
    for frame in frames if takes_polars(library) else frames[:-1]:
        for teacher in (model, native(model), FrozenEstimator(model)):
            soft = soft_targets(teacher, frame, classes=[0, 1])
            np.testing.assert_allclose(soft, expected, atol=1e-6)


@catboosts_own
@pytest.mark.parametrize("library", BOOSTERS)
@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_wrappers_hand_on_names_as_they_were_written(library, wrapper, rows):
    values, y = rows
    X = pd.DataFrame(values, columns=NAMES)
    model = WRAPPERS[wrapper](BOOSTERS[library]()).fit(X[NAMES[:2]], y)
    expected = soft_targets(model, X[NAMES[:2]])
    np.testing.assert_allclose(soft_targets(model, X.iloc[:, ::-1]), expected)


@catboosts_own
@pytest.mark.parametrize("library", BOOSTERS)
def test_a_member_fitted_on_some_columns_teaches(library, rows):
    values, y = rows
    X = pd.DataFrame(values, columns=NAMES)
    members = [BOOSTERS[library]().fit(X[part], y) for part in (NAMES[:2], NAMES[1:])]
    student = StudentClassifier(members, random_state=0).fit(X, y)
    mean = (
        members[0].predict_proba(X[NAMES[:2]]) + members[1].predict_proba(X[NAMES[1:]])
    ) / 2
    given = StudentClassifier(random_state=0).fit(X, y, teacher_output=mean)
    np.testing.assert_allclose(student.predict_proba(X), given.predict_proba(X))
    model = BOOSTERS[library]("Regressor").fit(X[NAMES[:2]], values[:, 0])
    np.testing.assert_allclose(
        soft_targets(model, X.iloc[:, ::-1])[:, 0], model.predict(X[NAMES[:2]])
    )
    StudentRegressor(native(model)).fit(X, values[:, 0])


@pytest.mark.parametrize("names", [["body mass", "age"], ["body_mass", "age"]])
def test_two_columns_that_lightgbm_writes_alike(names, rows):
    values, y = rows
    X = pd.DataFrame(values, columns=["body mass", "body_mass", "age"])
    model = lightgbm_model().fit(X[names], y)
    for teacher in (model, model.booster_, FrozenEstimator(model)):
        with pytest.raises(ValueError, match="'body_mass', and X has 2 of that name"):
            soft_targets(teacher, X, classes=[0, 1])
    renamed = X[names].assign(other=0.0)
    expected = model.predict_proba(X[names])
    np.testing.assert_allclose(soft_targets(model, renamed), expected, atol=1e-6)
    # Names that nobody rewrites are not ambiguous.
    exact = LogisticRegression().fit(X[names], y)
    expected = exact.predict_proba(X[names])
    np.testing.assert_allclose(soft_targets(exact, X), expected, atol=1e-6)


@catboosts_own
@pytest.mark.parametrize("library", BOOSTERS)
def test_columns_that_are_not_there(library, rows):
    """No library's silent use by position of columns of other names."""
    values, y = rows
    model = BOOSTERS[library]().fit(pd.DataFrame(values, columns=list("abc")), y)
    for names in (list("abd"), list("xyz"), [5, 6, 7]):
        for frame in (
            pd.DataFrame(values, columns=names),
            pl.DataFrame(values, schema=[str(name) for name in names]),
        ):
            for teacher in (model, native(model)):
                with pytest.raises(
                    ValueError, match="columns that X does not have.*'c'"
                ):
                    soft_targets(teacher, frame, classes=[0, 1])


def test_columns_without_names_are_told_by_position(rows):
    values, y = rows
    bare, named = (
        pd.DataFrame(values),
        pd.DataFrame(values, columns=["a[b]", "<", "c d"]),
    )
    for library in BOOSTERS:
        model = BOOSTERS[library]().fit(values, y)
        expected = model.predict_proba(values)
        for frame in (bare, named, bare.set_axis([2, 0, 1], axis=1)):
            for teacher in (model, native(model)):
                soft = soft_targets(teacher, frame, classes=[0, 1])
                np.testing.assert_allclose(soft, expected, atol=1e-6)
    model = lightgbm_model().fit(pd.DataFrame(values, columns=NAMES), y)
    expected = model.booster_.predict(values)
    for teacher in (model, model.booster_):
        soft = soft_targets(teacher, bare, classes=[0, 1])
        np.testing.assert_allclose(soft[:, 1], expected, atol=1e-6)


@catboosts_own
def test_an_empty_name_becomes_a_position(rows):
    """As CatBoost writes it; in another order it would use the wrong column."""
    values, y = rows
    X = pd.DataFrame(values, columns=["", "b", "c"])
    model = catboost_model().fit(X, y)
    np.testing.assert_allclose(
        soft_targets(model, X), model.predict_proba(X), atol=1e-6
    )
    with pytest.raises(ValueError, match="columns that X does not have: '0'"):
        soft_targets(model, X.iloc[:, ::-1])


@pytest.fixture
def onnx(tmp_path):
    skl2onnx = pytest.importorskip("skl2onnx")
    pytest.importorskip("onnxruntime")

    def write(model, X):
        path = tmp_path / "model.onnx"
        proto = skl2onnx.to_onnx(model, X[:1], options={"zipmap": False})
        path.write_bytes(proto.SerializeToString())
        return path

    return write


@pytest.mark.parametrize("names", [NAMES, ["1x", "c+d", "ä ö"]])
def test_onnx_inputs(names, rows, onnx):
    values, y = rows
    X = pd.DataFrame(values, columns=names)
    scaler = make_column_transformer((StandardScaler(), names))
    model = make_pipeline(scaler, LogisticRegression()).fit(X, y)
    path, expected = onnx(model, X), model.predict_proba(X)
    for frame in (X, X.iloc[:, ::-1].assign(more=0.0), pl.from_pandas(X[names[::-1]])):
        np.testing.assert_allclose(soft_targets(path, frame), expected, atol=1e-5)
    two = X.assign(**{names[-1].replace(" ", "."): 0.0, names[-1] + "e": 0.0})
    if " " in names[-1]:
        with pytest.raises(ValueError, match="X has 2 of that name as its library"):
            soft_targets(path, two)
    with pytest.raises(ValueError, match="columns that X does not have"):
        soft_targets(path, X[names[:2]].assign(other=0.0))
    for nameless in (values, pd.DataFrame(values)):
        with pytest.raises(ValueError, match="ONNX file"):
            soft_targets(path, nameless)


def test_onnx_inputs_of_columns_that_become_one(rows, onnx):
    """Their numbers follow an order of columns that X need not have."""
    values, y = rows
    X = pd.DataFrame(values, columns=["a b", "a_b", "c"])
    scaler = make_column_transformer((StandardScaler(), ["a b", "a_b", "c"]))
    path = onnx(make_pipeline(scaler, LogisticRegression()).fit(X, y), X)
    for frame in (X, X.iloc[:, ::-1]):
        with pytest.raises(ValueError, match="'a_b"):
            soft_targets(path, frame)


def test_levels_of_columns(rows):
    xgboost = pytest.importorskip("xgboost")
    values, y = rows
    levels = pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)])
    X = pd.DataFrame(values, columns=levels)
    model = xgboost.XGBClassifier(n_estimators=8, n_jobs=1).fit(X, y)
    for teacher in (model, model.get_booster()):
        soft = soft_targets(teacher, X.iloc[:, ::-1], classes=[0, 1])
        np.testing.assert_allclose(soft, model.predict_proba(X), atol=1e-6)


def test_what_is_left_to_the_library():
    X = pd.DataFrame(np.zeros((2, 3)), columns=list("abc"))
    assert known_columns(X, list("abc"), SPELLINGS["lightgbm"], "it") is X
    assert known_columns(X, list("abd"), AS_THEY_ARE, "it") is X
    assert known_columns(X, list("cab"), SPELLINGS["catboost"], "it") is X
    turned = known_columns(X, list("cab"), SPELLINGS["xgboost"], "it")
    assert turned.columns.tolist() == list("cab")
    twice = X.set_axis(list("aab"), axis=1)
    with pytest.raises(ValueError, match="X has 2 of that name.*'a', 'a'"):
        known_columns(twice, list("ab"), AS_THEY_ARE, "it")


def test_who_names_the_columns(rows):
    values, y = rows
    X = pd.DataFrame(values, columns=list("abc"))
    line = LogisticRegression()
    pipe = make_pipeline(StandardScaler(), line).fit(X, y)
    assert named_by(FrozenEstimator(pipe)) is pipe[0]
    assert named_by(line.fit(values, y)) is line
    bag = BaggingClassifier(line, 2).fit(X, y)  # hands on arrays
    assert named_by(bag) is bag
