"""Reports that take no longer than they must."""

import pytest


@pytest.fixture(scope="module")
def quick_sections():
    """Few calls for what takes calls; tests of these sections have files of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("skdistill.report.costs._CALLS", 1)
        patch.setattr("skdistill.report.costs._SLOW", 0.0)
        patch.setattr("skdistill.report.importance._REPEATS", 1)
        patch.setattr("skdistill.report.importance._ROWS", 60)
        patch.setattr("skdistill.report.importance._SECONDS", 1e9)
        yield
