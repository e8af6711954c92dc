"""What the members of an unfitted teacher get in their fit besides X and y."""

from sklearn.utils import metadata_routing

from ..teacher.members import accepts_sample_weight, members_of
from ..warn import warn


def fit_params(owner, teacher, sample_weight, rows=None):
    """What each member's ``fit`` on some rows gets besides X and y.

    Parameters
    ----------
    owner : estimator
        The student, whose metadata is routed.
    teacher : object or list of objects
        Its parameter.
    sample_weight : ndarray of shape (n,) or None
        Of all rows.
    rows : ndarray, default=None
        Places of the rows of this fit; None for all.

    Returns
    -------
    list of dict
        In the order of the members.
    """
    members = members_of(teacher)
    if rows is not None and sample_weight is not None:
        sample_weight = sample_weight[rows]
    if metadata_routing._routing_enabled():
        routed = metadata_routing.process_routing(
            owner, "fit", sample_weight=sample_weight
        )
        names = [name for name, _ in named_members(teacher)]
        return [routed[name].fit if name in routed else {} for name in names]
    if sample_weight is None:
        return [{} for _ in members]
    for member in members:
        if not accepts_sample_weight(member):
            warn(
                f"teacher={member!r} does not take sample_weight and is fitted "
                "without; the student uses it."
            )
    weights = {"sample_weight": sample_weight}
    return [weights if accepts_sample_weight(m) else {} for m in members]


def named_members(teacher):
    """The members of a teacher, with the names by which metadata is routed to them.

    Parameters
    ----------
    teacher : object or list of objects
        The student's parameter.

    Returns
    -------
    list of (str, object)
        "teacher", or "teacher_0" and so on for a list.
    """
    members = members_of(teacher)
    if not isinstance(teacher, list | tuple):
        return [("teacher", members[0])]
    return [(f"teacher_{i}", member) for i, member in enumerate(members)]
