"""``.. markdown-page:: FILE``: a file of Markdown that also stands beside the README.

It knows what those files use: headings, links, fenced code, tables, and text that is alike
in reStructuredText.
"""

import re
from pathlib import Path

from sphinx.util.docutils import SphinxDirective

_UNDERLINES = "=-~"


def as_rst(text):
    """Markdown as reStructuredText.

    Parameters
    ----------
    text : str
        Of the file.

    Returns
    -------
    list of str
        Lines.
    """
    parts = re.split(r"^(```.*?^```)$", text.strip(), flags=re.M | re.S)
    blocks = (
        block.strip("\n")
        for i, part in enumerate(parts)
        for block in ([part] if i % 2 else part.split("\n\n"))  # code, or text
    )
    return "\n\n".join(map(_block, blocks)).split("\n")


def _block(text):
    if text.startswith("```"):
        first, *lines, _ = text.split("\n")
        code = [f"    {line}" for line in lines]
        return "\n".join([f".. code-block:: {first[3:] or 'text'}", "", *code])
    if text.startswith("|"):
        head, _, *rows = map(_row, text.split("\n"))
        lines = ["  :header-rows: 1", "", *map(_list_row, [head, *rows])]
        return "\n".join([".. list-table::", *lines])
    heading = re.fullmatch(r"(#+) (.*)", text)
    if heading:
        return f"{heading[2]}\n{_UNDERLINES[len(heading[1]) - 1] * len(heading[2])}"
    return _links(text)


def _row(line):
    return [_links(cell.strip()) for cell in line.strip("|").split("|")]


def _list_row(cells):
    return "  * - " + "\n    - ".join(cells)


def _links(text):
    text = re.sub(r"\[([^]]*)\]\((https?:[^)]*)\)", r"`\1 <\2>`__", text)
    return re.sub(r"\[([^]]*)\]\([^)]*\)", r"``\1``", text)


class MarkdownPage(SphinxDirective):
    """The directive."""

    required_arguments = 1

    def run(self):
        """Put the file's text in place of the directive."""
        _, path = self.env.relfn2path(self.arguments[0])
        self.env.note_dependency(path)
        self.state_machine.insert_input(as_rst(Path(path).read_text()), path)
        return []


def setup(app):
    """Register the directive."""
    app.add_directive("markdown-page", MarkdownPage)
    return {"parallel_read_safe": True}
