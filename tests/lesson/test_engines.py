"""Engines that run tasks elsewhere: processes of joblib, Dask and Ray; and kills."""

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import killed_runs
import numpy as np
import pandas as pd
import pytest
from rows_on_disk import mixed_frame, written

from skdistill import soft_targets as _soft_targets

FRAME, _ = mixed_frame(800)
ROOT = Path(__file__).parents[2]


@pytest.fixture
def rows(tmp_path):
    return written(FRAME, tmp_path / "rows", 40)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "targets"


def soft_targets(*args, **options):
    """Classes are named: otherwise the teacher would be tried in this process."""
    return _soft_targets(*args, classes=["no", "yes"], **options)


def logistic(X):
    p = 1 / (1 + np.exp(-X["a"].to_numpy()))
    return np.column_stack([1 - p, p])


def assert_all_there(out, n_parts=40):
    np.testing.assert_array_equal(
        pd.read_parquet(out), logistic(FRAME).astype("float32")
    )
    assert len(list(out.glob("part-*"))) == n_parts
    assert (out / "_SUCCESS").exists()
    assert not list(out.glob("*.tmp")) and not list(out.glob(".*.tmp"))


def by_code(kills=None, n_bad=None):
    """A teacher that workers take by its code: no module of theirs has it.

    `kills` is a file; while it is there, whoever asks first removes it and is killed.
    """

    def teacher(X):
        if n_bad is not None and len(X) == n_bad:
            raise ArithmeticError("this one never")
        if kills is not None and os.path.exists(kills):
            os.unlink(kills)
            os.kill(os.getpid(), signal.SIGKILL)
        p = 1 / (1 + np.exp(-X["a"].to_numpy()))
        return np.column_stack([1 - p, p])

    return teacher


@pytest.fixture
def quiet_workers():
    """What libraries say of workers that are killed, and of files at their end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        warnings.filterwarnings("ignore", "A worker stopped")
        yield


@pytest.mark.slow
def test_processes_of_joblib_and_one_that_is_killed(rows, out, tmp_path, quiet_workers):
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    kills = tmp_path / "kills"
    kills.touch()
    teacher = by_code(str(kills))
    # The whole pool breaks; what it has done stays, and the next run does the rest.
    with pytest.raises(TerminatedWorkerError):
        soft_targets(teacher, rows, out=out, n_jobs=2)
    assert len(list(out.glob("part-*"))) < 40
    soft_targets(teacher, rows, out=out, n_jobs=2)
    assert_all_there(out)


def test_an_error_in_a_process_of_joblib_names_the_fragment(rows, out):
    FRAME[:7].to_parquet(rows / "rows-039a.parquet")
    message = "No answer about 1 of 41.*rows-039a.parquet: ArithmeticError: this one"
    with pytest.raises(RuntimeError, match=message) as raised:
        soft_targets(by_code(n_bad=7), rows, out=out, n_jobs=2)
    notes = "\n".join(raised.value.__cause__.__notes__)
    assert "in teacher" in notes  # where it arose
    assert len(list(out.glob("part-*"))) == 40


def run_script(*arguments):
    """The numbers that the script prints, line by line."""
    done = subprocess.run(
        [sys.executable, killed_runs.__file__, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        capture_output=True,
        text=True,
        check=True,
    )
    return [list(map(int, line.split())) for line in done.stdout.splitlines()]


@pytest.mark.slow
def test_two_processes_on_one_folder_do_nothing_twice(rows, out):
    asked = run_script("twice", rows, out)
    assert sum(n for (n,) in asked) == 800
    assert_all_there(out)


def test_runs_that_are_killed_at_any_step_lose_nothing(rows, out):
    """Nine runs are killed, each at another step; a tenth does what is missing."""
    lines = run_script("killed", rows, out)
    *killed, last = lines
    assert [status for status, *_ in killed] == [signal.SIGKILL] * len(killed)
    assert [complete for *_, complete in killed] == [0] * len(killed)
    n_parts = [n for _, n, _ in lines]
    assert n_parts == sorted(n_parts)
    assert n_parts[:7] == [0, 0, 4, 5, 10, 14, 14]
    assert last == [0, 40, 1]
    assert_all_there(out)


@pytest.fixture(scope="module")
def client():
    """A real cluster: a scheduler and one worker, each a process of its own."""
    distributed = pytest.importorskip("distributed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with (
            distributed.LocalCluster(
                n_workers=1, threads_per_worker=2, dashboard_address=":0"
            ) as cluster,
            distributed.Client(cluster, set_as_default=False) as client,
        ):
            yield client


def test_a_dask_client(rows, out, client, quiet_workers):
    soft_targets(by_code(), rows, out=out, engine=client)
    assert_all_there(out)


def test_an_error_on_a_worker_of_dask_names_the_fragment(
    rows, out, client, quiet_workers
):
    FRAME[:7].to_parquet(rows / "rows-039a.parquet")
    with pytest.raises(
        RuntimeError, match="No answer about 1 of 41.*rows-039a.parquet"
    ):
        soft_targets(by_code(n_bad=7), rows, out=out, engine=client)
    assert len(list(out.glob("part-*"))) == 40


def test_a_teacher_that_no_worker_can_be_sent(rows, out, client):
    lock = threading.Lock()

    def teacher(X):
        with lock:
            return logistic(X)

    with pytest.raises(TypeError, match="cannot be sent to other processes"):
        soft_targets(teacher, rows, out=out, engine=client)
    assert not list(out.glob("part-*")) and not list(out.glob(".*.tmp"))
    soft_targets(teacher, rows, out=out.with_name("here"))  # this process can
    assert_all_there(out.with_name("here"))


@pytest.mark.slow
def test_workers_of_dask_that_come_later_have_work(rows, out, tmp_path, quiet_workers):
    distributed = pytest.importorskip("distributed")
    asked = tmp_path / "asked"
    asked.mkdir()
    folder = str(asked)

    def slow(X):
        start = time.monotonic()
        time.sleep(0.2)
        times = f"{start} {time.monotonic()}"
        Path(folder, uuid.uuid4().hex).write_text(times)
        p = 1 / (1 + np.exp(-X["a"].to_numpy()))
        return np.column_stack([1 - p, p])

    how = {"processes": False, "threads_per_worker": 1, "dashboard_address": ":0"}
    with (
        distributed.LocalCluster(n_workers=1, **how) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
        ThreadPoolExecutor(1) as runs,
    ):
        run = runs.submit(soft_targets, slow, rows, out=out, engine=client)
        while not list(asked.iterdir()) and not run.done():
            time.sleep(0.01)
        cluster.scale(5)
        run.result()
    spans = [list(map(float, path.read_text().split())) for path in asked.iterdir()]
    at_once = [sum(low <= start < high for low, high in spans) for start, _ in spans]
    assert max(at_once) > 2  # as many as were given to one worker at a time
    assert_all_there(out)


@pytest.mark.slow  # a worker is started twice
def test_a_worker_of_dask_that_is_killed_is_replaced(
    rows, out, client, tmp_path, quiet_workers
):
    """The new worker gets the teacher too, though it was not there at the start."""
    kills = tmp_path / "kills"
    kills.touch()
    soft_targets(by_code(str(kills)), rows, out=out, engine=client)
    assert not kills.exists()
    assert_all_there(out)


@pytest.mark.slow  # a cluster of its own
def test_dask_starts_a_cluster_if_there_is_none(rows, out, quiet_workers):
    pytest.importorskip("distributed")
    soft_targets(by_code(), rows, out=out, engine="dask", n_jobs=2)
    assert_all_there(out)


@pytest.mark.ray
@pytest.mark.slow
def test_ray(rows, out, tmp_path, quiet_workers):
    ray = pytest.importorskip("ray")
    kills = tmp_path / "kills"
    kills.touch()
    warnings.simplefilter("ignore")
    soft_targets(by_code(str(kills)), rows, out=out, engine="ray", n_jobs=2)
    assert not kills.exists()
    assert_all_there(out)
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        plan = ray.data.read_parquet(str(rows))
        soft_targets(by_code(), plan, out=tmp_path / "from", engine="ray")
        assert ray.is_initialized()
    finally:
        ray.shutdown()
    answer = pd.read_parquet(tmp_path / "from")
    expected = logistic(pd.read_parquet(tmp_path / "from.rows")).astype("float32")
    np.testing.assert_array_equal(answer, expected)
    assert len(answer) == 800
