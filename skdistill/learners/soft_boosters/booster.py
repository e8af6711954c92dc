"""What boosters have in common that are grown on soft targets."""

import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn import config_context

from ...lesson.knowledge import Knowledge
from ...lesson.trust import exam_losses
from ...tables.containers import rows_of
from ...teacher.libraries import is_from
from .cross_entropy import SoftCrossEntropy, log_probabilities


@dataclass(frozen=True)
class Exam:
    """Rows to watch while trees are added.

    Attributes
    ----------
    x : array-like of shape (v, n_inputs)
        Their view.
    knowledge : Knowledge
        Their labels, or the teacher's answers.
    task : Task
        What outputs mean.
    """

    x: Any
    knowledge: Knowledge
    task: Any

    def codes(self):
        """Labels for the library's own metrics; what stops it does not look at them.

        Returns
        -------
        ndarray of shape (v,)
            Positions among the classes, the likeliest ones where there are no labels.
        """
        told = self.knowledge
        return told.hard[:, 0] if told.soft is None else told.soft.argmax(axis=1)

    def loss(self, scores):
        """Mean log loss of the labels, or divergence from the teacher, at T=1.

        Parameters
        ----------
        scores : ndarray of shape (v,) or (v, n_classes)
            A booster's.

        Returns
        -------
        float
            Nats.
        """
        log_q, told = log_probabilities(scores), self.knowledge
        weight = told.hard_weight if told.soft is None else told.soft_weight
        losses = exam_losses(log_q, told, self.task)
        return float(np.average(losses, weights=weight))


class SoftBooster(ABC):
    """A library's classifier that learns soft targets by a loss of our own.

    Rows are not copied: the loss holds a distribution for each.

    Parameters
    ----------
    model : estimator
        The classifier.
    path : str, default=""
        Prefix of its fit parameters where it ends a pipeline, such as "model__".

    Attributes
    ----------
    library, name : str
        Where it is from, and its class.
    own : set
        Objectives that the loss stands for: those of the library for the same loss.
    others : set
        Other objectives of classes, which learn from label rows.
    aliases : tuple of str
        Other names of the objective.
    of_labels : dict
        Parameters of the library's own objectives, which ours has not, with the values
        that are allowed.
    rounds : tuple of str
        Names of the parameter that asks for early stopping.
    """

    library = name = ""
    own: frozenset = frozenset()
    others: frozenset = frozenset()
    aliases: tuple = ()
    rounds: tuple = ()
    of_labels: dict = {}

    def __init__(self, model, path=""):
        self.model, self.path = model, path
        self.params = model.get_params(deep=False)

    @classmethod
    def takes(cls, model):
        """Whether it is that class of that library.

        Parameters
        ----------
        model : object
            Any estimator.

        Returns
        -------
        bool
            By names: nothing is imported.
        """
        return is_from(model, cls.library, cls.name)

    def stops_early(self):
        """Whether its parameters ask for early stopping.

        Returns
        -------
        bool
            True if a number of rounds is set.
        """
        return any((self.params.get(name) or 0) > 0 for name in self.rounds)

    def learns_softly(self):
        """Whether the loss stands for its objective.

        Returns
        -------
        bool
            False for a user's loss, or another loss of classes: label rows keep it.

        Raises
        ------
        ValueError
            For an objective that is none of classes.
        """
        objective = self.params.get("objective")
        for alias in self.aliases:
            if alias in self.params:
                raise ValueError(
                    f"student={self.model!r}: {alias} names the objective. Give it as "
                    "objective, or leave it out."
                )
        if callable(objective) or objective in self.others:
            return False
        if objective not in self.own:
            raise ValueError(
                f"student={self.model!r}: objective={objective!r} is no loss of classes. "
                "Leave objective out, or give a regressor."
            )
        return True

    def check(self):
        """Refuse parameters of the library's own objectives.

        Raises
        ------
        ValueError
            With the remedy.
        """
        for name, neutral in self.of_labels.items():
            if self.params.get(name) not in (None, neutral):
                raise ValueError(
                    f"student={self.model!r}: {name} is for labels, and this student "
                    "learns distributions. Leave it out; class_weight of the "
                    "StudentClassifier weighs classes."
                )

    def fit(self, whole, X, targets, classes, exam=None):
        """Grow it.

        Parameters
        ----------
        whole : estimator
            The classifier itself, or the pipeline that it ends.
        X : array-like of shape (n, n_inputs)
            Rows.
        targets : ClassTargets
            What they teach.
        classes : ndarray of shape (n_classes,)
            Sorted.
        exam : Exam, default=None
            Rows to watch, where it stops early.

        Returns
        -------
        estimator
            `whole`, fitted: it has the user's parameters again, and no targets.
        """
        self.check()
        if not targets.weight.all():  # the library would count them as rows of a leaf
            rows = np.flatnonzero(targets.weight)
            X, targets = rows_of(X, rows), targets.take(rows)
        n, n_classes = targets.parts[0].target.shape
        if n < n_classes:
            raise ValueError(
                f"student={self.model!r} is to learn {n_classes} classes from {n} rows: "
                "give more rows than classes, or fewer `classes`."
            )
        loss = SoftCrossEntropy(targets.parts, self.curvature(n_classes))
        # The loss knows the targets: labels only tell how many classes there are.
        codes = np.arange(n) % n_classes
        arguments = {"sample_weight": _weights(targets.weight)}
        start = self.start(targets.prior)
        with config_context(enable_metadata_routing=False):
            self.grow(whole, X, codes, classes, loss, start, arguments, exam)
        return whole

    def named(self, arguments):
        """Fit parameters as a pipeline takes them.

        Parameters
        ----------
        arguments : dict
            Of the classifier's ``fit``.

        Returns
        -------
        dict
            Without those that are None.
        """
        return {self.path + k: v for k, v in arguments.items() if v is not None}

    @abstractmethod
    def curvature(self, n_classes):
        """The library's own factor of ``q (1 - q)`` for three classes or more.

        Parameters
        ----------
        n_classes : int
            How many there are.

        Returns
        -------
        float
            At least 1.
        """

    @abstractmethod
    def start(self, prior):
        """What the model says before its first tree.

        Parameters
        ----------
        prior : ndarray of shape (n_classes,)
            Mean target.

        Returns
        -------
        object
            As ``grow`` takes it.
        """

    @abstractmethod
    def grow(self, whole, X, codes, classes, loss, start, arguments, exam):
        """Fit with the loss, and leave a model that answers with probabilities.

        Parameters
        ----------
        whole : estimator
            What is fitted.
        X : array-like of shape (n, n_inputs)
            Rows.
        codes : ndarray of shape (n,)
            Some number of a class for each.
        classes : ndarray of shape (n_classes,)
            Sorted.
        loss : SoftCrossEntropy
            Of these rows.
        start : object
            From ``start``.
        arguments : dict
            Of ``fit``.
        exam : Exam or None
            Rows to watch.
        """


def _weights(weight):
    """Relative to their mean; None where all are alike."""
    if np.allclose(weight, weight[0], rtol=1e-12, atol=0):
        return None
    return weight / weight.mean()


def version_of(library):
    """Version of a library that has been imported.

    Parameters
    ----------
    library : str
        Its name.

    Returns
    -------
    tuple of int
        Its first two numbers.
    """
    major, minor = sys.modules[library].__version__.split(".")[:2]
    return int(major), int(minor)
