"""The Ethernet segment of a run, and that nothing of it is left."""

import os
import socket
import subprocess
import unittest

from tools.experiment import segment
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
            with self.assertRaisesRegex(segment.NoSegment,
                                        "ip tuntap add .*busy"):
                found.place(0, _TAP)


if __name__ == "__main__":
    main()
