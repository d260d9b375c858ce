"""What a guest's network card is connected to: our end of it, and QEMU's name
for the other.

Source: qemu-system-x86_64(1), -netdev; packet(7); Linux,
Documentation/networking/tuntap.rst.
"""

import os
import select
import socket
import struct
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path

_FRAME_BYTES_MAX = 2**17
_SEND_SECONDS_MAX = 30


class Wire(ABC):
    """A context: it is there while that lasts."""

    # One of QEMU's, without its id.
    netdev: str

    @abstractmethod
    def __enter__(self) -> "Wire": ...

    @abstractmethod
    def __exit__(self, *_: object) -> None: ...

    @abstractmethod
    def send(self, frame: bytes) -> None:
        """Blocks until there is room."""

    @abstractmethod
    def receive(self, seconds: float) -> bytes | None:
        """The next frame, if one comes in that time."""


class SocketWire(Wire):
    """A frame is a datagram, and none is lost."""

    def __enter__(self) -> "SocketWire":
        self._directory = tempfile.TemporaryDirectory(prefix="ebbrt-nic-",
                                                      dir="/tmp")
        ours = f"{self._directory.name}/ours"
        self._theirs = f"{self._directory.name}/theirs"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(ours)
        self._socket.setblocking(False)
        self.netdev = (f"dgram,local.type=unix,local.path={self._theirs},"
                       f"remote.type=unix,remote.path={ours}")
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._directory.cleanup()

    def send(self, frame: bytes) -> None:
        deadline = time.monotonic() + _SEND_SECONDS_MAX
        while True:
            try:
                self._socket.sendto(frame, self._theirs)
                return
            except (BlockingIOError, ConnectionRefusedError):
                if time.monotonic() > deadline:
                    raise
                # A queue of datagrams that is full is no state of ours, which
                # could be waited for.
                time.sleep(0.001)

    def receive(self, seconds: float) -> bytes | None:
        if not select.select([self._socket], [], [], seconds)[0]:
            return None
        return self._socket.recv(_FRAME_BYTES_MAX)


class TapWire(Wire):
    """A TAP device with so many queues, on which frames carry what they ask of
    a card (virtio_net_hdr). Needs to be root."""

    MTU = 9000
    HEADER_BYTES = 10
    _SOL_PACKET = 263
    _PACKET_VNET_HDR = 15
    _PACKET_IGNORE_OUTGOING = 23
    _SO_RCVBUFFORCE = 33
    _RECEIVE_BYTES = 2**24
    _ETH_P_ALL = 3

    def __init__(self, queues: int = 1):
        self._queues = queues
        self.name = f"ebbrt{os.getpid()}"[:15]
        self.netdev = (f"tap,ifname={self.name},script=no,downscript=no,"
                       "vhost=off")
        if queues > 1:
            self.netdev += f",queues={queues}"

    def __enter__(self) -> "TapWire":
        several = ["multi_queue"] if self._queues > 1 else []
        self._ip("tuntap", "add", "dev", self.name, "mode", "tap", "vnet_hdr",
                 *several)
        try:
            quiet = Path(f"/proc/sys/net/ipv6/conf/{self.name}/disable_ipv6")
            if quiet.exists():
                quiet.write_text("1")
            self._ip("link", "set", "dev", self.name, "mtu", str(self.MTU),
                     "up")
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            for option in (self._PACKET_VNET_HDR,
                           self._PACKET_IGNORE_OUTGOING):
                self._socket.setsockopt(self._SOL_PACKET, option, 1)
            # What does not fit is lost, without a word.
            self._socket.setsockopt(socket.SOL_SOCKET, self._SO_RCVBUFFORCE,
                                    self._RECEIVE_BYTES)
            self._socket.bind((self.name, self._ETH_P_ALL))
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._remove()

    def _remove(self) -> None:
        self._ip("link", "delete", "dev", self.name)

    @staticmethod
    def _ip(*words: str) -> None:
        subprocess.run(["ip", *words], check=True, capture_output=True)

    def send(self, frame: bytes) -> None:
        self._socket.send(bytes(self.HEADER_BYTES) + frame)

    def receive(self, seconds: float) -> bytes | None:
        received = self.receive_with_header(seconds)
        return received[1] if received else None

    def receive_with_header(
            self, seconds: float) -> tuple[tuple[int, ...], bytes] | None:
        """The frame, and before it: flags, kind of segments, bytes of the
        headers and of a segment, where a sum begins and where it is."""
        if not select.select([self._socket], [], [], seconds)[0]:
            return None
        received = self._socket.recv(_FRAME_BYTES_MAX)
        return (struct.unpack_from("<BBHHHH", received),
                received[self.HEADER_BYTES:])
