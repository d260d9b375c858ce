"""Where the nodes of a run meet.

On loopback, as long as all are processes with the kernel's sockets. A machine
of its own, or a process with our own stack, has a network card; then all nodes
of the run are on one Ethernet segment, which the run makes for itself: a bridge
in a network namespace, a TAP device for each card, and the processes in that
namespace, behind the bridge's own address. It ends with the run, whatever
becomes of this program, and needs to be root.

A node that has a link of its own (link.py) is behind it: a process with the
kernel's sockets in a namespace of its own.

Source: ip-link(8), tun(4), veth(4).
"""

import contextlib
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tools.experiment import link
from tools.experiment.network_namespace import NetworkNamespace
from tools.experiment.nodes import Node

_LOOPBACK = "127.0.0.1"
_UNSPECIFIED = "0.0.0.0:"
_BRIDGE = "ebbrt"
# Of one run alone, so that any will do. The bridge is the first host.
_ADDRESS = "10.77.0.{host}"
_PREFIX_BITS = 24
_FIRST_NODE = 2
# QEMU gives the first card of every machine the same.
_HARDWARE_ADDRESS = "52:54:00:eb:b0:{host:02x}"

_T = TypeVar("_T")


@dataclass(frozen=True)
class Place:
    """What a node needs to be where the others are."""

    address: str
    prefix: list[str] = field(default_factory=list)
    # Parameters of the application, which its own come before.
    network: dict[str, Any] = field(default_factory=dict)
    # Of its machine, as tools/qemu/nics.py has them.
    cards: list[str] = field(default_factory=list)
    behind: list[str] = field(default_factory=list)


class Segment(ABC):
    """Places for the nodes of a run, by their numbers in its order."""

    @abstractmethod
    def place(self, number: int, node: Node) -> Place: ...

    @abstractmethod
    def within(self, function: Callable[[], _T]) -> _T:
        """What it returns where the processes among the nodes are."""

    def free_port(self) -> int:
        """A TCP port of the processes' loopback that nobody has at present."""
        return self.within(_free_port)

    def listener(self, place: Place, port: int) -> str | None:
        """Where somebody accepts connections at a port of a process, if so."""
        for address in dict.fromkeys([place.address, _LOOPBACK]):
            if self.within(lambda: _is_listening(address, port)):
                return f"{address}:{port}"
        return None


def reachable(endpoint: Any, place: Place) -> Any:
    """A node's endpoint as others see it; what is none stays as it is."""
    if isinstance(endpoint, str) and endpoint.startswith(_UNSPECIFIED):
        return f"{place.address}:{endpoint.removeprefix(_UNSPECIFIED)}"
    return endpoint


def has_card(node: Node) -> bool:
    return _makes_frames(node) or bool(node.link)


def _makes_frames(node: Node) -> bool:
    """Whether its card is a TAP device that it opens."""
    return node.has_machine or node.network == "tap"


@contextlib.contextmanager
def segment_for(nodes: Sequence[Node], relay: Path | None = None,
                seed: int = 0) -> Iterator[Segment]:
    """Raises NoSegment. `relay` is the program of links, which have the seed.
    """
    if len(nodes) == 1 or not any(has_card(node) for node in nodes):
        yield _Loopback()
        return
    with contextlib.ExitStack() as stack:
        yield _Ethernet(stack, relay, seed)


class _Loopback(Segment):

    def place(self, number: int, node: Node) -> Place:
        return Place(_LOOPBACK)

    def within(self, function: Callable[[], _T]) -> _T:
        return function()


class _Ethernet(Segment):

    def __init__(self, stack: contextlib.ExitStack, relay: Path | None,
                 seed: int):
        self._stack = stack
        self._relay = relay
        self._seed = seed
        self._namespace = NetworkNamespace(stack)
        self._namespace.add_bridge(_BRIDGE)
        self._namespace.ip("address", "add", self._address(
            1, with_prefix=True), "dev", _BRIDGE)

    def place(self, number: int, node: Node) -> Place:
        if not has_card(node):
            return Place(self._address(1), self._namespace.prefix)
        bridge = _BRIDGE
        if node.link:
            bridge = link.add(self._stack, self._namespace, self._relay,
                              number, _BRIDGE, node.link, self._seed)
        host = _FIRST_NODE + number
        device = f"{_BRIDGE}{number}"
        if not _makes_frames(node):
            return self._place_apart(host, device, bridge)
        queues = node.cores if _has_queues(node) else 1
        self._namespace.add_tap(device, bridge,
                                *(["multi_queue"] if queues > 1 else []))
        return self._place_at(host, device, queues, node)

    def _place_apart(self, host: int, device: str, bridge: str) -> Place:
        """That of a process with sockets in a namespace of its own."""
        own = NetworkNamespace(self._stack)
        self._namespace.ip("link", "add", device, "type", "veth", "peer",
                           "name", _BRIDGE, "netns", str(own.pid))
        self._namespace.ip("link", "set", device, "master", bridge, "up")
        own.ip("address", "add", self._address(host, with_prefix=True), "dev",
               _BRIDGE)
        own.ip("link", "set", _BRIDGE, "up")
        return Place(self._address(host), own.prefix)

    def _place_at(self, host: int, device: str, queues: int,
                  node: Node) -> Place:
        """That of a node with a TAP device."""
        network: dict[str, Any] = {
            "address": self._address(host, with_prefix=True)}
        prefix = self._namespace.prefix
        if not node.has_machine:
            return Place(self._address(host), prefix,
                         {"device": device, **network})
        card = f"{node.nic},mac={_HARDWARE_ADDRESS.format(host=host)}"
        behind = f"tap,ifname={device},script=no,downscript=no,vhost=off"
        if queues > 1:
            # A message for each queue, the configuration and control.
            card += f",mq=on,vectors={2 * queues + 2}"
            behind += f",queues={queues}"
        return Place(self._address(host), prefix, network, [card], [behind])

    def within(self, function: Callable[[], _T]) -> _T:
        return self._namespace.within(function)

    @staticmethod
    def _address(host: int, *, with_prefix: bool = False) -> str:
        address = _ADDRESS.format(host=host)
        return f"{address}/{_PREFIX_BITS}" if with_prefix else address


def _has_queues(node: Node) -> bool:
    """Whether its card may have a pair of queues for each core."""
    return not node.has_machine or node.nic.split(",")[0] == "virtio-net"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        return probe.getsockname()[1]


def _is_listening(address: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex((address, port)) == 0
