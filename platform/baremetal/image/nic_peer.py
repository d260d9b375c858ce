"""The peer of nic_guest: a guest with a network card, and its only neighbour.

Its wire is a socket of datagrams, or a TAP device (nic_wires.py). What frames
ask of the guest is said in platform/baremetal/nic_guest_frames.h.
"""

import contextlib
import re
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nic_wires import SocketWire, Wire
from tools.qemu.prefix import RUN_IMAGE

_SECONDS_MAX = 60
_OURS = bytes.fromhex("525400123402")
_TEST_TYPE = bytes.fromhex("88b5")
_IP_TYPE = bytes.fromhex("0800")
_TCP_HEADERS_BYTES = 14 + 20 + 20
# What is on its way at once, at most.
WINDOW = 64


class GuestError(Exception):
    """The guest has not done what it was to do; with what it said."""


class Peer:
    """A guest in echo mode, seen from the other end of its wire."""

    def __init__(self, wire: Wire, process: subprocess.Popen):
        self.wire = wire
        self._process = process
        self.said: list[str] = []

    def wait_for(self, words: str) -> str:
        """The line of the guest's that begins so."""
        for line in self._process.stdout:
            self.said.append(line.rstrip("\n"))
            if line.startswith(words):
                return line.rstrip("\n")
        raise GuestError("\n".join([f"never said: {words}", *self.said]))

    def send(self, frame: bytes) -> None:
        """Blocks until the wire takes it."""
        self.wire.send(frame)

    def receive(self, seconds: float = 10) -> bytes | None:
        """The next frame of the test's or of TCP, if one comes."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            frame = self.wire.receive(left)
            if frame is None or frame[12:14] in (_TEST_TYPE, _IP_TYPE):
                return frame
        return None

    def request(self, kind: str, rest: bytes = b"") -> bytes:
        """A frame that asks for something."""
        guest = b"\xff" * 6
        return guest + _OURS + _TEST_TYPE + kind.encode() + rest

    def echo(self, payloads: list[bytes]) -> list[bytes]:
        """Sends frames, and gives what came back in that order."""
        return [frame[15:] for frame in self.exchange(
            [self.request("E", payload) for payload in payloads])]

    def echo_flows(self, count: int, flows: int, *,
                   tcp: bool = False) -> list[bytes]:
        """The same of datagrams of UDP, or of segments of TCP, of so many
        flows, by turns; the numbers that came back of them."""
        frames = self.exchange([self._packet(index % flows, index, tcp)
                                for index in range(count)])
        number_at = 14 + 20 + (20 if tcp else 8) + 3
        return [frame[number_at:number_at + 4] for frame in frames]

    @staticmethod
    def _packet(flow: int, number: int, tcp: bool) -> bytes:
        data = _TEST_TYPE + b"E" + struct.pack(">I", number)
        header = (struct.pack(">HHIIBBHHH", 1024 + flow, 7, number, 0, 0x50,
                              0x10, 100, 0, 0) if tcp else
                  struct.pack(">HHHH", 1024 + flow, 7, 8 + len(data), 0))
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0,
                         20 + len(header) + len(data), 0, 0x4000, 64,
                         6 if tcp else 17, 0, bytes([10, 0, 0, 2]),
                         bytes([10, 0, 0, 1]))
        ip = ip[:10] + struct.pack(">H", 0xFFFF - internet_sum(ip)) + ip[12:]
        return b"\xff" * 6 + _OURS + _IP_TYPE + ip + header + data

    def exchange(self, frames: list[bytes]) -> list[bytes]:
        """Sends frames, WINDOW at once, and gives as many that came back."""
        back = []
        sent = 0
        while len(back) < len(frames):
            while sent < len(frames) and sent - len(back) < WINDOW:
                self.send(frames[sent])
                sent += 1
            frame = self.receive()
            if frame is None:
                raise GuestError(f"{len(back)} of {sent} frames came back")
            back.append(frame)
        return back

    def ask_for_segments(self, payload_bytes: int, segment_bytes: int) -> None:
        """The sums alone, if the latter is zero."""
        self.send(self.request("S", struct.pack(">HH", payload_bytes,
                                                segment_bytes)))

    def segments(self, payload_bytes: int, segment_bytes: int) -> list[bytes]:
        """TCP segments, as asked for; none where the guest cannot."""
        self.ask_for_segments(payload_bytes, segment_bytes)
        frames = []
        left = payload_bytes
        while left > 0:
            frame = self.receive()
            if frame is None:
                raise GuestError(f"{left} bytes of segments never came")
            if frame[12:14] == _TEST_TYPE:
                return []
            frames.append(frame)
            left -= _payload_bytes(frame)
        return _reassembled(frames)

    def quit(self) -> int:
        """The guest's exit code."""
        self.send(self.request("Q"))
        self.said += self._process.stdout.read().splitlines()
        return self._process.wait(_SECONDS_MAX)

    def shares(self) -> list[int]:
        """How many echoes each queue had, of a guest that has quit."""
        return [int(found[1]) for line in self.said
                if (found := re.fullmatch(r"queue \d+ echoes (\d+)", line))]


@contextmanager
def guest(image: Path, card: str, *, cores: int = 1,
          wire: Wire | None = None) -> Iterator[Peer]:
    """A guest that has opened its queues."""
    with wire or SocketWire() as wire:
        process = subprocess.Popen(
            [RUN_IMAGE, f"--timeout={_SECONDS_MAX}", f"--nic={card}",
             f"--netdev={wire.netdev}", image, f"--cores={cores}", "echo"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            peer = Peer(wire, process)
            peer.wait_for("all queues open")
            yield peer
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_SECONDS_MAX)
            process.kill()
            process.stdout.close()


def internet_sum(data: bytes) -> int:
    """RFC 1071: 0xffff over what contains its own checksum."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def _fragment(frame: bytes) -> tuple[int, bool]:
    """Where a fragment of a datagram belongs, and whether there are more."""
    field, = struct.unpack_from(">H", frame, 20)
    return (field & 0x1FFF) * 8, bool(field & 0x2000)


def _payload_bytes(frame: bytes) -> int:
    length, = struct.unpack_from(">H", frame, 16)
    return length - 20 - (20 if _fragment(frame)[0] == 0 else 0)


def _reassembled(frames: list[bytes]) -> list[bytes]:
    """QEMU's e1000e, where nobody behind it cuts segments, makes fragments of
    one segment instead: then it is that segment."""
    if not any(_fragment(frame)[1] for frame in frames):
        return frames
    whole = bytearray(frames[0][:14 + 20])
    for frame in frames:
        if internet_sum(frame[14:34]) != 0xFFFF:
            raise GuestError(f"IPv4 checksum: {frame[:34].hex()}")
        offset, _ = _fragment(frame)
        if offset != len(whole) - 34:
            raise GuestError(f"a fragment is missing before {offset}")
        length, = struct.unpack_from(">H", frame, 16)
        whole += frame[34:14 + length]
    struct.pack_into(">HHHBBH", whole, 16, len(whole) - 14, 0, 0, 64, 6, 0)
    header_sum = internet_sum(bytes(whole[14:34]))
    struct.pack_into(">H", whole, 24, 0xFFFF - header_sum)
    return [bytes(whole)]


def check_segment(frame: bytes) -> tuple[int, bytes]:
    """Its sequence number and payload. Raises GuestError for a wrong sum."""
    ip = frame[14:34]
    length, = struct.unpack_from(">H", ip, 2)
    tcp = frame[34:14 + length]
    if internet_sum(ip) != 0xFFFF:
        raise GuestError(f"IPv4 checksum: {frame[:_TCP_HEADERS_BYTES].hex()}")
    pseudo = ip[12:20] + struct.pack(">HH", 6, len(tcp))
    if internet_sum(pseudo + tcp) != 0xFFFF:
        raise GuestError(f"TCP checksum: {frame[:_TCP_HEADERS_BYTES].hex()}")
    return struct.unpack_from(">I", tcp, 4)[0], tcp[20:]


def payload_of(payload_bytes: int) -> bytes:
    """What the guest sends as such."""
    return bytes((i * 7 + (i >> 8)) & 0xFF for i in range(payload_bytes))
