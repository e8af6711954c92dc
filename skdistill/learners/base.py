"""What a learner is, and what it leaves behind: a model."""

from abc import ABC, abstractmethod


class Learner(ABC):
    """How one kind of model is trained.

    Attributes
    ----------
    run_kept : Run or None
        Where trainings are kept.
    """

    run_kept = None

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
