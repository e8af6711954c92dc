"""Any fitted model into a small one, behind scikit-learn's interface.

The public names are loaded on first use, so that ``import skdistill`` costs next to
nothing and imports neither torch nor skorch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

_HOMES = {
    "Bootstrap": "transfer.samplers",
    "Checkpoint": "training.checkpoints",
    "ConditionalSampler": "transfer.samplers",
    "ConformalStudent": "report.conformal",
    "DisagreementDisplay": "report.displays.disagreement",
    "DistillationReport": "report.report",
    "DistillationSearchCV": "search.grid",
    "FidelityDisplay": "report.displays.fidelity",
    "FidelityMonitor": "report.drift",
    "FixedRows": "transfer.drawn",
    "GaussianNoise": "transfer.samplers",
    "HalvingDistillationSearchCV": "search.grid",
    "HardDecisionTreeClassifier": "students.hard_tree",
    "HardDecisionTreeRegressor": "students.hard_tree",
    "HistoryDisplay": "report.displays.history",
    "InContext": "teacher.context",
    "Mixup": "transfer.samplers",
    "Munge": "transfer.samplers",
    "NeuralStudentClassifier": "students.net",
    "NeuralStudentRegressor": "students.net",
    "ParquetRows": "disk.rows",
    "Periodic": "modules.embeddings",
    "PiecewiseLinear": "modules.embeddings",
    "ScoreDrift": "report.drift",
    "SizeDisplay": "report.displays.size",
    "SoftDecisionTreeClassifier": "students.soft_tree",
    "SoftDecisionTreeRegressor": "students.soft_tree",
    "StudentClassifier": "students.estimator",
    "StudentRegressor": "students.estimator",
    "TextClassifier": "students.text",
    "TextReplacement": "transfer.texts",
    "TextStudentClassifier": "students.text",
    "TextStudentRegressor": "students.text",
    "all_counterfactuals": "inspection",
    "counterfactual": "inspection",
    "explain": "inspection",
    "export_graphviz": "inspection",
    "export_html": "inspection",
    "export_rules": "inspection",
    "export_text": "inspection",
    "importances": "inspection",
    "plot_gate_filters": "inspection",
    "plot_tree": "inspection",
    "prune": "students.shrinking",
    "quantize": "students.shrinking",
    "show_versions": "versions",
    "smallest_student": "search.smallest",
    "soft_targets": "lesson.soft_targets",
}

__all__ = sorted(_HOMES)

if TYPE_CHECKING:
    from .disk.rows import ParquetRows as ParquetRows
    from .inspection import all_counterfactuals as all_counterfactuals
    from .inspection import counterfactual as counterfactual
    from .inspection import explain as explain
    from .inspection import export_graphviz as export_graphviz
    from .inspection import export_html as export_html
    from .inspection import export_rules as export_rules
    from .inspection import export_text as export_text
    from .inspection import importances as importances
    from .inspection import plot_gate_filters as plot_gate_filters
    from .inspection import plot_tree as plot_tree
    from .lesson.soft_targets import soft_targets as soft_targets
    from .modules.embeddings import Periodic as Periodic
    from .modules.embeddings import PiecewiseLinear as PiecewiseLinear
    from .report.conformal import ConformalStudent as ConformalStudent
    from .report.displays.disagreement import DisagreementDisplay as DisagreementDisplay
    from .report.displays.fidelity import FidelityDisplay as FidelityDisplay
    from .report.displays.history import HistoryDisplay as HistoryDisplay
    from .report.displays.size import SizeDisplay as SizeDisplay
    from .report.drift import FidelityMonitor as FidelityMonitor
    from .report.drift import ScoreDrift as ScoreDrift
    from .report.report import DistillationReport as DistillationReport
    from .search.grid import DistillationSearchCV as DistillationSearchCV
    from .search.grid import HalvingDistillationSearchCV as HalvingDistillationSearchCV
    from .search.smallest import smallest_student as smallest_student
    from .students.estimator import StudentClassifier as StudentClassifier
    from .students.estimator import StudentRegressor as StudentRegressor
    from .students.hard_tree import (
        HardDecisionTreeClassifier as HardDecisionTreeClassifier,
    )
    from .students.hard_tree import (
        HardDecisionTreeRegressor as HardDecisionTreeRegressor,
    )
    from .students.net import NeuralStudentClassifier as NeuralStudentClassifier
    from .students.net import NeuralStudentRegressor as NeuralStudentRegressor
    from .students.shrinking import prune as prune
    from .students.shrinking import quantize as quantize
    from .students.soft_tree import (
        SoftDecisionTreeClassifier as SoftDecisionTreeClassifier,
    )
    from .students.soft_tree import (
        SoftDecisionTreeRegressor as SoftDecisionTreeRegressor,
    )
    from .students.text import TextClassifier as TextClassifier
    from .students.text import TextStudentClassifier as TextStudentClassifier
    from .students.text import TextStudentRegressor as TextStudentRegressor
    from .teacher.context import InContext as InContext
    from .training.checkpoints import Checkpoint as Checkpoint
    from .transfer.drawn import FixedRows as FixedRows
    from .transfer.samplers import Bootstrap as Bootstrap
    from .transfer.samplers import ConditionalSampler as ConditionalSampler
    from .transfer.samplers import GaussianNoise as GaussianNoise
    from .transfer.samplers import Mixup as Mixup
    from .transfer.samplers import Munge as Munge
    from .transfer.texts import TextReplacement as TextReplacement
    from .versions import show_versions as show_versions


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module 'skdistill' has no attribute {name!r}")
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__})
