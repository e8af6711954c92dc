"""Soft targets on disk: rows a second against the bare teacher, memory, and kills.

Each run is a process of its own, whose peak of memory, and that of each of its workers, is
the kernel's (``VmHWM``). The bare teacher answers in the same process, before the run, for
the same rows in one frame (a million of them at most): batches as large as can be. Rates
are the better of two runs where there are a million rows.
The share of one process is of the processor's time, which other work on the machine does
not move; that of several is of the clock's.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from lightgbm import LGBMClassifier

from benchmarks._scale_memory import peak_mb
from skdistill import soft_targets

N_COLUMNS = 20
MOST_IN_MEMORY = 1_000_000  # rows about which the bare teacher is asked at once
RUNS = (("joblib", 1), ("joblib", 2), ("dask", 1), ("dask", 2))
FRAGMENT = 100_000


def made_rows(n, folder, n_files):
    """Files of rows, each drawn by itself."""
    folder.mkdir(parents=True)
    for i, size in enumerate(map(len, np.array_split(np.empty(n), n_files))):
        X = np.random.default_rng(i).normal(size=(size, N_COLUMNS))
        names = [f"x{j}" for j in range(N_COLUMNS)]
        pd.DataFrame(X, columns=names).to_parquet(folder / f"rows-{i:05d}.parquet")
    return folder


def fitted_teacher(n_trees=100):
    X = np.random.default_rng(99).normal(size=(5_000, N_COLUMNS))
    y = X[:, 0] * X[:, 1] + X[:, 2] + np.sin(3 * X[:, 3]) > 0
    X = pd.DataFrame(X, columns=[f"x{j}" for j in range(N_COLUMNS)])
    return LGBMClassifier(n_estimators=n_trees, verbose=-1, n_jobs=1).fit(X, y)


def descendants(process):
    """Numbers of all processes that come from one, by whatever thread."""
    children = []
    for thread in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            children += map(int, thread.read_text().split())
        except OSError:  # it has just ended
            continue
    return children + [each for child in children for each in descendants(child)]


def one_run(rows, out, engine, n_jobs):
    """In a process of its own: seconds of the bare teacher and of the run."""
    teacher = fitted_teacher()
    files = sorted(Path(rows).iterdir())
    bare = _bare(teacher, files[: MOST_IN_MEMORY // FRAGMENT])
    soft_targets(teacher, files[0], out=f"{out}.first", n_jobs=1)  # imports
    n_jobs, client = int(n_jobs), None
    if (
        engine == "dask"
    ):  # a cluster is there before rows come; so are joblib's processes
        from distributed import Client, LocalCluster

        workers = {"n_workers": n_jobs, "threads_per_worker": 1}
        client = Client(LocalCluster(**workers, dashboard_address=":0"))
    warm = [str(files[0])] * 2
    soft_targets(
        teacher, warm, out=f"{out}.warm", engine=client or engine, n_jobs=n_jobs
    )
    shutil.rmtree(f"{out}.warm")
    how = {"out": out, "engine": client or engine, "n_jobs": n_jobs}
    seconds = _timed(lambda: soft_targets(teacher, rows, **how))
    found = {
        "workers": [peak_mb(p) for p in descendants(os.getpid())],
        "bare": bare,
        "seconds": seconds,
    }
    print(json.dumps(found))


def _bare(teacher, files):
    """Seconds a row of the teacher alone, of the clock and of the processor."""
    frame = pd.concat(map(pd.read_parquet, files))
    teacher.predict_proba(frame[:1000])
    return [s / len(frame) for s in _timed(lambda: teacher.predict_proba(frame))]


def _timed(run):
    """Seconds of the clock, and of this process."""
    start = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - start[0], time.process_time() - start[1]


def _measured(rows, n, engine, n_jobs):
    """One run in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", __name__, "run", str(rows), f"{folder}/out"]
        command += [engine, str(n_jobs)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def memory_of_one_process(rows, out):
    """The peak of a process that does nothing but the run, and before it began."""
    teacher = fitted_teacher()
    before = peak_mb(os.getpid())
    soft_targets(teacher, rows, out=out)
    print(json.dumps({"before": before, "peak": peak_mb(os.getpid())}))


def rate_rows(sizes):
    """Rates and memory, by number of rows, engine and number of processes."""
    table = []
    for n in sizes:
        with tempfile.TemporaryDirectory() as folder:
            rows = made_rows(n, Path(folder) / "rows", max(4, n // FRAGMENT))
            command = [sys.executable, "-m", __name__, "memory", str(rows)]
            done = subprocess.run(
                [*command, f"{folder}/out"], capture_output=True, text=True, check=True
            )
            memory = json.loads(done.stdout.splitlines()[-1])
            table += [_rate_row(rows, n, *each, memory) for each in RUNS]
    return table


def _rate_row(rows, n, engine, n_jobs, memory):
    alone = engine == "joblib" and n_jobs == 1
    which = int(alone)  # the clock's seconds, or the processor's
    n_runs = 2 if n == MOST_IN_MEMORY else 1
    runs = [_measured(rows, n, engine, n_jobs) for _ in range(n_runs)]
    shares = [run["bare"][which] * n / run["seconds"][which] for run in runs]
    best = runs[int(np.argmax(shares))]
    return {
        "rows": n,
        "engine": engine,
        "processes": n_jobs,
        "rows a second": round(n / best["seconds"][0]),
        "bare teacher": round(1 / best["bare"][0]),
        "share": max(shares),
        "peak MB": round(max([memory["peak"]] if alone else best["workers"])),
        "MB before": round(memory["before"]) if alone else "",
    }


class Slow:
    """A teacher slow enough to be killed at any moment of its work."""

    classes_ = np.array(["no", "yes"])

    def predict_proba(self, X):
        time.sleep(0.05)
        p = 1 / (1 + np.exp(-X["x0"].to_numpy()))
        return np.column_stack([1 - p, p])


def killed_run(rows, out, engine):
    """What is killed: a run with two processes."""
    print("begun", flush=True)
    soft_targets(Slow(), rows, out=out, engine=engine, n_jobs=2)


def kill_rows(quick=False, seed=0):
    """Kill runs over 40 fragments at random moments, with their workers or without."""

    def kills(engine):
        return _kills(engine, 3 if quick else 25, random.Random(seed))

    with ThreadPoolExecutor(2) as both:  # which wait most of the time
        return list(both.map(kills, ("joblib", "dask")))


def _kills(engine, n_kills, draw):
    """Folders are begun anew when they are complete; each is checked."""
    n_done = n_killed = n_wrong = n_half = 0
    with tempfile.TemporaryDirectory() as folder:
        rows = made_rows(4_000, Path(folder) / "rows", 40)
        expected = Slow().predict_proba(pd.read_parquet(rows)).astype(np.float32)
        out = Path(folder) / "out"
        orphans = []
        while n_killed < n_kills:
            lets_through = not _killed(rows, out, engine, draw, orphans)
            n_killed += not lets_through
            n_half += _n_unreadable(out)
            if lets_through or n_killed == n_kills:
                soft_targets(Slow(), rows, out=out)
                answer = pd.read_parquet(out).to_numpy()
                n_wrong += not np.array_equal(answer, expected)
                n_done += 1
                # They have had their time to write late; joblib's would wait for more
                # work for five minutes, each with its memory.
                while orphans:
                    _kill(orphans.pop())
                shutil.rmtree(out)
    return {
        "engine": engine,
        "kills": n_killed,
        "folders finished": n_done,
        "folders that differ": n_wrong,
        "parts half there": n_half,
    }


def _killed(rows, out, engine, draw, orphans):
    """Whether the run was killed before its end. Half the time its workers live on."""
    command = [sys.executable, "-m", __name__, "killed", str(rows), str(out), engine]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
    run.stdout.readline()
    if draw.random() < 0.75:  # while it writes; else also while it starts
        _wait_for_a_part(run, out)
        time.sleep(draw.uniform(0.0, 1.0))
    else:
        time.sleep(draw.uniform(0.0, 5.0))
    is_over = run.poll() is not None
    if not is_over:
        workers = descendants(run.pid)
        _kill(run.pid)
        if draw.random() < 0.5:
            orphans += workers
        else:
            for worker in workers:
                _kill(worker)
    run.wait()
    run.stdout.close()
    return not is_over


def _wait_for_a_part(run, out):
    before = len(list(out.glob("part-*")))
    while run.poll() is None and len(list(out.glob("part-*"))) == before:
        time.sleep(0.005)


def _kill(process):
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        pass  # it was quicker


def _n_unreadable(out):
    """Parts under their own names that cannot be read."""
    bad = 0
    for part in out.glob("part-*.parquet") if out.exists() else ():
        try:
            pd.read_parquet(part)
        except (OSError, ValueError):
            bad += 1
    return bad


def full_disk_rows():
    """A run onto a file system of a megabyte, which is then made larger; needs root."""
    with tempfile.TemporaryDirectory() as folder:
        rows = made_rows(400_000, Path(folder) / "rows", 40)
        disk = Path(folder) / "disk"
        disk.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
        if subprocess.run(mount, capture_output=True).returncode:
            return []
        try:
            return [_full_disk(rows, disk)]
        finally:
            subprocess.run(["umount", str(disk)], check=True)


def _full_disk(rows, disk):
    teacher, message = fitted_teacher(10), ""
    try:
        soft_targets(teacher, rows, out=disk / "out")
    except OSError as error:
        message = error.strerror or str(error)
    kept, half = len(list((disk / "out").glob("part-*"))), _n_unreadable(disk / "out")
    larger = ["mount", "-o", "remount,size=100m", str(disk)]
    subprocess.run(larger, check=True)
    soft_targets(teacher, rows, out=disk / "out")
    answer = pd.read_parquet(disk / "out").to_numpy()
    expected = soft_targets(teacher, pd.read_parquet(rows)).astype(np.float32)
    return {
        "error": message,
        "parts kept": kept,
        "parts half there": half,
        "folder differs": not np.array_equal(answer, expected),
    }


if __name__ == "__main__":
    # By `python -m` the module is called __main__; workers import it by its name.
    from benchmarks import _scale_targets as this

    kind, *given = sys.argv[1:]
    parts = {"run": this.one_run, "memory": this.memory_of_one_process}
    {**parts, "killed": this.killed_run}[kind](*given)
