"""Where the nodes of a run meet.

On loopback, as long as all are processes with the kernel's sockets. A machine
of its own, or a process with our own stack, has a network card; then all nodes
of the run are on one Ethernet segment, which the run makes for itself: a bridge
in a network namespace, a TAP device for each card, and the processes in that
namespace, behind the bridge's own address. It ends with the run, whatever
becomes of this program, and needs to be root.

Source: ip-netns(8), unshare(1), nsenter(1), ip-link(8), tun(4).
"""

import contextlib
import ctypes
import os
import socket
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

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
_CLONE_NEWNET = 0x40000000

_T = TypeVar("_T")
_libc = ctypes.CDLL(None, use_errno=True)


class NoSegment(Exception):
    """This machine gives us no network of our own; says why."""


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
    return node.has_machine or node.network == "tap"


@contextlib.contextmanager
def segment_for(nodes: Sequence[Node]) -> Iterator[Segment]:
    """Raises NoSegment."""
    if len(nodes) == 1 or not any(has_card(node) for node in nodes):
        yield _Loopback()
        return
    with contextlib.ExitStack() as stack:
        yield _Ethernet(stack)


class _Loopback(Segment):

    def place(self, number: int, node: Node) -> Place:
        return Place(_LOOPBACK)

    def within(self, function: Callable[[], _T]) -> _T:
        return function()


class _Ethernet(Segment):

    def __init__(self, stack: contextlib.ExitStack):
        # The namespace is there as long as somebody is in it.
        keeper = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", "echo in; exec cat"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        stack.callback(_end, keeper)
        if keeper.stdout.readline() != "in\n":
            raise NoSegment("no network namespace can be had: " +
                            keeper.stderr.read().strip())
        self._namespace = os.open(f"/proc/{keeper.pid}/ns/net", os.O_RDONLY)
        stack.callback(os.close, self._namespace)
        self._prefix = ["nsenter", f"--net=/proc/{keeper.pid}/ns/net", "--"]
        self._ip("link", "set", "lo", "up")
        self._ip("link", "add", _BRIDGE, "type", "bridge", "forward_delay",
                 "0")
        self._ip("address", "add", self._address(1, with_prefix=True), "dev",
                 _BRIDGE)
        self._ip("link", "set", _BRIDGE, "up")

    def place(self, number: int, node: Node) -> Place:
        if not has_card(node):
            return Place(self._address(1), self._prefix)
        host = _FIRST_NODE + number
        device = f"{_BRIDGE}{number}"
        queues = node.cores if _has_queues(node) else 1
        self._ip("tuntap", "add", "dev", device, "mode", "tap", "vnet_hdr",
                 *(["multi_queue"] if queues > 1 else []))
        self._ip("link", "set", device, "master", _BRIDGE, "up")
        network: dict[str, Any] = {
            "address": self._address(host, with_prefix=True)}
        if not node.has_machine:
            return Place(self._address(host), self._prefix,
                         {"device": device, **network})
        card = f"{node.nic},mac={_HARDWARE_ADDRESS.format(host=host)}"
        behind = f"tap,ifname={device},script=no,downscript=no,vhost=off"
        if queues > 1:
            # A message for each queue, the configuration and control.
            card += f",mq=on,vectors={2 * queues + 2}"
            behind += f",queues={queues}"
        return Place(self._address(host), self._prefix, network, [card],
                     [behind])

    def within(self, function: Callable[[], _T]) -> _T:
        # A thread of its own, which is the only one to move.
        with ThreadPoolExecutor(max_workers=1) as pool:
            return pool.submit(self._moved, function).result()

    def _moved(self, function: Callable[[], _T]) -> _T:
        if _libc.setns(self._namespace, _CLONE_NEWNET) != 0:
            raise NoSegment("the run's network cannot be entered: " +
                            os.strerror(ctypes.get_errno()))
        return function()

    def _ip(self, *words: str) -> None:
        done = subprocess.run([*self._prefix, "ip", *words],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise NoSegment(f"ip {' '.join(words)}: {done.stderr.strip()}")

    @staticmethod
    def _address(host: int, *, with_prefix: bool = False) -> str:
        address = _ADDRESS.format(host=host)
        return f"{address}/{_PREFIX_BITS}" if with_prefix else address


def _has_queues(node: Node) -> bool:
    """Whether its card may have a pair of queues for each core."""
    return not node.has_machine or node.nic.split(",")[0] == "virtio-net"


def _end(keeper: subprocess.Popen) -> None:
    keeper.kill()
    keeper.communicate()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        return probe.getsockname()[1]


def _is_listening(address: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex((address, port)) == 0
