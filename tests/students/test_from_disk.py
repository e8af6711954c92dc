"""Students that learn from rows on disk: as from memory, of all rows, in bounded memory."""

import warnings

import numpy as np
import pandas as pd
import pytest
from rows_on_disk import mixed_frame, written
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeRegressor
from taught_rows import FEW, N, TaughtRows, half_labelled, teacher_of

from skdistill import (
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    ParquetRows,
    SoftDecisionTreeClassifier,
    SoftDecisionTreeRegressor,
    StudentClassifier,
    TextStudentClassifier,
)
from skdistill.disk.rows import OpenRows


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    return TaughtRows(tmp_path_factory.mktemp("classes"), True)


@pytest.fixture(scope="module")
def values(tmp_path_factory):
    return TaughtRows(tmp_path_factory.mktemp("values"), False)


def _given(student, classes, values):
    return classes if student._estimator_type == "classifier" else values


STUDENTS = [
    NeuralStudentClassifier(max_epochs=2, alpha=0.5, random_state=0),
    NeuralStudentRegressor(max_epochs=2, alpha=0.5, random_state=0),
    NeuralStudentClassifier(
        max_epochs=2, alpha=0.5, early_stopping=True, random_state=0
    ),
    SoftDecisionTreeClassifier(max_epochs=2, max_depth=2, random_state=0),
    SoftDecisionTreeRegressor(max_epochs=2, max_depth=2, random_state=0),
    HardDecisionTreeClassifier(max_leaf_nodes=4, random_state=0),
    HardDecisionTreeRegressor(max_leaf_nodes=4, random_state=0),
    StudentClassifier(student=DecisionTreeRegressor(max_depth=2)),
]


@pytest.mark.parametrize("student", STUDENTS, ids=lambda s: type(s).__name__)
def test_rows_that_fit_are_learnt_to_the_same_bits(student, classes, values):
    given = _given(student, classes, values)
    memory = clone(student).fit(
        given.X, given.y, sample_weight=given.weight, teacher_output=given.answers
    )
    disk = clone(student).fit(given.rows(), teacher_output=given.answers)
    np.testing.assert_array_equal(memory.predict(given.X), disk.predict(given.X))
    if hasattr(memory, "history_"):
        losses = [[e["train_loss"] for e in s.history_] for s in (memory, disk)]
        assert losses[0] == losses[1]


@pytest.mark.parametrize("student", STUDENTS[:2], ids=["classes", "values"])
def test_what_is_known_of_all_rows_is_what_memory_knows(student, classes, values):
    given = _given(student, classes, values)
    memory = clone(student).fit(
        given.X, given.y, sample_weight=given.weight, teacher_output=given.answers
    )
    disk = clone(student).fit(given.rows(**FEW), teacher_output=given.answers)
    views = memory.preprocessor_, disk.preprocessor_
    for name in ("center_", "inverse_scale_", "spread_"):
        np.testing.assert_allclose(*(getattr(v, name) for v in views), rtol=1e-9)
    units = memory._task, disk._task
    if student is STUDENTS[1]:
        for name in ("center", "scale"):
            np.testing.assert_allclose(
                *(getattr(task.unit, name) for task in units), rtol=1e-9
            )
    else:
        assert disk.classes_.tolist() == memory.classes_.tolist()


def _full_batch(student):
    """One step an epoch, of all rows: then their order does not count."""
    options = {"batch_size": N, "max_epochs": 4, "numeric_embedding": None}
    options["early_stopping"] = False  # other rows would be held out of a sample
    return clone(student).set_params(**options)


@pytest.mark.parametrize("student", STUDENTS[:2], ids=["classes", "values"])
@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
def test_the_same_steps_give_the_same_losses(student, alpha, classes, values):
    given = _given(student, classes, values)
    student = _full_batch(student).set_params(alpha=alpha)
    memory = clone(student).fit(
        given.X, given.y, sample_weight=given.weight, teacher_output=given.answers
    )
    disk = clone(student).fit(given.rows(**FEW), teacher_output=given.answers)
    losses = [[e["train_loss"] for e in s.history_] for s in (memory, disk)]
    np.testing.assert_allclose(*losses, rtol=1e-4)
    predict = "predict_proba" if hasattr(memory, "classes_") else "predict"
    np.testing.assert_allclose(
        *(getattr(s, predict)(given.X) for s in (memory, disk)), rtol=1e-3, atol=1e-4
    )


def test_balanced_classes_and_calibration_are_those_of_all_rows(classes):
    given = classes
    student = _full_batch(STUDENTS[0]).set_params(class_weight="balanced")
    memory = clone(student).fit(given.X, given.y, teacher_output=given.answers)
    rows = given.rows(weight=None, **FEW)
    disk = clone(student).fit(rows, teacher_output=given.answers)
    losses = [[e["train_loss"] for e in s.history_] for s in (memory, disk)]
    np.testing.assert_allclose(*losses, rtol=1e-4)


def test_a_fitted_teacher_is_asked_once_about_each_row(classes):
    given, asked = classes, []

    class Counting(LogisticRegression):
        def predict_proba(self, X):
            asked.append(len(X))
            return super().predict_proba(X)

    teacher = teacher_of(Counting()).fit(given.X, given.y)
    asked.clear()
    student = NeuralStudentClassifier(teacher, max_epochs=5, random_state=0)
    student.fit(given.rows(target=None, weight=None, **FEW))
    # The sample first, which says how to begin.
    assert sum(asked) <= N + FEW["max_rows"] + 10
    assert student.classes_.tolist() == ["no", "yes"]
    assert (student.predict(given.X) == teacher.predict(given.X)).mean() > 0.8


def test_a_student_of_labels_alone(classes):
    student = NeuralStudentClassifier(max_epochs=20, random_state=0)
    student.fit(classes.rows(**FEW))
    assert student.score(classes.X, classes.y, classes.weight) > 0.85


def test_no_batch_is_larger_than_it_may_be(classes, monkeypatch):
    alive = []
    batches = OpenRows.batches

    def counted(self, *without):
        for batch in batches(self, *without):
            alive.append(len(batch))
            yield batch

    monkeypatch.setattr(OpenRows, "batches", counted)
    monkeypatch.setattr("skdistill.disk.rows._ROWS", 50)
    NeuralStudentClassifier(max_epochs=1, random_state=0).fit(classes.rows(**FEW))
    assert max(alive) <= 50 and sum(alive) >= 2 * N


def test_held_out_rows_are_not_trained_on(classes):
    student = NeuralStudentClassifier(
        max_epochs=3, early_stopping=True, validation_fraction=0.2, random_state=0
    )
    student.fit(classes.rows(weight=None, **FEW))
    assert "valid_loss" in student.history_[0]
    sizes = {len(e["batches"]) for e in student.history_ if "batches" in e}
    assert sizes <= {0}  # as in memory: the history keeps no batches


def test_x_val_may_be_on_disk_too(classes, tmp_path):
    given = classes
    student = NeuralStudentClassifier(max_epochs=3, early_stopping=True, random_state=0)
    memory = clone(student).fit(given.rows(**FEW), X_val=given.X, y_val=given.y)
    disk = clone(student).fit(given.rows(**FEW), X_val=given.rows(weight=None))
    losses = [[e["valid_loss"] for e in s.history_] for s in (memory, disk)]
    assert losses[0] == losses[1]


def test_a_class_too_rare_for_the_sample_is_learnt(tmp_path):
    frame, y = mixed_frame(N)
    y = y.astype(object)
    y[-1] = "rare"
    folder = written(frame.assign(y=y), tmp_path / "rows")
    student = NeuralStudentClassifier(max_epochs=1, random_state=0)
    student.fit(ParquetRows(folder, target="y", max_rows=20, buffer_rows=50))
    assert student.classes_.tolist() == ["no", "rare", "yes"]


def test_other_students_say_that_they_learn_from_a_sample(classes, monkeypatch):
    monkeypatch.setattr("skdistill.disk.rows._MOST", 200)
    student = HardDecisionTreeClassifier(max_leaf_nodes=4, random_state=0)
    with pytest.warns(UserWarning, match="from a sample of 200 of the 600 rows"):
        clone(student).fit(classes.rows(), teacher_output=classes.answers)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clone(student).fit(classes.rows(max_rows=200), teacher_output=classes.answers)


def test_warm_start_goes_on_from_disk(classes):
    student = NeuralStudentClassifier(max_epochs=2, warm_start=True, random_state=0)
    student.fit(classes.rows(**FEW))
    view, first = student.preprocessor_, student.history_[-1]["train_loss"]
    student.fit(classes.rows(**FEW))
    assert student.preprocessor_ is view
    assert student.history_[0]["train_loss"] < first * 1.5


def test_one_seed_one_student(classes):
    def learnt():
        student = NeuralStudentClassifier(max_epochs=2, random_state=0)
        return student.fit(classes.rows(**FEW)).predict_proba(classes.X)

    np.testing.assert_array_equal(learnt(), learnt())


@pytest.mark.parametrize("sampler", ["munge", "noise"])
def test_drawn_rows_come_from_the_sample(sampler, classes):
    student = NeuralStudentClassifier(
        classes.teacher, transfer=sampler, max_epochs=2, random_state=0
    )
    student.fit(classes.rows(weight=None, **FEW), teacher_output=classes.answers)
    assert student.score(classes.X, classes.y) > 0.6


@pytest.mark.parametrize(
    ("student", "message"),
    [
        (
            NeuralStudentClassifier(
                teacher_of(LogisticRegression()),
                hidden_layer_sizes=(64, 64),
                max_epochs=50,
            ),
            "is not fitted",
        ),
        (
            NeuralStudentClassifier(
                teacher_of(LogisticRegression()),
                cv=2,
                hidden_layer_sizes=(64, 64),
                max_epochs=50,
            ),
            "cv=2 fits",
        ),
    ],
)
def test_what_needs_all_rows_in_memory_is_refused(student, message, classes):
    with pytest.raises(ValueError, match=rf"{message}.*raise `max_rows`"):
        student.fit(classes.rows(**FEW))
    assert not hasattr(student, "preprocessor_")


def test_arguments_that_the_rows_hold_themselves(classes):
    student = NeuralStudentClassifier()
    with pytest.raises(ValueError, match=r"\['y', 'sample_weight'\] cannot be given"):
        student.fit(classes.rows(), classes.y, sample_weight=classes.weight)
    with pytest.raises(TypeError, match="is a folder that soft_targets"):
        student.fit(classes.rows(), teacher_output=np.ones((N, 2)) / 2)


def test_targets_of_other_rows_are_refused(classes, tmp_path):
    frame = classes.X.assign(target=classes.y).iloc[::-1]
    other = ParquetRows(written(frame, tmp_path / "rows"), target="target")
    with pytest.raises(ValueError, match=r"is about other rows than those of rows-000"):
        NeuralStudentClassifier().fit(other, teacher_output=classes.answers)
    one = ParquetRows(sorted(classes.folder.iterdir())[0], target="target")
    with pytest.raises(ValueError, match="is about 4 fragments, and the rows have 1"):
        NeuralStudentClassifier().fit(one, teacher_output=classes.answers)


def test_a_column_missing_in_a_late_fragment(classes, tmp_path):
    frame = classes.X.assign(target=classes.y)
    folder = written(frame, tmp_path / "rows")
    frame.drop(columns="word").to_parquet(folder / "rows-003.parquet")
    with pytest.raises(
        ValueError, match=r"rows-003.parquet lacks the columns \['word'\]"
    ):
        NeuralStudentClassifier().fit(ParquetRows(folder, target="target", max_rows=9))


def test_empty_fragments_and_wider_types_change_nothing(classes, tmp_path):
    frame = classes.X.assign(target=classes.y)
    plain = written(frame, tmp_path / "plain")
    other = written(frame, tmp_path / "other")
    first = pd.read_parquet(other / "rows-001.parquet")
    first.astype({"count": "int8"}).to_parquet(other / "rows-001.parquet")
    frame.iloc[:0].to_parquet(other / "rows-0015.parquet")
    student = NeuralStudentClassifier(max_epochs=2, random_state=0)
    learnt = [
        clone(student).fit(ParquetRows(folder, target="target", **FEW))
        for folder in (plain, other)
    ]
    np.testing.assert_array_equal(*(s.predict_proba(classes.X) for s in learnt))


@pytest.fixture(scope="module")
def halves(classes, tmp_path_factory):
    return half_labelled(classes, tmp_path_factory.mktemp("halves"))


@pytest.mark.parametrize("transfer_weight", [None, 2.0])
def test_rows_without_a_label_are_transfer_rows(transfer_weight, halves):
    rows, answers, memory = halves
    student = NeuralStudentClassifier(
        max_epochs=2, alpha=0.5, transfer_weight=transfer_weight, random_state=0
    )
    memory = clone(student).fit(**memory)
    disk = clone(student).fit(
        ParquetRows(rows, target="target"), teacher_output=answers
    )
    losses = [[e["train_loss"] for e in s.history_] for s in (memory, disk)]
    np.testing.assert_allclose(*losses, rtol=1e-5)
    assert disk.classes_.tolist() == [0, 1] and disk.classes_.dtype.kind == "i"


@pytest.mark.parametrize("transfer_weight", [None, 2.0])
def test_rows_without_a_label_are_streamed_too(transfer_weight, halves):
    rows, answers, memory = halves
    student = NeuralStudentClassifier(
        max_epochs=6,
        alpha=0.5,
        transfer_weight=transfer_weight,
        batch_size=N,  # all rows in each step
        numeric_embedding=None,
        random_state=0,
    )
    disk = clone(student).fit(
        ParquetRows(rows, target="target", **FEW), teacher_output=answers
    )
    # The view is that of all rows in the files, labelled or not.
    memory = clone(student).fit(**memory)
    losses = [[e["train_loss"] for e in s.history_] for s in (memory, disk)]
    np.testing.assert_allclose(*losses, rtol=0.02)


def test_rows_without_a_label_need_ateacher_of(halves):
    rows, answers, _ = halves
    with pytest.raises(ValueError, match="no labels: give a teacher"):
        NeuralStudentClassifier().fit(ParquetRows(rows, target="target", **FEW))
    student = NeuralStudentClassifier(
        transfer="munge", hidden_layer_sizes=(64, 64), max_epochs=50
    )
    with pytest.raises(ValueError, match="are transfer rows already"):
        student.fit(ParquetRows(rows, target="target", **FEW), teacher_output=answers)


@pytest.mark.parametrize(
    "options",
    [
        {"loss": "dkd"},
        {"loss": "dist", "alpha": 1.0},
        {"temperature": 4.0, "alpha": 0.5, "label_smoothing": 0.1},
        {"class_weight": {"yes": 3.0}, "ema_decay": 0.9},
        {"preprocessor": None},
    ],
    ids=lambda options: next(iter(options)),
)
def test_losses_of_any_kind_see_all_rows(options, classes):
    X = classes.X[["a", "count"]]
    teacher = LogisticRegression().fit(X, classes.y)
    rows = ParquetRows(classes.folder, target="target", columns=list(X), **FEW)
    student = NeuralStudentClassifier(
        teacher, transfer=None, hidden_layer_sizes=(64, 64), max_epochs=50
    ).set_params(**options)
    student = _full_batch(student).set_params(random_state=0)
    memory = clone(student).fit(X, classes.y)
    disk = clone(student).fit(rows)
    losses = [[e["train_loss"] for e in s.history_] for s in (memory, disk)]
    np.testing.assert_allclose(*losses, rtol=1e-4)


def test_several_targets(values):
    X = values.X[["kind", "word"]]
    rows = {"target": ["a", "count"], "columns": list(X), **FEW}
    student = _full_batch(
        NeuralStudentRegressor(
            random_state=0, hidden_layer_sizes=(64, 64), max_epochs=50
        )
    )
    memory = clone(student).fit(X, values.X[["a", "count"]])
    disk = clone(student).fit(ParquetRows(values.folder, **rows))
    np.testing.assert_allclose(memory.predict(X), disk.predict(X), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("student", STUDENTS[3:5], ids=["classes", "values"])
def test_soft_trees_see_all_rows(student, classes, values):
    given = _given(student, classes, values)
    student = clone(student).set_params(batch_size=N, transfer=None)
    memory = clone(student).fit(given.X, given.y, teacher_output=given.answers)
    rows = given.rows(weight=None, **FEW)
    disk = clone(student).fit(rows, teacher_output=given.answers)
    losses = [[e["train_loss"] for e in s.history_] for s in (memory, disk)]
    np.testing.assert_allclose(*losses, rtol=1e-4)


def test_a_fragment_without_a_single_string(classes, tmp_path):
    X = classes.X.astype({"word": object})
    X.loc[: N // 4 + 10, "word"] = None
    folder = written(X.assign(target=classes.y), tmp_path / "rows")
    student = _full_batch(
        NeuralStudentClassifier(
            random_state=0, hidden_layer_sizes=(64, 64), max_epochs=50
        )
    )
    memory = clone(student).fit(X, classes.y)
    disk = clone(student).fit(ParquetRows(folder, target="target", **FEW))
    losses = [[e["train_loss"] for e in s.history_] for s in (memory, disk)]
    np.testing.assert_allclose(*losses, rtol=1e-4)


def test_folders_whose_names_say_a_category(classes, tmp_path):
    frame = classes.X.assign(target=classes.y)
    frame.to_parquet(tmp_path / "rows", partition_cols=["word"])
    whole = pd.read_parquet(tmp_path / "rows")
    student = _full_batch(
        NeuralStudentClassifier(
            random_state=0, hidden_layer_sizes=(64, 64), max_epochs=50
        )
    )
    memory = clone(student).fit(whole.drop(columns="target"), whole["target"])
    disk = clone(student).fit(ParquetRows(tmp_path / "rows", target="target", **FEW))
    losses = [[e["train_loss"] for e in s.history_] for s in (memory, disk)]
    np.testing.assert_allclose(*losses, rtol=1e-4)


def test_prediction_says_how_to_go_through_the_rows(classes):
    rows = classes.rows(weight=None, **FEW)
    student = NeuralStudentClassifier(max_epochs=1, random_state=0).fit(rows)
    with pytest.raises(TypeError, match="for batch in rows.batches"):
        student.predict(rows)
    parts = [student.predict(batch.X) for batch in rows.batches()]
    assert (np.concatenate(parts) == student.predict(classes.X)).all()


def test_a_failed_fit_changes_nothing(classes, tmp_path):
    student = NeuralStudentClassifier(max_epochs=1, random_state=0)
    student.fit(classes.rows(**FEW))
    before = dict(vars(student))
    folder = written(classes.X.assign(target=classes.y), tmp_path / "rows")
    rows = ParquetRows(folder, target="target", scratch=tmp_path / "nowhere", **FEW)
    with pytest.raises(FileNotFoundError, match="scratch=.*nowhere"):
        student.fit(rows)
    assert vars(student) == before


@pytest.mark.parametrize("is_sorted", [True, False])
def test_edges_are_quantiles_of_all_rows(is_sorted, tmp_path):
    """To the error of a uniform sample, whatever the order of the files."""
    n, n_sample = 20_000, 5_000
    rng = np.random.default_rng(0)
    a = rng.normal(size=n)
    X = pd.DataFrame({"a": a, "tails": np.exp(3 * a), "b": rng.random(n)})
    if is_sorted:
        X = X.sort_values("a", ignore_index=True)
    folder = written(X.assign(y=X["b"] > 0.5), tmp_path / "rows", 8)
    student = NeuralStudentClassifier(hidden_layer_sizes=4, max_epochs=1)
    student.fit(ParquetRows(folder, target="y", max_rows=n_sample, buffer_rows=5_000))
    bins = student.module_.embedding
    view = student.preprocessor_.transform(X)
    # Dvoretzky, Kiefer, Wolfowitz: more than this once in a million fits.
    most = np.sqrt(np.log(2e6) / (2 * n_sample))
    for j in range(3):
        inner = bins.low[bins.column == j].numpy()[1:]
        rank = np.searchsorted(np.sort(view[:, j]), inner) / n
        wanted = np.arange(1, len(inner) + 1) / (len(inner) + 1)
        assert len(inner) > 25 and abs(rank - wanted).max() < most


def test_students_of_texts_learn_all_rows(tmp_path):
    """Of 30 rows in memory they know few of the words that the others hold."""
    pytest.importorskip("tokenizers")
    random = np.random.default_rng(0)
    words = [f"{a}{b}" for a in "bdfgklmn" for b in ("aru", "eno", "ilu", "ose")]
    y = random.integers(2, size=600)
    texts = [
        " ".join([random.choice(words[16 * label : 16 * label + 16]), "is", "here"])
        for label in y
    ]
    frame = pd.DataFrame({"text": texts, "y": y})
    for i in range(3):
        frame[200 * i : 200 * i + 200].to_parquet(tmp_path / f"{i}.parquet")
    rows = ParquetRows(tmp_path, target="y", columns=["text"], max_rows=30)
    student = TextStudentClassifier(
        n_layers=1, hidden_size=16, max_epochs=5, lr=0.01, random_state=0
    )
    student.fit(rows)
    assert student.score(frame[["text"]], y) > 0.95
    some = clone(student).fit(frame[["text"]][:30], y[:30])
    assert some.score(frame[["text"]], y) < student.score(frame[["text"]], y)
