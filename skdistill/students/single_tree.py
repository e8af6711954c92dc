"""Students that are a single tree of scikit-learn's, as hard trees that can be read."""

import copy

import numpy as np
from scipy import sparse
from sklearn.base import is_classifier
from sklearn.utils.validation import check_array

from ..learners.reached import rows_in_nodes
from ..learners.single_tree import SingleTreeModel, as_hard_tree
from ..tables.table import observed_values
from ..tables.view import reads_tables, view_terms
from .base import importances
from .hard_tree import HardDecisionTreeClassifier, HardDecisionTreeRegressor
from .hard_tree.base import HardDecisionTree


class SingleTree(HardDecisionTree):
    """A hard tree that another student has learnt; it is not fitted by itself."""

    _in_single_precision = True

    def _model(self):
        return SingleTreeModel(self.tree_, self._task, self._n_view)


class SingleTreeClassifier(SingleTree, HardDecisionTreeClassifier):
    """The tree in a StudentClassifier."""


class SingleTreeRegressor(SingleTree, HardDecisionTreeRegressor):
    """The tree in a StudentRegressor."""


# Errors and pages name what the user has.
SingleTreeClassifier.__name__ = "StudentClassifier"
SingleTreeRegressor.__name__ = "StudentRegressor"


def single_tree(student, model, lesson):
    """Return what a student's single tree has to tell, without the student itself.

    Parameters
    ----------
    student : SurrogateStudent
        Just fitted.
    model : EstimatorModel
        Around a tree of scikit-learn's.
    lesson : Lesson
        What it has learnt from.

    Returns
    -------
    dict
        Attributes of a hard tree, but for those that are found in the student; none
        where the tree was fitted on gaps as they are.
    """
    read, knowledge, tree = lesson.read, lesson.knowledge, model.estimator
    x, rows = student._see(read.X), read.X
    if not reads_tables(student.preprocessor_):
        if _has_gaps(x):
            return {}
        rows = np.asarray(rows) if student.preprocessor_ is None else rows
    task = copy.copy(student._task)
    if task.kind == "regressor":
        task.measure(knowledge)
    hard, leaf = as_hard_tree(model, task), tree.apply(x)
    weight = knowledge.hard_weight
    counts, labels = rows_in_nodes(
        leaf, hard.parent, knowledge.used(student.alpha_), task
    )
    return {
        "_task": task,
        "_observed": _of_columns_asked(
            observed_values(rows, weight), hard, student.preprocessor_
        ),
        "_n_view": tree.n_features_in_,
        "node_mass_": hard.totals(leaf, weight[:, None] / weight.sum())[:, 0],
        "node_counts_": counts,
        "node_labels_": labels,
        "node_fidelity_": None,
        "feature_importances_": importances(tree.feature_importances_, student),
    }


def _of_columns_asked(observed, tree, view):
    """What columns held, but for those that the tree does not ask about."""
    terms = view_terms(view, 1 + tree.feature.max())[0]
    asked = {terms[k].column for k in tree.feature[~tree.is_leaf].tolist()}
    if observed is None or not (view is None or reads_tables(view)):
        return observed
    return [
        each
        if j in asked
        else tuple(None if part is None else part[:0] for part in each)
        for j, each in enumerate(observed)
    ]


def _has_gaps(x):
    x = check_array(x, accept_sparse=True, dtype=float, ensure_all_finite="allow-nan")
    return bool(np.isnan(x.data if sparse.issparse(x) else x).any())


def readable_tree(student, model, told):
    """Return a student's single tree as a hard tree.

    Parameters
    ----------
    student : SurrogateStudent
        Fitted.
    model : EstimatorModel
        Around its tree.
    told : dict
        From ``single_tree``.

    Returns
    -------
    SingleTree
        It answers as the student does.

    Raises
    ------
    TypeError
        If no text could tell what the tree does.
    """
    if not told:
        raise TypeError(
            f"The tree in this {type(student).__name__} was fitted on gaps as they are, "
            'and no plain question tells where they go: take preprocessor="auto".'
        )
    make = SingleTreeClassifier if is_classifier(student) else SingleTreeRegressor
    tree, params = make(), student.get_params(deep=False)
    fitted = {
        name: value for name, value in vars(student).items() if name not in params
    }
    vars(tree).update(fitted, **told, preprocessor=student.preprocessor)
    tree.tree_ = as_hard_tree(model, tree._task)
    return tree
