"""The language of claims: arithmetic over figures of runs.

    median(throughput_rps, server="ebbrt") / median(throughput_rps, server="x")

An aggregate (median, mean, minimum, maximum, quantile) reduces the repetitions
of one point to a number: its first argument is a metric's path, a name or text;
its keywords are coordinates that choose the point. Numbers are joined by
+ - * / ** and min, max, abs, sqrt, geomean.

paired(E) evaluates E within each repetition alone, and is the median of what
that gives. What is measured side by side is compared so: a machine that
becomes slower for a while is slower for both sides.

Nothing else is an expression: the text is parsed by Python and then only what
is listed here is evaluated.
"""

import ast
import math
import operator
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tools.experiment import metrics
from tools.experiment.sweep import Coordinates

CHARACTERS_MAX = 10_000

AGGREGATES: dict[str, Callable[..., float]] = {
    "median": statistics.median,
    "mean": statistics.fmean,
    "minimum": min,
    "maximum": max,
    "quantile": metrics.quantile,
}
FUNCTIONS: dict[str, Callable[..., float]] = {
    "min": min,
    "max": max,
    "abs": abs,
    "sqrt": math.sqrt,
    "geomean": lambda *numbers: statistics.geometric_mean(numbers),
}
PAIRED = "paired"
_OPERATORS: dict[type, Callable[..., float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}


class ExpressionError(Exception):
    """Text that is no expression; says what was found and expected."""

    def __init__(self, found: str, expected: str,
                 nearest_among: Sequence[str] = ()):
        super().__init__(f"found {found}, expected {expected}")
        self.found = found
        self.expected = expected
        self.nearest_among = nearest_among


@dataclass(frozen=True)
class Aggregate:
    """One reduction of one point's repetitions."""

    function: str
    arguments: tuple[float, ...]
    metric: str
    filters: tuple[tuple[str, Any], ...]

    def selects(self, coordinates: Coordinates) -> bool:
        return all(name in coordinates and coordinates[name] == value
                   for name, value in self.filters)

    def reduce(self, numbers: Sequence[float]) -> float:
        return AGGREGATES[self.function](numbers, *self.arguments)

    def __str__(self) -> str:
        filters = "".join(f", {name}={value!r}" for name, value in self.filters)
        return f"{self.function}({self.metric}{filters})"


class Expression:
    """A parsed expression. Raises ExpressionError where it is none."""

    def __init__(self, text: str):
        if len(text) > CHARACTERS_MAX:
            raise ExpressionError(f"{len(text)} characters",
                                  f"at most {CHARACTERS_MAX}")
        try:
            tree = ast.parse(text.strip(), mode="eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            message = getattr(error, "msg", str(error))
            raise ExpressionError(f'"{text}"', f"an expression ({message})"
                                  ) from None
        self._tree = _reduced(tree.body)

    @property
    def aggregates(self) -> list[Aggregate]:
        return list(_aggregates(self._tree))

    def evaluate(self, samples: "Samples") -> float:
        """The value over these figures. Raises ArithmeticError."""
        try:
            value = _evaluate(self._tree, samples)
        except (ValueError, statistics.StatisticsError) as error:
            raise ArithmeticError(str(error)) from None
        if isinstance(value, complex) or not math.isfinite(value):
            raise ArithmeticError(f"the value is {value}")
        return value


# The figures of each aggregate, all in the same order of repetitions.
Samples = Mapping[Aggregate, Sequence[float]]


@dataclass(frozen=True)
class _Paired:
    """What is evaluated within each repetition."""

    inner: Any


@dataclass(frozen=True)
class _Call:
    """An operator or function and what it is applied to."""

    function: Callable[..., float]
    arguments: tuple[Any, ...]


def _reduced(node: ast.expr) -> Any:
    """The tree in our own terms: numbers, aggregates, calls."""
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(
                value, bool):
            return float(value)
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATORS:
            return _Call(_OPERATORS[type(op)], (_reduced(operand),))
        case ast.BinOp(left=left, op=op, right=right) if type(
                op) in _OPERATORS:
            return _Call(_OPERATORS[type(op)],
                         (_reduced(left), _reduced(right)))
        case ast.Call(func=ast.Name(id=name)):
            return _reduced_call(name, node)
    raise ExpressionError(
        f'"{ast.unparse(node)}"',
        "numbers, + - * / **, and functions such as median(METRIC)")


def _reduced_call(name: str, node: ast.Call) -> Any:
    if name in AGGREGATES:
        return _aggregate(name, node)
    if name == PAIRED:
        if len(node.args) != 1 or node.keywords:
            raise ExpressionError(f'"{ast.unparse(node)}"',
                                  "paired(EXPRESSION)")
        return _Paired(_reduced(node.args[0]))
    if name not in FUNCTIONS:
        names = [*AGGREGATES, PAIRED, *FUNCTIONS]
        raise ExpressionError(f'the unknown function "{name}"',
                              "one of " + ", ".join(names), names)
    if node.keywords or not node.args:
        raise ExpressionError(f'"{ast.unparse(node)}"',
                              f"{name} of numbers; a point is chosen within "
                              "median and the like")
    return _Call(FUNCTIONS[name], tuple(_reduced(arg) for arg in node.args))


def _aggregate(name: str, node: ast.Call) -> Aggregate:
    wanted = 2 if name == "quantile" else 1
    if len(node.args) != wanted:
        expected = "(METRIC, Q, ...)" if wanted == 2 else "(METRIC, ...)"
        raise ExpressionError(f'"{ast.unparse(node)}"', name + expected)
    arguments = tuple(_constant(arg) for arg in node.args[1:])
    if any(not isinstance(q, (int, float)) or not 0 <= q <= 1
           for q in arguments):
        raise ExpressionError(f'"{ast.unparse(node)}"',
                              "a quantile from 0 to 1")
    filters = tuple((keyword.arg or "**", _constant(keyword.value))
                    for keyword in node.keywords)
    return Aggregate(name, arguments, _metric(node.args[0]), filters)


def _metric(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str() as path):
            return path
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=outer, attr=name):
            return f"{_metric(outer)}.{name}"
    raise ExpressionError(f'"{ast.unparse(node)}"', "a metric's path")


def _constant(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError):
        raise ExpressionError(f'"{ast.unparse(node)}"',
                              "a number or text") from None


def _aggregates(tree: Any) -> Iterator[Aggregate]:
    if isinstance(tree, Aggregate):
        yield tree
    elif isinstance(tree, _Paired):
        yield from _aggregates(tree.inner)
    elif isinstance(tree, _Call):
        for argument in tree.arguments:
            yield from _aggregates(argument)


def _evaluate(tree: Any, samples: Samples) -> float:
    if isinstance(tree, Aggregate):
        return tree.reduce(samples[tree])
    if isinstance(tree, _Paired):
        used = set(_aggregates(tree.inner))
        rows = zip(*(samples[aggregate] for aggregate in used))
        return statistics.median(
            _evaluate(tree.inner, {aggregate: [value] for aggregate, value
                                   in zip(used, row)}) for row in rows)
    if isinstance(tree, _Call):
        return tree.function(*(_evaluate(argument, samples)
                               for argument in tree.arguments))
    return tree
