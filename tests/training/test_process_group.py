"""Several processes that train one student: as one process with so many times the batch."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skdistill.training import led

for _needed in ("accelerate", "pyarrow"):
    pytest.importorskip(_needed)

_SCRIPT = Path(__file__).with_name("processes_script.py")
_ROOT = _SCRIPT.parents[2]


_FORKED = str(_SCRIPT.with_name("forked_ranks.py")), "2"
_TORCHRUN = "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"


def _run(launcher, script, *arguments):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    paths = [str(_ROOT), clean.get("PYTHONPATH", "")]
    env = clean | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, *launcher, str(script), *map(str, arguments)]
    run = subprocess.run(command, env=env, capture_output=True, text=True, timeout=400)
    assert run.returncode == 0, run.stderr[-4000:]
    return run


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What each of two processes found, and what one has found by itself."""
    from processes_script import X, Y, fits

    folder = tmp_path_factory.mktemp("ranks")
    (folder / "rows").mkdir()
    frame = pd.DataFrame(X[:400], columns=[f"x{i}" for i in range(X.shape[1])])
    frame["y"] = Y[:400]
    for i in range(4):
        frame[100 * i : 100 * i + 100].to_parquet(folder / "rows" / f"{i}.parquet")
    alone = json.loads(json.dumps(dict(fits(folder))))
    _run(_FORKED, _SCRIPT, folder)
    names = (f"found-2-{rank}.json" for rank in range(2))
    return *(json.loads((folder / name).read_text()) for name in names), alone


_SAME = (
    *("Adam, weights, transfer rows", "soft tree with a penalty", "fresh rows"),
    *(
        "rows on disk",
        "fresh rows beside rows on disk",
        "kept",
        "read again",
        "after an error",
    ),
)


@pytest.mark.parametrize("name", _SAME)
def test_two_processes_do_what_one_does_with_twice_the_batch(found, name):
    first, second, alone = (each[name] for each in found)
    assert first == second  # to the bit: all have the student of the first process
    # Sums in another order: of float64, and of float32 with plain steps.
    np.testing.assert_allclose(first["p"], alone["p"], atol=1e-5)
    np.testing.assert_allclose(first["loss"], alone["loss"], rtol=1e-5)


@pytest.mark.parametrize("name", ["search", "hard tree", "targets"])
def test_what_is_not_a_single_training_is_the_same_too(found, name):
    first, second, alone = (each[name] for each in found)
    assert first == second
    np.testing.assert_allclose(first, alone, atol=0.011)  # of 100 rows a fold, one


def test_the_first_process_alone_asks_the_teacher(found):
    first, second, alone = found
    assert first["asked"] == alone["asked"] > 0
    assert second["asked"] == 0
    # Which is not sent, but is there.
    assert all(each["has its teacher"] for each in found)


def test_a_fit_without_a_seed_gives_all_the_same(found):
    assert found[0]["unseeded"] == found[1]["unseeded"]


def test_what_fails_in_one_fails_in_all(found):
    for each in found:
        assert each["diverged"].startswith("Diverged: The train loss became")
        assert "lr=1e+29" in each["diverged"]
        assert each["bad rows"].startswith("ValueError: Found input variables")
        assert each["is fitted"] is False


@pytest.fixture
def launched(monkeypatch):
    """Make it look as if a launcher had started this process."""
    led._say_that_one_was_started.cache_clear()
    for name in ("WORLD_SIZE", "LOCAL_RANK", "MASTER_PORT", led.ALONE):
        monkeypatch.delenv(name, raising=False)
    yield lambda **environ: [monkeypatch.setenv(k, v) for k, v in environ.items()]
    led._say_that_one_was_started.cache_clear()


def test_an_ordinary_process_is_no_rank(launched):
    assert led.process_group() is None
    launched(LOCAL_RANK="0", WORLD_SIZE="1")
    assert led.process_group() is None


def test_each_may_fit_by_itself(launched):
    launched(LOCAL_RANK="0", WORLD_SIZE="2", SKDISTILL_ALONE="1")
    assert led.process_group() is None


def test_a_launcher_that_has_started_one_process_is_told(launched):
    launched(ACCELERATE_MIXED_PRECISION="no", MASTER_PORT="29500")
    with pytest.warns(
        UserWarning, match="asked for several processes, and has started"
    ):
        assert led.process_group() is None
    assert led.process_group() is None  # said once


def test_what_is_missing_is_named(launched, monkeypatch):
    launched(LOCAL_RANK="0", WORLD_SIZE="2")
    monkeypatch.setattr(led, "_NEEDS", ("no_such_package",))
    led._joined.cache_clear()
    with pytest.raises(ImportError, match=r"pip install 'skdistill\[processes\]'"):
        led.process_group()


@pytest.mark.slow
def test_torchrun_starts_processes_that_train_together(tmp_path):
    script = tmp_path / "fit.py"
    script.write_text(
        "import os, sys\n"
        "from pathlib import Path\n"
        "from sklearn.datasets import load_iris\n"
        "from skdistill import NeuralStudentClassifier\n"
        "X, y = load_iris(return_X_y=True)\n"
        "student = NeuralStudentClassifier(max_epochs=1).fit(X, y)\n"
        "answers = student.predict_proba(X).tolist()\n"
        "Path(sys.argv[1], os.environ['RANK']).write_text(str(answers))\n"
    )
    _run(_TORCHRUN, script, tmp_path)
    # Without a seed two that train apart would differ.
    assert (tmp_path / "0").read_text() == (tmp_path / "1").read_text()


@pytest.mark.slow
def test_the_launcher_of_accelerate_is_seen_through(tmp_path):
    script = tmp_path / "fit.py"
    script.write_text(
        "from sklearn.datasets import load_iris\n"
        "from skdistill import NeuralStudentClassifier\n"
        "X, y = load_iris(return_X_y=True)\n"
        "NeuralStudentClassifier(max_epochs=1).fit(X, y)\n"
    )
    launcher = "-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2"
    run = _run(launcher, script)
    assert "start them by torchrun --nproc_per_node N" in run.stderr
