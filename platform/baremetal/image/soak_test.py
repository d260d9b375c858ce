"""The application hello, twenty times in a row."""

import subprocess
import sys
import unittest
from pathlib import Path

from tools.qemu.prefix import RUN_IMAGE
from tools.testing.main import main

_SOAK = RUN_IMAGE.parent / "soak"
_BOOTS = 20
_CORES = 4


class SoakTest(unittest.TestCase):

    def test_each_boot_is_good(self):
        done = subprocess.run(
            [_SOAK, f"--boots={_BOOTS}", f"--cores={_CORES}",
             Path(sys.argv[1]).absolute()],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False)
        print(done.stdout, flush=True)
        self.assertEqual(done.returncode, 0)
        self.assertTrue(done.stdout.endswith(f"{_BOOTS} boots, 0 failed\n"))


if __name__ == "__main__":
    main()
