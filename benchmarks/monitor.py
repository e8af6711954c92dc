"""How often a monitor cries wolf, and how late it is, beside ADWIN of river.

The student differs from its teacher on 4 % of rows, in the report and in the stream, for
10,000 rows; then on 8 %, after 2,000 rows of the first rate. Rows are independent; the
report is drawn anew for each stream. ADWIN knows no report: it is given 1 where the answers
differ. It also alarms where the share falls.
Delays are of the streams without an earlier alarm; one that is not found within 4,000 rows
counts as 4,000. Alarms are kept in ``SKDISTILL_CACHE`` (default ``.cache``).
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import json
import re
from functools import partial
from pathlib import Path

import numpy as np
from river.drift import ADWIN

from benchmarks._report import arguments, report, rounded
from skdistill import FidelityMonitor

BEFORE, AFTER, CHANGE, LENGTH, MOST = 0.04, 0.08, 2000, 10_000, 4000
REPORTS = (5000,)  # rows
DELTAS = 0.002, 0.05  # of ADWIN: its default, and the monitor's alpha


def by_monitor(x, random, n, reference):
    """The row of the alarm; one beyond the stream without one."""
    agreement = 1 - random.binomial(n, BEFORE) / n
    monitor = FidelityMonitor((agreement, n), reference=reference)
    monitor.update(x, np.zeros_like(x))
    return monitor.alarm_row or len(x) + 1


def by_adwin(x, random, delta):
    """The same of ADWIN."""
    detector = ADWIN(delta=delta)
    for i, each in enumerate(x):
        detector.update(int(each))
        if detector.drift_detected:
            return i + 1
    return len(x) + 1


def one_stream(watch, seed, rates):
    random = np.random.default_rng(seed)
    return watch((random.random(len(rates)) < rates).astype(int), random)


def alarms(name, watch, n_streams, rates):
    """The row of the alarm in each stream, computed once."""
    folder = Path(os.environ.get("SKDISTILL_CACHE", ".cache"))
    words = re.sub(r"\W+", "_", f"monitor_{name}_{rates[-1]}_{n_streams}")
    path = folder / f"{words}.json"
    if not path.is_file():
        found = [one_stream(watch, seed, rates) for seed in range(n_streams)]
        folder.mkdir(exist_ok=True)
        path.write_text(json.dumps(found))
    return np.array(json.loads(path.read_text()))


def measured(name, watch, n_streams):
    """False alarms and delays of one watcher."""
    quiet = alarms(name, watch, n_streams, np.full(LENGTH, BEFORE))
    rates = np.repeat([BEFORE, AFTER], [CHANGE, MOST])
    found = alarms(name, watch, max(20, n_streams // 3), rates)
    late = np.minimum(found[found > CHANGE] - CHANGE, MOST)
    return {
        "watcher": name,
        "alarms without change, %": rounded(100 * (quiet <= LENGTH).mean()),
        "before the change, %": rounded(100 * (found <= CHANGE).mean()),
        "delay, median": rounded(np.median(late)),
        "mean": rounded(late.mean()),
        "90 %": rounded(np.quantile(late, 0.9)),
        "not in 4,000 rows, %": rounded(100 * (found > len(rates)).mean()),
    }


def main():
    options = arguments(__doc__, streams=1000, only="")
    n = 20 if options.quick else options.streams
    watchers = {
        f"{reference}, report of {rows:,} rows": partial(
            by_monitor, n=rows, reference=reference
        )
        for rows in REPORTS
        for reference in ("growing", "report")
    }
    for delta in DELTAS:
        watchers[f"ADWIN, delta={delta:g}"] = partial(by_adwin, delta=delta)
    chosen = [name for name in watchers if options.only in name]
    rows = [measured(name, watchers[name], n) for name in chosen]
    title = f"4 % of rows differ, then 8 % after {CHANGE:,} rows; {n:,} streams"
    report(
        "monitor",
        title,
        rows,
        save=not (options.only or options.quick),
        packages=["river"],
    )


if __name__ == "__main__":
    main()
