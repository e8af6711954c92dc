"""
Digits that the student has never seen
======================================

A student learns digits from a teacher, on images of 7s and 8s alone. It learns the
other eight digits too: from what the teacher says of them on a 7 or an 8. What it
cannot learn there is how often each digit comes, and that can be told to it afterwards.
The experiment is Hinton, Vinyals and Dean's (Distilling the Knowledge in a Neural
Network, 2015), here on the digits that scikit-learn ships.
"""

# %%
# The teacher
# -----------
# It has seen all digits.

from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.4, stratify=y, random_state=0
)
machine = make_pipeline(StandardScaler(), SVC(C=10, gamma=0.01))
teacher = CalibratedClassifierCV(machine, ensemble=False, cv=3).fit(X_train, y_train)

# %%
# A student of two digits
# -----------------------
# No label is used: ``alpha`` is 1. A temperature of 4 shows what else the teacher sees
# in an image of a 7.

import numpy as np
from sklearn.metrics import recall_score

from skdistill import NeuralStudentClassifier

two = np.isin(y_train, [7, 8])
student = NeuralStudentClassifier(
    teacher,
    temperature=4.0,
    hidden_layer_sizes=(64,),
    numeric_embedding=None,
    max_epochs=100,
    random_state=0,
).fit(X_train[two], y_train[two])
before = recall_score(y_test, student.predict(X_test), average=None)
print(f"{two.sum()} images of two digits; accuracy on ten digits:")
print(f"  as it was fitted {student.score(X_test, y_test):.3f}")

# %%
# Told how often each digit comes
# -------------------------------
# ``adjust_class_prior`` takes the shares, and images without labels. Nothing is trained.

shares = np.bincount(y_train) / len(y_train)
student.adjust_class_prior(shares, X=X_train)
after = recall_score(y_test, student.predict(X_test), average=None)
print(f"  told the shares  {student.score(X_test, y_test):.3f}")
print(f"  the teacher      {teacher.score(X_test, y_test):.3f}")

# %%
# The picture
# -----------
# Above, images of digits that the student had not seen, and what it calls them. Below,
# how many of each digit it finds, before and after.

import matplotlib.pyplot as plt

figure = plt.figure(figsize=(9, 5.2), layout="constrained")
top, bottom = figure.subfigures(2, 1, height_ratios=[1.25, 2.6])
unseen = [0, 1, 2, 3, 4, 5, 6, 9]
images = X_test[[np.flatnonzero(y_test == digit)[0] for digit in unseen]]
named = zip(top.subplots(1, 8), images, unseen, student.predict(images), strict=True)
for axes, image, digit, said in named:
    axes.imshow(image.reshape(8, 8), cmap="gray_r")
    axes.set(xticks=[], yticks=[])
    axes.set_title(f"“{said}”", color="C0" if said == digit else "C3")
axes = bottom.subplots()
digits = np.arange(10)
teachers = recall_score(y_test, teacher.predict(X_test), average=None)
axes.bar(digits - 0.2, before, 0.4, color="0.7", label="student of 7s and 8s")
axes.bar(digits + 0.2, after, 0.4, color="C0", label="the same, told the shares")
axes.hlines(teachers, digits - 0.42, digits + 0.42, color="k", label="teacher")
axes.set(xticks=digits, xlabel="digit", ylabel="share that is found", ylim=(0, 1.02))
axes.spines[["top", "right"]].set_visible(False)
bottom.legend(loc="outside upper center", ncols=3, frameon=False)
plt.show()
