"""What the hard trees share: their nodes, their paths, and how they are kept."""

from functools import partial
from numbers import Integral, Real

import numpy as np
from scipy import sparse
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from ...inspection.page import ShownAsPage
from ...learners.hard_tree.learner import HardTreeLearner, HardTreeModel, least_weight
from ...learners.reached import fidelity_in_nodes, rows_in_nodes
from ...tables.table import observed_values
from ..base import BaseStudent, importances
from ..wishes import check_wishes, columns_of, wishes_of


class HardDecisionTree(ShownAsPage, BaseStudent):
    """What the two hard trees share.

    Nodes are numbered as in scikit-learn: a node before its children, the left subtree
    before the right one.
    """

    _chooses_model = True
    _draws_for_leaves = True
    _scales_view = False  # questions are in the columns' units
    _in_single_precision = False  # whether rows are rounded before they are asked

    _parameter_constraints: dict = {
        "max_leaf_nodes": [
            Interval(Integral, 2, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "min_weight_fraction_leaf": [Interval(Real, 0, 0.5, closed="both")],
        "allowed_features": ["array-like", None],
        "interaction_cst": [
            list,
            tuple,
            StrOptions({"pairwise", "no_interactions"}),
            None,
        ],
        "monotonic_cst": ["array-like", dict, None],
        "max_questions": [Interval(Integral, 1, None, closed="left"), None],
        "time_budget": [Interval(Real, 0, None, closed="neither"), None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def _read(self, given, asking):
        given, read = super()._read(given, asking)
        columns = columns_of(self, read.X)
        if columns is not None:  # before a teacher takes its time
            check_wishes(self, columns)
        return given, read

    def _learner(self, start=None):
        params, wishes = self.get_params(deep=False), partial(wishes_of, self)
        return HardTreeLearner(params, self._task, self._see, start, wishes)

    def _settle(self, model, lesson):
        tree, read, knowledge = model.tree, lesson.read, lesson.knowledge
        self.tree_, self._n_view = tree, model.n_inputs
        self._observed = observed_values(read.X, knowledge.hard_weight)
        vars(self).pop("fidelity_", None)  # of the tree before
        x = self._see(read.X)
        self.node_mass_ = model.node_mass(x, knowledge.hard_weight)
        end, taught = tree.apply(x), (knowledge.used(self.alpha_), self._task)
        self.node_counts_, self.node_labels_ = rows_in_nodes(end, tree.parent, *taught)
        said = model.node_outputs()[end]
        self.node_fidelity_ = fidelity_in_nodes(end, tree.parent, said, *taught)
        used = model.column_use(self._learner().cost(self._task.widths))
        self.feature_importances_ = importances(used, self)
        if model.tells_prior:
            shares = tree.means()[0]
            self._learnt_prior = shares / shares.sum()
            self.class_prior_ = self._learnt_prior.copy()

    def _model(self):
        least = least_weight(self.min_weight_fraction_leaf)
        return HardTreeModel(self.tree_, self._task, least, self._n_view)

    def _readable(self):
        return self

    def apply(self, X) -> np.ndarray:
        """Return the leaf of each row.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n,)
            Node numbers, int64.
        """
        x = self._view(X)
        return self.tree_.apply(x)

    def decision_path(self, X):
        """Return the nodes on the way to each row's leaf.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.

        Returns
        -------
        scipy.sparse.csr_matrix of shape (n, n_nodes)
            1 where the row's path passes the node.
        """
        leaf = self.apply(X)
        parent, ways = self.tree_.parent, {}
        for node in np.unique(leaf).tolist():
            way = [node]
            while way[-1]:
                way.append(int(parent[way[-1]]))
            ways[node] = way[::-1]
        columns = [ways[node] for node in leaf.tolist()]
        starts = np.cumsum([0, *map(len, columns)])
        columns = np.concatenate(columns)
        ones = np.ones(len(columns), dtype=np.int64)
        shape = (len(leaf), len(parent))
        return sparse.csr_matrix((ones, columns, starts), shape=shape)

    def get_depth(self) -> int:
        """Return the number of questions on the longest path.

        Returns
        -------
        int
            0 for a tree of one leaf.
        """
        check_is_fitted(self)
        return int(self.tree_.depth().max())

    def get_n_leaves(self) -> int:
        """Return the number of leaves.

        Returns
        -------
        int
            At most ``max_leaf_nodes``.
        """
        check_is_fitted(self)
        return int(self.tree_.is_leaf.sum())

    def leaf_values(self):
        """Return what each leaf says, in the order of the node numbers.

        Returns
        -------
        ndarray of shape (n_leaves, n_outputs)
            Class probabilities, target after target; or values in the targets' unit.
        """
        check_is_fitted(self)
        return self._model().leaf_values()
