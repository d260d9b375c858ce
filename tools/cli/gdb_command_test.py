"""`./ebbrt gdb` on a guest of a few instructions."""

import shutil
import subprocess
import sys
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

from tools import paths
from tools.qemu import accelerator, tiny_guest
from tools.qemu.prefix import RUN_IMAGE
from tools.testing.main import main

# Of an image that no other test runs.
_NAME = "guest of gdb_command_test"


def _gdb(*arguments):
    return subprocess.run(
        [sys.executable, str(paths.ROOT / "tools"), "gdb", *arguments],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        timeout=120)


@unittest.skipIf(shutil.which(accelerator.QEMU) is None or
                 shutil.which("gdb") is None, "there is no QEMU or no gdb")
class GdbCommandTest(unittest.TestCase):

    def test_stops_at_a_breakpoint(self):
        with TemporaryDirectory() as directory:
            image = tiny_guest.build(Path(directory), 'SAY "on\\n"', "HANG")
            done = _gdb("--memory=64", *(
                f"--gdb-command={command}" for command in (
                    "break hanging_function", "continue", "kill", "quit")),
                str(image))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("on\n", done.stdout)
        self.assertRegex(done.stdout, "Breakpoint 1, .*hanging_function")

    def test_attaches_to_an_image_that_runs(self):
        with TemporaryDirectory() as directory:
            image = tiny_guest.build(Path(directory), 'SAY "on\\n"', "HANG")
            image = image.rename(image.with_name(_NAME))
            with subprocess.Popen([RUN_IMAGE, "--timeout=60", image],
                                  stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL) as guest:
                self.assertEqual(guest.stdout.readline(), b"on\n")
                done = _gdb("--attach", "--gdb-command=backtrace",
                            "--gdb-command=kill", "--gdb-command=quit", _NAME)
                guest.terminate()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("hanging_function", done.stdout)

    def test_attaches_to_nothing_else(self):
        done = _gdb("--attach", "no such image")
        self.assertEqual(done.returncode, 2)
        self.assertIn("found none, expected one image that runs, of the name "
                      "no such image", done.stderr)

    def test_wants_an_image(self):
        done = _gdb("/bin/true")
        self.assertEqual(done.returncode, 2)
        self.assertIn("expected a bare-metal image", done.stderr)


if __name__ == "__main__":
    main()
