"""Finds figures in what runs report, and reduces repetitions to one number."""

import fnmatch
import statistics
from collections.abc import Iterable, Sequence
from typing import Any

from tools.experiment.sweep import Coordinates

Run = dict[str, Any]
Metrics = dict[str, Any]


def flatten(metrics: Metrics, prefix: str = "") -> dict[str, float]:
    """All numbers of the metrics by path (`latency_ns.p99`); no lists."""
    found: dict[str, float] = {}
    for key, value in metrics.items():
        if isinstance(value, dict):
            found.update(flatten(value, f"{prefix}{key}."))
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            found[prefix + key] = value
    return found


def lookup(metrics: Metrics, path: str) -> Any:
    """What stands at `path`, None if nothing does. Keys may have dots."""
    if path in metrics:
        return metrics[path]
    for key, value in metrics.items():
        if path.startswith(key + ".") and isinstance(value, dict):
            found = lookup(value, path[len(key) + 1:])
            if found is not None:
                return found
    return None


def number(run: Run, path: str) -> float | None:
    """The number at `path` of a run's metrics, None if there is none.

    `nodes.ROLE...` is what a node used: resident_bytes_max, cpu_s.
    """
    value = lookup(run["metrics"], path)
    if value is None and path.startswith("nodes."):
        value = lookup(run.get("nodes", {}), path.removeprefix("nodes."))
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value


def quantile(values: Sequence[float], q: float) -> float:
    """Linear between the two values that are nearest. REQUIRES: some values."""
    ordered = sorted(values)
    position = q * (len(ordered) - 1)
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] -
                                                  ordered[below])


def matching(paths: Iterable[str], patterns: Sequence[str]) -> list[str]:
    """The paths that a pattern matches, in the order of the patterns."""
    paths = list(paths)
    return list(dict.fromkeys(
        path for pattern in patterns for path in paths
        if fnmatch.fnmatchcase(path, pattern)))


def finished(runs: Iterable[Run]) -> list[Run]:
    """The runs that measured something."""
    return [run for run in runs if run["status"] == "ok"]


def by_point(runs: Iterable[Run], order: Sequence[Coordinates] = ()
             ) -> list[tuple[Coordinates, list[Run]]]:
    """Finished runs together with the others of their point, by repetition.

    Points stand in `order`, and behind it in that of measurement.
    """
    groups: dict[str, tuple[Coordinates, list[Run]]] = {
        repr(point): (point, []) for point in order}
    for run in finished(runs):
        groups.setdefault(repr(run["point"]), (run["point"], []))[1].append(run)
    for _, group in groups.values():
        group.sort(key=lambda run: run["repetition"])
    return [(point, group) for point, group in groups.values() if group]


def values(runs: Iterable[Run], path: str) -> list[float]:
    """The number at `path` of each run that has one."""
    found = (number(run, path) for run in runs)
    return [value for value in found if value is not None]


def median(numbers: Sequence[float]) -> float | None:
    """The median, None where there is nothing to take it of."""
    return statistics.median(numbers) if numbers else None
