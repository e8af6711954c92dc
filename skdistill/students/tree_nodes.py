"""What soft decision trees share: nodes, paths, importances."""

from numbers import Integral, Real

import numpy as np
import torch
from scipy import sparse
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from ..learners.growth import split_best
from ..modules.gates import GATES
from ..modules.soft_tree import SoftTree
from ..modules.tree_shape import TreeShape
from ..tables.table import observed_values
from ..tables.view import reads_tables
from ..training.inference import in_chunks
from ..training.objective import Objective, Share, get_loss, of_leaves
from .hardening import hardened
from .pruning import pruned
from .torch_student import TorchStudent

_PART_CELLS = 1 << 22
_ROWS_OF_MIXTURE = 10.0
# A tree that grows: leaves more at each step, share of the epochs before the last
# shape, and how much of the rows is looked at for new gates.
_GROWTH = 1.5
_EPOCHS_OF_GROWTH = 0.5
_ROWS_OF_GROWTH, _CELLS_OF_GROWTH = 1 << 14, 1 << 22
PARAMETERS = {
    "max_depth": [Interval(Integral, 1, 16, closed="both")],
    "max_leaf_nodes": [Interval(Integral, 2, None, closed="left"), None],
    "split": [StrOptions({"oblique", "sparse", "axis"})],
    "max_features_per_split": [Interval(Integral, 1, None, closed="left")],
    "gate": [StrOptions(set(GATES))],
    "beta": [Interval(Real, 0, None, closed="neither"), StrOptions({"learned"}), tuple],
    "leaf": [StrOptions({"constant", "linear"})],
    "balance_penalty": [Interval(Real, 0, None, closed="left")],
    "entropy_penalty": [Interval(Real, 0, None, closed="left")],
    "objective": [
        StrOptions({"mixture", "path"}),
        Interval(Real, 0, 1, closed="both"),
        tuple,
    ],
    "path_teacher": [StrOptions({"teacher", "mixture"})],
    "inference": [StrOptions({"mixture", "path", "leaf"})],
}


class SoftDecisionTree(TorchStudent):
    """What the two soft trees share.

    Nodes are numbered level by level, from left to right: in a complete tree the children
    of node i are 2 i + 1 and 2 i + 2, in any other those of the gate of rank i.
    """

    _is_classifier = True

    def _make_module(self, x, knowledge, generator):
        shape = None
        if self._continues() and hasattr(self, "net_"):
            shape = self.module_.shape
        elif self.max_leaf_nodes is not None:
            shape = TreeShape([])
        kept = {"oblique": None, "sparse": self.max_features_per_split, "axis": 1}
        return SoftTree(
            x.shape[1],
            self._task.n_outputs,
            self.max_depth,
            shape=shape,
            is_classifier=self._is_classifier,
            balance_penalty=self.balance_penalty,
            entropy_penalty=self.entropy_penalty,
            generator=generator,
            widths=self._task.widths if self._is_classifier else None,
            is_sorted=not self._is_classifier and self.quantiles is not None,
            gives_paths=any(self._path_share()),
            temperature=getattr(self, "temperature_", 1.0),
            gate=self.gate,
            beta=_checked_beta(self.beta),
            max_features=kept[self.split],
            column_scale=torch.from_numpy(x.std(axis=0).astype(np.float32)),
            has_linear_leaves=self.leaf == "linear",
        )

    def _starting_module(self, x, knowledge, generator):
        module = super()._starting_module(x, knowledge, generator)
        if self._continues() and hasattr(self, "net_"):
            module.keep_selection()
            if isinstance(module.beta, tuple):  # the weights include it
                module.beta = 1.0
        return module

    def _path_share(self):
        """Share of the leaves' own losses in the objective, at first and at last."""
        named = {"mixture": 0.0, "path": 1.0}
        share = self.objective
        share = named.get(share, share) if isinstance(share, str) else share
        pair = share if isinstance(share, tuple) else (share, share)
        if not _is_pair(pair) or not all(0 <= part <= 1 for part in pair):
            raise ValueError(
                f"objective={self.objective!r}: a pair is of two numbers in [0, 1], the "
                "share of the leaves' own losses at first and at last."
            )
        return pair

    def _run(self, module, rows, *others):
        """Train; a tree that is to grow does so between shorter trainings."""
        if self.max_leaf_nodes is not None and not module.n_gates:
            module = yield from self._grown(module, rows, self.max_leaf_nodes, *others)
        net = yield from super()._run(module, rows, *others)
        net.module_.settle()
        return net

    def _grown(self, module, rows, limit, *others):
        """The tree in its last shape, to be trained once more."""
        n_steps, n_leaves = 0, 2
        while n_leaves < limit:
            n_steps, n_leaves = n_steps + 1, _next_size(n_leaves, limit)
        module.is_annealing = False  # each gate chooses its columns when it is made
        epochs = max(1, round(_EPOCHS_OF_GROWTH * self.max_epochs / max(n_steps, 1)))
        n_rows = min(_ROWS_OF_GROWTH, max(1, _CELLS_OF_GROWTH // rows.x.shape[1]))
        step = -(-len(rows.x) // n_rows)
        target, weight = self._joint_targets(rows.knowledge)
        some = [
            torch.from_numpy(np.ascontiguousarray(part[::step])).to(module.leaf.dtype)
            for part in (rows.x, target, weight)
        ]
        while module.shape.n_gates + 1 < limit:
            n_leaves = module.shape.n_gates + 1
            if n_leaves > 1:
                twin = self._quiet_twin(epochs)
                # Its optimizer is for the last shape.
                vars(twin).pop("_this_part", None)
                net = yield from super(SoftDecisionTree, twin)._run(
                    module, rows, *others
                )
                module = net.module_.cpu()
            count = _next_size(n_leaves, limit) - n_leaves
            larger = split_best(module, *some, count, self.max_depth)
            if larger is module:
                break
            module = larger
        return module

    def _objective(self):
        self._check_leaves()
        whole, share = super()._objective(), self._path_share()
        if not any(share):
            if self.path_teacher != "teacher":
                raise ValueError(
                    f"path_teacher={self.path_teacher!r} has no effect with "
                    f"objective={self.objective!r}, where no leaf is compared by itself: "
                    "take a share, such as objective=0.3."
                )
            return whole
        known = "kl" if self._is_classifier else "mse"
        if self.loss != known or getattr(self, "quantiles", None) is not None:
            raise ValueError(
                f"objective={self.objective!r} compares each leaf by itself, which is for "
                f'loss={known!r} alone, without quantiles: take objective="mixture".'
            )
        widths = self._task.widths if self._is_classifier else None
        smoothing = getattr(self, "label_smoothing", 0.0)
        share, of_mixture = Share(*share), self.path_teacher == "mixture"
        losses = of_leaves(whole.soft, whole.hard, share, widths, smoothing, of_mixture)
        return Objective(*losses, whole.alpha, whole.temperature, share)

    def _check_leaves(self):
        if self.leaf == "constant":
            return
        loss, is_open = self.loss, False
        if isinstance(loss, str) and self._is_classifier:
            is_open = get_loss(loss, "classifier").scale_free
        if getattr(self, "temperature", 1.0) != 1 or is_open:
            raise ValueError(
                'leaf="linear" is not refitted after training, as a temperature or a '
                "loss without a scale ask for: leave temperature 1 and take "
                'loss="kl", or take leaf="constant".'
            )

    def _joint_targets(self, knowledge):
        """One target and one weight for each row."""
        smoothing = self.label_smoothing if self._is_classifier else 0.0
        return self._task.joint(knowledge, self.alpha, smoothing)

    def _train(self, lesson):
        yield from super()._train(lesson)
        self._observed = observed_values(lesson.read.X)

    def _finish(self, x, knowledge):
        """Store what leaves say alone, how many rows come, what the gates look at."""
        self._fit_leaves_alone(x, knowledge)
        weight = knowledge.hard_weight / knowledge.hard_weight.sum()
        self._describe(x[: knowledge.n_labelled], weight)

    def _describe(self, x, weight):
        """Masses of the nodes, and importances of the columns."""
        module = self.module_
        self.node_mass_ = sum(
            weight[part] @ in_chunks(module.node_probabilities, module, x[part])
            for part in row_parts(len(x), 2 * module.n_gates + 1)
        )
        mean = weight @ x
        self._column_variance = sum(
            weight[p] @ np.square(x[p] - mean) for p in row_parts(len(x), x.shape[1])
        )
        self._weigh_columns()

    def _weigh_columns(self):
        module = self.module_
        gates = module.gate_weight.detach().abs().double().cpu().numpy()
        spread = np.sqrt(self._column_variance)
        used = self.node_mass_[module.shape.gates] @ (gates * spread)
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
        target, weight = self._joint_targets(knowledge)
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
        return module.shape.leaves[in_chunks(module.likeliest_leaf, module, x)]

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
            Their labels. With a teacher and ``alpha=1`` they have the last word: what a
            leaf says moves to the labels of the rows that end there, its old answer
            counting as 300 rows, and questions that these do not bear out go. Labels
            that the teacher has not seen say most. With a smaller ``alpha`` they count
            in the search, by 1 - ``alpha``. None: the teacher alone counts, as it does
            where this tree is its own teacher.
        X_eval : array-like of shape (m, n_features), default=None
            Rows on which the fidelity is measured. None: a quarter of X, which the
            search then does without.
        max_leaf_nodes : int, default=32
            So many leaves at most.
        min_weight_fraction_leaf : float, default=0.005
            Share of the weight of all rows that a leaf has at least.
        cv : int, splitter or iterable, default=None
            Folds of X, with labels. Clones of the teacher, fitted on the others, answer
            for the rows of each: what a leaf says then lies between the labels and the
            answers of teachers that have not seen them, and questions are judged by
            these. The teacher itself labels drawn rows. None: it answers for all rows.
        n_jobs : int, default=None
            So many clones are fitted at once.
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
            cv=cv,
            n_jobs=n_jobs,
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
    ):
        """A smaller tree, in which gates that matter little are leaves.

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
        """Number of gates on the longest path.

        Returns
        -------
        int
            The depth of the fitted tree.
        """
        check_is_fitted(self)
        return self.module_.shape.depth

    def get_n_leaves(self):
        """Number of leaves.

        Returns
        -------
        int
            Two to the power of the depth, of a complete tree.
        """
        check_is_fitted(self)
        return self.module_.n_gates + 1

    def leaf_values(self):
        """What each leaf says, in the order of the node numbers.

        As a part of the mixture, with ``inference="mixture"``; otherwise to the rows that
        end there, by themselves: the mean of their targets. Of linear leaves always that.

        Returns
        -------
        ndarray of shape (n_leaves, n_classes) or (n_leaves, n_outputs)
            Class probabilities, or values in the targets' unit.
        """
        check_is_fitted(self)
        return self._leaf_values(self.inference != "mixture" or self.leaf == "linear")

    def _leaf_values(self, alone):
        with torch.no_grad():
            leaves = self.module_.leaf_outputs(torch.float64, alone).cpu().numpy()
        unit = None if self._is_classifier else self._task.unit
        return leaves if unit is None else unit.restored(leaves)


def _checked_beta(beta):
    """A number, "learned", or the first and the last number."""
    if not isinstance(beta, tuple):
        return beta
    if not _is_pair(beta) or not all(0 < part < np.inf for part in beta):
        raise ValueError(
            f"beta={beta!r}: a pair is of two numbers above 0, the factor of the gates at "
            "first and at last."
        )
    return tuple(map(float, beta))


def _is_pair(values):
    return len(values) == 2 and all(isinstance(value, Real) for value in values)


def _next_size(n_leaves, limit):
    """How many leaves a growing tree has after so many."""
    return min(limit, max(n_leaves + 1, round(_GROWTH * n_leaves)))


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
    size = min(4096, max(64, _PART_CELLS // max(width, 1)))
    return [slice(start, start + size) for start in range(0, n, size)]
