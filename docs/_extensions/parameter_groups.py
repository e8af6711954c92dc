"""The parameters of a student under headings, in the order in which they are met.

A student has up to forty parameters. Their docstrings have one list, as numpydoc wants it;
on the page the list is divided, after numpydoc has read it.
"""

import inspect
import re

GROUPS = {
    "Teacher": "teacher teacher_weights classes teacher_calibration cv transfer_teacher "
    "memory keep_teacher",
    "Soft targets": "temperature alpha loss label_smoothing targets class_weight "
    "hidden_loss mlm label_rows max_label_rows",
    "Transfer set": "transfer transfer_weight",
    "The student": "student pretrained init preprocessor hidden_layer_sizes activation "
    "dropout numeric_embedding clip n_members module quantiles max_depth max_leaf_nodes "
    "split max_features_per_split leaf balance_penalty objective inference criterion "
    "min_weight_fraction_leaf allowed_features interaction_cst monotonic_cst max_questions "
    "scoring n_layers hidden_size embedding_size vocab_size max_length",
    "Training": "max_epochs batch_size lr lr_schedule optimizer weight_decay ema_decay "
    "accumulation_steps callbacks early_stopping validation_fraction n_iter_no_change tol "
    "warm_start",
    "Running": "time_budget device precision compile n_jobs random_state verbose",
}
GROUP_OF = {name: group for group, names in GROUPS.items() for name in names.split()}
STUDENT = {"teacher", "keep_teacher"}  # parameters that all students have
FIRST_LINE = re.compile(r"    \*\*(\w+)\*\*")


def entries(lines):
    """The name and the lines of each parameter in a list of them."""
    found = []
    for line in lines:
        if start := FIRST_LINE.match(line):
            found.append((start[1], []))
        if found:
            found[-1][1].append(line)
    return found


def grouped(parameters):
    """The lines of a list of parameters, with a heading above each group."""
    lines = [""]
    for group in GROUPS:
        own = [part for name, part in parameters if GROUP_OF[name] == group]
        if own:
            lines += [f"    .. rubric:: {group}", "       :class: parameter-group", ""]
            lines += [line for part in own for line in part]
            lines += ["", "    ..", ""]  # a comment: or the list before would go on
    return lines


def divide(app, what, name, obj, options, lines):
    """Put the parameters of a student under headings, in place."""
    if what != "class" or not STUDENT <= set(inspect.signature(obj).parameters):
        return
    start = lines.index(":Parameters:") + 1
    fields = (i for i, line in enumerate(lines) if line.startswith(":") and i > start)
    stop = next(fields, len(lines))
    parameters = entries(lines[start:stop])
    unknown = [name for name, _ in parameters if name not in GROUP_OF]
    if unknown:
        raise ValueError(
            f"docs/_extensions/parameter_groups.py has no group for {unknown}"
        )
    lines[start:stop] = grouped(parameters)


def setup(app):
    """Divide parameters after numpydoc, which comes at 500."""
    app.connect("autodoc-process-docstring", divide, priority=600)
    return {"parallel_read_safe": True}
