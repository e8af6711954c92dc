"""The questions of a tree that is searched for, and numbers for its subtrees."""

import itertools
from dataclasses import dataclass


@dataclass(eq=False)
class Question:
    """An inner node of a tree that is searched for; a leaf is None.

    Attributes
    ----------
    test : tuple of int
        Column and bin: rows whose code is at most the bin go to the left.
    left, right : Question or None
        The subtrees.
    """

    test: tuple
    left: "Question | None" = None
    right: "Question | None" = None


def count_leaves(node):
    """Number of leaves below a node.

    Parameters
    ----------
    node : Question or None
        Root of a subtree.

    Returns
    -------
    int
        1 for a leaf.
    """
    return 1 if node is None else count_leaves(node.left) + count_leaves(node.right)


def columns_of_paths(node):
    """The columns on each path through a subtree.

    Parameters
    ----------
    node : Question or None
        Root of a subtree.

    Returns
    -------
    list of tuple
        Column numbers; one empty tuple for a leaf.
    """
    if node is None:
        return [()]
    paths = columns_of_paths(node.left) + columns_of_paths(node.right)
    return list({tuple({node.test[0], *path}) for path in paths})


class Shapes:
    """Numbers of subtrees: those of the same questions have the same one.

    A number is compared faster than a tree, and is kept in less memory.
    """

    def __init__(self):
        # Searches in several threads share them: these calls are atomic.
        self._numbers, self._parts, self._next = {}, {}, itertools.count(1)

    def of(self, node):
        """The number of a subtree.

        Parameters
        ----------
        node : Question or None
            Root of a subtree.

        Returns
        -------
        int
            0 for a leaf.
        """
        if node is None:
            return 0
        parts = node.test, self.of(node.left), self.of(node.right)
        number = self._numbers.setdefault(parts, next(self._next))
        self._parts[number] = parts
        return number

    def parts(self, number):
        """What a number stands for.

        Parameters
        ----------
        number : int
            Of a subtree, not of a leaf.

        Returns
        -------
        test : tuple of int
            Column and bin.
        left, right : int
            Numbers of the subtrees.
        """
        return self._parts[number]
