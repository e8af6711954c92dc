"""From a soft tree to a smaller one: gates that matter little become leaves."""

import copy
import heapq

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ..learners.growth import merged, without
from ..training.inference import in_chunks
from .base import importances
from .hardening import apart, before_and_after, checked_labels, joined, teacher_says

# A side that gets less of every row is not taken.
_NOT_TAKEN = 1e-8
_LEAST = 1e-12


def pruned(tree, X, y, X_eval, max_leaf_nodes, ccp_alpha, random_state):
    """See :meth:`SoftDecisionTree.prune`, whose body this is.

    Parameters
    ----------
    tree : SoftDecisionTree
        Fitted.
    X, y, X_eval, max_leaf_nodes, ccp_alpha, random_state : object
        Arguments of that method.

    Returns
    -------
    SoftDecisionTree
        A smaller one.
    """
    check_is_fitted(tree)
    if ccp_alpha < 0 or (max_leaf_nodes is not None and max_leaf_nodes < 1):
        raise ValueError(
            f"ccp_alpha={ccp_alpha!r} must be 0 or more, and max_leaf_nodes="
            f"{max_leaf_nodes!r} 1 or more, or None."
        )
    if tree.leaf == "linear":
        raise ValueError(
            'leaf="linear": leaves that are merged say their mean, which is for '
            'leaf="constant".'
        )
    if tree.inference == "leaf":
        raise ValueError(
            'inference="leaf": when leaves are merged, another one may be the likeliest. '
            'Prune with inference="path" or "mixture".'
        )
    if y is not None and getattr(tree, "quantiles", None) is not None:
        raise ValueError(
            f"y is one value for each row, and the tree answers quantiles="
            f"{tree.quantiles!r}: leave y out."
        )
    X, y, X_eval, eval_rows = apart(X, y, X_eval, check_random_state(random_state))
    targets = _targets(tree, X, y)
    small = _with_module(tree, *_without_saturated(tree, X))
    links = _Links(small, X, targets)
    limit = small.get_n_leaves() if max_leaf_nodes is None else max_leaf_nodes
    gates = links.weakest(limit, ccp_alpha)
    small = _with_module(small, *merged(small.module_, gates, small.node_mass_))
    teacher_answers = joined(teacher_says(tree, X_eval))
    small.fidelity_ = before_and_after(tree, small, X_eval, teacher_answers, eval_rows)
    return small


def _targets(tree, X, y):
    """What rows should get (n, n_outputs): by the teacher, by labels, or as it was."""
    if y is not None and not hasattr(tree, "teacher_"):
        y = checked_labels(tree, y)
        return _one_hot(tree, y) if is_classifier(tree) else y
    if not hasattr(tree, "teacher_"):  # as it was fitted, like the leaves
        return _unadjusted(tree, X)
    answers = teacher_says(tree, X)
    if isinstance(answers, list):
        return np.concatenate(answers, axis=1)
    return answers.reshape(len(answers), -1)


def _unadjusted(tree, X):
    """A tree's answers, before any change of the classes' prior."""
    if is_classifier(tree):
        return np.exp(tree._log_probabilities(X))
    answers = tree.predict(X)
    return answers.reshape(len(answers), -1)


def _one_hot(tree, y):
    return tree._task.numbers_of_labels(tree._task.encode(y))


def _with_module(tree, module, origin):
    """A copy with another module; what the copy knows of its nodes goes with them."""
    twin = copy.copy(tree)
    twin._parts = None  # whose moments are of another shape
    twin.net_ = copy.copy(tree.net_)
    twin.net_.module_ = module.eval()
    twin.node_counts_ = tree.node_counts_[origin]
    twin.node_fidelity_ = None  # leaves say something else now
    if tree.node_labels_ is not None:
        twin.node_labels_ = tree.node_labels_[origin]
    twin.node_mass_ = tree.node_mass_[origin]
    twin.node_mass_[0] = 1.0  # what a skipped gate sent elsewhere comes this way
    for gate in module.shape.gates:
        below = list(module.shape.children(gate))
        share = twin.node_mass_[below]
        share = share / share.sum() if share.sum() else np.full(2, 0.5)
        twin.node_mass_[below] = twin.node_mass_[gate] * share
    twin.feature_importances_ = importances(twin._model().column_use(), twin)
    return twin


def _without_saturated(tree, X):
    """The module without the gates that send every row to one side."""
    module, shape = tree.module_, tree.module_.shape
    logits = in_chunks(module.gate_logits, module, tree._view(X))
    if tree.inference == "path":
        share = np.where(logits > 0, 1.0, 0.0)
    else:
        share = 1 / (1 + np.exp(-np.clip(logits, -700, 700)))
    least, most = share.min(axis=0), share.max(axis=0)
    skipped = {
        int(gate): shape.children(gate)[int(low > 1 - _NOT_TAKEN)]
        for gate, low, high in zip(shape.gates, least, most, strict=True)
        if low > 1 - _NOT_TAKEN or high < _NOT_TAKEN
    }
    return without(module, skipped)


class _Links:
    """Costs of turning gates into leaves: the weakest links of Breiman et al., 1984."""

    def __init__(self, tree, X, target):
        module, x = tree.module_, tree._view(X)
        self.shape, self.mass = module.shape, tree.node_mass_
        self.is_class = is_classifier(tree)
        alone = tree.inference != "mixture"
        self.leaf = tree._model().leaf_values(alone)
        if alone:
            at = in_chunks(module.greedy_leaf, module, x)
            self.reach = np.zeros((len(x), len(self.leaf)))
            self.reach[np.arange(len(x)), at] = 1.0
        else:
            self.reach = in_chunks(module.leaf_probabilities, module, x)
        self.output, self.target = self.reach @ self.leaf, target
        self.loss = self._loss(self.output)
        spread = 1.0 if self.is_class else self._loss(target.mean(axis=0))
        self.rounding = _LEAST * spread
        self.below = {int(gate): self.shape.below(gate) for gate in self.shape.gates}

    def _loss(self, output):
        if self.is_class:
            return (
                -(self.target * np.log(np.maximum(output, _LEAST))).sum(axis=1).mean()
            )
        return np.square(output - self.target).sum(axis=1).mean()

    def _merged(self, gate):
        """The tree's outputs if a gate became a leaf."""
        below = self.below[gate]
        weight = self.mass[self.shape.leaves[below]]
        weight = weight if weight.sum() else np.ones(len(weight))
        mean = np.average(self.leaf[below], axis=0, weights=weight)
        reach = self.reach[:, below]
        return (
            self.output
            + reach.sum(axis=1, keepdims=True) * mean
            - reach @ self.leaf[below]
        )

    def _cost(self, gate, gone, too_many):
        """Rise of the loss for each leaf that goes, and the outputs without them.

        Where there are too many leaves, those that go beyond them do not count.
        """
        output = self._merged(gate)
        inner = [g for g in gone if g != gate and self._is_below(g, gate)]
        n_leaves = len(self.below[gate]) - sum(len(self.below[g]) - 1 for g in inner)
        n_gone = max(n_leaves - 1, 1)
        n_gone = min(n_gone, too_many) if too_many > 0 else n_gone
        return (self._loss(output) - self.loss) / n_gone, output

    def _is_below(self, node, gate):
        return gate in self.shape.path(node)

    def weakest(self, limit, ccp_alpha):
        """Gates to merge, none below another.

        Costs are compared lazily: one that has grown since it was last computed goes
        back into the queue, and one that has fallen is met in its old place.
        """
        gone, n_leaves = [], len(self.leaf)
        queue = self._queue(gone, n_leaves - limit)
        while queue and n_leaves > 1:
            _, gate = heapq.heappop(queue)
            if any(self._is_below(gate, top) for top in gone):
                continue
            cost, output = self._cost(gate, gone, n_leaves - limit)
            if queue and cost > queue[0][0] + self.rounding:
                heapq.heappush(queue, (cost, gate))
                continue
            if cost > ccp_alpha and n_leaves <= limit:
                break
            gone = [g for g in gone if not self._is_below(g, gate)] + [gate]
            self._merge(gate, output)
            before = n_leaves
            n_leaves = len(self.leaf) - sum(len(self.below[g]) - 1 for g in gone)
            if before > limit >= n_leaves:  # from now on all that go count
                queue = self._queue(gone, 0)
        return gone

    def _queue(self, gone, too_many):
        queue = [(self._cost(gate, gone, too_many)[0], gate) for gate in self.below]
        heapq.heapify(queue)
        return queue

    def _merge(self, gate, output):
        """Put the mean of the leaves below in the place of each of them."""
        below = self.below[gate]
        weight = self.mass[self.shape.leaves[below]]
        weight = weight if weight.sum() else np.ones(len(weight))
        self.leaf[below] = np.average(self.leaf[below], axis=0, weights=weight)
        self.output, self.loss = output, self._loss(output)
