"""httpd as its own operating system, asked by curl and by wrk."""

import re
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

from application_guest import SECONDS_MAX, Guest
from tools.testing.main import main

_LARGE_BYTES = 300_000
_PAGES = [{"path": "/", "body": "a page\n"},
          {"path": "/large", "bytes": _LARGE_BYTES}]


class HttpdTest(unittest.TestCase):

    def setUp(self):
        for program in ("curl", "wrk"):
            if shutil.which(program) is None:
                self.skipTest(f"there is no {program}")
        self.image = Path(sys.argv[1]).absolute()

    def _curl(self, *arguments):
        return subprocess.run(
            ["curl", "--silent", "--show-error", "--noproxy", "*",
             "--max-time", str(SECONDS_MAX), *arguments],
            capture_output=True, check=True).stdout.decode()

    def _wrk(self, url):
        """How many requests were answered, of which none went wrong."""
        done = subprocess.run(
            ["wrk", "--threads", "1", "--connections", "8", "--duration", "2",
             "--timeout", str(SECONDS_MAX), url],
            capture_output=True, text=True, check=True)
        self.assertNotIn("Socket errors", done.stdout)
        self.assertNotIn("Non-2xx", done.stdout)
        return int(re.search(r"(\d+) requests in", done.stdout)[1])

    def test_serves_others_clients(self):
        for card, cores in (("virtio-net", 1), ("virtio-net", 2), ("e1000", 1)):
            with self.subTest(card=card, cores=cores):
                guest = Guest.server(self.image, card, cores,
                                     {"pages": _PAGES})
                self.addCleanup(guest.end)
                url = f"http://127.0.0.1:{guest.port}"
                self.assertEqual(
                    self._curl(url, url + "/none", url),
                    "a page\n404 Not Found: there is nothing under this path.\n"
                    "a page\n")
                large = self._curl(url + "/large")
                self.assertEqual(len(large), _LARGE_BYTES)
                self.assertTrue(large.startswith("0..."))
                self.assertGreater(self._wrk(url), 0)
                self.assertGreater(self._wrk(url + "/large"), 0)
                metrics = guest.stop()
                self.assertEqual(metrics["responses_4xx"], 1)
                self.assertGreater(metrics["bytes_sent"], 2 * _LARGE_BYTES)


if __name__ == "__main__":
    main()
