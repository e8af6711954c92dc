"""A teacher's answers about more rows than memory holds, written to a folder.

One task for each fragment of the rows, each of which writes one part. A part is there
whole or not at all, so a run that was killed goes on where it stopped; a manifest says what
the parts are about, and another run does not go on with them.
"""

import contextlib
from os import PathLike
from pathlib import Path

from filelock import FileLock, Timeout
from tqdm.auto import tqdm

from ..disk.fragments import column_names, fragments_of
from ..disk.frames import Frames
from ..disk.manifest import Manifest, is_complete, mark, unmark
from ..disk.parts import part_path, rows_of_part
from ..disk.sources import carried_out, is_on_disk, is_plan, library_of
from ..disk.writing import remove_leftovers
from ..teacher.fingerprint import fingerprint
from ..teacher.members import check_width
from .clerk import Clerk, batches_of
from .engines import run
from .slices import slices_of

_LOCK = ".lock"
_ROWS_TO_TRY = 10
_MOST_NAMED = 3  # fragments in an error


def write_targets(
    ask, X, out, *, engine="joblib", columns=None, n_jobs=None, verbose=0
):
    """Ask a teacher about all rows of a source, and write what it says.

    Parameters
    ----------
    ask : Softening
        The teacher.
    X : object
        A source of rows, or rows in memory.
    out : str or path
        The folder; made if it is not there.
    engine : {"joblib", "dask", "ray"} or dask Client, default="joblib"
        Who runs it.
    columns : list of str, or str, default=None
        Of the rows, what the teacher gets; None for what it knows, or all. A name alone
        is a series, of texts.
    n_jobs : int, default=None
        Number of processes.
    verbose : int, default=0
        1 shows progress.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    ValueError
        If the folder holds something else, or the rows do not fit together.
    RuntimeError
        If some fragments were not answered; the others are done.
    """
    out = Path(out).absolute()
    fragments, frames = _read(ask, X, out, columns)
    names = _names(ask, fragments, frames)
    manifest = Manifest.of(_asked(ask), names, fragments)
    _check_folder(out, manifest)  # before waiting for anyone
    out.mkdir(parents=True, exist_ok=True)
    clerk = Clerk(ask, frames, names, str(out), manifest.job)
    with _alone(out, verbose):
        if _check_folder(out, manifest) is None:
            manifest.write(out)
        remove_leftovers(out)
        todo = _not_done(clerk, fragments)
        if todo:
            unmark(out)
            _work(engine, clerk, todo, manifest.n_rows, n_jobs, verbose)
            _check_counts(clerk, fragments)
            remove_leftovers(out)  # of workers that died, and were replaced
        if not is_complete(out):
            mark(out, manifest.n_rows, len(fragments))
    return out


def _read(ask, X, out, columns):
    """The fragments of a source, and how they become what the teacher takes."""
    library = library_of(X)
    if is_plan(X):
        X = carried_out(X, out.with_name(f"{out.name}.rows"))
    if is_on_disk(X):
        _check_outside(out, X)
        fragments = fragments_of(X, _columns(ask, X, columns))
        series = columns if isinstance(columns, str) else None
        frames = Frames.of(fragments, library, series)
        check_width(ask.teacher, frames.frame(fragments[0].schema.empty_table()))
    else:
        if columns is not None:
            raise ValueError("columns= needs a source on disk; choose them in X.")
        check_width(ask.teacher, X)
        fragments, frames = slices_of(X), None
    if not any(fragment.n_rows for fragment in fragments):
        raise ValueError("X holds no rows.")
    return fragments, frames


def _columns(ask, X, columns):
    """The columns to be read: those that are asked for, or that the teacher knows."""
    if columns is not None:
        return [columns] if isinstance(columns, str) else list(columns)
    known, there = ask.known_columns(), column_names(X)
    if known is None or not set(known) <= set(there):
        return None  # its library may write them otherwise
    return [name for name in there if name in set(known)]


def _check_outside(out, X):
    """Refuse a folder whose parts would be rows of X in the next run."""
    is_folder = isinstance(X, str | PathLike) and Path(X).is_dir()
    if is_folder and out.is_relative_to(Path(X).absolute()):
        raise ValueError(
            f"out={str(out)!r} is in the folder X: give one outside of it."
        )


def _names(ask, fragments, frames):
    """The columns of the answer: classes, a target's number and classes, or values."""
    if ask.classes is None or any(labels is None for labels in ask.classes):
        widths = [part.shape[1] for part in _tried(ask, fragments, frames)]
    if ask.classes is None:
        n = sum(widths)
        return ["prediction"] if n == 1 else [f"prediction_{j}" for j in range(n)]
    groups = [
        list(map(str, range(widths[i]) if labels is None else labels.tolist()))
        for i, labels in enumerate(ask.classes)
    ]
    if len(groups) == 1:
        return groups[0]
    return [f"target{i}_{name}" for i, group in enumerate(groups) for name in group]


def _tried(ask, fragments, frames):
    """The answer about a few rows; of the first fragment about which there is one."""
    failure = None
    for fragment in fragments:
        try:
            for rows in batches_of(fragment, frames, _ROWS_TO_TRY):
                return ask(rows)
        except Exception as error:  # whatever a teacher raises
            failure = failure or (fragment, error)
    raise RuntimeError(
        f"teacher={ask.teacher!r} answers about no fragment. {_told(*failure)}"
    ) from failure[1]


def _told(fragment, error):
    return f"{fragment.label}: {type(error).__name__}: {error}"


def _asked(ask):
    """What the answer depends on, besides the rows, as JSON knows it."""
    classes = ask.classes and [
        None if labels is None else labels.tolist() for labels in ask.classes
    ]
    try:
        teacher = fingerprint(ask.content())
    except TypeError:  # checked by `_check_folder`
        teacher = None
    return {
        "teacher": teacher,
        "temperature": float(ask.temperature),
        "classes": classes,
    }


def _check_folder(out, manifest):
    """The manifest of the folder, if it is of the same run; None in an empty folder."""
    before = Manifest.read(out)
    if before is not None:
        manifest.check_same(before, out)
        if manifest.asked["teacher"] is None:
            raise ValueError(
                f"out={str(out)!r} was begun by another run, and it cannot be told if it "
                "asked the same teacher, whose content cannot be read. Give another "
                "folder, or delete this one."
            )
        return before
    others = [path.name for path in _visible(out)]
    if others:
        raise ValueError(
            f"out={str(out)!r} holds other files, such as {others[0]!r}: give an empty "
            "folder, or one that is not there."
        )
    return None


def _visible(out):
    if out.exists() and not out.is_dir():
        raise ValueError(f"out={str(out)!r} is a file: give a folder.")
    if not out.exists():
        return []
    return sorted(path for path in out.iterdir() if not path.name.startswith("."))


@contextlib.contextmanager
def _alone(out, verbose):
    """Wait for another run on the same folder; a lock is free if its owner dies."""
    lock = FileLock(str(out / _LOCK))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if verbose:
            print(f"Another run is writing to {out}; this one waits for it.")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _not_done(clerk, fragments):
    """Fragments without a part, or with one that was cut short or is of another run."""
    schema = clerk.schema()
    return [
        fragment
        for fragment in fragments
        if rows_of_part(part_path(clerk.out, fragment), schema, clerk.job)
        != fragment.n_rows
    ]


def _work(engine, clerk, todo, n_rows, n_jobs, verbose):
    """Have the fragments answered; those that fail do not keep the others back."""
    missing = sum(fragment.n_rows for fragment in todo)
    bar = {"total": n_rows, "initial": n_rows - missing, "unit": "row"}
    failed = []
    with tqdm(**bar, desc="teacher", unit_scale=True, disable=not verbose) as bar:
        for outcome in run(engine, clerk, todo, n_jobs):
            if outcome.error is None:
                bar.update(outcome.n_rows)
            else:
                failed.append(outcome)
    if not failed:
        return
    named = "; ".join(_told(each, each.error) for each in failed[:_MOST_NAMED])
    more = (
        f"; and {len(failed) - _MOST_NAMED} more" if len(failed) > _MOST_NAMED else ""
    )
    raise RuntimeError(
        f"No answer about {len(failed)} of {len(todo)} fragments; the others are done, "
        f"and another run asks about these alone. {named}{more}"
    ) from failed[0].error


def _check_counts(clerk, fragments):
    wrong = _not_done(clerk, fragments)
    if wrong:
        raise RuntimeError(
            f"{len(wrong)} parts of {clerk.out}, such as {wrong[0].name}.parquet, are not "
            "there whole, though they were written: does another program change them? "
            "Another run makes these alone again."
        )
