"""What an answer on disk is about, against which a run that goes on is checked."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .writing import write_text

_FILE, _DONE = "_manifest.json", "_SUCCESS"
_FORMAT = 1
_MOST_REASONS = 5


@dataclass(frozen=True)
class Manifest:
    """What is asked, of whom, about which rows.

    Attributes
    ----------
    asked : dict
        By name, what the answer depends on besides the rows; values that JSON knows.
    columns : list of str
        Of the answer.
    rows : dict of str to str
        The columns that are read, and their types.
    fragments : list of dict
        Of each its name, label, n_rows and fingerprint, in order.
    """

    asked: dict[str, Any]
    columns: list[str]
    rows: dict[str, str]
    fragments: list[dict]

    @classmethod
    def of(cls, asked, columns, fragments):
        """Describe a run.

        Parameters
        ----------
        asked : dict
            What the answer depends on.
        columns : list of str
            Of the answer.
        fragments : list of Fragment
            What it is about.

        Returns
        -------
        Manifest
            Equal for equal runs.
        """
        read = fragments[0].schema if fragments else ()
        about = [
            {
                "name": fragment.name,
                "label": fragment.label,
                "n_rows": fragment.n_rows,
                "fingerprint": fragment.fingerprint,
            }
            for fragment in fragments
        ]
        types = {field.name: str(field.type) for field in read}
        return cls(asked, list(columns), types, about)

    @property
    def n_rows(self):
        """Number of rows of all fragments."""  # numpydoc ignore=RT01
        return sum(fragment["n_rows"] for fragment in self.fragments)

    @property
    def job(self):
        """A key of all of it, which each part carries."""  # numpydoc ignore=RT01
        text = json.dumps(asdict(self))  # the order of columns counts
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def write(self, folder):
        """Keep it in a folder.

        Parameters
        ----------
        folder : path
            Where the answer goes.
        """
        text = json.dumps({"format": _FORMAT, **asdict(self)}, indent=1)
        write_text(Path(folder) / _FILE, text + "\n")

    @classmethod
    def read(cls, folder):
        """The manifest of a folder.

        Parameters
        ----------
        folder : path
            Where an answer is, or is being made.

        Returns
        -------
        Manifest or None
            None where there is none.

        Raises
        ------
        ValueError
            If it cannot be read, or another version wrote it.
        """
        path = Path(folder) / _FILE
        if not path.exists():
            return None
        try:
            content = json.loads(path.read_text())
            version = content.pop("format")
            if version == _FORMAT:
                return cls(**content)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"{path} cannot be read: {error}") from error
        raise ValueError(
            f"{path} is of format {version!r}, and this version reads {_FORMAT}."
        )

    def differences(self, before):
        """In what a run differs from the one that a folder was made by.

        Parameters
        ----------
        before : Manifest
            That of the folder.

        Returns
        -------
        list of str
            Reasons; empty where they are the same.
        """
        reasons = [
            f"{name} is {_short(now)}, and was {_short(before.asked.get(name))}"
            for name, now in self.asked.items()
            if now != before.asked.get(name)
        ]
        if self.columns != before.columns:
            was = _short(before.columns)
            reasons.append(
                f"the answer's columns are {_short(self.columns)}, not {was}"
            )
        return reasons + self._other_rows(before) + self._other_fragments(before)

    def _other_rows(self, before):
        names = dict.fromkeys([*before.rows, *self.rows])
        reasons = [
            f"column {name!r} of X is {self.rows.get(name, 'not read')}, "
            f"and was {before.rows.get(name, 'not read')}"
            for name in names
            if self.rows.get(name) != before.rows.get(name)
        ]
        if not reasons and list(self.rows) != list(before.rows):
            reasons = ["the columns of X stand in another order"]
        return reasons

    def _other_fragments(self, before):
        """By label: a file that was added would otherwise move all that follow it."""
        now = {f["label"]: f for f in self.fragments}
        was = {f["label"]: f for f in before.fragments}
        reasons = [f"{label} is new" for label in now if label not in was]
        reasons += [f"{label} is gone" for label in was if label not in now]
        reasons += [
            f"{label} was changed ({now[label]['fingerprint']}, "
            f"not {was[label]['fingerprint']})"
            for label in now
            if label in was and now[label]["fingerprint"] != was[label]["fingerprint"]
        ]
        if not reasons and list(now) != list(was):
            reasons = ["the files stand in another order"]
        return reasons

    def check_same(self, before, folder):
        """Refuse to go on with another run's answer.

        Parameters
        ----------
        before : Manifest
            That of the folder.
        folder : path
            Where it is.

        Raises
        ------
        ValueError
            If anything differs; the message says what.
        """
        reasons = self.differences(before)
        if not reasons:
            return
        shown = reasons[:_MOST_REASONS]
        rest = len(reasons) - len(shown)
        more = f", and {rest} more differences" if rest else ""
        raise ValueError(
            f"out={str(folder)!r} was begun by another run: {'; '.join(shown)}{more}. "
            "Give another folder, or delete this one."
        )


def _short(value):
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:197]}..."


def is_complete(folder):
    """Whether a run has come to its end in a folder.

    Parameters
    ----------
    folder : path
        Where an answer is.

    Returns
    -------
    bool
        As its mark says.
    """
    return (Path(folder) / _DONE).exists()


def mark(folder, n_rows, n_parts):
    """Say that all is there.

    Parameters
    ----------
    folder : path
        Where an answer is.
    n_rows, n_parts : int
        What was counted.
    """
    text = json.dumps({"rows": n_rows, "parts": n_parts})
    write_text(Path(folder) / _DONE, text + "\n")


def unmark(folder):
    """Take the mark away before anything is done again.

    Parameters
    ----------
    folder : path
        Where an answer is.
    """
    (Path(folder) / _DONE).unlink(missing_ok=True)
