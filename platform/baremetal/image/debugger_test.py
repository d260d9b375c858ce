"""What gdb shows of an image: where it is, its cores, events and Ebbs."""

import re
import subprocess
import sys
import unittest
from pathlib import Path

from tools import paths
from tools.testing.main import main

_SECONDS_MAX = 120


class DebuggerTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        # It crashes, and gdb stops it where it begins to report that.
        commands = ("continue", "backtrace", "ebbrt cores", "ebbrt events",
                    "ebbrt ebbs", "kill", "quit")
        done = subprocess.run(
            [sys.executable, str(paths.ROOT / "tools"), "gdb",
             *(f"--gdb-command={command}" for command in commands),
             str(Path(sys.argv[1]).absolute()), "much"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False,
            timeout=_SECONDS_MAX)
        cls.said = done.stdout
        cls.code = done.returncode

    def test_ends_well(self):
        self.assertEqual(self.code, 0, self.said)

    def test_stops_where_it_crashes(self):
        self.assertRegex(self.said, r"Breakpoint 1, .*CrashByException")
        self.assertRegex(self.said, r"#\d+ .*WriteToNull.*crash_guest\.cc:\d+")

    def test_cores(self):
        self.assertRegex(
            self.said, r"processor 0 \(gdb's thread 1\), APIC 0, kRunning: "
            r"core 0, runs [^,]*, 1 queued, 0 from other cores, timers armed\n")

    def test_events(self):
        self.assertRegex(self.said, r"\n  queued: crash_guest\.queued: .*"
                         r"LeaveMuchBehind.*lambda")
        timer = re.search(r"\n  next timer: crash_guest\.late at "
                          r"([0-9.]+) s: .*LeaveMuchBehind", self.said)
        self.assertIsNotNone(timer, self.said)
        self.assertGreater(float(timer[1]), 3600)

    def test_ebbs(self):
        self.assertRegex(self.said, r"\n1: ebbrt::EbbDirectory, on the cores: "
                         r"0x[0-9a-f]{6,}\n")
        self.assertRegex(self.said, r"\n2: ebbrt::EventLoop, on the cores: "
                         r"0x[0-9a-f]{6,}\n")
        self.assertRegex(self.said, r"\n256: ebbrt::internal::SharedRoot<.*"
                         r"LeftBehind>, on the cores: 0x[0-9a-f]{6,}\n")


if __name__ == "__main__":
    main()
