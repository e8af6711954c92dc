"""Which of some finished trees is the best: rows say it that none has learnt from."""

from dataclasses import dataclass, replace

import numpy as np

from ...lesson.knowledge import hold_out

_SHARE = 0.2  # of the rows of X
_FEWEST, _MOST = 50, 5000  # rows that say something, and as many as are asked

#: Scores by which a tree may be chosen, the one that decides between equals after each.
SCORES = {
    "neg_log_loss": "accuracy",
    "neg_brier_score": "accuracy",
    "accuracy": "neg_log_loss",
    "neg_mean_squared_error": "neg_mean_absolute_error",
    "neg_mean_absolute_error": "neg_mean_squared_error",
}


@dataclass(frozen=True)
class Exam:
    """Rows that none of the trees has learnt from.

    Attributes
    ----------
    x : ndarray of shape (n, n_inputs)
        Their view.
    target : ndarray of shape (n, n_outputs)
        Labels, or the teacher's answers where it has seen their labels.
    weight : ndarray of shape (n,)
        Their weights.
    widths : sequence of int
        Numbers of classes of the targets; none for values.
    scoring : str
        A key of ``SCORES``.
    """

    x: np.ndarray
    target: np.ndarray
    weight: np.ndarray
    widths: tuple
    scoring: str

    def on(self, columns):
        """The same rows on some columns.

        Parameters
        ----------
        columns : ndarray of int or slice
            Which.

        Returns
        -------
        Exam
            With a narrower view.
        """
        return replace(self, x=self.x[:, columns])

    def best(self, models):
        """The model of the best score; of such as are equal, by another score.

        Equal are those that are behind by no more than one standard error of the
        difference.

        Parameters
        ----------
        models : list of HardTreeModel
            Finished.

        Returns
        -------
        int
            Its place among them.
        """
        outputs = [model.outputs(self.x) for model in models]
        losses = self._losses(outputs, self.scoring)
        lead = losses[int(np.argmin([self._mean(loss) for loss in losses]))]
        behind = [self._mean(loss - lead) - self._error(loss - lead) for loss in losses]
        others = self._losses(outputs, SCORES[self.scoring])
        second = [self._mean(loss) for loss in others]
        equals = [i for i, each in enumerate(behind) if each <= 0]
        return min(equals, key=lambda i: second[i])

    def smallest(self, models):
        """The smallest model within one standard error of the best score.

        Parameters
        ----------
        models : list of HardTreeModel
            Finished, the smallest one first.

        Returns
        -------
        int
            Its place among them.

        Notes
        -----
        Breiman, Friedman, Olshen, Stone: Classification and Regression Trees, 1984,
        section 3.4.3.
        """
        outputs = (model.outputs(self.x) for model in models)
        losses = self._losses(outputs, self.scoring)
        means = np.array([self._mean(loss) for loss in losses])
        best = int(means.argmin())
        return int(np.argmax(means <= means[best] + self._error(losses[best])))

    def _losses(self, outputs, scoring):
        """The loss of each row, model by model."""
        return [self._loss(each, scoring) for each in outputs]

    def _loss(self, outputs, scoring):
        if scoring == "neg_log_loss":
            return -(self.target * outputs).sum(axis=1)
        if scoring == "neg_brier_score":
            return np.square(self.target - np.exp(outputs)).sum(axis=1)
        if scoring == "accuracy":
            ends = np.cumsum(self.widths)[:-1]
            parts = (np.split(part, ends, axis=1) for part in (self.target, outputs))
            return sum(map(_error, *parts))
        loss = np.abs(self.target - outputs)
        loss = loss if scoring == "neg_mean_absolute_error" else np.square(loss)
        return loss.sum(axis=1)

    def _mean(self, loss):
        return float(np.average(loss, weights=self.weight))

    def _error(self, loss):
        """Standard error of a mean."""
        share = self.weight / self.weight.sum()
        return float(np.sqrt((share**2 * (loss - share @ loss) ** 2).sum()))


def _error(target, log_p):
    """What the targets give to other classes than the likeliest one."""
    return 1 - target[np.arange(len(target)), log_p.argmax(axis=1)]


def exam_of(lesson, x, see, task, scoring, random):
    """The rows that choose between trees, and those that these may learn from.

    Parameters
    ----------
    lesson : Lesson
        All rows.
    x : ndarray of shape (n, n_inputs)
        The view of the rows of X, perhaps with others after them.
    see : callable
        ``see(rows)`` -> their view.
    task : Task
        What targets mean.
    scoring : str
        A key of ``SCORES``.
    random : RandomState
        Holds rows out.

    Returns
    -------
    exam : Exam or None
        None where there are too few rows.
    learns : ndarray of bool of shape (n + m,)
        Which rows of X, and which transfer rows, the trees may learn from.
    """
    knowledge, known = lesson.knowledge, lesson.exam
    n, learns = knowledge.n_labelled, np.ones(len(knowledge.soft_weight), dtype=bool)
    form = task.widths, scoring
    if known is not None:
        return Exam(see(lesson.read.X_val), *_targets(known, task), *form), learns
    # Labels that the teacher has seen say nothing: its answers do.
    by_label = knowledge.soft is None or knowledge.unseen
    if by_label and knowledge.hard is None:
        return None, learns
    known = replace(knowledge, soft=None) if by_label else replace(knowledge, hard=None)
    weight = known.hard_weight if by_label else known.soft_weight[:n]
    share = min(_SHARE, _MOST / n)
    if share * np.count_nonzero(weight) < _FEWEST:
        return None, learns
    _, held = hold_out(task.strata(knowledge), share, random, weight)
    learns[held] = False
    if knowledge.parents is not None:
        is_held = np.append(~learns[:n], [False, False])  # for marks: of no row
        learns[n:] = ~is_held[knowledge.parents].any(axis=1)
    target, weight = _targets(known, task)
    return Exam(x[held], target[held], weight[held], *form), learns


def _targets(known, task):
    """Labels, or else answers, as numbers; and their weights."""
    if known.soft is None:
        return task.numbers_of_labels(known.hard), known.hard_weight
    return task.numbers_of_answers(known.soft), known.soft_weight
