"""The nodes of one point, as typed values, with the defaults filled in."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tools.experiment import references
from tools.experiment.document import Document
from tools.experiment.link import KEYS as _LINK_KEYS
from tools.experiment.problems import Problem, quote

DEFAULT_PLATFORM = "linux"
# Which of a node's keys is the network that its platform's name may have.
_NETWORK_KEYS = {"linux": "network", "baremetal": "nic"}


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
        given["platform"], network = split(given.get("platform", platform))
        key = _NETWORK_KEYS.get(given["platform"])
        if network and key and "app" in given:
            given.setdefault(key, network)
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


def split(platform: str) -> tuple[str, str]:
    """A platform and its network, "" unless its name says one."""
    name, _, network = platform.partition(":")
    return name, network


def simulation_of(document: Document) -> dict[str, Any]:
    """What a point says of its simulation, with the network of its platform's
    name."""
    simulation = document.get("simulation", {})
    for _, platform, network in _named_networks(document):
        if platform == "sim":
            simulation = {**simulation, "network": {
                **simulation.get("network", {}), "fidelity": network}}
    return simulation


def _named_networks(document: Document) -> Iterator[tuple[int, str, str]]:
    """Of each application whose platform's name has a network: its number, the
    platform and the network."""
    for index, node in enumerate(document["nodes"]):
        if "app" in node:
            platform, network = split(node.get(
                "platform", document.get("platform", DEFAULT_PLATFORM)))
            if network:
                yield index, platform, network


def check_networks(document: Document) -> Iterator[Problem]:
    """Networks that a platform's name has, and that something else denies."""
    simulated = {}
    for index, platform, network in _named_networks(document):
        node = document["nodes"][index]
        name = quote(f"{platform}:{network}")
        key = _NETWORK_KEYS.get(platform)
        # A card may have properties behind its model.
        if key and node.get(key, network).split(",")[0] != network:
            yield Problem(f"nodes[{index}].{key}", quote(node[key]),
                          f"{quote(network)}, as its platform is {name}, or "
                          "no such key")
        if platform == "sim":
            simulated[network] = name
    own = document.get("simulation", {}).get("network", {}).get("fidelity")
    for network, name in simulated.items():
        if own not in (None, network):
            yield Problem("simulation.network.fidelity", quote(own),
                          f"{quote(network)}, as the platform is {name}, or "
                          "no such key")
    if len(simulated) > 1:
        yield Problem("nodes", " beside ".join(simulated.values()),
                      "one of them: they share a network")


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
