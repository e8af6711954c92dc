"""Displays: what is drawn is what was given."""

import io
import sys
from dataclasses import replace
from types import SimpleNamespace

import made_results
import numpy as np
import pytest
from reported import distilled, halves

from skdistill import (
    DisagreementDisplay,
    DistillationReport,
    FidelityDisplay,
    HistoryDisplay,
    SizeDisplay,
)
from skdistill.search.smallest import SmallestStudent

REPORT = SimpleNamespace(result=made_results.classes(("tree", "net")))


def _size():
    curve = [
        {"n_numbers": n, "score": s, "score_error": 0.01, "good_enough": n > 8}
        for n, s in ((4, 0.7), (8, 0.8), (16, 0.79), (32, 0.9))
    ]
    return SmallestStudent(None, True, curve, 0.92, 0.6, 0.1)


DRAWN = {
    "fidelity": lambda ax: FidelityDisplay.from_predictions(
        [[0.2, 0.8], [0.7, 0.3]], [[0.1, 0.9], [0.4, 0.6]], ax=ax
    ),
    "disagreement": lambda ax: DisagreementDisplay.from_report(REPORT, ax=ax),
    "size": lambda ax: SizeDisplay.from_result(_size(), ax=ax),
    "history": lambda ax: HistoryDisplay.from_report(REPORT, ax=ax),
}


def _points(collection):
    return np.asarray(collection.get_offsets())


def _legend(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


@pytest.mark.parametrize("name", DRAWN)
def test_they_draw_on_axes_that_are_given_or_on_new_ones(name, pyplot):
    figure, (ax, other) = pyplot.subplots(1, 2)
    display = DRAWN[name](ax)
    assert display.ax_ is ax and display.figure_ is figure
    assert not other.has_data()
    assert display.plot(other) is display and display.ax_ is other
    assert DRAWN[name](None).figure_ is not figure
    figure.savefig(io.BytesIO(), format="png")


@pytest.mark.parametrize("name", DRAWN)
def test_without_matplotlib_the_error_names_the_extra(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"skdistill\[report\]"):
        DRAWN[name](None)


def test_rows_decided_otherwise_have_a_colour_of_their_own(pyplot):
    student, teacher = np.array([0.8, 0.3, 0.6, 0.1]), np.array([0.9, 0.6, 0.4, 0.2])
    display = FidelityDisplay.from_predictions(student, teacher, names=["No", "$Yes$"])
    alike, otherwise = map(_points, display.scatters_)
    np.testing.assert_allclose(alike, [[0.9, 0.8], [0.2, 0.1]])
    np.testing.assert_allclose(otherwise, [[0.6, 0.3], [0.4, 0.6]])
    assert display.ax_.get_xlabel() == "teacher: probability of $Yes$"
    np.testing.assert_allclose(display.line_.get_xydata(), [[0, 0], [1, 1]])
    both = np.column_stack([1 - student, student])
    again = FidelityDisplay.from_predictions(
        both, np.column_stack([1 - teacher, teacher])
    )
    np.testing.assert_allclose(_points(again.scatters_[1]), otherwise)


def test_each_class_has_its_points_but_no_more_than_ten(pyplot):
    rng = np.random.default_rng(0)
    teacher = rng.dirichlet(np.arange(1, 13), 50)
    student = rng.dirichlet(np.ones(12), 50)
    names = [f"$<b>{k}" for k in range(12)]
    few = FidelityDisplay.from_predictions(student[:, :3], teacher[:, :3], names=names)
    for k, scatter in enumerate(few.scatters_):
        np.testing.assert_allclose(_points(scatter)[:, 1], student[:, k])
    assert _legend(few) == names[:3]
    many = FidelityDisplay.from_predictions(student, teacher, names=names)
    likeliest = np.sort(np.argsort(-teacher.mean(axis=0))[:10])
    assert _legend(many) == [names[k] for k in likeliest]
    many.figure_.savefig(io.BytesIO(), format="png")


def test_values_and_a_sample_of_them(pyplot):
    teacher = np.arange(3000.0)
    drawn = [
        FidelityDisplay.from_predictions(
            teacher + 5, teacher, task="values", names=["price"], random_state=0
        )
        for _ in range(2)
    ]
    points, again = (_points(display.scatters_[0]) for display in drawn)
    assert len(points) == 1000 and (points == again).all()
    np.testing.assert_allclose(points[:, 1] - points[:, 0], 5)
    assert drawn[0].ax_.get_ylabel() == "student: price"
    everything = FidelityDisplay.from_predictions(
        teacher, teacher, task="values", subsample=None, scatter_kwargs={"s": 3}
    )
    assert len(_points(everything.scatters_[0])) == 3000
    assert everything.scatters_[0].get_sizes() == [3]


@pytest.mark.parametrize("kind", ["classes", "labels", "values"])
def test_student_and_teacher_are_asked_about_the_rows(kind, pyplot):
    _, X, _, _ = halves(kind)
    student = distilled(kind)
    display = FidelityDisplay.from_estimator(student, X, subsample=None)
    answer = student.predict if kind == "values" else student.predict_proba
    ours = answer(X).reshape(len(X), -1)
    np.testing.assert_allclose(display.student_output, ours, atol=1e-6)
    assert len(display.scatters_) == ours.shape[1]
    some = FidelityDisplay.from_estimator(
        student, X, teacher=student.teacher_, subsample=50, random_state=0
    )
    assert len(some.student_output) == 50
    known = {tuple(row.round(6)) for row in ours}
    assert {tuple(row.round(6)) for row in some.student_output} <= known


def test_a_report_is_drawn_without_asking_anybody_again(pyplot):
    _, X, _, y = halves()
    report = DistillationReport({"tree": distilled()}, X, y)
    display = FidelityDisplay.from_report(report, subsample=None)
    np.testing.assert_array_equal(display.student_output, report.asked.says["tree"])
    assert _legend(display) == ["blue", "green", "red"]
    with pytest.raises(ValueError, match="student='net' is not in the report"):
        FidelityDisplay.from_report(report, student="net")
    with pytest.raises(ValueError, match="subsample=0"):
        FidelityDisplay.from_report(report, subsample=0)


def test_answers_for_other_rows_are_refused(pyplot):
    with pytest.raises(ValueError, match="same rows and columns"):
        FidelityDisplay.from_predictions([0.1, 0.2], [0.1])
    with pytest.raises(ValueError, match="task='class'"):
        FidelityDisplay.from_predictions([0.1], [0.1], task="class")
    assert not pyplot.get_fignums()


def test_segments_that_stand_out_are_on_top(pyplot):
    display = DisagreementDisplay.from_report(REPORT, student="net")
    drawn = [float(bars[0].get_xdata()[0]) for bars in display.errorbars_]
    np.testing.assert_allclose(drawn, [0.118, 0.042, 0.039, 0.037])
    low, high = display.errorbars_[0][2][0].get_segments()[0][:, 0]
    np.testing.assert_allclose([low, high], [0.088, 0.148])
    rest = np.array(display.rest_.get_segments())[:, 0, 0]
    np.testing.assert_allclose(rest, 1 - 0.969)
    assert display.ax_.yaxis_inverted()
    first = display.ax_.get_yticklabels()[0].get_text()
    assert (
        first.replace("\n", " ") == "contract is Month-to-month and tenure <= 5.5 (214)"
    )
    kinds = ["rest of the rows", "stands out", "other segments"]
    assert sorted(_legend(display)) == sorted(kinds)


def test_segments_of_values_and_hostile_words(pyplot):
    display = DisagreementDisplay.from_report(
        SimpleNamespace(result=made_results.values())
    )
    assert display.errorbars_[0][0].get_xdata()[0] == 14_210
    assert "root mean square" in display.ax_.get_xlabel()
    segments = made_results.hostile().segments
    odd = [replace(each, words="$\\frac{" + each.words) for each in segments]
    DisagreementDisplay(odd).plot().figure_.savefig(io.BytesIO(), format="png")


def test_students_and_segments_that_are_not_there(pyplot):
    with pytest.raises(ValueError, match="student='forest' is not in the report"):
        DisagreementDisplay.from_report(REPORT, student="forest")
    with pytest.raises(ValueError, match="no segments"):
        DisagreementDisplay([]).plot()


def test_the_curve_of_sizes(pyplot):
    display = SizeDisplay.from_result(_size())
    np.testing.assert_allclose(display.good_.get_xydata(), [[16, 0.79], [32, 0.9]])
    np.testing.assert_allclose(
        display.front_.get_xydata(), [[4, 0.7], [8, 0.8], [32, 0.9]]
    )
    np.testing.assert_allclose(display.allowed_line_.get_ydata(), 0.92 - 0.1 * 0.32)
    ends = display.errorbar_[2][0].get_segments()[0][:, 1]
    np.testing.assert_allclose(ends, [0.68, 0.72])
    assert display.ax_.get_xscale() == "log"


def test_histories_of_a_student_and_its_control(pyplot):
    student = SimpleNamespace(history_=[{"train_loss": 3.0}, {"train_loss": 2.0}])
    control = SimpleNamespace(history_=[{"train_loss": 4.0, "valid_loss": 5.0}])
    display = HistoryDisplay.from_estimator(student, control=control)
    drawn = {line.get_label(): line.get_xydata().tolist() for line in display.lines_}
    assert drawn == {
        "student, trained on": [[1, 3], [2, 2]],
        "control, held out": [[1, 5]],
        "control, trained on": [[1, 4]],
    }
    with pytest.raises(ValueError, match="tree=object has no history_"):
        HistoryDisplay.from_estimator({"tree": object()})
    with pytest.raises(ValueError, match="No model has any of metrics"):
        HistoryDisplay.from_estimator(student, metrics=["auc"])
