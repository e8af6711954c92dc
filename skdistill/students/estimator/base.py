"""What the students share that are scikit-learn estimators."""

from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline
from sklearn.tree import BaseDecisionTree
from sklearn.utils._param_validation import HasMethods
from sklearn.utils.validation import check_is_fitted

from ...learners.estimator import EstimatorLearner
from ...learners.estimator_model import EstimatorModel
from ...tables.view import apply_view, reads_tables
from ..base import BaseStudent
from ..single_tree import readable_tree, single_tree


class SurrogateStudent(BaseStudent):
    """What the two students share that are scikit-learn estimators."""

    _parameter_constraints: dict = {
        "student": [HasMethods(["fit"]), None],
        "random_state": ["random_state"],
    }
    _checks_rows = False  # the estimator itself will check them
    _default = None  # the class of the tree that student=None stands for

    def _estimator(self):
        """The student, or the tree that None stands for."""
        if self.student is not None:
            return self.student
        return self._default(max_leaf_nodes=32, min_weight_fraction_leaf=0.01)

    @property
    def _scales_view(self):
        # Trees of plain tests read best in the columns' units.
        return not isinstance(self._estimator(), BaseDecisionTree)

    def _see(self, rows):
        """What a pipeline would hand the student."""
        view = self.preprocessor_
        if reads_tables(view):
            return apply_view(view, rows)
        return rows if view is None else view.transform(rows)

    def _learner(self):
        params = self.get_params(deep=False)
        return EstimatorLearner(params, self._task, self._see, self._estimator())

    def _settle(self, model, lesson):
        view = self.preprocessor_
        steps = [("view", view), ("model", model.estimator)]
        self.student_ = model.estimator if view is None else Pipeline(steps)
        self._is_of_logits, self._known = model.of_logits, model.known
        is_tree = isinstance(model.estimator, BaseDecisionTree)
        self._told = single_tree(self, model, lesson) if is_tree else None
        if is_classifier(self):
            self.label_error_ = model.label_error

    def _model(self):
        check_is_fitted(self)
        fitted = self.student_
        if self.preprocessor_ is not None:
            fitted = fitted["model"]
        return EstimatorModel(fitted, self._task, self._is_of_logits, known=self._known)

    def _readable(self):
        if self._told is None:
            return super()._readable()
        return readable_tree(self, self._model(), self._told)

    def _check_params(self, params):
        super()._check_params(params)
        inner = [name for name in params if name.startswith("student__")]
        if inner and params.get("student", self.student) is None:
            raise ValueError(
                f"{inner} cannot be set: student=None stands for a default tree. Give "
                "one, such as student=DecisionTreeClassifier()."
            )
