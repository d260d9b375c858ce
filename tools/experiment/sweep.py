"""Expands an experiment's sweep into points: all combinations of choices."""

import copy
import itertools
import math
from dataclasses import dataclass
from typing import Any

from tools.experiment import document as documents
from tools.experiment.problems import DocumentError, Problem, quote

# A point's place in the sweep: the choice made on each axis.
Coordinates = dict[str, Any]

POINTS_MAX = 10_000


@dataclass(frozen=True)
class Choice:
    """What an axis is set to at a point."""

    label: Any
    settings: dict[str, Any]


@dataclass(frozen=True)
class Axis:
    """One dimension of the sweep."""

    name: str
    choices: list[Choice]


@dataclass(frozen=True)
class Point:
    """One combination, and the document that it makes, without the sweep."""

    coordinates: Coordinates
    document: documents.Document

    @property
    def label(self) -> str:
        return label_of(self.coordinates)


def label_of(coordinates: Coordinates) -> str:
    """How messages name a point."""
    return " ".join(f"{name}={value}" for name, value in coordinates.items()
                    ) or "the only point"


def axes(document: documents.Document) -> list[Axis]:
    """The axes of a document that the schema accepts. Raises DocumentError."""
    found = [_axis(axis, f"sweep[{index}]")
             for index, axis in enumerate(document.get("sweep", []))]
    names = [axis.name for axis in found]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise DocumentError([Problem(
                f"sweep[{index}]", f"a second axis {quote(name)}",
                'another "name": it tells the points apart')])
    return found


def _axis(axis: dict[str, Any], place: str) -> Axis:
    if "cases" in axis:
        choices = [Choice(case["label"], case["set"]) for case in axis["cases"]]
        name = axis["name"]
    else:
        path = axis["path"]
        name = axis.get("name", path.rpartition(".")[2])
        choices = [Choice(value if not isinstance(value, (dict, list))
                          else quote(value), {path: value})
                   for value in _values(axis, place)]
    labels = [choice.label for choice in choices]
    for label in labels:
        if labels.count(label) > 1:
            raise DocumentError([Problem(
                place, f"{quote(label)} twice", "each choice once")])
    return Axis(name, choices)


def _values(axis: dict[str, Any], place: str) -> list[Any]:
    given = [key for key in ("values", "range") if key in axis]
    if len(given) != 1:
        raise DocumentError([Problem(
            place, " and ".join(quote(key) for key in given) or
            "an axis without choices", 'one of "values", "range", "cases"')])
    if "values" in axis:
        return axis["values"]
    bounds = axis["range"]
    first, last, count = bounds["from"], bounds["to"], bounds["count"]
    if bounds.get("scale") == "log":
        if first <= 0 or last <= 0:
            raise DocumentError([Problem(
                f"{place}.range", quote(bounds),
                "both ends above 0 on a logarithmic scale")])
        ratio = math.log(last / first)
        values = [first * math.exp(ratio * i / (count - 1))
                  for i in range(count)]
    else:
        values = [first + (last - first) * i / (count - 1)
                  for i in range(count)]
    if isinstance(first, int) and isinstance(last, int):
        # Whole ends mean whole steps: connections, bytes, requests a second.
        values = list(dict.fromkeys(round(value) for value in values))
    return values


def expand(document: documents.Document) -> list[Point]:
    """The points of a document that fits the schema. Raises DocumentError."""
    dimensions = axes(document)
    count = math.prod(len(axis.choices) for axis in dimensions)
    if count > POINTS_MAX:
        raise DocumentError([Problem("sweep", f"{count} points",
                                     f"at most {POINTS_MAX}")])
    base = {key: value for key, value in document.items()
            if key not in ("sweep", "exclude")}
    points = [_point(base, dimensions, choices) for choices in
              itertools.product(*(axis.choices for axis in dimensions))]
    excluded = document.get("exclude", [])
    left = [point for point in points if not any(
        point.coordinates.items() >= coordinates.items()
        for coordinates in excluded)]
    if not left:
        raise DocumentError([Problem("exclude", "all points of the sweep",
                                     "fewer: nothing is left to measure")])
    return left


def order_of(document: documents.Document) -> list[Coordinates]:
    """The coordinates of all points, in the order in which they are shown."""
    return [{axis.name: choice.label for axis, choice in zip(
        axes(document), choices)} for choices in itertools.product(
            *(axis.choices for axis in axes(document)))]


def _point(base: documents.Document, dimensions: list[Axis],
           choices: tuple[Choice, ...]) -> Point:
    changed = copy.deepcopy(base)
    for index, choice in enumerate(choices):
        for path, value in choice.settings.items():
            documents.set_path(changed, path, copy.deepcopy(value),
                               f"sweep[{index}]")
    return Point({axis.name: choice.label
                  for axis, choice in zip(dimensions, choices)}, changed)
