"""A report's figures as one table for a terminal, as a frame, and as plain data."""

import dataclasses
import math
import textwrap

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
    lines = [_title(result), ""]
    lines += _aligned(_quality_rows(result)) if result.quality else []
    lines += ["", *_aligned(_fidelity_rows(result))]
    gains = [_gain_line(gain, result) for gain in _gains(result)]
    lines += ["", *gains] if gains else []
    flagged = [segment for segment in result.segments if segment.flagged]
    for segment in flagged:
        share = _share(segment.agreement)
        lines += _wrapped(
            f"{segment.model} differs more where {segment.words}: {share}"
        )
    for caution in result.cautions:
        lines += _wrapped(f"! {caution.words}")
    return "\n".join(lines)


def _title(result):
    what = {
        "classes": f"{len(result.classes)} classes",
        "labels": f"{len(result.classes)} labels",
        "values": "values",
        "quantiles": "quantiles",
    }[result.task]
    rows = f"{result.n_rows:,} rows"
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
            _share(model.score),
            _share(model.loss),
            _figure(ece.value),
            f"{cost.n_bytes:,}" if cost else "",
            _seconds(cost.one_row) if cost else "",
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
        cells = [_figure(getattr(each, name)) for name in names]
        if "r2" in names:
            cells.append(_figure(each.quantiles.get(0.9, NAN)))
        yield [_short(each.model), *cells]


def _gains(result):
    return result.quality.gains if result.quality else ()


def _gain_line(gain, result):
    names = result.quality.score_name, result.quality.loss_name
    parts = [
        f"{name} {_share(part, '.2f')}"
        if math.isfinite(part.value)
        else f"{name} undefined"
        for name, part in zip(names, (gain.score, gain.loss), strict=True)
    ]
    line = f"{_short(gain.model)} keeps of the teacher's gain over the control: "
    return textwrap.shorten(line + "; ".join(parts), _WIDTH, placeholder=" ...")


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


def _figure(value, form=".3f"):
    """Such as ".950" and "1.25e+04"; nothing for NaN."""
    if not math.isfinite(value):
        return ""
    if value and not 1e-3 <= abs(value) < 1e4:
        return f"{value:.3g}"
    text = f"{value:{form}}"
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text


def _share(interval, form=".3f"):
    value, low, high = (_figure(each, form) for each in interval)
    return f"{value} ({low} to {high})" if low else value


def _seconds(seconds):
    for unit, size in (("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.2g} us"


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
