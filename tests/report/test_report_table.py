"""The table of a terminal, for names and figures of all kinds."""

from dataclasses import replace

import pytest
from reported import distilled, halves

from skdistill import DistillationReport
from skdistill.report.figures import between, figure, seconds
from skdistill.report.result import NAN, Cost, Interval, Segment
from skdistill.report.table import as_plain, as_rows, as_text

pytestmark = pytest.mark.usefixtures("quick_sections")


@pytest.fixture(scope="module")
def result(quick_sections):
    X_test, y_test = halves()[1::2]
    name = "a tree with a name that is far too long for one column of a table"
    students = {name: distilled(), "b": distilled()}
    return DistillationReport(students, X_test, y_test).result


def test_the_table_is_at_most_100_columns_wide(result):
    name = result.students[0]
    half = Interval(0.5, 0.4, 0.6)
    words = "contract is Month-to-month and " * 5 + "tenure <= 5.5"
    segment = Segment(name, words, "found", 77, half, 0.9, half, half, 0.001, True)
    costs = tuple(Cost(m, 123456789, 0.0123, 1.5) for m in result.kinds)
    full = replace(result, segments=(segment,), cost=costs)
    text = as_text(full)
    assert max(map(len, text.splitlines())) <= 100
    for part in ("Month-to-month", ".500 (.400 to .600)", "123,456,789", "12.3 ms"):
        assert part in text
    quiet = replace(full, segments=(replace(segment, flagged=False),))
    assert "Month-to-month" not in as_text(quiet)


def test_rows_of_the_frame_have_every_figure_of_a_model(result):
    costs = tuple(Cost(m, 5, 0.1, 1.0) for m in result.kinds)
    rows = as_rows(replace(result, cost=costs))
    assert set(rows) == {"teacher", *result.students}
    assert rows["b"]["n_bytes"] == 5 and rows["b"]["kind"] == "StudentClassifier"
    assert rows["b"]["score_low"] < rows["b"]["score"] < rows["b"]["score_high"]


def test_plain_data_keeps_structure_and_loses_nan(result):
    plain = as_plain(result)
    assert plain["students"] == list(result.students)
    assert plain["fidelity"][1]["quantiles"]["0.9"] == result.fidelity[1].quantiles[0.9]
    assert as_plain(Interval(0.5)) == {"value": 0.5, "low": None, "high": None}


def test_numbers_are_short():
    values = 0.95, -0.25, 1.0, 3542.9, 12.345, 2e-5, 0.0, 0.99999, NAN, 5e12
    shown = (
        ".950",
        "-.250",
        "1.000",
        "3,543",
        "12.35",
        "2e-05",
        ".000",
        "1.000",
        "",
        "5e+12",
    )
    assert tuple(map(figure, values)) == shown
    assert between(Interval(0.5)) == ".500"
    assert [seconds(s) for s in (2.0, 0.003, 4e-6, NAN)] == ["2 s", "3 ms", "4 µs", ""]
