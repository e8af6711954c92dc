"""Where figures stand in a chart."""

import math
from dataclasses import dataclass

_STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True)
class Scale:
    """From figures to percents of a width."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def at(self, value):
        """Return the place of a figure.

        Parameters
        ----------
        value : float
            Finite.

        Returns
        -------
        float
            In percent; that of the end where it is beyond.
        """
        return round(min(max(self._share(value), 0.0), 1.0) * 100, 2)

    def _share(self, value):
        return (value - self.low) / (self.high - self.low)


def scale_of(values, n_ticks=4, ends=None):
    """Return a scale that holds all figures, with round ticks.

    Parameters
    ----------
    values : iterable of float
        What is drawn; NaN and infinity are left out.
    n_ticks : int, default=4
        About how many.
    ends : tuple of float, default=None
        That no scale is beyond, such as 0 and 1 of shares.

    Returns
    -------
    Scale
        It.
    """
    known = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    low, high = min(known), max(known)
    room = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    low, high = low - room, high + room
    if ends is not None:
        low, high = max(low, ends[0]), min(high, ends[1])
    return Scale(low, high, ticks_of(low, high, n_ticks))


def ticks_of(low, high, n_ticks):
    """Return round figures between two ends.

    Parameters
    ----------
    low, high : float
        The ends.
    n_ticks : int
        About how many.

    Returns
    -------
    tuple of float
        They.
    """
    rough = (high - low) / n_ticks
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(s * power for s in _STEPS if s * power >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return tuple(float(f"{k * step:.10g}") for k in range(first, last + 1))
