"""Network cards, driven by an image: frames of every length go there and back,
and sums that were asked of the card are right."""

import os
import random
import re
import subprocess
import sys
import unittest
from pathlib import Path

# Beside this file: a package "platform" is Python's own.
import nic_peer
from tools.qemu.prefix import RUN_IMAGE
from tools.testing.main import main

# Each way in which a driver may find its device.
_CARDS = (
    "virtio-net,disable-legacy=on",
    "virtio-net,disable-legacy=off,disable-modern=off",
    "virtio-net,disable-legacy=off,disable-modern=on",
    "virtio-net,vectors=0",
    "virtio-net,mrg_rxbuf=off",
    "virtio-net,event_idx=off,indirect_desc=off",
    "e1000",
    "e1000e",
)
_GATEWAY = "52:55:0a:00:02:02"
_ETHERNET_BYTES_MAX = 1514
_REQUEST_BYTES = 15


class NicTest(unittest.TestCase):

    def setUp(self):
        self.image = Path(sys.argv[1]).absolute()

    def test_the_gateway_of_qemus_network_answers(self):
        for card in _CARDS:
            with self.subTest(card):
                done = subprocess.run(
                    [RUN_IMAGE, "--timeout=60", f"--nic={card}", self.image,
                     "arp"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                    text=True, check=False)
                self.assertEqual(done.returncode, 0, done.stdout)
                self.assertIn(f"arp {_GATEWAY}\n", done.stdout)

    def test_entropy_devices_give_some(self):
        for devices, count in (
                ([], 0), (["virtio-rng-pci,disable-legacy=on"], 64),
                (["virtio-rng-pci,disable-legacy=off,disable-modern=on",
                  "virtio-rng-pci"], 128)):
            with self.subTest(devices):
                done = subprocess.run(
                    [RUN_IMAGE, "--timeout=60",
                     *(f"--qemu-argument={word}" for device in devices
                       for word in ("-device", device)),
                     self.image, "entropy"], stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT, text=True, check=False)
                self.assertEqual((done.returncode, done.stdout),
                                 (0, f"{count} bytes of entropy\n"))

    def test_a_machine_without_cards_has_none(self):
        done = subprocess.run([RUN_IMAGE, "--timeout=60", self.image, "echo"],
                              stdout=subprocess.PIPE, text=True, check=False)
        self.assertEqual(done.returncode, 3, done.stdout)

    def test_frames_of_every_length_come_back(self):
        seed = int(os.environ.get("EBBRT_SEED") or random.getrandbits(32))
        print(f"seed {seed}")
        chance = random.Random(seed)
        for card in _CARDS:
            for cores in (1, 2, 4):
                with self.subTest(card, cores=cores), \
                        nic_peer.guest(self.image, card, cores=cores) as peer:
                    payloads = [chance.randbytes(length - _REQUEST_BYTES)
                                for length in range(60,
                                                    _ETHERNET_BYTES_MAX + 1)]
                    chance.shuffle(payloads)
                    back = peer.echo(payloads)
                    self.assertEqual(back, payloads)
                    self.assertEqual(peer.quit(), 0, peer.said)

    def test_flows_come_to_the_queue_that_the_driver_says(self):
        count = 1000
        for cores, queues in ((1, 1), (2, 2), (3, 2)):
            with self.subTest(cores=cores), \
                    nic_peer.guest(self.image, "e1000e", cores=cores) as peer:
                self.assertTrue(any(f"queues={queues} " in line
                                    for line in peer.said), peer.said)
                back = peer.echo_flows(count, flows=50, tcp=True)
                self.assertEqual(sorted(back), [number.to_bytes(4, "big")
                                                for number in range(count)])
                self.assertEqual(peer.quit(), 0, peer.said)
                self.assertIn("strays 0", peer.said)
                shares = peer.shares()
                self.assertEqual((len(shares), sum(shares)), (queues, count))
                self.assertGreater(min(shares), 0, shares)

    def test_sums_of_the_card_are_right(self):
        for card in _CARDS:
            with self.subTest(card), \
                    nic_peer.guest(self.image, card) as peer:
                for payload_bytes, segment_bytes in (
                        (1, 0), (1000, 0), (1460, 0), (100, 1460), (1461, 1460),
                        # (No multiples: QEMU's e1000 adds an empty segment.)
                        (30001, 1000), (65000, 1448)):
                    self._check(peer, payload_bytes, segment_bytes)
                self.assertEqual(peer.quit(), 0, peer.said)

    def _check(self, peer, payload_bytes, segment_bytes):
        frames = peer.segments(payload_bytes, segment_bytes)
        facts = next(line for line in peer.said if line.startswith("nic "))
        has_sums = "checksum=1" in facts
        has_segments = not re.search(r"segmentation=0\b", facts)
        if not (has_segments if segment_bytes else has_sums):
            self.assertEqual(frames, [])
            return
        size = segment_bytes or payload_bytes
        if segment_bytes and "nic e1000e" in facts:
            # Which comes in fragments, and is whole again.
            size = max(size, payload_bytes)
        self.assertEqual(len(frames), -(-payload_bytes // size))
        got = b""
        for frame in frames:
            sequence, payload = nic_peer.check_segment(frame)
            self.assertEqual(sequence, 0x1000 + len(got))
            self.assertLessEqual(len(payload), size)
            got += payload
        self.assertEqual(got, nic_peer.payload_of(payload_bytes))


if __name__ == "__main__":
    main()
