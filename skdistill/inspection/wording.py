"""A fitted tree's names, questions and leaves in words."""

import numpy as np

from ..tables.terms import in_one_line
from ..tables.view import reads_tables
from .arguments import as_count, as_list
from .numbers import in_full, number, percent
from .questions import Gates, Questions

# Classes that an answer names: so many, and no second one of a smaller share.
_NAMED, _SMALL = 3, 0.01
_MANY = 10  # classes: of more, the others are not counted


def questions_of(tree, feature_names=None, max_terms=3, digits=3):
    """Return what a fitted tree asks.

    Parameters
    ----------
    tree : SoftDecisionTree or HardDecisionTree
        Fitted.
    feature_names : array-like of str of shape (n_features,), default=None
        Names of the columns; those that the tree knows, by default.
    max_terms : int or None, default=3
        Terms of a soft gate that are shown.
    digits : int, default=3
        Significant digits.

    Returns
    -------
    Gates or Questions
        Questions of the soft tree, or of the hard one.
    """
    max_terms = as_count("max_terms", max_terms, none=True)
    digits = as_count("digits", digits)
    if hasattr(tree, "tree_"):
        return Questions(tree, column_names_of(tree, feature_names, tree._n_view))
    n_view = tree.module_.gate_weight.shape[1]
    return Gates(tree, column_names_of(tree, feature_names, n_view), max_terms, digits)


class Answers:
    """What a student answers, in words.

    Parameters
    ----------
    task : Task
        What its outputs mean.
    n_values : int
        Number of its outputs.
    names : array-like of str or None
        Names of the classes or targets.
    digits : int
        Significant digits.
    """

    def __init__(self, task, n_values, names, digits):
        self.is_class = task.kind == "classifier"
        self.spread = np.zeros(1) if self.is_class else task.unit.scale
        self.is_multilabel = self.is_class and task.is_multilabel
        self.targets = self.classes = None
        #: As they are, and not in words.
        self.task_classes = task.classes if self.is_class else []
        several = self.is_class and len(task.classes) > 1
        if several and not self.is_multilabel:
            self.classes = [list(map(in_one_line, each)) for each in task.classes]
            self.targets = list(map(_before_shares, self.classes))
        defaults = task.classes[0] if self.is_class else _value_names(task, n_values)
        if several:
            kind = "label" if self.is_multilabel else "target"
            defaults = [f"{kind}_{i}" for i in range(len(task.classes))]
        self.titles = _names(names, len(defaults), defaults, "class_names")
        self.names = self.titles
        if not self.is_class:
            self.names = [f"{name}:" for name in self.titles]
        elif self.is_multilabel or self.targets is None:
            self.names = _before_shares(self.titles)
        self.digits = as_count("digits", digits)

    def prediction(self, value):
        """Return an answer in words.

        Parameters
        ----------
        value : ndarray of shape (n_outputs,)
            Probabilities, those of several targets side by side; or values.

        Returns
        -------
        str
            Of two classes the second's probability, of more the likeliest ones; or the
            values.
        """
        return _joined(self._parts(value))

    def in_passing(self, value):
        """Return what the rows of an inner node get on average, in words.

        Parameters
        ----------
        value : ndarray of shape (n_outputs,)
            As for ``prediction``.

        Returns
        -------
        str
            As of a leaf; but of very many classes the likeliest alone, for there no other
            says much before the last question.
        """
        parts = self._parts(value)
        if self.is_class and not self.is_multilabel:
            sizes = [len(value)] if self.targets is None else map(len, self.targets)
            parts = [
                (of, said[:1] if size > _MANY else said)
                for (of, said), size in zip(parts, sizes, strict=True)
            ]
        return _joined(parts)

    def headline(self, value):
        """Return the likeliest class, of several targets that of the first; or values.

        Parameters
        ----------
        value : ndarray of shape (n_outputs,)
            As for ``prediction``.

        Returns
        -------
        str
            In lines.
        """
        _, said = self._parts(value)[0]
        if self.is_class:
            return "\n".join(said[0])
        return "\n".join(f"{name or 'value:'} {shown}" for name, shown in said)

    def _parts(self, value, like=None):
        """What an answer is about, and names and numbers, for each target."""
        if not self.is_class:
            names = self.names if len(value) > 1 else [""]
            spread = np.broadcast_to(self.spread, value.shape)
            pairs = zip(value, spread, strict=True)
            shown = [number(v, self.digits, s) for v, s in pairs]
            return [("", list(zip(names, shown, strict=True)))]
        like = value if like is None else like
        if self.is_multilabel:
            # Of each label's two columns the second: that the row has it.
            value, like = value[1::2], like[1::2]
            return [("labels", self._likeliest(value, like, self.names))]
        if self.targets is None:
            return [("", self._of_classes(value, like, self.names))]
        ends = np.cumsum([len(classes) for classes in self.targets])[:-1]
        value, like = np.split(value, ends), np.split(like, ends)
        parts = zip(self.names, value, like, self.targets, strict=True)
        return [(name, self._of_classes(*part)) for name, *part in parts]

    def _of_classes(self, value, like, names):
        if len(value) == 2:  # the first one's share is the rest
            return [(names[1], percent(value[1], self.digits))]
        said = self._likeliest(value, like, names)
        if said[-1][1] == "":
            rest = 1 - value[_shown(like)].sum()
            others = "others" if len(value) > _MANY else said[-1][0]
            said[-1] = others, percent(max(rest, 0.0), self.digits)
        return said

    def _likeliest(self, value, like, names):
        shown = _shown(like)
        said = [(names[k], percent(value[k], self.digits)) for k in shown]
        rest = len(value) - len(shown)
        return [*said, (f"{rest} other{'s' * (rest > 1)}", "")] if rest else said


class Leaves(Answers):
    """What the leaves predict, and how many rows reach them.

    Parameters
    ----------
    tree : SoftDecisionTree or HardDecisionTree
        Fitted.
    numbers : sequence of int
        Node numbers of the leaves.
    names : array-like of str or None
        Names of the classes or targets.
    digits : int
        Significant digits.
    """

    def __init__(self, tree, numbers, names, digits):
        values = (
            tree.leaf_values()
            if hasattr(tree, "tree_")
            else tree._model().leaf_values(True)
        )
        super().__init__(tree._task, values.shape[1], names, digits)
        self.values = dict(zip(numbers, values, strict=True))
        self.mass, self.counts = tree.node_mass_, tree.node_counts_
        self.labels, self.fidelity = tree.node_labels_, tree.node_fidelity_

    def describe(self, leaf):
        """Return what a leaf says, and to how many rows.

        Parameters
        ----------
        leaf : int
            The node's number.

        Returns
        -------
        str
            One line.
        """
        said = [self.prediction(self.values[leaf]), *self.observed(leaf)]
        return f"{'; '.join(said)}  ({', '.join(self.rows(leaf))})"

    def rows(self, node):
        """Return how many of the training rows come to a node.

        Parameters
        ----------
        node : int
            The node's number.

        Returns
        -------
        list of str
            Such as "11.5 % of rows" and "n = 540".
        """
        count = self.counts[node]
        share = percent(count / self.counts[0], self.digits)
        return [f"{share} of rows", f"n = {in_full(count)}"]

    def observed(self, node):
        """Return what the labels of these rows say, beside what a teacher has taught.

        Parameters
        ----------
        node : int
            The node's number.

        Returns
        -------
        list of str
            Such as "observed 58 %"; nothing where there are no labels, or no teacher.
        """
        if self.labels is None or not self.counts[node]:
            return []
        parts = self._parts(self.labels[node], self.values.get(node))
        if self.is_class and not self.is_multilabel:  # of the likeliest class alone
            parts = [(of, said[:1]) for of, said in parts]
        said = parts[0][1]
        if len(parts) == len(said) == 1 and len(self.labels[node]) < 3:
            return [f"observed {said[0][1]}"]  # of what the leaf has named alone
        return [f"observed {_joined(parts)}"]


def _shown(share):
    """Up to three of the largest shares, none of them small but the first."""
    order = np.argsort(-share, kind="stable")[:_NAMED]
    return [k for k in order if k == order[0] or share[k] >= _SMALL]


def _joined(parts):
    """Answers in words, target by target."""
    texts = []
    for of, said in parts:
        words = ", ".join(" ".join(filter(None, pair)) for pair in said)
        texts.append(f"{of}: {words}" if of else words)
    return "; ".join(texts)


def _value_names(task, n):
    if task.quantiles is not None:
        return [f"quantile {level:g}" for level in task.quantiles]
    return [f"target_{i}" for i in range(n)]


def _names(given, n, default, argument):
    names = default if given is None else as_list(argument, given, f"{n} names")
    if len(names) != n:
        raise ValueError(f"{argument} has {len(names)} names, and there must be {n}.")
    names = [in_one_line(name) for name in names]
    if given is not None and len(set(names)) < n:
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{argument} has {twice!r} twice: give names that differ.")
    return names


def column_names_of(student, given, n_view):
    """Return names of what the terms of a student's view are about, as text has them.

    Parameters
    ----------
    student : SoftDecisionTree, HardDecisionTree or NeuralStudent
        Fitted.
    given : array-like of str or None
        The user's.
    n_view : int
        Number of columns of the view.

    Returns
    -------
    list of str
        For each column of X, or of a transformer's output.
    """
    defaults = _default_names(student, n_view)
    return list(map(quoted, _names(given, len(defaults), defaults, "feature_names")))


def quoted(name):
    """Return a column's name, in quotes if it could be taken for a number.

    Parameters
    ----------
    name : str
        In one line.

    Returns
    -------
    str
        So that ``0.5 * '40' <= 3`` is no arithmetic.
    """
    return f"'{name}'" if _is_number(name) else name


def _before_shares(names):
    """Names of classes so that no share that follows is taken for a part of them."""
    named = list(map(spoken, names))
    return [f"{name}:" if _is_number(name.split()[-1]) else name for name in named]


def spoken(label):
    """Return a label's name within a sentence.

    Parameters
    ----------
    label : str
        In one line.

    Returns
    -------
    str
        ``class 1``, where it could be taken for a number.
    """
    return f"class {label}" if _is_number(label) else label


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def names_of(tree):
    """Return what the columns of X are called, whatever type their names have.

    Parameters
    ----------
    tree : SoftDecisionTree or HardDecisionTree
        Fitted.

    Returns
    -------
    list or None
        None where ``fit`` saw no names.
    """
    return vars(tree).get("_column_names")


def _default_names(tree, n_view):
    """Names of columns of X, or of a transformer's output."""
    view = tree.preprocessor_
    if view is None or reads_tables(view):
        return names_of(tree) or [f"feature_{i}" for i in range(tree.n_features_in_)]
    return names_out(view) or [f"feature_{i}" for i in range(n_view)]


def names_out(transformer):
    """Return what a transformer calls the columns that it returns.

    Parameters
    ----------
    transformer : transformer
        Fitted.

    Returns
    -------
    list or None
        None where it, or a part of it, has no names.
    """
    try:
        return list(transformer.get_feature_names_out())
    except (AttributeError, ValueError):
        return None
