"""Charts as inline SVG, in colours that the page's style gives.

Places are percents of a chart's width or height, and letters and marks have a size of
their own: so a chart is as legible on a phone as on a wide screen. Charts beside their
figures in a table say nothing to a screen reader; the others are images with a name.
"""

import math

from markupsafe import Markup

from .scales import Scale, scale_of, ticks_of
from .written import figure

_MOST_POINTS = 300  # of a curve: more cannot be seen


def tick(value):
    """Return the words of a tick.

    Parameters
    ----------
    value : float
        A round number.

    Returns
    -------
    str
        Such as "12,500".
    """
    return figure(value)


def share_tick(value):
    """Return the words of a tick of shares.

    Parameters
    ----------
    value : float
        A round number.

    Returns
    -------
    str
        Such as "97.5 %".
    """
    return f"{tick(float(f'{100 * value:.10g}'))}\N{NO-BREAK SPACE}%"


def axis(scale, write):
    """Return the ticks of a column of tracks.

    Parameters
    ----------
    scale : Scale
        Of the tracks.
    write : callable
        From a tick to its words.

    Returns
    -------
    Markup
        SVG.
    """
    texts = [
        Markup('<text x="{}%" y="11">{}</text>').format(scale.at(at), write(at))
        for at in scale.ticks
    ]
    return _svg("axis full" if len(texts) > 2 else "axis", texts)


def track(scale, found, look, line=None):
    """Return a figure and its interval, as a mark on a line.

    Parameters
    ----------
    scale : Scale
        Of all tracks in the column.
    found : Interval
        The figure; nothing is drawn where it is not known.
    look : str
        Which model's colour and shape.
    line : float, default=None
        A figure to compare with, drawn across.

    Returns
    -------
    Markup
        SVG.
    """
    parts = [_across(scale.at(at), "grid") for at in scale.ticks]
    if line is not None and math.isfinite(line):
        parts.append(_across(scale.at(line), "line"))
    if math.isfinite(found.value):
        parts += _whisker(scale, found, look, "50%")
        parts.append(mark(scale.at(found.value), "50%", look))
    return _svg("track", parts)


def bars(scale, pairs):
    """Return a bar for each model, one below the other.

    Parameters
    ----------
    scale : Scale
        Of all bars in the column.
    pairs : list of tuple of Interval and str
        The figures, and which model's colours.

    Returns
    -------
    Markup
        SVG.
    """
    height, parts = 100 / len(pairs), []
    parts += [_across(scale.at(at), "grid") for at in scale.ticks]
    for i, (found, look) in enumerate(pairs):
        if math.isfinite(found.value):
            ends = sorted((scale.at(0.0), scale.at(found.value)))
            parts.append(
                Markup(
                    '<rect class="bar {}" x="{}%" y="{:.4g}%" width="{:.4g}%"'
                    ' height="{:.4g}%"/>'
                ).format(
                    look, ends[0], (i + 0.15) * height, ends[1] - ends[0], 0.7 * height
                )
            )
            parts += _whisker(scale, found, look, f"{(i + 0.5) * height:.4g}%")
    return _svg(
        "bars", parts, Markup(' style="height:{}px"').format(11 * len(pairs) + 2)
    )


def _across(place, kind):
    return Markup('<line class="{}" x1="{}%" x2="{}%" y1="0" y2="100%"/>').format(
        kind, place, place
    )


def _whisker(scale, found, look, y):
    if not (math.isfinite(found.low) or math.isfinite(found.high)):
        return []
    ends = (x if math.isfinite(x) else found.value for x in (found.low, found.high))
    low, high = (scale.at(end) for end in ends)
    line = '<line class="whisker {}" x1="{}%" x2="{}%" y1="{}" y2="{}"/>'
    return [Markup(line).format(look, low, high, y, y)]


def mark(x, y, look):
    """Return a model's mark.

    Parameters
    ----------
    x, y : float or str
        Where: `x` in percent.
    look : str
        The model's colour and shape.

    Returns
    -------
    Markup
        SVG.
    """
    if look == "teacher":
        square = '<rect class="mark teacher" x="{}%" y="{}" width="10" height="10"/>'
        return Markup(square).format(x, y)
    return Markup('<circle class="mark {}" cx="{}%" cy="{}" r="5"/>').format(look, x, y)


def _svg(kind, parts, more=""):
    inside = Markup("").join(parts)
    return Markup('<svg class="{}" aria-hidden="true"{}>{}</svg>').format(
        kind, more, inside
    )


def reliability(bins, look, name):
    """Return what came true against what was said, with its diagonal.

    Parameters
    ----------
    bins : tuple of Bin
        Of one model.
    look : str
        The model's colour and shape.
    name : str
        What the image is called.

    Returns
    -------
    Markup
        SVG.
    """
    scale = Scale(0.0, 1.0, (0.0, 0.25, 0.5, 0.75, 1.0))
    known = [each for each in bins if math.isfinite(each.came_true.value)]
    parts = [*_frame(scale, scale, share_tick, share_tick)]
    parts.append(Markup('<line class="line" x1="0" y1="100%" x2="100%" y2="0"/>'))
    parts.append(
        _path([(b.said, b.came_true.value) for b in known], scale, scale, look)
    )
    for each in known:
        x, found = scale.at(each.said), each.came_true
        if math.isfinite(found.low) and math.isfinite(found.high):
            line = '<line class="whisker {}" x1="{}%" x2="{}%" y1="{}%" y2="{}%"/>'
            low, high = 100 - scale.at(found.low), 100 - scale.at(found.high)
            parts.append(Markup(line).format(look, x, x, low, high))
        parts.append(mark(x, f"{100 - scale.at(found.value):.4g}%", look))
    return _image("square", name, parts)


def curves(series, looks, name):
    """Return figures by epoch, a line for each model.

    Parameters
    ----------
    series : list of tuple of (list of float, str, bool)
        The figures, the model, and whether the line is dashed.
    looks : dict of {str: str}
        The models' colours.
    name : str
        What the image is called.

    Returns
    -------
    Markup
        SVG.
    """
    longest = max(len(values) for values, _, _ in series)
    x = Scale(1.0, max(longest, 2), _whole(ticks_of(1.0, max(longest, 2), 5)))
    y = scale_of([v for values, _, _ in series for v in values], 4)
    parts = [*_frame(x, y, tick, tick)]
    for values, model, dashed in series:
        step = math.ceil(len(values) / _MOST_POINTS)
        points = [*enumerate(values, start=1)]
        points = points[::step] + points[-1:] * (len(points) % step != 1 and step > 1)
        kept = [(at, value) for at, value in points if math.isfinite(value)]
        parts.append(_path(kept, x, y, looks[model] + " dashed" * dashed))
    return _image("wide", name, parts)


def _whole(ticks):
    return tuple(value for value in ticks if value == int(value))


def _frame(x, y, write_x, write_y):
    """Grid lines, and their figures outside of the chart."""
    for value in x.ticks:
        yield _across(x.at(value), "grid")
        text = '<text class="below" x="{}%" y="100%" dy="15">{}</text>'
        yield Markup(text).format(x.at(value), write_x(value))
    for value in y.ticks:
        at = round(100 - y.at(value), 2)
        line = '<line class="grid" x1="0" x2="100%" y1="{}%" y2="{}%"/>'
        yield Markup(line).format(at, at)
        text = '<text class="beside" x="-6" y="{}%" dy="4">{}</text>'
        yield Markup(text).format(at, write_y(value))


def _path(points, x, y, look):
    """A line through points; stretched with the chart, but as thin as ever."""
    at = " ".join(f"{x.at(a):.4g},{100 - y.at(b):.4g}" for a, b in points)
    return Markup(
        '<svg viewBox="0 0 100 100" preserveAspectRatio="none">'
        '<polyline class="curve {}" points="{}"/></svg>'
    ).format(look, at)


def _image(kind, name, parts):
    inside = Markup("").join(parts)
    return Markup('<svg class="plot {}" role="img" aria-label="{}">{}</svg>').format(
        kind, name, inside
    )
