"""What an estimator that holds a teacher does with it when scikit-learn handles it."""

import copy
import functools

from sklearn.base import BaseEstimator, MetaEstimatorMixin
from sklearn.frozen import FrozenEstimator
from sklearn.utils import InputTags, get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping

from ..lesson.routing import named_members
from ..tables.view import make_view
from ..teacher.members import DroppedTeacher, any_ready, is_ready, members_of
from ..teacher.pickling import check_can_be_pickled


class HoldsTeacher(MetaEstimatorMixin, BaseEstimator):
    """A model with a teacher: parameters, clones, copies, pickles, tags and routing.

    A fitted teacher is shared and never changed; an unfitted one is a parameter like
    others.
    """

    def __sklearn_clone__(self):
        """Clone all but a fitted teacher, which the clone shares.

        scikit-learn's clone would rebuild a fitted teacher unfitted. A shallow copy of
        the student holds it frozen while it is cloned; then the bare teacher goes back.
        """
        if not any_ready(self.teacher):
            return super().__sklearn_clone__()
        holder = copy.copy(self)
        holder.teacher = FrozenEstimator(self.teacher)
        twin = BaseEstimator.__sklearn_clone__(holder)
        twin.teacher = self.teacher
        return twin

    def __copy__(self):
        """Share all attributes, the teacher too: only a pickle leaves it out."""
        twin = object.__new__(type(self))
        vars(twin).update(vars(self))
        return twin

    @classmethod
    @functools.cache
    def _get_param_names(cls):
        """Names of the parameters; scikit-learn reads the signature each time."""
        return super()._get_param_names()

    def get_params(self, deep=True):
        """Return parameters by name, without those of a fitted teacher.

        Whoever sets all nested parameters of a name, as ensembles set ``random_state``,
        then leaves it alone.

        Parameters
        ----------
        deep : bool, default=True
            Whether parameters of an unfitted teacher, and of other estimators that are
            parameters, are there too, as ``teacher__*``.

        Returns
        -------
        dict
            Values by name.
        """
        params = super().get_params(deep=deep)
        if not deep or not any_ready(self.teacher):
            return params
        return {k: v for k, v in params.items() if not k.startswith("teacher__")}

    def set_params(self, **params):
        """Set parameters; those of a fitted teacher (``teacher__*``) are refused.

        Parameters
        ----------
        **params : dict
            Parameters by name.

        Returns
        -------
        object
            The student itself.

        Raises
        ------
        ValueError
            If a parameter is unknown, or would change a fitted teacher.
        """
        self._check_params(params)
        return super().set_params(**params)

    def _check_params(self, params):
        inner = sorted(name for name in params if name.startswith("teacher__"))
        teacher = params.get("teacher", self.teacher)
        if inner and (any_ready(teacher) or isinstance(teacher, list | tuple)):
            raise ValueError(
                f"{inner} cannot be set: the teacher is fitted (or a list) and is used "
                "as it is. Fit another one and set it as `teacher`; in a param grid, "
                '{"teacher": [FrozenEstimator(a), FrozenEstimator(b)]}.'
            )

    def _drops_teacher(self):
        """Whether a pickle holds a placeholder for the teacher."""
        fitted = "preprocessor_" in vars(self)
        return fitted and not self.keep_teacher and self.teacher is not None

    def __getstate__(self):
        """State for a pickle: without the teacher if ``keep_teacher=False``."""
        state = super().__getstate__()
        if self._drops_teacher():
            state = {**state, "teacher": DroppedTeacher()}
            state.pop("teacher_", None)  # of a fit that kept it
        return state

    def __reduce_ex__(self, protocol):
        """Name a teacher that cannot be pickled; a pickler names some part of it."""
        fitted = vars(self).get("teacher_")
        if not self._drops_teacher():
            check_can_be_pickled(self.teacher)
            if fitted is not self.teacher:
                check_can_be_pickled(fitted)
        return super().__reduce_ex__(protocol)

    def __sklearn_tags__(self):
        """scikit-learn's tags: what the view of X accepts."""
        tags, view = super().__sklearn_tags__(), self.preprocessor
        if isinstance(view, str):
            view = make_view(view)
        accepted = InputTags() if view is None else get_tags(view).input_tags
        tags.input_tags.sparse = accepted.sparse
        for name in ("allow_nan", "categorical", "string"):
            able = getattr(accepted, name) and teacher_has(
                self.teacher, "input_tags", name
            )
            setattr(tags.input_tags, name, able)
        return tags

    def get_metadata_routing(self):
        """Return how metadata is routed to an unfitted teacher.

        Returns
        -------
        MetadataRouter
            The student consumes ``sample_weight`` and its other arguments itself; the
            ``fit`` of an unfitted teacher gets what it requests.
        """
        router = MetadataRouter(owner=type(self).__name__).add_self_request(self)
        fits = not any_ready(self.teacher) if self.teacher is not None else False
        if self.teacher is None or not (fits or self._asking().fits_clones):
            return router
        for name, member in named_members(self.teacher):
            if hasattr(member, "get_metadata_routing"):
                mapping = MethodMapping().add(caller="fit", callee="fit")
                router.add(**{name: member}, method_mapping=mapping)
        return router


def teacher_has(teacher, group, name):
    """Return whether a tag holds for each member that is to be fitted inside.

    A pipeline's tags are not those of its steps, and a fitted member has seen its rows.

    Parameters
    ----------
    teacher : object or list of objects
        The student's parameter.
    group : str
        Such as "input_tags".
    name : str
        Name of the tag.

    Returns
    -------
    bool
        True without a teacher.
    """
    members = [] if teacher is None else members_of(teacher)
    return all(
        getattr(getattr(get_tags(member), group), name, True)
        for member in members
        if hasattr(member, "__sklearn_tags__")
        and not isinstance(member, type)  # refused by fit
        and not hasattr(member, "steps")
        and not is_ready(member)
    )
