"""Tabular foundation models as teachers: the real classes of their packages.

Only the weights are not theirs: small random ones, in files as the packages read them.
"""

import pickle
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_predict
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdistill import (
    InContext,
    StudentClassifier,
    StudentRegressor,
    soft_targets,
)
from skdistill.teacher.context import in_context
from skdistill.teacher.members import is_ready

pytestmark = [
    # Of random weights one cannot expect more.
    pytest.mark.filterwarnings("ignore:teacher does not agree with y"),
    # The packages' own.
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


def randomised(net):
    """The same net with random weights everywhere, zeros included."""
    import torch

    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in net.parameters():
            weight.copy_(0.3 * torch.randn(weight.shape, generator=generator))
    return net.state_dict()


def tabicl(folder, kind):
    package = pytest.importorskip("tabicl")
    import torch
    from tabicl._model.tabicl import TabICL

    config = {
        **{"max_classes": 0 if kind == "regressor" else 4, "num_quantiles": 9},
        **{"embed_dim": 16, "row_num_cls": 2, "col_num_inds": 4},
        **{f"{part}_num_blocks": 1 for part in ("col", "row", "icl")},
        **{f"{part}_nhead": 2 for part in ("col", "row", "icl")},
    }
    path = folder / f"tabicl-{kind}.ckpt"
    weights = {"config": config, "state_dict": randomised(TabICL(**config))}
    torch.save(weights, path)
    names = {"classifier": "TabICLClassifier", "regressor": "TabICLRegressor"}
    return getattr(package, names[kind])(
        n_estimators=2, model_path=str(path), device="cpu"
    )


def tabpfn(folder, kind):
    package = pytest.importorskip("tabpfn")
    import torch
    from tabpfn.architectures import tabpfn_v2

    sizes = {"emsize": 16, "nlayers": 1, "nhead": 2, "num_buckets": 16}
    n_classes = 0 if kind == "regressor" else 4
    config = tabpfn_v2.TabPFNV2Config(**sizes, max_num_classes=n_classes)
    weights = randomised(tabpfn_v2.get_architecture(config))
    if kind == "regressor":
        weights["criterion.borders"] = torch.linspace(-4, 4, 17)
        weights["criterion.losses_per_bucket"] = torch.zeros(16)
    path = folder / f"tabpfn-{kind}.ckpt"
    torch.save({"state_dict": weights, "config": asdict(config)}, path)
    names = {"classifier": "TabPFNClassifier", "regressor": "TabPFNRegressor"}
    return getattr(package, names[kind])(
        n_estimators=2, model_path=str(path), device="cpu", random_state=0
    )


@pytest.fixture(params=[tabicl, tabpfn], ids=["tabicl", "tabpfn"])
def make(request, tmp_path):
    return lambda kind="classifier": request.param(tmp_path, kind)


@pytest.fixture(scope="module")
def rows():
    random = np.random.default_rng(0)
    X = random.normal(size=(60, 3))
    return X, np.where(X[:, 0] + random.normal(size=60) > 0, "yes", "no")


def test_it_is_known_by_name(make):
    model = make()
    assert in_context(model) and in_context(make("regressor"))
    assert in_context(make_pipeline(StandardScaler(), model))
    assert not is_ready(model)


def test_its_answers_are_read_as_it_gives_them(make, rows):
    X, y = rows
    model = make().fit(X, y)
    assert is_ready(model)
    p = model.predict_proba(X)
    assert len(np.unique(p[:, 0])) > 30  # the random weights say something
    p /= p.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(soft_targets(model, X), p, atol=1e-5)
    small = InContext(model, max_rows=25)
    np.testing.assert_allclose(soft_targets(small, X), p, atol=1e-4)


def test_in_sample_answers_bring_a_warning(make, rows):
    model = make().fit(*rows)
    with pytest.warns(UserWarning, match=r'Set cv="auto"'):
        StudentClassifier(model).fit(*rows)


@pytest.mark.parametrize("fitted", [False, True])
def test_auto_labels_x_out_of_fold(make, rows, fitted):
    X, y = rows
    model = make()
    teacher = clone(model).fit(X, y) if fitted else model
    memory = KNeighborsRegressor(1)  # knows what it was told
    student = StudentClassifier(teacher, cv="auto", student=memory).fit(X, y)
    want = cross_val_predict(model, X, y, cv=5, method="predict_proba")
    np.testing.assert_allclose(student.predict_proba(X), want, atol=1e-4)
    assert student.teacher is teacher and list(student.teacher_.classes_) == [
        "no",
        "yes",
    ]


def test_a_regressor_too(make, rows):
    X, y = rows
    model, y = make("regressor"), (y == "yes") + X[:, 1]
    student = StudentRegressor(model, cv="auto", student=KNeighborsRegressor(1))
    want = cross_val_predict(model, X, y, cv=5)
    np.testing.assert_allclose(student.fit(X, y).predict(X), want, rtol=1e-3, atol=1e-4)


def test_a_frame_with_gaps(make, rows):
    X, y = rows
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    frame.loc[::7, "b"] = np.nan
    student = StudentClassifier(make(), cv="auto", transfer="munge", random_state=0)
    student.fit(frame, y)
    assert student.teacher_entropy_.keys() == {"train", "transfer"}


def test_a_memory_knows_its_fits_and_answers_again(make, rows, tmp_path):
    X, y = rows
    folder = tmp_path / "memory"
    kept = []
    for _ in range(2):
        model = make()
        student = StudentClassifier(model, cv="auto", memory=folder, student=Ridge())
        student.set_params(transfer="munge", random_state=0).fit(X, y)
        kept.append(
            (sorted(folder.rglob("output.pkl")), student.predict_proba(X).tolist())
        )
    assert kept[0] == kept[1] and len(list(folder.rglob("fits/*"))) == 6


def test_a_student_of_it_can_be_pickled_and_cloned(make, rows):
    X, y = rows
    teacher = make().fit(X, y)
    student = StudentClassifier(teacher, cv="auto", keep_teacher=False).fit(X, y)
    again = pickle.loads(pickle.dumps(student))
    np.testing.assert_array_equal(again.predict_proba(X), student.predict_proba(X))
    assert clone(student).teacher is teacher
