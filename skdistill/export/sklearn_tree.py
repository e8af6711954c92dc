"""A student of plain questions as a tree of scikit-learn's."""

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils.validation import check_is_fitted

from .arrays import predictor_of
from .proof import proven
from .sklearn_engine import SklearnEngine
from .sklearn_nodes import (
    low_level_tree,
    masses,
    questions_of_rows,
    questions_of_view,
    single_filling,
)


def to_sklearn_tree(student, X=None, *, gaps="native"):
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
    gaps : {"native", "filled"}, default="native"
        Of a student of numbers alone. "native": the tree itself knows where gaps go, as
        scikit-learn's own does; shap from 0.47.2 and treelite from 4.8 read that, and
        older ones are wrong without a word. "filled": a Pipeline, whose step "view" fills
        gaps, and has columns beside that tell of them: for tools that know no gaps, such
        as these, m2cgen and dtreeviz.

    Returns
    -------
    DecisionTreeClassifier or DecisionTreeRegressor or Pipeline
        The tree, with the columns of X. Where X has categories, a Pipeline: its step
        "view" makes numbers of them and fills gaps, its step "tree" is a tree with the
        columns that ``pipeline[:-1].get_feature_names_out()`` names. ``skdistill_proof_``
        is what :func:`verify` found.

    Raises
    ------
    TypeError
        If the student is no tree of plain questions, or sees X through a transformer that
        the user wrote.
    NotFittedError
        If it is not fitted.
    ValueError
        If the tree does not say what the student says.
    RuntimeError
        If this version of scikit-learn keeps its nodes in a form that is not known.

    Notes
    -----
    scikit-learn rounds X to single precision before it asks. Thresholds are rounded down,
    so that rows of float32 go the way that the student sends them. A row of float64 goes
    the way of the row that it is rounded to: the tree and the student can differ for a
    number that lies between a threshold and one of its two neighbours among the floats,
    a distance of at most 1.2e-7 of it, and nowhere else; and they do not for a student
    that is a tree of scikit-learn's, which itself rounds. They are compared on rows of
    float32. Numbers beyond 3.4e38, which float32 does not hold, scikit-learn refuses.

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
    >>> tree.get_n_leaves(), tree.skdistill_proof_["labels_that_differ"]
    (3, 0)
    >>> print(export_text(tree, feature_names=X.columns).splitlines()[0])
    |--- petal length (cm) <= 2.50
    """
    if gaps not in ("native", "filled"):
        raise ValueError(f'gaps={gaps!r} must be "native" or "filled".')
    plain = _plain_questions(student)
    predictor = predictor_of(student)
    view = predictor.meta["view"]
    is_native = view["kind"] == "plain" or (
        gaps == "native" and not view["labels"] and not view["is_scaled"]
    )
    mass = masses(predictor, plain.node_mass_)
    questions = (questions_of_rows if is_native else questions_of_view)(predictor, mass)
    low_level = low_level_tree(predictor, questions, mass, plain.node_counts_)
    tree = _estimator(student, predictor, low_level)
    if not is_native:
        filled = plain.preprocessor_.refilled(single_filling(predictor))
        tree = Pipeline([("view", filled), ("tree", tree)])
    elif predictor.meta["names"] is not None:
        tree.feature_names_in_ = np.array(predictor.meta["names"], dtype=object)
    engine = SklearnEngine(tree, predictor)
    tree.skdistill_proof_ = proven(engine, student, predictor, X)
    return tree


def _plain_questions(student):
    """The hard tree in a student."""
    check_is_fitted(student)
    read, name = getattr(student, "_readable", None), type(student).__name__
    tree = None if read is None else read()
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
