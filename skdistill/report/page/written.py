"""Figures and their intervals as the page writes them."""

import math

from ...inspection.numbers import number

UNKNOWN = "\N{EN DASH}"
_SPACE = "\N{NO-BREAK SPACE}"
_LONG = 10_000  # from here on thousands are parted by commas; the year 2024 is not
_HUGE = 1e7  # from here on numbers have an exponent
_MOST_DECIMALS = 6


def figure(value, width=math.nan):
    """Return a figure to so many digits as its interval, or it itself, bears.

    Parameters
    ----------
    value : float
        Any; NaN is what is not known.
    width : float, default=NaN
        Of its interval: two significant digits of it are kept.

    Returns
    -------
    str
        Such as "0.842", "12,300" and a dash.

    Examples
    --------
    >>> from skdistill.report.page.written import figure
    >>> figure(0.84234, 0.031), figure(12345.6, 900), figure(0.000123)
    ('0.842', '12,350', '0.000123')
    """
    if not math.isfinite(value):
        return UNKNOWN
    if not (math.isfinite(width) and width > 0):
        return _short(value, 3)
    decimals = 1 - math.floor(math.log10(width))
    if decimals > _MOST_DECIMALS or abs(value) >= _HUGE:
        size = math.floor(math.log10(abs(value))) if value else 0
        return _short(value, max(size + 1 + decimals, 1))
    comma = "," if abs(value) >= _LONG else ""
    return _signed(f"{round(value, decimals):{comma}.{max(decimals, 0)}f}")


def _short(value, digits):
    """A number to so many digits, with an exponent where it is long."""
    if abs(value) < _HUGE:
        return _signed(number(value, digits))
    head, power = f"{value:.{min(digits, 17) - 1}e}".split("e")
    head = head.rstrip("0").rstrip(".") if "." in head else head
    return _signed(f"{head}e{int(power)}")


def _signed(text):
    """With a minus as wide as a plus; none before a zero."""
    if text.startswith("-") and not any(digit in text for digit in "123456789"):
        return text[1:]
    return text.replace("-", "\N{MINUS SIGN}")


def interval(found, decimals=None):
    """Return the ends of an interval.

    Parameters
    ----------
    found : Interval
        A figure and the ends.
    decimals : int, default=None
        Of percents; None for what is no share.

    Returns
    -------
    str
        Such as "0.826 to 0.857"; empty where they are not known.
    """
    if not (math.isfinite(found.low) and math.isfinite(found.high)):
        return ""
    if decimals is not None:
        return f"{share(found.low, decimals)} to {share(found.high, decimals)}"
    width = found.high - found.low
    return f"{figure(found.low, width)} to {figure(found.high, width)}"


def middle(found, decimals=None):
    """Return the figure of an interval, with as many digits as its ends have.

    Parameters
    ----------
    found : Interval
        A figure and the ends.
    decimals : int, default=None
        Of percents; None for what is no share.

    Returns
    -------
    str
        Such as "0.842".
    """
    if decimals is not None:
        return share(found.value, decimals)
    return figure(found.value, found.high - found.low)


def share(value, decimals=1):
    """Return a share in percent, never rounded to 0 or to all.

    Parameters
    ----------
    value : float
        Any; NaN is what is not known.
    decimals : int, default=1
        That are written, also where they are 0: figures below each other line up.

    Returns
    -------
    str
        Such as "96.2 %", "< 0.1 %" and "> 99.9 %".
    """
    if not math.isfinite(value):
        return UNKNOWN
    least, text = 10.0**-decimals, f"{100 * value:,.{decimals}f}"
    if value > 0 and not float(text.replace(",", "")):
        text = f"< {least:.{decimals}f}"
    elif value < 1 and text == f"{100:.{decimals}f}":
        text = f"> {100 - least:.{decimals}f}"
    return f"{_signed(text)}{_SPACE}%"


def level(value):
    """Return a share that somebody has chosen, such as a level of confidence.

    Parameters
    ----------
    value : float
        In [0, 1].

    Returns
    -------
    str
        Such as "95 %".
    """
    return f"{float(f'{100 * value:.10g}'):g}{_SPACE}%"


def at_least(value):
    """Return a lower bound in percent, rounded downwards: less is promised, never more.

    Parameters
    ----------
    value : float
        A share; NaN is what is not known.

    Returns
    -------
    str
        Such as "95.0 %".
    """
    if not math.isfinite(value):
        return UNKNOWN
    return f"{_tenths(value) / 10:.1f}{_SPACE}%"


def at_most(value):
    """Return the share that a lower bound leaves, rounded upwards.

    Parameters
    ----------
    value : float
        The lower bound; NaN is what is not known.

    Returns
    -------
    str
        Such as "5.0 %"; with :func:`at_least` it adds up to all.
    """
    if not math.isfinite(value):
        return UNKNOWN
    return f"{(1000 - _tenths(value)) / 10:.1f}{_SPACE}%"


def _tenths(value):
    return math.floor(1000 * value + 1e-9)  # 0.962 is 961.9999... thousandths


def memory(n_bytes):
    """Return a number of bytes in a unit of its size.

    Parameters
    ----------
    n_bytes : float
        How many; NaN is what is not known.

    Returns
    -------
    str
        Such as "12.3 kB".
    """
    if not math.isfinite(n_bytes):
        return UNKNOWN
    return _in_units(n_bytes, ("bytes", "kB", "MB", "GB", "TB"))


def duration(seconds):
    """Return a time in a unit of its size.

    Parameters
    ----------
    seconds : float
        How many; NaN is what is not known.

    Returns
    -------
    str
        Such as "0.42 ms".
    """
    if not math.isfinite(seconds):
        return UNKNOWN
    if seconds >= 1:
        return f"{figure(seconds)}{_SPACE}s"
    return _in_units(1e9 * seconds, ("ns", "\N{MICRO SIGN}s", "ms"))


def _in_units(value, units):
    power = 0
    while value >= 999.5 and power + 1 < len(units):
        value, power = value / 1000, power + 1
    return f"{figure(value)}{_SPACE}{units[power]}"


def times(ratio):
    """Return how often one thing holds another.

    Parameters
    ----------
    ratio : float
        Of the larger to the smaller.

    Returns
    -------
    str
        Such as "2,100 times".
    """
    rounded = float(f"{ratio:.2g}")
    return f"{rounded:,.0f} times" if rounded >= 10 else f"{rounded:g} times"
