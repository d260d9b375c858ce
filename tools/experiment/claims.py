"""Decides whether what an experiment claims was measured.

A claim's value comes with a 95 % interval: the repetitions are drawn again,
with replacement, and the expression is evaluated on each draw (the percentile
bootstrap). A draw takes whole repetitions, so figures of two points that were
measured side by side in a repetition stay together. A claim
  holds         where the whole interval is on the good side of its goal,
  is missed     where the whole interval is on the other side,
  is too noisy  otherwise: more repetitions may tell.

Source: Efron, Tibshirani, An Introduction to the Bootstrap, chapter 13.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tools.experiment import metrics
from tools.experiment.expression import (Aggregate, Expression,
                                         ExpressionError)
from tools.experiment.problems import (Problem, nearest_of, one_of, quote,
                                       unknown)
from tools.experiment.sweep import Point, label_of

DRAWS = 2000
CONFIDENCE = 0.95
# With fewer repetitions there is no telling how far apart they may be.
REPETITIONS_MIN = 3

_GOAL = re.compile(r"(>=|<=|>|<) *(.+)")


@dataclass(frozen=True)
class Outcome:
    """What became of a claim; the fields of claims[] in a result."""

    name: str
    expression: str
    goal: str
    value: float | None
    low: float | None
    high: float | None
    repetitions: int
    verdict: str
    reason: str = ""

    def __str__(self) -> str:
        if self.value is None:
            return f"claim {self.name}: not measured ({self.reason})"
        low = "-inf" if self.low is None else f"{self.low:.4g}"
        high = "inf" if self.high is None else f"{self.high:.4g}"
        return (f"claim {self.name}: {self.value:.4g} [{low}, {high}], "
                f"goal {self.goal}: {self.verdict}")

    def as_json(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self).items()
                if key != "reason" or value}


def check(claims: Sequence[dict[str, str]],
          points: Sequence[Point]) -> list[Problem]:
    """What is wrong with the claims of an experiment with these points."""
    problems = []
    for index, claim in enumerate(claims):
        place = f"claims[{index}].expression"
        try:
            expression = Expression(claim["expression"])
        except ExpressionError as error:
            name = error.found.rpartition(" ")[2].strip('"')
            problems.append(Problem(place, error.found, error.expected,
                                    nearest_of(name, error.nearest_among)))
            continue
        if not expression.aggregates:
            problems.append(Problem(place, quote(claim["expression"]),
                                    "a figure of runs, such as median(METRIC)"))
        for aggregate in expression.aggregates:
            problems.extend(_check_aggregate(place, aggregate, points))
    return problems


def _check_aggregate(place: str, aggregate: Aggregate,
                     points: Sequence[Point]) -> list[Problem]:
    axes = list(points[0].coordinates)
    for name, value in aggregate.filters:
        if name not in axes:
            return [unknown(place, "axis", name, axes)]
        choices = list(dict.fromkeys(
            point.coordinates[name] for point in points))
        if value not in choices:
            return [unknown(place, f'value of the axis "{name}"', value,
                            choices)]
    selected = [point for point in points
                if aggregate.selects(point.coordinates)]
    if len(selected) != 1:
        open_axes = [axis for axis in axes
                     if len({point.coordinates[axis]
                             for point in selected}) > 1]
        expected = "one point" if selected else "a point of the sweep"
        if open_axes:
            expected += "; also choose " + one_of(open_axes)
        return [Problem(place, f"{len(selected)} points in {aggregate}",
                        expected)]
    return []


def evaluate(claims: Sequence[dict[str, str]], runs: Sequence[metrics.Run],
             seed: int) -> list[Outcome]:
    """The outcome of each claim over the finished runs, drawn from `seed`."""
    return [_evaluate(claim, runs, seed) for claim in claims]


def _evaluate(claim: dict[str, str], runs: Sequence[metrics.Run],
              seed: int) -> Outcome:
    expression = Expression(claim["expression"])
    try:
        samples = [_sample(aggregate, runs)
                   for aggregate in expression.aggregates]
        shared = sorted(set.intersection(*(set(s) for s in samples)))
        if not shared:
            raise ArithmeticError("no repetition has all of its figures")
        columns = dict(zip(expression.aggregates, samples))
        value = _value(expression, columns, shared)
    except ArithmeticError as error:
        return Outcome(claim["name"], claim["expression"], claim["goal"], None,
                       None, None, 0, "not measured", str(error))
    low, high = _interval(expression, columns, shared, seed)
    return Outcome(claim["name"], claim["expression"], claim["goal"], value,
                   low, high, len(shared), _verdict(claim["goal"], low, high))


def _sample(aggregate: Aggregate,
            runs: Sequence[metrics.Run]) -> dict[int, float]:
    """The metric of the aggregate's point, by repetition."""
    sample = {}
    for run in metrics.finished(runs):
        if aggregate.selects(run["point"]):
            value = metrics.number(run, aggregate.metric)
            if value is None:
                raise ArithmeticError(
                    f"{label_of(run['point'])} has no {aggregate.metric}")
            sample[run["repetition"]] = value
    return sample


def _value(expression: Expression, columns: dict[Aggregate, dict[int, float]],
           repetitions: Sequence[int]) -> float:
    return expression.evaluate({
        aggregate: [column[repetition] for repetition in repetitions]
        for aggregate, column in columns.items()})


def _interval(expression: Expression,
              columns: dict[Aggregate, dict[int, float]],
              repetitions: Sequence[int],
              seed: int) -> tuple[float | None, float | None]:
    if len(repetitions) < REPETITIONS_MIN:
        return None, None
    generator = random.Random(seed)
    draws = []
    for _ in range(DRAWS):
        drawn = generator.choices(repetitions, k=len(repetitions))
        try:
            draws.append(_value(expression, columns, drawn))
        except ArithmeticError:
            return None, None  # A draw without a value: no end is known.
    tail = (1 - CONFIDENCE) / 2
    return metrics.quantile(draws, tail), metrics.quantile(draws, 1 - tail)


def _verdict(goal: str, low: float | None, high: float | None) -> str:
    relation, bound_text = _GOAL.fullmatch(goal).groups()
    bound = float(bound_text)
    if low is None or high is None:
        return "too noisy"
    good = {
        ">=": lambda end: end >= bound,
        ">": lambda end: end > bound,
        "<=": lambda end: end <= bound,
        "<": lambda end: end < bound,
    }[relation]
    if good(low) and good(high):
        return "holds"
    if not good(low) and not good(high):
        return "missed"
    return "too noisy"
