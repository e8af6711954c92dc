"""A whole report, for each task, and what it refuses."""

import json

import numpy as np
import pandas as pd
import pytest
from reported import distilled, halves, student_of
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import accuracy_score, log_loss, r2_score, roc_auc_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdistill import DistillationReport, NeuralStudentRegressor, StudentClassifier
from skdistill.metrics import fidelity

pytestmark = pytest.mark.usefixtures("quick_sections")


def cautions_of(report):
    return {caution.kind: caution.words for caution in report.result.cautions}


@pytest.fixture(scope="module")
def report(quick_sections):
    X, X_test, y, y_test = halves()
    return DistillationReport(
        distilled(), X_test, y_test, control="fit", X_train=X, y_train=y
    )


def test_figures_are_those_of_the_models(report):
    X, X_test, y, y_test = halves()
    student = distilled()
    models = {"teacher": student.teacher_, "student": student}
    models["control"] = clone(student).set_params(teacher=None).fit(X, y)
    found = {each.model: each for each in report.result.quality.models}
    assert list(found) == ["teacher", "student", "control"]
    for name, model in models.items():
        right = accuracy_score(y_test, model.predict(X_test))
        assert found[name].score.value == pytest.approx(right)
        assert found[name].score.low < right < found[name].score.high
    loss = log_loss(y_test, student.predict_proba(X_test))
    assert found["student"].loss.value == pytest.approx(loss, rel=1e-4)
    (kept,) = report.result.fidelity
    same = student.predict(X_test) == student.teacher_.predict(X_test)
    assert kept.agreement == pytest.approx(same.mean())
    assert kept.at_least < kept.agreement and kept.n_rows == 300


def test_differences_and_gains_are_of_the_same_rows(report):
    quality = report.result.quality
    models = {each.model: each for each in quality.models}
    pairs = {(each.model, each.other): each for each in quality.differences}
    assert set(pairs) == {
        ("student", "teacher"),
        ("student", "control"),
        ("teacher", "control"),
    }
    for (one, other), pair in pairs.items():
        for figure in ("score", "loss"):
            difference = (
                getattr(models[one], figure).value
                - getattr(models[other], figure).value
            )
            assert getattr(pair, figure).value == pytest.approx(difference)
    (gain,) = quality.gains
    kept = pairs["student", "control"].score.value
    advantage = pairs["teacher", "control"].score
    assert advantage.low > 0 and "accuracy" not in gain.undefined
    assert gain.score.value == pytest.approx(kept / advantage.value)


def test_a_teacher_that_is_no_better_leaves_the_gain_undefined():
    X_test, y_test = halves()[1::2]
    student = distilled()
    found = DistillationReport(student, X_test, y_test, control=student.teacher_)
    (gain,) = found.result.quality.gains
    assert np.isnan(gain.score.value) and "no better than the control" in gain.undefined
    assert gain.undefined.count("no better") == 1  # of both measures in one sentence
    assert "no better" in cautions_of(found) and "undefined" in repr(found)


def test_views_show_the_same_figures(report):
    plain = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert plain["fidelity"][0]["agreement"] == report.result.fidelity[0].agreement
    assert plain["fidelity"][0]["r2"] is None
    frame = report.to_frame()
    assert list(frame.index) == ["teacher", "student", "control"]
    assert frame.loc["student", "at_least"] == report.result.fidelity[0].at_least
    assert np.isnan(frame.loc["control", "agreement"])
    lines = repr(report).splitlines()
    assert max(map(len, lines)) <= 100
    assert any("at least" in line for line in lines)


def test_several_labels_are_bounded_by_rows():
    X, X_test, y, y_test = halves("labels")
    student = distilled("labels")
    frame = pd.DataFrame(y_test, columns=["a", "b", "c"])
    report = DistillationReport(
        student, X_test, frame, control="fit", X_train=X, y_train=y
    )
    assert report.result.task == "labels" and report.result.classes == ("a", "b", "c")
    same = student.predict(X_test) == student.teacher_.predict(X_test)
    (kept,) = report.result.fidelity
    assert kept.agreement == pytest.approx(same.mean())
    assert kept.rows_alike == pytest.approx(same.all(axis=1).mean())
    assert kept.rows_at_least < kept.rows_alike <= kept.agreement
    score = report.result.quality.models[1].score.value
    assert score == pytest.approx((student.predict(X_test) == y_test).mean())


def test_values():
    X, X_test, y, y_test = halves("values")
    student = distilled("values")
    report = DistillationReport(
        student,
        X_test,
        y_test,
        control=LinearRegression().fit(X, y),
        X_train=X,
        y_train=y,
    )
    teacher, control = report.result.quality.models[0], report.result.quality.models[2]
    said = student.teacher_.predict(X_test)
    assert teacher.score.value == pytest.approx(r2_score(y_test, said))
    assert control.loss.value == pytest.approx(
        np.square(report.asked.says["control"][:, 0] - y_test).mean()
    )
    (kept,) = report.result.fidelity
    expected = fidelity(student.predict(X_test), said)
    for name in ("r2", "rmse", "spearman"):
        assert getattr(kept, name) == pytest.approx(expected[name])
    away = np.abs(student.predict(X_test) - said)
    assert kept.largest == pytest.approx(away.max())
    assert kept.quantiles[0.9] == pytest.approx(np.quantile(away, 0.9))
    assert report.result.calibration == () and "memorised" in cautions_of(report)


def test_quantiles():
    X, X_test, y, y_test = halves("values")
    levels = (0.9, 0.1)
    at = np.quantile(y, sorted(levels))

    def teacher(X):
        return at + 40 * X[:, [2]]

    student = NeuralStudentRegressor(
        teacher, quantiles=sorted(levels), max_epochs=2, transfer=None, random_state=0
    ).fit(X, y)
    report = DistillationReport(student, X_test, y_test)
    assert report.result.task == "quantiles"
    told = report.result.calibration[0]
    below = (y_test[:, None] <= teacher(X_test)).mean(axis=0)
    assert [each.said for each in told.bins] == sorted(levels)
    assert [each.came_true.value for each in told.bins] == pytest.approx(below.tolist())
    assert report.result.histories["student"][-1]["epoch"] == 2


def test_a_student_in_a_pipeline_or_a_search():
    X, X_test, y, y_test = halves()
    forest = RandomForestClassifier(5, random_state=0)
    inside = make_pipeline(StandardScaler(), student_of(forest)).fit(X, y)
    grid = GridSearchCV(student_of(distilled().teacher_), {"alpha": [1.0]}, cv=2)
    search = grid.fit(X, y)
    report = DistillationReport(inside, X_test, y_test)
    scaled = inside[:-1].transform(X_test)
    alike = inside.predict(X_test) == inside[-1].teacher_.predict(scaled)
    assert report.result.fidelity[0].agreement == pytest.approx(alike.mean())
    assert report.result.kinds["student"] == "StudentClassifier"
    both = {"piped": inside, "searched": search}
    with pytest.raises(ValueError, match="not one and the same object"):
        DistillationReport(both, X_test, y_test)
    report = DistillationReport(both, X_test, y_test, teacher=distilled().teacher_)
    assert report.result.students == ("piped", "searched")
    alike = search.predict(X_test) == distilled().teacher_.predict(X_test)
    assert report.result.fidelity[1].agreement == pytest.approx(alike.mean())


def test_many_rows_are_sampled_and_it_says_so():
    X_test, y_test = halves()[1::2]
    report = DistillationReport(distilled(), X_test, y_test, max_rows=100)
    assert report.result.n_rows == 300 and report.result.n_sampled == 100
    assert len(report.asked.X) == 100 and "100 rows" in cautions_of(report)["sampled"]
    again = DistillationReport(distilled(), X_test, y_test, max_rows=100)
    found, same = (
        {name: part for name, part in one.to_dict().items() if name != "cost"}
        for one in (report, again)
    )
    assert found == same  # but for seconds
    first = report.result.rows[0]  # by its place in X_test, not in the sample
    one = X_test[[first.position]]
    p = [each.predict_proba(one) for each in (distilled(), distilled().teacher_)]
    assert first.difference == pytest.approx(np.abs(p[0] - p[1]).max(), abs=0.05)


def test_texts_and_frames():
    texts = ["good film", "bad film", "a good day", "a bad day", "so good", "so bad"]
    y = np.array([1, 0] * 30)
    teacher = make_pipeline(CountVectorizer(), LogisticRegression()).fit(texts * 10, y)
    student = StudentClassifier(
        teacher, student=LogisticRegression(), preprocessor=CountVectorizer()
    ).fit(texts * 10, y)
    report = DistillationReport(student, texts, [1, 0] * 3, X_train=["bad bad"] * 9)
    assert report.result.fidelity[0].agreement == 1 and report.result.n_columns == 1
    X, X_test, y, y_test = halves()
    names = [f"column {j}" for j in range(X.shape[1])]
    frames = [pd.DataFrame(each, columns=names) for each in (X, X_test)]
    forest = RandomForestClassifier(5, random_state=0).fit(frames[0], y)
    student = student_of(forest).fit(frames[0], y)
    labels = pd.Series(pd.Categorical(y_test))
    report = DistillationReport(student, frames[1], labels, max_rows=200)
    assert list(report.asked.X.columns) == names
    some = report.asked.take(np.arange(7))
    assert len(some) == 7 and some.decisions("teacher").shape == (7,)
    assert some.ask("teacher", some.X) == pytest.approx(some.says["teacher"])
    with pytest.raises(ValueError, match="student 'student'.*cannot answer"):
        DistillationReport(student, frames[1].rename(columns=str.upper))


def test_without_labels_there_is_fidelity_alone():
    X_test = halves()[1]
    report = DistillationReport(distilled(), X_test)
    assert report.result.quality is None and report.result.calibration == ()
    assert report.result.fidelity[0].agreement > 0.5
    assert {"no labels", "unchecked"} <= set(cautions_of(report))
    assert "at least" in repr(report)


def test_one_class_ten_rows_and_scores_that_are_nan(monkeypatch):
    monkeypatch.setattr("skdistill.report.scorers._N_REDRAWS", 20)
    X_test, y_test = halves()[1::2]
    blue = y_test == "blue"
    report = DistillationReport(
        distilled(), X_test[blue], y_test[blue], scoring="roc_auc_ovr"
    )
    assert {"one class", "undefined score"} <= set(cautions_of(report))
    assert np.isnan(report.result.quality.models[0].score.value)
    assert report.to_dict()["quality"]["models"][0]["score"]["value"] is None
    report = DistillationReport(distilled(), X_test[:10], y_test[:10])
    assert ".741" in cautions_of(report)["few rows"]
    right = DistillationReport(
        distilled(), X_test[:10], distilled().predict(X_test[:10])
    )
    score = right.result.quality.models[1].score
    assert score.value == score.high == 1 and score.low < 0.75  # and not 1 to 1
    one = DistillationReport(distilled("values"), halves("values")[1][:1], [100.0])
    assert np.isnan(one.result.fidelity[0].r2) and one.result.fidelity[0].rmse > 0
    for task in ("labels", "values"):
        X_test, y_test = halves(task)[1::2]
        report = DistillationReport(distilled(task), X_test[:10], y_test[:10])
        assert "few rows" in cautions_of(report) and len(repr(report)) > 100


def test_a_scorer_in_place_of_accuracy(monkeypatch):
    monkeypatch.setattr("skdistill.report.scorers._N_REDRAWS", 20)
    X_test, y_test = halves()[1::2]
    red = y_test == "red"
    X, y = halves()[::2]
    forest = RandomForestClassifier(5, random_state=0).fit(X, y == "red")
    student = student_of(forest).fit(X, y == "red")
    report = DistillationReport(student, X_test, red, scoring="roc_auc")
    assert report.result.quality.score_name == "roc_auc"
    area = roc_auc_score(red, student.predict_proba(X_test)[:, 1])
    score = report.result.quality.models[1].score
    assert score.value == pytest.approx(area) and score.low < area < score.high
    with pytest.raises(ValueError, match="scoring"):
        DistillationReport(student, X_test, red, scoring="no such score")


def test_a_fitted_control_is_that_of_the_first_student_alone(quick_sections):
    """A net beside a tree's control would seem to owe its lead to the teacher."""
    X, X_test, y, y_test = halves()
    students = {"one": distilled(), "other": distilled()}
    found = DistillationReport(
        students, X_test, y_test, control="fit", X_train=X, y_train=y
    ).result
    own, others = found.quality.gains
    assert own.model == "one" and others.undefined == (
        "The control is that of one, and not of other."
    )
    assert np.isnan([others.score.value, others.loss.value]).all()
    against = [d.model for d in found.quality.differences if d.other == "control"]
    assert against == ["one", "teacher"]
    assert "one control" in {caution.kind for caution in found.cautions}
    given = DistillationReport(students, X_test, y_test, control=distilled()).result
    assert "one control" not in {caution.kind for caution in given.cautions}


def test_a_row_or_two_that_are_alike_move_no_figure(quick_sections):
    X, X_test, _, y_test = halves()
    X_both = np.concatenate([X[:1], X_test[1:]])
    found = DistillationReport(distilled(), X_both, y_test, X_train=X)
    assert "by 0.3% at most" in cautions_of(found)["equal rows"]


def test_rows_that_were_trained_on_are_refused_unless_the_user_insists():
    X, X_test, _, y_test = halves()
    X_both = np.concatenate([X[:3], X_test[3:]])
    with pytest.raises(ValueError, match="of X_test 3 also.*allow_seen=True"):
        DistillationReport(distilled(), X_both, y_test, X_train=X)
    report = DistillationReport(distilled(), X_both, y_test, X_train=X, allow_seen=True)
    assert "3 of 300 rows" in cautions_of(report)["seen rows"]


def test_a_class_that_only_some_know():
    X, X_test, y, y_test = halves()
    student = student_of(distilled().teacher_, alpha=0.0).fit(X, y)
    some = y != "green"
    control = LogisticRegression(max_iter=500).fit(X[some], y[some])
    y_test = np.where(np.arange(len(y_test)) == 0, "white", y_test)
    report = DistillationReport(student, X_test, y_test, control=control)
    assert report.result.classes == ("blue", "green", "red", "white")
    words = " ".join(
        c.words for c in report.result.cautions if c.kind == "other classes"
    )
    assert "control does not know 'green', 'white'" in words
    assert "student does not know 'white'" in words
    found = report.result.quality.models[2].score.value
    assert found == pytest.approx(accuracy_score(y_test, control.predict(X_test)))


class Unsure(ClassifierMixin, BaseEstimator):
    """A student that does not know."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.repeat("blue", len(X))

    def predict_proba(self, X):
        return np.full((len(X), 3), np.nan)


def refused():
    X, X_test, y, y_test = halves()
    student, forest = distilled(), distilled().teacher_
    narrow = RandomForestClassifier(2, random_state=0).fit(X[:, :3], y)
    values = LinearRegression().fit(X, X[:, 0])
    bare = student_of(forest, keep_teacher=False).fit(X, y)
    alone = student_of(None).fit(X, y)
    gap = [None, *y_test[1:].tolist()]

    def unsure(X):
        return np.full((len(X), 3), np.nan)

    def case(student=student, X=X_test, y=y_test, **options):
        return student, X, y, options

    return {
        "student 'student'.*cannot answer": case(X=X_test[:, :5]),
        "teacher=RandomForestClassifier cannot.*fitted on 3": case(teacher=narrow),
        "teacher=unsure cannot.*NaN": case(teacher=unsure),
        "is a regressor": case(teacher=values),
        "Give the fitted one as teacher=": case(bare),
        "There is no teacher": case(alone),
        "needs X_train and y_train": case(control="fit"),
        "y_test has the shape": case(y=y_test[:5]),
        "y_test has no label in 1 rows": case(y=gap),
        "student knows .*as they were in fit": case(y=np.arange(len(X_test)) % 3),
        "y_test holds .'pink'., and the student knows": case(y=["pink"] * len(X_test)),
        "student 'student'.*cannot.*its answer holds NaN": case(
            Unsure().fit(X, y), teacher=forest
        ),
        "student 'student', unsure, has no `predict`": case(unsure, teacher=forest),
        "X_test has no rows": case(X=X_test[:0], y=None),
        "other than 'teacher' and 'control'": case({"control": student}),
        "confidence": case(confidence=95),
    }


@pytest.mark.parametrize("message", refused())
def test_bad_input_gets_an_error_that_names_it(message):
    student, X_test, y_test, options = refused()[message]
    with pytest.raises(ValueError, match=message):
        DistillationReport(student, X_test, y_test, **options)


def test_an_unfitted_student_is_refused():
    X_test, y_test = halves()[1::2]
    with pytest.raises(NotFittedError, match="student 'tree'.*fit it first"):
        DistillationReport({"tree": clone(distilled())}, X_test, y_test)
    with pytest.raises(NotFittedError, match="control"):
        DistillationReport(
            distilled(), X_test, y_test, control=LogisticRegression(max_iter=500)
        )
