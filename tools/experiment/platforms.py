"""Puts an experiment on another platform, or on several side by side.

Side by side means an axis `platform`: both are measured in one run, interleaved
with each other, and each figure and claim is told apart by it.
"""

import ast
from collections.abc import Callable, Sequence

from tools.experiment import claims, schema, targets
from tools.experiment.document import Document
from tools.experiment.expression import AGGREGATES
from tools.experiment.problems import DocumentError, Problem, quote, unknown
from tools.experiment.sweep import Coordinates, Point

AXIS = "platform"


def parse(text: str, place: str = "--platform") -> list[str]:
    """The platforms of "linux:tap,baremetal". Raises DocumentError."""
    names = text.split(",")
    for name in names:
        if name not in targets.PLATFORMS:
            raise DocumentError([unknown(place, "platform", name,
                                         targets.PLATFORMS)])
        if names.count(name) > 1:
            raise DocumentError([Problem(place, f"{quote(name)} twice",
                                         "each platform once")])
    return names


def settle(config: Document, chosen: Sequence[str] = ()) -> list[str]:
    """Runs all nodes of ours on the platforms that are chosen, else on those
    that the experiment itself has in "platforms". Returns these, none if
    nothing says. Raises DocumentError."""
    problems = schema.check_experiment(config)
    if problems:
        raise DocumentError(problems)
    own = config.pop("platforms", [])
    platforms = list(chosen) or own
    if platforms:
        choose(config, platforms)
    return platforms


def choose(config: Document, platforms: Sequence[str]) -> None:
    """Runs all nodes of ours there. REQUIRES: the schema accepts it."""
    config.pop("platforms", None)
    _forget_platforms(config)
    if len(platforms) == 1:
        config["platform"] = platforms[0]
        _forget_comparisons(config)
        return
    config["sweep"] = [{"path": AXIS, "values": list(platforms)},
                       *config.get("sweep", [])]
    for figure in config.get("figures", []):
        series = figure.setdefault("series", [])
        if AXIS not in (*series, *figure.get("where", {}), figure["x"]):
            series.append(AXIS)
    # A claim that compares platforms is one claim.
    config["claims"] = list({
        changed["name"]: changed for claim in config.get("claims", [])
        for platform in platforms
        for changed in [_of_platform(claim, platform)]}.values())


def _forget_platforms(config: Document) -> None:
    axes = config.get("sweep", [])
    nodes = list(config["nodes"])
    for axis in axes:
        # A case may put another node in a node's place.
        nodes += [value for case in axis.get("cases", [])
                  for value in case["set"].values() if isinstance(value, dict)]
    for node in nodes:
        if "app" in node or "benchmark" in node:
            node.pop("platform", None)
    kept = [axis for axis in axes if axis.get("path") != AXIS]
    if len(kept) < len(axes):
        config["sweep"] = kept


def _forget_comparisons(config: Document) -> None:
    """Of platforms, where there is only one."""
    for figure in config.get("figures", []):
        if AXIS in figure.get("series", []):
            figure["series"].remove(AXIS)
    if "claims" in config:
        config["claims"] = [claim for claim in config["claims"]
                            if not _names_platforms(claim)]


def _names_platforms(claim: dict[str, str]) -> bool:
    try:
        tree = ast.parse(claim["expression"].strip(), mode="eval")
    except (SyntaxError, ValueError):
        return False  # It will be told what is wrong with it.
    return any(isinstance(node, ast.keyword) and node.arg == AXIS
               for node in ast.walk(tree))


def _of_platform(claim: dict[str, str], platform: str) -> dict[str, str]:
    """The claim about this platform; as it is where it names one itself."""
    try:
        tree = ast.parse(claim["expression"].strip(), mode="eval")
    except (SyntaxError, ValueError):
        return claim  # It will be told what is wrong with it.
    unsaid = [call for call in ast.walk(tree) if isinstance(call, ast.Call)
              and getattr(call.func, "id", "") in AGGREGATES and not any(
                  keyword.arg == AXIS for keyword in call.keywords)]
    if not unsaid:
        return claim
    for call in unsaid:
        call.keywords.append(
            ast.keyword(arg=AXIS, value=ast.Constant(platform)))
    return {**claim, "name": f"{claim['name']} ({platform})",
            "expression": ast.unparse(tree)}


def leave_out(config: Document, points: Sequence[Point],
              is_possible: Callable[[Point], bool]) -> list[Coordinates]:
    """Excludes the points that a platform cannot have, and claims about them.

    Returns the coordinates of these points.
    """
    absent = [point.coordinates for point in points if not is_possible(point)]
    if not absent:
        return []
    config["exclude"] = [*config.get("exclude", []), *absent]
    left = [point for point in points if point.coordinates not in absent]
    if left:
        config["claims"] = [claim for claim in config.get("claims", [])
                            if not claims.check([claim], left)]
    return absent
