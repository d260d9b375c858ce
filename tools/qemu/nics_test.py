"""Tests of tools/qemu/nics.py."""

import unittest

from tools.experiment.problems import DocumentError
from tools.qemu import nics
from tools.testing.main import main


class NicsTest(unittest.TestCase):

    def test_a_card_on_qemus_own_network(self):
        self.assertEqual(
            nics.arguments(["virtio-net"], []),
            ["-netdev", "user,id=nic0",
             "-device", "virtio-net-pci,netdev=nic0,romfile="])

    def test_what_is_behind_each(self):
        self.assertEqual(
            nics.arguments(["e1000", "virtio-net,mq=on,vectors=6"],
                           ["user,hostfwd=udp::7-:7"]),
            ["-netdev", "user,id=nic0,hostfwd=udp::7-:7",
             "-device", "e1000,netdev=nic0,romfile=",
             "-netdev", "user,id=nic1",
             "-device",
             "virtio-net-pci,netdev=nic1,romfile=,mq=on,vectors=6"])

    def test_says_what_is_wrong(self):
        for cards, behind, expected in [
                (["ne2000"], [], r'--nic: .*"ne2000".*virtio-net, e1000'),
                (["e1000,mq"], [], r"--nic: "),
                ([], ["user"], r"--netdev: .*a --nic for each"),
                (["e1000"], ["user;"], r"--netdev: ")]:
            with self.assertRaises(DocumentError) as raised:
                nics.arguments(cards, behind)
            self.assertRegex(str(raised.exception.problems[0]), expected)


if __name__ == "__main__":
    main()
