"""What the soft trees share: their nodes, their paths, and what is made of them."""

from numbers import Integral, Real
from typing import Self

import numpy as np
from scipy import sparse
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from ...inspection.page import ShownAsPage
from ...learners.soft_tree import SoftTreeLearner, SoftTreeModel
from ...tables.table import observed_values
from ...training.inference import in_chunks
from ..base import importances
from ..hardening import hardened
from ..pruning import pruned
from ..torch_student import TorchStudent

PARAMETERS = {
    "max_depth": [Interval(Integral, 1, 16, closed="both"), StrOptions({"auto"})],
    "max_leaf_nodes": [Interval(Integral, 2, None, closed="left"), None],
    "split": [StrOptions({"oblique", "sparse", "axis"})],
    "max_features_per_split": [Interval(Integral, 1, None, closed="left")],
    "leaf": [StrOptions({"constant", "linear"})],
    "balance_penalty": [Interval(Real, 0, None, closed="left")],
    "objective": [
        StrOptions({"mixture", "path"}),
        Interval(Real, 0, 1, closed="both"),
        tuple,
    ],
    "inference": [StrOptions({"mixture", "path", "leaf"})],
    "weight_decay": [Interval(Real, 0, None, closed="left"), StrOptions({"auto"})],
}


class SoftDecisionTree(ShownAsPage, TorchStudent):
    """What the two soft trees share.

    Nodes are numbered level by level, from left to right: in a complete tree the children
    of node i are 2 i + 1 and 2 i + 2, in any other those of the gate of rank i.
    """

    _learner_class = SoftTreeLearner

    def _settle(self, model, lesson):
        super()._settle(model, lesson)
        self.node_mass_ = model.node_mass
        self.node_counts_, self.node_labels_ = model.rows_in_nodes
        self.node_fidelity_ = model.node_fidelity
        self._column_variance = model.column_variance
        self._observed = observed_values(lesson.read.X, lesson.knowledge.hard_weight)
        self.feature_importances_ = importances(model.column_use(), self)

    def _model(self):
        variance = vars(self).get("_column_variance")
        described = vars(self).get("node_mass_"), variance
        return SoftTreeModel(self.module_, self._task, self.inference, *described)

    def _readable(self):
        return self

    def apply(self, X) -> np.ndarray:
        """Return the most probable leaf of each row.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n,)
            Node numbers, int64.
        """
        x, module = self._view(X), self.module_
        return module.shape.leaves[in_chunks(module.likeliest_leaf, module, x)]

    def decision_path(self, X):
        """Return the nodes on the way to the most probable leaf.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.

        Returns
        -------
        scipy.sparse.csr_matrix of shape (n, n_nodes)
            1 where the row's path passes the node.
        """
        node, paths = self.apply(X), self.module_.shape.path
        passed = {end: paths(end) for end in np.unique(node)}
        starts = np.concatenate([[0], np.cumsum([len(passed[end]) for end in node])])
        columns = [way for end in node for way in passed[end]]
        ones = np.ones(len(columns), dtype=np.int64)
        shape = (len(node), len(self.node_mass_))
        return sparse.csr_matrix((ones, columns, starts), shape=shape)

    def harden(
        self,
        X,
        y=None,
        *,
        X_eval=None,
        max_leaf_nodes=32,
        min_weight_fraction_leaf=0.005,
        cv=None,
        n_jobs=None,
        allowed_features=None,
        interaction_cst=None,
        monotonic_cst=None,
        max_questions=None,
        time_budget=None,
        random_state=None,
        verbose=0,
    ):
        """Search for a tree of plain questions in the place of the gates.

        It is searched for as :class:`HardDecisionTreeClassifier` is, on rows labelled by
        this tree's teacher (by this tree, if it has or keeps none), and drawn as its
        ``transfer`` says. One more start of the search is this tree with each gate
        rounded to the column that moves it most, where both see the same columns. An
        oblique gate has no equal among plain questions: the result is another tree, that
        answers alike.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows to learn from, as ``fit`` had them.
        y : array-like of shape (n,) or (n, n_targets), default=None
            Their labels, which have the last word: what a leaf says moves to the labels
            of the rows that end there, its old answer counting as 300 rows, and questions
            that these do not bear out go. Labels that the teacher has not seen say most.
            With an ``alpha`` below 1 they also count in the search, by 1 - ``alpha``.
            None: the teacher alone counts.
        X_eval : array-like of shape (m, n_features), default=None
            Rows on which the fidelity is measured. None: a quarter of X, which the
            search then does without.
        max_leaf_nodes : int or "auto", default=32
            Largest number of leaves; "auto" as in :class:`HardDecisionTreeClassifier`.
        min_weight_fraction_leaf : float, default=0.005
            Share of the weight of all rows that a leaf has at least.
        cv : int, splitter or iterable, default=None
            Folds of X, with labels. Clones of the teacher, fitted on the others, answer
            for the rows of each: what a leaf says then lies between the labels and the
            answers of teachers that have not seen them, and questions are judged by
            these. The teacher itself labels drawn rows. None: it answers for all rows.
        n_jobs : int, default=None
            Number of clones that are fitted, and of starts of the search that are
            followed, at once.
        allowed_features : array-like of str, int or bool, default=None
            Columns that may be asked about. This and the next three are as in
            :class:`HardDecisionTreeClassifier`; the soft tree is rounded to a start that
            keeps to them.
        interaction_cst : {"pairwise", "no_interactions"} or list of sets of int or str, \
default=None
            Columns that may meet on one path.
        monotonic_cst : array-like of int of shape (n_features,) or dict, default=None
            Columns with which the answer may not fall (1), or not rise (-1).
        max_questions : int, default=None
            Largest number of columns that the whole tree asks about.
        time_budget : float, default=None
            Seconds that the search may take, as in :class:`HardDecisionTreeClassifier`.
        random_state : int, RandomState instance or None, default=None
            Seeds the draws.
        verbose : int, default=0
            With 1 a progress bar.

        Returns
        -------
        HardDecisionTreeClassifier or HardDecisionTreeRegressor
            Fitted. Its ``fidelity_`` has the fidelity to the teacher of this tree
            ("before") and of the hard one ("after"), see
            :func:`~skdistill.metrics.fidelity`, and says on what "rows". This tree is
            left as it is.
        """
        return hardened(
            self,
            X,
            y,
            X_eval,
            random_state,
            max_leaf_nodes=max_leaf_nodes,
            min_weight_fraction_leaf=min_weight_fraction_leaf,
            cv=cv,
            n_jobs=n_jobs,
            allowed_features=allowed_features,
            interaction_cst=interaction_cst,
            monotonic_cst=monotonic_cst,
            max_questions=max_questions,
            time_budget=time_budget,
            verbose=verbose,
        )

    def prune(
        self,
        X,
        y=None,
        *,
        max_leaf_nodes=None,
        ccp_alpha=0.0,
        X_eval=None,
        random_state=None,
    ) -> Self:
        """Return a smaller tree, in which gates that matter little are leaves.

        Gates that send every row of X to one side are left out. Of the others, that one
        becomes a leaf, again and again, for which the mean KL to the teacher (for values
        the squared error) on X rises least for each leaf that goes [1]_. The new leaf
        says the mean, by mass, of those below. What counts is the answer that
        ``inference`` names: of the mixture, or of the greedy path.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows to judge by, best such as were not used for training.
        y : array-like of shape (n,) or (n, n_targets), default=None
            Their labels, by which a tree without a teacher is pruned. None: such a tree
            is to answer as it did.
        max_leaf_nodes : int, default=None
            Go on until there are so many leaves at most; until then, leaves that go
            beyond what is needed do not count.
        ccp_alpha : float, default=0.0
            Go on while the loss, in nats or squared units, rises by no more for each
            leaf that goes.
        X_eval : array-like of shape (m, n_features), default=None
            Rows on which the fidelity is measured. None: a quarter of X, which the
            pruning then does without.
        random_state : int, RandomState instance or None, default=None
            Chooses that quarter.

        Returns
        -------
        SoftDecisionTree
            Fitted, of the same class. Its ``fidelity_`` has the fidelity to the teacher
            of this tree ("before") and of the smaller one ("after"), see
            :func:`~skdistill.metrics.fidelity`, and says on what "rows". This tree is
            left as it is.

        References
        ----------
        .. [1] Breiman, Friedman, Olshen, Stone: Classification and Regression Trees,
           1984.
        """
        return pruned(self, X, y, X_eval, max_leaf_nodes, ccp_alpha, random_state)

    def path_proba(self, X) -> np.ndarray:
        """Probability that a row reaches each node.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n, n_nodes)
            1 for the root; the children of a node share its probability.
        """
        x, module = self._view(X), self.module_
        return in_chunks(module.node_probabilities, module, x)

    def get_depth(self) -> int:
        """Return the number of gates on the longest path.

        Returns
        -------
        int
            The depth of the fitted tree.
        """
        check_is_fitted(self)
        return self.module_.shape.depth

    def get_n_leaves(self) -> int:
        """Return the number of leaves.

        Returns
        -------
        int
            Two to the power of the depth, of a complete tree.
        """
        check_is_fitted(self)
        return self.module_.n_gates + 1

    def leaf_values(self):
        """Return what each leaf says, in the order of the node numbers.

        As a part of the mixture, with ``inference="mixture"``; otherwise to the rows that
        end there, by themselves: the mean of their targets. Of linear leaves always that.

        Returns
        -------
        ndarray of shape (n_leaves, n_classes) or (n_leaves, n_outputs)
            Class probabilities, or values in the targets' unit.
        """
        check_is_fitted(self)
        alone = self.inference != "mixture" or self.leaf == "linear"
        return self._model().leaf_values(alone)
