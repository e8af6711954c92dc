"""Teachers that look their training rows up: who is one, and what cv="auto" does."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import (
    BaggingClassifier,
    ExtraTreesClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.frozen import FrozenEstimator
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    KNeighborsTransformer,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from skdistill import (
    DistillationSearchCV,
    FixedRows,
    GaussianNoise,
    HardDecisionTreeClassifier,
    InContext,
    Munge,
    NeuralStudentClassifier,
    ParquetRows,
    StudentClassifier,
    StudentRegressor,
    soft_targets,
)
from skdistill.teacher.context import in_context, looks_up

NEIGHBORS = KNeighborsClassifier(9, weights="distance")
MEMORY = KNeighborsRegressor(1)  # answers with the label of the row itself


@pytest.fixture
def noisy():
    random = np.random.default_rng(0)
    X = random.normal(size=(120, 3))
    return X, ((X[:, 0] + random.normal(size=120)) > 0).astype(int)


@pytest.fixture
def values():
    random = np.random.default_rng(0)
    return random.normal(size=(60, 3)), random.normal(size=60)


def foreign(module, name):
    """A class of a library that need not be there."""
    return type(name, (GaussianNB,), {"__module__": module})


@pytest.mark.parametrize(
    "teacher",
    [
        KNeighborsClassifier(),
        KNeighborsRegressor(),
        GaussianProcessClassifier(),
        GaussianProcessRegressor(),
        make_pipeline(StandardScaler(), KNeighborsClassifier()),
        VotingClassifier([("a", GaussianNB()), ("b", KNeighborsClassifier())]),
        BaggingClassifier(GaussianProcessClassifier()),
        GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [1, 2]}),
        FrozenEstimator(KNeighborsClassifier()),
        [GaussianNB(), KNeighborsClassifier()],
        foreign("tabpfn.classifier", "TabPFNClassifier")(),
        foreign("tabicl._sklearn.regressor", "TabICLRegressor")(),
        type("Mine", (foreign("tabpfn.classifier", "TabPFNClassifier"),), {})(),
        KNeighborsClassifier().predict_proba,
        InContext(GaussianNB()),
    ],
)
def test_who_looks_rows_up_is_known_by_name(teacher):
    assert in_context(teacher)


@pytest.mark.parametrize(
    "teacher",
    [
        None,
        [],
        GaussianNB(),
        make_pipeline(KNeighborsTransformer(), Ridge()),
        ExtraTreesClassifier(),
        np.exp,
        make_pipeline(StandardScaler(), StudentClassifier(KNeighborsClassifier())),
        KNeighborsClassifier,  # the class itself, which fit refuses
        foreign("my_tabpfn", "TabPFNClassifier")(),
        foreign("tabpfn.inference_config", "InferenceConfig")(),
    ],
)
def test_others_are_not(teacher):
    assert not in_context(teacher)


def test_without_transfer_rows_only_the_name_tells():
    assert looks_up(True, {"train": 0.0}, [2]) and looks_up(True, None, [])
    assert not looks_up(False, {"train": 0.0}, [2])


def test_of_several_targets_the_entropies_add_up():
    entropy = {"train": 0.01, "transfer": 0.1}
    assert looks_up(False, entropy, [2])
    assert not looks_up(False, entropy, [2, 2, 2])


@pytest.mark.parametrize("wrap", [lambda m: m, lambda m: m.predict_proba])
def test_labels_that_are_looked_up_bring_a_warning(noisy, wrap):
    X, y = noisy
    teacher = wrap(clone(NEIGHBORS).fit(X, y))
    with pytest.warns(UserWarning, match=r'Set cv="auto"') as seen:
        StudentClassifier(teacher, classes=[0, 1], transfer="munge").fit(X, y)
    assert len(seen) == 1 and seen[0].filename == __file__


def test_the_warning_needs_no_known_name(noisy):
    X, y = noisy
    model = clone(NEIGHBORS).fit(X, y)
    student = StudentClassifier(lambda rows: model.predict_proba(rows), classes=[0, 1])
    student.fit(X, y)  # there are no other rows to tell it by
    with pytest.warns(UserWarning, match=r'Set cv="auto"'):
        student.set_params(transfer="munge").fit(X, y)


@pytest.mark.parametrize(
    "teacher",
    [
        RandomForestClassifier(30, random_state=0),
        ExtraTreesClassifier(30, random_state=0),
        DecisionTreeClassifier(random_state=0),
        KNeighborsClassifier(31),  # in whose votes one's own label is one of many
        make_pipeline(
            StandardScaler(), GaussianProcessClassifier(RBF(2.0), optimizer=None)
        ),
    ],
)
def test_a_teacher_that_is_as_unsure_about_x_brings_none(noisy, teacher):
    X, y = noisy
    StudentClassifier(clone(teacher).fit(X, y), transfer="conditional").fit(X, y)


def test_no_warning_where_it_does_not_label_rows_that_it_was_fitted_on(noisy):
    X, y = noisy
    teacher = clone(NEIGHBORS).fit(X, y)
    out_of_fold = cross_val_predict(NEIGHBORS, X, y, cv=5, method="predict_proba")
    StudentClassifier(teacher).fit(X, y, teacher_output=out_of_fold)
    StudentClassifier(teacher).fit(X + 1)  # unlabelled rows
    StudentClassifier(teacher, cv=3).fit(X, y)
    StudentClassifier(teacher, alpha=0).fit(X, y)


def test_outputs_of_others_say_nothing_of_a_teacher(noisy):
    X, y = noisy
    sure = DecisionTreeClassifier(random_state=0).fit(X, y)
    unsure = np.full(len(X) - 1, 0.5)
    StudentClassifier(sure).fit(X, y, X_transfer=X[1:], transfer_output=unsure)
    StudentClassifier(sure, transfer=FixedRows(X[1:], unsure)).fit(X, y)


def test_auto_labels_x_out_of_fold_and_drawn_rows_by_all_rows(values):
    X, y = values
    asked = []

    class Recorder(KNeighborsRegressor):
        def predict(self, rows):
            answer = super().predict(rows)
            asked.append((len(self._y), np.array(rows), answer))
            return answer

    teacher = Recorder(1).fit(X, y)
    student = StudentRegressor(teacher, student=MEMORY, cv="auto", random_state=0)
    student.set_params(transfer=GaussianNoise(2.0)).fit(X, y)
    want = cross_val_predict(MEMORY, X, y, cv=5)
    np.testing.assert_allclose(student.predict(X), want)
    drawn = [(n, rows) for n, rows, _ in asked if len(rows) == 120]
    assert [n for n, _ in drawn] == [60]
    np.testing.assert_allclose(
        student.predict(drawn[0][1]), teacher.predict(drawn[0][1])
    )


@pytest.mark.parametrize("fitted", [False, True])
def test_auto_is_five_folds_for_a_known_teacher(noisy, fitted):
    X, y = noisy
    teacher = clone(NEIGHBORS).fit(X, y) if fitted else NEIGHBORS
    answers = [
        StudentClassifier(teacher, cv=cv).fit(X, y).predict_proba(X)
        for cv in ("auto", 5)
    ]
    np.testing.assert_allclose(*answers)


def test_auto_finds_out_by_how_a_teacher_answers(noisy):
    X, y = noisy
    asked = []

    class Unknown(ClassifierMixin, BaseEstimator):
        def fit(self, X, y):
            self.model_ = clone(NEIGHBORS).fit(X, y)
            self.classes_ = self.model_.classes_
            return self

        def predict_proba(self, rows):
            asked.append(len(rows))
            return self.model_.predict_proba(rows)

    sampler = Munge(3.0)
    student = StudentClassifier(Unknown(), cv="auto", transfer=sampler, random_state=0)
    by_name = StudentClassifier(NEIGHBORS, cv="auto", transfer=sampler, random_state=0)
    found = student.fit(X, y).predict_proba(X)
    np.testing.assert_allclose(found, by_name.fit(X, y).predict_proba(X))
    assert asked.count(360) == 1  # drawn rows are not asked about again


def test_auto_is_none_for_others(noisy):
    X, y = noisy
    forest = RandomForestClassifier(10, random_state=0).fit(X, y)
    answers = [
        StudentClassifier(forest, cv=cv, transfer="munge", random_state=0)
        .fit(X, y)
        .predict_proba(X)
        for cv in ("auto", None)
    ]
    np.testing.assert_array_equal(*answers)
    StudentClassifier(forest, cv="auto", transfer_teacher="unseen").fit(X, y)


def test_auto_lets_auto_draw_rows(noisy):
    X, y = noisy
    net = NeuralStudentClassifier(NEIGHBORS, max_epochs=1, random_state=0)
    assert "transfer" in net.set_params(cv="auto").fit(X, y).teacher_entropy_
    assert "transfer" not in net.set_params(cv=5).fit(X, y).teacher_entropy_


@pytest.mark.parametrize(
    "wrap",
    [
        FrozenEstimator,
        lambda model: model.predict_proba,
        lambda model: lambda rows: model.predict_proba(rows),
    ],
)
def test_auto_refuses_what_it_cannot_clone(noisy, wrap):
    X, y = noisy
    teacher = wrap(clone(NEIGHBORS).fit(X, y))
    student = StudentClassifier(
        teacher, cv="auto", classes=[0, 1], transfer="munge", random_state=0
    )
    with pytest.raises(ValueError, match=r'cv="auto" does.*`teacher_output`.*cv=None'):
        student.fit(X, y)
    assert not hasattr(student, "classes_")
    output = cross_val_predict(NEIGHBORS, X, y, cv=5, method="predict_proba")
    student.fit(X, y, teacher_output=output)


def test_auto_takes_what_it_need_not_clone(noisy):
    X, y = noisy
    model = LogisticRegression().fit(X, y)
    for teacher in (model.predict_proba, FrozenEstimator(model)):
        StudentClassifier(teacher, cv="auto", classes=[0, 1]).fit(X, y)


def test_auto_needs_labels(noisy):
    X, y = noisy
    teacher = clone(NEIGHBORS).fit(X, y)
    with pytest.raises(ValueError, match="y is None"):
        StudentClassifier(teacher, cv="auto").fit(X)


def test_a_memory_keeps_the_clones_of_auto_as_those_of_five_folds(noisy, tmp_path):
    X, y = noisy
    kept = []
    for cv in (5, "auto"):
        StudentClassifier(NEIGHBORS, cv=cv, memory=tmp_path).fit(X, y)
        kept.append(sorted(path for path in tmp_path.rglob("fits/*")))
    assert len(kept[0]) == 6 and kept[0] == kept[1]


def test_a_part_of_the_rows_is_no_place_for_clones(noisy):
    X, y = noisy
    net = NeuralStudentClassifier(
        clone(NEIGHBORS).fit(X, y),
        cv="auto",
        hidden_layer_sizes=(64, 64),
        max_epochs=50,
    )
    with pytest.raises(ValueError, match="cv='auto' asks for clones: set cv=None"):
        net.partial_fit(X, y)
    forest = RandomForestClassifier(5, random_state=0).fit(X, y)
    net.set_params(teacher=forest).partial_fit(X, y)
    assert net.cv == "auto" and net.n_iter_ == 1


def test_rows_on_disk_are_no_place_for_clones_either(noisy, tmp_path):
    X, y = noisy
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    frame.assign(y=y).to_parquet(tmp_path / "rows.parquet")
    rows = ParquetRows(tmp_path, target="y", max_rows=100)
    teachers = [NEIGHBORS, RandomForestClassifier(5, random_state=0)]
    known, other = (clone(teacher).fit(frame, y) for teacher in teachers)
    net = NeuralStudentClassifier(known, cv="auto", max_epochs=1)
    with pytest.raises(ValueError, match="cv='auto' fits clones"):
        net.fit(rows)
    net.set_params(teacher=other).fit(rows)


def test_a_search_crosses_in_each_fold(noisy):
    X, y = noisy
    student = StudentClassifier(NEIGHBORS, cv="auto", student=LogisticRegression())
    search = DistillationSearchCV(student, {"alpha": [0.5, 1.0]}, cv=3).fit(X, y)
    assert search.best_score_ > 0.6


def test_hard_trees_take_auto_too(noisy):
    X, y = noisy
    tree = HardDecisionTreeClassifier(NEIGHBORS, max_leaf_nodes=4, random_state=0)
    tree.set_params(cv="auto", transfer=None).fit(X, y)
    assert tree.teacher_entropy_["train"] > 0.2


class Limited(KNeighborsClassifier):
    """It takes so many rows a call, as services do."""

    asked: list = []
    most = 1000

    def predict_proba(self, X):
        if len(X) > self.most:
            raise ValueError(f"at most {self.most} rows")
        self.asked.append(len(X))
        return super().predict_proba(X)


def test_a_teacher_of_few_rows_a_call(noisy, monkeypatch):
    X, y = noisy
    monkeypatch.setattr(Limited, "asked", [])
    plain = Limited(9, weights="distance")
    student = StudentClassifier(plain, cv="auto", transfer=Munge(20.0), random_state=0)
    with pytest.raises(ValueError, match="at most 1000 rows") as caught:
        student.fit(X, y)
    assert "InContext(teacher, max_rows=" in caught.value.__notes__[-1]
    student.set_params(teacher=InContext(plain, max_rows=1000)).fit(X, y)
    assert sorted(Limited.asked)[-3:] == [400, 1000, 1000]
    free = clone(student).set_params(teacher=NEIGHBORS).fit(X, y)
    np.testing.assert_allclose(student.predict_proba(X), free.predict_proba(X))


def test_a_time_budget_starts_with_a_large_batch(noisy, clock):
    X, y = noisy
    asked = []

    class Slow(KNeighborsClassifier):
        def predict_proba(self, rows):
            asked.append(len(rows))
            clock.sleep(1.0 + 1e-4 * len(rows))  # each call pays for the context
            return super().predict_proba(rows)

    teacher = InContext(Slow(9, weights="distance"), max_rows=1000)
    sampler = Munge(100.0, time_budget=4.0)
    student = StudentClassifier(teacher, cv="auto", transfer=sampler, random_state=0)
    with pytest.warns(UserWarning, match=r"had labelled \d+ of 12000 drawn rows"):
        student.fit(X, y)
    drawn = [n for n in asked if n != 24]
    assert drawn[0] == max(drawn) == 1000 and sum(drawn) < 6000


def test_a_wrapped_teacher_answers_as_it_does(noisy):
    X, y = noisy
    names = ["a", "b", "c"]
    for rows in (X, X.tolist(), pd.DataFrame(X, columns=names)):
        fitted = clone(NEIGHBORS).fit(rows, y)
        small = InContext(fitted, max_rows=50)
        np.testing.assert_array_equal(
            small.predict_proba(rows), fitted.predict_proba(rows)
        )
        np.testing.assert_array_equal(small.predict(rows), fitted.predict(rows))
        np.testing.assert_array_equal(
            soft_targets(small, rows), soft_targets(fitted, rows)
        )
        assert list(small.classes_) == [0, 1] and small.n_features_in_ == 3
    assert list(small.feature_names_in_) == names
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(small)).predict(rows), small.predict(rows)
    )
    assert small.__sklearn_is_fitted__() and not clone(small).__sklearn_is_fitted__()
    assert not hasattr(small, "decision_function")
    assert hasattr(InContext(LogisticRegression()), "decision_function")


def test_a_wrapped_teacher_of_several_targets(noisy):
    X, y = noisy
    both = np.column_stack([y, 1 - y])
    fitted = InContext(KNeighborsClassifier(), max_rows=50).fit(X, both)
    for part, whole in zip(
        fitted.predict_proba(X), fitted.estimator_.predict_proba(X), strict=True
    ):
        np.testing.assert_array_equal(part, whole)


def test_a_wrapped_object_that_is_no_estimator(noisy):
    X, y = noisy
    fitted = clone(NEIGHBORS).fit(X, y)

    class Answers:
        """What a client of a remote model is: it takes 100 rows a call."""

        def predict_proba(self, rows):
            if len(rows) > 100:
                raise ValueError("at most 100 rows")
            return fitted.predict_proba(rows)

    teacher = InContext(Answers(), max_rows=100)
    student = StudentClassifier(teacher, transfer=Munge(2.0), random_state=0)
    free = clone(student).set_params(teacher=fitted.predict_proba)
    for one in (student, free):
        with pytest.warns(UserWarning, match="looks its training rows up"):
            one.fit(X, y)
    np.testing.assert_array_equal(student.predict_proba(X), free.predict_proba(X))
    assert not hasattr(teacher, "predict")
    with pytest.raises(TypeError, match="has no fit"):
        teacher.fit(X, y)


def test_a_wrapper_checks_its_parameters(noisy):
    with pytest.raises(ValueError, match="'max_rows' parameter of InContext"):
        InContext(NEIGHBORS, max_rows=0).fit(*noisy)
    with pytest.raises(ValueError, match="'estimator' parameter of InContext"):
        InContext(np.exp).fit(*noisy)
    with pytest.raises(ValueError, match="'estimator' parameter of .*'predict_proba'"):
        soft_targets(InContext(np.exp), noisy[0], classes=[0, 1])
