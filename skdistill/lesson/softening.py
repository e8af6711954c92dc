"""A fitted teacher and a temperature: softened answers for any rows, in any process."""

import numpy as np
from sklearn.exceptions import NotFittedError

from ..tasks.classes import given_classes, union_of_classes
from ..teacher.calibration import tempered
from ..teacher.ensemble import Teacher
from ..teacher.members import all_ready, check_weights, members_of
from ..teacher.memory import KEEPS_NOTHING
from ..teacher.nets import holds_nets


class Softening:
    """What a teacher is asked.

    Parameters
    ----------
    teacher : object or list of objects
        Fitted.
    temperature : float, default=1.0
        Above 1 softens.
    classes : array-like, list of array-like or None, default=None
        As in ``soft_targets``.
    teacher_weights : array-like of shape (n_teachers,), default=None
        Shares of the members of a list.
    memory : TeacherMemory, default=one that keeps nothing
        Where answers are kept.

    Attributes
    ----------
    classes : list of (ndarray or None), or None
        Of each target its classes, in the order of the answer; None for a regressor.
    """

    def __init__(
        self,
        teacher,
        temperature=1.0,
        classes=None,
        teacher_weights=None,
        memory=KEEPS_NOTHING,
    ):
        if not all_ready(teacher):
            raise NotFittedError(f"teacher={teacher!r} is not fitted; fit it first.")
        self.teacher, self.teacher_weights = teacher, teacher_weights
        self.temperature, self.memory = temperature, memory
        self.classes = self._names = None
        if any(model.kind() == "regressor" for model in self._fitted.members):
            if temperature != 1:
                raise ValueError(
                    f"temperature={temperature} has no meaning for a regressor: leave it 1."
                )
        else:
            self.classes, self._names = _columns_of(self._fitted, classes)

    def __call__(self, X):
        """Softened answers.

        Parameters
        ----------
        X : array-like or frame of shape (n, n_features)
            Rows as the teacher knows them.

        Returns
        -------
        list of ndarray of shape (n, n_classes)
            For each target probabilities; of a regressor its values (n, n_outputs).
        """
        if self.classes is None:
            return [self._fitted.values(X)]
        answers = self._fitted.log_probabilities(X, self.classes, self._names)
        return [
            np.exp(tempered(log_p, self.temperature, [log_p.shape[1]]))
            for log_p in answers
        ]

    @property
    def _fitted(self):
        """The teacher, made uniform: once in each process, for it may hold a session."""
        if "_adapter" not in vars(self):
            weights = self.teacher_weights
            self._adapter = Teacher.of(self.teacher, weights, self.memory)
        return self._adapter

    def __getstate__(self):
        state = dict(vars(self))
        state.pop("_adapter", None)
        return state

    @property
    def holds_nets(self):
        """Whether it is to be asked by one thread at a time."""  # numpydoc ignore=RT01
        return any(map(holds_nets, members_of(self.teacher)))

    def known_columns(self):
        """Names of the columns that the teacher reads.

        Returns
        -------
        list of str or None
            None where some member does not know.
        """
        names = [model.columns() for model in self._fitted.members]
        if any(each is None for each in names):
            return None
        return list(dict.fromkeys(name for each in names for name in each))

    def content(self):
        """What the answers depend on, besides temperature and rows.

        Returns
        -------
        list
            To make a fingerprint of.
        """
        members = self._fitted.members
        weights = check_weights(self.teacher_weights, len(members))
        return [[model.content() for model in members], weights]


def _columns_of(teacher, classes):
    """For each target, the classes of the answer, and names for unnamed columns."""
    given = given_classes(classes)
    labels = [model.labels() for model in teacher.members]
    if given is None:
        named = [each for each in labels if each is not None]
        if not named:
            return [None], [None]
        lists = [each if isinstance(each, list) else [each] for each in named]
        return [union_of_classes(*group) for group in zip(*lists, strict=True)], None
    columns = [
        union_of_classes(*group)
        for group in zip(given, *teacher.labels(given), strict=True)
    ]
    pairs = zip(columns, given, strict=True)
    # The user's order; the sorted one where teachers know more classes than the user
    # names.
    return [names if len(names) == len(all_) else all_ for all_, names in pairs], given
