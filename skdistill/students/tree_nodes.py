"""What soft decision trees share: nodes, paths, importances."""

from numbers import Integral, Real

import numpy as np
import torch
from scipy import sparse
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from ..modules.soft_tree import SoftTree
from ..objective import Objective, of_leaves
from ..preprocessing import reads_tables
from ..tables import observed_values
from ..training import in_chunks
from .hardening import hardened
from .torch_student import TorchStudent

_PART_CELLS = 1 << 22
_ROWS_OF_MIXTURE = 10.0
PARAMETERS = {
    "max_depth": [Interval(Integral, 1, 16, closed="both")],
    "balance_penalty": [Interval(Real, 0, None, closed="left")],
    "objective": [StrOptions({"mixture", "path"}), Interval(Real, 0, 1, closed="both")],
    "inference": [StrOptions({"mixture", "path", "leaf"})],
}


class SoftDecisionTree(TorchStudent):
    """What the two soft trees share.

    Nodes are numbered breadth first: the root is 0, the children of node i are 2 i + 1
    and 2 i + 2.
    """

    _is_classifier = True

    def _make_module(self, x, knowledge, generator):
        return SoftTree(
            x.shape[1],
            self._n_outputs(),
            self.max_depth,
            self._is_classifier,
            self.balance_penalty,
            generator,
            self._widths() if self._is_classifier else None,
            not self._is_classifier and self.quantiles is not None,
            self._path_share(),
            getattr(self, "temperature_", 1.0),
        )

    def _path_share(self):
        """Share of the leaves' own losses in the objective."""
        named = {"mixture": 0.0, "path": 1.0}
        return (
            named[self.objective] if isinstance(self.objective, str) else self.objective
        )

    def _objective(self):
        whole, share = super()._objective(), self._path_share()
        if not share:
            return whole
        known = "kl" if self._is_classifier else "mse"
        if self.loss != known or getattr(self, "quantiles", None) is not None:
            raise ValueError(
                f"objective={self.objective!r} compares each leaf by itself, which is for "
                f'loss={known!r} alone, without quantiles: take objective="mixture".'
            )
        widths = self._widths() if self._is_classifier else None
        smoothing = getattr(self, "label_smoothing", 0.0)
        losses = of_leaves(whole.soft, whole.hard, share, widths, smoothing)
        return Objective(*losses, whole.alpha, whole.temperature)

    def _train(self, rows, knowledge, watched):
        super()._train(rows, knowledge, watched)
        self._observed = observed_values(rows.X)

    def _finish(self, x, knowledge):
        """Store what leaves say alone, how many rows come, what the gates look at."""
        self._fit_leaves_alone(x, knowledge)
        module = self.module_
        weight = knowledge.hard_weight / knowledge.hard_weight.sum()
        x = x[: knowledge.n_labelled]
        self.node_mass_ = sum(
            weight[part] @ in_chunks(module.node_probabilities, module, x[part])
            for part in row_parts(len(x), 2 * module.n_gates)
        )
        gates = module.gate_weight.detach().abs().double().cpu().numpy()
        mean = weight @ x
        spread = sum(
            weight[p] @ np.square(x[p] - mean) for p in row_parts(len(x), x.shape[1])
        )
        used = self.node_mass_[: module.n_gates] @ (gates * np.sqrt(spread))
        if reads_tables(self.preprocessor_):  # sum over the terms of each column
            columns = [term.column for term in self.preprocessor_.terms_]
            used = np.bincount(columns, used, minlength=self.n_features_in_)
        self.feature_importances_ = used / max(used.sum(), np.finfo(float).tiny)

    def _fit_leaves_alone(self, x, knowledge):
        """Mean target of the rows that end in each leaf, the gates fixed.

        A leaf of the mixture says what is missing in the others' answer; to a reader of
        one path it has to say all. Where few rows end, it goes on saying what it did, at
        the weight of ten rows of X and those drawn from them.
        """
        module = self.module_
        is_part = "_this_part" in vars(self)  # few rows; there are others to come
        if is_part or (not self._is_classifier and self.quantiles is not None):
            with torch.no_grad():
                module.path_leaf.copy_(module.leaf)
            return
        target, weight = self._targets_alone(knowledge)
        own = module.leaf_outputs(torch.float64).detach().cpu().numpy()
        strength = _ROWS_OF_MIXTURE * weight.sum() / knowledge.n_labelled
        sums, total = strength * own, np.full((len(own), 1), strength)
        for part in row_parts(len(x), module.n_gates):
            leaf = in_chunks(module.greedy_leaf, module, x[part])
            np.add.at(sums, leaf, weight[part, None] * target[part])
            np.add.at(total, leaf, weight[part, None])
        means = torch.from_numpy(sums / total)
        with torch.no_grad():
            module.path_leaf.copy_(means.log() if self._is_classifier else means)

    def _infer(self, module, batch):
        """Outputs of the mixture, or of the one leaf that ``inference`` names."""
        if self.inference == "mixture":
            return module(batch)
        find = {"path": module.greedy_leaf, "leaf": module.likeliest_leaf}
        if self.inference not in find:
            raise ValueError(
                f"inference={self.inference!r} is not one of 'mixture', 'path', 'leaf'."
            )
        leaves = module.leaf_outputs(batch.dtype, alone=True)
        leaves = leaves[find[self.inference](batch)]
        return leaves.log() if module.is_classifier else leaves

    def apply(self, X):
        """The most probable leaf of each row.

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
        return module.n_gates + in_chunks(module.likeliest_leaf, module, x)

    def decision_path(self, X):
        """The nodes on the way to the most probable leaf.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.

        Returns
        -------
        scipy.sparse.csr_matrix of shape (n, n_nodes)
            1 where the row's path passes the node.
        """
        node = self.apply(X)
        path = [node]
        for _ in range(self.get_depth()):
            path.append((path[-1] - 1) // 2)
        columns = np.stack(path[::-1], axis=1)
        n, length = columns.shape
        starts = np.arange(0, n * length + 1, length)
        ones = np.ones(n * length, dtype=np.int64)
        shape = (n, len(self.node_mass_))
        return sparse.csr_matrix((ones, columns.ravel(), starts), shape=shape)

    def harden(
        self,
        X,
        y=None,
        *,
        X_eval=None,
        max_leaf_nodes=32,
        min_weight_fraction_leaf=0.005,
        random_state=None,
    ):
        """A tree of plain questions in the place of the gates: found, not rounded.

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
            Their labels; they count by 1 - ``alpha``. None: the teacher alone counts, as
            it does where this tree is its own teacher.
        X_eval : array-like of shape (m, n_features), default=None
            Rows on which the fidelity is measured. None: a quarter of X, which the
            search then does without.
        max_leaf_nodes : int, default=32
            So many leaves at most.
        min_weight_fraction_leaf : float, default=0.005
            Share of the weight of all rows that a leaf has at least.
        random_state : int, RandomState instance or None, default=None
            Seeds the draws.

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
        )

    def path_proba(self, X):
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

    def get_depth(self):
        """Number of gates on each path.

        Returns
        -------
        int
            The depth of the fitted tree.
        """
        check_is_fitted(self)
        return self.module_.max_depth

    def get_n_leaves(self):
        """Number of leaves.

        Returns
        -------
        int
            Two to the power of the depth.
        """
        check_is_fitted(self)
        return self.module_.n_gates + 1

    def leaf_values(self):
        """What each leaf says, in the order of the node numbers.

        As a part of the mixture, with ``inference="mixture"``; otherwise to the rows that
        end there, by themselves: the mean of their targets.

        Returns
        -------
        ndarray of shape (n_leaves, n_classes) or (n_leaves, n_outputs)
            Class probabilities, or values in the targets' unit.
        """
        check_is_fitted(self)
        return self._leaf_values(self.inference != "mixture")

    def _leaf_values(self, alone):
        with torch.no_grad():
            leaves = self.module_.leaf_outputs(torch.float64, alone).cpu().numpy()
        return leaves if self._is_classifier else leaves * self._scale + self._center


def row_parts(n, width):
    """Slices of rows, so that no table of all rows and all nodes is built.

    Parameters
    ----------
    n : int
        Number of rows.
    width : int
        Numbers for each row.

    Returns
    -------
    list of slice
        In order.
    """
    size = min(4096, max(64, _PART_CELLS // width))
    return [slice(start, start + size) for start in range(0, n, size)]
