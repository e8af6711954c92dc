import itertools
import math
import re
from dataclasses import replace
from html.parser import HTMLParser

import made_results
import pytest
from made_results import HOSTILE
from reported import distilled, halves

from skdistill import DistillationReport, export_html
from skdistill.report.page import page_of
from skdistill.report.result import Interval

MADE = {
    "classes": made_results.classes,
    "several": lambda: made_results.classes(("tree", "net", "a third one")),
    "values": made_results.values,
    "without labels": made_results.without_labels,
    "bare": made_results.bare,
    "hostile": made_results.hostile,
}


class Read(HTMLParser):
    """A page as its elements, and what can be read on it."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.words, self.open = [], [], []
        self.feed(page)
        assert not self.open, "every element is closed"

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "base"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self):
        return " ".join("".join(self.words).replace("\u00a0", " ").split())

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]

    @property
    def sections(self):
        return [attrs["id"] for attrs in self.all("section")]


@pytest.mark.parametrize("name", MADE)
def test_the_page_is_one_file_that_asks_nobody(name):
    page = page_of(MADE[name]())
    assert len(page.encode()) < 1 << 20
    assert "http:" not in page and "https:" not in page and "url(" not in page
    read = Read(page)
    assert not read.all("script") and not read.all("img")
    loads = {"src", "href", "data", "poster"}
    for tag, attrs in read.elements:
        assert not any(key.startswith("on") for key in attrs), tag
        for key in loads & attrs.keys():
            assert attrs[key].startswith(("#", "data:,"))
    (policy,) = (a["content"] for a in read.all("meta") if "http-equiv" in a)
    assert "default-src 'none'" in policy and "script-src" not in policy


@pytest.mark.parametrize("name", MADE)
def test_headings_descend_and_links_lead_somewhere(name):
    read = Read(page_of(MADE[name]()))
    levels = [int(tag[1]) for tag, _ in read.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(below <= above + 1 for above, below in itertools.pairwise(levels))
    ids = [attrs["id"] for _, attrs in read.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    named = [
        attrs["aria-labelledby"]
        for _, attrs in read.elements
        if "aria-labelledby" in attrs
    ]
    links = [attrs["href"][1:] for attrs in read.all("a")]
    assert {*named, *links} <= set(ids) and links
    assert len(read.all("table")) == len(read.all("caption"))
    assert all("scope" in attrs for attrs in read.all("th"))
    for attrs in read.all("svg"):
        hidden = attrs.get("aria-hidden") or "preserveaspectratio" in attrs
        assert hidden or (attrs["role"] == "img" and attrs["aria-label"])


def test_every_section_is_there():
    read = Read(page_of(made_results.classes(), trees={"student": "<p>A tree</p>"}))
    assert read.sections == [
        *("cautions", "summary", "quality", "gain", "fidelity", "segments"),
        *("calibration", "importances", "rows", "cost", "training", "trees", "method"),
    ]
    (frame,) = read.all("iframe")
    assert frame["srcdoc"] == "<p>A tree</p>" and frame["sandbox"] == "allow-scripts"


@pytest.mark.parametrize("kind", ["classes", "values", "labels"])
def test_a_report_is_saved_as_its_page_and_shown_in_a_frame(kind, tmp_path):
    _, X, _, y = halves(kind)
    report = DistillationReport({"<i>tree": distilled(kind)}, X, y)
    page = report.save(tmp_path / "report.html", title="a <b>").read_text("utf-8")
    read = Read(page)
    assert {"quality", "fidelity", "segments", "rows", "cost", "trees"} <= set(
        read.sections
    )
    assert "a <b>" in read.text and "<i>tree" in read.text
    (frame,) = read.all("iframe")
    assert frame["srcdoc"] == export_html(distilled(kind))
    (outer,) = Read(report._repr_html_()).all("iframe")
    assert "a <b>" not in outer["srcdoc"] and outer["sandbox"] == "allow-scripts"
    assert Read(outer["srcdoc"]).all("iframe") == [frame]


def test_what_is_not_there_is_not_spoken_of():
    read = Read(page_of(made_results.bare()))
    assert read.sections == ["summary", "quality", "fidelity", "method"]
    assert "No labels were given" in read.text
    assert "\u2013" not in read.text and "nan" not in read.text.lower()
    read = Read(page_of(made_results.values()))
    assert "calibration" not in read.sections
    assert "within 12,400 on 90 % of rows" in read.text


def test_bounds_are_told_in_words():
    text = Read(page_of(made_results.classes())).text
    assert "3.8 %, at most 4.6 %" in text
    assert "1,924 of 2,000 rows; with 95 % confidence, at least 95.4 %" in text
    assert (
        "Most where contract is Month-to-month and tenure <= 5.5: 88.2 % alike" in text
    )
    assert "2,000 times smaller, 39 times faster" in text


def test_a_share_without_a_meaning_is_not_drawn():
    made = made_results.classes()
    (gain,) = made.quality.gains
    gain = replace(gain, score=Interval(math.nan), undefined="No better by accuracy.")
    quality = replace(made.quality, gains=(gain,))
    text = Read(page_of(replace(made, quality=quality))).text
    section = text.split("0 % is a student without a teacher")[1].split("Fidelity to")[
        0
    ]
    assert (
        "By log loss" in section and "68 %" in section and "By accuracy" not in section
    )
    assert "Undefined: No better by accuracy." in section


def test_segments_that_stand_out_come_first():
    text = Read(page_of(made_results.classes())).text
    table = text[text.index("Rows where") :]
    assert (
        table.index("Month-to-month")
        < table.index("DSL")
        < table.index("gender is Male")
    )
    assert table.split("How this was computed")[0].count("stands out") == 1


def test_names_of_markup_are_letters():
    page = page_of(made_results.hostile(), title=HOSTILE)
    read = Read(page)
    assert not read.all("script") and "\u202e" not in page
    shown = HOSTILE.replace("\u202e", "\\u202e").replace("\u202c", "\\u202c")
    assert " ".join(shown.split()) in read.text
    assert "49" not in read.text.split("Before you trust")[0]
    assert all(
        "document.title" not in key for _, attrs in read.elements for key in attrs
    )


def test_a_wide_table_and_long_texts_stay_on_a_page_of_a_megabyte():
    names = [f"column {i}" for i in range(20_000)]
    made = made_results.classes()
    one, row = made.importances[0], made.rows[0]
    wide = replace(
        made,
        n_columns=len(names),
        importances=tuple(replace(one, column=name) for name in names),
        rows=(replace(row, values=dict.fromkeys(names, "x" * 10**5)),) * 10,
        histories={"student": made.histories["student"] * 1000},
    )
    page = page_of(wide)
    assert len(page.encode()) < 1 << 20
    text = Read(page).text
    assert "(60 of 20,000 columns)" in text
    assert "columns that matter still less are left out" in text


def test_a_tree_that_is_too_large_is_left_out_and_that_is_said():
    read = Read(page_of(made_results.classes(), trees={"student": "x" * (1 << 20)}))
    assert not read.all("iframe") and "trees" not in read.sections
    assert "larger than a megabyte" in read.text


def test_without_jinja_the_error_names_the_extra(monkeypatch):
    import sys

    from skdistill.report.page import page

    page._environment.cache_clear()
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ImportError, match=r"skdistill\[report\]"):
        page_of(made_results.bare())
