"""Checks of an experiment that a schema cannot express.

What one part of the document says of another: roles, references, axes, and the
points of the sweep, each of which has to be a right experiment itself.
"""

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path

from tools import paths
from tools.experiment import (claims, figure_checks, nodes, references, schema,
                              sweep, targets)
from tools.experiment.document import Document
from tools.experiment.problems import DocumentError, Problem, quote, unknown
from tools.qemu import nics
from tools.qemu.machine import parse_memory

_KINDS = ("app", "program", "benchmark")


def check(document: Document) -> list[sweep.Point]:
    """The points of an experiment. Raises DocumentError for a wrong one."""
    # A node of two kinds has keys that are wrong for either: one error tells.
    problems = _nodes_of_two_kinds(document) or schema.check_experiment(
        document)
    if problems:
        raise DocumentError(problems)
    points = sweep.expand(document)
    problems = _check_points(points)
    if not problems:
        problems = [
            *figure_checks.check(document, points),
            *claims.check(document.get("claims", []), points),
        ]
    if problems:
        raise DocumentError(problems)
    return points


def _check_points(points: list[sweep.Point]) -> list[Problem]:
    """Problems of the points; one that not all of them have names the point."""
    found = [list(_check_expanded(point.document)) for point in points]
    common = [problem for problem in dict.fromkeys(found[0])
              if all(problem in others for others in found)]
    return common + list(dict.fromkeys(
        problem.within(point.label)
        for point, problems in zip(points, found)
        for problem in problems if problem not in common))


def _check_expanded(document: Document) -> Iterator[Problem]:
    problems = (_nodes_of_two_kinds(document) or
                schema.check_experiment(document))
    if not problems:
        problems = [problem for index, node in enumerate(document["nodes"])
                    for problem in _check_kind(f"nodes[{index}]", node)]
    if not problems:
        problems = [*nodes.check_networks(document),
                    *_check_nodes(nodes.nodes_of(document)),
                    *_check_machines(document)]
    yield from problems


def _nodes_of_two_kinds(document: Document) -> list[Problem]:
    nodes_given = document.get("nodes")
    if not isinstance(nodes_given, list):
        return []
    return [problem for index, node in enumerate(nodes_given)
            if isinstance(node, dict) and
            sum(kind in node for kind in _KINDS) > 1
            for problem in _check_kind(f"nodes[{index}]", node)]


def _check_kind(place: str, node: Document) -> Iterator[Problem]:
    given = [kind for kind in _KINDS if kind in node]
    if len(given) != 1:
        found = " and ".join(quote(kind) for kind in given)
        keys = [key for key in node if key != "role"]
        near = [unknown(place, "key", key, _KINDS).nearest for key in keys]
        yield Problem(place, found or "a node that is nothing",
                      'one of "app", "program", "benchmark"',
                      next((name for name in near if name and not given), None))


def _check_nodes(all_nodes: list[nodes.Node]) -> Iterator[Problem]:
    roles = [node.role for node in all_nodes]
    for index, node in enumerate(all_nodes):
        place = f"nodes[{index}]"
        if node.role in roles[:index]:
            yield Problem(f"{place}.role", quote(node.role),
                          "a role that no other node has")
        yield from _check_target(place, node)
        yield from _check_memory(place, node)
        yield from _check_card(place, node)
        yield from _check_references(place, node, all_nodes[:index])
    if all(node.is_service for node in all_nodes):
        yield Problem("nodes", "services only",
                      "a task, whose end is the end of a run")


def _check_target(place: str, node: nodes.Node) -> Iterator[Problem]:
    try:
        if node.app:
            targets.application_label(node.app, f"{place}.app")
        elif node.benchmark:
            targets.check_label(node.benchmark, f"{place}.benchmark")
        elif program_path(node.program) is None:
            yield Problem(f"{place}.program", quote(node.program),
                          "a program on the PATH or in the project")
    except DocumentError as error:
        yield from error.problems
    if node.ready == "tcp" and not node.needs_port:
        yield Problem(f"{place}.ready", quote(node.ready),
                      "${port} among the arguments of a node that is ready so")


def _check_memory(place: str, node: nodes.Node) -> Iterator[Problem]:
    if node.memory is None:
        return
    try:
        parse_memory(node.memory, f"{place}.memory")
    except DocumentError as error:
        yield from error.problems


# What only a virtual machine has. (Applications may be run on bare metal.)
_MACHINE_KEYS = ("files", "memory", "nic")


def _check_machines(document: Document) -> Iterator[Problem]:
    for index, node in enumerate(document["nodes"]):
        if "program" in node and not node.get("guest", False):
            for key in _MACHINE_KEYS:
                if key in node:
                    yield Problem(f"nodes[{index}].{key}", quote(node[key]),
                                  f'no {key} of a process, or "guest": true')


def _check_card(place: str, node: nodes.Node) -> Iterator[Problem]:
    try:
        nics.arguments([node.nic], [])
    except DocumentError as error:
        for problem in error.problems:
            yield dataclasses.replace(problem, path=f"{place}.nic")


def _check_references(place: str, node: nodes.Node,
                      earlier: list[nodes.Node]) -> Iterator[Problem]:
    for reference in node.references:
        role, dot, _ = reference.partition(".")
        choices = [other.role for other in earlier]
        if not dot and reference not in references.OWN_NAMES:
            yield unknown(place, "reference", f"${{{reference}}}", [
                *(f"${{{name}}}" for name in references.OWN_NAMES),
                *(f"${{{name}.endpoint}}" for name in choices)])
        elif dot and role not in choices:
            yield unknown(place, "role of an earlier node", role, choices)


def program_path(program: str) -> Path | None:
    """Where a program of the system is, None if it is nowhere."""
    if "/" in program:
        path = Path(program)
        path = path if path.is_absolute() else paths.ROOT / path
        return path if path.is_file() else None
    found = shutil.which(program)
    return Path(found) if found else None


def check_machine(points: list[sweep.Point],
                  processors: set[int]) -> list[Problem]:
    """What the experiment asks of a machine that this one does not have."""
    problems = []
    for point in points:
        for index, node in enumerate(nodes.nodes_of(point.document)):
            absent = sorted(set(node.processors) - processors)
            if absent:
                problems.append(Problem(
                    f"nodes[{index}].processors", f"the processor {absent[0]}",
                    f"one of this machine's: {sorted(processors)}"))
    return list(dict.fromkeys(problems))
