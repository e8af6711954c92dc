"""Teacher form x task x student: each case end to end, with the real libraries.

The data are small real sets as frames with categories and gaps, as their owners keep
them. Every student of a case learns from the teacher, predicts rows that it has not seen,
and must be nearer to the teacher than the mean of its answers is.
"""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_linnerud, load_wine
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, QuantileRegressor, Ridge
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from skorch import NeuralNetClassifier

from skdistill import (
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    SoftDecisionTreeClassifier,
    SoftDecisionTreeRegressor,
    StudentClassifier,
    StudentRegressor,
    soft_targets,
)

CLASSIFIERS = {
    "net": NeuralStudentClassifier(max_epochs=40, random_state=0),
    "tree": SoftDecisionTreeClassifier(max_epochs=40, max_depth=3, random_state=0),
    "cart": StudentClassifier(student=DecisionTreeClassifier(max_leaf_nodes=12)),
    "linear": StudentClassifier(student=LogisticRegression(max_iter=5000)),
}
REGRESSORS = {
    "net": NeuralStudentRegressor(max_epochs=40, random_state=0),
    "tree": SoftDecisionTreeRegressor(max_epochs=40, max_depth=3, random_state=0),
    "cart": StudentRegressor(student=DecisionTreeRegressor(max_leaf_nodes=12)),
    "linear": StudentRegressor(student=Ridge()),
}


def as_owned(X, seed=0):
    """Two columns cut into categories, one with gaps, one a boolean."""
    X = X.copy()
    random = np.random.default_rng(seed)
    first, second, third, fourth = X.columns[:4]
    X[first] = pd.cut(X[first], 4, labels=["low", "mid", "high", "top"]).astype(
        "category"
    )
    X[second] = pd.cut(X[second], 2, labels=["no", "yes"]).astype(object)
    X[second] = X[second].astype("category")
    X.loc[random.random(len(X)) < 0.1, third] = np.nan
    X[fourth] = X[fourth] > X[fourth].median()
    return X


def data(task):
    """Training rows, their targets, and new rows."""
    if task == "binary":
        bunch = load_breast_cancer(as_frame=True)
        X, y = bunch.data.iloc[:, :8], np.array(["bad", "good"])[bunch.target]
    elif task == "codes":  # as native boosters want them
        bunch = load_wine(as_frame=True)
        X, y = bunch.data, bunch.target.to_numpy()
    elif task == "multiclass":
        bunch = load_wine(as_frame=True)
        X, y = bunch.data, bunch.target_names[bunch.target]
    elif task == "multilabel":
        bunch = load_wine(as_frame=True)
        X, t = bunch.data, bunch.target
        y = np.column_stack([t == 0, t > 0, X["alcohol"] > 13]).astype(int)
    elif task == "multioutput":
        bunch = load_wine(as_frame=True)
        X, t = bunch.data, bunch.target
        y = np.column_stack([bunch.target_names[t], np.where(t > 0, "b", "a")])
    elif task == "regression":
        bunch = load_diabetes(as_frame=True)
        X, y = bunch.data, bunch.target.to_numpy()
    elif task == "quantile":
        X, y = load_diabetes(return_X_y=True, as_frame=True)
        y = y.to_numpy()
    elif task == "several values":
        X, y = load_linnerud(return_X_y=True, as_frame=True)
        X = pd.concat(
            [X.assign(age=range(20), waist=y["Waist"])] * 20, ignore_index=True
        )
        y = np.tile(y.to_numpy(), (20, 1))
    if task != "several values":
        X = as_owned(X)
    rows = np.arange(len(X))
    fit, new = train_test_split(rows, test_size=0.3, random_state=0)
    return (
        X.iloc[fit].reset_index(drop=True),
        y[fit],
        X.iloc[new].reset_index(drop=True),
    )


def encoder():
    numbers = make_column_selector(dtype_include=["number", "bool"])
    others = make_column_selector(dtype_exclude=["number", "bool"])
    return make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), numbers),
        (OneHotEncoder(handle_unknown="ignore"), others),
    )


def piped(model):
    return make_pipeline(encoder(), model)


def hist(X, y):
    model = HistGradientBoostingClassifier(
        max_iter=30, categorical_features="from_dtype", random_state=0
    )
    return model.fit(X, y)


def lgbm(X, y, native=False, **params):
    lightgbm = pytest.importorskip("lightgbm")
    Model = lightgbm.LGBMRegressor if y.dtype.kind == "f" else lightgbm.LGBMClassifier
    model = Model(n_estimators=20, verbose=-1, n_jobs=1, **params).fit(X, y)
    return model.booster_ if native else model


def lgbm_own_objective(X, y):
    def logistic(raw, rows):
        p = 1 / (1 + np.exp(-raw))
        return p - rows.get_label(), p * (1 - p)

    lightgbm = pytest.importorskip("lightgbm")
    codes = (y == "good").astype(int)
    rows = lightgbm.Dataset(X, codes)
    params = {"objective": logistic, "verbose": -1, "num_threads": 1}
    return lightgbm.train(params, rows, num_boost_round=20)


def xgb(X, y):
    xgboost = pytest.importorskip("xgboost")
    Model = xgboost.XGBRegressor if y.dtype.kind == "f" else xgboost.XGBClassifier
    return Model(n_estimators=20, n_jobs=1, enable_categorical=True).fit(X, y)


def xgb_native(X, y):
    xgboost = pytest.importorskip("xgboost")
    n_classes = len(np.unique(y))
    kinds = {2: {"objective": "binary:logistic"}}
    many = {"objective": "multi:softprob", "num_class": n_classes}
    params = {"objective": "reg:squarederror"}
    if y.dtype.kind != "f":
        params = kinds.get(n_classes, many)
    matrix = xgboost.DMatrix(
        X,
        pd.factorize(y, sort=True)[0] if y.dtype.kind != "f" else y,
        enable_categorical=True,
    )
    return xgboost.train({**params, "nthread": 1}, matrix, num_boost_round=20)


CATBOOST = {
    "iterations": 20,
    "verbose": False,
    "thread_count": 1,
    "random_seed": 0,
    "allow_writing_files": False,
}


def catboost(X, y, native=False):
    library = pytest.importorskip("catboost")
    categorical = list(X.select_dtypes("category"))
    params = {**CATBOOST, "cat_features": categorical}
    is_value = y.dtype.kind == "f"
    if native:
        loss = "RMSE" if is_value else ("MultiClass" if len(set(y)) > 2 else "Logloss")
        return library.CatBoost({**params, "loss_function": loss}).fit(X, y)
    Model = library.CatBoostRegressor if is_value else library.CatBoostClassifier
    return Model(**params).fit(X, y)


class Net(torch.nn.Module):
    def __init__(self, n_inputs, n_outputs):
        super().__init__()
        self.layer = torch.nn.Linear(n_inputs, n_outputs)

    def forward(self, x):
        return self.layer(x)


def skorch_net(X, y):
    """A net inside a pipeline, trained on numbers."""
    view = encoder().fit(X)
    net = NeuralNetClassifier(
        Net,
        module__n_inputs=view.transform(X).shape[1],
        module__n_outputs=len(set(y)),
        criterion=torch.nn.CrossEntropyLoss,
        max_epochs=20,
        lr=0.1,
        verbose=0,
        train_split=None,
    )
    net.fit(view.transform(X).astype(np.float32), np.unique(y, return_inverse=True)[1])
    return lambda rows: net.predict_proba(view.transform(rows).astype(np.float32))


def torch_module(X, y):
    """A trained module that reads a table of numbers."""
    model = LogisticRegression(max_iter=5000).fit(numbers(X), y)
    module = Net(X.shape[1], len(model.classes_)).double()
    with torch.no_grad():
        module.layer.weight.copy_(torch.from_numpy(model.coef_))
        module.layer.bias.copy_(torch.from_numpy(model.intercept_))
    return module


def numbers(X):
    return (
        X.apply(lambda c: c.cat.codes if c.dtype == "category" else c)
        .fillna(0)
        .astype(float)
    )


class AnswersWithFrames:
    """A predictor of AutoGluon's kind: no tags, ``is_fit``, frames as answers."""

    problem_type = "multiclass"
    is_fit = True

    def __init__(self, model):
        self.model = model
        self.class_labels = list(model.classes_)

    def fit(self, X, y):
        raise AssertionError("a fitted teacher must not be fitted")

    def predict_proba(self, X):
        frame = pd.DataFrame(self.model.predict_proba(X), columns=self.class_labels)
        return frame[self.class_labels[::-1]]

    def predict(self, X):
        return pd.Series(self.model.predict(X))


def onnx_file(X, y, path):
    """A file with one input for each column, as sklearn-onnx writes frames."""
    skl2onnx = pytest.importorskip("skl2onnx")
    pytest.importorskip("onnxruntime")
    types = skl2onnx.common.data_types
    number = list(X.select_dtypes("number"))
    encode = make_column_transformer(
        (SimpleImputer(), number), (OneHotEncoder(), list(X.select_dtypes("category")))
    )
    model = make_pipeline(encode, LogisticRegression(max_iter=5000)).fit(X, y)
    known = [c for c in X.columns if X[c].dtype != bool]
    kinds = [
        types.FloatTensorType if c in number else types.StringTensorType for c in known
    ]
    inputs = [(c, kind([None, 1])) for c, kind in zip(known, kinds, strict=True)]
    # zipmap: probabilities as one dict by label for each row, sklearn-onnx's default
    proto = skl2onnx.to_onnx(model, initial_types=inputs)
    path.write_bytes(proto.SerializeToString())
    return path


def forest(X, y):
    Forest = RandomForestRegressor if y.dtype.kind == "f" else RandomForestClassifier
    return piped(Forest(20, min_samples_leaf=3, random_state=0)).fit(X, y)


def narrow(X, y):
    """Two members that see different columns, each by the names it was fitted on."""
    left, right = list(X.columns[:5]), list(X.columns[3:])
    return [hist(X[left], y), forest(X[right], y)]


def quantile_forecasts(X, y):
    models = [
        piped(QuantileRegressor(quantile=q, alpha=0.01)).fit(X, y) for q in LEVELS
    ]
    return lambda rows: np.column_stack([model.predict(rows) for model in models])


LEVELS = [0.1, 0.5, 0.9]
OUTPUTS = "outputs from a file"

# task -> form -> how to make the teacher, and the student's parameters beside it
FORMS = {
    "binary": {
        "forest pipeline": lambda X, y: forest(X, y),
        "hist gradient boosting": hist,
        "svc without probability": lambda X, y: piped(SVC()).fit(X, y),
        "voting": lambda X, y: piped(
            VotingClassifier(
                [("a", LogisticRegression()), ("b", RandomForestClassifier(20))],
                voting="soft",
            )
        ).fit(X, y),
        "stacking": lambda X, y: StackingClassifier(
            [
                ("forest", piped(RandomForestClassifier(20))),
                ("linear", piped(LogisticRegression())),
            ],
            cv=2,
        ).fit(X, y),
        "calibrated": lambda X, y: piped(CalibratedClassifierCV(SVC(), cv=3)).fit(X, y),
        "grid search": lambda X, y: GridSearchCV(
            piped(LogisticRegression()), {"logisticregression__C": [0.1, 1]}, cv=2
        ).fit(X, y),
        "unfitted pipeline": lambda X, y: piped(RandomForestClassifier(20)),
        "lightgbm": lgbm,
        "lightgbm booster of an own objective": lgbm_own_objective,
        "xgboost": lambda X, y: label_free(xgb, X, y),
        "catboost": catboost,
        "frames as answers": lambda X, y: AnswersWithFrames(forest(X, y)),
        "stack of unlike members": lambda X, y: [forest(X, y), lgbm(X, y), hist(X, y)],
        "members of different columns": narrow,
        OUTPUTS: lambda X, y: forest(X, y).predict_proba,
    },
    "multiclass": {
        "forest pipeline": forest,
        "hist gradient boosting": hist,
        "lightgbm": lgbm,
        "catboost": catboost,
        "skorch in a function": skorch_net,
        "onnx file": onnx_file,
        "frames as answers": lambda X, y: AnswersWithFrames(forest(X, y)),
        "members of different columns": narrow,
        OUTPUTS: lambda X, y: forest(X, y).predict_proba,
    },
    "codes": {
        "lightgbm booster": lambda X, y: lgbm(X, y, native=True),
        "xgboost": xgb,
        "xgboost booster": xgb_native,
        "catboost, native": lambda X, y: catboost(X, y, native=True),
        "list of unlike boosters": lambda X, y: [
            xgb_native(X, y),
            lgbm(X, y, native=True),
        ],
        "torch module": lambda X, y: on_numbers(torch_module, X, y),
    },
    "multilabel": {
        "forest pipeline": forest,
        "one model for each": lambda X, y: piped(
            MultiOutputClassifier(LogisticRegression())
        ).fit(X, y),
        "function": lambda X, y: (
            lambda model: (
                lambda rows: np.column_stack(
                    [p[:, 1] for p in model.predict_proba(rows)]
                )
            )
        )(forest(X, y)),
        OUTPUTS: lambda X, y: (
            lambda model: (
                lambda rows: np.column_stack(
                    [p[:, 1] for p in model.predict_proba(rows)]
                )
            )
        )(forest(X, y)),
    },
    "multioutput": {
        "forest pipeline": forest,
        "one model for each": lambda X, y: piped(
            MultiOutputClassifier(LogisticRegression())
        ).fit(X, y),
        OUTPUTS: lambda X, y: (
            lambda model: lambda rows: np.hstack(model.predict_proba(rows))
        )(forest(X, y)),
    },
    "regression": {
        "forest pipeline": forest,
        "hist gradient boosting": lambda X, y: HistGradientBoostingRegressor(
            max_iter=30, categorical_features="from_dtype", random_state=0
        ).fit(X, y),
        "unfitted pipeline": lambda X, y: piped(Ridge()),
        "lightgbm": lgbm,
        "lightgbm booster": lambda X, y: lgbm(X, y, native=True),
        "xgboost": xgb,
        "xgboost booster": xgb_native,
        "catboost": catboost,
        "catboost, native": lambda X, y: catboost(X, y, native=True),
        "stack of unlike members": lambda X, y: [forest(X, y), lgbm(X, y, native=True)],
        "function": lambda X, y: forest(X, y).predict,
        OUTPUTS: lambda X, y: forest(X, y).predict,
    },
    "several values": {
        "forest": lambda X, y: RandomForestRegressor(20, random_state=0).fit(X, y),
        "linear": lambda X, y: Ridge().fit(X, y),
        OUTPUTS: lambda X, y: Ridge().fit(X, y).predict,
    },
    "quantile": {
        "function": quantile_forecasts,
        OUTPUTS: quantile_forecasts,
    },
}


def label_free(make, X, y):
    """XGBoost wants codes: a function that names nothing, beside ``classes``."""
    return make(X, (y == "good").astype(int)).predict_proba


def on_numbers(make, X, y):
    """A teacher that reads the numbers of the frame."""
    module, classes = make(X, y), np.unique(y)
    return lambda rows: soft_targets(module, numbers(rows), classes=classes)


OF_TREES = ("stacking", "outputs from a file", "forest pipeline")


def cases():
    for task, forms in FORMS.items():
        students = CLASSIFIERS
        if task in ("regression", "several values", "quantile"):
            students = REGRESSORS
        for form in forms:
            for student in students:
                # label rows have one target, and a surrogate's values no quantiles
                several = task in ("multilabel", "multioutput")
                if (several and student == "linear") or (
                    task == "quantile" and student in ("cart", "linear")
                ):
                    continue
                # Forms say the same to all students: each of some, and one of each.
                is_more = student != "cart" and form not in OF_TREES
                is_more |= student == "net" and task not in ("binary", "regression")
                is_more &= (task, student) != ("quantile", "net")
                yield pytest.param(
                    task,
                    form,
                    student,
                    id=f"{task}-{form}-{student}",
                    marks=pytest.mark.slow if is_more else (),
                )


@pytest.mark.filterwarnings("ignore::DeprecationWarning:catboost")
@pytest.mark.filterwarnings("ignore::FutureWarning:catboost")
@pytest.mark.parametrize(("task", "form", "name"), list(cases()))
def test_each_form_teaches_each_student(task, form, name, tmp_path):
    X, y, X_new = data(task)
    make = FORMS[task][form]
    teacher = make(X, y, tmp_path / "t.onnx") if make is onnx_file else make(X, y)
    is_class = task not in ("regression", "several values", "quantile")
    student = clone((CLASSIFIERS if is_class else REGRESSORS)[name])
    arguments = {}
    if form == OUTPUTS:  # the fold's own outputs, and those of the test rows
        arguments = {
            "teacher_output": teacher(X),
            "X_transfer": X_new,
            "transfer_output": teacher(X_new),
        }
    else:
        student.set_params(teacher=teacher)
    if is_class and task in ("binary", "multiclass", "codes"):
        student.set_params(classes=np.unique(y))
    if task == "quantile":
        student.set_params(quantiles=LEVELS)
    student.fit(X, y, **arguments)
    ours = answers(student, X_new, is_class)
    if form == OUTPUTS:
        target = arguments["transfer_output"]
    else:
        fitted = getattr(student, "teacher_", teacher)
        target = known_answers(fitted, X_new, is_class, student)
    target = np.asarray(target, dtype=float).reshape(len(X_new), -1)
    if ours.shape != target.shape:
        target = target[:, 1::2]  # (n, n_labels) of pairs of columns
    error = np.mean((ours - target) ** 2)
    plain = np.mean((target.mean(axis=0) - target) ** 2)
    assert error < 0.7 * plain, (error, plain)
    if task == "quantile":
        assert (np.diff(ours, axis=1) >= 0).all(), "quantiles cross"


def answers(model, X, is_class):
    answer = model.predict_proba(X) if is_class else model.predict(X)
    answer = np.hstack(answer) if isinstance(answer, list) else answer
    return np.asarray(answer, dtype=float).reshape(len(X), -1)


def known_answers(teacher, X, is_class, student):
    """The teacher's answers by ``soft_targets``; test_teacher holds that to account."""
    if not is_class:
        is_function = not isinstance(teacher, list) and not hasattr(teacher, "predict")
        return teacher(X) if is_function else soft_targets(teacher, X)
    classes = student.classes_
    if student.is_multilabel():
        classes = [[0, 1]] * len(classes)
    soft = soft_targets(teacher, X, classes=classes)
    return np.hstack(soft) if isinstance(soft, list) else soft


REFUSED = [
    (
        "regression",
        lambda X, y: forest(X, y),
        NeuralStudentRegressor(
            quantiles=[0.1, 0.9], hidden_layer_sizes=(64, 64), max_epochs=50
        ),
        "predicts points, and quantiles",
    ),
    ("regression", lambda X, y: Ridge(), NeuralStudentClassifier(), "is a regressor"),
    ("binary", lambda X, y: forest(X, y), NeuralStudentRegressor(), "is a classifier"),
    (
        "multilabel",
        lambda X, y: lgbm(X, y[:, 0]),
        NeuralStudentClassifier(),
        "predicts one target",
    ),
    ("multilabel", lambda X, y: forest(X, y), CLASSIFIERS["linear"], "have one target"),
    (
        "multilabel",
        lambda X, y: forest(X, y[:, :2]),
        CLASSIFIERS["net"],
        "2 targets at once",
    ),
    (
        "several values",
        lambda X, y: Ridge().fit(X, y[:, 0]),
        REGRESSORS["net"],
        "1 columns and y has 3",
    ),
    (
        "binary",
        lambda X, y: xgb_native(X, (y == "good").astype(float)),
        NeuralStudentClassifier(),
        "is a regressor",
    ),
]


@pytest.mark.parametrize(("task", "make", "student", "message"), REFUSED)
def test_a_teacher_that_cannot_teach_the_task_is_refused(task, make, student, message):
    X, y, _ = data(task)
    student = clone(student).set_params(teacher=make(X, y))
    if message == "is a regressor" and task == "regression":
        y = np.where(y > 100, "high", "low")
    if message == "is a classifier":
        y = np.arange(len(y), dtype=float)
    with pytest.raises(ValueError, match=message):
        student.fit(X, y)
    assert not hasattr(student, "n_features_in_")
