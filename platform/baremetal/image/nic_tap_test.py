"""Network cards on a TAP device: what a card is asked to do reaches the host's
kernel as it was asked, long frames are received in several buffers, and each
pair of queues has its share. Needs to be root.
"""

import random
import subprocess
import sys
import unittest
from pathlib import Path

import nic_peer
from nic_wires import TapWire
from tools.testing.main import main

_CARD = "virtio-net"
_NEEDS_CHECKSUM = 1
_SEGMENT_TCP4 = 1


class NicTapTest(unittest.TestCase):

    def setUp(self):
        self.image = Path(sys.argv[1]).absolute()
        try:
            with TapWire():
                pass
        except (OSError, subprocess.CalledProcessError) as error:
            self.skipTest(f"no TAP device can be had: {error}")

    def test_the_kernel_is_asked_for_segments_and_sums(self):
        with nic_peer.guest(self.image, _CARD, wire=TapWire()) as peer:
            for payload_bytes, segment_bytes in ((1000, 0), (65000, 1448)):
                with self.subTest(segment_bytes=segment_bytes):
                    peer.ask_for_segments(payload_bytes, segment_bytes)
                    header, frame = peer.wire.receive_with_header(10)
                    flags, kind, header_bytes, size, begin, at = header
                    self.assertEqual((flags, begin, at),
                                     (_NEEDS_CHECKSUM, 34, 16))
                    if segment_bytes:
                        self.assertEqual((kind, header_bytes, size),
                                         (_SEGMENT_TCP4, 54, segment_bytes))
                    self.assertEqual(frame[54:],
                                     nic_peer.payload_of(payload_bytes))
            self.assertEqual(peer.quit(), 0, peer.said)

    def test_long_frames_come_back(self):
        for card in (_CARD, f"{_CARD},indirect_desc=off",
                     f"{_CARD},disable-modern=on,disable-legacy=off"):
            with self.subTest(card), \
                    nic_peer.guest(self.image, card, wire=TapWire()) as peer:
                payloads = [random.randbytes(length)
                            for length in range(100, TapWire.MTU, 97)]
                self.assertEqual(peer.echo(payloads), payloads)
                self.assertEqual(peer.quit(), 0, peer.said)

    def test_each_pair_of_queues_has_its_share(self):
        count = 2000
        for cores in (1, 2, 3, 4):
            with self.subTest(cores=cores), nic_peer.guest(
                    self.image, f"{_CARD},mq=on,vectors=10", cores=cores,
                    wire=TapWire(queues=4)) as peer:
                self.assertTrue(any(f"queues={cores} " in line
                                    for line in peer.said), peer.said)
                back = peer.echo_flows(count, flows=100)
                self.assertEqual(sorted(back), [number.to_bytes(4, "big")
                                                for number in range(count)])
                self.assertEqual(peer.quit(), 0, peer.said)
                shares = peer.shares()
                self.assertEqual(len(shares), cores)
                self.assertEqual(sum(shares), count)
                self.assertGreater(min(shares), 0, shares)
                print(f"{cores} cores: {shares}")


if __name__ == "__main__":
    main()
