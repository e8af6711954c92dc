"""The order of the gallery: what most people come for first."""

from pathlib import Path

ORDER = (
    # the two main ones
    "plot_distill_ensemble_into_tree.py",
    "plot_stack_into_net.py",
    # reading
    "plot_read_a_hard_tree.py",
    "plot_additive_student.py",
    "plot_gate_filters.py",
    "plot_report.py",
    # serving
    "plot_export_sql_and_c.py",
    # other teachers, other rows, other targets
    "plot_out_of_fold_files.py",
    "plot_unlabelled_rows.py",
    "plot_missing_class.py",
    "plot_distill_torch_net.py",
    "plot_text_student.py",
    "plot_quantiles.py",
    "plot_several_labels.py",
    "plot_grid_search_temperature.py",
    # large data
    "plot_rows_on_dask.py",
)


class Place:
    """A file's place, as sphinx-gallery asks for it."""

    def __init__(self, src_dir):
        pass

    def __call__(self, file):
        name = Path(file).name
        if name not in ORDER:
            raise ValueError(
                f"{name} has no place in docs/_extensions/gallery_order.py."
            )
        return ORDER.index(name)
