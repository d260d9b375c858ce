"""What a figure shows, apart from who draws it (plots.py, script.js).

A line's or bar's place is the median of a point's repetitions; its whisker goes
from the least to the greatest of them.
"""

from collections.abc import Sequence
from typing import Any

from tools.experiment import metrics, units
from tools.experiment.metrics import Run
from tools.experiment.sweep import Coordinates, order_of

Figure = dict[str, Any]
Series = dict[str, Any]


def figures(result: dict[str, Any]) -> list[Figure]:
    """The data of each figure that the experiment asks for."""
    groups = metrics.by_point(result["runs"], order_of(result["config"]))
    return [_figure(description, groups)
            for description in result["config"].get("figures", [])]


def _figure(description: dict[str, Any],
            groups: Sequence[tuple[Coordinates, list[Run]]]) -> Figure:
    groups = [(point, group) for point, group in groups
              if _is_wanted(point, description.get("where", {}))]
    lines: dict[str, list[tuple[dict[str, Any], list[Run]]]] = {}
    for point, group in groups:
        lines.setdefault(_series_name(point, description), []).append(
            (point, group))
    build = _cdf if description["type"] == "cdf" else _points
    figure = {
        "title": description["title"],
        "type": description["type"],
        "x_log": "x" in description.get("log", []),
        "y_log": "y" in description.get("log", []),
        **build(description, lines),
    }
    for axis in ("x", "y"):
        figure[f"{axis}_label"] = description.get(f"{axis}_label",
                                                  figure[f"{axis}_label"])
    return figure


def _is_wanted(point: dict[str, Any], where: dict[str, Any]) -> bool:
    return all(point.get(axis) in (wanted if isinstance(wanted, list)
                                   else [wanted])
               for axis, wanted in where.items())


def _series_name(point: dict[str, Any], description: dict[str, Any]) -> str:
    # "ebbrt, cores 2": words say themselves what they are, numbers do not.
    return ", ".join(str(point[axis]) if isinstance(point[axis], str)
                     else f"{axis.replace('_', ' ')} {point[axis]}"
                     for axis in description.get("series", []))


def _points(description: dict[str, Any], lines: dict[str, Any]) -> Figure:
    x_path, y_path = description["x"], description["y"]
    is_axis = any(x_path in point for line in lines.values()
                  for point, _ in line)
    everything = [run for line in lines.values() for _, group in line
                  for run in group]
    y_label, y_factor = _unit(everything, y_path)
    x_label, x_factor = (x_path.replace("_", " "), 1) if is_axis else _unit(
        everything, x_path)
    series = []
    for name, line in lines.items():
        points = [_point(point, group, x_path if is_axis else None, x_path,
                         x_factor, y_path, y_factor) for point, group in line]
        points = [point for point in points if point is not None]
        if description["type"] == "line" and all(
                isinstance(point["x"], (int, float)) for point in points):
            points.sort(key=lambda point: point["x"])
        series.append({"name": name, "points": points})
    return {"x_label": x_label, "y_label": y_label, "series": series}


def _unit(runs: Sequence[Run], path: str) -> tuple[str, float]:
    found = [abs(value) for value in metrics.values(runs, path)]
    return units.choose(path, metrics.median(found) or 0)


def _point(point: dict[str, Any], group: Sequence[Run], axis: str | None,
           x_path: str, x_factor: float, y_path: str,
           y_factor: float) -> dict[str, Any] | None:
    pairs = []
    for run in group:
        x = point[axis] if axis else metrics.number(run, x_path)
        y = metrics.number(run, y_path)
        if x is not None and y is not None:
            pairs.append((x if axis else x / x_factor, y / y_factor))
    if not pairs:
        return None
    ys = [y for _, y in pairs]
    return {
        "x": pairs[0][0] if axis else metrics.median([x for x, _ in pairs]),
        "y": metrics.median(ys),
        "low": min(ys),
        "high": max(ys),
        "repetitions": [{"x": x, "y": y} for x, y in pairs],
    }


def _cdf(description: dict[str, Any], lines: dict[str, Any]) -> Figure:
    path = description["x"]
    merged = {name: _merged_histogram(line, path)
              for name, line in lines.items()}
    totals = [sum(histogram.values()) for histogram in merged.values()]
    typical = 0
    if any(totals):
        typical = _value_at(merged[max(merged, key=lambda name: sum(
            merged[name].values()))], 0.5)
    # The histogram is one of latencies where its name does not say otherwise.
    named = path if units.has_unit(path) else "latency_ns"
    label, factor = units.choose(named, typical)
    series = []
    for (name, histogram), total in zip(merged.items(), totals):
        points, below = [], 0
        for value in sorted(histogram):
            if not points:  # The step from nothing.
                points.append({"x": value / factor, "y": 0})
            below += histogram[value]
            points.append({"x": value / factor, "y": below / total})
        series.append({"name": name, "points": points})
    return {"x_label": label, "y_label": "fraction of all", "series": series}


def _merged_histogram(line: Sequence[tuple[Any, Sequence[Run]]],
                      path: str) -> dict[float, int]:
    merged: dict[float, int] = {}
    for _, group in line:
        for run in group:
            for value, count in metrics.lookup(run["metrics"], path) or []:
                merged[value] = merged.get(value, 0) + count
    return merged


def _value_at(histogram: dict[float, int], q: float) -> float:
    wanted, below = q * sum(histogram.values()), 0
    for value in sorted(histogram):
        below += histogram[value]
        if below >= wanted:
            return value
    return 0
