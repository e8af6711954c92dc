"""A student in production, watched on a sample of rows that the teacher answers too."""

import json
from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions, validate_params

from ..result import Fidelity
from .differences import differences
from .rising import RiseTest
from .states import read_state

_WITHIN = 0.9  # the share of rows whose differences a report's tolerance covers
_VERSION = 1
_KEPT = ("alpha", "reference", "task", "tolerance", "alarm", "alarm_row", "reason")


class FidelityMonitor:
    """Alarm when a student differs from its teacher more often than its report says.

    Parameters
    ----------
    report : DistillationReport, Fidelity or tuple
        What to compare with: a report, the entry of one student in its
        ``result.fidelity``, or the pair (agreement, number of rows) that was measured on
        rows that neither model was fitted on.
    alpha : float, default=0.05
        The chance of ever giving an alarm, however long and often one looks, while
        nothing gets worse.
    reference : {"growing", "report"}, default="growing"
        The rows whose answers stand for "before". "growing": those of the report, and
        those of the stream until it changes. A change late in a stream is found sooner,
        most of all beside a small report; the guarantee is for a stream that differs at
        one rate, the report's. "report": those of the report alone. The guarantee is for
        any stream whose rate stays at or below the report's, whatever its ups and downs.
    student : str, default=None
        The student's name in a report on several.
    task : {"classes", "labels", "values"}, default=None
        What answers are. None: the report's; of a pair, "classes", and with `tolerance`
        "values".
    tolerance : float, default=None
        Values: differences up to so much are none. None: what nine of ten rows of the
        report stay within.

    Attributes
    ----------
    alarm : bool
        Whether the student was found to differ more often. It stays.
    reason : str
        What was found, in words; "" without an alarm.
    alarm_row : int or None
        Number of rows that had been seen when it was.
    n_rows : int
        Rows seen.
    n_differing : float
        How many of them differ; of several labels the sum of the shares of labels.
    p_value : float
        An upper bound of the chance of such evidence without a change, at any time.

    Raises
    ------
    ValueError
        If the report has no agreement on rows, or several students and no name is given.

    Notes
    -----
    Each row is a wager against "no more often than before" (an e-process), so that the
    bound holds at every row at once, by Ville's inequality; the report's own error is part
    of it. Rows have to be a random sample of what is answered, in their order in time.

    References
    ----------
    Waudby-Smith, Ramdas: Estimating Means of Bounded Random Variables by Betting, 2024.
    Shin, Ramdas, Rinaldo: E-detectors: A Nonparametric Framework for Sequential Change
    Detection, 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from skdistill import FidelityMonitor
    >>> monitor = FidelityMonitor((0.96, 5000))
    >>> teacher = np.tile(["no", "yes"], 1000)
    >>> student = teacher.copy()
    >>> student[::20] = "yes"  # 5 % of the rows
    >>> monitor.update(student, teacher).alarm
    False
    >>> student[::7] = "yes"
    >>> monitor.update(student, teacher).alarm
    True
    >>> print(monitor.reason)
    Since row 2,014, 12.3 % of 227 rows differ from the teacher: 5.0 % of 2,014 before it
    and 4.0 % of the report's 5,000 did.
    """

    @validate_params(
        {
            "report": "no_validation",
            "alpha": [Interval(Real, 0, 1, closed="neither")],
            "reference": [StrOptions({"growing", "report"})],
            "student": [str, None],
            "task": [StrOptions({"classes", "labels", "values"}), None],
            "tolerance": [Interval(Real, 0, None, closed="left"), None],
        },
        prefer_skip_nested_validation=True,
    )
    def __init__(
        self,
        report,
        *,
        alpha=0.05,
        reference="growing",
        student=None,
        task=None,
        tolerance=None,
    ):
        self.alpha, self.reference = alpha, reference
        found = _fidelity_of(report, student)
        self.task, self.tolerance = _measure(report, found, task, tolerance)
        differing, n = _reference_of(found, self.task, tolerance)
        self._test = RiseTest(differing, n, growing=reference == "growing")
        self.alarm, self.alarm_row, self.reason = False, None, ""
        self._most = -np.inf

    @property
    def n_rows(self):
        """Rows seen."""  # numpydoc ignore=RT01
        return self._test.n_rows

    @property
    def n_differing(self):
        """Rows seen that differ."""  # numpydoc ignore=RT01
        return self._test.total_seen

    @property
    def p_value(self):
        """A bound of the chance of such evidence without a change."""
        # numpydoc ignore=RT01
        return float(min(1.0, np.exp(-self._most)))

    def update(self, student_answers, teacher_answers):
        """Take the answers of both on further rows, in their order in time.

        Parameters
        ----------
        student_answers : array-like of shape (n,), (n, n_classes) or (n, n_outputs)
            Classes or probabilities; the probability of each of several labels, or 0 and
            1; values.
        teacher_answers : array-like of the same shape
            The teacher's, on the same rows.

        Returns
        -------
        FidelityMonitor
            Itself, with `alarm` and `reason`.

        Raises
        ------
        ValueError
            If shapes differ, or something is not a number. Nothing is counted then.
        """
        for x in differences(
            student_answers, teacher_answers, self.task, self.tolerance
        ):
            if self._test.see(x):
                self._weigh()
        return self

    def to_json(self):
        """Write down what it has seen, for another process that goes on.

        Returns
        -------
        str
            A few kilobytes, whatever the number of rows.
        """
        state = {name: getattr(self, name) for name in _KEPT}
        most = None if np.isinf(self._most) else self._most
        state |= {"version": _VERSION, "most": most, "test": self._test.state()}
        return json.dumps(state)

    @classmethod
    def from_json(cls, text):
        """Go on from what another monitor wrote.

        Parameters
        ----------
        text : str
            From ``to_json``.

        Returns
        -------
        FidelityMonitor
            Which decides as the other would have.

        Raises
        ------
        ValueError
            If it is something else, or of a later version.
        """
        state = read_state(text, _VERSION, "FidelityMonitor")
        monitor = cls.__new__(cls)
        for name in _KEPT:
            setattr(monitor, name, state[name])
        monitor._most = -np.inf if state["most"] is None else state["most"]
        monitor._test = RiseTest.from_state(state["test"])
        return monitor

    def __repr__(self):
        share = f", {self.n_differing / self.n_rows:.1%} differ" if self.n_rows else ""
        share = share.replace("%", " %")
        found = self.reason or "no alarm"
        return f"<{type(self).__name__}: {self.n_rows:,} rows{share}; {found}>"

    def _weigh(self):
        self._most = max(self._most, self._test.log_evidence)
        if not self.alarm and self._test.log_evidence >= -np.log(self.alpha):
            self.alarm, self.alarm_row = True, self.n_rows
            self.reason = self._words()

    def _words(self):
        test = self._test
        row, before, after = test.last_change()
        what = "rows' labels" if self.task == "labels" else "rows"
        start = f"Since row {row:,}" if row else "From the first row on"
        earlier = f"{_percent(before)} of {row:,} before it and " if row else ""
        return (
            f"{start}, {_percent(after)} of {test.n_rows - row:,} {what} differ from the "
            f"teacher: {earlier}{_percent(test.total / test.n)} of the report's "
            f"{test.n:,} did."
        )


def _percent(share):
    return f"{100 * share:.1f} %"


def _fidelity_of(report, student):
    """The entry of one student, from whatever the user gave."""
    if isinstance(report, Fidelity):
        return report
    if isinstance(report, tuple) and len(report) == 2:
        return _of_pair(*report)
    entries = getattr(getattr(report, "result", report), "fidelity", None)
    if not entries:
        raise ValueError(
            "report must be a DistillationReport with a teacher, one entry of its "
            "result.fidelity, or the pair (agreement, number of rows)."
        )
    named = [each for each in entries if student in (None, each.model)]
    if len(named) != 1:
        names = [each.model for each in entries]
        raise ValueError(f"student={student!r} must be one of the report's: {names}.")
    return named[0]


def _of_pair(agreement, n):
    fits = isinstance(agreement, Real) and isinstance(n, Integral)
    if not fits or not 0 <= agreement <= 1 or n < 1:
        raise ValueError(
            "report: the pair (agreement, number of rows) must be a share in [0, 1] and a "
            f"whole number above 0, not {(agreement, n)!r}."
        )
    return Fidelity("student", int(n), 0.95, agreement=float(agreement))


def _measure(report, found, task, tolerance):
    """What answers are, and how far two values may lie apart."""
    known = getattr(getattr(report, "result", report), "task", None)
    task = task or known or _guess(found, tolerance)
    if task == "quantiles":
        raise ValueError("report is on quantiles: give a report on values or classes.")
    if task != "values":
        if tolerance is not None:
            raise ValueError(f"tolerance is for values, and the answers are {task}.")
        return task, None
    if tolerance is None and not found.quantiles:
        raise ValueError("tolerance: give the difference that does not count as one.")
    return task, found.quantiles[_share_of(found)] if tolerance is None else tolerance


def _guess(found, tolerance):
    """What answers are, of an entry without its report, or of a pair."""
    if tolerance is not None or np.isnan(found.agreement):
        return "values"
    return "classes" if np.isnan(getattr(found, "rows_alike", np.nan)) else "labels"


def _share_of(found):
    return min(found.quantiles, key=lambda share: abs(share - _WITHIN))


def _reference_of(found, task, tolerance):
    """How many rows differ in the report, and of how many."""
    if task == "values" and tolerance is None:
        # The tolerance is one of the report's rows itself: the share beyond it is then
        # distributed as if k of one row fewer were counted.
        n = found.n_rows - 1
        if n < 1:
            raise ValueError("report must rest on two rows at least.")
        return np.ceil(n * (1 - _share_of(found)) - 1e-9), n
    if np.isnan(found.agreement):
        raise ValueError(
            "report has no share of rows within the tolerance: leave tolerance=None, or "
            "give the pair (share of rows within it, number of rows) as report."
        )
    differing = found.n_rows * (1 - found.agreement)
    return (round(differing) if task != "labels" else differing), found.n_rows
