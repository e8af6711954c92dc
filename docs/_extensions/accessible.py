"""Markup that screen readers and phones understand, where docutils writes another."""

import re
from itertools import count

FOOTNOTE = '<aside class="footnote brackets"'
BENCHMARK = '<table class="benchmark.*?</table>'


def mend(app, pagename, templatename, context, doctree):
    """References are no list: what a list holds would have to say that it is an item."""
    if "body" in context:
        numbers = count(1)
        body = context["body"].replace(
            '<div role="list" class="citation-list">', '<div class="citation-list">'
        )
        body = body.replace(' role="doc-biblioentry"', "")  # deprecated in ARIA 1.3
        # where there is little room, names break between their words
        body = re.sub("<h1>(.*?)(?=<)", _with_breaks, body)
        body = re.sub(BENCHMARK, _with_breaks_in_names, body, flags=re.DOTALL)
        # landmarks of one kind are told apart by their names
        context["body"] = re.sub(
            FOOTNOTE, lambda _: f'{FOOTNOTE} aria-label="Note {next(numbers)}"', body
        )


def _with_breaks(title):
    return "<h1>" + re.sub("(?<=[a-z])(?=[A-Z])", "<wbr>", title[1])


def _with_breaks_in_names(table):
    """In cells that are but a name, such as ``covertype_kaggle``; a copy has no breaks."""
    return re.sub(
        r"(?<=>)\w+(?=<| \()", lambda name: name[0].replace("_", "_<wbr>"), table[0]
    )


def setup(app):
    """Mend each page before it is written."""
    app.connect("html-page-context", mend)
    return {"parallel_read_safe": True}
