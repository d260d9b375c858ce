"""Writes the report of a result: figures as files, and one page that has all.

The page needs nothing but itself: data, style, script and the charting library
are in it.
"""

import html
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tools import paths
from tools.experiment import metrics, table, units
from tools.experiment.sweep import label_of
from tools.qemu import accelerator
from tools.report import figure_data, plots

PAGE = "report.html"
_HERE = Path(__file__).absolute().parent
# The page shows the numbers of so many metrics of each run; result.csv has all.
_RUN_COLUMNS_MAX = 12


def write(directory: Path, result: dict[str, Any],
          chart_script: Path = paths.CHART_SCRIPT) -> Path:
    """Writes figures/ and the page into the result's directory."""
    figures = figure_data.figures(result)
    plots.draw(figures, directory / "figures")
    page = directory / PAGE
    page.write_text(render(result, figures, chart_script), encoding="utf-8")
    return page


def render(result: dict[str, Any], figures: Sequence[figure_data.Figure],
           chart_script: Path) -> str:
    """The page."""
    parts = {
        "title": html.escape(result["experiment"]),
        "description": html.escape(result["config"].get("description", "")),
        "facts": _facts(result),
        "claims": _claims(result["claims"]),
        "figures": "".join(_figure(index, figure)
                           for index, figure in enumerate(figures)),
        "summary": _summary(result),
        "runs": _runs(result["runs"]),
        "machine": _definitions(result["machine"]),
        "config": html.escape(json.dumps(result["config"], indent=2)),
        "style": (_HERE / "style.css").read_text(encoding="utf-8"),
        "data": _script_data({"figures": figures, "colours": plots.COLOURS}),
        "script": (_HERE / "script.js").read_text(encoding="utf-8"),
        "chart_script": _script_text(chart_script),
    }
    page = (_HERE / "template.html").read_text(encoding="utf-8")
    # In one pass: a part's own text is never taken for a place to fill.
    pieces = page.split("@@")
    return "".join(piece if index % 2 == 0 else parts[piece]
                   for index, piece in enumerate(pieces))


def _script_text(file: Path) -> str:
    return file.read_text(encoding="utf-8").replace("</script", "<\\/script")


def _script_data(data: Any) -> str:
    # Nothing in it may end the element that it stands in.
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")


def _facts(result: dict[str, Any]) -> str:
    runs = result["runs"]
    commit = result["commit"]
    machine = result["machine"]
    state = " with changes" if commit["dirty"] else ""
    failed = sum(run["status"] != "ok" for run in runs)
    points = len({label_of(run["point"]) for run in runs})
    facts = [
        f"{points} points, {len(runs)} runs" +
        (f", {failed} failed" if failed else ""),
        f"{machine['processor']}, {machine['cores']} cores" +
        (", virtual" if machine.get("virtual") else ""),
        f"commit {(commit['id'] or 'unknown')[:12]}{state}",
    ]
    if machine.get("accelerator") == "tcg":
        facts.append(accelerator.EMULATED)
    elif "accelerator" in machine:
        facts.append(f"bare metal in QEMU, {machine['accelerator'].upper()}, "
                     f"processor {machine['guest_processor']}")
    started = [run["started"] for run in runs if "started" in run]
    if started:
        facts.append(f"measured {min(started)[:16].replace('T', ' ')} UTC")
    return "".join(f"<li>{html.escape(fact)}</li>" for fact in facts)


def _cell(text: object, is_number: bool = False) -> str:
    kind = ' class="number"' if is_number else ""
    return f"<td{kind}>{html.escape(str(text))}</td>"


def _table(caption: str, head: Sequence[str], rows: Sequence[str],
           identity: str) -> str:
    cells = "".join(f'<th scope="col">{html.escape(name)}</th>'
                    for name in head)
    return (f'<div class="wide"><table id="{identity}"><caption>'
            f"{html.escape(caption)}</caption><thead><tr>{cells}</tr></thead>"
            f"<tbody>{''.join(rows)}</tbody></table></div>")


def _claims(claims: Sequence[dict[str, Any]]) -> str:
    if not claims:
        return "<p>The experiment claims nothing.</p>"
    rows = []
    for claim in claims:
        low = "−∞" if claim["low"] is None else units.text(claim["low"])
        high = "∞" if claim["high"] is None else units.text(claim["high"])
        verdict = claim["verdict"]
        kind = verdict.replace(" ", "-")
        title = html.escape(claim.get("reason", ""), quote=True)
        rows.append(
            f'<tr data-verdict="{kind}"><th scope="row">'
            f"{html.escape(claim['name'])}"
            f"<code>{html.escape(claim['expression'])}</code></th>"
            + _cell(units.text(claim["value"]), True)
            + _cell(f"{low} to {high}", True) + _cell(claim["goal"], True)
            + f'<td><span class="verdict {kind}" title="{title}">'
            f"{html.escape(verdict)}</span></td></tr>")
    return _table("Claims, with a 95 % bootstrap interval over repetitions",
                  ["claim", "value", "interval", "goal", "verdict"], rows,
                  "claims-table")


def _figure(index: int, figure: figure_data.Figure) -> str:
    is_cdf = figure["type"] == "cdf"
    rows = [] if is_cdf else [
        f"<tr>{_cell(series['name'] or '-')}{_cell(point['x'], True)}"
        f"{_cell(units.text(point['y']), True)}"
        f"{_cell(units.text(point['low']), True)}"
        f"{_cell(units.text(point['high']), True)}</tr>"
        for series in figure["series"] for point in series["points"]]
    numbers = "" if is_cdf else (
        "<details><summary>The numbers</summary>" +
        _table(figure["title"], ["series", figure["x_label"],
                                 figure["y_label"], "least", "greatest"],
               rows, f"figure-{index}-table") + "</details>")
    title = html.escape(figure["title"])
    label = html.escape(f"{figure['title']}: {figure['y_label']} over "
                        f"{figure['x_label']}", quote=True)
    stem = plots.file_stem(index, figure)
    return (f'<figure><figcaption>{title}</figcaption>'
            f'<div class="chart" id="figure-{index}" role="img" '
            f'aria-label="{label}"></div>{numbers}'
            f'<p class="files">As a file: <a href="figures/{stem}.svg">SVG</a>'
            f' <a href="figures/{stem}.png">PNG</a></p></figure>')


def _summary(result: dict[str, Any]) -> str:
    head, rows = table.summary(result)
    if not rows:
        return "<p>No run has finished.</p>"
    return _table("Median of each point's repetitions, ± half of their spread",
                  head, ["<tr>" + "".join(
                      _cell(cell, table.is_figure(cell)) for cell in row)
                      + "</tr>" for row in rows], "summary-table")


def _runs(runs: Sequence[dict[str, Any]]) -> str:
    axes = list(dict.fromkeys(axis for run in runs for axis in run["point"]))
    flat = [metrics.flatten(run["metrics"]) for run in runs]
    columns = list(dict.fromkeys(
        column for row in flat for column in row))[:_RUN_COLUMNS_MAX]
    rows = []
    for run, row in zip(runs, flat):
        said = "ok" if run["status"] == "ok" else run.get("error", "failed")
        rows.append("<tr>" + "".join(
            [*(_cell(run["point"].get(axis, "")) for axis in axes),
             _cell(run["repetition"], True), _cell(run["seed"], True),
             _cell(said), *(_cell(units.text(row.get(column)), True)
                            for column in columns)]) + "</tr>")
    return _table("Each run, in the order of measurement",
                  [*axes, "repetition", "seed", "status", *columns], rows,
                  "runs-table")


def _definitions(facts: dict[str, Any]) -> str:
    return "<dl>" + "".join(
        f"<dt>{html.escape(key.replace('_', ' '))}</dt>"
        f"<dd>{html.escape(_fact(key, value))}</dd>"
        for key, value in facts.items()) + "</dl>"


def _fact(key: str, value: Any) -> str:
    if key.endswith("_bytes"):
        return f"{value / 2**30:.1f} GiB"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
