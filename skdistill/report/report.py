"""How much of a teacher is left in a student, proven on rows that neither has seen."""

from importlib import import_module
from numbers import Integral, Real
from pathlib import Path

from sklearn.utils._param_validation import Interval, validate_params

from ..inspection.page import export_html, framed
from ..inspection.readable import is_tree
from .finding import Given, found, hear
from .table import as_plain, as_rows, as_text


class DistillationReport:
    """What a student keeps of its teacher, and what that costs, with bounds.

    Everything is computed at once, on rows that neither the student nor the teacher was
    trained on. The figures are in ``result``; the rest are views of it.

    Parameters
    ----------
    student : estimator, or dict of str to estimator
        Fitted students, or fitted pipelines or searches that end in one; several by name,
        to be compared side by side.
    X_test : array-like or frame of shape (n, n_features)
        Rows as student and teacher know them, of which neither was trained on any.
    y_test : array-like of shape (n,) or (n, n_targets), default=None
        Their labels or values. Without them there is only fidelity.
    teacher : object or list of objects, default=None
        Fitted, as a student takes it; by default the ``teacher_`` of the students. That of
        a student in a pipeline is asked about rows that came through the steps before it.
    control : estimator or "fit", default=None
        A fitted student of the labels alone, against which the teacher has to be of use.
        "fit" fits one now: a clone of the first student with ``teacher=None``, and
        ``early_stopping=True`` where it can.
    X_train : array-like or frame of shape (n_train, n_features), default=None
        The rows that the models were trained on: X_test must hold none of them, but for a
        few that may just be alike.
    y_train : array-like of shape (n_train,) or (n_train, n_targets), default=None
        Their labels or values, for ``control="fit"``.
    columns : str or sequence of str or int, default=()
        Columns of X_test, by name or position, by whose values fidelity is shown, as for
        fairness.
    scoring : str or callable, default=None
        A scorer of scikit-learn's in place of accuracy or R2; larger is better.
    confidence : float, default=0.95
        Of all bounds and intervals.
    allow_seen : bool, default=False
        Whether to go on where X_test holds rows of X_train.
    max_rows : int, default=20_000
        Of more rows, so many are drawn at random, and a caution says so.
    random_state : int, RandomState instance or None, default=0
        Draws rows, and draws them again for the intervals.
    n_jobs : int, default=None
        Number of parts of 10,000 rows about which the teacher is asked at once.
    verbose : int, default=0
        1 shows a progress bar.

    Attributes
    ----------
    result : Result
        All that was found, as frozen data.
    asked : Asked
        The rows that were looked at, and what each model says about them.

    Raises
    ------
    ValueError
        If a model cannot answer for these rows, or says NaN; if there is no teacher; if
        X_test holds rows of X_train, and ``allow_seen`` is False.
    NotFittedError
        If a model is not fitted.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skdistill import DistillationReport, StudentClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> forest = RandomForestClassifier(10, random_state=0).fit(X[:300], y[:300])
    >>> tree = DecisionTreeClassifier(max_leaf_nodes=4, random_state=0)
    >>> student = StudentClassifier(forest, student=tree, transfer=None)
    >>> student = student.fit(X[:300], y[:300])
    >>> report = DistillationReport(student, X[300:], y[300:])
    >>> fidelity, = report.result.fidelity
    >>> fidelity.at_least < fidelity.agreement
    True
    """

    @validate_params(
        {
            "X_test": "no_validation",
            "columns": [str, "array-like"],
            "scoring": [str, callable, None],
            "confidence": [Interval(Real, 0.5, 1, closed="neither")],
            "allow_seen": ["boolean"],
            "max_rows": [Interval(Integral, 1, None, closed="left")],
            "random_state": ["random_state"],
            "n_jobs": [Integral, None],
            "verbose": ["verbose"],
        },
        prefer_skip_nested_validation=False,
    )
    def __init__(
        self,
        student,
        X_test,
        y_test=None,
        *,
        teacher=None,
        control=None,
        X_train=None,
        y_train=None,
        columns=(),
        scoring=None,
        confidence=0.95,
        allow_seen=False,
        max_rows=20_000,
        random_state=0,
        n_jobs=None,
        verbose=0,
    ):
        given = Given(
            student,
            X_test,
            y_test,
            teacher,
            control,
            X_train,
            y_train,
            columns,
            scoring,
            confidence,
            allow_seen,
            max_rows,
            random_state,
            n_jobs,
            verbose,
        )
        heard = hear(given)
        self.asked, self.result = heard.asked, found(given, heard)

    def __repr__(self):
        return as_text(self.result)

    def to_dict(self):
        """Return all figures as plain data.

        Returns
        -------
        dict
            What json can hold: NaN is None.
        """
        return as_plain(self.result)

    def to_frame(self):
        """Return the figures of each model as a row.

        Returns
        -------
        DataFrame
            Of pandas; NaN where a model has no such figure.
        """
        return import_module("pandas").DataFrame.from_dict(
            as_rows(self.result), orient="index"
        )

    def save(self, path, title=None):
        """Write the page: one file, which asks nothing of any host.

        Parameters
        ----------
        path : str or path
            Of the HTML file.
        title : str, default=None
            Its heading.

        Returns
        -------
        Path
            Of the file.
        """
        path = Path(path)
        path.write_text(self._page(title), encoding="utf-8")
        return path

    def _repr_html_(self):
        return framed(self._page(), "The report")

    def _page(self, title=None):
        page = import_module(".page", __package__)
        return page.page_of(self.result, title, self._trees())

    def _trees(self):
        """Pages of the students that are trees, by name."""
        students = {name: self.asked.models[name] for name in self.asked.students}
        return {
            name: export_html(model)
            for name, model in students.items()
            if is_tree(model)
        }
