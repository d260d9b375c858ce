"""Prints what a request costs a native memcached in instructions, and where.

The image runs in QEMU by -icount, under the ETC workload of loadgen over a TAP
device: 16 connections, four requests deep. QEMU logs what it executes from one
`stats` command to another; how many requests came in between, they say
themselves. What the image has to do with the two is counted, too.

  ingress      from the device to the application, and the loop around it
  application  memcached
  egress       what it sends, from its connection to the device
"""

import argparse
import json
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.experiment import bazel, targets
from tools.experiment.network_namespace import NoSegment
from tools.experiment.nodes import Node
from tools.experiment.processes import parse_report
from tools.experiment.segment import Place, Segment, segment_for
from tools.experiment.table import render
from tools.instructions import execution_log
from tools.instructions.execution_log import Block
from tools.instructions.regions import Functions, Regions, by_function
from tools.qemu.prefix import command_prefix

_SERVER = "//apps/memcached:memcached"
_CLIENT = "//apps/loadgen:loadgen"
# Named, as the instructions that libraries choose depend on it.
_PROCESSOR = "Haswell-noTSX"
_PORT = 11211
_LOAD = {"connections": 16, "depth": 4, "mode": "closed", "warmup_s": 1,
         "duration_s": 3600}
_WARMUP_SECONDS = 4  # With the loading of the keys, which is over by then.
_SECONDS_MAX = 60

_OUTERMOST = "ingress"
_REGIONS = {
    "application": ("ebbrt::memcached::Connection::OnReceive(",
                    "ebbrt::memcached::Connection::OnSendReady("),
    "egress": ("ebbrt::tcp::Connection::Send(",
               "ebbrt::tcp::Connection::OnBurstEnd(",
               "ebbrt::StackNetwork::Transmit(",
               "ebbrt::ip::Interface::Flush("),
}
_SEGMENT = "ebbrt::tcp::Host::OnSegment("
_MARK = "ebbrt::memcached::ReportStatistics["


class _Server:
    """The image, and QEMU's monitor."""

    def __init__(self, image: Path, place: Place, directory: Path):
        self._monitor_path = directory / "monitor"
        self.log = directory / "log"
        self._process = subprocess.Popen(
            [*place.prefix,
             *command_prefix(cards=place.cards, behind=place.behind),
             "--icount", f"--cpu={_PROCESSOR}",
             "--qemu-argument=-monitor",
             f"--qemu-argument=unix:{self._monitor_path},server=on,wait=off",
             "--qemu-argument=-D", f"--qemu-argument={self.log}",
             str(image), _parameters(port=_PORT, network=place.network)],
            stdout=subprocess.PIPE)
        self._await_ready()

    def _await_ready(self) -> None:
        for line in self._process.stdout:
            match parse_report(line):
                case {"event": "ready"}:
                    return
        raise RuntimeError("the image ended before it was ready")

    def set_logging(self, what: str) -> None:
        """QEMU's own command; returns when it has been carried out."""
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.connect(str(self._monitor_path))
            _read_until(monitor, b"(qemu) ")
            monitor.sendall(f"log {what}\n".encode())
            _read_until(monitor, b"(qemu) ")

    def stop(self) -> None:
        self._process.terminate()
        self._process.communicate()


def _parameters(**parameters: object) -> str:
    return f"--parameters={json.dumps(parameters)}"


def _read_until(connection: socket.socket, end: bytes) -> bytes:
    connection.settimeout(_SECONDS_MAX)
    received = b""
    while not received.endswith(end):
        more = connection.recv(65536)
        if not more:
            raise RuntimeError(f"the connection ended after {received!r}")
        received += more
    return received


def _requests_so_far(server: socket.socket) -> int:
    server.sendall(b"stats\r\n")
    reply = _read_until(server, b"END\r\n").decode()
    return sum(int(count) for count in
               re.findall(r"^STAT cmd_[gs]et (\d+)", reply, re.MULTILINE))


def _measure(segment: Segment, server: _Server, client: Path, places:
             list[Place], requests_wanted: int) -> tuple[int, int]:
    """Leaves the log; returns how many requests it has, and marks."""
    endpoint = f"{places[0].address}:{_PORT}"
    load = subprocess.Popen(
        [*places[1].prefix, str(client),
         _parameters(**_LOAD, server=endpoint)], stdout=subprocess.DEVNULL)
    try:
        control = segment.within(lambda: socket.create_connection(
            (places[0].address, _PORT), timeout=_SECONDS_MAX))
        time.sleep(_WARMUP_SECONDS)
        server.set_logging(execution_log.OPTIONS)
        first = last = _requests_so_far(control)
        marks = 1
        while last - first < requests_wanted:
            if load.poll() is not None:
                raise RuntimeError("loadgen ended by itself")
            time.sleep(0.5)
            last = _requests_so_far(control)
            marks += 1
        server.set_logging("none")
        control.close()
        return last - first, marks
    finally:
        load.kill()
        load.wait()


def _between(blocks: Iterable[Block], marks: set[int]) -> Iterator[Block]:
    """From the first mark to the last."""
    held: list[Block] = []
    begun = False
    for block in blocks:
        if block.begin in marks:
            yield from held
            held.clear()
            begun = True
        if begun:
            held.append(block)


@dataclass(frozen=True)
class _Profile:
    """Instructions by region and by function; and the segments received."""

    regions: Counter[str]
    functions: Counter[str]
    segments: int
    marks: int


def _profile(log: Path, image: Path) -> _Profile:
    functions = Functions(image)
    entries = {entry: region for region, names in _REGIONS.items()
               for entry in functions.entries(
                   lambda name, names=names: name.startswith(names))}
    marks = functions.entries(lambda name: name.startswith(_MARK))
    segment = functions.entries(lambda name: name.startswith(_SEGMENT))
    segments = marks_seen = 0
    missing = set(_REGIONS) - set(entries.values())
    if missing or not marks:
        raise RuntimeError(f"{image} lacks the functions that tell of "
                           f"{', '.join(sorted(missing)) or _MARK}")
    regions = Regions(_OUTERMOST, entries)

    def counted() -> Iterator[Block]:
        nonlocal segments, marks_seen
        with log.open(encoding="utf-8", errors="replace") as lines:
            for block in _between(execution_log.executed(lines), marks):
                regions.add(block)
                segments += block.begin in segment
                marks_seen += block.begin in marks
                yield block

    by_name = by_function(counted(), functions)
    # The last one ends it, and is not counted.
    return _Profile(regions.counts, by_name, segments, marks_seen + 1)


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools.instructions.requests")
    parser.add_argument("--requests", type=int, default=4000, metavar="N",
                        help="how many, at least (%(default)s)")
    parser.add_argument("--functions", type=int, default=0, metavar="N",
                        help="the N functions that cost most, too")
    options = parser.parse_args()
    image = bazel.build([_SERVER], targets.PLATFORM_FLAGS["baremetal"])
    client = bazel.build([_CLIENT], targets.PLATFORM_FLAGS["linux"])
    nodes = [Node("server", app="memcached", platform="baremetal"),
             Node("client", app="loadgen")]
    with tempfile.TemporaryDirectory() as directory, \
            segment_for(nodes) as segment:
        places = [segment.place(i, node) for i, node in enumerate(nodes)]
        server = _Server(image[_SERVER], places[0], Path(directory))
        try:
            requests, marks = _measure(segment, server, client[_CLIENT],
                                       places, options.requests)
        finally:
            server.stop()
        profile = _profile(server.log, image[_SERVER])
    if profile.marks != marks:
        raise RuntimeError(f"QEMU's log has {profile.marks} of {marks} "
                           "`stats`: is the disk full?")
    rows = [[region, f"{profile.regions[region] / requests:.0f}"]
            for region in (_OUTERMOST, *_REGIONS)]
    rows.append(["together", f"{profile.regions.total() / requests:.0f}"])
    print(render(["part", "instructions a request"], rows))
    print(f"of {requests} requests, {requests / profile.segments:.2f} to each "
          "segment received")
    for name, instructions in profile.functions.most_common(
            options.functions):
        print(f"{instructions / requests:8.1f} {name[:110]}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (NoSegment, RuntimeError, ValueError) as error:
        sys.exit(f"ebbrt: {error}")
