"""A small in-context transformer, trained on synthetic tables: a stand-in for TabPFN.

It is fitted to a prior [1]_: it sees some hundred thousand rows of random tables (labels
by random nets and random trees of warped, correlated, partly hidden columns) and learns
to answer for rows from the labelled rows beside them. ``fit`` then only keeps the
training rows. Numbers only, at most 20 columns at once and 10 classes.

.. [1] Mueller, Hollmann, Pineda Arango, Grabocka, Hutter: Transformers Can Do Bayesian
   Inference, 2022; Hollmann, Mueller, Eggensperger, Hutter: TabPFN, 2023.
"""

import hashlib
import inspect
import time

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler
from torch import nn
from torch.nn import functional as F

MOST_COLUMNS, MOST_CLASSES = 20, 10
WIDTH, HEADS, LAYERS = 64, 4, 4
N_STEPS, TABLES, ROWS = 3000, 8, 192
_ROWS_OF_A_CALL = 4096


class InContextNet(nn.Module):
    """Rows attend to the labelled rows, and to nothing else."""

    def __init__(self):
        super().__init__()
        self.columns = nn.Linear(MOST_COLUMNS, WIDTH)
        self.labels = nn.Embedding(MOST_CLASSES, WIDTH)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, MOST_CLASSES)

    def forward(self, context, labels, queries):
        """Logits (tables, queries, classes) of standardised, padded rows."""
        known = self.columns(context) + self.labels(labels)
        asked = self.columns(queries)
        for block in self.blocks:
            known, asked = block(known, asked)
        return self.head(self.norm(asked))


class Block(nn.Module):
    """Attention to the labelled rows, then a net for each row."""

    def __init__(self):
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(2))
        self.query = nn.Linear(WIDTH, WIDTH)
        self.key_value = nn.Linear(WIDTH, 2 * WIDTH)
        self.merge = nn.Linear(WIDTH, WIDTH)
        self.net = nn.Sequential(
            nn.Linear(WIDTH, 2 * WIDTH), nn.GELU(), nn.Linear(2 * WIDTH, WIDTH)
        )

    def forward(self, known, asked):
        keys, values = self.key_value(self.norms[0](known)).chunk(2, dim=-1)
        # Sharper with more rows to attend to, so that many do as well as few.
        scale = np.log(known.shape[1]) / np.log(100)
        found = []
        for rows in (known, asked):
            query = scale * self.query(self.norms[0](rows))
            seen = F.scaled_dot_product_attention(
                _heads(query), _heads(keys), _heads(values)
            )
            rows = rows + self.merge(seen.transpose(1, 2).flatten(2))
            found.append(rows + self.net(self.norms[1](rows)))
        return found


def _heads(rows):
    return rows.unflatten(2, (HEADS, -1)).transpose(1, 2)


def random_tables(random, n_tables, n_rows):
    """Tables of one width and one number of classes: rows (B, n, 20), labels (B, n)."""
    d = int(random.integers(2, MOST_COLUMNS + 1))
    n_classes = min(MOST_CLASSES, 2 + int(random.exponential(1.2)))
    d_all = d + int(random.integers(0, 3))  # some causes are hidden
    shape = n_tables, n_rows, d_all
    mix = random.normal(size=(n_tables, d_all, d_all)) / np.sqrt(d_all)
    share = random.uniform(0, 1, size=(n_tables, 1, 1))
    z = random.normal(size=shape)
    z = (1 - share) * z + share * z @ mix
    z = (z - z.mean(axis=1, keepdims=True)) / (z.std(axis=1, keepdims=True) + 1e-6)
    x = _warped(random, z)
    relevant = random.random((n_tables, 1, d_all)) < random.uniform(0.3, 1)
    relevant[:, :, 0] = True
    cause = z * relevant
    score = _random_net if random.random() < 0.4 else _random_trees
    logits = score(random, cause, n_classes)
    if random.random() < 0.3:
        logits = logits + _random_net(random, cause, n_classes, depth=0)
    logits /= logits.std(axis=(1, 2), keepdims=True) + 1e-6
    sharpness = np.exp(random.uniform(0, 3, size=(n_tables, 1, 1)))
    bias = random.normal(size=(n_tables, 1, n_classes)) * random.uniform(0, 1)
    noise = random.gumbel(size=logits.shape)
    y = (sharpness * (logits + bias) + noise).argmax(axis=2)
    return _padded(x[:, :, :d]), y


def _warped(random, z):
    """Columns as they are, with heavy tails, or of few values."""
    kind = random.random((len(z), 1, z.shape[2]))
    steps = random.integers(1, 6, size=kind.shape)
    heavy = np.sign(z) * np.expm1(np.abs(z))
    few = np.round(z * steps / 2) * 2 / steps
    return np.where(kind < 0.2, heavy, np.where(kind < 0.4, few, z))


def _random_net(random, z, n_out, depth=None):
    """Outputs of a net of random weights."""
    depth = int(random.integers(1, 4)) if depth is None else depth
    kinds = np.tanh, np.sin, lambda v: np.maximum(v, 0), np.abs
    h = z
    for _ in range(depth):
        width = int(random.integers(4, 24))
        w = random.normal(size=(len(z), h.shape[2], width))
        h = h @ (w * 1.5 / np.sqrt(h.shape[2])) + random.normal(size=(len(z), 1, width))
        h = kinds[random.integers(len(kinds))](h)
    return h @ random.normal(size=(len(z), h.shape[2], n_out))


def _random_trees(random, z, n_out):
    """Sums of trees that ask the same question at each level."""
    n_trees, depth = int(random.integers(1, 12)), int(random.integers(1, 5))
    tables = np.arange(len(z))[:, None]
    total = 0.0
    for _ in range(n_trees):
        column = random.integers(z.shape[2], size=(len(z), depth))
        asked = z[tables, :, column] > random.normal(size=(len(z), depth, 1)) * 0.7
        leaf = (asked * (2 ** np.arange(depth))[:, None]).sum(axis=1)
        values = random.normal(size=(len(z), 2**depth, n_out))
        total = total + values[tables, leaf]
    return total


def _padded(x):
    """Columns of zeros up to the widest table; the fewer the columns, the larger."""
    d = x.shape[-1]
    padded = np.zeros((*x.shape[:-1], MOST_COLUMNS), dtype=np.float32)
    padded[..., :d] = np.clip(x, -5, 5) * np.sqrt(MOST_COLUMNS / d)
    return padded


def _standardised(x, n):
    """By the first n rows, which are the context."""
    mean = x[:, :n].mean(axis=1, keepdims=True)
    return (x - mean) / (x[:, :n].std(axis=1, keepdims=True) + 1e-6)


def train(n_steps=N_STEPS, seed=0, verbose=True):
    """The net, after so many batches of fresh tables."""
    random = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = InContextNet()
    optimizer = torch.optim.AdamW(net.parameters(), 2e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 2e-3, n_steps, pct_start=0.1
    )
    start, mean = time.perf_counter(), 0.0
    for step in range(n_steps):
        x, y = random_tables(random, TABLES, ROWS)
        n = int(random.integers(ROWS // 4, ROWS - ROWS // 4))
        d = (x != 0).any(axis=(0, 1)).sum()
        x = torch.from_numpy(_padded(_standardised(x[..., : max(d, 1)], n)))
        y = torch.from_numpy(y)
        logits = net(x[:, :n], y[:, :n], x[:, n:])
        loss = F.cross_entropy(logits.flatten(0, 1), y[:, n:].flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        mean = 0.99 * mean + 0.01 * loss.item()
        if verbose and (step + 1) % 500 == 0:
            spent = time.perf_counter() - start
            print(f"prior-fitted net: {step + 1} steps, {mean:.3f}, {spent:.0f} s")
    return net.eval()


def trained(folder):
    """The net, trained once and kept in a folder."""
    parts = InContextNet, Block, random_tables, _random_net, _random_trees, train
    source = "".join(map(inspect.getsource, parts)) + repr((N_STEPS, TABLES, ROWS))
    path = folder / f"net-{hashlib.sha256(source.encode()).hexdigest()[:8]}.pt"
    net = InContextNet()
    if not path.exists():
        net = train()
        folder.mkdir(parents=True, exist_ok=True)
        torch.save(net.state_dict(), path.with_suffix(".part"))
        path.with_suffix(".part").rename(path)
    net.load_state_dict(torch.load(path, weights_only=True))
    return net.eval()


class PriorFittedClassifier(ClassifierMixin, BaseEstimator):
    """Answers from its training rows; each member sees columns and classes shuffled."""

    def __init__(self, net, n_members=4, random_state=0):
        self.net = net
        self.n_members = n_members
        self.random_state = random_state

    def __sklearn_clone__(self):
        return type(self)(self.net, self.n_members, self.random_state)

    def fit(self, X, y):
        """Keep the rows."""
        X = np.asarray(X, dtype=float)
        self.classes_, self._codes = np.unique(y, return_inverse=True)
        if len(self.classes_) > MOST_CLASSES:
            raise ValueError(f"y has {len(self.classes_)} classes, and 10 are most.")
        self.n_features_in_ = X.shape[1]
        random = np.random.default_rng(self.random_state)
        self.members_ = [self._member(i, X, random) for i in range(self.n_members)]
        return self

    def _member(self, i, X, random):
        """A view of the rows, an order of the columns, and one of the classes."""
        gaps = SimpleImputer(strategy="median", keep_empty_features=True)
        view = make_pipeline(gaps, StandardScaler())
        if i % 2:
            ranks = QuantileTransformer(
                n_quantiles=min(100, len(X)),
                output_distribution="normal",
                random_state=0,
            )
            view = make_pipeline(gaps, ranks, StandardScaler())
        columns = random.permutation(X.shape[1])[:MOST_COLUMNS]
        return (
            view.fit(X[:, columns]),
            columns,
            random.permutation(len(self.classes_)),
            X,
        )

    def predict_proba(self, X):
        """Mean of the members' probabilities (n, n_classes)."""
        X = np.asarray(X, dtype=float)
        return np.mean([self._ask(*member, X) for member in self.members_], axis=0)

    def _ask(self, view, columns, order, known, X):
        def seen(rows):
            return torch.from_numpy(_padded(view.transform(rows[:, columns])))

        context, labels = seen(known)[None], torch.from_numpy(order[self._codes])[None]
        parts = []
        with torch.inference_mode():
            for rows in seen(X).split(_ROWS_OF_A_CALL):
                logits = self.net(context, labels, rows[None])[0]
                parts.append(logits[:, : len(order)].double().softmax(dim=1))
        return torch.cat(parts).numpy()[:, order]

    def predict(self, X):
        """The likeliest class."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]
