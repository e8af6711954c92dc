"""The folder of a fit that is kept: whose it is, its seed, and a place for each training.

A fit may need several trainings, one after the other. When it is called again, all that
comes before them is done again, and comes to the same; trainings that had ended are read,
and the one that had not goes on.
"""

import json
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from sklearn.utils import check_random_state

from ..disk.writing import remove_leftovers, write_text

#: Of what is written; another one is refused.
FORMAT = 1
_FILE, _TRAINING = "run.json", "training-{}"
_MOST_NAMED = 6  # differences that an error lists
_FOLDER = ContextVar("checkpoints", default=None)


@dataclass(frozen=True)
class Place:
    """Where one training is kept.

    Attributes
    ----------
    run : Run
        Of the fit.
    folder : Path
        Its own.
    number : int
        Which training of the fit it is, from 1.
    """

    run: Any
    folder: Path
    number: int

    @property
    def checkpoint(self):
        """How often it is kept."""  # numpydoc ignore=RT01
        return self.run.checkpoint


class Run:
    """One fit, or one search, in its folder.

    Parameters
    ----------
    checkpoint : Checkpoint
        Where and how often.
    kind : str
        What is kept, such as the name of the student's class.
    parts : dict of {str: str}
        What must be the same when it goes on, and words or a key for each.
    verbose : bool, default=False
        Whether to say from where it goes on.
    is_locked : bool, default=True
        False inside the folder of a search, which is locked itself.

    Attributes
    ----------
    is_new : bool
        Whether nothing was kept there before.
    is_interrupted : bool
        Whether Ctrl-C has ended a training, after which nothing is kept.
    seed : int or None
        Of a student that has none itself.

    Raises
    ------
    ValueError
        If the folder holds something else, or is in use.
    """

    def __init__(self, checkpoint, kind, parts, verbose=False, is_locked=True):
        self.checkpoint, self.verbose = checkpoint, verbose
        self.folder = Path(checkpoint.path)
        self.is_interrupted, self._n_trainings, self.seed = False, 0, None
        if self.folder.exists() and not self.folder.is_dir():
            raise ValueError(
                f"checkpoint={checkpoint.path!r} is a file: give the path of a folder, "
                "which is made if there is none."
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(str(self.folder / "lock")) if is_locked else None
        self._acquire()
        try:
            self._open(kind, parts)
        except BaseException:
            self.close()
            raise

    def _acquire(self):
        # Held by the process: whoever is killed leaves it free.
        try:
            if self._lock is not None:
                self._lock.acquire(timeout=0)
        except Timeout:
            raise ValueError(
                f"checkpoint={self.checkpoint.path!r} is in use by another fit that runs "
                "now: give each fit a folder of its own."
            ) from None

    def close(self):
        """Let others use the folder."""
        if self._lock is not None:
            self._lock.release()

    def _open(self, kind, parts):
        """Take the folder, or go on with what is there if it is of the same fit."""
        path = self.folder / _FILE
        remove_leftovers(self.folder)
        self.is_new = not path.exists()
        if not self.is_new:
            self._known = _read(path, self.checkpoint.path)
            _compare(self._known, kind, parts, self.checkpoint.path)
            self.seed = self._known["seed"]
            return
        others = {each.name for each in self.folder.iterdir()} - {"lock"}
        if others:
            raise ValueError(
                f"checkpoint={self.checkpoint.path!r} holds {sorted(others)[0]!r}, and no "
                f"{_FILE}: it is no folder of checkpoints. Give an empty one, or a new one."
            )
        self._known = {"format": FORMAT, "kind": kind, "seed": None, "parts": parts}
        self._write()

    def _write(self):
        write_text(self.folder / _FILE, json.dumps(self._known, indent=1))

    @contextmanager
    def of(self, student):
        """Fit a student in the block, with a seed that is kept; then tidy up.

        Parameters
        ----------
        student : estimator
            Where its ``random_state`` is no whole number, it is one in the block.
        """
        before = student.random_state
        try:
            student.random_state = self._seeded(before)
            yield
            self._tidy()
        finally:
            student.random_state = before
            self.close()

    def _seeded(self, random_state):
        if isinstance(random_state, int | np.integer):
            return random_state
        if self.seed is None:
            random = check_random_state(random_state)
            self.seed = int(random.randint(np.iinfo(np.int32).max))
            self._known["seed"] = self.seed
            self._write()
        return self.seed

    def _tidy(self):
        """Leave the last state of each training; all have come to their end."""
        if not self.is_interrupted:
            for folder in self.folder.glob("*-[0-9][0-9][0-9]"):
                for path in sorted(folder.iterdir())[:-1]:
                    path.unlink()

    def next(self):
        """A place for the next training.

        Returns
        -------
        Place or None
            None after an interruption: what follows is not what an undisturbed fit does.
        """
        if self.is_interrupted:
            return None
        self._n_trainings += 1
        number = self._n_trainings
        folder = self.folder / _TRAINING.format(f"{number:03d}")
        return Place(self, folder, number)

    def say(self, text):
        """Tell the user, who has set ``verbose``.

        Parameters
        ----------
        text : str
            What goes on from where.
        """
        if self.verbose:
            print(f"checkpoint {self.checkpoint.path}: {text}")


def _read(path, name):
    try:
        known = json.loads(path.read_text())
        version, _ = known["format"], (known["kind"], known["seed"], known["parts"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"checkpoint={name!r}: {path.name} cannot be read ({error}), so nobody knows "
            "of which fit it is. Give another folder, or delete this one to start anew."
        ) from error
    if version != FORMAT:
        raise ValueError(
            f"checkpoint={name!r} is in format {version}, and this version of skdistill "
            f"reads format {FORMAT}: go on with the version that wrote it, or start anew "
            "in another folder."
        )
    return known


def _compare(known, kind, parts, name):
    before = known["parts"]
    found = [f"it is a {known['kind']} and not a {kind}"] * (known["kind"] != kind)
    if not found:
        found = [
            _difference(part, before.get(part), parts.get(part))
            for part in sorted({*before, *parts})
            if before.get(part) != parts.get(part)
        ]
    if found:
        raise ValueError(
            f"checkpoint={name!r} is of another fit: {listed(found)}. Give each fit a "
            "folder of its own, or delete this one to start anew."
        )


def listed(differences):
    """The first of some differences, as an error lists them.

    Parameters
    ----------
    differences : list of str
        One at least.

    Returns
    -------
    str
        With the number of those that are left out.
    """
    more = len(differences) - _MOST_NAMED
    text = "; ".join(differences[:_MOST_NAMED])
    return text + (f"; {more} more" if more > 0 else "")


def _difference(part, before, now):
    if _is_key(before) or _is_key(now):
        return f"{part} is not the same"
    return f"{part} was {before} and is {now}"


def _is_key(text):
    return text is not None and text.startswith("#")


@contextmanager
def kept_in(checkpoint):
    """Let students that are fitted in the block keep their trainings, each in a folder.

    Parameters
    ----------
    checkpoint : Checkpoint or None
        Of the folder around these; None for no checkpoints.
    """
    token = _FOLDER.set(None if checkpoint is None else [checkpoint, 0])
    try:
        yield
    finally:
        _FOLDER.reset(token)


def next_folder():
    """The folder of the next fit in a block of ``kept_in``.

    Returns
    -------
    Checkpoint or None
        None outside of such a block.
    """
    now = _FOLDER.get()
    if now is None:
        return None
    now[1] += 1  # fits in one thread, in their order, which is the same when they go on
    return now[0].inside(f"fit-{now[1]}")
