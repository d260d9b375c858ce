"""The programs and files that an experiment needs, and their checksums."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools import paths
from tools.experiment import bazel, link, semantics, targets
from tools.experiment.nodes import (DEFAULT_PLATFORM, Node,
                                    check_simulated, nodes_of)
from tools.experiment.problems import DocumentError, Problem, quote
from tools.experiment.sweep import Point
from tools.linux_guest.kernel import kernel
from tools.qemu import accelerator as qemu


# What runs all nodes of a simulation.
SIMULATION_HOST = "//apps:sim_host"


def _key(node: Node) -> tuple[str, str]:
    """What tells the program of one node from another's."""
    if node.program:
        return "", node.program
    if node.is_simulated:
        return node.platform, SIMULATION_HOST
    label = node.benchmark or targets.application_label(node.app, node.role)
    return node.platform, label


_RELAY_KEY = (DEFAULT_PLATFORM, link.RELAY)


@dataclass(frozen=True)
class Programs:
    """Where the program of each node is, and what is in it."""

    paths: dict[tuple[str, str], Path]
    checksums: dict[str, str]
    # What emulates or virtualises the machines, "" without any.
    accelerator: str = ""

    def path(self, node: Node) -> Path:
        return self.paths[_key(node)]

    @property
    def relay(self) -> Path | None:
        """Of links, if any node has one."""
        return self.paths.get(_RELAY_KEY)


def prepare(points: Sequence[Point]) -> Programs:
    """Builds what is to be built. Raises BuildError and DocumentError."""
    all_nodes = [node for point in points
                 for node in nodes_of(point.document)]
    keys = list(dict.fromkeys(_key(node) for node in all_nodes))
    if any(node.link and not node.is_simulated for node in all_nodes):
        keys.append(_RELAY_KEY)
    problems = [problem for point in points
                for problem in check_simulated(point.document)]
    if problems:
        raise DocumentError(list(dict.fromkeys(problems)))
    has_guests = any(node.guest for node in all_nodes)
    has_machines = any(node.has_machine for node in all_nodes)
    accelerator = qemu.choose("auto") if has_machines else ""
    # What is not for its platform, is found out before anything is built.
    absent = unavailable(points)
    if absent:
        raise DocumentError([
            Problem(f"platform {quote(platform)}", f"{label}, which is not for "
                    "that platform", "an application or benchmark that is")
            for platform, label in sorted(absent)])
    found = {}
    for platform in dict.fromkeys(platform for platform, _ in keys):
        labels = [name for other, name in keys if other == platform]
        if platform:
            built = bazel.build(labels, targets.PLATFORM_FLAGS[platform])
            found.update({(platform, name): path
                          for name, path in built.items()})
        else:
            found.update({("", name): semantics.program_path(name)
                          for name in labels})
    checksums = {
        f"{name} ({platform})" if platform else name: _checksum(path)
        for (platform, name), path in found.items()
    }
    if has_guests:
        checksums["Linux, of guests"] = _checksum(kernel().image)
        checksums.update(guest_files(all_nodes))
    if has_machines:
        # Other than a program's, its name tells how fast a run is.
        checksums[qemu.title(accelerator)] = _checksum(Path(qemu.qemu_path()))
    checksums.update(simulation_files(points))
    return Programs(found, checksums, accelerator)


def guest_files(nodes: Sequence[Node]) -> dict[str, str]:
    """Checksums of what guests have beside their programs. (What is not there,
    who makes the guest reports.)"""
    files = {name: paths.ROOT / name for name in sorted(
        {name for node in nodes if node.guest for name in node.files})}
    return {name: _checksum(file) for name, file in files.items()
            if file.is_file()}


def simulation_files(points: Sequence[Point]) -> dict[str, str]:
    """Checksums of what decides simulations beside their documents. (What is
    not there, who runs the simulation reports.)"""
    names = set()
    for point in points:
        if not any(node.is_simulated for node in nodes_of(point.document)):
            continue
        simulation = point.document.get("simulation", {})
        names |= {simulation.get("calibration"),
                  simulation.get("network", {}).get("file")}
    files = {name: paths.ROOT / name for name in sorted(names - {None})}
    return {name: _checksum(file) for name, file in files.items()
            if file.is_file()}


def unavailable(points: Sequence[Point]) -> set[tuple[str, str]]:
    """Platforms and labels of what cannot be built for its platform."""
    wanted = {_key(node) for point in points
              for node in nodes_of(point.document)
              if not node.program and node.platform != DEFAULT_PLATFORM}
    return {(platform, label)
            for platform in {platform for platform, _ in wanted}
            for label in bazel.incompatible(
                sorted(name for other, name in wanted if other == platform),
                targets.PLATFORM_FLAGS[platform])}


def needs_any(point: Point, keys: set[tuple[str, str]]) -> bool:
    """Whether a node of the point is one of these."""
    return any(_key(node) in keys for node in nodes_of(point.document))


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# What changes nothing about how a point is measured.
_NOT_MEASURED = ("description", "repetitions", "metrics", "figures", "claims",
                 "timeout_s")


def configuration_hash(config: dict[str, Any],
                       checksums: dict[str, str]) -> str:
    """Eight characters that are others where other things are measured."""
    measured = {key: value for key, value in config.items()
                if key not in _NOT_MEASURED}
    text = json.dumps([measured, checksums], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]
