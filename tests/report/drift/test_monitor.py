"""A monitor cries wolf no more often than it says, finds a change, and can be put away."""

import json

import numpy as np
import pytest
from reported import distilled, halves

from skdistill import DistillationReport, FidelityMonitor
from skdistill.report.drift.monitor import _reference_of
from skdistill.report.result import Fidelity

NAMES = np.array(["no", "yes"])


def answers(random, rates):
    """A teacher's decisions, and a student's that differs in such shares of rows."""
    teacher = random.integers(2, size=len(rates))
    return NAMES[teacher ^ (random.random(len(rates)) < rates)], NAMES[teacher]


def watched(random, rates, n=2000, rate=0.04, **options):
    agreement = 1 - random.binomial(n, rate) / n
    monitor = FidelityMonitor((agreement, n), **options)
    return monitor.update(*answers(random, rates))


@pytest.mark.parametrize("reference", ["growing", "report"])
def test_a_stream_without_change_seldom_alarms(reference):
    random = np.random.default_rng(0)
    rates = np.full(1000, 0.05)
    found = [
        watched(random, rates, 500, 0.05, alpha=0.2, reference=reference).alarm
        for _ in range(20)
    ]
    # Were it one in five, 11 or more of 20 had a chance of 0.1 %.
    assert sum(found) < 11


def test_a_change_is_found_soon_and_its_place_is_named():
    random = np.random.default_rng(1)
    rates = np.repeat([0.04, 0.16], [1500, 1000])
    found = watched(random, rates)
    assert found.alarm and found.p_value <= 0.05 and found.n_rows == 2500
    row = int(found.reason.split()[2].rstrip(",").replace(",", ""))
    assert 1200 < row < 1800
    assert found.n_differing == pytest.approx(220, abs=70)
    assert found.reason in repr(found)


def test_a_rate_below_the_report_s_may_vary():
    random = np.random.default_rng(2)
    rates = np.repeat([0.01, 0.06, 0.02, 0.08], 700)
    assert not watched(random, rates, 2000, 0.08, reference="report").alarm
    # The other reference takes 1 % for what was before, and finds the rise.
    assert watched(random, np.repeat([0.01, 0.2], 700), 50, 0.08).alarm


def test_chunks_and_a_json_in_between_change_nothing():
    random = np.random.default_rng(3)
    pair = answers(random, np.repeat([0.04, 0.12], 1000))
    whole = FidelityMonitor((0.96, 1000)).update(*pair)
    parts = FidelityMonitor((0.96, 1000))
    for start in range(0, 2000, 77):
        parts.update(*(each[start : start + 77] for each in pair))
        text = parts.to_json()
        assert len(text) < 30_000
        parts = FidelityMonitor.from_json(text)
    assert whole.alarm
    assert parts.to_json() == whole.to_json() and parts.reason == whole.reason


def test_answers_of_every_kind():
    random = np.random.default_rng(4)
    p = random.dirichlet(np.ones(3), 40)
    q = np.roll(p, 1, axis=1)
    differ = (p.argmax(axis=1) != q.argmax(axis=1)).sum()
    monitor = FidelityMonitor((0.9, 100))
    assert monitor.update(q, p).n_differing == differ == 40
    assert monitor.update(p.argmax(axis=1), p.argmax(axis=1)).n_differing == 40
    labels = FidelityMonitor((0.9, 100), task="labels")
    sure = np.array([[1, 0, 0, 0], [1, 1, 0, 0]])
    assert (
        labels.update([[0.9, 0.2, 0.6, 0.1], [0.9, 0.8, 0, 0]], sure).n_differing
        == 0.25
    )
    values = FidelityMonitor((0.9, 100), tolerance=1.0)
    assert values.update([1.0, 2.0, 3.5], [2.0, 2.0, 1.0]).n_differing == 1
    assert values.update([], []).n_rows == 3


def test_values_take_their_tolerance_from_the_report():
    found = Fidelity("student", 101, 0.95, quantiles={0.5: 1.0, 0.9: 3.0})
    monitor = FidelityMonitor(found)
    assert (monitor.task, monitor.tolerance) == ("values", 3.0)
    assert _reference_of(found, "values", None) == (10, 100)
    y = np.arange(300.0)
    assert not monitor.update(y, y + 2.9).alarm
    assert monitor.update(y, y + 3.1).alarm


@pytest.mark.parametrize(
    "kind",
    [
        "classes",
        *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("labels", "values")),
    ],
)
def test_beside_a_real_report(kind):
    student, X = distilled(kind), halves(kind)[1]
    report = DistillationReport(student, X)
    monitor = FidelityMonitor(report)
    assert monitor.task == kind
    own, other = (
        model.predict(X) if kind != "classes" else model.predict_proba(X)
        for model in (student, student.teacher_)
    )
    # The report's own rows are as it says; other answers are not.
    assert not monitor.update(own, other).alarm
    found = monitor.n_differing / monitor.n_rows
    if kind != "values":
        assert found == pytest.approx(1 - report.result.fidelity[0].agreement)
    assert found <= 0.3
    assert monitor.update(own, other[::-1]).alarm
    assert FidelityMonitor(report.result.fidelity[0]).task == kind


def test_what_makes_no_sense_is_refused_and_changes_nothing():
    monitor = FidelityMonitor((0.9, 100))
    monitor.update(["a", "b"], ["a", "a"])
    before = monitor.to_json()
    for pair, words in [
        ((["a"], ["a", "b"]), "for the same rows"),
        (([0, 1], ["a", "b"]), "of one kind"),
        (([[0.1, 0.9]], [1]), "for the same rows"),
        (([0.3], [0.4]), "probabilities of all of them"),
        (([np.nan], [0.0]), "leave those rows out"),
        (([np.inf], [0.0]), "leave those rows out"),
        ((["a", "b"], ["a", None]), "teacher_answers has no answer in 1 rows"),
        ((np.zeros((1, 1, 1)), np.zeros((1, 1, 1))), "must be of shape"),
    ]:
        with pytest.raises(ValueError, match=words):
            monitor.update(*pair)
    assert monitor.to_json() == before
    two = (Fidelity("a", 10, 0.95, agreement=1), Fidelity("b", 10, 0.95, agreement=1))

    class Report:
        task, fidelity = "classes", two

    assert FidelityMonitor(Report(), student="b").task == "classes"
    for report, options, words in [
        (Report(), {}, "one of the report's: \\['a', 'b'\\]"),
        ((1.2, 10), {}, "a share in"),
        ((0.9, 10.5), {}, "whole number"),
        (0.9, {}, "must be a DistillationReport"),
        ((0.9, 10), {"alpha": 0}, "alpha"),
        ((0.9, 10), {"task": "values"}, "tolerance"),
        ((0.9, 10), {"task": "labels", "tolerance": 1.0}, "for values"),
    ]:
        with pytest.raises(ValueError, match=words):
            FidelityMonitor(report, **options)
    for text in (json.dumps({"version": 99}), before[:50]):
        with pytest.raises(ValueError, match="to_json"):
            FidelityMonitor.from_json(text)


def test_a_report_of_few_rows_or_of_none_that_differ():
    """A perfect report, and one of a single row, bound little, and say so by patience."""
    random = np.random.default_rng(5)
    assert not watched(random, np.full(500, 0.3), 1, 0.3).alarm
    perfect = FidelityMonitor((1.0, 1000))
    same = np.repeat("no", 400)
    assert not perfect.update(same, same).alarm
    assert perfect.update(np.repeat("yes", 40), same[:40]).alarm
