"""Numbers and shares as a person reads them."""

import math

import numpy as np

_SMALL = 1e-7  # a smaller number has an exponent
_LONG = 10_000  # from here on thousands are parted by commas; the year 2024 is not


def in_full(value):
    """Return a number with all its digits, and no more.

    Parameters
    ----------
    value : float
        Any.

    Returns
    -------
    str
        Such as "17.5" and "104,000"; ``float`` of it, without commas, is the value.
    """
    value = float(value) + 0.0  # -0 is 0
    # 17.5 rather than 17.500000000000001, where both are the same float.
    short = f"{value:.15g}"
    text = short if float(short) == value else repr(value).removesuffix(".0")
    if _SMALL <= abs(value) < 1:
        return np.format_float_positional(value, trim="-")  # 0.00003, and not 3e-05
    if "e" in text or not _LONG <= abs(value) < math.inf:
        return text
    whole, point, rest = text.partition(".")
    return f"{int(whole):,}{point}{rest}"


def number(value, digits=3, spread=0.0):
    """Return a number to so many digits of a spread, or of the number.

    Parameters
    ----------
    value : float
        Any.
    digits : int, default=3
        Significant digits.
    spread : float, default=0.0
        How much such numbers differ; 0 if that is not known.

    Returns
    -------
    str
        The year 2024 with a spread of 5 has five digits, for three are of the spread; what
        is nothing beside the spread is "0".
    """
    if not math.isfinite(value):
        return str(float(value))
    if value and 0 < spread < math.inf:
        larger = math.floor(math.log10(abs(value)) - math.log10(spread))
        if larger < -digits:
            return "0"
        digits += max(larger, 0)
    return in_full(float(f"{value:.{min(digits, 17)}g}"))  # no float has more digits


def beside(value, other, digits=4):
    """Return a number with as many digits as tell it from another.

    Parameters
    ----------
    value, other : float
        Any.
    digits : int, default=4
        Significant digits at least.

    Returns
    -------
    str
        On the same side of the other, and much nearer to `value`; all digits of a whole
        number.

    Examples
    --------
    >>> from skdistill.inspection.numbers import beside
    >>> beside(0.4968012, 0.3), beside(0.4968012, 0.4968), beside(123456.0, 3.0)
    ('0.4968', '0.4968012', '123,456')
    """
    if not math.isfinite(value) or value == math.floor(value):
        return in_full(value)
    error = abs(value - other) / 20
    for more in range(digits, 17):
        if abs(float(f"{value:.{more}g}") - value) <= error:
            return number(value, more)
    return in_full(value)


def percent(share, digits=3):
    """Return a share in percent.

    Parameters
    ----------
    share : float
        In [0, 1].
    digits : int, default=3
        Two for whole percents, and one for each decimal.

    Returns
    -------
    str
        Such as "63 %", "9.3 %", "< 0.1 %" and "> 99.9 %": nothing is rounded to 0, to a
        half or to 100.
    """
    value, decimals = 100 * float(share), max(digits - 2, 0)
    least, shown = 10.0**-decimals, round(value, decimals)
    if shown == 0 < value:
        return f"< {least:.{decimals}f} %"
    if shown == 100 > value:
        return f"> {100 - least:.{decimals}f} %"
    # On which side of a half a share is decides.
    while shown == 50 != value and decimals < 12:
        decimals += 1
        shown = round(value, decimals)
    return f"{in_full(shown)} %"
