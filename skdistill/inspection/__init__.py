"""Reading a fitted student."""

from .counterfactuals import counterfactual
from .explanation import explain
from .filters import plot_gate_filters
from .graphviz import export_graphviz
from .page import export_html
from .picture import plot_tree
from .text import export_text

__all__ = [
    "counterfactual",
    "explain",
    "export_graphviz",
    "export_html",
    "export_text",
    "plot_gate_filters",
    "plot_tree",
]
