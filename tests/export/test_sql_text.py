"""Numbers and strings as SQL has them."""

import sqlite3

import duckdb
import numpy as np
import pytest

from skdistill.export.hostile import UNSEEN
from skdistill.export.sql.plan import DIALECTS
from skdistill.export.sql.text import number, total


def asked(dialect, texts):
    connect = duckdb.connect if dialect == "duckdb" else sqlite3.connect
    con = connect(":memory:")
    rows = con.execute(f"SELECT {', '.join(texts)}").fetchall()
    con.close()
    return rows[0]


def hard_numbers():
    random = np.random.default_rng(0)
    bits = random.integers(-(2**63), 2**63 - 1, size=500).view(np.float64)
    plain = random.normal(size=500) * 10.0 ** random.integers(-6, 7, size=500)
    some = [0.1, 2.5, -0.0, 5e-324, 2.0**-1060, 1.7976931348623157e308, 1e22, -1e300]
    return np.concatenate([bits[np.isfinite(bits)], plain, np.round(plain, 3), some])


@pytest.mark.parametrize("name", ["duckdb", "sqlite"])
def test_numbers_are_exact(name):
    numbers = hard_numbers()
    for some in np.array_split(numbers, 10):
        texts = [DIALECTS[name].exactly(x) for x in some.tolist()]
        np.testing.assert_array_equal(asked(name, texts), some)


def test_short_numbers_are_short():
    assert number(16.5) == "16.5e0"
    assert number(-2.0) == "-2e0"
    assert DIALECTS["sqlite"].exactly(16.5) == "16.5e0"
    assert DIALECTS["sqlite"].exactly(0.1).endswith("/ 36028797018963968.0)")


@pytest.mark.parametrize("name", ["duckdb", "sqlite"])
@pytest.mark.parametrize("text", [UNSEEN, "", "it's", "a\\", '"q"', "日本 ©", "\r\n%s"])
def test_strings(name, text):
    assert asked(name, [DIALECTS[name].string(text)]) == (text,)


@pytest.mark.parametrize("name", ["duckdb", "sqlite"])
def test_long_sums_are_not_deep(name):
    assert asked(name, [total([number(1)] * 5000), total([])]) == (5000, 0)
    largest = DIALECTS[name].largest([number(x) for x in range(3000)])
    assert asked(name, [largest]) == (2999,)
