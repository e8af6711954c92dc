"""Which class knows how to ask a model."""

from .boosters import CatBoostModel, LightGBMBooster, XGBoostBooster
from .models import Model
from .onnx import OnnxModel
from .torch_module import TorchModule
from .transformers_model import TransformersModel

#: In this order; the last takes any model.
DIALECTS = (
    TransformersModel,  # some of them are torch modules
    TorchModule,
    LightGBMBooster,
    XGBoostBooster,
    CatBoostModel,
    OnnxModel,
    Model,
)


def as_model(model):
    """The class that knows how to ask a model, around it.

    Parameters
    ----------
    model : object
        A single teacher.

    Returns
    -------
    Model
        The model behind the interface that all teachers share.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skdistill.teacher.dialects import as_model
    >>> as_model(LogisticRegression()).is_ready()
    False
    """
    return next(dialect for dialect in DIALECTS if dialect.takes(model))(model)
