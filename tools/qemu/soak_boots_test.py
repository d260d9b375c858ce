import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from tools.qemu import soak_boots
from tools.testing.main import main

_SOAK = Path(soak_boots.__file__).absolute().parent / "soak"


class SoakTest(unittest.TestCase):

    def test_tells_failures_and_times(self):
        soak = soak_boots.Soak()
        for number in range(1, 101):
            self.assertEqual(
                soak.add(soak_boots.Boot(number, number / 10, int(number == 7),
                                         "one\ntwo\n"), 0), number != 7)
        self.assertEqual(soak.report(), [
            "boot 7 ended with exit code 1 after 0.70 s:", "    one",
            "    two", "time of a boot: min 0.10 s, median 5.10 s, p90 9.10 s, "
            "p99 10.00 s, max 10.00 s", "100 boots, 1 failed"])

    def test_runs_a_command_as_often_as_asked(self):
        with tempfile.TemporaryDirectory() as directory:
            count = Path(directory) / "count"
            program = (f"import sys; print('again'); f = open({str(count)!r}, "
                       "'a'); f.write('x'); sys.exit(f.tell() - 1)")
            done = list(soak_boots.boots([sys.executable, "-c", program], 3))
        self.assertEqual([boot.exit_code for boot in done], [0, 1, 2])
        self.assertEqual(done[2].console, "again\n")

    def test_counts_what_is_no_image_as_failed(self):
        done = subprocess.run([_SOAK, "--boots=2", "/bin/true"], text=True,
                              capture_output=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("expected a bare-metal image", done.stdout)
        self.assertTrue(done.stdout.endswith("2 boots, 2 failed\n"))


if __name__ == "__main__":
    main()
