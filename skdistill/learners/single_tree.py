"""A fitted tree of scikit-learn's in the form of a hard tree, so that it can be read."""

import numpy as np

from ..teacher.probabilities import FLOOR
from .hard_tree.learner import HardTreeModel
from .hard_tree.structure import LEAF, HardTree


def as_hard_tree(model, task):
    """The arrays of a single tree, with what it answers as sums of one row.

    Parameters
    ----------
    model : EstimatorModel
        Around a fitted DecisionTree or ExtraTree, classifier or regressor.
    task : Task
        What its answers mean; of values it has a unit.

    Returns
    -------
    HardTree
        Its nodes have scikit-learn's numbers. On rows in double precision it asks what
        scikit-learn asks of them in single precision.
    """
    nodes, answers = model.estimator.tree_, model.of_nodes()
    is_leaf = nodes.children_left == LEAF
    if task.kind == "regressor":
        answers = task.unit.measured(answers)
    elif task.is_multilabel:
        answers = np.clip(answers, FLOOR, 1 - FLOOR)  # as the student predicts
    return HardTree(
        nodes.children_left.astype(np.int64),
        nodes.children_right.astype(np.int64),
        np.where(is_leaf, LEAF, nodes.feature).astype(np.int64),
        np.where(is_leaf, np.nan, _for_doubles(nodes.threshold)),
        np.column_stack([np.ones(len(answers)), answers]),
    )


def _for_doubles(threshold):
    """The largest doubles that are not above thresholds, once they are rounded."""
    below = np.float32(threshold)
    below = np.where(below > threshold, np.nextafter(below, np.float32(-np.inf)), below)
    below = below.astype(np.float32)
    above = np.nextafter(below, np.float32(np.inf))
    # Halfway between two floats a double goes to the even one.
    middle = below.astype(np.float64) / 2 + above.astype(np.float64) / 2
    is_lower = np.float32(middle) == below
    return np.where(is_lower, middle, np.nextafter(middle, -np.inf))


class SingleTreeModel(HardTreeModel):
    """A tree whose leaves answer as they were grown.

    Parameters
    ----------
    tree : HardTree
        From ``as_hard_tree``.
    task : Task
        What its outputs mean.
    n_inputs : int
        Columns of the view.
    """

    def __init__(self, tree, task, n_inputs):
        super().__init__(tree, task, 0.0, n_inputs)

    def node_outputs(self):
        """What each node says.

        Returns
        -------
        ndarray of shape (n_nodes, n_outputs)
            Log-probabilities, some of them minus infinity; or values in the unit.
        """
        answers = self.tree.means()
        if self.task.kind == "regressor":
            return answers
        with np.errstate(divide="ignore"):
            return np.log(answers)
