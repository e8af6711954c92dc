"""
A torch net into a smaller one
==============================

The teacher is a plain ``torch.nn.Module`` that returns logits, trained by a loop of its
own. The student is an MLP with a sixtieth of its weights.
"""

# %%
# The teacher: a convolutional net on the digits that scikit-learn ships
# ----------------------------------------------------------------------

import matplotlib.pyplot as plt
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

torch.manual_seed(0)
teacher = nn.Sequential(
    nn.Unflatten(1, (1, 8, 8)),
    nn.Conv2d(1, 32, 3, padding=1),
    nn.ReLU(),
    nn.Conv2d(32, 64, 3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Dropout(0.3),
    nn.Linear(64 * 4 * 4, 128),
    nn.ReLU(),
    nn.Linear(128, 10),
)
optimizer = torch.optim.Adam(teacher.parameters(), lr=2e-3)
inputs = torch.tensor(X_train, dtype=torch.float32)
labels = torch.tensor(y_train)
for _ in range(15):
    for index in torch.randperm(len(inputs)).split(64):
        optimizer.zero_grad()
        nn.functional.cross_entropy(teacher(inputs[index]), labels[index]).backward()
        optimizer.step()

# %%
# The students
# ------------
# A module has no ``classes_``; its ten columns are named by the labels in ``y``, in their
# order. The module itself stays in training mode, on its device, as it is now.
#
# The student has labels for a tenth of the images only. The teacher answers for the
# others too: they are handed over as ``X_transfer``.

from skdistill import NeuralStudentClassifier, soft_targets

few = slice(None, None, 10)
small = {"hidden_layer_sizes": (32,), "numeric_embedding": None}
small.update(max_epochs=300, random_state=0)
student = NeuralStudentClassifier(teacher, temperature=4.0, **small)
student.fit(X_train[few], y_train[few], X_transfer=X_train)
control = NeuralStudentClassifier(**small).fit(X_train[few], y_train[few])

P = soft_targets(teacher, X_test)


def n_weights(module):
    return sum(p.numel() for p in module.parameters())


print(f"teacher  {n_weights(teacher):7,} weights  {(P.argmax(1) == y_test).mean():.3f}")
for name, model in {"student": student, "control": control}.items():
    accuracy = model.score(X_test, y_test)
    print(f"{name}  {n_weights(model.module_):7,} weights  {accuracy:.3f}")

# %%
# What a temperature shows
# ------------------------
# At temperature 1 the teacher is nearly sure; at 4 it tells which other digits the image
# resembles. That is what the student learns from.

row = (P.max(axis=1)).argmin()
figure, (left, right) = plt.subplots(1, 2, figsize=(7, 2.8), layout="constrained")
left.imshow(X_test[row].reshape(8, 8), cmap="gray_r")
left.set(title=f"a {y_test[row]}", xticks=[], yticks=[])
for temperature in (1.0, 4.0):
    shares = soft_targets(teacher, X_test[row : row + 1], temperature)[0]
    right.plot(range(10), shares, marker="o", label=f"T = {temperature:g}")
right.set(xticks=range(10), xlabel="digit", title="the teacher's answer")
right.legend()
plt.show()
