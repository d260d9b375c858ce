"""Checks of what an experiment's figures say about its sweep."""

from collections.abc import Iterator, Sequence

from tools.experiment.document import Document
from tools.experiment.problems import Problem, unknown
from tools.experiment.sweep import Point


def check(document: Document, points: Sequence[Point]) -> list[Problem]:
    """What is wrong with the figures of an experiment with these points."""
    axes = list(points[0].coordinates)
    return [problem
            for index, figure in enumerate(document.get("figures", []))
            for problem in _check(f"figures[{index}]", figure, axes, points)]


def _check(place: str, figure: Document, axes: list[str],
           points: Sequence[Point]) -> Iterator[Problem]:
    if figure["type"] != "cdf" and "y" not in figure:
        yield Problem(place, 'no key "y"', "the metric that is drawn")
    for index, axis in enumerate(figure.get("series", [])):
        if axis not in axes:
            yield unknown(f"{place}.series[{index}]", "axis", axis, axes)
    for axis, wanted in figure.get("where", {}).items():
        if axis not in axes:
            yield unknown(f"{place}.where", "axis", axis, axes)
            continue
        choices = list(dict.fromkeys(
            point.coordinates[axis] for point in points))
        for value in wanted if isinstance(wanted, list) else [wanted]:
            if value not in choices:
                yield unknown(f"{place}.where.{axis}", "value", value, choices)
