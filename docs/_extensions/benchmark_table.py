"""``.. benchmark:: NAME``: the table that a benchmark saved as JSON.

``:columns: a, "b, c", d`` shows these alone.
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


def _cell(cell):
    """As it is printed; a figure and its spread, "97.8 (0.7)", stay in one line."""
    if isinstance(cell, float):
        return f"{cell:.4g}"
    if isinstance(cell, str) and re.match(r"[-+]?[\d.]+ \(", cell):
        return re.sub(r" (?=[(/])", "\N{NO-BREAK SPACE}", cell)
    return cell


class BenchmarkTable(CSVTable):
    """The table that a benchmark saved as JSON."""

    option_spec = CSVTable.option_spec | {"columns": directives.unchanged_required}

    def run(self):
        name = self.arguments.pop()
        file = RESULTS / f"{name}.json"
        self.state.document.settings.env.note_dependency(str(file))
        result = json.loads(file.read_text())
        columns = list(result["rows"][0])
        if "columns" in self.options:
            wanted = [self.options.pop("columns")]
            columns = next(csv.reader(wanted, skipinitialspace=True))
        text = io.StringIO()
        lines = csv.writer(text, lineterminator="\n")
        # What was measured before `benchmarks` wrote the sign has "us" in its headings.
        lines.writerow([re.sub(r"\bus\b", "µs", column) for column in columns])
        for row in result["rows"]:
            cells = (row[column] for column in columns)
            lines.writerow([_cell(cell) for cell in cells])
        self.options |= {"header-rows": 1, "class": ["benchmark"]}
        self.arguments = [result["title"]]
        self.content = StringList(text.getvalue().splitlines(), source=name)
        return super().run()


def setup(app):
    """Register the directive."""
    app.add_directive("benchmark", BenchmarkTable)
    return {"parallel_read_safe": True}
