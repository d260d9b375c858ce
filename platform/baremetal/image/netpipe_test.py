"""netpipe as its own operating system, measured by the stock program, NPtcp,
and measuring it."""

import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from application_guest import HOST, SECONDS_MAX, Guest
from tools.testing.applications import free_port
from tools.testing.main import main

# Beyond what a receiver lends of the card's buffers.
_LAST_BYTES = 100_000
_REPEATS = 3
_SIZES = {"last_bytes": _LAST_BYTES, "perturbation_bytes": 0}


class NetpipeTest(unittest.TestCase):

    def setUp(self):
        if shutil.which("NPtcp") is None:
            self.skipTest("there is no NPtcp")
        self.image = Path(sys.argv[1]).absolute()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.stock = {"args": ["NPtcp", "-u", str(_LAST_BYTES), "-p", "0"],
                      "cwd": directory.name, "text": True,
                      "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}

    def _stock(self, *arguments):
        return {**self.stock, "args": [*self.stock["args"], *arguments]}

    def test_receives_from_the_stock_transmitter(self):
        for card in ("virtio-net", "e1000"):
            with self.subTest(card=card):
                guest = Guest.server(self.image, card, 1, _SIZES)
                self.addCleanup(guest.end)
                done = subprocess.run(
                    **self._stock("-h", "127.0.0.1", "-P", str(guest.port),
                                  "-n", str(_REPEATS)),
                    check=False, timeout=SECONDS_MAX)
                self.assertEqual(done.returncode, 0, done.stdout)
                sizes = len(re.findall(" in +[0-9.]+ usec", done.stdout))
                self.assertGreater(sizes, 20, done.stdout)
                metrics = guest.stop()
                self.assertEqual(metrics["measurements"], 1)
                self.assertEqual(metrics["measurements_failed"], 0)
                self.assertEqual(metrics["messages"],
                                 100 + 3 * _REPEATS * sizes)

    def test_transmits_to_the_stock_receiver(self):
        port = free_port()
        receiver = subprocess.Popen(**self._stock("-P", str(port)))
        self.addCleanup(receiver.communicate)
        self.addCleanup(receiver.kill)
        guest = Guest(self.image, "virtio-net", 1,
                      {"mode": "transmitter", "server": f"{HOST}:{port}",
                       "repeats": _REPEATS, "verify": True, **_SIZES})
        self.addCleanup(guest.end)
        metrics = guest.metrics()
        self.assertEqual(metrics["wrong_messages"], 0)
        self.assertEqual(metrics["messages"],
                         100 + 3 * _REPEATS * metrics["sizes"])
        self.assertGreater(metrics["size_64"]["latency_ns"], 0)
        self.assertEqual(receiver.wait(SECONDS_MAX), 0)


if __name__ == "__main__":
    main()
