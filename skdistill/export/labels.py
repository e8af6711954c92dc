"""Labels of classes that a format can hold."""


def check_labels(predictor, form):
    """That no class is a date, which most formats have as a number, if at all.

    Parameters
    ----------
    predictor : NumpyPredictor
        Of the student.
    form : str
        What the format is called.

    Raises
    ------
    TypeError
        If one is.
    """
    if not predictor.meta["is_classifier"]:
        return
    targets = range(len(predictor.meta["widths"]))
    if any(predictor.arrays[f"classes_{i}"].dtype.kind in "mM" for i in targets):
        raise TypeError(
            f"{form} has no labels that are dates: fit on labels that are strings, such as "
            "y.astype(str)."
        )
