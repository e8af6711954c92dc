"""What a reading tool is given: a student, or a pipeline or a search around one."""

import copy
from dataclasses import dataclass
from typing import Any

from scipy import sparse
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from .rows import is_series, one_row, with_categories
from .wording import names_of, names_out

_TREES = (
    "give a fitted SoftDecisionTree or HardDecisionTree, a StudentClassifier or "
    "StudentRegressor whose student is a single DecisionTree or ExtraTree, or a Pipeline "
    "or a search that ends in one of these"
)
_NETS = (
    "Of a NeuralStudent, explain and importances tell which columns speak most; of a "
    "TextStudent, or of another model of texts, explain tells which words do."
)


@dataclass(frozen=True)
class Readable:
    """A student that can be read, and how rows come to it.

    Attributes
    ----------
    student : SoftDecisionTree, HardDecisionTree or NeuralStudent
        Fitted. A single tree of scikit-learn's is there as a hard tree, and columns have
        the names that a pipeline gives them.
    steps : tuple of transformer
        What rows go through before.
    """

    student: Any
    steps: tuple = ()

    def row(self, x):
        """Return a row as the student takes it.

        Parameters
        ----------
        x : frame of one row, Series, array-like of shape (n_features,) or (1, n_features)
            As the user gave it.

        Returns
        -------
        frame or array-like of shape (1, n_features)
            After the steps; what they return as a sparse matrix is dense.
        """
        row = one_row(x)
        if not self.steps and is_series(x):
            row = with_categories(row, self.student)
        row = self.rows(row)
        return row.toarray() if sparse.issparse(row) else row

    def rows(self, X):
        """Return rows as the student takes them.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            As the user gave them.

        Returns
        -------
        frame or array-like of shape (n, n_features)
            After the steps.
        """
        for step in self.steps:
            X = step.transform(X)
        return X


def readable(model, nets=False):
    """Return what can be read of a fitted model.

    Parameters
    ----------
    model : object
        As the user gave it.
    nets : bool, default=False
        Whether the tool reads nets, too.

    Returns
    -------
    Readable
        With a tree, or a net.

    Raises
    ------
    NotFittedError
        If it is not fitted.
    TypeError
        If it is, or ends in, no student that the tool can read.
    """
    student, steps = unwrapped(model)
    found = read_by(student)
    if found is None or not (nets or hasattr(found, "node_mass_")):
        raise not_readable(student)
    return Readable(_named(found, steps), tuple(steps))


def is_tree(model):
    """Tell whether a fitted model can be read as a tree.

    Parameters
    ----------
    model : object
        A student, or a pipeline or a search that ends in one.

    Returns
    -------
    bool
        False of nets and of other libraries' models.
    """
    return hasattr(read_by(unwrapped(model)[0]), "node_mass_")


def unwrapped(model):
    """Return what a pipeline or a search ends in, and what rows go through before.

    Parameters
    ----------
    model : object
        As the user gave it.

    Returns
    -------
    student : object
        A fitted model.
    steps : list of transformer
        Fitted.

    Raises
    ------
    NotFittedError
        If it is not fitted.
    """
    check_is_fitted(model)
    student, steps = model, []
    while True:
        if isinstance(student, Pipeline):
            if len(student.steps) > 1:
                steps.append(student[:-1])
            student = student[-1]
        elif hasattr(student, "best_estimator_"):
            student = student.best_estimator_
        else:
            return student, steps


def read_by(student):
    """Return what can be read of a student: a tree, or a net.

    Parameters
    ----------
    student : object
        Fitted.

    Returns
    -------
    SoftDecisionTree, HardDecisionTree, NeuralStudent or None
        None where there is nothing.
    """
    return student._readable() if hasattr(student, "_readable") else None


def not_readable(student):
    """Make the error that says what can be read.

    Parameters
    ----------
    student : object
        What cannot.

    Returns
    -------
    TypeError
        To be raised.
    """
    return TypeError(
        f"{type(student).__name__} has no questions that can be read: {_TREES}. {_NETS}"
    )


def _named(student, steps):
    """The student with the names that steps give its columns, if it has none itself."""
    names = names_out(steps[-1]) if steps and names_of(student) is None else None
    if names is None:
        return student
    student = copy.copy(student)
    student._column_names = names
    return student
