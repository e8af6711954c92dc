"""``.. benchmark:: NAME``: the table that a benchmark saved as JSON.

``:lines: PATTERN``
    Lines whose first cell the regular expression matches; of that, its group is shown.
``:columns: a, "b, c", d``
    These alone.
``:across: what, figure``
    One line for all that are alike in those of the columns that they have. Each ``what``
    has a column of its own, with its ``figure``.
``:turned: a, b``
    One line for each set, that is for each column but these, which head the new columns.
``:decimals: 3``
    Of figures that are not whole.
``:caption: TEXT``
    In place of the saved title.
"""

import csv
import io
import json
import re
from pathlib import Path

from docutils.parsers.rst import directives
from docutils.parsers.rst.directives.tables import CSVTable
from docutils.statemachine import StringList

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"


def _names(argument):
    return next(csv.reader([" ".join(argument.split())], skipinitialspace=True))


def _cell(cell, decimals):
    """As it is printed; a figure and its spread, "97.8 (0.7)", stay in one line."""
    if isinstance(cell, float):
        if decimals is None:
            return f"{cell:.4g}"
        return f"{round(cell, decimals) + 0:.{decimals}f}"  # no "-0.0"
    if isinstance(cell, str) and re.match(r"[-+]?[\d.]+ \(", cell):
        return re.sub(r" (?=[(/])", "\N{NO-BREAK SPACE}", cell)
    return cell


def _matching(rows, pattern):
    """Lines whose first cell matches; of that, the pattern's group."""
    first = next(iter(rows[0]))
    for row in rows:
        if found := re.fullmatch(pattern, row[first]):
            yield row | {first: found[found.lastindex or 0]}


def _across(rows, columns, what, figure):
    """One line for all that are alike in those of the columns that they have."""
    lines = {}
    for row in rows:
        own = {name: row[name] for name in columns if name in row}
        line = lines.setdefault(tuple(own.values()), own)
        line[row[what]] = row[figure]
    return list(lines.values())


def _turned(rows, heads):
    """One line for each column but those that head the new columns."""
    for name in rows[0]:
        if name not in heads:
            cells = {", ".join(row[head] for head in heads): row[name] for row in rows}
            yield {"set": name, **cells}


class BenchmarkTable(CSVTable):
    """The table that a benchmark saved as JSON."""

    option_spec = CSVTable.option_spec | {
        "across": _names,
        "caption": directives.unchanged_required,
        "columns": _names,
        "decimals": directives.nonnegative_int,
        "lines": directives.unchanged_required,
        "turned": _names,
    }

    def run(self):
        name = self.arguments.pop()
        file = RESULTS / f"{name}.json"
        self.state.document.settings.env.note_dependency(str(file))
        result = json.loads(file.read_text())
        rows = self._laid_out(result["rows"])
        decimals = self.options.pop("decimals", None)
        text = io.StringIO()
        lines = csv.writer(text, lineterminator="\n")
        # What was measured before `benchmarks` wrote the sign has "us" in its headings.
        lines.writerow([re.sub(r"\bus\b", "µs", head) for head in rows[0]])
        lines.writerows(
            [[_cell(cell, decimals) for cell in row.values()] for row in rows]
        )
        self.options |= {"header-rows": 1, "class": ["benchmark"]}
        self.arguments = [self.options.pop("caption", result["title"])]
        self.content = StringList(text.getvalue().splitlines(), source=name)
        return super().run()

    def _laid_out(self, rows):
        """Lines and columns as the options want them."""
        options = self.options
        if "lines" in options:
            rows = list(_matching(rows, options.pop("lines")))
        columns = options.pop("columns", list(rows[0]))
        if "across" in options:
            rows = _across(rows, columns, *options.pop("across"))
        rows = [{name: row[name] for name in columns} for row in rows]
        if "turned" in options:
            rows = list(_turned(rows, options.pop("turned")))
        return rows


def setup(app):
    """Register the directive."""
    app.add_directive("benchmark", BenchmarkTable)
    return {"parallel_read_safe": True}
