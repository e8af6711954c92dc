"""Errors about rows on disk name them, and stay what they are."""

import pytest

from skdistill.disk.naming import naming


@pytest.mark.parametrize("kind", [ValueError, TypeError])
def test_the_message_begins_with_the_label(kind):
    cause = kind("no good")
    with pytest.raises(kind, match=r"^rows-1\.parquet: no good$") as raised:
        with naming("rows-1.parquet"):
            raise cause
    assert raised.value.__cause__ is cause


def test_errors_of_others_keep_their_type_and_words():
    with pytest.raises(ArithmeticError) as raised:
        with naming("rows-1.parquet"):
            raise ArithmeticError("never")
    assert str(raised.value) == "never"
    assert "rows-1.parquet" in raised.value.__notes__[0]
