"""The tree that the code of the landing page fits: its picture, and its page.

The code is taken from the page itself, so that what is shown is what the code makes.
"""

import doctest
import io
from contextlib import redirect_stdout

from matplotlib import pyplot


def fitted(text):
    """The tree, as the examples of a page leave it behind."""
    test = doctest.DocTestParser().get_doctest(text, {}, "index.rst", None, 0)
    with redirect_stdout(io.StringIO()):
        for example in test.examples:
            exec(compile(example.source, "index.rst", "single"), test.globs)
    return test.globs["tree"]


def make(app):
    """Fit the tree and draw it, if the landing page has changed since."""
    from skdistill import export_html, plot_tree

    source = app.srcdir / "index.rst"
    folder = app.srcdir / "_made"
    page, picture = folder / "pages" / "tree.html", folder / "tree.png"
    if picture.exists() and picture.stat().st_mtime > source.stat().st_mtime:
        return
    tree = fitted(source.read_text())
    export_html(tree, page, title="Is this tumour malignant?")
    plot_tree(tree)
    pyplot.savefig(picture, dpi=130, bbox_inches="tight")
    pyplot.close()


def setup(app):
    """Fit before the pages are read."""
    app.connect("builder-inited", make)
    return {"parallel_read_safe": True}
