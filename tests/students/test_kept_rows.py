"""A training on rows from disk that was cut short goes on to the same bits."""

import pytest
from kept_fits import (
    EACH_EPOCH,
    EACH_STEP,
    Killed,
    assert_same_bits,
    carried_through,
    killed_after,
)
from rows_on_disk import written
from sklearn.base import clone
from taught_rows import FEW, TaughtRows, half_labelled

from skdistill import (
    Checkpoint,
    Munge,
    NeuralStudentClassifier,
    ParquetRows,
    SoftDecisionTreeClassifier,
)


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    return TaughtRows(tmp_path_factory.mktemp("classes"), True)


@pytest.fixture(scope="module")
def halves(classes, tmp_path_factory):
    return half_labelled(classes, tmp_path_factory.mktemp("halves"))


@pytest.mark.parametrize(
    ("case", "often"),
    [
        ("labels", EACH_STEP),
        ("halves", EACH_STEP),
        ("drawn", EACH_EPOCH),
        pytest.param("fresh", EACH_EPOCH, marks=pytest.mark.slow),
        pytest.param("grown", EACH_EPOCH, marks=pytest.mark.slow),
    ],
)
def test_a_training_that_was_cut_short_goes_on_to_the_same_bits(
    case, often, classes, halves, tmp_path
):
    rows, output = classes.rows(**FEW), classes.answers
    options = {"max_epochs": 4, "batch_size": 128, "random_state": 0}
    student = NeuralStudentClassifier(alpha=0.5, **options)
    if case == "halves":
        rows, output = ParquetRows(halves[0], target="target", **FEW), halves[1]
    if case == "drawn":
        student.set_params(teacher=classes.teacher, transfer="munge")
    if case == "fresh":
        sampler = Munge(100, refresh=1)
        student.set_params(teacher=classes.teacher, transfer=sampler)
    if case == "grown":
        student = SoftDecisionTreeClassifier(max_leaf_nodes=3, **options)

    def fit(**more):
        return clone(student).fit(rows, teacher_output=output, **more)

    checkpoint = Checkpoint(tmp_path / "run", **often)
    resumed, n_lives = carried_through(lambda: fit(checkpoint=checkpoint))
    assert n_lives > 2
    assert_same_bits(resumed, fit(), classes.X)


def test_a_checkpoint_of_other_rows_is_refused(classes, tmp_path):
    student = NeuralStudentClassifier(max_epochs=2, random_state=0)
    kept = {"checkpoint": Checkpoint(tmp_path / "run", **EACH_EPOCH)}
    frame = classes.X.assign(target=classes.y)
    folder = written(frame, tmp_path / "rows")
    rows = ParquetRows(folder, target="target", **FEW)
    with pytest.raises(Killed), killed_after(1):
        student.fit(rows, **kept)
    frame = frame.assign(a=frame["a"].to_numpy()[::-1])
    frame[450:].to_parquet(folder / "rows-003.parquet")
    with pytest.raises(ValueError, match="run.*rows"):
        student.fit(rows, **kept)
