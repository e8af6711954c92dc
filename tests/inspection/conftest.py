"""Axes to draw on, which are then drawn."""

import io

import pytest


@pytest.fixture
def ax(pyplot):
    figure = pyplot.figure(figsize=(8, 5))
    yield figure.gca()
    figure.savefig(io.BytesIO(), format="png")
