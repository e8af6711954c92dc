"""Rows of a training that are renewed: their weights, and which are kept."""

import numpy as np
import pytest
from trained_rows import N, TrainedOn

from skdistill import Bootstrap, GaussianNoise, NeuralStudentRegressor


@pytest.mark.parametrize("n_candidates", [1, 3.0])
def test_fresh_rows_inherit_weights_and_none_from_held_out_rows(n_candidates):
    X = np.arange(1.0, N + 1)[:, None]  # a row's value is its number
    weight = np.random.default_rng(1).uniform(0.5, 2.0, N)
    weight[:5] = 0.0
    seen = TrainedOn()
    NeuralStudentRegressor(
        lambda X: 0.01 * X[:, 0],
        transfer=Bootstrap(2.0, refresh=1, n_candidates=n_candidates),
        transfer_weight=1.5,
        hidden_layer_sizes=(),
        lr=1e-9,
        preprocessor=None,
        early_stopping=True,
        n_iter_no_change=5,
        max_epochs=5,
        callbacks=[seen],
        random_state=0,
    ).fit(X, 0.01 * X[:, 0], sample_weight=weight)
    assert len(seen.rows) == 5
    held_out = set(range(1, N + 1)) - set(seen.rows[0].x[: N - 6, 0].int().tolist())
    shares = []
    for rows in seen.rows:
        n = rows.n_labelled
        kept, drawn = rows.x[:n, 0].int().numpy(), rows.x[n:, 0].int().numpy()
        own, lent = rows.soft_weight[:n].numpy(), rows.soft_weight[n:].numpy()
        is_out = ~np.isin(drawn, kept)
        assert (lent[is_out] == 0).all() and (drawn > 5).all() and len(drawn) == 110
        shares.append(is_out.mean())
        assert lent.sum() == pytest.approx(1.5 * own.sum(), rel=0.2)  # batches' shares
        ratio = lent[~is_out] / weight[drawn[~is_out] - 1]
        np.testing.assert_allclose(ratio, ratio[0], rtol=1e-5)
    assert held_out and shares[0] > 0
    if n_candidates > 1:  # rows of no weight are not chosen
        assert max(shares[1:]) == 0


def wiggly(X):
    """Straight on the left, not on the right."""
    return np.where(X[:, 0] < 0.5, X[:, 0], np.sin(40 * X[:, 0]))


def test_candidates_are_kept_where_student_and_teacher_disagree():
    X = np.random.default_rng(0).random((400, 1))
    seen, means = {}, {}
    for n_candidates in (1, 4):
        seen[n_candidates] = TrainedOn()
        NeuralStudentRegressor(
            wiggly,
            hidden_layer_sizes=(),
            transfer=GaussianNoise(1.0, refresh=1, n_candidates=n_candidates),
            preprocessor=None,
            max_epochs=30,
            callbacks=[seen[n_candidates]],
            random_state=0,
        ).fit(X, wiggly(X))
        last = seen[n_candidates].rows[10:]
        right = [(rows.x[400:, 0] >= 0.5).float().mean() for rows in last]
        means[n_candidates] = np.mean(right)
    share = (X >= 0.5).mean()
    assert means[1] == pytest.approx(share, abs=0.02) and means[4] > share + 0.1
