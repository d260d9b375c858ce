"""The nodes of one point, as typed values, with the defaults filled in."""

from dataclasses import dataclass, field
from typing import Any

from tools.experiment import references
from tools.experiment.document import Document
from tools.experiment.link import KEYS as _LINK_KEYS
from tools.experiment.problems import Problem, quote

DEFAULT_PLATFORM = "linux"


@dataclass(frozen=True)
class Node:
    """One node. Exactly one of app, program and benchmark is not empty."""

    role: str
    app: str = ""
    program: str = ""
    benchmark: str = ""
    platform: str = DEFAULT_PLATFORM
    cores: int = 1
    memory: str | None = None
    processors: list[int] = field(default_factory=list)
    is_service: bool = False
    parameters: dict[str, Any] = field(default_factory=dict)
    network: str = ""
    # Of a program: whether it runs in a Linux guest of its own.
    guest: bool = False
    # What else that guest has, by the same names.
    files: list[str] = field(default_factory=list)
    # The card of its machine, in QEMU's words (tools/qemu/nics.py).
    nic: str = "virtio-net"
    busy_poll: bool = False
    is_traced: bool = False  # Reports what its events cost.
    arguments: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    ready: str = "report"
    filter: str = "."
    minimum_time_s: float | None = None
    # Of simulated nodes: how many are alike.
    count: int = 1
    # To the network, where it differs from others' or is no mere cable.
    link: dict[str, Any] = field(default_factory=dict)

    @property
    def is_image(self) -> bool:
        """Whether it boots, rather than being started by this system."""
        return self.platform == "baremetal"

    @property
    def has_machine(self) -> bool:
        """Whether it has a virtual machine of its own."""
        return self.is_image or self.guest

    @property
    def is_simulated(self) -> bool:
        """Whether it is a node of the one process that simulates all."""
        return self.platform == "sim" and bool(self.app)

    @property
    def references(self) -> list[str]:
        return list(references.find(
            [self.parameters, self.arguments, self.environment]))

    @property
    def needs_port(self) -> bool:
        return "port" in self.references

    @property
    def what(self) -> str:
        """What it is, for people."""
        return self.app or self.program or self.benchmark


def _referenced_role(reference: str) -> str | None:
    role, dot, _ = reference.partition(".")
    return role if dot else None


def nodes_of(document: Document) -> list[Node]:
    """The nodes of a point whose document has been checked."""
    referenced = {_referenced_role(reference)
                  for node in document["nodes"]
                  for reference in references.find(node)}
    platform = document.get("platform", DEFAULT_PLATFORM)
    return [_node(node, referenced, platform) for node in document["nodes"]]


def _node(node: Document, referenced: set[str | None],
          platform: str) -> Node:
    given = dict(node)
    if "program" not in given:
        given.setdefault("platform", platform)
    serves = (node["role"] in referenced or
              node.get("ready", "started") != "started")
    lifetime = given.pop("lifetime", "service" if serves else "task")
    if "ready" not in given:
        if "program" in given:
            uses_port = "port" in references.find(given)
            given["ready"] = "tcp" if uses_port else "started"
        elif "benchmark" in given:
            given["ready"] = "started"
    if "memory" in given:
        given["memory"] = str(given["memory"])
    return Node(is_service=lifetime == "service", **given)


def check_simulated(document: Document) -> list[Problem]:
    """What a point asks of a simulation, and there is none."""
    problems = []
    nodes = nodes_of(document)
    simulated = [node for node in nodes if node.is_simulated]
    for index, node in enumerate(nodes):
        if simulated and not node.is_simulated:
            problems.append(Problem(
                f"nodes[{index}]", f"{quote(node.what)}, which is not "
                "simulated, beside nodes that are",
                'nodes with "app" and the platform "sim" only'))
        if simulated:
            continue
        unknown = [key for key in ("count",) if key in document["nodes"][index]]
        unknown += [f"link.{key}" for key in node.link if key not in _LINK_KEYS]
        problems += [
            Problem(f"nodes[{index}].{key}", quote(key.rpartition(".")[2]),
                    'no such key, or the platform "sim"') for key in unknown]
    return problems


def is_awaited(node: Node) -> bool:
    """Whether later nodes have to wait until this one can be reached."""
    return node.is_service and node.ready != "started"
