"""Draws figures as SVG and PNG files."""

import re
from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # Without a display.

from matplotlib import pyplot  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402

from tools.report.figure_data import Figure  # noqa: E402

# Okabe and Ito's colours, which people with any colour vision tell apart; the
# same as in style.css.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9",
           "#7F7F7F", "#000000")
_MARKERS = "osD^vP*X"
_STYLE = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#DDDDDD",
    "font.size": 10,
    "svg.fonttype": "none",
    "svg.hashsalt": "ebbrt",  # The same data makes the same file.
}


def file_stem(index: int, figure: Figure) -> str:
    """Names the files of a figure."""
    words = re.sub(r"[^a-z0-9]+", "-", figure["title"].lower()).strip("-")
    return f"{index + 1}-{words}"


def draw(figures: Sequence[Figure], directory: Path) -> None:
    """Writes the files of all figures; those of an earlier result go."""
    directory.mkdir(exist_ok=True)
    for old in [*directory.glob("*.svg"), *directory.glob("*.png")]:
        old.unlink()
    with matplotlib.rc_context(_STYLE):
        for index, figure in enumerate(figures):
            canvas, axes = pyplot.subplots(figsize=(7, 4.2),
                                           layout="constrained")
            _draw(axes, figure)
            stem = directory / file_stem(index, figure)
            canvas.savefig(f"{stem}.svg", metadata={"Date": None})
            canvas.savefig(f"{stem}.png", dpi=150)
            pyplot.close(canvas)


def _draw(axes: Axes, figure: Figure) -> None:
    axes.set_title(figure["title"], loc="left")
    axes.set_xlabel(figure["x_label"])
    axes.set_ylabel(figure["y_label"])
    {"bar": _draw_bars, "line": _draw_lines, "cdf": _draw_cdf}[figure["type"]](
        axes, figure)
    has_points = any(series["points"] for series in figure["series"])
    if figure["x_log"] and has_points:
        axes.set_xscale("log")
    if figure["y_log"] and has_points:
        axes.set_yscale("log")
    elif has_points:
        axes.set_ylim(bottom=0)
    if any(series["name"] for series in figure["series"]):
        axes.legend(frameon=False)


def _draw_lines(axes: Axes, figure: Figure) -> None:
    for index, series in enumerate(figure["series"]):
        colour = COLOURS[index % len(COLOURS)]
        points = series["points"]
        ys = [point["y"] for point in points]
        whiskers = [[point["y"] - point["low"] for point in points],
                    [point["high"] - point["y"] for point in points]]
        axes.errorbar([point["x"] for point in points], ys, yerr=whiskers,
                      color=colour, marker=_MARKERS[index % len(_MARKERS)],
                      markersize=4, capsize=3, label=series["name"] or None)
        repetitions = [repetition for point in points
                       for repetition in point["repetitions"]]
        axes.scatter([r["x"] for r in repetitions],
                     [r["y"] for r in repetitions], s=6, alpha=0.35,
                     color=colour)


def _draw_bars(axes: Axes, figure: Figure) -> None:
    categories = list(dict.fromkeys(
        str(point["x"]) for series in figure["series"]
        for point in series["points"]))
    width = 0.8 / max(len(figure["series"]), 1)
    for index, series in enumerate(figure["series"]):
        shift = (index - (len(figure["series"]) - 1) / 2) * width
        points = series["points"]
        axes.bar([categories.index(str(point["x"])) + shift
                  for point in points],
                 [point["y"] for point in points], width,
                 yerr=[[point["y"] - point["low"] for point in points],
                       [point["high"] - point["y"] for point in points]],
                 capsize=3, color=COLOURS[index % len(COLOURS)],
                 label=series["name"] or None)
    axes.set_xticks(range(len(categories)), categories)


def _draw_cdf(axes: Axes, figure: Figure) -> None:
    for index, series in enumerate(figure["series"]):
        axes.step([point["x"] for point in series["points"]],
                  [point["y"] for point in series["points"]], where="post",
                  color=COLOURS[index % len(COLOURS)],
                  label=series["name"] or None)
