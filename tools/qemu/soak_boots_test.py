import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from tools.qemu import soak_boots
from tools.testing.main import main

_SOAK = Path(soak_boots.__file__).absolute().parent / "soak"


class SoakTest(unittest.TestCase):

    def test_tells_failures_and_times(self):
        soak = soak_boots.Soak()
        failure = ["boot 7 ended with exit code 1 after 0.70 s:", "    one",
                   "    two"]
        for number in range(1, 101):
            boot = soak_boots.Boot(number, number / 10, int(number == 7),
                                   "one\ntwo\n")
            self.assertEqual(soak.add(boot, 0),
                             failure if number == 7 else [])
        self.assertEqual(soak.report(), [
            "time of a boot: min 0.10 s, median 5.10 s, p90 9.10 s, "
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

    def test_tells_what_it_has_when_it_is_ended(self):
        with tempfile.TemporaryDirectory() as directory:
            program = Path(directory) / "program"
            script = ("import sys; from tools.qemu import soak_boots; "
                      "soak_boots.command_prefix = lambda **_: ['sh', '-c', "
                      f"'echo x >> {program}; sleep 0.1', 'sh']; "
                      "sys.exit(soak_boots.main(['image']))")
            with subprocess.Popen([sys.executable, "-c", script], text=True,
                                  stdout=subprocess.PIPE,
                                  preexec_fn=_ignore_interrupts) as soak:
                while not program.exists() or program.stat().st_size < 6:
                    time.sleep(0.01)
                soak.send_signal(signal.SIGINT)
                said, _ = soak.communicate(timeout=30)
        self.assertEqual(soak.returncode, 0)
        self.assertRegex(said, r"^time of a boot: .*\n"
                         r"[1-9]\d* boots, 0 failed\n$")


def _ignore_interrupts():
    signal.signal(signal.SIGINT, signal.SIG_IGN)


if __name__ == "__main__":
    main()
