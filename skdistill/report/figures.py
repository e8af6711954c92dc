"""Numbers of a report as a person reads them."""

import math


def figure(value):
    """Return a number in three decimals or four digits.

    Parameters
    ----------
    value : float
        Any.

    Returns
    -------
    str
        Such as ".950", "3,543" and "1.2e-05"; nothing for NaN.

    Examples
    --------
    >>> from skdistill.report.figures import figure
    >>> figure(0.95), figure(-0.5), figure(3542.9), figure(0.00001)
    ('.950', '-.500', '3,543', '1e-05')
    """
    size = abs(value)
    if not math.isfinite(value):
        return ""
    if size >= 1000:
        return f"{value:,.0f}" if size < 1e9 else f"{value:.3g}"
    if value and size < 5e-4:
        return f"{value:.2g}"
    text = f"{value:.3f}" if size < 10 else f"{value:.4g}"
    return text.replace("0.", ".", 1) if size < 1 and text != "1.000" else text


def between(interval):
    """Return a number and the ends of its interval.

    Parameters
    ----------
    interval : Interval
        Any.

    Returns
    -------
    str
        Such as ".802 (.787 to .819)"; the number alone where its ends are not known.
    """
    value, low, high = map(figure, interval)
    return f"{value} ({low} to {high})" if low else value


def seconds(value):
    """Return a time in a unit that suits it.

    Parameters
    ----------
    value : float
        Seconds.

    Returns
    -------
    str
        Such as "3 ms"; nothing for NaN.
    """
    if not math.isfinite(value):
        return ""
    for unit, size in (("s", 1), ("ms", 1e-3)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value / 1e-6:.3g} µs"
