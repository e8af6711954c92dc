"""What a report found, as one file for a browser."""

from functools import cache
from importlib.resources import files

from ...inspection.page import asset
from ...tables.terms import in_one_line
from . import charts, views, wording, written
from .scales import scale_of
from .sections import context_of
from .summary import summary_of

_LARGEST = 1 << 20  # bytes of a page that is sent by mail without a thought


def page_of(result, title=None, trees=None):
    """Write what a report found as a page for a browser.

    The page is one file that asks nothing of any host, and runs no script of its own.
    Whatever comes from the table or from its user is escaped.

    Parameters
    ----------
    result : Result
        What a report found.
    title : str, default=None
        Heading of the page; the students' kinds by default.
    trees : dict of {str: str}, default=None
        Pages of :func:`skdistill.export_html`, by the names of the students that are
        trees. They are left out where the page would be larger than a megabyte.

    Returns
    -------
    str
        The page.

    Raises
    ------
    ImportError
        Without Jinja2.
    """
    template = _environment().get_template("page.html")
    trees = dict(trees or {})
    parts = {
        "title": _title(result) if title is None else in_one_line(title),
        "style": asset("theme.css") + _style(),
        "questions": summary_of(result),
    }
    page = template.render(parts | context_of(result, trees))
    if trees and len(page.encode()) > _LARGEST:
        page = template.render(parts | context_of(result, {}), left_out=list(trees))
    return page


def _title(result):
    kinds = dict.fromkeys(result.kinds.get(name, name) for name in result.students)
    return in_one_line(f"{' and '.join(kinds)}: how much of the teacher is left")


@cache
def _environment():
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError as error:
        raise ImportError(
            "The page of a report needs Jinja2, which is not installed: pip install "
            "skdistill[report]."
        ) from error
    environment = Environment(
        loader=PackageLoader(__package__, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    names = ("figure", "interval", "middle", "share", "at_least", "at_most")
    names += ("memory", "duration", "level")
    environment.filters.update({name: getattr(written, name) for name in names})
    environment.filters.update(shortened=wording.shortened, in_one_line=in_one_line)
    environment.filters.update(visible=wording.visible, isolated=wording.isolated)
    environment.filters.update(
        pairs=views.pairs_of, bound_of=views.bound_of, apart=views.apart
    )
    environment.globals.update(charts=charts, views=views)
    environment.globals.update(wording=wording, scale_of=scale_of)
    return environment


def _style():
    return files(__package__).joinpath("page.css").read_text(encoding="utf-8")
