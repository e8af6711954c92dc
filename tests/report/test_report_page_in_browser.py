"""A report's page in Chromium: as people open it."""

from importlib.resources import files

import made_results
import pytest
from browsers import Opened
from sklearn.datasets import load_iris

from skdistill import HardDecisionTreeClassifier, export_html
from skdistill.inspection.page import framed
from skdistill.report.page import page_of

pytestmark = pytest.mark.browser

MADE = {
    "classes": made_results.classes,
    "several": lambda: made_results.classes(("tree", "net", "a third one")),
    "values": made_results.values,
    "without labels": made_results.without_labels,
    "hostile": made_results.hostile,
}


@pytest.fixture
def opened(chromium, tmp_path):
    def open_page(result, **options):
        path = tmp_path / "report.html"
        path.write_text(page_of(result, **options), encoding="utf-8")
        return Opened(chromium, path)

    return open_page


def _found_by_axe(page):
    axe = pytest.importorskip("axe_core_python", reason="needs axe-core-python")
    page.run(files(axe).joinpath("axe.min.js").read_text(encoding="utf-8"))
    found = page.browser.execute_async_script(
        "const done = arguments[0];"
        "axe.run(document, {iframes: false, resultTypes: ['violations']}).then(r =>"
        " done(r.violations.map(v => [v.id, v.impact, v.nodes.map(n => n.html)])))"
    )
    return [each for each in found if each[1] in ("serious", "critical", "moderate")]


@pytest.mark.parametrize("name", MADE)
def test_it_opens_asks_nobody_and_complains_of_nothing(name, opened):
    page = opened(MADE[name]())
    assert page.log() == []
    assert {url.split(":")[0] for url in page.requests()} <= {"file", "data"}
    assert page.browser.title != "broken"
    for section in page.all("main > section"):
        assert section.is_displayed() and section.size["height"] > 30


@pytest.mark.parametrize("name", ["several", "without labels", "hostile"])
def test_axe_finds_nothing(name, opened):
    page = opened(MADE[name]())
    page.run("for (const d of document.querySelectorAll('details')) d.open = true")
    assert _found_by_axe(page) == []


def test_axe_finds_nothing_on_a_dark_phone(opened):
    page = opened(made_results.values())
    with page.phone(), page.media(scheme="dark"):
        assert _found_by_axe(page) == []


@pytest.mark.parametrize("name", MADE)
def test_a_phone_scrolls_in_one_direction(name, opened):
    page = opened(MADE[name]())
    with page.phone():
        page.browser.refresh()
        assert page.run("return document.documentElement.scrollWidth") <= 390


def test_dark_screens_get_a_dark_page(opened):
    page = opened(made_results.classes())

    def ground():
        colour = page.run("return getComputedStyle(document.body).backgroundColor")
        return sum(int(part) for part in colour.strip("rgb()").split(","))

    with page.media(scheme="light"):
        light = ground()
    with page.media(scheme="dark"):
        assert ground() < 200 < 600 < light


def test_what_is_folded_is_printed(opened):
    page = opened(made_results.classes())
    folded = page.one("details.row pre")
    height = "return arguments[0].parentElement.getBoundingClientRect().height"
    shut = page.run(height, folded)
    with page.media(medium="print"):
        assert page.run(height, folded) > 2 * shut
        assert not page.one("nav").is_displayed()


def _tree():
    X, y = load_iris(return_X_y=True)
    return export_html(HardDecisionTreeClassifier(max_leaf_nodes=4).fit(X, y))


def test_the_tree_inside_works_as_by_itself(opened):
    page = opened(made_results.classes(), trees={"student": _tree()})
    page.browser.switch_to.frame(page.one("iframe"))
    try:
        assert len(page.all(".node")) > 1
        page.one("#follow").click()
        assert page.all(".node.way")
    finally:
        page.browser.switch_to.default_content()
    assert page.log() == []
    assert {url.split(":")[0] for url in page.requests()} <= {"file", "data", "about"}


def test_in_a_notebook_it_is_a_frame_whose_links_lead_somewhere(chromium, tmp_path):
    path = tmp_path / "notebook.html"
    page = page_of(made_results.classes(), trees={"student": _tree()})
    path.write_text(framed(page, "report"), encoding="utf-8")
    notebook = Opened(chromium, path)
    chromium.switch_to.frame(notebook.one("iframe"))
    try:
        notebook.one("nav a[href='#cost']").click()
        assert (
            0
            <= notebook.run(
                "return document.getElementById('cost').getBoundingClientRect().top"
            )
            < 100
        )
        chromium.switch_to.frame(notebook.one("iframe"))
        assert len(notebook.all(".node")) > 1
    finally:
        chromium.switch_to.default_content()
    assert notebook.log() == []


def test_the_keyboard_goes_to_the_summary_first(opened):
    from selenium.webdriver.common.keys import Keys

    page = opened(made_results.classes())
    page.browser.switch_to.active_element.send_keys(Keys.TAB)
    skip = page.browser.switch_to.active_element
    assert skip.text == "Skip to the summary" and skip.is_displayed()
    skip.send_keys(Keys.ENTER)
    assert page.browser.switch_to.active_element.get_attribute("id") == "summary"
