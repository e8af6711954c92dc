"""More rows than memory: soft targets on disk, students that learn from disk, kills.

*Targets*: ``soft_targets(out=)`` of 100 LightGBM trees over Parquet of 20 columns, by
joblib and by Dask, in one process and in two: rows a second as a share of the teacher's own
bare ``predict_proba`` (of one process by the processor's time, else by the clock), and the
peak memory of the largest process. *Students*: a net that learns from
``ParquetRows`` beside one in memory: seconds of an epoch, the last training loss, and the
peak above the interpreter with torch. *A training* on two processes under torchrun,
beside one with the batch of both. *Kills*: runs over 40 fragments killed at random
moments, by two engines; a file system of a megabyte that is full; trainings and searches
with checkpoints that are killed, whose weights are then compared with those of undisturbed
runs; what a checkpoint costs.

``--most`` is the largest number of rows. Ten millions take about 25 minutes on two idle
cores, a million ten.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from benchmarks import (
    _scale_checkpoints,
    _scale_processes,
    _scale_rows,
    _scale_targets,
)
from benchmarks._report import arguments, report


def told(figures):
    """One cell of a table whose parts measure different things."""
    texts = (
        f"{name}: {value:.3g}" if isinstance(value, float) else f"{name}: {value}"
        for name, value in figures.items()
        if value != ""
    )
    return "; ".join(texts)


def lines(part, rows, case):
    """The table's lines of a part; ``case`` are the names that say which each is."""
    for row in rows:
        of_case = " ".join(str(row.pop(name)) for name in case)
        yield {"part": part, "case": of_case, "figures": told(row)}


def main():
    options = arguments(__doc__, most=10_000_000)
    sizes = [n for n in (10_000, 100_000, 1_000_000, 10_000_000) if n <= options.most]
    sizes = sizes[:1] if options.quick else sizes
    quick = options.quick
    found = [
        ("targets", _scale_targets.rate_rows(sizes), ["rows", "engine", "processes"]),
        ("students", _scale_rows.rows_from_disk(sizes), ["rows", "from"]),
        ("a training", _scale_processes.rows(quick), ["what"]),
        ("kills of targets", _scale_targets.kill_rows(quick), ["engine"]),
        ("full disk", _scale_targets.full_disk_rows(), []),
        ("checkpoints", _scale_checkpoints.rows(quick), ["what"]),
    ]
    rows = [line for each in found for line in lines(*each)]
    packages = ("pyarrow", "distributed")
    report("scale", "More rows than memory", rows, save=not quick, packages=packages)


if __name__ == "__main__":
    main()
