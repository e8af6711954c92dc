"""The folder of a search: each candidate on each fold has a place in it."""

from contextlib import nullcontext

from sklearn.base import clone

from ..lesson.described import described, described_params, described_rows
from ..training.checkpoints import as_checkpoint
from ..training.runs import Run, kept_in

# Parameters of searches that leave the fits as they are.
_OF_SCORES = {"scoring", "refit", "error_score", "return_train_score", "pre_dispatch"}


def search_run(search, X, y, fit_params, checkpoint):
    """Where the trainings of a search are kept.

    Parameters
    ----------
    search : estimator
        To be fitted.
    X, y : array-like
        All rows and labels.
    fit_params : dict
        Arguments of the student's ``fit``.
    checkpoint : Checkpoint, str, path or None
        As the user gave it.

    Returns
    -------
    Run or None
        None without a checkpoint.

    Raises
    ------
    ValueError
        If the folder holds something else.
    """
    if checkpoint is None:
        return None
    params = search.get_params(deep=False)
    # A clone: what an earlier fit has left on the estimator does not count.
    inner = clone(params.pop("estimator")).get_params(deep=True)
    parts = described_params(
        {name: value for name, value in params.items() if name not in _OF_SCORES}
    )
    parts |= {f"estimator__{k}": v for k, v in described_params(inner).items()}
    parts |= described_rows({"X": X, "y": y, **fit_params})
    checkpoint, name = as_checkpoint(checkpoint), type(search).__name__
    run = Run(checkpoint, name, parts, verbose=bool(search.verbose))
    if not run.is_new:
        n_done = sum(1 for _ in run.folder.rglob("done*"))
        run.say(f"the search goes on, and {n_done} trainings had ended.")
    return run


class Rounds:
    """Places of the fits of a search, round by round.

    Parameters
    ----------
    run : Run or None
        Of the search; None where nothing is kept.
    """

    def __init__(self, run):
        self._run, self._n_rounds = run, 0

    def start(self, candidates, folds):
        """Begin a round.

        Parameters
        ----------
        candidates : list of dict
            Their parameters.
        folds : list of ndarray of int
            The training rows of each fold.

        Raises
        ------
        ValueError
            If these are not the candidates and the folds that there were.
        """
        self._n_rounds += 1
        self._n_folds = len(folds)
        if self._run is not None:
            parts = {
                f"candidate {i}": described(described_params(candidate))
                for i, candidate in enumerate(candidates)
            }
            parts["the rows of the folds (without a random_state of cv?)"] = described(
                [list(map(int, rows)) for rows in folds]
            )
            self._round = self._run.checkpoint.inside(f"round-{self._n_rounds}")
            Run(self._round, "round of a search", parts, is_locked=False)

    def job(self, number):
        """A block in which a candidate is fitted on a fold.

        Parameters
        ----------
        number : int
            Candidate by candidate, fold by fold.

        Returns
        -------
        context manager
            Students that are fitted in it are kept.
        """
        if self._run is None:
            return nullcontext()
        candidate, fold = divmod(number, self._n_folds)
        return kept_in(self._round.inside(f"candidate-{candidate:04d}-fold-{fold}"))

    def refit(self):
        """A block in which the best candidate is fitted on all rows.

        Returns
        -------
        context manager
            Students that are fitted in it are kept.
        """
        if self._run is None:
            return nullcontext()
        return kept_in(self._run.checkpoint.inside("refit"))
