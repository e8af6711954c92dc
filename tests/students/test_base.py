"""Bad input, weights, transfer rows, tables: what all students share."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from containers import columns, containers, targets
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from skdistill import (
    FixedRows,
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    Munge,
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    SoftDecisionTreeClassifier,
    SoftDecisionTreeRegressor,
    StudentClassifier,
    StudentRegressor,
)
from skdistill.tables.reading import validated_table
from skdistill.tables.view import TableView

CLASSIFIERS = [NeuralStudentClassifier, SoftDecisionTreeClassifier]
REGRESSORS = [NeuralStudentRegressor, SoftDecisionTreeRegressor]
STUDENTS = [
    *(*CLASSIFIERS, HardDecisionTreeClassifier, StudentClassifier),
    *(*REGRESSORS, HardDecisionTreeRegressor, StudentRegressor),
]


def with_nan(X):
    X = X.copy()
    X[7, 1] = np.nan
    return X


def with_inf(X):
    X = X.copy()
    X[7, 1] = np.inf
    return X


def halves(n=150):
    return np.full((n, 3), 0.5)


# name, parameters given the fitted forest, changes to fit's arguments, message
BAD = {
    "mixed list": (
        lambda f: {"teacher": [f, RandomForestClassifier()]},
        {},
        "mixes fitted and unfitted",
    ),
    "narrow teacher": (
        lambda f: {"teacher": f},
        {"X": lambda X: X[:, :3]},
        "teacher=.*fitted on 4 columns and X has 3",
    ),
    "no shared class": (
        lambda f: {"teacher": f},
        {"y": lambda y: np.char.upper(y.astype(str))},
        "teacher and y share no class",
    ),
    "numbers for strings": (
        lambda f: {"teacher": f},
        {"y": lambda y: np.unique(y, return_inverse=True)[1]},
        "teacher and y share no class",
    ),
    "regressor": (
        lambda f: {"teacher": LinearRegression()},
        {},
        "is a regressor, and this student is a classifier",
    ),
    "temperature 0": (lambda f: {"temperature": 0}, {}, "'temperature' parameter"),
    "temperature -1": (lambda f: {"temperature": -1}, {}, "'temperature' parameter"),
    "temperature nan": (
        lambda f: {"temperature": float("nan")},
        {},
        "'temperature' parameter",
    ),
    "temperature hot": (
        lambda f: {"temperature": "hot"},
        {},
        "'temperature' parameter",
    ),
    "alpha": (lambda f: {"alpha": 1.5}, {}, "'alpha' parameter"),
    "output of another length": (
        lambda f: {},
        {"teacher_output": lambda: np.full((149, 3), 1 / 3)},
        "teacher_output has 149 rows, and there must be 150",
    ),
    "output of another width": (
        lambda f: {},
        {"teacher_output": lambda: np.full((150, 2), 1 / 2)},
        "teacher_output has 2 columns and there are 3 classes",
    ),
    "output with nan": (
        lambda f: {},
        {"teacher_output": lambda: np.where(np.eye(150, 3) > 0, np.nan, 0.5)},
        "teacher_output holds NaN",
    ),
    "output that does not sum to 1": (
        lambda f: {},
        {"teacher_output": halves},
        "teacher_output must hold probabilities",
    ),
    "X with nan, as it is": (
        lambda f: {"teacher": f, "preprocessor": None},
        {"X": with_nan},
        '(?s)NaN.*preprocessor=None.*"auto"',
    ),
    "X with inf": (lambda f: {"teacher": f}, {"X": with_inf}, "infinity"),
    "no y": (
        lambda f: {"teacher": f, "alpha": 0.9},
        {"y": lambda y: None},
        "requires y to be passed.*alpha=1",
    ),
    "no y, unfitted teacher": (
        lambda f: {"teacher": RandomForestClassifier()},
        {"y": lambda y: None},
        "requires y to be passed.*fitted teacher",
    ),
    "one class": (
        lambda f: {},
        {"y": lambda y: np.repeat("setosa", 150)},
        r"y holds one class only \('setosa'\)",
    ),
    "one class, with a teacher": (
        lambda f: {"teacher": f},
        {"y": lambda y: np.repeat("setosa", 150)},
        "y holds one class only",
    ),
    "loss that becomes nan": (
        lambda f: {"loss": lambda s, t, T: (s - t).sum(dim=1) * np.nan, "teacher": f},
        {},
        "loss became nan in epoch 1.*nothing was kept.*learning rate",
    ),
    "learning rate": (
        lambda f: {"lr": 1e38, "lr_schedule": None, "optimizer": "sgd"},
        {},
        "loss became (nan|inf) in epoch .*try lr=1e\\+37",
    ),
    "prefit": (
        lambda f: {"teacher": RandomForestClassifier(), "cv": "prefit"},
        {},
        'cv="prefit" forbids',
    ),
    "weights of a list": (
        lambda f: {"teacher": [f, f], "teacher_weights": [1, 2, 3]},
        {},
        "teacher_weights has shape",
    ),
    "transfer_output alone": (
        lambda f: {"teacher": f},
        {"transfer_output": halves},
        "transfer_output needs its rows",
    ),
    "X_transfer alone": (
        lambda f: {},
        {"X_transfer": lambda: np.zeros((3, 4))},
        "X_transfer has no labels",
    ),
    "narrow X_transfer": (
        lambda f: {"teacher": f},
        {"X_transfer": lambda: np.zeros((3, 2))},
        "X_transfer: X has 2 features",
    ),
    "unknown class in y_val": (
        lambda f: {},
        {"X_val": lambda: np.zeros((2, 4)), "y_val": lambda: ["setosa", "oak"]},
        "y_val holds unknown classes: \\['oak'\\]",
    ),
    "y_val alone": (
        lambda f: {},
        {"y_val": lambda: ["setosa"]},
        "y_val needs its rows",
    ),
    "X_val alone": (
        lambda f: {},
        {"X_val": lambda: np.zeros((2, 4))},
        "X_val has no targets",
    ),
    "a class twice": (
        lambda f: {"classes": ["a", "a", "b"]},
        {},
        "names a class twice",
    ),
    "columns without name": (
        lambda f: {"teacher": lambda X: np.full((len(X), 4), 0.25)},
        {},
        "answers with 4 columns for 3 classes.*by `classes`",
    ),
    "teacher with nan": (
        lambda f: {"teacher": lambda X: np.full((len(X), 3), np.nan)},
        {},
        "teacher's output holds NaN",
    ),
    "weights all zero": (
        lambda f: {},
        {"sample_weight": lambda: np.zeros(150)},
        "(?i)sample.weight",
    ),
    "no effect of temperature": (
        lambda f: {"teacher": f, "loss": "mse_logits", "temperature": 8.0},
        {},
        "temperature=8.0 has no effect with loss='mse_logits'",
    ),
    "loss of two arguments": (
        lambda f: {"teacher": f, "loss": lambda s, t: (s - t).sum(dim=1)},
        {},
        r"called as loss\(output, target, temperature\)",
    ),
    "loss without gradient": (
        lambda f: {"teacher": f, "loss": lambda s, t, T: t.sum(dim=1)},
        {},
        "so that it has a gradient",
    ),
    "y_val of another length": (
        lambda f: {},
        {"X_val": lambda: np.zeros((2, 4)), "y_val": lambda: ["setosa"]},
        "y_val has 1 rows and X_val has 2",
    ),
    "weights that overflow": (
        lambda f: {},
        {"sample_weight": lambda: np.full(150, 1e308)},
        "sample_weight sums to inf",
    ),
    "X beyond float32, not scaled": (
        lambda f: {"preprocessor": None},
        {"X": lambda X: X * 1e300},
        "beyond the range of float32",
    ),
    "unknown loss": (lambda f: {"loss": "hinge"}, {}, "loss='hinge' is not one of"),
    "balanced without y": (
        lambda f: {"teacher": f, "class_weight": "balanced"},
        {"y": lambda y: None},
        "counts the labels, and y is None",
    ),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("Student", CLASSIFIERS)
def test_bad_input_gets_one_clear_error_and_changes_nothing(
    Student, name, iris, iris_forest
):
    X, y = iris
    params, changes, message = BAD[name]
    before = iris_forest.predict_proba(X)
    student = Student(max_epochs=2, random_state=0).set_params(**params(iris_forest))
    state = dict(vars(student))
    arguments = {"X": X, "y": y}
    for key, change in changes.items():
        arguments[key] = change(arguments[key]) if key in arguments else change()
    with pytest.raises(ValueError, match=message):
        student.fit(**arguments)
    assert vars(student) == state
    np.testing.assert_array_equal(iris_forest.predict_proba(X), before)
    fitted = Student(max_epochs=2, random_state=0).fit(X, y)
    P = fitted.predict_proba(X)
    with pytest.raises(ValueError, match=message):
        fitted.set_params(**params(iris_forest)).fit(**arguments)
    np.testing.assert_array_equal(
        fitted.set_params(preprocessor="auto").predict_proba(X), P
    )


@pytest.mark.parametrize("Student", REGRESSORS)
def test_bad_input_of_regressors(Student, diabetes, diabetes_forest):
    X, y = diabetes
    cases = [
        (
            {"teacher": RandomForestClassifier()},
            {},
            "is a classifier, and this student",
        ),
        ({}, {"teacher_output": y[:-1]}, "teacher_output has 441 rows"),
        ({}, {"teacher_output": np.stack([y, y], 1)}, "2 columns and y has 1"),
        ({"teacher": diabetes_forest, "alpha": 0.5}, {"y": None}, "requires y"),
        (
            {},
            {"X_val": X[:9], "y_val": np.ones((9, 2))},
            "y_val has 2 targets, and there are 1",
        ),
        ({"teacher": [diabetes_forest, lambda X: np.ones((len(X), 2))]}, {}, "shapes"),
    ]
    for params, arguments, message in cases:
        student = Student(max_epochs=1).set_params(**params)
        with pytest.raises(ValueError, match=message):
            student.fit(**{"X": X, "y": y, **arguments})
        assert not hasattr(student, "n_features_in_")


def test_categories_get_a_clear_error_and_a_transformer_is_the_remedy():
    frame = pd.DataFrame(
        {"contract": ["month", "year", "month", "two"] * 20, "fee": np.arange(80.0)}
    )
    frame.loc[3, "fee"] = np.nan
    y = np.arange(80) % 2
    student = NeuralStudentClassifier(max_epochs=2, random_state=0)
    student.set_params(preprocessor=None)
    with pytest.raises(ValueError, match='(?s)could not convert.*take "auto"'):
        student.fit(frame, y)
    view = make_column_transformer(
        (OneHotEncoder(), ["contract"]), (SimpleImputer(), ["fee"])
    )
    student.set_params(preprocessor=view).fit(frame, y)
    assert student.feature_names_in_.tolist() == ["contract", "fee"]
    assert student.predict_proba(frame[:3]).shape == (3, 2)
    with pytest.raises(ValueError, match="feature names"):
        student.predict(frame.rename(columns={"fee": "price"}))


def test_one_row_without_its_columns_is_told_how_to_be_given():
    X = pd.DataFrame({"a": ["x", "y"] * 20, "b": ["u", "u", "v", "v"] * 10})
    tree = HardDecisionTreeClassifier(max_leaf_nodes=2, random_state=0)
    tree.fit(X, X["a"])
    with pytest.raises(ValueError, match=r"one dimension.* 2 columns.*iloc\[\[0\]\]"):
        tree.predict(X.iloc[0])
    assert tree.predict(X.iloc[[0]]) == ["x"]


def test_the_teacher_gets_the_frame_as_it_is():
    frame = pd.DataFrame({"a": np.arange(60.0), "b": np.arange(60) % 7})
    frame.loc[5, "a"] = np.nan
    y = np.where(frame.b > 3, "high", "low")
    teacher = HistGradientBoostingClassifier(max_iter=5).fit(frame, y)
    view = make_pipeline(SimpleImputer(), StandardScaler())
    student = NeuralStudentClassifier(teacher, preprocessor=view, max_epochs=30)
    student.fit(frame, y)  # a copy without names would warn, and warnings are errors
    assert student.score(frame, y) > 0.9


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_targets_of_any_size(diabetes, scale):
    X, y = diabetes
    plain = NeuralStudentRegressor(max_epochs=5, random_state=0).fit(X, y).predict(X)
    scaled = NeuralStudentRegressor(max_epochs=5, random_state=0).fit(X, y * scale)
    np.testing.assert_allclose(scaled.predict(X), plain * scale, rtol=1e-4)


def test_a_fitted_student_predicts_by_the_view_that_it_was_fitted_with():
    frame = pd.DataFrame({"a": ["x", "y"] * 20, "b": np.arange(40.0)})
    view = make_column_transformer((OneHotEncoder(), ["a"]), remainder="passthrough")
    student = SoftDecisionTreeClassifier(preprocessor=view, max_epochs=2)
    student.fit(frame, np.arange(40) % 2)
    P = student.predict_proba(frame)
    student.set_params(preprocessor="auto")
    np.testing.assert_array_equal(student.predict_proba(frame), P)
    student.fit(frame[["b"]], np.arange(40) % 2, X_val=frame[["b"]], y_val=np.ones(40))


@pytest.mark.parametrize("Student", CLASSIFIERS + REGRESSORS)
def test_sample_weight_is_repetition(Student, iris, diabetes):
    """In one full batch a weight of 2 is the row twice, and 0 is no row."""
    X, y = iris if Student in CLASSIFIERS else diabetes
    weight = np.random.default_rng(0).integers(0, 3, len(X))
    teacher = (
        RandomForestClassifier if Student in CLASSIFIERS else RandomForestRegressor
    )
    options = {"max_epochs": 20, "batch_size": 10_000, "random_state": 0, "alpha": 0.5}
    options["transfer"] = None  # rows are drawn for each row of X
    teacher = teacher(5, random_state=0).fit(X, y)
    rows = np.repeat(np.arange(len(X)), weight)
    for given in (None, teacher):
        a = Student(given, **options).fit(X, y, sample_weight=weight)
        b = Student(given, **options).fit(X[rows], y[rows])
        soft = "predict_proba" if Student in CLASSIFIERS else "predict"
        one, other = getattr(a, soft)(X), getattr(b, soft)(X)
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("Student", CLASSIFIERS)
def test_learning_without_labels(Student, iris, iris_forest):
    X, y = iris
    student = Student(iris_forest, alpha=1.0, max_epochs=50, random_state=0).fit(X)
    assert student.score(X, iris_forest.predict(X)) > 0.93
    short = {"max_epochs": 50, "random_state": 0}
    by_file = Student(alpha=1.0, classes=iris_forest.classes_, **short)
    by_file.fit(X, teacher_output=iris_forest.predict_proba(X))
    assert by_file.score(X, y) > 0.93


@pytest.mark.parametrize("Student", REGRESSORS)
def test_multi_output_regression(Student, diabetes):
    X, y = diabetes
    Y = np.stack([y, -3 * y + 5, X[:, 2] * 1e4], axis=1)
    teacher = RandomForestRegressor(10, random_state=0).fit(X, Y)
    student = Student(teacher, max_epochs=50, random_state=0).fit(X, Y)
    assert student.predict(X).shape == (442, 3)
    assert student.score(X, teacher.predict(X)) > 0.7
    flat = Student(max_epochs=1).fit(X, y)
    assert flat.predict(X).shape == (442,)
    column = Student(max_epochs=1).fit(X, y[:, None])
    assert column.predict(X).shape == (442, 1)


def test_transfer_rows_teach(iris, iris_forest):
    """Rows around one class only; the rest is learnt from transfer rows."""
    X, y = iris
    few = np.r_[0:50:10, 50:100:10, 100:150:10]
    student = NeuralStudentClassifier(iris_forest, max_epochs=300, random_state=0)
    alone = clone(student).fit(X[few], y[few])
    more = clone(student).fit(X[few], y[few], X_transfer=X)
    given = clone(student).set_params(teacher=None, classes=iris_forest.classes_)
    given.fit(
        X[few],
        y[few],
        teacher_output=iris_forest.predict_proba(X[few]),
        X_transfer=X,
        transfer_output=iris_forest.predict_proba(X),
    )
    truth = iris_forest.predict_proba(X)

    def distance(model):
        return np.abs(model.predict_proba(X) - truth).mean()

    assert distance(more) < distance(alone)
    assert distance(given) < distance(alone)


def test_only_transfer_rows_have_soft_targets(iris, iris_forest):
    X, y = iris
    P = iris_forest.predict_proba(X)
    student = NeuralStudentClassifier(
        alpha=0.5,
        classes=iris_forest.classes_,
        hidden_layer_sizes=(64, 64),
        max_epochs=50,
    )
    student.set_params(random_state=0)
    student.fit(X[::3], y[::3], X_transfer=X, transfer_output=P)
    assert student.score(X, y) > 0.9
    with pytest.raises(ValueError, match="only transfer rows have soft targets"):
        clone(student).set_params(early_stopping=True).fit(
            X[::3], y[::3], X_transfer=X, transfer_output=P
        )


def test_teacher_output_replaces_the_teacher_on_X_alone(iris):
    X, y = iris
    asked = []

    def teacher(rows):
        asked.append(len(rows))
        return np.full((len(rows), 3), 1 / 3)

    P = np.eye(3)[np.unique(y, return_inverse=True)[1]]
    student = NeuralStudentClassifier(teacher, max_epochs=1)
    student.fit(X, y, teacher_output=P)
    assert asked == []
    student.fit(X, y, teacher_output=P, X_transfer=X[:7])
    assert asked == [7]


def test_class_weight_moves_the_decision(iris, iris_forest):
    X, y = iris[0][50:], iris[1][50:]
    for teacher in (None, iris_forest):
        student = NeuralStudentClassifier(teacher, max_epochs=30, random_state=0)
        student.set_params(class_weight={"virginica": 1e3}).fit(X, y)
        assert (student.predict(X)[y == "virginica"] == "virginica").all()


def test_errors_of_a_table_in_another_order(iris):
    X, y = iris
    frame = pd.DataFrame(X, columns=list("abcd"))
    student = NeuralStudentClassifier(max_epochs=1).fit(frame, y)
    with pytest.raises(ValueError, match="same order"):
        student.predict(frame[list("dcba")])
    with pytest.raises(ValueError, match="feature names"):
        student.predict(frame[list("abc")])


@pytest.mark.parametrize(
    "names", [[10, 20, 30, 40], [("a", 1), ("a", 2), ("b", 1), ("b", 2)]]
)
@pytest.mark.parametrize("preprocessor", ["auto", None, StandardScaler()])
def test_numbers_as_names_have_an_order_too(iris, names, preprocessor):
    """scikit-learn compares names that are strings, and takes others by position."""
    X, y = iris
    frame = pd.DataFrame(X)
    frame.columns = pd.Index(names)
    turned = frame.iloc[:, ::-1]
    for student in (
        NeuralStudentClassifier(max_epochs=1, preprocessor=preprocessor),
        StudentClassifier(preprocessor=preprocessor),
    ):
        expected = student.fit(frame, y).predict_proba(frame)
        with pytest.raises(ValueError, match="columns of fit in another order"):
            student.predict(turned)
        more = {"X_transfer": turned, "transfer_output": expected}
        with pytest.raises(ValueError, match="X_transfer: X has the columns of fit"):
            clone(student).fit(frame, y, **more)
        student.predict(frame.set_axis([5, 6, 7, 8], axis=1))  # as scikit-learn does
        if preprocessor == "auto":
            np.testing.assert_array_equal(student.predict_proba(X), expected)
        student.fit(X, y).predict(turned)  # fitted on columns without names


GAP_STUDENTS = {
    "net": NeuralStudentClassifier(max_epochs=2, random_state=0),
    "soft": SoftDecisionTreeClassifier(max_depth=2, max_epochs=2, random_state=0),
    "hard": HardDecisionTreeClassifier(max_leaf_nodes=4, random_state=0),
    "any": StudentClassifier(
        student=DecisionTreeClassifier(max_depth=3, random_state=0)
    ),
}


@pytest.mark.parametrize("name", GAP_STUDENTS)
def test_gaps_have_the_same_answers_in_every_container(name):
    numbers, texts, y = columns()
    few = ["array pd.NA", "list masked", "frame Decimal", "arrow", "polars", "masked"]
    known = containers(numbers, texts)
    wanted = clone(GAP_STUDENTS[name]).fit(known["floats"], y)
    wanted = wanted.predict_proba(known["floats"])
    for kind in few:
        student = clone(GAP_STUDENTS[name]).fit(known[kind], y)
        answers = student.predict_proba(known[kind])
        np.testing.assert_allclose(answers, wanted, atol=1e-9, err_msg=kind)


@pytest.mark.parametrize("kind", [*targets([1, None])])
def test_rows_without_a_target_are_told_of_whatever_says_so(kind):
    X = np.arange(40.0).reshape(20, 2)
    for values in (["a", "b"] * 10, [0, 1] * 10):
        values[3] = values[5] = None
        student = GAP_STUDENTS["hard"]
        with pytest.raises(ValueError, match=r"^y has no label in 2 rows, .* row 3"):
            clone(student).fit(X, targets(values)[kind])
        if not isinstance(values[0], str):
            regressor = HardDecisionTreeRegressor()
            with pytest.raises(ValueError, match=r"^y has no value in 2 rows"):
                regressor.fit(X, targets(values)[kind])
    net = NeuralStudentClassifier(max_epochs=1)
    with pytest.raises(ValueError, match=r"^y_val has no label in 2 rows"):
        net.fit(X, [0, 1] * 10, X_val=X, y_val=targets(values)[kind])


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow", "masked", "lists"])
def test_one_of_several_targets_may_lack_a_row(library):
    X, values = np.arange(40.0).reshape(20, 2), [0.0, 1.0] * 10
    lacking = [None, *values[1:]]
    y = {
        "pandas": pd.DataFrame({"a": pd.array(lacking, "Int64"), "b": values}),
        "polars": pl.DataFrame({"a": lacking, "b": values}),
        "pyarrow": pa.table({"a": lacking, "b": values}),
        "masked": np.ma.masked_array(
            np.column_stack([values, values]), np.arange(40).reshape(20, 2) == 0
        ),
        "lists": [list(pair) for pair in zip(lacking, values, strict=True)],
    }[library]
    with pytest.raises(ValueError, match="y has no label in 1 rows, .* row 0"):
        HardDecisionTreeClassifier().fit(X, y)
    with pytest.raises(ValueError, match="y has no value in 1 rows, .* row 0"):
        HardDecisionTreeRegressor().fit(X, y)


@pytest.mark.parametrize("kind", [*targets([1, None])])
def test_gaps_in_weights_and_outputs_are_told_of(kind):
    X, y = np.arange(40.0).reshape(20, 2), [0, 1] * 10
    lacking = targets([0.5, 0.5, None, *[0.5] * 17])[kind]
    for student in (GAP_STUDENTS["hard"], GAP_STUDENTS["any"]):
        with pytest.raises(ValueError, match="sample_weight has no weight in 1 rows"):
            clone(student).fit(X, y, sample_weight=lacking)
        with pytest.raises(ValueError, match="teacher_output holds NaN.* row 2"):
            clone(student).fit(X, y, teacher_output=lacking)
        with pytest.raises(ValueError, match="transfer_output holds NaN.* row 2"):
            clone(student).fit(X, y, X_transfer=X, transfer_output=lacking)


def test_the_teacher_gets_masks_and_tables_as_they_are():
    numbers, texts, _ = columns()
    for kind in ("masked", "arrow", "array pd.NA"):
        X, seen = containers(numbers, texts)[kind], []

        def teacher(rows, seen=seen):
            seen.append(rows)
            return np.full(len(rows), 0.5)

        student = NeuralStudentClassifier(
            teacher, classes=[0, 1], alpha=1.0, transfer=Munge(1.0), max_epochs=1
        )
        student.fit(X, X_transfer=X)
        assert seen[0] is X and seen[1] is X and {type(s) for s in seen} == {type(X)}
        drawn = TableView().fit(seen[-1])
        assert sum(term.is_gap for term in drawn.terms_) == 2


@pytest.mark.parametrize("make", [NeuralStudentClassifier, GAP_STUDENTS["any"]])
def test_masked_cells_are_no_numbers_without_a_view_either(make):
    X = np.ma.masked_array(np.arange(40.0).reshape(20, 2), np.arange(40) == 3)
    y = [0, 1] * 10
    if make is NeuralStudentClassifier:
        with pytest.raises(ValueError, match="NaN"):
            make(preprocessor=None, max_epochs=1).fit(X, y)
        return
    student = clone(make).set_params(preprocessor=None).fit(X, y)
    plain = clone(student).fit(X.filled(np.nan), y)
    np.testing.assert_array_equal(student.predict(X), plain.predict(X.filled(np.nan)))


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_what_a_student_is_fitted_on_has_levels_in_the_order_of_X(library):
    levels = {"X": ["low", "mid", "high"], "more": ["high", "top", "low", "mid"]}
    numbers = np.tile([0.0, 1.0, 2.0], 10)
    own = [levels["X"][int(i)] for i in numbers]
    more = ["top" if level == "mid" else level for level in own]
    if library == "pandas":
        X, others = (
            pd.DataFrame({"c": pd.Categorical(rows, order, ordered=True)})
            for rows, order in ((own, levels["X"]), (more, levels["more"]))
        )
    else:
        X, others = (
            pl.DataFrame({"c": pl.Series(rows, dtype=pl.Enum(order))})
            for rows, order in ((own, levels["X"]), (more, levels["more"]))
        )
    student = StudentRegressor(
        lambda rows: np.zeros(len(rows)),
        student=_Remembers(),
        preprocessor=None,
        transfer=FixedRows(others),
        alpha=1.0,
    )
    seen = student.fit(X, X_transfer=others).student_.regressor_.seen_
    wanted = ["low", "mid", "high", "top"]
    labels = validated_table(BaseEstimator(), seen, reset=True).labels[0]
    assert labels.categories == wanted
    assert [wanted[i] for i in labels.codes] == own + more + more
    if library == "pandas":
        assert seen["c"].cat.ordered


class _Remembers(RegressorMixin, BaseEstimator):
    """A student that takes frames, and keeps what it was fitted on."""

    def fit(self, X, y, sample_weight=None):
        self.seen_ = X
        return self

    def predict(self, X):
        return np.zeros(len(X))
