"""The Ethernet segment of a run, and that nothing of it is left."""

import os
import socket
import subprocess
import sys
import threading
import unittest
from pathlib import Path

from tools.experiment import segment
from tools.experiment.network_namespace import NoSegment
from tools.experiment.nodes import Node
from tools.testing.main import main

_IMAGE = Node(role="image", app="memcached", platform="baremetal", cores=2)
_TAP = Node(role="tap", app="memcached", network="tap")
_PROCESS = Node(role="process", app="loadgen")


def _devices():
    return {name for _, name in socket.if_nameindex()}


class LoopbackTest(unittest.TestCase):

    def test_is_where_processes_meet(self):
        for nodes in ([_PROCESS, _PROCESS], [_IMAGE]):
            with segment.segment_for(nodes) as found:
                self.assertEqual(found.place(0, nodes[0]),
                                 segment.Place("127.0.0.1"))

    def test_an_endpoint_is_reachable(self):
        place = segment.Place("10.0.0.9")
        for said, expected in (("0.0.0.0:7", "10.0.0.9:7"),
                               ("127.0.0.1:7", "127.0.0.1:7"), (7, 7)):
            self.assertEqual(segment.reachable(said, place), expected)


@unittest.skipIf(os.geteuid() != 0, "needs to be root")
class EthernetTest(unittest.TestCase):

    def test_each_card_has_a_device_and_an_address(self):
        before = _devices()
        nodes = [_IMAGE, _TAP, _PROCESS, _IMAGE]
        with segment.segment_for(nodes) as found:
            image, tap, process, other = (
                found.place(number, node) for number, node in enumerate(nodes))
            self.assertEqual(_devices(), before)
            there = found.within(_devices)
            self.assertRegex(image.cards[0],
                             "^virtio-net,mac=[0-9a-f:]+,mq=on,vectors=6$")
            self.assertNotEqual(image.cards, other.cards)
            self.assertRegex(image.behind[0], r"^tap,ifname=(\w+),.*queues=2$")
            self.assertIn(image.behind[0].split(",")[1].split("=")[1], there)
            self.assertIn(tap.network["device"], there)
            for place in (image, tap):
                self.assertEqual(place.network["address"],
                                 place.address + "/24")
            self.assertEqual(len({image.address, tap.address,
                                  process.address}), 3)
            self._check_process_is_there(process)
        self.assertEqual(_devices(), before)

    def _check_process_is_there(self, process):
        done = subprocess.run(
            [*process.prefix, "ip", "-4", "-oneline", "address"],
            capture_output=True, text=True, check=True)
        self.assertIn(f" {process.address}/24 ", done.stdout)

    def test_finds_listeners_and_ports(self):
        with segment.segment_for([_TAP, _PROCESS]) as found:
            place = found.place(1, _PROCESS)
            port = found.free_port()
            self.assertIsNone(found.listener(place, port))
            for address in (place.address, "127.0.0.1"):
                def listen(address=address):
                    return socket.create_server((address, port))
                with found.within(listen):
                    self.assertEqual(found.listener(place, port),
                                     f"{address}:{port}")
            with socket.create_server(("127.0.0.1", 0)) as outside:
                self.assertIsNone(found.listener(
                    place, outside.getsockname()[1]))

    def test_tells_what_cannot_be_had(self):
        with segment.segment_for([_TAP, _PROCESS]) as found:
            found.place(0, _TAP)
            with self.assertRaisesRegex(NoSegment,
                                        "ip tuntap add .*busy"):
                found.place(0, _TAP)


@unittest.skipIf(os.geteuid() != 0, "needs to be root")
class LinkTest(unittest.TestCase):
    """A process behind a relay, and one on the segment itself."""

    _BYTES = 200_000

    def _send(self, **link):
        """How long it takes to connect to the segment, from behind a link, and
        what arrives of a stream."""
        there = Node(role="there", app="iperf", link=link)
        received = bytearray()

        def receive(listener):
            connection, _ = listener.accept()
            with connection:
                while part := connection.recv(1 << 16):
                    received.extend(part)

        with segment.segment_for([_PROCESS, there], Path(sys.argv[1]),
                                 seed=3) as found:
            here = found.place(0, _PROCESS)
            place = found.place(1, there)
            self.assertNotEqual(here.prefix, place.prefix)
            listener = found.within(
                lambda: socket.create_server((here.address, 0)))
            with listener:
                thread = threading.Thread(target=receive, args=[listener],
                                          daemon=True)
                thread.start()
                took_s = self._connect_from(place, listener.getsockname())
                thread.join()
        return took_s, bytes(received)

    def _connect_from(self, place, address):
        program = (
            "import socket, sys, time\n"
            "began = time.monotonic()\n"
            f"with socket.create_connection({address!r}, 60) as stream:\n"
            "    print(time.monotonic() - began)\n"
            f"    stream.sendall(bytes(i % 251 for i in range("
            f"{self._BYTES})))\n")
        done = subprocess.run([*place.prefix, sys.executable, "-c", program],
                              capture_output=True, text=True, check=True)
        return float(done.stdout)

    def _check(self, received):
        self.assertEqual(received, bytes(i % 251 for i in range(self._BYTES)))

    def test_delays_both_directions(self):
        took_s, received = self._send(delay_ns=30_000_000)
        self.assertGreaterEqual(took_s, 0.06)
        self._check(received)

    def test_loses_frames_and_no_byte(self):
        _, received = self._send(loss=0.05, corrupt=0.05)
        self._check(received)

    def test_nothing_goes_by_the_relay(self):
        there = Node(role="there", app="iperf", link={"loss": 1})
        with segment.segment_for([_PROCESS, there], Path(sys.argv[1])) as found:
            here = found.place(0, _PROCESS)
            place = found.place(1, there)
            receiver = found.within(
                lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            with receiver:
                receiver.bind((here.address, 0))
                receiver.settimeout(0.1)
                program = (
                    "import socket\n"
                    "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto("
                    f"b'lost', {receiver.getsockname()!r})\n")
                subprocess.run([*place.prefix, sys.executable, "-c", program],
                               check=True)
                with self.assertRaises(TimeoutError):
                    receiver.recv(100)

    def test_nothing_is_left(self):
        begin = _devices()
        self._send(delay_ns=1000)
        self.assertEqual(_devices(), begin)

    def test_a_relay_that_fails_is_told_of(self):
        with self.assertRaisesRegex(NoSegment, "link"):
            self._send(loss=7)


if __name__ == "__main__":
    main()
