"""How much each input moves an answer from that for a reference to that for a row."""

from dataclasses import dataclass

import numpy as np

# Points of a piece, from 0 to 1, and their weights: exact where slopes are polynomials
# of degree 3.
_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(2)
_POINTS, _WEIGHTS = (_POINTS + 1) / 2, _WEIGHTS / 2
_PIECES = 64  # of a row's gap, each piece may have as much as if there were so many
_HALVINGS = 60  # a jump of the net is never closed
_MOST_CELLS = 1 << 24  # points times inputs at once, 128 MB
_POINTS_OF_A_ROW = 40  # that are expected at once


def integrated_gradients(slopes, start, ends, tol):
    """Share the difference of a net's answers among its inputs.

    Along the straight line from a reference to a row, each input gets the integral of its
    slope times its way [1]_. The shares then sum to the difference of the two answers. How
    far they fall short of it is known piece by piece of the line, and pieces are halved
    where that is too far: at the kinks of the net.

    Parameters
    ----------
    slopes : callable
        ``slopes(rows)`` -> the answers (n,), and their gradients (n, n_inputs).
    start : ndarray of shape (n_inputs,)
        The reference.
    ends : ndarray of shape (n, n_inputs)
        The rows.
    tol : float
        How far the shares may fall short, relative to the difference, or to 1.

    Returns
    -------
    shares : ndarray of shape (n, n_inputs)
        For each row and input; further off where the net jumps.
    first : float
        The answer for the reference.
    last : ndarray of shape (n,)
        The answers for the rows.

    References
    ----------
    .. [1] Sundararajan, Taly, Yan: Axiomatic Attribution for Deep Networks, 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from skdistill.inspection.integrated import integrated_gradients
    >>> def product(x):
    ...     return x[:, 0] * x[:, 1], x[:, ::-1]
    >>> shares, first, last = integrated_gradients(
    ...     product, np.zeros(2), np.array([[3.0, 4.0]]), 1e-6
    ... )
    >>> shares.round(6).tolist(), float(first), last.tolist()
    ([[6.0, 6.0]], 0.0, [12.0])
    """
    ways, n = ends - start, len(ends)
    if n > 1 and _POINTS_OF_A_ROW * ends.size > _MOST_CELLS:
        halves = np.array_split(ends, 2)
        parts = [integrated_gradients(slopes, start, half, tol) for half in halves]
        shares, firsts, lasts = zip(*parts, strict=True)
        return np.concatenate(shares), firsts[0], np.concatenate(lasts)

    def _ask(row, at):
        """Answers and slopes on the lines of some rows, at places from 0 to 1."""
        way = ways[row, None]
        score, slope = slopes((start + at[..., None] * way).reshape(-1, len(start)))
        parts = slope.reshape(*at.shape, len(start)) * way
        return score.reshape(at.shape), parts

    rows, whole = np.arange(n), np.broadcast_to([0.0, 1.0], (n, 2))
    score, slope = _ask(rows, whole)
    first, last = score.T
    limit = tol * np.maximum(1, np.abs(last - first)) / _PIECES
    shares = np.zeros(ends.shape)
    # Whose line, where on it, the answer there, and the slope along it: at both ends.
    pieces = _Pieces(rows, whole, score, slope.sum(axis=2))
    for halving in range(_HALVINGS):
        width = pieces.place[:, 1] - pieces.place[:, 0]
        at = pieces.place[:, :1] + width[:, None] * _POINTS
        gains = np.einsum("pqd,q->pd", _ask(pieces.row, at)[1], _WEIGHTS)
        gains *= width[:, None]
        short = np.abs(np.diff(pieces.score)[:, 0] - gains.sum(axis=1))
        is_open = short > limit[pieces.row]
        too_many = 2 * is_open.sum() * len(_POINTS) * len(start) > _MOST_CELLS
        if halving == _HALVINGS - 1 or too_many:
            is_open[:] = False
        np.add.at(shares, pieces.row[~is_open], gains[~is_open])
        if not is_open.any():
            break
        pieces = pieces.of(is_open)
        middle = pieces.middle() if halving % 2 else pieces.kink()
        score, slope = _ask(pieces.row, middle[:, None])
        pieces = pieces.cut(middle, score[:, 0], slope.sum(axis=2)[:, 0])
    return shares, float(first[0]), last


@dataclass
class _Pieces:
    """Pieces of lines."""

    row: np.ndarray
    place: np.ndarray  # (n, 2), as are the others
    score: np.ndarray
    slope: np.ndarray

    def of(self, some):
        return _Pieces(*(part[some] for part in vars(self).values()))

    def middle(self):
        return self.place.mean(axis=1)

    def kink(self):
        """Where the two tangents meet; the middle, if that is outside."""
        width, rise = np.diff(self.place)[:, 0], np.diff(self.score)[:, 0]
        bend = self.slope[:, 0] - self.slope[:, 1]
        with np.errstate(all="ignore"):
            step = (rise - self.slope[:, 1] * width) / bend
        inside = (step > 0) & (step < width)
        return np.where(inside, self.place[:, 0] + step, self.middle())

    def cut(self, place, score, slope):
        """Each of them in two."""
        both = []
        for part, new in (
            (self.place, place),
            (self.score, score),
            (self.slope, slope),
        ):
            left = np.column_stack([part[:, 0], new])
            both.append(np.concatenate([left, np.column_stack([new, part[:, 1]])]))
        return _Pieces(np.append(self.row, self.row), *both)
