"""Sphinx settings."""

import csv
import io
import json
import sys
import warnings
from importlib.metadata import version as installed_version
from pathlib import Path

from docutils.parsers.rst.directives.tables import CSVTable
from docutils.statemachine import StringList

project = "skdistill"
author = "the skdistill developers"
copyright = "2026, the skdistill developers"
release = version = installed_version("skdistill")

sys.path.append(str(Path(__file__).parent / "_ext"))
extensions = [
    "markdown_page",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "gallery/*.ipynb", "gallery/*.py", "**/README.txt"]
nitpicky = False
default_role = "literal"
# scikit-learn's inherited docstrings refer to labels and terms of its own guide
suppress_warnings = ["ref.ref", "ref.term"]

autosummary_generate = True
numpydoc_show_class_members = True
numpydoc_class_members_toctree = False
numpydoc_show_inherited_class_members = True

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": "plot_",
    "download_all_examples": False,
    "show_memory": False,
    "abort_on_example_error": True,
}
# tqdm's notebook bar is not there in a plain run of the gallery
warnings.filterwarnings("ignore", message="IProgress not found")

html_theme = "pydata_sphinx_theme"
html_theme_options = {
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "navbar_end": ["theme-switcher"],
}
html_show_sourcelink = False
html_title = "skdistill"


class BenchmarkTable(CSVTable):
    """``.. benchmark:: NAME``: the table that a benchmark saved as JSON."""

    def run(self):
        name = self.arguments.pop()
        folder = Path(__file__).parents[1] / "benchmarks" / "results"
        result = json.loads((folder / f"{name}.json").read_text())
        columns = list(result["rows"][0])
        text = io.StringIO()
        lines = csv.writer(text, lineterminator="\n")
        lines.writerow(columns)
        for row in result["rows"]:
            cells = (row[column] for column in columns)
            lines.writerow([f"{c:.4g}" if isinstance(c, float) else c for c in cells])
        self.options["header-rows"] = 1
        self.arguments = [result["title"]]
        self.content = StringList(text.getvalue().splitlines(), source=name)
        return super().run()


def setup(app):
    """Register the directive."""
    app.add_directive("benchmark", BenchmarkTable)
