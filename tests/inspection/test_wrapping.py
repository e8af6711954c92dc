"""Lines for narrow boxes."""

import pytest
from named_trees import AS_THEY_ARE

from skdistill.inspection.wrapping import wrapped

LINES = [
    "0.26 * worst texture - 17.4 * mean concave points <= -13.3 [+ 27 smaller terms]",
    "class: versicolor 0.907, virginica 0.0932, setosa 3.46e-07",
    "Yes 63 %  (11.5 % of rows, n = 540)",
    "mean_fractal_dimension_of_the_cells > 0.00319",
    "meanFractalDimension/OfTheCells:that.were.lookedAt <= 1,000.5",
    "",
    *AS_THEY_ARE,
]


@pytest.mark.parametrize("columns", [1, 8, 12, 20, 200])
@pytest.mark.parametrize("line", LINES, ids=ascii)
def test_only_white_space_changes(line, columns):
    text = wrapped([line, line], columns)
    assert "".join(text.split()) == "".join((line + line).split())
    if columns == 200:
        assert text.split("\n")[0].rstrip() == line


@pytest.mark.parametrize("columns", [12, 20, 30])
@pytest.mark.parametrize("line", LINES[:5])
def test_signs_stay_with_their_numbers(line, columns):
    for row in wrapped([line], columns).split("\n"):
        words = row.split()
        assert words[-1] not in {"<=", ">", "*", "-", "+", "[+"}
        assert words[0] not in {"%", "*"} and len(row) <= 36


def test_lines_end_where_items_do():
    text = wrapped(["class: red 0.5, dark blue 0.3, light blue 0.2"], 16)
    assert text == "class: red 0.5,\ndark blue 0.3,\nlight blue 0.2"
    text = wrapped(["1.5 * age + 2.5 * years of school <= 3"], 20)
    assert text == "1.5 * age\n+ 2.5 * years of\nschool <= 3"


def test_long_names_break_where_a_part_ends():
    assert wrapped(["mean_distance_to_the_station"], 15) == (
        "mean_distance_\nto_the_station"
    )
