"""memcached as its own operating system, on an Ethernet segment with the host's
kernel: long values go there and back over each card, and every byte is as it
was. Where a card cuts segments, the kernel gets them uncut."""

import json
import os
import random
import socket
import subprocess
import sys
import threading
import unittest
from pathlib import Path

from tools.experiment.nodes import Node
from tools.experiment.segment import segment_for
from tools.qemu.prefix import command_prefix
from tools.testing.main import main

# On a machine that is busy otherwise, under an emulator.
_SECONDS_MAX = 200
_PORT = 11211
_VALUE_BYTES = 1_000_000
_CONNECTIONS = 4
_READS = 2
_FRAME_BYTES_MAX = 1514
# Whether the kernel is to see segments as the stack made them. (QEMU's e1000
# cuts them itself.)
_CARDS = (("virtio-net", 2, True), ("e1000", 1, False), ("e1000e", 1, True),
          ("e1000e", 2, True))


def _read_exactly(stream, count):
    data = stream.read(count)
    assert len(data) == count, f"{len(data)} of {count} bytes came"
    return data


def _write_and_read(address, key, value):
    """The value, written once and read _READS times, all requests at once."""
    with socket.create_connection((address, _PORT), _SECONDS_MAX) as peer, \
            peer.makefile("rb") as stream:
        request = b"set %b 0 0 %d\r\n%b\r\n" % (key, len(value), value)
        sender = threading.Thread(
            target=peer.sendall, args=(request + b"get %b\r\n" % key * _READS,))
        sender.start()
        assert stream.readline() == b"STORED\r\n"
        got = []
        for _ in range(_READS):
            assert stream.readline() == b"VALUE %b 0 %d\r\n" % (key, len(value))
            got.append(_read_exactly(stream, len(value)))
            assert _read_exactly(stream, 7) == b"\r\nEND\r\n"
        sender.join()
        return got


@unittest.skipIf(os.geteuid() != 0, "a segment needs to be root")
class StreamTest(unittest.TestCase):

    def setUp(self):
        self.image = Path(sys.argv[1]).absolute()

    def test_every_byte_is_as_it_was(self):
        for card, cores, is_uncut in _CARDS:
            node = Node("server", app="memcached", platform="baremetal",
                        cores=cores, nic=card)
            with self.subTest(card=card, cores=cores), \
                    segment_for([node, Node("client", program="")]) as segment:
                place = segment.place(0, node)
                self._start(place, cores)
                segment.within(lambda: self._check(place.address))
                if is_uncut:
                    self.assertGreater(self._bytes_a_frame(place),
                                       _FRAME_BYTES_MAX)

    def _start(self, place, cores):
        guest = subprocess.Popen(
            [*place.prefix, *command_prefix(
                cores=cores, accelerator="tcg", cards=place.cards,
                behind=place.behind),
             f"--timeout={_SECONDS_MAX}", str(self.image),
             "--parameters=" + json.dumps(
                 {"port": _PORT, "network": place.network})],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(self._end, guest)
        said = []
        for line in guest.stdout:
            said.append(line)
            if line.startswith("@ebbrt "):
                # What it says from now on must not fill the pipe.
                threading.Thread(target=guest.stdout.read).start()
                return
        self.fail("it was never ready: " + "".join(said))

    @staticmethod
    def _end(guest):
        if guest.poll() is None:
            guest.kill()
        guest.wait()

    def _check(self, address):
        chance = random.Random(address)
        values = [chance.randbytes(_VALUE_BYTES) for _ in range(_CONNECTIONS)]
        got = [[] for _ in values]

        def run(index):
            got[index] = _write_and_read(address, b"key%d" % index,
                                         values[index])
        threads = [threading.Thread(target=run, args=(index,))
                   for index in range(_CONNECTIONS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for value, reads in zip(values, got):
            self.assertEqual(len(reads), _READS)
            for read in reads:
                self.assertTrue(read == value, "a byte is another one")

    def _bytes_a_frame(self, place):
        """Of what the host has received from the card."""
        device = place.behind[0].split("ifname=")[1].split(",")[0]
        shown = subprocess.run(
            [*place.prefix, "ip", "-json", "-statistics", "link", "show", "dev",
             device], capture_output=True, text=True, check=True)
        received = json.loads(shown.stdout)[0]["stats64"]["rx"]
        return received["bytes"] / received["packets"]


if __name__ == "__main__":
    main()
