"""A student of plain questions as a tree of scikit-learn's."""

import copy

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from ..warn import warn
from .arrays import check_is_student, predictor_of
from .proof import proven
from .sklearn_engine import SklearnEngine
from .sklearn_nodes import (
    low_level_tree,
    masses,
    questions_of_rows,
    questions_of_view,
)
from .sklearn_view import SinglePrecision

_MOVED = (
    "scikit-learn rounds X to float32, and this carries {rows_moved_by_rounding} of the "
    "likely rows and those of X over a threshold that is close: of these the tree says "
    "what the student says of rows of float32. Where they matter, take with_view=True, "
    "which has no such exceptions."
)


def to_sklearn_tree(student, X=None, *, with_view=False):
    """Return a fitted tree of scikit-learn's that answers as a student does.

    What takes trees of scikit-learn's takes it: ``plot_tree`` and ``export_text`` of
    :mod:`sklearn.tree`, pickles, and tools such as shap's ``TreeExplainer``,
    treeinterpreter, treelite, dtreeviz and m2cgen.

    Parameters
    ----------
    student : estimator
        A fitted HardDecisionTreeClassifier or HardDecisionTreeRegressor, or a
        StudentClassifier or StudentRegressor of a single decision tree; not changed. It
        answers as the student does now: after ``adjust_class_prior``.
    X : array-like or frame of shape (n, n_features), default=None
        Rows on which both are compared, beside those that :func:`verify` draws.
    with_view : bool, default=False
        Whether a Pipeline is wanted where X has no categories, too. Its step "view" fills
        gaps, and has columns that tell of them: for tools that know no gaps, such as
        m2cgen and dtreeviz. (shap from 0.47.2 and treelite from 4.8 know them; older ones
        are wrong without a word.) It also rounds numbers to the side of each threshold
        where they are, so that rows of float64 go the student's way.

    Returns
    -------
    DecisionTreeClassifier or DecisionTreeRegressor or Pipeline
        The tree, with the columns of X. Where X has categories, a Pipeline: its step
        "view" makes numbers of X, as the student sees it, its step "tree" is a tree with
        the columns that ``pipeline[:-1].get_feature_names_out()`` names.
        ``skdistill_proof_`` is what :func:`verify` found.

    Raises
    ------
    TypeError
        If the student is no tree of plain questions, or sees X through a transformer that
        the user wrote.
    NotFittedError
        If it is not fitted.
    ValueError
        If the tree does not say what the student says; or a Pipeline would have to tell
        numbers apart that single precision does not.
    RuntimeError
        If this version of scikit-learn keeps its nodes in a form that is not known.

    Warns
    -----
    UserWarning
        If for some rows the rounding to float32 changes the answer.

    Notes
    -----
    scikit-learn rounds X to single precision before it asks. Thresholds are rounded down,
    so that rows of float32 go the way that the student sends them. A row of float64 goes
    the way of the row that it is rounded to: the tree and the student differ for numbers
    that lie between a threshold and one of its two neighbours among the floats, at most
    1.2e-7 of it away; half of the decimals that are a threshold themselves are such
    numbers. A warning tells where likely rows, or rows of X, get another answer. A Pipeline
    has no such exceptions, and a tree has none whose student is a tree of scikit-learn's,
    which rounds too. Numbers beyond 3.4e38, which float32 does not hold, a tree refuses.

    A gap in a column that the student refuses gaps in goes where most training rows go,
    as scikit-learn does it. The ``decision_path`` of scikit-learn 1.6 and 1.7, not their
    ``predict``, sends all gaps to the right.

    Nodes count the rows of X (``n_node_samples``), by weight
    (``weighted_n_node_samples``; the mean weight is 1), and not those that were drawn.
    What an inner node says is the mean of its leaves over these. Impurities are made of
    what the nodes say: ``gini`` of the probabilities, and of values the variance among
    the leaves below a node, for a student keeps no squares of its training rows. Gains,
    ``feature_importances_`` and cost-complexity pruning are those of scikit-learn; that
    of values is less by what remains within the leaves. Refitting the tree trains one of
    scikit-learn's, of as many leaves.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.tree import export_text
    >>> from skdistill import HardDecisionTreeClassifier, export
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> hard = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(X, y)
    >>> tree = export.to_sklearn_tree(hard)
    >>> int(tree.get_n_leaves()), tree.skdistill_proof_["labels_that_differ"]
    (3, 0)
    >>> print(export_text(tree, feature_names=X.columns).splitlines()[0])
    |--- petal length (cm) <= 2.50
    """
    plain = _plain_questions(student)
    predictor = predictor_of(student)
    view = predictor.meta["view"]
    is_native = not (with_view or view.get("labels") or view.get("is_scaled"))
    mass = masses(predictor, plain.node_mass_)
    questions = (questions_of_rows if is_native else questions_of_view)(predictor, mass)
    low_level = low_level_tree(predictor, questions, mass, plain.node_counts_)
    tree = _estimator(student, predictor, low_level)
    if not is_native:
        single = SinglePrecision.of(predictor, copy.deepcopy(plain.preprocessor_))
        tree = Pipeline([("view", single), ("tree", tree)])
    elif predictor.meta["names"] is not None:
        tree.feature_names_in_ = np.array(predictor.meta["names"], dtype=object)
    engine = SklearnEngine(tree, predictor)
    tree.skdistill_proof_ = proven(engine, student, predictor, X)
    if tree.skdistill_proof_.get("rows_moved_by_rounding"):
        warn(_MOVED.format(**tree.skdistill_proof_))
    return tree


def _plain_questions(student):
    """The hard tree in a student."""
    check_is_student(student)
    tree, name = student._readable(), type(student).__name__
    if hasattr(tree, "tree_"):
        return tree
    if hasattr(tree, "harden"):
        raise TypeError(
            f"In a {name} each row goes down all branches at once, and scikit-learn's "
            "trees know no such gates: give student.harden(X, y), a tree of plain "
            "questions."
        )
    raise TypeError(
        f"A {name} is no tree of plain questions: give one that has learnt from it, "
        "HardDecisionTreeClassifier(student).fit(X, y), or HardDecisionTreeRegressor."
    )


def _estimator(student, predictor, low_level):
    """A fitted estimator around a tree of arrays."""
    meta, n_leaves = predictor.meta, int(low_level.n_leaves)
    kind = DecisionTreeClassifier if meta["is_classifier"] else DecisionTreeRegressor
    tree = kind(
        max_leaf_nodes=max(2, n_leaves),  # of one leaf scikit-learn trains none
        min_weight_fraction_leaf=getattr(student, "min_weight_fraction_leaf", 0.0),
    )
    tree.tree_, tree.n_outputs_ = low_level, low_level.n_outputs
    tree.n_features_in_ = tree.max_features_ = low_level.n_features
    if meta["is_classifier"]:
        classes, widths = _classes(predictor), np.array(meta["widths"], dtype=np.intp)
        is_one = len(widths) == 1
        tree.classes_ = classes[0] if is_one else classes
        tree.n_classes_ = widths[0] if is_one else widths
    return tree


def _classes(predictor):
    """The labels of each target; all of one type, for predict puts them into one table."""
    n = len(predictor.meta["widths"])
    targets = [predictor.arrays[f"classes_{i}"] for i in range(n)]
    kinds = {"U" if each.dtype.kind == "U" else "number" for each in targets}
    dtype = np.result_type(*targets) if len(kinds) == 1 else object
    return [each.astype(dtype) for each in targets]
