"""A pretrained transformer as a plain classifier, without a teacher."""

from .classifier import TextStudentClassifier

# What the learner asks of a student that has no teacher.
_NO_TEACHER = {
    "alpha": 1.0,
    "loss": "kl",
    "temperature": 1.0,
    "hidden_size": None,
    "hidden_loss": 0.0,
}


class TextClassifier(TextStudentClassifier):
    """A pretrained transformer, fine-tuned on labelled texts: a plain classifier.

    It has no teacher, and can be one.

    Parameters
    ----------
    pretrained : path or object, default=None
        A folder of pretrained weights of ``transformers``, or a model that is fitted
        already; None: from scratch, with a tokenizer that is trained on X.
    n_layers : int, default=None
        Layers of the encoder, evenly spaced among those of the weights to start from; None:
        all of them, or 2 from scratch.
    embedding_size : int, default=None
        Width of the embedding of tokens, if it is to be factorised; None: it is not.
    vocab_size : int, "used" or None, default=None
        Size of a trained vocabulary at most, 8,000 for None. Of a pretrained one, "used"
        leaves out the tokens that no text of X has, None keeps all.
    max_length : int or "auto", default="auto"
        Tokens of a text that are read. "auto": so many that 99.5 % of the texts are
        whole, and all where the longest is not much longer.
    mlm : float, default=0.0
        Weight of the masked language loss on the texts.
    dropout : float, default=None
        Share of the hidden values that are dropped in training; None: as the weights to
        start from had it, else 0.1.
    classes : array-like of shape (n_classes,), or list of these, default=None
        Labels in the column order of ``teacher_output`` and of teachers without
        ``classes_``; a list with one array for each of several targets.
    class_weight : dict, list of dict, "balanced" or None, default=None
        As in scikit-learn; a list for several targets. A soft target p weighs the sum of
        p_k w_k, and its classes count p_k w_k.
    label_smoothing : float, default=0.0
        Share of each hard label, in [0, 1), that is spread evenly over all classes: a
        control for soft targets. Refused where labels do not count.
    max_epochs : int, default=3
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
        given; with a teacher they are scored by fidelity to it, not by labels.
    validation_fraction : float, default=0.1
        Share of the rows of X to hold out, balanced by class.
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
    preprocessor_ : TokenView
        The fitted view: vocabulary and length.
    tokenizer_ : tokenizers.Tokenizer
        ``preprocessor_.tokenizer_``.
    net_ : skorch.NeuralNet
        The trained net, without data and optimizer.
    module_ : torch.nn.Module
        ``net_.module_``, in eval mode; ``module_.model`` is the model of
        ``transformers``.
    classes_ : ndarray of shape (n_classes,)
        Labels in the order of the columns.
    history_ : list of dict
        Losses and duration by epoch.
    n_iter_ : int
        Number of epochs.
    n_features_in_ : int
        1, or 2 for pairs of texts.

    See Also
    --------
    TextStudentClassifier : A small one that learns from this one.

    Examples
    --------
    >>> from skdistill import TextClassifier
    >>> texts = ["a fine film", "a dull film", "fine acting", "dull acting"] * 10
    >>> y = ["good", "bad", "good", "bad"] * 10
    >>> model = TextClassifier(max_epochs=20, random_state=0).fit(texts, y)
    >>> model.predict(["fine", "so dull"])
    array(['good', 'bad'], dtype='<U4')
    """

    _parameter_constraints: dict = {
        **TextStudentClassifier._parameter_constraints,
        "pretrained": "no_validation",
    }
    _init_name = "pretrained"
    # What a student has beside, of one without a teacher.
    teacher = teacher_weights = hidden_size = transfer = None
    alpha, temperature, keep_teacher = 1.0, 1.0, True

    def __init__(
        self,
        pretrained=None,
        *,
        n_layers=None,
        embedding_size=None,
        vocab_size=None,
        max_length="auto",
        mlm=0.0,
        dropout=None,
        classes=None,
        class_weight=None,
        label_smoothing=0.0,
        max_epochs=3,
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
        self.pretrained = pretrained
        self.n_layers = n_layers
        self.embedding_size = embedding_size
        self.vocab_size = vocab_size
        self.max_length = max_length
        self.mlm = mlm
        self.dropout = dropout
        self.classes = classes
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing
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

    def _learner_params(self):
        return _NO_TEACHER | super()._learner_params() | {"init": self.pretrained}
