"""memcached as its own operating system: an image whose address QEMU's DHCP
server gives, spoken to by a client of others' (memccapable) over each card."""

import json
import shutil
import signal
import subprocess
import sys
import threading
import unittest
from pathlib import Path

from tools.qemu.prefix import RUN_IMAGE
from tools.testing.applications import free_port
from tools.testing.main import main

# On a machine that is busy otherwise, under an emulator.
_SECONDS_MAX = 240
_CARDS = ("virtio-net", "virtio-net,disable-modern=on,disable-legacy=off",
          "e1000", "e1000e")
_GUEST_PORT = 11211


class MemcachedTest(unittest.TestCase):

    def setUp(self):
        if shutil.which("memccapable") is None:
            self.skipTest("there is no memccapable")
        self.image = Path(sys.argv[1]).absolute()

    def _start(self, card, cores):
        """The guest, once it is ready, and the host's port that leads to it."""
        port = free_port()
        guest = subprocess.Popen(
            [RUN_IMAGE, f"--cores={cores}", f"--nic={card}",
             f"--netdev=user,hostfwd=tcp:127.0.0.1:{port}-:{_GUEST_PORT}",
             f"--timeout={_SECONDS_MAX}", self.image,
             "--parameters=" + json.dumps({"port": _GUEST_PORT})],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(self._end, guest)
        said = []
        for line in guest.stdout:
            said.append(line)
            if line.startswith("@ebbrt "):
                # What it says from now on must not fill the pipe.
                threading.Thread(target=guest.stdout.read).start()
                return guest, port
        self.fail("it was never ready: " + "".join(said))

    @staticmethod
    def _end(guest):
        if guest.poll() is None:
            guest.kill()
        guest.wait()

    def test_serves_a_client_of_others(self):
        for card in _CARDS:
            for cores in (1, 2):
                with self.subTest(card=card, cores=cores):
                    guest, port = self._start(card, cores)
                    for protocol in ("-a", "-b"):
                        done = subprocess.run(
                            ["memccapable", "-h", "127.0.0.1", "-p", str(port),
                             "-t", str(_SECONDS_MAX), protocol],
                            capture_output=True, text=True, check=False,
                            timeout=_SECONDS_MAX)
                        self.assertEqual(done.returncode, 0,
                                         done.stdout + done.stderr)
                        self.assertIn("All tests passed", done.stdout)
                    guest.send_signal(signal.SIGINT)
                    self.assertEqual(guest.wait(_SECONDS_MAX), 0)


if __name__ == "__main__":
    main()
