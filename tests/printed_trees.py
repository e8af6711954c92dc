"""Printed trees, carried out by somebody who knows nothing but the text."""

import operator
import re

import pandas as pd

LINE = re.compile(r"((?:\|   )*)\|--- (.*)")
LEAF = re.compile(r"(.*)  \((.*) of rows, n = ([\d,]+)\)")
SIGNS = {"<=": operator.le, ">": operator.gt, ">=": operator.ge, "<": operator.lt}


def lines_of(text):
    """Depth and words of each line."""
    found = [LINE.fullmatch(line).groups() for line in text.splitlines()]
    return [(len(indent) // 4, words) for indent, words in found]


def questions_of(text):
    """The words of all sides."""
    return [words for _, words in lines_of(text) if not LEAF.fullmatch(words)]


def walk(text, row):
    """The words of the leaf where a row ends."""
    depth = 0
    for at, words in lines_of(text):
        if at != depth:
            continue  # a line of a branch that was not taken
        if LEAF.fullmatch(words):
            return words
        if holds(words, row):
            depth += 1
    raise AssertionError("no leaf")


def holds(question, row):
    """Whether the words of a side are true of a row."""
    question, *gap = re.split(r"( or missing|, nor missing)$", question)
    name, word, wanted = re.fullmatch(
        r"(.+?) (=|<=|>=|<|>|is not|is|in|not in) (.+)", question
    ).groups()
    value = row[name]
    if wanted == "missing":
        return pd.isna(value) == (word == "is")
    if gap and pd.isna(value):
        return gap[0] == " or missing"
    if word in SIGNS:
        return SIGNS[word](value, as_number(wanted))
    if word in ("in", "not in"):
        return (str(value) in wanted.strip("{}").split(", ")) == (word == "in")
    is_same = str(value) == wanted or (wanted in "01" and value == float(wanted))
    return is_same == (word == "=")


def as_number(text):
    """A number as people write it."""
    return float(text.replace(",", ""))


def shares_of(leaf):
    """Shares of the classes that a leaf, or an answer, names."""
    said = re.split(r"; observed |  \(", leaf)[0]
    found = re.findall(r"(?:^|, )([^,]+?):? [<>]? ?([\d.]+) %", said)
    return {name: float(share) / 100 for name, share in found}


def value_of(leaf):
    """The value that a leaf says."""
    return as_number(re.split(r"; observed |  \(", leaf)[0])
