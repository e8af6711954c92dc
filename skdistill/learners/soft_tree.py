"""How soft decision trees are trained and grown, and their leaves fitted for paths."""

import copy
from numbers import Real

import numpy as np
import torch
from scipy.optimize import minimize_scalar

from ..modules.soft_tree import SoftTree, refit_leaves
from ..modules.tree_shape import TreeShape
from ..training.inference import in_chunks
from ..training.objective import Objective, Share, get_loss, of_leaves
from ..training.optimizers import leaves_decay_open
from .arrays import copied, soft_tree_arrays
from .growth import split_best
from .objectives import leaves_scale_open
from .reached import fidelity_in_nodes, rows_in_nodes
from .torch_learner import TorchLearner
from .torch_model import TorchModel

# Numbers of one table of rows and nodes; and of such tables that are kept at once, 128 MB
# of float32.
_PART_CELLS = 1 << 22
_KEPT_CELLS = 1 << 25
# What a leaf says in the mixture counts as so many rows of what it says alone.
_ROWS_OF_MIXTURE = 10.0
# A tree that grows: leaves more at each step, share of the epochs before the last
# shape, and how much of the rows is looked at for new gates.
_GROWTH = 1.5
_EPOCHS_OF_GROWTH = 0.5
_ROWS_OF_GROWTH, _CELLS_OF_GROWTH = 1 << 14, 1 << 22
# Where the factor of the gates is sought, and on how many rows.
_LOG_FACTORS = (-1.0, 4.0)
_SEARCH_ROWS = 1 << 14
# max_depth="auto": of gates of all columns, and how much deeper those of few need to be.
_DEPTH, _DEEPER = 5, 2
# weight_decay="auto": that of gates that see so many columns or more.
_DECAY, _MANY_COLUMNS = 0.1, 64


class SoftTreeModel(TorchModel):
    """A trained soft tree.

    Parameters
    ----------
    module : SoftTree
        Trained.
    task : Task
        What its outputs mean.
    inference : {"mixture", "path", "leaf"}, default="mixture"
        Whose answer counts: that of all leaves, or of one.
    node_mass : ndarray of shape (n_nodes,), default=None
        Share of the rows of X that reaches each node.
    column_variance : ndarray of shape (n_inputs,), default=None
        Variances of the columns of the view, over the rows of X.

    Attributes
    ----------
    rows_in_nodes : tuple or None
        Just after the training: how many rows of X pass each node on their greedy path,
        and what their labels say.
    node_fidelity : ndarray of shape (n_nodes,) or None
        Then too: how often the class at its end is the teacher's.

    Raises
    ------
    ValueError
        For another name as `inference`.
    """

    rows_in_nodes = node_fidelity = None

    def __init__(
        self, module, task, inference="mixture", node_mass=None, column_variance=None
    ):
        super().__init__(module, task)
        if inference not in ("mixture", "path", "leaf"):
            raise ValueError(
                f"inference={inference!r} is not one of 'mixture', 'path', 'leaf'."
            )
        self.inference = inference
        self.node_mass, self.column_variance = node_mass, column_variance

    def infer(self, batch):
        """Outputs of the mixture, or of the one leaf that ``inference`` names."""
        module = self.module
        if self.inference == "mixture":
            return module(batch)
        is_path = self.inference == "path"
        find = module.greedy_leaf if is_path else module.likeliest_leaf
        leaves = module.leaf_outputs(batch.dtype, alone=True)[find(batch)]
        return leaves.log() if module.is_classifier else leaves

    def options(self):
        """What else than the weights changes the outputs."""
        return [self.inference]

    def arrays(self, array=copied):
        """The tree as arrays."""
        return soft_tree_arrays(self.module, self.inference, array)

    def leaf_values(self, alone):
        """What each leaf says.

        Parameters
        ----------
        alone : bool
            To the rows that end there, or as a part of the mixture.

        Returns
        -------
        ndarray of shape (n_leaves, n_outputs)
            Class probabilities, or values in the targets' unit.
        """
        with torch.no_grad():
            leaves = self.module.leaf_outputs(torch.float64, alone).cpu().numpy()
        is_class = self.task.kind == "classifier"
        return leaves if is_class else self.task.unit.restored(leaves)

    def column_use(self):
        """How much the gates use each column of the view.

        Returns
        -------
        ndarray of shape (n_inputs,)
            Mass of the gates times the size of their weight on the scaled column.
        """
        gates = self.module.gate_weight.detach().abs().double().cpu().numpy()
        spread = np.sqrt(self.column_variance)
        return self.node_mass[self.module.shape.gates] @ (gates * spread)


class SoftTreeLearner(TorchLearner):
    """The learner that trains a soft tree."""

    def make_module(self, x, knowledge, generator):
        """A complete tree, one leaf that is to grow, or the shape of the past."""
        params, task, shape = self.params, self.task, None
        if self.past is not None:
            shape = self.past.module.shape
        elif params.max_leaf_nodes is not None:
            shape = TreeShape([])
        return SoftTree(
            x.shape[1],
            task.n_outputs,
            self._max_depth(x.shape[1]),
            shape=shape,
            is_classifier=task.kind == "classifier",
            balance_penalty=params.balance_penalty,
            generator=generator,
            widths=task.widths or None,
            is_sorted=task.quantiles is not None,
            gives_paths=any(self._path_share()),
            temperature=self.temperature,
            max_features=self._max_features(),
            column_scale=torch.from_numpy(x.std(axis=0).astype(np.float32)),
            has_linear_leaves=params.leaf == "linear",
        )

    def _max_features(self):
        """Columns that a gate ends with; None for all."""
        few = {"oblique": None, "sparse": self.params.max_features_per_split, "axis": 1}
        return few[self.params.split]

    def _max_depth(self, n_inputs):
        """What the student's parameter says, or what suits its gates."""
        if self.params.max_depth != "auto":
            return self.params.max_depth
        few = self._max_features()
        return _DEPTH if few is None or few >= n_inputs else _DEPTH + _DEEPER

    def starting_module(self, x, knowledge, generator):
        """A new tree; one that goes on keeps the columns of its gates."""
        module = super().starting_module(x, knowledge, generator)
        if self.past is not None:
            module.keep_selection()
        return module

    def _path_share(self):
        """Share of the losses of single leaves in the objective, at first and at last."""
        named, share = {"mixture": 0.0, "path": 1.0}, self.params.objective
        share = named.get(share, share) if isinstance(share, str) else share
        pair = share if isinstance(share, tuple) else (share, share)
        if not _is_pair(pair) or not all(0 <= part <= 1 for part in pair):
            raise ValueError(
                f"objective={self.params.objective!r}: a pair is of two numbers in [0, 1], "
                "the share of the leaves' own losses at first and at last."
            )
        return pair

    def objective(self):
        """The loss of the mixture, of the leaves by themselves, or a share of each."""
        self._check_leaves()
        params, task, pair = self.params, self.task, self._path_share()
        whole, is_class = super().objective(), task.kind == "classifier"
        if not any(pair):
            return whole
        known = "kl" if is_class else "mse"
        if params.loss != known or task.quantiles is not None:
            raise ValueError(
                f"objective={params.objective!r} compares each leaf by itself, which is "
                f'for loss={known!r} alone, without quantiles: take objective="mixture".'
            )
        share, widths = Share(*pair), task.widths or None
        losses = of_leaves(whole.soft, whole.hard, share, widths, self._smoothing())
        return Objective(*losses, whole.alpha, whole.temperature, share)

    def _smoothing(self):
        return self.params.label_smoothing if self.task.kind == "classifier" else 0.0

    def _check_leaves(self):
        params = self.params
        if params.leaf == "constant":
            return
        is_hot = is_open = False
        if self.task.kind == "classifier":
            is_hot = params.temperature != 1
            is_named = isinstance(params.loss, str)
            is_open = is_named and get_loss(params.loss, "classifier").scale_free
        if is_hot or is_open:
            raise ValueError(
                'leaf="linear" is not refitted after training, as a temperature or a '
                "loss without a scale ask for: leave temperature 1 and take "
                'loss="kl", or take leaf="constant".'
            )

    def weight_decay(self, module):
        """What the student's parameter says, or what suits so many columns.

        A gate of few columns is sharp only with large weights, and the decay bounds
        them: AdamW's steps have the size of the learning rate, so that no weight gets
        beyond one over the decay.

        Parameters
        ----------
        module : SoftTree
            To be trained.

        Returns
        -------
        float
            The weight decay.
        """
        if self.params.weight_decay != "auto":
            return self.params.weight_decay
        if not leaves_decay_open(self.params.optimizer):
            return 0.0
        share = min(1.0, module.gate_weight.shape[1] / _MANY_COLUMNS)
        return _DECAY * share**2

    def run(self, module, rows, *others):
        """Train; a tree that is to grow does so between shorter trainings."""
        if self.params.max_leaf_nodes is not None and not module.n_gates:
            module = yield from self._grown(module, rows, *others)
        net = yield from super().run(module, rows, *others)
        net.module_.settle()
        return net

    def _grown(self, module, rows, *others):
        """The tree in its last shape, to be trained once more."""
        params, limit = self.params, self.params.max_leaf_nodes
        # The number of shapes, among which the epochs of growth are shared.
        n_steps, n_leaves = 0, 2
        while n_leaves < limit:
            n_steps, n_leaves = n_steps + 1, _next_size(n_leaves, limit)
        max_depth = self._max_depth(rows.x.shape[1])
        module.is_annealing = False  # each gate chooses its columns when it is made
        epochs = max(1, round(_EPOCHS_OF_GROWTH * params.max_epochs / max(n_steps, 1)))
        some = self._some(rows, module.leaf.dtype)
        while module.shape.n_gates + 1 < limit:
            n_leaves = module.shape.n_gates + 1
            if n_leaves > 1:
                twin = self.quiet_twin(epochs)
                net = yield from super(SoftTreeLearner, twin).run(module, rows, *others)
                module = net.module_.cpu()  # where the rows for new gates are
            count = _next_size(n_leaves, limit) - n_leaves
            larger = split_best(module, *some, count, max_depth)
            if larger is module:  # no leaf gains from a gate: stop before the limit
                break
            module = larger
        return module

    def _some(self, rows, dtype):
        """Rows, targets and weights that are looked at for new gates."""
        n_rows = min(_ROWS_OF_GROWTH, max(1, _CELLS_OF_GROWTH // rows.x.shape[1]))
        # Every k-th row: of X and of the drawn rows, which follow, alike.
        step = -(-len(rows.x) // n_rows)
        target, weight = self._joint_targets(rows.knowledge)
        return [
            torch.from_numpy(np.ascontiguousarray(part[::step])).to(dtype)
            for part in (rows.x, target, weight)
        ]

    def _joint_targets(self, knowledge):
        return self.task.joint(knowledge, self.params.alpha, self._smoothing())

    def finished(self, x, knowledge):
        """The tree, with leaves at T=1; and how many rows come where."""
        module = self.net.module_
        if leaves_scale_open(self.task, self.params, knowledge):
            self._sharpen_gates(module, x, self._targets_at_1(knowledge))
        # Trained at T, the leaves answer at T; predictions are at 1.
        elif self.temperature != 1 and knowledge.soft is not None:
            self._refit_leaves(module, x, self._targets_at_1(knowledge))
        self._fit_leaves_alone(module, x, knowledge)
        weight = knowledge.hard_weight / knowledge.hard_weight.sum()
        mass, variance = _described(module, x[: knowledge.n_labelled], weight)
        inference = self.params.inference
        model = SoftTreeModel(module, self.task, inference, mass, variance)
        self._count_rows(model, x, knowledge)
        return model

    def _count_rows(self, model, x, knowledge):
        """Tell the model of the rows of X that pass each node on their greedy path."""
        module = model.module
        shape = module.shape
        leaf = in_chunks(module.greedy_leaf, module, x[: knowledge.n_labelled])
        parent = shape.parent(np.arange(shape.n_nodes)) if shape.n_gates else [0]
        way = shape.leaves[leaf], parent
        model.rows_in_nodes = rows_in_nodes(*way, knowledge, self.task)
        said = model.leaf_values(True)[leaf]
        model.node_fidelity = fidelity_in_nodes(*way, said, knowledge, self.task)

    def _targets_at_1(self, knowledge):
        """The mix of soft and hard targets at T=1, each row times its share of weight."""
        target, weight = self._joint_targets(knowledge)
        return target * (weight / weight.sum())[:, None]

    def _sharpen_gates(self, module, x, target):
        """Multiply all gates by the factor with which the refitted leaves do best.

        A loss without a scale has learnt the gates up to a factor.
        """
        # Only the leaves are fitted again at each factor, and on some of the rows; all of
        # them are used once, with the best.
        step = -(-len(x) // _SEARCH_ROWS)
        some = np.ascontiguousarray(x[::step]), target[::step] / target[::step].sum()
        before = copy.deepcopy(module.state_dict())

        def likelihood(log_factor, x, target):
            module.load_state_dict(before)  # factors do not add up from call to call
            with torch.no_grad():
                for gates in (module.gate_weight, module.gate_bias):
                    gates.mul_(float(np.exp(log_factor)))
            return self._refit_leaves(module, x, target)

        best = minimize_scalar(
            lambda log_factor: -likelihood(log_factor, *some),
            bounds=_LOG_FACTORS,
            method="bounded",
            options={"xatol": 0.05},
        )
        likelihood(best.x, x, target)

    def _refit_leaves(self, module, x, target):
        """Fit the leaves at T=1, the gates fixed; returns the mean log-likelihood."""
        device, width = module.leaf.device, module.n_gates + 1

        def chunks():
            for part in row_parts(len(x), width):
                rows = torch.from_numpy(x[part]).to(device)
                yield (
                    module.leaf_probabilities(rows),
                    torch.from_numpy(target[part]).to(device),
                )

        share = self._path_share()[1]
        if len(x) * width > _KEPT_CELLS:  # too large to keep: made again at each step
            return refit_leaves(module, chunks, share)
        with torch.no_grad():
            kept = list(chunks())
        return refit_leaves(module, lambda: kept, share)

    def _fit_leaves_alone(self, module, x, knowledge):
        """Mean target of the rows that end in each leaf, the gates fixed.

        A leaf of the mixture says what is missing in the others' answer; to a reader of
        one path it has to say all. Where few rows end, it goes on saying what it did, at
        the weight of ten rows of X and those drawn from them.
        """
        is_part = self.moments is not None  # few rows; there are others to come
        if is_part or self.task.quantiles is not None:
            with torch.no_grad():
                module.path_leaf.copy_(module.leaf)
            return
        target, weight = self._joint_targets(knowledge)
        before = module.leaf_outputs(torch.float64).detach().cpu().numpy()
        # In units of the weights, of which drawn rows have a share too.
        strength = _ROWS_OF_MIXTURE * weight.sum() / knowledge.n_labelled
        sums, total = strength * before, np.full((len(before), 1), strength)
        for part in row_parts(len(x), module.n_gates):
            leaf = in_chunks(module.greedy_leaf, module, x[part])
            np.add.at(sums, leaf, weight[part, None] * target[part])
            np.add.at(total, leaf, weight[part, None])
        # Without these second values the path would lose 1.4 points (benchmarks.soft_tree).
        means = torch.from_numpy(sums / total)
        with torch.no_grad():
            is_class = self.task.kind == "classifier"
            module.path_leaf.copy_(means.log() if is_class else means)


def _described(module, x, weight):
    """Masses of the nodes, and variances of the columns."""
    mass = sum(
        weight[part] @ in_chunks(module.node_probabilities, module, x[part])
        for part in row_parts(len(x), 2 * module.n_gates + 1)
    )
    mean = weight @ x
    variance = sum(
        weight[part] @ np.square(x[part] - mean)
        for part in row_parts(len(x), x.shape[1])
    )
    return mass, variance


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
