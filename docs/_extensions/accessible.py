"""Markup that screen readers understand, where docutils writes another."""


def mend(app, pagename, templatename, context, doctree):
    """References are no list: what a list holds would have to say that it is an item."""
    if "body" in context:
        context["body"] = (
            context["body"]
            .replace(
                '<div role="list" class="citation-list">', '<div class="citation-list">'
            )
            # a landmark needs a name of its own beside other landmarks
            .replace(
                '<aside class="footnote-list brackets">',
                '<aside class="footnote-list brackets" aria-label="Notes">',
            )
            .replace(' role="doc-biblioentry"', "")  # deprecated in ARIA 1.3
        )


def setup(app):
    """Mend each page before it is written."""
    app.connect("html-page-context", mend)
    return {"parallel_read_safe": True}
