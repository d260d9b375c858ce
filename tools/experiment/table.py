"""The table that a run ends with: medians of repetitions, and their spread."""

from collections.abc import Sequence
from typing import Any

from tools.experiment import metrics, units
from tools.experiment.sweep import label_of, order_of

# Without a choice of the experiment's own, the first of these that there are.
DEFAULT_METRICS = ("throughput_rps", "operations_per_second", "duration_s",
                   "latency_ns.p50", "latency_ns.p99", "errors",
                   "*.cpu_time_ns")
COLUMNS_MAX = 6


def shown_metrics(result: dict[str, Any]) -> list[str]:
    """The metrics that the table has, of those that were measured."""
    measured = dict.fromkeys(
        path for run in metrics.finished(result["runs"])
        for path in metrics.flatten(run["metrics"]))
    chosen = result["config"].get("metrics")
    if chosen:
        return metrics.matching(measured, chosen)
    return (metrics.matching(measured, DEFAULT_METRICS) or
            list(measured)[:COLUMNS_MAX])


def summary(result: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """The head and the rows of the table."""
    groups = metrics.by_point(result["runs"], order_of(result["config"]))
    axes = list(dict.fromkeys(axis for point, _ in groups for axis in point))
    shown = shown_metrics(result)
    columns = [_column([metrics.values(runs, path) for _, runs in groups], path)
               for path in shown]
    if len(shown) > COLUMNS_MAX or not axes:
        # Many figures of few points read better downwards.
        head = ["metric", *(label_of(point) if axes else "median"
                            for point, _ in groups)]
        return head, [list(column) for column in columns]
    head = [*axes, *(column[0] for column in columns)]
    rows = [[*(str(point.get(axis, "")) for axis in axes),
             *(column[index + 1] for column in columns)]
            for index, (point, _) in enumerate(groups)]
    return head, rows


def _column(groups: Sequence[Sequence[float]], path: str) -> list[str]:
    """The metric's label, and for each point its median and spread."""
    medians = [metrics.median(values) for values in groups]
    # The smallest chooses the unit: it must not become 0.000.
    label, factor = units.choose(path, min(
        (abs(m) for m in medians if m), default=0))
    return [label, *(_cell(median, values, factor)
                     for median, values in zip(medians, groups))]


def _cell(median: float | None, values: Sequence[float],
          factor: float) -> str:
    if median is None:
        return "-"
    text = units.text(median / factor)
    if len(values) > 1 and median:
        # Half of the way from the least to the greatest repetition.
        spread = (max(values) - min(values)) / 2 / abs(median)
        text += f" ±{spread:.1%}" if spread < 0.1 else f" ±{spread:.0%}"
    return text


def render(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The table as text: words to the left, figures to the right."""
    widths = [max(len(row[i]) for row in [head, *rows])
              for i in range(len(head))]
    is_text = [any(not is_figure(row[i]) for row in rows)
               for i in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        return "  ".join(
            cell.ljust(width) if left else cell.rjust(width)
            for cell, width, left in zip(cells, widths, is_text)).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return "\n".join([line(head), rule, *(line(row) for row in rows)])


def is_figure(cell: str) -> bool:
    """Whether a cell is a number, maybe with its spread, or stands for none."""
    number = cell.partition(" ±")[0].replace(",", "")
    try:
        float(number)
    except ValueError:
        return cell == "-"
    return True
