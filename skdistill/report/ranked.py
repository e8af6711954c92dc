"""Segments in the order in which they deserve to be read."""

import math


def ranked_segments(segments, decides):
    """Return segments, those that are flagged first, then the worst.

    Parameters
    ----------
    segments : iterable of Segment
        Of one student.
    decides : bool
        Whether agreement is a share of decisions; else a distance.

    Returns
    -------
    list of Segment
        In order.
    """
    return sorted(segments, key=lambda segment: _rank(segment, decides))


def _rank(segment, decides):
    value = segment.agreement.value if decides else -segment.agreement.value
    return not segment.flagged, value if math.isfinite(value) else math.inf
