"""Reading a fitted student."""

from .counterfactuals import all_counterfactuals, counterfactual
from .explanation import explain
from .filters import plot_gate_filters
from .graphviz import export_graphviz
from .importance import importances
from .page import export_html
from .picture import plot_tree
from .rules import export_rules
from .text import export_text

__all__ = [
    "all_counterfactuals",
    "counterfactual",
    "explain",
    "export_graphviz",
    "export_html",
    "export_rules",
    "export_text",
    "importances",
    "plot_gate_filters",
    "plot_tree",
]
