"""The rows that a student was trained on."""

from skorch.callbacks import Callback

N = 60


class TrainedOn(Callback):
    """The rows of each epoch."""

    def on_train_begin(self, net, **kwargs):
        self.rows = []

    def on_epoch_end(self, net, dataset_train, **kwargs):
        self.rows.append(dataset_train.rows)

    def __deepcopy__(self, memo):  # the test reads this one
        return self
