"""The nodes of one point, as typed values, with the defaults filled in."""

from dataclasses import dataclass, field
from typing import Any

from tools.experiment import references
from tools.experiment.document import Document

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
    busy_poll: bool = False
    arguments: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    ready: str = "report"
    filter: str = "."
    minimum_time_s: float | None = None

    @property
    def is_image(self) -> bool:
        """Whether it boots, rather than being started by this system."""
        return self.platform == "baremetal"

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


def is_awaited(node: Node) -> bool:
    """Whether later nodes have to wait until this one can be reached."""
    return node.is_service and node.ready != "started"
