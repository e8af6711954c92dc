"""A small transformer that learns values of texts, after DistilBERT's recipe."""

import numpy as np

from ...tasks.units import Unit
from ...tasks.values import Values
from ..torch_student import TorchRegressor
from .base import PARAMETERS, TextStudent


class TextStudentRegressor(TextStudent, TorchRegressor):
    """A small transformer that learns values of texts from a teacher.

    X is a list, array, Series or one-column frame of strings; two columns are pairs of
    texts. The loss is that of :class:`NeuralStudentRegressor`.

    Parameters
    ----------
    teacher : object or list of objects, default=None
        Fitted or unfitted regressor, torch module, callable, or a list of such, whose
        predictions are averaged. A fitted teacher is used as it is and never changed;
        an unfitted one is cloned and fitted on all rows. None: learn from y alone, the
        *control*.
    teacher_weights : array-like of shape (n_teachers,), default=None
        Shares of the members of a list.
    alpha : float or "auto", default=1.0
        Weight of the teacher's predictions, in [0, 1]; the rest goes to y.
        "auto": chosen on labels of rows that the teacher has not seen, as in
        :class:`NeuralStudentClassifier`.
    loss : str or callable, default="mse"
        "mse", "huber", with `quantiles` also "quantile" (the pinball loss against the
        teacher's quantiles), or ``loss(output, target, temperature)`` of torch values,
        one number for each row. It may have parameters ``weight`` (of the batch's rows,
        or None) and ``quantiles``.
    quantiles : array-like of shape (n_quantiles,), default=None
        Levels between 0 and 1, ascending, such as [0.1, 0.5, 0.9]: predict these
        quantiles of y, which never cross. The teacher must answer with them, and `loss`
        compares with its answers; y counts by the pinball loss. With ``alpha=0`` there
        need be no teacher.
    cv : int, splitter, iterable, "auto", "prefit" or None, default=None
        None: a fitted teacher as it is, an unfitted one fitted on all rows. A number of
        folds or a splitter: each row of X is labelled by clones of the teacher that were
        not fitted on it; a row that no fold holds out has no soft target. "auto": 5
        folds for a teacher that looks its training rows up, such as TabPFN or nearest
        neighbours, and None for others; it labels drawn rows itself. "prefit": an
        unfitted teacher is an error.
    transfer_teacher : {"refit", "folds", "unseen"}, default="refit"
        With `cv`, who labels transfer rows: the fitted teacher itself, or one fitted on
        all rows; the mean of all clones; or, for rows that a sampler draws, the clones
        that saw none of the rows that they were made from.
    n_jobs : int, default=None
        Number of clones that are fitted, and of parts of a long pass of the teacher that
        are computed, at once.
    memory : str, path, joblib.Memory or None, default=None
        Keeps the teacher's answers, and the fits of an unfitted one, for the same teacher
        and rows another time: in a search, or in another process.
    transfer : sampler, str, callable or None, default="auto"
        Makes more texts for the teacher to label: :class:`TextReplacement`, "words" for
        one at its defaults, or a function ``transfer(X, random_state)`` that returns
        texts. A control, which has no teacher, draws none. "auto": eight texts for each
        of X, at most 250,000, for a student from scratch where the teacher itself labels
        X and there is no ``X_transfer``; none for one that starts from pretrained weights,
        and with folds as `cv`.
    transfer_weight : float, default=None
        Total weight of the transfer rows against the rows of X; None for their numbers.
    keep_teacher : bool, default=True
        False: no ``teacher_`` after fit, and no teacher in a fitted student's pickle.
    init : {"auto", "teacher"}, path, object or None, default="auto"
        Where the weights start. "teacher": layers of a transformer teacher, evenly spaced,
        and its embeddings. A folder of pretrained weights, or a fitted model such as a
        :class:`TextClassifier`, in its place. None: from scratch, with a tokenizer that is
        trained on X. "auto": as "teacher" where that is a transformer, else None.
    n_layers : int, default=None
        Layers of the encoder. None: half of those of a transformer teacher, all of a
        folder's, or 2.
    hidden_size : int, default=None
        Width of the layers. None: that of the weights to start from, else 192.
    embedding_size : int, default=None
        Width of the embedding of tokens, if it is to be factorised [2]_: a narrow table,
        and one projection to the width of the layers. None: not factorised.
    vocab_size : int, "used" or None, default=None
        Size of a trained vocabulary at most, 8,000 for None. Of a pretrained one, "used"
        leaves out the tokens that neither X nor the transfer texts have, None keeps all.
    max_length : int or "auto", default="auto"
        Tokens of a text that are read. "auto": so many that 99.5 % of the texts are
        whole, and all where the longest is not much longer.
    hidden_loss : float or "auto", default="auto"
        Weight of the cosine loss between the student's hidden states and those of the
        teacher's layers that it starts from. "auto": 0.2, as 1 to 5 in DistilBERT [1]_,
        where the student starts from a transformer teacher, else 0.
    mlm : float, default=0.0
        Weight of the masked language loss on the texts; 0.4 is DistilBERT's, as 2 to 5.
    dropout : float, default=None
        Share of the hidden values that are dropped in training; None: as the weights to
        start from had it, else 0.1.
    max_epochs : int, default=10
        Passes over the texts of X.
    batch_size : int or "auto", default="auto"
        Texts of a batch, of like lengths. "auto": 32, and 16 for less than 512 texts.
    accumulation_steps : int, default=1
        The optimizer moves once for so many batches, where a larger batch would not fit
        into memory.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Of matrix products in training. "auto": bfloat16 where the processor has it and a
        measurement, once in a process, finds it faster. Predictions are in float32.
    lr : float or "auto", default="auto"
        Learning rate; the highest one, with a schedule. "auto": 1e-4 for weights that are
        pretrained, 5e-4 from scratch.
    lr_schedule : {"cosine", "one_cycle"} or None, default="one_cycle"
        How the learning rate goes over all steps. With "one_cycle", the momentum of the
        optimizers "adam" and "adamw" goes against it.
    optimizer : {"adam", "adamw", "sgd"} or callable, default="adamw"
        A name, or a class from ``torch.optim``.
    weight_decay : float, default=0.01
        L2 penalty, as the optimizer has it.
    ema_decay : float, default=None
        Ends with an exponential moving average of the weights over the steps, with this
        decay, such as 0.99; None: with the last weights.
    device : str or torch.device, default="auto"
        Where to train; "auto" is CUDA where there is one, else the CPU.
    callbacks : list, default=None
        Callbacks of skorch; copied before use.
    compile : bool, default=False
        Train through ``torch.compile``.
    early_stopping : bool, default=False
        Stop when the loss on held out rows has not improved for `n_iter_no_change`
        epochs, and keep the best weights. Rows of X are held out unless ``X_val`` is
        given; with a teacher they are scored by fidelity to it, not by y.
    validation_fraction : float, default=0.1
        Share of the rows of X to hold out.
    n_iter_no_change : int, default=10
        Epochs without gain before stopping.
    tol : float, default=1e-4
        What counts as a gain.
    warm_start : bool, default=False
        Go on from the weights of the last fit.
    random_state : int, RandomState instance or None, default=None
        Seeds initial weights, shuffling, dropout and the held out rows.
    verbose : int, default=0
        With 1 a progress bar, with 2 a line for each epoch.

    Attributes
    ----------
    alpha_ : float
        The weight of the soft targets used; 0 for a control.
    teacher_gain_ : float
        With ``alpha="auto"`` and a teacher: by how much its squared error, over the
        variance of y, is less than that of the same student of labels alone, on rows that
        neither has learnt from; NaN where nobody knows the teacher's answers there.
    teacher_ : object or list of objects
        The fitted teacher; absent without one, and with ``keep_teacher=False``.
    preprocessor_ : TokenView
        The fitted view: vocabulary and length.
    tokenizer_ : tokenizers.Tokenizer
        ``preprocessor_.tokenizer_``.
    net_ : skorch.NeuralNet
        The trained net, without data and optimizer.
    module_ : torch.nn.Module
        ``net_.module_``, in eval mode; ``module_.model`` is the model of
        ``transformers``.
    history_ : list of dict
        Losses and duration by epoch.
    n_iter_ : int
        Number of epochs.
    n_features_in_ : int
        1, or 2 for pairs of texts.

    See Also
    --------
    TextStudentClassifier : The same for classes.

    References
    ----------
    .. [1] Sanh, Debut, Chaumond, Wolf: DistilBERT, a distilled version of BERT, 2019.
    .. [2] Lan et al.: ALBERT: A Lite BERT for Self-supervised Learning of Language
       Representations, 2020.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import TfidfVectorizer
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from skdistill import TextStudentRegressor
    >>> texts, y = ["a fine film", "a dull film", "fine", "dull"] * 10, [4, 1, 5, 0] * 10
    >>> teacher = make_pipeline(TfidfVectorizer(), Ridge()).fit(texts, y)
    >>> student = TextStudentRegressor(teacher, hidden_size=32, random_state=0)
    >>> low, high = student.fit(texts, y).predict(["dull", "fine"])
    >>> bool(low < high)
    True
    """

    _parameter_constraints: dict = {
        **TorchRegressor._parameter_constraints,
        **PARAMETERS,
    }

    def __init__(
        self,
        teacher=None,
        *,
        teacher_weights=None,
        alpha=1.0,
        loss="mse",
        quantiles=None,
        cv=None,
        transfer_teacher="refit",
        n_jobs=None,
        memory=None,
        transfer="auto",
        transfer_weight=None,
        keep_teacher=True,
        init="auto",
        n_layers=None,
        hidden_size=None,
        embedding_size=None,
        vocab_size=None,
        max_length="auto",
        hidden_loss="auto",
        mlm=0.0,
        dropout=None,
        max_epochs=10,
        batch_size="auto",
        accumulation_steps=1,
        precision="auto",
        lr="auto",
        lr_schedule="one_cycle",
        optimizer="adamw",
        weight_decay=0.01,
        ema_decay=None,
        device="auto",
        callbacks=None,
        compile=False,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-4,
        warm_start=False,
        random_state=None,
        verbose=0,
    ):
        self.teacher = teacher
        self.teacher_weights = teacher_weights
        self.alpha = alpha
        self.loss = loss
        self.quantiles = quantiles
        self.cv = cv
        self.transfer_teacher = transfer_teacher
        self.n_jobs = n_jobs
        self.memory = memory
        self.transfer = transfer
        self.transfer_weight = transfer_weight
        self.keep_teacher = keep_teacher
        self.init = init
        self.n_layers = n_layers
        self.hidden_size = hidden_size
        self.embedding_size = embedding_size
        self.vocab_size = vocab_size
        self.max_length = max_length
        self.hidden_loss = hidden_loss
        self.mlm = mlm
        self.dropout = dropout
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.accumulation_steps = accumulation_steps
        self.precision = precision
        self.lr = lr
        self.lr_schedule = lr_schedule
        self.optimizer = optimizer
        self.weight_decay = weight_decay
        self.ema_decay = ema_decay
        self.device = device
        self.callbacks = callbacks
        self.compile = compile
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    def _affine(self):
        return self._task.unit.scale, self._task.unit.center

    def _notes(self):
        quantiles = self._task.quantiles
        return {
            "n_targets": len(self._task.unit.center),
            "is_flat": self._task.is_flat,
            "quantiles": None if quantiles is None else quantiles.tolist(),
        }

    def _take_notes(self, notes):
        n, quantiles = notes["n_targets"], notes["quantiles"]
        like = np.zeros(1 if notes["is_flat"] else (1, n))
        quantiles = None if quantiles is None else np.array(quantiles)
        self._task = Values(like, quantiles)
        self._task.unit = Unit(np.zeros(n), np.ones(n))
