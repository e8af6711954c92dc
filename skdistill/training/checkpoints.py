"""When a training is kept, and where: what a user says of its checkpoints."""

import os
from numbers import Integral, Real


class Checkpoint:
    """Where a fit keeps what it has done, and how often.

    As ``fit(X, y, checkpoint=Checkpoint("run/"))``; a plain path stands for one at its
    defaults. A fit that was killed, and is called again with the same arguments, goes on
    from the last checkpoint, to the same bits as if nothing had happened.

    Parameters
    ----------
    path : str or path
        A folder of this fit's own, which is made if there is none.
    every : int, default=None
        Keep the training after so many epochs.
    minutes : float, default=1.0
        Keep it after so many minutes too: within an epoch where no callback listens, else
        at the end of one. None for never.
    keep : int, default=2
        How many states of a training there are on the disk, one at least; if the newest
        turns out to be damaged, the one before it is taken.

    Raises
    ------
    ValueError
        If a number is too small, or neither `every` nor `minutes` is given.
    TypeError
        If `path` is no path, or a number is none.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.datasets import load_iris
    >>> from skdistill import Checkpoint, NeuralStudentClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> student = NeuralStudentClassifier(max_epochs=20, random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     student = student.fit(X, y, checkpoint=Checkpoint(folder, every=5))
    >>> student.n_iter_
    20
    """

    def __init__(self, path, *, every=None, minutes=1.0, keep=2):
        try:
            self.path = os.fspath(path)
        except TypeError as error:
            raise TypeError(
                f"checkpoint={path!r} is no path: give that of a folder, or a Checkpoint."
            ) from error
        _check("every", every, Integral, 1)
        _check("minutes", minutes, Real, 0)
        if keep is None:
            raise TypeError("Checkpoint: keep=None is no number: give 1 at least.")
        _check("keep", keep, Integral, 1)
        if every is None and minutes is None:
            raise ValueError(
                "Checkpoint: every=None and minutes=None keep nothing: give one of them."
            )
        self.every, self.minutes, self.keep = every, minutes, keep

    def __repr__(self):
        return (
            f"Checkpoint({self.path!r}, every={self.every}, minutes={self.minutes}, "
            f"keep={self.keep})"
        )

    def inside(self, name):
        """The same in a folder within this one.

        Parameters
        ----------
        name : str
            Of the inner folder.

        Returns
        -------
        Checkpoint
            As often.
        """
        often = {"every": self.every, "minutes": self.minutes, "keep": self.keep}
        return Checkpoint(os.path.join(self.path, name), **often)

    def is_due(self, epochs, seconds):
        """Whether it is time to keep the training.

        Parameters
        ----------
        epochs : int
            Whole epochs since it was kept.
        seconds : float
            And the time since.

        Returns
        -------
        bool
            True as soon as either is enough.
        """
        by_epochs = self.every is not None and epochs >= self.every
        return by_epochs or (self.minutes is not None and seconds >= 60 * self.minutes)


def as_checkpoint(given):
    """A Checkpoint, or one at its defaults around a path.

    Parameters
    ----------
    given : Checkpoint, str, path or None
        The argument of ``fit``.

    Returns
    -------
    Checkpoint or None
        None if nothing is to be kept.
    """
    return (
        given if given is None or isinstance(given, Checkpoint) else Checkpoint(given)
    )


def _check(name, value, kind, least):
    if value is None:
        return
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"Checkpoint: {name}={value!r} is no {kind.__name__} number.")
    if not value >= least:
        raise ValueError(f"Checkpoint: {name}={value!r} is less than {least}.")
