"""The table of ``benchmarks.gain`` as a picture, drawn from its JSON, light and dark."""

import json

import numpy as np
from benchmark_table import RESULTS
from docutils import nodes
from docutils.parsers.rst import Directive
from matplotlib.figure import Figure

FURTHEST = 60  # per cent; what is further off is drawn at the edge, as an arrow
COLOURS = {
    "light": {
        "text": "#222832",
        "grid": "#c9cdd2",
        "good": "#0a7d91",
        "bad": "#b3540b",
    },
    "dark": {"text": "#ced6dd", "grid": "#48566b", "good": "#3fb1c5", "bad": "#f0a05a"},
}


def changes(rows, student):
    """Loss of the distilled student and of the teacher against the control, in per cent."""
    own = [row for row in rows if row["student"] == student]
    control = np.array([row["control"] for row in own])
    return {
        name: 100 * (np.array([row[name] for row in own]) / control - 1)
        for name in ("distilled", "teacher")
    }


def _dots(axes, change, colours):
    """One dot a set for the student, one stroke for the teacher; arrows are further off."""
    places = np.arange(len(change["distilled"]))
    kept = np.clip(change["distilled"], -FURTHEST, FURTHEST)
    teacher = change["teacher"]
    near = np.abs(teacher) <= FURTHEST
    axes.hlines(places, 0, kept, color=colours["grid"], lw=2, zorder=1)
    axes.plot(teacher[near], places[near], "|", ms=11, mew=2, color=colours["text"])
    for side, marker in ((-FURTHEST, "<"), (FURTHEST, ">")):
        off = ~near & (np.sign(teacher) == np.sign(side))
        at = np.full(off.sum(), side)
        axes.plot(at, places[off], marker, ms=6, color=colours["text"])
    for better, colour, marker in ((True, "good", "o"), (False, "bad", "s")):
        own = (kept < 0) == better
        far = own & (np.abs(change["distilled"]) > FURTHEST)
        axes.plot(
            kept[own & ~far], places[own & ~far], marker, ms=7, color=colours[colour]
        )
        axes.plot(kept[far], places[far], "<" if better else ">", color=colours[colour])


def _dress(axes, title, sets, colours):
    axes.set_title(title, fontsize=12, loc="left", color=colours["text"])
    axes.set_yticks(range(len(sets)), sets)
    axes.set_xlim(-FURTHEST - 4, FURTHEST + 4)
    axes.set_xticks([-50, -25, 0, 25, 50], ["-50 %", "", "control", "", "+50 %"])
    axes.axvspan(*axes.get_xlim(), color=colours["grid"], alpha=0.15, lw=0, zorder=0)
    axes.axvline(0, color=colours["text"], lw=1)
    axes.invert_yaxis()
    axes.tick_params(colors=colours["text"], length=0, labelsize=10)
    axes.grid(axis="x", color=colours["grid"], lw=0.5)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)


def draw(file, rows, colours):
    """One panel for each kind of student."""
    students = list(dict.fromkeys(row["student"] for row in rows))
    sets = list(dict.fromkeys(row["set"].replace("_", " ") for row in rows))
    figure = Figure(figsize=(10.5, 1.3 + 0.29 * len(sets)), layout="constrained")
    figure.get_layout_engine().set(wspace=0.08)
    panels = figure.subplots(1, len(students), sharey=True, squeeze=False)[0]
    for axes, student in zip(panels, students, strict=True):
        _dots(axes, changes(rows, student), colours)
        _dress(axes, student, sets, colours)
    figure.supxlabel(
        "loss against the control's: left is better", color=colours["text"]
    )
    figure.savefig(file, transparent=True, metadata={"Date": None})


def told(rows):
    """The picture in words: how often each student is better."""
    counts = []
    for student in dict.fromkeys(row["student"] for row in rows):
        seen, aside = (
            changes([row for row in rows if is_aside(row) == group], student)[
                "distilled"
            ]
            for group in (False, True)
        )
        counts.append(
            f"{student}: better than its control on {sum(seen < 0)} of {len(seen)} sets, "
            f"and on {sum(aside < 0)} of {len(aside)} kept aside"
        )
    return "; ".join(counts)


def is_aside(row):
    """Whether nothing was chosen on the set of a row."""
    return row["set"].endswith("(aside)")


class GainPicture(Directive):
    """``.. gain-picture::``: the picture for the page's mode, and what it says."""

    def run(self):
        """Both pictures, of which the theme shows one, and a line of text."""
        source = RESULTS / "gain.json"
        self.state.document.settings.env.note_dependency(str(source))
        words = told(json.loads(source.read_text())["rows"])
        pictures = [
            nodes.image(
                uri=f"_made/gain_{mode}.svg", alt=words, classes=[f"only-{mode}"]
            )
            for mode in COLOURS
        ]
        scrolled = nodes.container("", *pictures, classes=["scrolled"])
        return [scrolled, nodes.paragraph("", words[0].upper() + words[1:] + ".")]


def make(app):
    """Draw both pictures, if the benchmark has been run since."""
    source = RESULTS / "gain.json"
    folder = app.srcdir / "_made"
    folder.mkdir(exist_ok=True)
    for mode, colours in COLOURS.items():
        file = folder / f"gain_{mode}.svg"
        if not file.exists() or file.stat().st_mtime < source.stat().st_mtime:
            draw(file, json.loads(source.read_text())["rows"], colours)


def setup(app):
    """Draw before the pages are read."""
    app.add_directive("gain-picture", GainPicture)
    app.connect("builder-inited", make)
    return {"parallel_read_safe": True}
