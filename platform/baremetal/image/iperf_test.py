"""iperf as its own operating system, against the stock program, iperf 2."""

import shutil
import subprocess
import sys
import unittest
from pathlib import Path

from application_guest import HOST, SECONDS_MAX, Guest
from tools.testing.applications import free_port
from tools.testing.main import main

_BYTES = 2_000_000


class IperfTest(unittest.TestCase):

    def setUp(self):
        if shutil.which("iperf") is None:
            self.skipTest("there is no iperf")
        self.image = Path(sys.argv[1]).absolute()

    def test_receives_from_the_stock_client(self):
        for card, cores in (("virtio-net", 2), ("e1000", 1)):
            with self.subTest(card=card, cores=cores):
                guest = Guest.server(self.image, card, cores, {})
                self.addCleanup(guest.end)
                for arguments in (["-n", str(_BYTES), "-l", "1000"],
                                  ["-n", str(_BYTES), "-P", "2"]):
                    done = subprocess.run(
                        ["iperf", "-c", "127.0.0.1", "-p", str(guest.port),
                         *arguments],
                        capture_output=True, text=True, check=False,
                        timeout=SECONDS_MAX)
                    self.assertEqual(done.returncode, 0,
                                     done.stdout + done.stderr)
                metrics = guest.stop()
                self.assertEqual(metrics["connections"], 3)
                self.assertGreaterEqual(metrics["bytes"], 3 * _BYTES)
                self.assertGreater(metrics["throughput_bps"], 0)

    def test_sends_to_the_stock_server(self):
        port = free_port()
        server = subprocess.Popen(
            ["iperf", "-s", "-B", "127.0.0.1", "-p", str(port)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        guest = Guest(self.image, "virtio-net", 2,
                      {"mode": "client", "server": f"{HOST}:{port}",
                       "bytes": _BYTES, "connections": 2,
                       "message_bytes": 1000})
        self.addCleanup(guest.end)
        metrics = guest.metrics()
        self.assertEqual(metrics["bytes"], _BYTES)
        self.assertEqual(metrics["messages"], _BYTES // 1000)
        self.assertEqual(metrics["connections_lost"], 0)
        self.assertGreater(metrics["throughput_bps"], 0)


if __name__ == "__main__":
    main()
