"""What a learner is, and what it leaves behind: a model."""

import copy
from abc import ABC, abstractmethod
from types import SimpleNamespace

import numpy as np
from sklearn.utils import check_random_state

from ..lesson.given import Read
from ..lesson.lesson import Lesson
from ..lesson.trust import (
    ALPHAS,
    TEMPERATURES,
    Choice,
    Setting,
    Trial,
    chosen,
    exam_losses,
)
from ..tables.containers import rows_of


class Learner(ABC):
    """How one kind of model is trained.

    Parameters
    ----------
    params : dict
        The student's parameters.
    task : Task
        What y and outputs mean.
    see : callable
        ``see(rows)`` -> the student's view.

    Attributes
    ----------
    params : SimpleNamespace
        The same; ``alpha`` may be "auto" until it is chosen.
    temperature : float or None
        Temperature of classes; None: it is to be chosen.
    run_kept : Run or None
        Where trainings are kept.
    """

    temperature = 1.0
    run_kept = None

    def __init__(self, params, task, see):
        self.params = SimpleNamespace(**params)
        self.task, self.see = task, see

    def choose(self, lesson):
        """Choose what is to be chosen of alpha and temperature, by students in the making.

        Parameters
        ----------
        lesson : Lesson
            What there is to learn.

        Returns
        -------
        generator
            It yields trainings as ``learn`` does, and returns a Choice.
        """
        alpha, temperature, gain = self.params.alpha, self.temperature, None
        by_labels = alpha == "auto"
        used = lesson.knowledge.used(0.5 if by_labels else alpha)
        if used.soft is None:  # a control has nothing to choose
            return Choice(Setting(0.0, temperature or 1.0))
        if by_labels:
            tried = [Setting(each, temperature or 1.0) for each in ALPHAS]
            choice = yield from self._best(tried, lesson, used, True)
            alpha, gain = choice.setting.alpha, choice.gain
        if temperature is None and alpha:
            tried = self.tried([Setting(alpha, each) for each in TEMPERATURES])
            choice = yield from self._best(tried, lesson, lesson.knowledge.used(alpha))
            temperature = choice.setting.temperature
        return Choice(Setting(alpha, temperature or 1.0), gain)

    def _best(self, tried, lesson, used, by_labels=False):
        """The choice between settings, after a student was trained at each."""
        if len(tried) == 1:
            return Choice(tried[0])
        random = check_random_state(self.params.random_state)
        trial = Trial.of(lesson, used, random, by_labels)
        x = lesson.whole_view(self.see, used)
        if trial.held is None:
            held = self.see(lesson.read.X_val)
        else:
            x, held = rows_of(x, trial.train), rows_of(x, trial.held)
        models = yield from self.learnt_at(tried, x, held, lesson, trial)
        outputs = [model.outputs(held) for model in models]
        losses = [exam_losses(each, trial.exam, self.task) for each in outputs]
        return chosen(dict(zip(tried, losses, strict=True)), trial.exam, self.task)

    def tried(self, settings):
        """The temperatures that there is time for.

        Parameters
        ----------
        settings : list of Setting
            Of one alpha; the preferred ones first.

        Returns
        -------
        list of Setting
            All of them.
        """
        return settings

    def learnt_at(self, settings, x, held, lesson, trial):
        """Train a student at each setting.

        Parameters
        ----------
        settings : list of Setting
            All are tried.
        x : array-like of shape (n + m, n_inputs)
            The view of the rows that are learnt from, those of X first.
        held : array-like of shape (v, n_inputs)
            The view of those that are held out.
        lesson : Lesson
            Where they are from.
        trial : Trial
            What they teach.

        Returns
        -------
        generator
            It yields trainings as ``learn`` does, and returns a list of Models.
        """
        models, n = [], trial.knowledge.n_labelled
        parts = np.split(np.arange(len(trial.knowledge.soft_weight)), [n])
        read = Read(*(rows_of(x, part) if len(part) else None for part in parts))
        y = lesson.y if trial.train is None else lesson.y[trial.train[:n]]
        part = Lesson(read, y, self.task, trial.knowledge)
        changed, budget = {"verbose": 0}, getattr(self.params, "time_budget", None)
        if budget is not None:  # of all together
            changed["time_budget"] = budget / len(settings)
        for setting in settings:
            twin = self.twin({**changed, "alpha": setting.alpha})
            models.append((yield from twin.learn(part)))
        return models

    def twin(self, changed):
        """A learner of rows that are already as the student sees them.

        Parameters
        ----------
        changed : dict
            Parameters that are other than the student's.

        Returns
        -------
        Learner
            Otherwise the same.
        """
        twin = copy.copy(self)
        twin.params, twin.see = SimpleNamespace(**vars(self.params) | changed), _as_seen
        return twin

    def settle(self, setting):
        """Train at a setting from now on.

        Parameters
        ----------
        setting : Setting
            The chosen one.
        """
        self.params.alpha, self.temperature = setting

    @abstractmethod
    def learn(self, lesson):
        """Train a model.

        Parameters
        ----------
        lesson : Lesson
            What there is to learn.

        Returns
        -------
        generator
            It yields each training that is to be done, a ``Request``, and is sent the
            net; learners without torch yield none. What it returns is the Model.
        """


def _as_seen(x):
    return x


class Model(ABC):
    """What was learnt: outputs for rows of the student's view."""

    @abstractmethod
    def outputs(self, x):
        """Answers for rows.

        Parameters
        ----------
        x : ndarray of shape (n, n_inputs)
            The view of some rows.

        Returns
        -------
        ndarray of shape (n, n_outputs)
            Log-probabilities of the classes at temperature 1, target after target; or
            values in the unit of the task.
        """

    def logits(self, x):
        """Logits at temperature 1, up to a constant for each row and target.

        Parameters
        ----------
        x : ndarray of shape (n, n_inputs)
            The view of some rows.

        Returns
        -------
        ndarray of shape (n, n_outputs)
            The log-probabilities, where a model has no logits.
        """
        return self.outputs(x)

    def arrays(self):
        """The model as arrays, for a predictor of numpy alone.

        Returns
        -------
        meta : dict
            The kind of the model, and what else is no array.
        arrays : dict of ndarray
            By name.

        Raises
        ------
        TypeError
            If it has no such form.
        """
        raise TypeError(
            f"{type(self).__name__} has no form in numpy: take a net, a soft tree or a "
            "hard tree as the student, or a single DecisionTree."
        )
