"""Soft trees of which one leaf answers, as headers of C."""

import pytest
from c_cells import CELLS, DTYPES, cell, needs_compiler, proven_in_c

pytestmark = needs_compiler


@pytest.mark.slow  # on more cases what test_matrix.py shows
@pytest.mark.parametrize("kind", ["path", "leaf"])
@pytest.mark.parametrize(("task", "table_kind"), CELLS)
def test_a_cell_of_the_matrix(kind, task, table_kind, tmp_path):
    proven_in_c(*cell(kind, task, table_kind), tmp_path, DTYPES[table_kind])
