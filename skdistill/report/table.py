"""A report's figures as one table for a terminal, as a frame, and as plain data."""

import dataclasses
import math
import textwrap

from .figures import between, figure, seconds
from .result import NAN, Interval

_WIDTH = 100


def as_text(result):
    """One table, with what should be known before it is believed.

    Parameters
    ----------
    result : Result
        What a report found.

    Returns
    -------
    str
        At most 100 columns wide.
    """
    lines = [_title(result)]
    lines += ["", *_aligned(_quality_rows(result))] if result.quality else []
    lines += ["", *_aligned(_fidelity_rows(result))]
    gains = result.quality.gains if result.quality else ()
    sections = [
        [_gain_words(gain, result) for gain in gains],
        [_segment_words(each, result) for each in result.segments if each.flagged],
        [f"! {caution.words}" for caution in result.cautions],
    ]
    for words in filter(None, sections):
        lines += ["", *(line for each in words for line in _wrapped(each))]
    return "\n".join(lines)


def _title(result):
    what = {
        "classes": f"{len(result.classes)} classes",
        "labels": f"{len(result.classes)} labels",
        "values": "values",
        "quantiles": "quantiles",
    }[result.task]
    rows = f"{result.n_rows:,} row{'s' * (result.n_rows != 1)}"
    if result.n_sampled < result.n_rows:
        rows = f"{result.n_sampled:,} of {rows}"
    return f"Distillation report: {what}, {rows}, confidence {result.confidence:.0%}"


def _quality_rows(result):
    quality = result.quality
    calibrated = {each.model: each for each in result.calibration}
    costs = {each.model: each for each in result.cost}
    yield ["", quality.score_name, quality.loss_name, "ECE", "bytes", "one row"]
    for model in quality.models:
        ece = (
            calibrated[model.model].ece if model.model in calibrated else Interval(NAN)
        )
        cost = costs.get(model.model)
        yield [
            _short(model.model),
            between(model.score),
            between(model.loss),
            figure(ece.value),
            f"{cost.n_bytes:,}" if cost and cost.n_bytes == cost.n_bytes else "",
            seconds(cost.one_row) if cost else "",
        ]


def _fidelity_rows(result):
    if result.task in ("classes", "labels"):
        yield [
            "to the teacher",
            "agreement",
            "at least",
            "KL",
            "JS",
            "ranks",
            "largest",
        ]
        names = "agreement", "at_least", "kl", "jensen_shannon", "spearman", "largest"
    else:
        yield ["to the teacher", "R2", "RMSE", "ranks", "largest", "90 % within"]
        names = "r2", "rmse", "spearman", "largest"
    for each in result.fidelity:
        cells = [figure(getattr(each, name)) for name in names]
        if "r2" in names:
            cells.append(figure(each.quantiles.get(0.9, NAN)))
        yield [_short(each.model), *cells]


def _gain_words(gain, result):
    if not (math.isfinite(gain.score.value) or math.isfinite(gain.loss.value)):
        return f"{_short(gain.model)}: gain undefined. {gain.undefined}"
    names = result.quality.score_name, result.quality.loss_name
    parts = [
        f"{name} {between(part) or 'undefined'}"
        for name, part in zip(names, (gain.score, gain.loss), strict=True)
    ]
    name = _short(gain.model)
    return f"{name} keeps of the teacher's gain over the control: {', '.join(parts)}."


def _segment_words(segment, result):
    what = "agreement" if result.task in ("classes", "labels") else "difference"
    return (
        f"{_short(segment.model)} differs more where {segment.words}: {what} "
        f"{between(segment.agreement)} on {segment.n_rows:,} rows, elsewhere "
        f"{figure(segment.rest)}."
    )


def _aligned(rows):
    """Rows of cells as lines: the first column on the left, numbers on the right."""
    rows = list(rows)
    kept = [j for j in range(len(rows[0])) if j == 0 or any(row[j] for row in rows[1:])]
    widths = [max(len(row[j]) for row in rows) for j in kept]
    for row in rows:
        cells = [
            row[j].rjust(w) if j else row[j].ljust(w)
            for j, w in zip(kept, widths, strict=True)
        ]
        yield "  ".join(cells).rstrip()


def _wrapped(words):
    return textwrap.wrap(words, _WIDTH, subsequent_indent="  ")


def _short(name):
    return textwrap.shorten(name, 24, placeholder="...") if len(name) > 24 else name


def as_rows(result):
    """The figures of each model, as columns of a frame.

    Parameters
    ----------
    result : Result
        What a report found.

    Returns
    -------
    dict of str to dict
        By model; NaN where there is no figure.
    """
    rows = {name: {"kind": kind} for name, kind in result.kinds.items()}
    quality = result.quality
    for each in quality.models if quality else ():
        rows[each.model] |= _ends("score", each.score) | _ends("loss", each.loss)
    for each in quality.gains if quality else ():
        rows[each.model] |= _ends("score_gain", each.score)
        rows[each.model] |= _ends("loss_gain", each.loss)
    for each in result.fidelity:
        figures = dataclasses.asdict(each)
        for name in ("model", "n_rows", "confidence", "quantiles"):
            del figures[name]
        rows[each.model] |= figures
    for each in result.calibration:
        rows[each.model] |= _ends("ece", each.ece) | _ends("brier", each.brier)
    for each in result.cost:
        figures = dataclasses.asdict(each)
        del figures["model"]
        rows[each.model] |= figures
    return rows


def _ends(name, interval):
    keys = name, f"{name}_low", f"{name}_high"
    return dict(zip(keys, interval, strict=True))


def as_plain(value):
    """Plain types of json: dicts, lists, strings, finite numbers, None for NaN.

    Parameters
    ----------
    value : object
        A result, or any part of it.

    Returns
    -------
    object
        Keys of dicts are strings.
    """
    if isinstance(value, Interval):
        return {name: as_plain(part) for name, part in value._asdict().items()}
    if dataclasses.is_dataclass(value):
        names = [each.name for each in dataclasses.fields(value)]
        return {name: as_plain(getattr(value, name)) for name in names}
    if isinstance(value, dict):
        return {str(key): as_plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [as_plain(part) for part in value]
    if hasattr(value, "item"):  # numpy's
        return as_plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
