"""Any fitted model into a small one, behind scikit-learn's interface.

The public names are loaded on first use, so that ``import skdistill`` costs next to
nothing and imports neither torch nor skorch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0.dev0"

_HOMES = {
    "Munge": "samplers",
    "Mixup": "samplers",
    "GaussianNoise": "samplers",
    "DistillationSearchCV": "model_selection",
    "FixedRows": "transfer",
    "ConditionalSampler": "samplers",
    "Bootstrap": "samplers",
    "PiecewiseLinear": "modules.embeddings",
    "Periodic": "modules.embeddings",
    "HalvingDistillationSearchCV": "model_selection",
    "HardDecisionTreeClassifier": "students.hard_tree",
    "HardDecisionTreeRegressor": "students.hard_tree",
    "NeuralStudentClassifier": "students.neural",
    "NeuralStudentRegressor": "students.neural",
    "SoftDecisionTreeClassifier": "students.soft_tree",
    "SoftDecisionTreeRegressor": "students.soft_tree",
    "StudentClassifier": "students.surrogate",
    "StudentRegressor": "students.surrogate",
    "counterfactual": "inspection",
    "explain": "inspection",
    "export_graphviz": "inspection",
    "export_text": "inspection",
    "plot_gate_filters": "inspection",
    "plot_tree": "inspection",
    "smallest_student": "smallest",
    "soft_targets": "knowledge",
}

__all__ = sorted(_HOMES)

if TYPE_CHECKING:
    from .inspection import counterfactual as counterfactual
    from .inspection import explain as explain
    from .inspection import export_graphviz as export_graphviz
    from .inspection import export_text as export_text
    from .inspection import plot_gate_filters as plot_gate_filters
    from .inspection import plot_tree as plot_tree
    from .knowledge import soft_targets as soft_targets
    from .model_selection import DistillationSearchCV as DistillationSearchCV
    from .model_selection import (
        HalvingDistillationSearchCV as HalvingDistillationSearchCV,
    )
    from .modules.embeddings import (
        Periodic as Periodic,
    )
    from .modules.embeddings import (
        PiecewiseLinear as PiecewiseLinear,
    )
    from .samplers import Bootstrap as Bootstrap
    from .samplers import ConditionalSampler as ConditionalSampler
    from .samplers import GaussianNoise as GaussianNoise
    from .samplers import Mixup as Mixup
    from .samplers import Munge as Munge
    from .smallest import smallest_student as smallest_student
    from .students.hard_tree import (
        HardDecisionTreeClassifier as HardDecisionTreeClassifier,
    )
    from .students.hard_tree import (
        HardDecisionTreeRegressor as HardDecisionTreeRegressor,
    )
    from .students.neural import (
        NeuralStudentClassifier as NeuralStudentClassifier,
    )
    from .students.neural import (
        NeuralStudentRegressor as NeuralStudentRegressor,
    )
    from .students.soft_tree import (
        SoftDecisionTreeClassifier as SoftDecisionTreeClassifier,
    )
    from .students.soft_tree import (
        SoftDecisionTreeRegressor as SoftDecisionTreeRegressor,
    )
    from .students.surrogate import (
        StudentClassifier as StudentClassifier,
    )
    from .students.surrogate import (
        StudentRegressor as StudentRegressor,
    )
    from .transfer import FixedRows as FixedRows


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module 'skdistill' has no attribute {name!r}")
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__})
